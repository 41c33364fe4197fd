import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.stock.v1 import availability_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError, UnknownItem, UnknownLocation
from onhand.kit.interceptors import remembering
from onhand.kit.status import to_status
from onhand.stock.answers import Answer
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import CellKey, Location, Standing
from onhand.stock.domain.places import distance_metres
from onhand.stock.use_cases import Availability
from onhand.stock.view import View
from onhand.stock.view.replica import confidence

WATCH_PART = 1_000
"""Cells in one message to a watcher; keeps messages below callers' limits."""
DEFAULT_NEARBY = 10
MAX_NEARBY = 500


class AvailabilityServicer:
    def __init__(self, availability: Availability, view: View, settings: StockSettings, clock: Clock) -> None:
        self._availability = availability
        self._view = view
        self._settings = settings
        self._clock = clock

    def _asked(self, request: pb.GetAvailabilityRequest) -> "Asked":
        keys = [CellKey(location, item) for item in request.item_ids for location in request.location_ids]
        return Asked(
            request, frozenset(request.location_ids), Answer(self._view, self._clock, keys, self._line_at)
        )

    @remembering(_asked)
    async def GetAvailability(self, asked: "Asked", _: Any) -> pb.GetAvailabilityResponse | bytes:
        auth.current().require_locations(asked.location_ids)
        consistency = asked.request.consistency
        if consistency.fully_consistent:
            return await self._get_from_database(asked.request)
        if consistency.at_least_as_fresh:
            await self._view.wait_for(consistency.at_least_as_fresh, self._settings.view_wait_s)
        return asked.answer.serialised()

    def _line_at(self, key: CellKey, slot: int, now: datetime) -> pb.AvailabilityLine:
        return self._line(key, self._view.standing_at(slot, key.location_id), None, now)

    def _line(
        self, key: CellKey, standing: Standing | None, as_of: datetime | None, now: datetime
    ) -> pb.AvailabilityLine:
        failure = self._unknown(key)
        if failure is not None:
            empty = pb.Availability(item_id=key.item_id, location_id=key.location_id)
            return pb.AvailabilityLine(availability=empty, status=to_status(failure))
        return pb.AvailabilityLine(availability=self._message(key, standing, as_of, now))

    async def _get_from_database(self, request: pb.GetAvailabilityRequest) -> pb.GetAvailabilityResponse:
        cells, as_of, revision = await self._availability.read_now(request.item_ids, request.location_ids)
        keys = [CellKey(location, item) for item in request.item_ids for location in request.location_ids]
        return pb.GetAvailabilityResponse(
            lines=[self._line(key, cells.get(key), as_of, as_of) for key in keys], revision=revision
        )

    async def _cells(
        self, consistency: pb.Consistency, item_ids: Sequence[str], location_ids: Sequence[str]
    ) -> tuple[dict[CellKey, Standing], datetime, int]:
        """Return cells, the moment they are true for, and the revision they contain."""
        if consistency.fully_consistent:
            return await self._availability.read_now(item_ids, location_ids)
        if consistency.at_least_as_fresh:
            await self._view.wait_for(consistency.at_least_as_fresh, self._settings.view_wait_s)
        keys = [CellKey(location_id, item_id) for item_id in item_ids for location_id in location_ids]
        self._view.lapse()
        found = {key: each for key in keys if (each := self._view.standing(key)) is not None}
        return found, self._view.as_of, max(0, self._view.watermark - 1)

    def _unknown(self, key: CellKey) -> OnhandError | None:
        if key.location_id not in self._view.locations:
            return UnknownLocation(key.location_id)
        if key.item_id not in self._view.item_ids:
            return UnknownItem(key.item_id)
        return None

    def _message(
        self, key: CellKey, standing: Standing | None, as_of: datetime | None, now: datetime
    ) -> pb.Availability:
        stamp = None if as_of is None else _stamp(as_of)
        if standing is None:  # never counted: nothing is there, and nothing says so
            return pb.Availability(item_id=key.item_id, location_id=key.location_id, as_of=stamp)
        half_life = timedelta(days=self._settings.confidence_half_life_days)
        return pb.Availability(
            item_id=key.item_id,
            location_id=key.location_id,
            on_hand=standing.sellable + standing.unavailable,
            unavailable=standing.unavailable,
            reserved=standing.reserved,
            committed=standing.committed,
            safety_stock=standing.safety_stock,
            available=standing.available,
            in_transit=standing.in_transit,
            as_of=stamp,
            confidence=confidence(standing, now, half_life),
            revision=standing.revision,
        )

    async def FindNearby(self, request: pb.FindNearbyRequest, _: Any) -> pb.FindNearbyResponse:
        near = self._near(request)
        item_ids = [each.item_id for each in request.items]
        for item_id in item_ids:
            if item_id not in self._view.item_ids:
                raise UnknownItem(item_id)
        cells, as_of, revision = await self._cells(
            request.consistency, item_ids, [location.location_id for _, location in near]
        )
        now = self._clock.now()
        served: list[pb.NearbyLocation] = []
        excluded: list[pb.NearbyLocation] = []
        for metres, location in near:
            found = [cells.get(CellKey(location.location_id, item_id)) for item_id in item_ids]
            exclusion = _exclusion(request, location, found)
            message = pb.NearbyLocation(
                location_id=location.location_id,
                distance_metres=round(metres),
                items=[
                    self._message(CellKey(location.location_id, item_id), cell, as_of, now)
                    for item_id, cell in zip(item_ids, found, strict=True)
                ],
                exclusion=exclusion,
            )
            (excluded if exclusion else served).append(message)
        count = min(request.max_count or DEFAULT_NEARBY, MAX_NEARBY)
        chosen = served[:count] + (excluded[:count] if request.include_excluded else [])
        return pb.FindNearbyResponse(locations=chosen, revision=revision)

    def _near(self, request: pb.FindNearbyRequest) -> list[tuple[float, Location]]:
        principal = auth.current()
        near = []
        for location in self._view.locations.values():
            if location.latitude is None or location.longitude is None:
                continue
            if principal.locations is not None and location.location_id not in principal.locations:
                continue
            metres = distance_metres(
                request.position.latitude, request.position.longitude, location.latitude, location.longitude
            )
            if metres <= request.radius_metres:
                near.append((metres, location))
        return sorted(near, key=lambda each: (each[0], each[1].location_id))

    async def WatchAvailability(
        self, request: pb.WatchAvailabilityRequest, _: Any
    ) -> AsyncIterator[pb.WatchAvailabilityResponse]:
        principal = auth.current()
        principal.require_location(*request.location_ids)
        wanted: Iterable[str] | None = request.location_ids or principal.locations
        settings = self._settings
        async with self._view.watch(request.item_ids, wanted, settings.watch_buffer_cells) as watcher:
            keys = self._view.keys(watcher)
            for start in range(0, max(1, len(keys)), WATCH_PART):
                part = keys[start : start + WATCH_PART]
                yield self._part(part, complete=start + WATCH_PART >= len(keys))
            while True:
                try:
                    async with asyncio.timeout(settings.heartbeat_s):
                        await watcher.changed.wait()
                except TimeoutError:
                    pass  # nothing changed: the empty part is the heartbeat
                yield self._part(watcher.take(WATCH_PART), complete=True)

    def _part(self, keys: Sequence[CellKey], *, complete: bool) -> pb.WatchAvailabilityResponse:
        now = self._clock.now()
        self._view.lapse()
        return pb.WatchAvailabilityResponse(
            cells=[self._message(key, self._view.standing(key), self._view.as_of, now) for key in keys],
            snapshot_complete=complete,
            revision=max(0, self._view.watermark - 1),
        )


@dataclass(frozen=True)
class Asked:
    """A request for availability and what it is answered."""

    request: pb.GetAvailabilityRequest
    location_ids: frozenset[str]
    answer: Answer

    @property
    def weight(self) -> int:
        return 10 + len(self.request.item_ids) * len(self.request.location_ids)


def _stamp(value: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


def _exclusion(
    request: pb.FindNearbyRequest, location: Location, found: Sequence[Standing | None]
) -> pb.NearbyLocation.Exclusion:
    if request.collect_only and not location.collect_enabled:
        return pb.NearbyLocation.EXCLUSION_COLLECT_DISABLED
    if request.ship_only and not location.ship_enabled:
        return pb.NearbyLocation.EXCLUSION_SHIP_DISABLED
    for asked, cell in zip(request.items, found, strict=True):
        if cell is None or cell.available < asked.quantity:
            return pb.NearbyLocation.EXCLUSION_INSUFFICIENT_STOCK
    return pb.NearbyLocation.EXCLUSION_UNSPECIFIED
