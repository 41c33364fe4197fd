import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.stock.v1 import availability_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError, UnknownItem, UnknownLocation
from onhand.kit.status import to_status
from onhand.kit.wire import message_tag, varint
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import Bucket, Cell, CellKey, Location
from onhand.stock.domain.places import distance_metres
from onhand.stock.use_cases import Availability
from onhand.stock.view import View, confidence

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

    async def GetAvailability(
        self, request: pb.GetAvailabilityRequest, _: Any
    ) -> pb.GetAvailabilityResponse | bytes:
        auth.current().require_location(*request.location_ids)
        if request.consistency.fully_consistent:
            return await self._get_from_database(request)
        if request.consistency.at_least_as_fresh:
            await self._view.wait_for(request.consistency.at_least_as_fresh, self._settings.view_wait_s)
        return self._get_from_view(request)

    def _get_from_view(self, request: pb.GetAvailabilityRequest) -> bytes:
        """Join the answer from lines that are serialised already.

        Building ten lines anew costs more than all the rest of the call. A cell lacks only `as_of`, which
        is the same for all and comes last: fields may be in any order. It is put inside of the cell, as
        some parsers (protobuf.js) do not merge a message that is given in two parts.
        """
        view = self._view
        view.lapse()
        as_of = pb.Availability(as_of=_stamp(view.as_of)).SerializeToString()
        parts: list[bytes] = []
        for item_id in request.item_ids:
            for location_id in request.location_ids:
                cell, status = view.piece(location_id, item_id, self._piece)
                length = varint(len(cell) + len(as_of))
                whole = 1 + len(length) + len(cell) + len(as_of) + len(status)
                parts += (_LINE_TAG, varint(whole), _CELL_TAG, length, cell, as_of, status)
        parts.append(pb.GetAvailabilityResponse(revision=max(0, view.watermark - 1)).SerializeToString())
        return b"".join(parts)

    def _piece(self, key: CellKey, cell: Cell | None) -> tuple[bytes, bytes]:
        """Serialise the two parts of a line: its cell without `as_of`, and what is beside the cell."""
        line = self._line(key, cell, None, self._clock.now())
        availability = line.availability.SerializeToString()
        line.ClearField("availability")
        return availability, line.SerializeToString()

    def _line(
        self, key: CellKey, cell: Cell | None, as_of: datetime | None, now: datetime
    ) -> pb.AvailabilityLine:
        failure = self._unknown(key)
        if failure is not None:
            empty = pb.Availability(item_id=key.item_id, location_id=key.location_id)
            return pb.AvailabilityLine(availability=empty, status=to_status(failure))
        return pb.AvailabilityLine(availability=self._message(key, cell, as_of, now))

    async def _get_from_database(self, request: pb.GetAvailabilityRequest) -> pb.GetAvailabilityResponse:
        cells, as_of, revision = await self._availability.read_now(request.item_ids, request.location_ids)
        keys = [CellKey(location, item) for item in request.item_ids for location in request.location_ids]
        return pb.GetAvailabilityResponse(
            lines=[self._line(key, cells.get(key), as_of, as_of) for key in keys], revision=revision
        )

    async def _cells(
        self, consistency: pb.Consistency, item_ids: Sequence[str], location_ids: Sequence[str]
    ) -> tuple[dict[CellKey, Cell], datetime, int]:
        """Return cells, the moment they are true for, and the revision they contain."""
        if consistency.fully_consistent:
            return await self._availability.read_now(item_ids, location_ids)
        if consistency.at_least_as_fresh:
            await self._view.wait_for(consistency.at_least_as_fresh, self._settings.view_wait_s)
        keys = [CellKey(location_id, item_id) for item_id in item_ids for location_id in location_ids]
        found = {key: cell for key in keys if (cell := self._view.cell(key)) is not None}
        return found, self._view.as_of, max(0, self._view.watermark - 1)

    def _unknown(self, key: CellKey) -> OnhandError | None:
        if key.location_id not in self._view.locations:
            return UnknownLocation(key.location_id)
        if key.item_id not in self._view.item_ids:
            return UnknownItem(key.item_id)
        return None

    def _message(
        self, key: CellKey, cell: Cell | None, as_of: datetime | None, now: datetime
    ) -> pb.Availability:
        stamp = None if as_of is None else _stamp(as_of)
        if cell is None:  # never counted: nothing is there, and nothing says so
            return pb.Availability(item_id=key.item_id, location_id=key.location_id, as_of=stamp)
        sellable = cell.buckets[Bucket.SELLABLE]
        half_life = timedelta(days=self._settings.confidence_half_life_days)
        return pb.Availability(
            item_id=key.item_id,
            location_id=key.location_id,
            on_hand=cell.on_hand,
            unavailable=cell.on_hand - sellable,
            reserved=cell.reserved,
            committed=cell.committed,
            safety_stock=cell.safety_stock,
            available=cell.available,
            in_transit=cell.buckets[Bucket.IN_TRANSIT],
            as_of=stamp,
            confidence=confidence(cell, now, half_life),
            revision=cell.revision,
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
        return pb.WatchAvailabilityResponse(
            cells=[self._message(key, self._view.cell(key), self._view.as_of, now) for key in keys],
            snapshot_complete=complete,
            revision=max(0, self._view.watermark - 1),
        )


_CELL_TAG = message_tag(pb.AvailabilityLine.AVAILABILITY_FIELD_NUMBER)
_LINE_TAG = message_tag(pb.GetAvailabilityResponse.LINES_FIELD_NUMBER)


def _stamp(value: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


def _exclusion(
    request: pb.FindNearbyRequest, location: Location, found: Sequence[Cell | None]
) -> pb.NearbyLocation.Exclusion:
    if request.collect_only and not location.collect_enabled:
        return pb.NearbyLocation.EXCLUSION_COLLECT_DISABLED
    if request.ship_only and not location.ship_enabled:
        return pb.NearbyLocation.EXCLUSION_SHIP_DISABLED
    for asked, cell in zip(request.items, found, strict=True):
        if cell is None or cell.available < asked.quantity:
            return pb.NearbyLocation.EXCLUSION_INSUFFICIENT_STOCK
    return pb.NearbyLocation.EXCLUSION_UNSPECIFIED
