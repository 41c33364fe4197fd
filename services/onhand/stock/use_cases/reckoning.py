"""What a count makes of the books: looked at in a review, applied at the finish.

Finishing is decided in one transaction and carried out in several, some items each, so that no transaction
is long: once decided it takes no more sights, and whoever comes next (the caller again, or the job after a
crash) goes on where the last one stopped. Every item is judged under the lock on its cell by what is true
then, so that it does not matter when its turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import NotFound, WrongState
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.counts import (
    Count,
    CountState,
    ItemFacts,
    Line,
    LineKind,
    Tally,
    Tolerance,
    settle,
    tally,
)
from onhand.stock.domain.model import COUNTED, CellKey, Tag
from onhand.stock.storage import books as storage
from onhand.stock.storage import count_findings as findings
from onhand.stock.storage import counts as rows
from onhand.stock.use_cases.deps import Deps

ITEMS = 500
"""Items looked at in one step; protects the latency of everybody else."""


@dataclass(frozen=True)
class _Step:
    """Some items of a count, loaded."""

    books: Books
    facts: list[ItemFacts]
    last_item_id: str
    """Of the step; empty when there was none left."""


class Reckoning:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        settings = deps.settings
        self._tolerance = Tolerance(
            sight_refresh=timedelta(seconds=settings.sight_refresh_s),
            sold_grace=timedelta(seconds=settings.sold_grace_s),
            cross_quiet=timedelta(seconds=settings.cross_quiet_s),
        )

    async def review(
        self, count: Count, after: tuple[str, bytes, int], limit: int, *, include_matched: bool
    ) -> list[Line]:
        """Return the next lines in the order of item, EPC and kind, changing nothing."""
        if count.state is CountState.FINISHED:
            return await self._deps.database.read(lambda c: findings.lines(c, count, after[:2], limit))
        self._require_reviewable(count)
        item_id, inclusive = after[0], bool(after[0])
        lines: list[Line] = []
        if not item_id:
            lines = await self._deps.database.read(lambda c: findings.unknown(c, count, after[1], limit))
        while len(lines) < limit:
            # The item at which the last page ended is looked at again: some of its lines may be left.
            step = await self._look(count, item_id, inclusive=inclusive)
            for facts in step.facts:
                found = settle(step.books, count, facts, self._tolerance, self._deps.clock.now())
                lines += [
                    line
                    for line in sorted(found, key=_place)
                    if (include_matched or line.kind is not LineKind.MATCHED)
                    and (line.item_id != after[0] or _place(line) > after)
                ]
            if not step.last_item_id:
                break
            item_id, inclusive = step.last_item_id, False
        return lines[:limit]

    async def preview(self, count: Count) -> Tally:
        """Return what finishing would find if it came now."""
        if count.result is not None:
            return count.result
        self._require_reviewable(count)
        result = Tally(unknown=await self._deps.database.read(lambda c: findings.count_unknown(c, count)))
        item_id = ""
        while True:
            step = await self._look(count, item_id, inclusive=False)
            for facts in step.facts:
                now = self._deps.clock.now()
                result.add(tally(settle(step.books, count, facts, self._tolerance, now)))
            if not step.last_item_id:
                return result
            item_id = step.last_item_id

    def _require_reviewable(self, count: Count) -> None:
        if count.state not in (CountState.OPEN, CountState.FINISHING):
            raise WrongState("count", str(count.count_id), count.state.name, "review it")

    async def _look(self, count: Count, item_id: str, *, inclusive: bool) -> _Step:
        """Load the items after one without a lock: what is made of them is only shown."""
        return await self._deps.database.read(
            lambda c: self._load(c, count, item_id, lock=False, inclusive=inclusive)
        )

    async def carry_out(self, count_id: UUID) -> int:
        """Apply the differences of a count that was closed, to its end; returns the last revision."""
        while True:
            count, revision = await self._deps.database.transaction(lambda c: self._apply(c, count_id))
            if count.state is not CountState.FINISHING:
                return revision

    async def _apply(self, connection: AsyncConnection, count_id: UUID) -> tuple[Count, int]:
        """Apply the next items of a count in one transaction."""
        count = await rows.lock(connection, count_id)
        if count is None:
            raise NotFound("count", str(count_id))
        if count.state is not CountState.FINISHING:
            return count, await outbox.revision(connection)
        now = self._deps.clock.now()
        step = await self._load(connection, count, count.progress_item_id, lock=True)
        results: dict[str, Tally] = {}
        differences: list[Line] = []
        for facts in step.facts:
            lines = settle(step.books, count, facts, self._tolerance, now)
            results.setdefault(facts.item_class, Tally()).add(tally(lines))
            differences += [line for line in lines if line.kind is not LineKind.MATCHED]
        await storage.save(connection, step.books)
        if differences:
            await findings.add_lines(connection, count, differences)
        changed = events.of_books(step.books, self._deps.clock)
        count.progress_item_id = step.last_item_id or count.progress_item_id
        if not step.last_item_id:
            if unknown := await findings.count_unknown(connection, count):
                await findings.keep_unknown(connection, count)
                results.setdefault("", Tally()).add(Tally(unknown=unknown))
            count.state, count.end_time = CountState.FINISHED, now
        await findings.add_results(connection, count, results)
        await rows.save(connection, count)
        if count.state is CountState.FINISHED:
            await findings.end_results(connection, count)
            finished = (await rows.with_results(connection, [count]))[0]
            changed.append(events.count_finished(self._deps.clock, finished))
        self._deps.tracker.forget(step.books.changed_tags)
        return count, await outbox.add(connection, changed)

    async def _load(
        self, connection: AsyncConnection, count: Count, after: str, *, lock: bool, inclusive: bool = False
    ) -> _Step:
        """Load the next items with everything that decides on them, their cells and tags under lock."""
        found = _cut(
            await findings.next_items(connection, count, after, ITEMS, inclusive=inclusive),
            self._deps.settings.count_step_tags,
        )
        item_ids = [item_id for item_id, _, _, _ in found]
        sights = await findings.sights(connection, count, item_ids)
        quantities = await findings.quantities(connection, count, item_ids)
        elsewhere = await _elsewhere(connection, count.location_id, [each.epc for each in sights])
        epcs = {each.epc for each in sights}
        if count.reads_tags:
            epcs.update(await findings.counted_epcs(connection, count.location_id, item_ids))
        books = await self._books(connection, count, item_ids, epcs, elsewhere, lock=lock)
        facts = {
            item_id: ItemFacts(CellKey(count.location_id, item_id), item_class, tagged)
            for item_id, item_class, tagged, _ in found
        }
        for sight in sights:
            facts[sight.item_id or ""].sights[sight.epc] = sight
        for epc, tag in elsewhere.items():
            locked = books.tags[tag.location_id, epc]
            if locked.item_id is not None and locked.state in COUNTED:
                item_id = next(each.item_id or "" for each in sights if each.epc == epc)
                facts[item_id].elsewhere[epc] = locked
        item_of = {each.epc: each.item_id for each in sights}
        for tag in books.tags.values():
            if tag.location_id == count.location_id:
                # A GTIN may have passed to another item since the tag was first seen.
                known = tag.item_id if tag.item_id in facts else item_of.get(tag.epc)
                facts[known or ""].tags.append(tag)
        since = min(
            [each.count_time for each in quantities] + [count.start_time - self._tolerance.sold_grace]
        )
        changes = await findings.changes(connection, count.location_id, item_ids, since)
        for quantity in quantities:
            facts[quantity.item_id].quantities.append(quantity)
        for item_id, each in facts.items():
            each.changes = changes.get(item_id, [])
        return _Step(books, list(facts.values()), item_ids[-1] if item_ids else "")

    async def _books(
        self,
        connection: AsyncConnection,
        count: Count,
        item_ids: Sequence[str],
        epcs: set[bytes],
        elsewhere: dict[bytes, Tag],
        *,
        lock: bool,
    ) -> Books:
        keys = {CellKey(count.location_id, item_id) for item_id in item_ids}
        keys |= {CellKey(tag.location_id, tag.item_id or "") for tag in elsewhere.values()}
        tags = {(count.location_id, epc) for epc in epcs}
        tags |= {(tag.location_id, epc) for epc, tag in elsewhere.items()}
        now = self._deps.clock.now()
        if lock:
            cells = await storage.lock_cells(connection, keys, now)
            known = await storage.lock_tags(connection, tags)
        else:
            read = await storage.read_cells(
                connection, sorted({key.location_id for key in keys}), sorted({key.item_id for key in keys})
            )
            cells = [read.get(key) or storage.empty_cell(key, now) for key in keys]
            known = await storage.read_tags(connection, tags)
        return Books(
            cells,
            known,
            actor=count.actor,
            document=str(count.count_id),
            occur_time=now,
            new_id=self._deps.clock.uuid,
        )


def _place(line: Line) -> tuple[str, bytes, int]:
    return line.item_id, line.epc or b"", line.kind


def _cut(found: Sequence[tuple[str, str, bool, int]], limit: int) -> Sequence[tuple[str, str, bool, int]]:
    """Take as many items as have `limit` tags together, and one at least."""
    tags = 0
    for index, (_, _, _, more) in enumerate(found):
        tags += more
        if index and tags > limit:
            return found[:index]
    return found


async def _elsewhere(
    connection: AsyncConnection, location_id: str, epcs: Sequence[bytes]
) -> dict[bytes, Tag]:
    """Find tags that count at another location: of several the one that saw it last."""
    found = await storage.find_tags(connection, epcs)
    return {
        tag.epc: tag
        for tag in reversed(found)
        if tag.item_id and tag.state in COUNTED and tag.location_id != location_id
    }
