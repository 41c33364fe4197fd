"""What people wait for, and the units that are held for them.

waiting → offered (a unit is held for them) → claimed
↑          │                             → lapsed (they did not take it in time)
└──────────┘ (somebody else, told of the same unit, was faster)
→ cancelled, expired (nothing came)
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from uuid import UUID

EARTH_RADIUS_M = 6_371_009
"""Mean radius (IUGG)."""


class AlertState(enum.IntEnum):
    """The states of an alert, by their numbers in the contract."""

    WAITING = 1
    OFFERED = 2
    CLAIMED = 3
    LAPSED = 4
    CANCELLED = 5
    EXPIRED = 6


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person waits for."""

    alert_id: UUID
    contact_id: UUID
    identity_id: UUID
    address_id: UUID | None
    item_ids: tuple[str, ...]
    """Any of these."""
    location_ids: tuple[str, ...]
    """At any of these; empty: anywhere."""
    alternative_ids: tuple[str, ...]
    offer: str
    state: AlertState
    create_time: datetime
    expire_time: datetime
    alternatives_told: bool = False
    hold_id: UUID | None = None
    offered_item_id: str = ""
    offered_location_id: str = ""
    claim_deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """An item at a location, and what can be sold of it."""

    item_id: str
    location_id: str
    available: int


class HoldState(enum.IntEnum):
    """What is being done about a unit.

    wanted → held → claimed
              ↓ ↑ (the claim window is over, somebody else waits)
          extending
    from any of them → releasing → gone
    """

    WANTED = 1
    HELD = 2
    EXTENDING = 3
    RELEASING = 4
    CLAIMED = 5


@dataclass(frozen=True, slots=True)
class UnitHold:
    """One unit that is held, or is to be, for people who wait for it."""

    hold_id: UUID
    """Of the reservation in stock, too."""
    item_id: str
    location_id: str
    state: HoldState
    round: int
    """How often it has been offered."""
    expire_time: datetime | None
    """When stock gives it back by itself."""


def units_to_hold(cell: Cell, wanted_count: int, waiting_count: int, people_per_unit: int) -> int:
    """Return how many more units to hold: no more than there are, and than there are people for."""
    return max(0, min(cell.available - wanted_count, -(-waiting_count // people_per_unit) - wanted_count))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a location is."""

    location_id: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class LookUp:
    """Somebody looked for an item at a location; empty: online."""

    item_id: str
    location_id: str
    was_out: bool
    time: datetime


def near(places: Iterable[Place], latitude: float, longitude: float, radius_m: float) -> list[str]:
    """Return the locations within a circle, nearest first."""
    by_distance = sorted((_metres(each, latitude, longitude), each.location_id) for each in places)
    return [location_id for metres, location_id in by_distance if metres <= radius_m]


def _metres(place: Place, latitude: float, longitude: float) -> float:
    """Return the great-circle distance (haversine formula), right to half a per cent."""
    north, other_north = radians(place.latitude), radians(latitude)
    east = radians(longitude - place.longitude)
    half = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))
