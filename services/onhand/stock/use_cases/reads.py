"""Reads in: from what antennas saw to tags, movements and balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox, telemetry
from onhand.kit.errors import NotFound, UnknownLocation
from onhand.stock import events
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    COUNTED,
    CellKey,
    Read,
    ReadResult,
    Reason,
    Tag,
    TagState,
    ZoneKind,
)
from onhand.stock.domain.reads import Sight, observe, reduce
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.use_cases.deps import Deps

MAX_REFUSALS = 100
"""Refusals that an answer spells out; the count tells the rest."""
READ_POINT_TTL_S = 5
"""How long a reader's configuration is remembered: a change of it takes effect within this time."""

_reads = telemetry.meter.create_counter("onhand.reads", description="Reads, by what became of them")


@dataclass(frozen=True, slots=True)
class RawRead:
    """A read as a reader posts it."""

    epc: bytes
    antenna: int
    read_time: datetime
    rssi_cdbm: int


class Reads:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._read_points: dict[str, tuple[datetime, dict[int, tuple[str, str, ZoneKind]]]] = {}
        self._noted: dict[tuple[str, int], datetime] = {}

    async def read_points(self, reader_id: str) -> dict[int, tuple[str, str, ZoneKind]]:
        """Return the adopted antennas of a reader: location, zone, kind of zone."""
        now = self._deps.clock.now()
        known = self._read_points.get(reader_id)
        if known is None or now - known[0] > timedelta(seconds=READ_POINT_TTL_S):
            points = await self._deps.database.read(lambda c: catalog.read_points(c, reader_id))
            known = self._read_points[reader_id] = (now, points)
        return known[1]

    async def record(self, reader_id: str, raw: Sequence[RawRead], actor: str) -> ReadResult:
        """Record a batch of one reader in one transaction; nothing is lost or counted twice."""
        points = await self.read_points(reader_id)
        result = ReadResult()
        reads = self._place(reader_id, raw, points, result)
        self._deps.read_counts.add(reader_id, (each.antenna for each in raw), self._deps.clock.now())
        await self._note(reader_id, {each.antenna for each in raw})
        kinds = {(location, zone): kind for location, zone, kind in points.values()}
        sights = reduce(reads, kinds)
        fresh = [sight for sight in sights.values() if not self._deps.recent.is_repeat(sight)]
        if fresh:
            recorder = _Recorder(self._deps, fresh, kinds, reader_id, actor)
            result.revision = await self._deps.database.transaction(recorder.run)
            result.unknown_items = recorder.unknown_items
            self._deps.recent.remember(fresh)
        result.accepted = len(fresh)
        result.repeated = len(reads) - result.accepted
        for outcome in ("accepted", "repeated", "refused"):
            _reads.add(getattr(result, outcome), {"outcome": outcome})
        return result

    def _place(
        self,
        reader_id: str,
        raw: Sequence[RawRead],
        points: dict[int, tuple[str, str, ZoneKind]],
        result: ReadResult,
    ) -> list[Read]:
        """Give each read its place, and refuse those that have none or a time that cannot be."""
        now = self._deps.clock.now()
        oldest = now - timedelta(seconds=self._deps.settings.read_max_age_s)
        newest = now + timedelta(seconds=self._deps.settings.read_max_ahead_s)
        reads = []
        for index, each in enumerate(raw):
            point = points.get(each.antenna) or points.get(0)
            if point is None:
                _refuse(result, index, "UNKNOWN_READER", f"{reader_id} antenna {each.antenna} is not adopted")
            elif not oldest <= each.read_time <= newest:
                _refuse(
                    result,
                    index,
                    "INVALID_FIELD",
                    f"read_time {each.read_time.isoformat()} is too far from now",
                )
            else:
                reads.append(Read(index, each.epc, point[0], point[1], each.read_time, each.rssi_cdbm))
        return reads

    async def _note(self, reader_id: str, antennas: set[int]) -> None:
        """Note when antennas last posted; unknown ones are then listed for adoption."""
        now = self._deps.clock.now()
        refresh = timedelta(seconds=self._deps.settings.sight_refresh_s)
        stale = {
            antenna
            for antenna in antennas
            if now - self._noted.get((reader_id, antenna), now - 2 * refresh) > refresh
        }
        if stale:
            await self._deps.database.transaction(lambda c: catalog.note_reader(c, reader_id, stale, now))
            self._noted.update({(reader_id, antenna): now for antenna in stale})

    async def get_tag(self, epc: bytes) -> list[Tag]:
        """Return what each location knows of an EPC, latest sight first. Raises NotFound."""
        found = await self._deps.database.read(lambda c: storage.find_tags(c, [epc]))
        if not found:
            raise NotFound("tag", epc.hex().upper())
        return found

    async def list_tags(
        self,
        location_id: str,
        item_id: str,
        state: int,
        after: bytes,
        count: int,
        *,
        only_unknown: bool,
        not_seen_since: datetime | None,
    ) -> list[Tag]:
        async def work(connection: AsyncConnection) -> list[Tag]:
            if not await catalog.known_locations(connection, [location_id]):
                raise UnknownLocation(location_id)
            return await storage.list_tags(
                connection,
                location_id=location_id,
                item_id=item_id,
                state=state,
                after=after,
                count=count,
                only_unknown=only_unknown,
                not_seen_since=not_seen_since,
            )

        return await self._deps.database.read(work)

    async def doubt_unseen(self, count: int) -> int:
        """Tags that were not read for long become unconfirmed, then missing; returns how many changed."""
        settings, now = self._deps.settings, self._deps.clock.now()
        changed = 0
        for state, after_s in (
            (TagState.UNCONFIRMED, settings.missing_after_s),
            (TagState.PRESENT, settings.unconfirmed_after_s),
        ):
            before = now - timedelta(seconds=after_s)

            async def work(
                connection: AsyncConnection, state: TagState = state, before: datetime = before
            ) -> int:
                unseen = await storage.unseen_tags(connection, state, before, count)
                books = await _books(
                    connection,
                    self._deps,
                    {CellKey(location_id, item_id) for location_id, _, item_id in unseen},
                    {(location_id, epc) for location_id, epc, _ in unseen},
                    "unseen",
                    "stock",
                )
                for tag in books.tags.values():
                    if tag.state is not state or tag.last_seen_time >= before:
                        continue  # seen in the meantime
                    if state is TagState.PRESENT:
                        books.doubt(tag, now)
                    else:
                        books.leave(tag, Reason.VANISHED, now)
                await storage.save(connection, books)
                if unseen:
                    await outbox.add(connection, events.of_books(books, self._deps.clock))
                return len(unseen)

            changed += await self._deps.database.transaction(work)
        return changed


