"""By which rules, and at what cost, a location is chosen: the merchant's policy, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from onhand.routing.domain.lifecycle import FulfilmentMethod


@dataclass(frozen=True, slots=True)
class Rules:
    """Filters of one method."""

    excluded_location_ids: frozenset[str] = frozenset()
    minimum_confidence: float = 0.0
    """An item whose count is less sure counts as not there."""
    keep_units: int = 0
    """Units of each item that stay; 1 is never the last of the floor."""
    maximum_distance_km: float = 0.0
    """0: no limit."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Weights of the cost terms, in the unit of a kilometre's cost."""

    distance_per_km: float = 1.0
    handling: float = 5.0
    """Each location that takes part."""
    split: float = 500.0
    """Each location beyond the first: another parcel."""
    divide: float = 100.0
    """Each item of which one line comes from several locations."""
    last_unit: float = 20.0
    """Each item of which a location is left with none."""
    doubt: float = 30.0
    """Each item at a location, times the doubt about its count (1 − confidence)."""
    load: float = 10.0
    """Each location that takes part, times the share of its day's capacity that is used."""
    wait: float = 5000.0
    """Waves: each line that finds no location."""


class TieBreak(IntEnum):
    """Numbers as in the contract."""

    DISTANCE = 1
    CONFIDENCE = 2
    STOCK = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Locations that are tried together."""

    name: str
    location_ids: tuple[str, ...] = ()
    """Empty: every location that no group names."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Orders that a location may be given on one day of its own."""

    orders_per_day: int = 0
    """For locations without a number of their own; 0: no limit."""
    of_locations: Mapping[str, int] = field(default_factory=dict)

    def at(self, location_id: str) -> int | None:
        """Return a location's capacity; None without a limit."""
        own = self.of_locations.get(location_id)
        return own if own is not None else self.orders_per_day or None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a channel's policy. Without arguments: the built-in defaults."""

    channel: str = ""
    version: int = 0
    collect: Rules = Rules()
    ship: Rules = Rules()
    costs: Costs = Costs()
    tie_breaks: tuple[TieBreak, ...] = ()
    groups: tuple[Group, ...] = ()
    """Tried in order, each together with those before it; none: all at once."""
    capacity: Capacity = Capacity()
    max_locations: int = 3
    """Locations that one order may be split over."""
    wave_s: float = 0.0
    """Ship orders wait up to so long to be planned together; 0: each is planned at once."""

    def rules(self, method: FulfilmentMethod) -> Rules:
        return self.collect if method is FulfilmentMethod.COLLECT else self.ship

    def ranks(self) -> Mapping[str, int]:
        """Return the number of the group of each location that a group names, from 0."""
        named: dict[str, int] = {}
        for number, group in enumerate(self.groups):
            for location_id in group.location_ids:
                named.setdefault(location_id, number)
        return named

    @property
    def rank_of_rest(self) -> int | None:
        """The number of the group of all others; None when they are in none."""
        return next((number for number, group in enumerate(self.groups) if not group.location_ids), None)
