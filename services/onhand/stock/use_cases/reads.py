"""Reads in: from what antennas saw to tags, movements and balances."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import NotFound, UnknownLocation
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import CellKey, ReadResult, Tag
from onhand.stock.domain.reads import News, RawRead, ReadColumns, confirm_exit, doubt, in_columns
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.follows import Follows
from onhand.stock.use_cases.intake import Batch, Intake, Layout
from onhand.stock.use_cases.recording import locked

READ_POINT_TTL_S = 5
"""How long a reader's configuration is remembered: a change of it takes effect within this time."""

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before every time there is."""


class Reads:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._intake = Intake(deps)
        self.follows = Follows()
        self._layouts: dict[str, tuple[datetime, Layout]] = {}
        self._noted: dict[str, tuple[datetime, bytes]] = {}

    async def layout(self, reader_id: str) -> Layout:
        """Return where the adopted antennas of a reader look."""
        now = self._deps.clock.now()
        known = self._layouts.get(reader_id)
        if known is None or now - known[0] > timedelta(seconds=READ_POINT_TTL_S):
            points = await self._deps.database.read(lambda c: catalog.read_points(c, reader_id))
            layout = known[1] if known is not None and known[1].points == points else Layout(points)
            known = self._layouts[reader_id] = (now, layout)
        return known[1]

    async def record(self, reader_id: str, reads: Sequence[RawRead], actor: str) -> ReadResult:
        """Record a batch of one reader; nothing is lost or counted twice."""
        return await (await self.begin(reader_id, in_columns(reads), actor))

    async def begin(
        self, reader_id: str, columns: Sequence[ReadColumns], actor: str
    ) -> Awaitable[ReadResult]:
        """Take a batch to be recorded after those taken before it; gives what to wait for."""
        await self._note(reader_id, b"".join(each.antennas.tobytes() for each in columns))
        layout = await self.layout(reader_id)
        self.follows.see(reader_id, layout.points, columns)
        return self._intake.record(Batch(reader_id, layout, columns, actor))

    async def settle(self, count: int) -> None:
        """Write what the passing of time has decided: zones, and exits that were waited for."""
        beliefs = self._deps.tracker.settle(self._deps.clock.now())
        for start in range(0, len(beliefs), count):
            await self._intake.write(News(beliefs=beliefs[start : start + count]))
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
            books = await locked(connection, self._deps, cells, set(keys), document)
            for key in keys:
                change(books, books.tags[key])
            await storage.save(connection, books)
            if books.changed_tags:
                await outbox.add(connection, events.of_books(books, self._deps.clock))

        await self._deps.database.transaction(work)
        self._deps.tracker.forget(keys)

    async def _note(self, reader_id: str, antennas: bytes) -> None:
        """Note when antennas, a byte each, last posted; unknown ones are then listed for adoption."""
        now = self._deps.clock.now()
        since, noted = self._noted.get(reader_id, (now, b""))
        if now - since > timedelta(seconds=self._deps.settings.sight_refresh_s):
            since, noted = now, b""
        if new := set(antennas.translate(None, noted)):
            await self._deps.database.transaction(lambda c: catalog.note_reader(c, reader_id, new, now))
            self._noted[reader_id] = (since, noted + bytes(sorted(new)))

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