class _Recorder:
    """One transaction over the sights of a batch."""

    def __init__(
        self,
        deps: Deps,
        sights: Sequence[Sight],
        kinds: dict[tuple[str, str], ZoneKind],
        reader_id: str,
        actor: str,
    ) -> None:
        self._deps = deps
        self._sights = sights
        self._kinds = kinds
        self._reader_id = reader_id
        self._actor = actor
        self.unknown_items = 0

    async def run(self, connection: AsyncConnection) -> int:
        gtins = {sight.epc: _gtin14(sight.epc) for sight in self._sights}
        owners = await catalog.gtin_owners(connection, {each for each in gtins.values() if each})
        items = {epc: owners.get(gtin) if gtin else None for epc, gtin in gtins.items()}
        elsewhere = await self._elsewhere(connection)
        cells = {CellKey(s.location_id, item_id) for s in self._sights if (item_id := items[s.epc])}
        cells |= {CellKey(tag.location_id, tag.item_id) for tag in elsewhere.values() if tag.item_id}
        keys = {(s.location_id, s.epc) for s in self._sights}
        keys |= {(tag.location_id, tag.epc) for tag in elsewhere.values()}
        books = await _books(connection, self._deps, cells, keys, self._reader_id, self._actor)
        for sight in self._sights:
            other = elsewhere.get(sight.epc)
            locked = books.tags.get((other.location_id, other.epc)) if other else None
            if locked is not None and (locked.item_id is None or locked.state not in COUNTED):
                locked = None  # changed between the look and the lock
            kind = self._kinds[sight.location_id, sight.zone_id]
            observe(books, sight, items[sight.epc], kind, locked, self._deps.rules)
        self.unknown_items = sum(1 for sight in self._sights if items[sight.epc] is None)
        await storage.save(connection, books)
        return await outbox.add(connection, events.of_books(books, self._deps.clock))

    async def _elsewhere(self, connection: AsyncConnection) -> dict[bytes, Tag]:
        """Find tags that count at another location than the one that reads them now."""
        here = {sight.epc: sight.location_id for sight in self._sights}
        found = await storage.find_tags(connection, list(here))
        return {
            tag.epc: tag
            for tag in reversed(found)
            if tag.item_id and tag.state in COUNTED and tag.location_id != here[tag.epc]
        }


async def _books(
    connection: AsyncConnection,
    deps: Deps,
    cells: set[CellKey],
    tags: set[tuple[str, bytes]],
    document: str,
    actor: str,
) -> Books:
    now = deps.clock.now()
    return Books(
        await storage.lock_cells(connection, cells, now) if cells else [],
        await storage.lock_tags(connection, tags),
        actor=actor,
        document=document,
        occur_time=now,
        new_id=deps.clock.uuid,
    )


@lru_cache(maxsize=100_000)
def _gtin14(epc: bytes) -> str | None:
    """Return the GTIN that an EPC carries; None when it carries none or is not GS1's."""
    try:
        decoded = epc_codec.decode_binary(epc)
    except epc_codec.EpcError:
        return None
    return decoded.gs1_key if decoded.family.name == "SGTIN" else None


def _refuse(result: ReadResult, index: int, reason: str, message: str) -> None:
    result.refused += 1
    if len(result.refusals) < MAX_REFUSALS:
        result.refusals.append((index, reason, message))
