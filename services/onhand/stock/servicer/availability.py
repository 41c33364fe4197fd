from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onhand.api.stock.v1 import availability_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import UnknownItem
from onhand.kit.interceptors import remembering
from onhand.kit.waiting import set_or_after
from onhand.stock.answers import Answer
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import CellKey, Location, Standing
from onhand.stock.domain.places import distance_metres, is_open
from onhand.stock.messages import moment, timestamp
from onhand.stock.servicer.lines import Lines, hidden_by
from onhand.stock.use_cases import Availability, Offers
from onhand.stock.view import View

WATCH_PART = 1_000
"""Cells in one message to a watcher; keeps messages below callers' limits."""
DEFAULT_NEARBY = 10
MAX_NEARBY = 500


@dataclass(frozen=True)
class Asked:
    """A request for availability and what it is answered."""

    request: pb.GetAvailabilityRequest
    location_ids: frozenset[str]
    hidden: Sequence[str]
    answer: Answer
    from_database: bool

    @property
    def weight(self) -> int:
        return 10 + len(self.request.item_ids) * len(self.request.location_ids)


class AvailabilityServicer:
    def __init__(
        self, availability: Availability, offers: Offers, view: View, settings: StockSettings, clock: Clock
    ) -> None:
        self._availability = availability
        self._offers = offers
        self._view = view
        self._lines = Lines(view, settings)
        self._settings = settings
        self._clock = clock

    def _asked(self, request: pb.GetAvailabilityRequest) -> Asked:
        hidden = hidden_by(request.read_mask)

        def line(key: CellKey, slot: int, now: datetime) -> pb.AvailabilityLine:
            standing = self._view.standing_at(slot, key.location_id, _keeping(request))
            return self._lines.line(key, standing, None, now, request.channel, hidden)

        keys = [CellKey(location, item) for item in request.item_ids for location in request.location_ids]
        answer = Answer(self._view, self._clock, keys, line, with_as_of="as_of" not in hidden)
        consistency = request.consistency
        from_database = consistency.fully_consistent or consistency.HasField("read_time")
        return Asked(request, frozenset(request.location_ids), hidden, answer, from_database)

    @remembering(_asked)
    async def GetAvailability(self, asked: Asked, _: Any) -> pb.GetAvailabilityResponse | bytes:
        auth.current().require_locations(asked.location_ids)
        consistency = asked.request.consistency
        if asked.from_database:
            return await self._get_from_database(asked)
        if consistency.at_least_as_fresh:
            await self._view.wait_for(consistency.at_least_as_fresh, self._settings.view_wait_s)
        return asked.answer.serialised()

    async def _get_from_database(self, asked: Asked) -> pb.GetAvailabilityResponse:
        request = asked.request
        cells, as_of, revision = await self._standings(
            request.consistency, request.item_ids, request.location_ids, _keeping(request)
        )
        keys = [CellKey(location, item) for item in request.item_ids for location in request.location_ids]
        shown = None if "as_of" in asked.hidden else as_of
        return pb.GetAvailabilityResponse(
            lines=[
                self._lines.line(key, cells.get(key), shown, as_of, request.channel, asked.hidden)
                for key in keys
            ],
            revision=revision,
        )

    async def _standings(
        self,
        consistency: pb.Consistency,
        item_ids: Sequence[str],
        location_ids: Sequence[str],
        channel: str,
    ) -> tuple[dict[CellKey, Standing], datetime, int]:
        """Return cells, the moment they are true for, and the revision they contain."""
        if consistency.fully_consistent:
            return await self._availability.read_now(item_ids, location_ids, channel)
        if consistency.HasField("read_time"):
            at = moment(consistency.read_time)
            return await self._availability.read_past(item_ids, location_ids, at, channel), at, 0
        if consistency.at_least_as_fresh:
            await self._view.wait_for(consistency.at_least_as_fresh, self._settings.view_wait_s)
        keys = [CellKey(location_id, item_id) for item_id in item_ids for location_id in location_ids]
        self._view.lapse()
        found = {key: each for key in keys if (each := self._view.standing(key, channel)) is not None}
        return found, self._view.as_of, self._view.revision

    async def FindNearby(self, request: pb.FindNearbyRequest, _: Any) -> pb.FindNearbyResponse:
        near = self._near(request, *await self._centre(request))
        item_ids = [each.item_id for each in request.items]
        for item_id in item_ids:
            if item_id not in self._view.item_ids:
                raise UnknownItem(item_id)
        cells, as_of, revision = await self._standings(
            request.consistency, item_ids, [location.location_id for _, location in near], request.channel
        )
        now, policy = self._clock.now(), self._view.policy(request.channel)
        opening = moment(request.open_time) if request.HasField("open_time") else now
        served: list[pb.NearbyLocation] = []
        excluded: list[pb.NearbyLocation] = []
        for metres, location in near:
            found = [cells.get(CellKey(location.location_id, item_id)) for item_id in item_ids]
            opened = is_open(location, opening)
            exclusion = _exclusion(request, location, found, opened=opened)
            message = pb.NearbyLocation(
                location_id=location.location_id,
                distance_metres=round(metres),
                items=[
                    self._lines.message(
                        CellKey(location.location_id, item_id), standing, timestamp(as_of), now, policy
                    )
                    for item_id, standing in zip(item_ids, found, strict=True)
                ],
                exclusion=exclusion,
                open=opened,
            )
            (excluded if exclusion else served).append(message)
        count = min(request.max_count or DEFAULT_NEARBY, MAX_NEARBY)
        chosen = served[:count] + (excluded[:count] if request.include_excluded else [])
        return pb.FindNearbyResponse(locations=chosen, revision=revision)

    async def _centre(self, request: pb.FindNearbyRequest) -> tuple[float, float]:
        if request.postal_code:
            return await self._offers.place(request.region_code, request.postal_code)
        return request.position.latitude, request.position.longitude

    def _near(
        self, request: pb.FindNearbyRequest, latitude: float, longitude: float
    ) -> list[tuple[float, Location]]:
        principal = auth.current()
        near = []
        for location in self._view.locations.values():
            if location.latitude is None or location.longitude is None:
                continue
            if principal.locations is not None and location.location_id not in principal.locations:
                continue
            metres = distance_metres(latitude, longitude, location.latitude, location.longitude)
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
        since = request.resume_revision + 1 if request.resume_revision else 0
        if since:
            await self._view.wait_for(request.resume_revision, settings.view_wait_s)
        async with self._view.watch(request.item_ids, wanted, settings.watch_buffer_cells) as watcher:
            told = _Told(request.thresholds_only)
            # What the watcher may go on from: no further than what it was told whole, else a cut between two
            # parts would lose the second.
            known, begun = request.resume_revision, self._view.revision
            keys = self._view.keys(watcher, since)
            for start in range(0, max(1, len(keys)), WATCH_PART):
                part, complete = keys[start : start + WATCH_PART], start + WATCH_PART >= len(keys)
                known = begun if complete else known
                yield self._part(part, request.channel, told, known, complete=complete)
            silent_since = self._clock.now()
            while True:
                await set_or_after(watcher.changed, settings.heartbeat_s)
                changed = watcher.take(WATCH_PART)
                if not watcher.pending:
                    known = self._view.revision
                response = self._part(changed, request.channel, told, known, complete=True)
                now = self._clock.now()
                # Without cells it is the heartbeat; a watcher of thresholds needs it also amid changes.
                if response.cells or (now - silent_since).total_seconds() >= settings.heartbeat_s:
                    yield response
                    silent_since = now

    def _part(
        self, keys: Sequence[CellKey], channel: str, told: "_Told", revision: int, *, complete: bool
    ) -> pb.WatchAvailabilityResponse:
        view, now = self._view, self._clock.now()
        view.lapse()
        as_of, policy = timestamp(view.as_of), view.policy(channel)
        cells = [self._lines.message(key, view.standing(key, channel), as_of, now, policy) for key in keys]
        return pb.WatchAvailabilityResponse(
            cells=[each for each in cells if told.is_news(each)],
            snapshot_complete=complete,
            revision=revision,
        )


