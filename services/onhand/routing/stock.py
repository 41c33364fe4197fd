"""What routing asks of stock, in the words of its own domain.

Whatever does not decide anything (no answer, too busy, a refused token) is DependencyUnavailable: the
order waits and asks again. Every other failure is stock's decision and passes through.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import TypeVar
from zoneinfo import ZoneInfo

import grpc

from onhand.api.stock.v1.availability_pb2 import Consistency, GetAvailabilityRequest
from onhand.api.stock.v1.catalog_pb2 import GetLocationRequest, ListLocationsRequest
from onhand.api.stock.v1.catalog_pb2 import Location as LocationMessage
from onhand.api.stock.v1.ledger_pb2 import Bucket as BucketMessage
from onhand.api.stock.v1.ledger_pb2 import Product
from onhand.api.stock.v1.reservations_pb2 import (
    CommitReservationRequest,
    CreateReservationRequest,
    GetReservationRequest,
    ReleaseReservationRequest,
    Reservation,
)
from onhand.api.stock.v1.shipments_pb2 import AnnounceShipmentRequest, CancelShipmentRequest
from onhand.client import AsyncStock
from onhand.kit import errors
from onhand.routing.domain.cost import Cell
from onhand.routing.domain.order import Assignment, Order, Position, Release, derived_id
from onhand.routing.domain.placing import Basket
from onhand.routing.domain.promise import Calendar, Opening
from onhand.routing.messages.orders import place_of

T = TypeVar("T")

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the sphere that distances are measured on; as in stock."""
MAX_CELLS = 10_000
"""Items × locations of one GetAvailability, by the contract."""
PAGE = 500
_UNDECIDED = (
    errors.DatabaseUnavailable,
    errors.DependencyUnavailable,
    errors.Contention,
    errors.DeadlineExceeded,
    errors.Internal,
    errors.InvalidToken,
    errors.LimitReached,
    errors.MissingScope,
    errors.ViewBehind,
    errors.WrongLocation,
)


@dataclass(frozen=True, slots=True)
class Location:
    """What routing needs to know of a location."""

    location_id: str
    collect_enabled: bool
    ship_enabled: bool
    position: Position | None
    calendar: Calendar
    """Its weekly hours."""
    place: str = ""
    """Region and postal code, for carriers' zones."""


