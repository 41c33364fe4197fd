"""Reads in: from what antennas saw to tags, movements and balances."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

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
    Tag,
    ZoneKind,
)
from onhand.stock.domain.reads import ELSEWHERE, News, confirm_exit, doubt
from onhand.stock.domain.reads import record as record_news
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.use_cases.deps import Deps

MAX_REFUSALS = 100
"""Refusals that an answer spells out; the count tells the rest."""
READ_POINT_TTL_S = 5
"""How long a reader's configuration is remembered: a change of it takes effect within this time."""

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before every time there is."""

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
        news = self._deps.tracker.take(reader_id, reads, kinds, self._deps.clock.now())
        if news.sights or news.beliefs:
            result.revision, result.unknown_items = await self._write(news, reader_id, actor)
        result.accepted = len(news.sights)
        result.repeated = len(reads) - result.accepted
        for outcome in ("accepted", "repeated", "refused"):
            _reads.add(getattr(result, outcome), {"outcome": outcome})
        return result

    async def _write(self, news: News, document: str, actor: str) -> tuple[int, int]:
        """Write news in one transaction; returns its revision and how many tags are of no known item."""
        recorder = _Recorder(self._deps, news, document, actor)
        revision = await self._deps.database.transaction(recorder.run)
        if recorder.books is not None:
            self._deps.tracker.recorded(recorder.books, news.sights)
        return revision, recorder.unknown_items

    async def settle(self, count: int) -> None:
        """Write what the passing of time has decided: zones, and exits that were waited for."""
        beliefs = self._deps.tracker.settle(self._deps.clock.now())
        for start in range(0, len(beliefs), count):
            await self._write(News(beliefs=beliefs[start : start + count]), "settled", "stock")
        after = (BEGINNING, b"")
        while True:
            tags = await self._deps.database.read(partial(storage.exited_tags, after=after, count=count))
            due = [tag for tag in tags if self._has_left(tag)]
            if due:
                await self._change(due, "exit", self._confirm_exit)
            if len(tags) < count or tags[-1].exit_time is None:
                return
            after = (tags[-1].exit_time, tags[-1].epc)

    def _has_left(self, tag: Tag) -> bool:
        tracker = self._deps.tracker
        return tracker.has_left(tag, tracker.location_time(tag.location_id, self._deps.clock.now()))

    def _confirm_exit(self, books: Books, tag: Tag) -> None:
        if self._has_left(tag):
            confirm_exit(books, tag, self._deps.rules)

    async def _change(
        self, found: Sequence[Tag], document: str, change: Callable[[Books, Tag], None]
    ) -> None:
        """Lock some tags, in the order given, and change those that still ask for it."""
        cells = {CellKey(tag.location_id, tag.item_id) for tag in found if tag.item_id}
        keys = [(tag.location_id, tag.epc) for tag in found]

        async def work(connection: AsyncConnection) -> None:
            books = await _books(connection, self._deps, cells, set(keys), document, "stock")
            for key in keys:
                change(books, books.tags[key])
            await storage.save(connection, books)
            if books.changed_tags:
                await outbox.add(connection, events.of_books(books, self._deps.clock))

        await self._deps.database.transaction(work)
        self._deps.tracker.forget(keys)

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
        """Tags that were not read for too long become unconfirmed, then missing; returns how many changed.

        Only where this process hears readers: what nobody listens for is not absent.
        """
        tracker, rules, now = self._deps.tracker, self._deps.rules, self._deps.clock.now()
        changed = 0

        def change(books: Books, tag: Tag) -> None:
            state = tracker.absence(tag, now)
            if state is not None and tag.item_id is not None:
                doubt(books, tag, state, tracker.location_time(tag.location_id, now))

        for location_id in tracker.locations():
            here = tracker.location_time(location_id, now)
            before = here - timedelta(seconds=rules.unconfirmed_least_s)
            gone_before = here - timedelta(seconds=rules.missing_least_s)
            after = (BEGINNING, b"")
            while True:
                candidates = await self._deps.database.read(
                    partial(
                        storage.unseen_tags,
                        location_id=location_id,
                        unconfirmed_before=before,
                        missing_before=gone_before,
                        after=after,
                        count=count,
                    )
                )
                due = [tag for tag in candidates if tracker.absence(tag, now) not in (None, tag.state)]
                if due:
                    await self._change(due, "unseen", change)
                    changed += len(due)
                if len(candidates) < count:
                    break
                after = (candidates[-1].last_seen_time, candidates[-1].epc)
        return changed


class _Recorder:
    """One transaction over the news of a batch."""

    def __init__(self, deps: Deps, news: News, document: str, actor: str) -> None:
        self._deps = deps
        self._news = news
        self._here = {(each.location_id, each.epc) for each in news.sights}
        self._here |= {(each.location_id, each.epc) for each in news.beliefs}
        self._document = document
        self._actor = actor
        self.unknown_items = 0
        self.books: Books | None = None

    async def run(self, connection: AsyncConnection) -> int:
        gtins = {epc: _gtin14(epc) for _, epc in self._here}
        owners = await catalog.gtin_owners(connection, {each for each in gtins.values() if each})
        items = {epc: owners.get(gtin) if gtin else None for epc, gtin in gtins.items()}
        elsewhere = await self._elsewhere(connection)
        cells = {CellKey(location_id, item_id) for location_id, epc in self._here if (item_id := items[epc])}
        cells |= {CellKey(tag.location_id, tag.item_id) for tag in elsewhere.values() if tag.item_id}
        keys = self._here | {(tag.location_id, tag.epc) for tag in elsewhere.values()}
        books = await _books(connection, self._deps, cells, keys, self._document, self._actor)
        record_news(books, self._news, items, elsewhere, self._deps.tracker)
        self.unknown_items = sum(1 for sight in self._news.sights if items[sight.epc] is None)
        self.books = books
        await storage.save(connection, books)
        return await outbox.add(connection, events.of_books(books, self._deps.clock))

    async def _elsewhere(self, connection: AsyncConnection) -> dict[bytes, Tag]:
        """Find tags to which another location has a claim than the one that reads them now."""
        here = {epc: location_id for location_id, epc in self._here}
        found = await storage.find_tags(connection, list(here))
        claims = [
            tag
            for tag in reversed(found)
            if tag.item_id and tag.state in ELSEWHERE and tag.location_id != here[tag.epc]
        ]
        # Where it counts goes before where it is missed.
        return {tag.epc: tag for tag in sorted(claims, key=lambda each: each.state in COUNTED)}


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