class _Told:
    """The state of each cell that a watcher of thresholds was told last."""

    def __init__(self, thresholds_only: bool) -> None:  # noqa: FBT001
        self._thresholds_only = thresholds_only
        self._states: dict[tuple[str, str], int] = {}

    def is_news(self, cell: pb.Availability) -> bool:
        if not self._thresholds_only:
            return True
        key = cell.location_id, cell.item_id
        before, self._states[key] = self._states.get(key), cell.stock_state
        return before != cell.stock_state


def _keeping(request: pb.GetAvailabilityRequest) -> str:
    """Return the channel whose policies keep units back."""
    return request.policy_channel or request.channel


def _exclusion(
    request: pb.FindNearbyRequest, location: Location, found: Sequence[Standing | None], *, opened: bool
) -> pb.NearbyLocation.Exclusion:
    if request.collect_only and not location.collect_enabled:
        return pb.NearbyLocation.EXCLUSION_COLLECT_DISABLED
    if request.ship_only and not location.ship_enabled:
        return pb.NearbyLocation.EXCLUSION_SHIP_DISABLED
    if request.open_only and not opened:
        return pb.NearbyLocation.EXCLUSION_CLOSED
    for asked, standing in zip(request.items, found, strict=True):
        if standing is None or standing.available < asked.quantity:
            return pb.NearbyLocation.EXCLUSION_INSUFFICIENT_STOCK
    return pb.NearbyLocation.EXCLUSION_UNSPECIFIED