def distance_metres(a: Position, b: Position) -> int:
    """Return the great-circle distance by the haversine formula, in metres."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half_chord = (
        sin((lat_b - lat_a) / 2) ** 2
        + cos(lat_a) * cos(lat_b) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    )
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half_chord))))


class StockGateway:
    """Stock, as far as routing needs it; master data are remembered for a short time."""

    def __init__(self, client: AsyncStock, cache_s: float, hold: timedelta) -> None:
        self._client = client
        self._cache_s = cache_s
        self._hold = hold
        self._locations: dict[str, tuple[float, Location]] = {}
        self._listed = -cache_s
        self._listing = asyncio.Lock()

    async def location(self, location_id: str) -> Location | None:
        """Return a location, or None when stock does not know it."""
        known = self._locations.get(location_id)
        if known is not None and time.monotonic() - known[0] < self._cache_s:
            return known[1]
        try:
            call = self._client.catalog.GetLocation(GetLocationRequest(location_id=location_id))
            message = (await _decided(call)).location
        except errors.UnknownLocation:
            return None
        return self._remember(message)

    async def locations(self) -> list[Location]:
        """Return all locations."""
        async with self._listing:
            if time.monotonic() - self._listed >= self._cache_s:
                token = ""
                known = {}
                while True:
                    request = ListLocationsRequest(page_size=PAGE, page_token=token)
                    answer = await _decided(self._client.catalog.ListLocations(request))
                    for message in answer.locations:
                        known[message.location_id] = (time.monotonic(), _location(message))
                    token = answer.next_page_token
                    if not token:
                        break
                self._locations = known
                self._listed = time.monotonic()
            return [location for _, location in self._locations.values()]

    def _remember(self, message: LocationMessage) -> Location:
        location = _location(message)
        self._locations[location.location_id] = (time.monotonic(), location)
        return location

    async def cells(
        self, item_ids: Sequence[str], location_ids: Sequence[str], channel: str, *, fully_consistent: bool
    ) -> dict[str, dict[str, Cell]]:
        """Return by location and item what a channel may have; nothing where item or location is unknown."""
        consistency = Consistency(fully_consistent=True) if fully_consistent else None
        cells: dict[str, dict[str, Cell]] = {}
        for some in _chunks(location_ids, max(1, MAX_CELLS // len(item_ids))):
            request = GetAvailabilityRequest(
                item_ids=item_ids, location_ids=some, consistency=consistency, policy_channel=channel
            )
            for line in (await _decided(self._client.availability.GetAvailability(request))).lines:
                if not line.status.code:
                    cell = line.availability
                    of_location = cells.setdefault(cell.location_id, {})
                    # Rounded: seconds since the last count must not decide between two stores.
                    of_location[cell.item_id] = Cell(cell.available, round(cell.confidence, 2))
        return cells

    async def reserve(
        self, order: Order, reservation_id: str, location_id: str, quantities: Mapping[str, int]
    ) -> None:
        """Hold units for an order. Raises InsufficientStock, or what else stock refuses it for."""
        request = CreateReservationRequest(
            request_id=reservation_id,
            hold_duration=self._hold,
            channel=order.channel,
            customer_id=order.customer.customer_id,
            order_id=order.order_id,
        )
        for item_id, quantity in sorted(quantities.items()):
            request.lines.add(item_id=item_id, location_id=location_id, quantity=quantity)
        await _decided(self._client.reservations.CreateReservation(request))

    async def commit(self, order_id: str, reservation_id: str) -> None:
        """Make a hold the order's. Raises WrongState when it expired or ended."""
        request = CommitReservationRequest(
            request_id=derived_id(order_id, "commit", reservation_id),
            reservation_id=reservation_id,
            order_id=order_id,
        )
        await _decided(self._client.reservations.CommitReservation(request))

    async def announce(self, order: Order, assignment: Assignment, expected_time: datetime) -> str:
        """Announce a transfer of an assignment's goods to its store; returns the shipment. Raises what stock does."""
        request = AnnounceShipmentRequest(
            request_id=derived_id(order.order_id, "transfer", assignment.task_id),
            from_location_id=assignment.location_id,
            to_location_id=assignment.transfer_to,
            document=order.order_id,
            expected_time=expected_time,
        )
        for item_id, quantity in sorted(assignment.quantities().items()):
            request.goods.add(product=Product(item_id=item_id), quantity=quantity)
        return (await _decided(self._client.shipments.AnnounceShipment(request))).shipment.shipment_id

    async def call_off(self, release: Release) -> None:
        """Call a transfer off, unless it has left."""
        request = CancelShipmentRequest(
            request_id=derived_id(release.release_id, "call off"), shipment_id=release.shipment_id
        )
        with suppress(errors.WrongState, errors.NotFound):
            await _decided(self._client.shipments.CancelShipment(request))

    async def basket(self, reservation_id: str) -> Basket | None:
        """Return a reservation, or None when stock does not know it."""
        reservation = await self._reservation(reservation_id)
        if reservation is None:
            return None
        return Basket(
            is_held=reservation.state == Reservation.STATE_HELD,
            is_committed=reservation.state == Reservation.STATE_COMMITTED,
            order_id=reservation.order_id,
            customer_id=reservation.customer_id,
            quantities=_live_units(reservation),
        )

    async def release(self, release: Release) -> dict[str, int]:
        """Give units back and return the versions of their cells by item; none when there was nothing to give.

        Goods that left in the meantime stay gone: only what the reservation still has is given back.
        """
        try:
            return await self._release(release, release.release_id, release.quantities)
        except (errors.WrongState, errors.NotFound, errors.InsufficientStock, errors.InvalidField):
            reservation = await self._reservation(release.reservation_id)
        if reservation is None:
            return {}
        live = _live_units(reservation)
        left = {
            item_id: min(quantity, live.get((release.location_id, item_id), 0))
            for item_id, quantity in release.quantities.items()
        }
        left = {item_id: quantity for item_id, quantity in left.items() if quantity}
        if not left:
            return {}
        rest_id = derived_id(release.release_id, "rest", *sorted(left.items()))
        return await self._release(release, rest_id, left)

    async def _release(
        self, release: Release, request_id: str, quantities: Mapping[str, int]
    ) -> dict[str, int]:
        request = ReleaseReservationRequest(request_id=request_id, reservation_id=release.reservation_id)
        for item_id, quantity in sorted(quantities.items()):
            request.lines.add(
                item_id=item_id,
                location_id=release.location_id,
                quantity=quantity,
                to_bucket=BucketMessage.Name(release.bucket),
            )
        answer = await _decided(self._client.reservations.ReleaseReservation(request))
        lines = answer.reservation.lines
        return {each.item_id: each.cell_version for each in lines if each.location_id == release.location_id}

    async def _reservation(self, reservation_id: str) -> Reservation | None:
        request = GetReservationRequest(reservation_id=reservation_id)
        try:
            return (await _decided(self._client.reservations.GetReservation(request))).reservation
        except errors.NotFound:
            return None


def _live_units(reservation: Reservation) -> dict[tuple[str, str], int]:
    """Return by location and item the units that a held or committed reservation still has."""
    live: dict[tuple[str, str], int] = {}
    if reservation.state in {Reservation.STATE_HELD, Reservation.STATE_COMMITTED}:
        for line in reservation.lines:
            key = (line.location_id, line.item_id)
            units = line.quantity - line.fulfilled_quantity - line.released_quantity
            live[key] = live.get(key, 0) + units
    return {key: units for key, units in live.items() if units}


def _location(message: LocationMessage) -> Location:
    openings = tuple(
        Opening(each.day_of_week, each.open_minute, each.close_minute) for each in message.opening_hours
    )
    position = message.position
    return Location(
        message.location_id,
        message.collect_enabled,
        message.ship_enabled,
        Position(position.latitude, position.longitude) if message.HasField("position") else None,
        Calendar(_zone_or_utc(message.time_zone), openings),
        place_of(message.address),
    )


def _zone_or_utc(name: str) -> str:
    """A time zone that this machine does not know must not keep orders from being placed."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return "UTC"


def _chunks(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


async def _decided(call: Awaitable[T]) -> T:
    """Await a call; raises DependencyUnavailable unless stock answered or decided."""
    try:
        return await call
    except (grpc.RpcError, OSError, *_UNDECIDED) as error:
        raise errors.DependencyUnavailable("stock") from error
