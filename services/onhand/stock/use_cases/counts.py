"""Counts: from a scope and what was seen in it to movements for the difference.

Finishing is decided in one transaction and carried out in several, some items each, so that no transaction
is long: once decided it takes no more sights, and whoever comes next (the caller again, or the job after a
crash) goes on where the last one stopped. Every item is judged under the lock on its cell by what is true
then, so that it does not matter when its turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import (
    FieldViolation,
    InvalidField,
    LimitReached,
    NotFound,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.counts import (
    Count,
    CountKind,
    CountState,
    ItemFacts,
    Line,
    LineKind,
    Quantity,
    Sight,
    Tally,
    settle,
    tally,
)
from onhand.stock.domain.model import COUNTED, CellKey, Product, Tag
from onhand.stock.domain.reads import UNKNOWN_RSSI
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.storage import counts as rows
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.epcs import items_of

MAX_REFUSALS = 100
"""Refusals that an answer spells out; the count tells the rest."""
ITEMS = 500
"""Items looked at in one step; protects the latency of everybody else."""
STUCK_AFTER = timedelta(seconds=30)
"""A finish that was decided this long ago and is not done has lost its caller."""


@dataclass(frozen=True, slots=True)
class CountRead:
    """A tag as a handheld posts it."""

    epc: bytes
    read_time: datetime
    rssi_cdbm: int


@dataclass(slots=True)
class ReadsResult:
    new: int = 0
    repeated: int = 0
    refused: int = 0
    unknown_items: int = 0


@dataclass(frozen=True, slots=True)
class CountedProduct:
    """A quantity as a person posts it."""

    product: Product
    quantity: int
    zone_id: str
    spot: str
    count_time: datetime | None


@dataclass(frozen=True)
class _Step:
    """Some items of a count, loaded."""

    books: Books
    facts: list[ItemFacts]
    last_item_id: str
    """Of the step; empty when there was none left."""


class Counts:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    # Life

    async def start(self, connection: AsyncConnection, count: Count) -> Count:
        """Open a count. Raises UnknownLocation, NotFound for a zone, WrongState when a scope is taken."""
        found = await catalog.locations(connection, [count.location_id])
        if not found:
            raise UnknownLocation(count.location_id)
        known = {zone.zone_id for zone in found[0].zones}
        for zone_id in count.zone_ids:
            if zone_id not in known:
                raise NotFound("zone", f"{count.location_id}/{zone_id}")
        for count_id in await rows.overlapping(connection, count):
            await self._expire(connection, count_id)
        try:
            async with connection.begin_nested():
                await rows.add(connection, count)
        except IntegrityError:
            taken = await rows.overlapping(connection, count)
            state = f"counted by {taken[0]}" if taken else "counted"
            raise WrongState("scope", count.location_id, state, "start another count of it") from None
        return count

    def new(
        self,
        location_id: str,
        kind: int,
        zone_ids: Sequence[str],
        item_classes: Sequence[str],
        title: str,
        actor: str,
    ) -> Count:
        """Describe a count that starts now."""
        now = self._deps.clock.now()
        return Count(
            self._deps.clock.uuid(),
            location_id,
            CountKind(kind),
            tuple(sorted(zone_ids)),
            tuple(sorted(item_classes)),
            CountState.OPEN,
            title,
            actor,
            now,
            self._expiry(now),
        )

    async def get(self, count_id: UUID) -> Count:
        """Return a count as a reader must see it: expired at its time, whenever that is swept."""
        return self._seen(_known(count_id, await self._deps.database.read(lambda c: rows.read(c, count_id))))

    async def progress(self, count: Count) -> Sequence[int]:
        """Return expected, matched, unexpected, unknown and seen tags, and units counted by hand."""
        return tuple(await self._deps.database.read(lambda c: rows.progress(c, count)))

    async def list_page(
        self, location_id: str, state: int, before: tuple[datetime, UUID] | None, count: int
    ) -> list[Count]:
        before_time, before_id = before or (None, None)
        found = await self._deps.database.read(
            lambda c: rows.list_page(
                c,
                location_id=location_id,
                state=state,
                before_time=before_time,
                before_id=before_id,
                count=count,
            )
        )
        return [self._seen(each) for each in found]

    async def abandon(self, connection: AsyncConnection, count_id: UUID) -> Count:
        """End a count without a change of the books."""
        count = await self._open(connection, count_id, "abandon it")
        count.state, count.end_time = CountState.ABANDONED, self._deps.clock.now()
        await rows.save(connection, count)
        return count

    # What was seen

    async def record_reads(
        self, count_id: UUID, zone_id: str, reads: Sequence[CountRead]
    ) -> tuple[ReadsResult, list[tuple[int, str, str]]]:
        """Add tags that were seen; returns the result and why reads were refused: index, reason, message."""
        return await self._deps.database.transaction(
            lambda c: self._record_reads(c, count_id, zone_id, reads)
        )

    async def _record_reads(
        self, connection: AsyncConnection, count_id: UUID, zone_id: str, reads: Sequence[CountRead]
    ) -> tuple[ReadsResult, list[tuple[int, str, str]]]:
        count = await self._open(connection, count_id, "record reads")
        if not count.reads_tags:
            raise WrongState("count", str(count_id), "of quantities", "record reads")
        zone_id = await _zone(connection, count, zone_id)
        latest = self._deps.clock.now() + timedelta(seconds=self._deps.settings.read_max_ahead_s)
        result = ReadsResult()
        refusals: list[tuple[int, str, str]] = []
        best: dict[bytes, tuple[datetime, int]] = {}
        for index, each in enumerate(reads):
            if not count.start_time <= each.read_time <= latest:
                result.refused += 1
                if len(refusals) < MAX_REFUSALS:
                    message = f"read_time {each.read_time.isoformat()} is not within the count"
                    refusals.append((index, "INVALID_FIELD", message))
                continue
            rssi = each.rssi_cdbm or UNKNOWN_RSSI
            known_time, known_rssi = best.get(each.epc, (each.read_time, rssi))
            best[each.epc] = max(known_time, each.read_time), max(known_rssi, rssi)
        if best:
            items = await items_of(connection, list(best))
            sights = [
                Sight(epc, items.get(epc), zone_id, read_time, rssi)
                for epc, (read_time, rssi) in best.items()
            ]
            result.new, result.unknown_items, seen = await rows.add_sights(connection, count, sights)
            if seen > (limit := self._deps.settings.count_max_tags):
                raise LimitReached(f"{limit} tags in one count")
        result.repeated = len(reads) - result.refused - result.new
        await self._touch(connection, count)
        return result, refusals

    async def record_quantities(
        self, connection: AsyncConnection, count_id: UUID, lines: Sequence[CountedProduct]
    ) -> None:
        """Add quantities counted by hand; the same item, zone and spot again replaces them."""
        count = await self._open(connection, count_id, "record quantities")
        if not count.whole_location:
            raise InvalidField([FieldViolation("lines", "a count of some zones takes tags only")])
        now = self._deps.clock.now()
        latest = now + timedelta(seconds=self._deps.settings.read_max_ahead_s)
        gtins = {each.product.gtin for each in lines if each.product.gtin}
        owners = await catalog.gtin_owners(connection, gtins)
        ids = [owners.get(each.product.gtin, each.product.item_id) for each in lines]
        items = {each.item_id: each for each in await catalog.items(connection, set(ids))}
        counted = []
        for index, (line, item_id) in enumerate(zip(lines, ids, strict=True)):
            count_time = line.count_time or now
            if item_id not in items:
                raise UnknownItem(line.product.gtin or line.product.item_id)
            item = items[item_id]
            problem = ""
            if count.reads_tags and item.tagged:
                problem = "its units carry tags, and this count reads tags"
            elif count.item_classes and item.item_class not in count.item_classes:
                problem = f"its class {item.item_class!r} is not counted"
            elif not count.start_time <= count_time <= latest:
                problem = "count_time is not within the count"
            if problem:
                raise InvalidField([FieldViolation(f"lines[{index}]", problem)])
            counted.append(Quantity(item_id, line.zone_id, line.spot, line.quantity, count_time))
        await rows.add_quantities(connection, count, counted)
        await self._touch(connection, count)

    # Review

    async def review(
        self, count: Count, after: tuple[str, bytes, int], limit: int, *, include_matched: bool
    ) -> list[Line]:
        """Return the next lines in the order of item, EPC and kind, changing nothing."""
        if count.state is CountState.FINISHED:
            return await self._deps.database.read(lambda c: rows.lines(c, count, after[:2], limit))
        self._require_reviewable(count)
        item_id, inclusive = after[0], bool(after[0])
        lines: list[Line] = []
        if not item_id:
            lines = await self._deps.database.read(lambda c: rows.unknown(c, count, after[1], limit))
        while len(lines) < limit:
            # The item at which the last page ended is looked at again: some of its lines may be left.
            step = await self._look(count, item_id, inclusive=inclusive)
            for facts in step.facts:
                found = settle(step.books, count, facts, self._deps.rules, self._deps.clock.now())
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
        result = Tally(unknown=await self._deps.database.read(lambda c: rows.count_unknown(c, count)))
        item_id = ""
        while True:
            step = await self._look(count, item_id, inclusive=False)
            for facts in step.facts:
                now = self._deps.clock.now()
                result.add(tally(settle(step.books, count, facts, self._deps.rules, now)))
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

    # Finish

    async def close(self, connection: AsyncConnection, count_id: UUID) -> None:
        """Decide to finish: no more sights are taken, and the differences will be applied."""
        count = await self._open(connection, count_id, "finish it")
        count.state, count.close_time = CountState.FINISHING, self._deps.clock.now()
        await rows.save(connection, count)

    async def carry_out(self, count_id: UUID) -> tuple[Count, int]:
        """Apply the differences of a count that was closed, to its end; returns it and the last revision."""
        while True:
            count, revision = await self._deps.database.transaction(lambda c: self._apply(c, count_id))
            if count.state is not CountState.FINISHING:
                return await self.get(count_id), revision

    async def _apply(self, connection: AsyncConnection, count_id: UUID) -> tuple[Count, int]:
        """Apply the next items of a count in one transaction."""
        count = _known(count_id, await rows.lock(connection, count_id))
        if count.state is not CountState.FINISHING:
            return count, await outbox.revision(connection)
        now = self._deps.clock.now()
        step = await self._load(connection, count, count.progress_item_id, lock=True)
        results: dict[str, Tally] = {}
        differences: list[Line] = []
        for facts in step.facts:
            lines = settle(step.books, count, facts, self._deps.rules, now)
            results.setdefault(facts.item_class, Tally()).add(tally(lines))
            differences += [line for line in lines if line.kind is not LineKind.MATCHED]
        await storage.save(connection, step.books)
        if differences:
            await rows.add_lines(connection, count, differences)
        changed = events.of_books(step.books, self._deps.clock)
        count.progress_item_id = step.last_item_id or count.progress_item_id
        if not step.last_item_id:
            if unknown := await rows.count_unknown(connection, count):
                await rows.keep_unknown(connection, count)
                results.setdefault("", Tally()).add(Tally(unknown=unknown))
            count.state, count.end_time = CountState.FINISHED, now
        await rows.add_results(connection, count, results)
        await rows.save(connection, count)
        if count.state is CountState.FINISHED:
            await rows.end_results(connection, count)
            finished = (await rows.with_results(connection, [count]))[0]
            changed.append(events.count_finished(self._deps.clock, finished))
        self._deps.recent.forget(step.books.changed_tags)
        return count, await outbox.add(connection, changed)

    async def _load(
        self, connection: AsyncConnection, count: Count, after: str, *, lock: bool, inclusive: bool = False
    ) -> _Step:
        """Load the next items with everything that decides on them, their cells and tags under lock."""
        found = _cut(
            await rows.next_items(connection, count, after, ITEMS, inclusive=inclusive),
            self._deps.settings.count_step_tags,
        )
        item_ids = [item_id for item_id, _, _, _ in found]
        sights = await rows.sights(connection, count, item_ids)
        quantities = await rows.quantities(connection, count, item_ids)
        elsewhere = await _elsewhere(connection, count.location_id, [each.epc for each in sights])
        epcs = {each.epc for each in sights}
        if count.reads_tags:
            epcs.update(await rows.counted_epcs(connection, count.location_id, item_ids))
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
            [each.count_time for each in quantities] + [count.start_time - self._deps.rules.sold_grace]
        )
        changes = await rows.changes(connection, count.location_id, item_ids, since)
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

    # Accuracy, and what time does

    async def accuracy(
        self,
        location_id: str,
        item_class: str,
        after_time: datetime | None,
        before: tuple[datetime, UUID, str] | None,
        count: int,
    ) -> list[tuple[UUID, str, datetime, Tally]]:
        """Return what finished counts found: count, class, end and tally, latest first."""
        before_time, before_id, before_class = before or (None, None, "")
        return await self._deps.database.read(
            lambda c: rows.accuracy(
                c,
                location_id=location_id,
                item_class=item_class,
                after_time=after_time,
                before_time=before_time,
                before_id=before_id,
                before_class=before_class,
                count=count,
            )
        )

    async def tend(self, limit: int) -> int:
        """Expire open counts that nobody touched, and carry on those whose finish lost its caller."""
        now = self._deps.clock.now()
        found = await self._deps.database.read(lambda c: rows.due(c, now, now - STUCK_AFTER, limit))
        for count_id, state in found:
            if state is CountState.FINISHING:
                await self.carry_out(count_id)
            else:
                await self._deps.database.transaction(
                    lambda c, count_id=count_id: self._expire(c, count_id)  # type: ignore[misc]
                )
        return len(found)

    async def purge(self, limit: int) -> int:
        """Drop what ended counts had seen: their differences and results stay. Returns how many went."""
        return await self._deps.database.transaction(lambda c: rows.purge(c, limit))

    async def _expire(self, connection: AsyncConnection, count_id: UUID) -> None:
        now = self._deps.clock.now()
        count = await rows.lock(connection, count_id)
        if count is not None and count.state is CountState.OPEN and count.expire_time <= now:
            count.state, count.end_time = CountState.EXPIRED, count.expire_time
            await rows.save(connection, count)

    async def _open(self, connection: AsyncConnection, count_id: UUID, action: str) -> Count:
        count = self._seen(_known(count_id, await rows.lock(connection, count_id)))
        if count.state is not CountState.OPEN:
            raise WrongState("count", str(count_id), count.state.name, action)
        return count

    async def _touch(self, connection: AsyncConnection, count: Count) -> None:
        count.expire_time = self._expiry(self._deps.clock.now())
        await rows.save(connection, count)

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._deps.settings.count_idle_s)

    def _seen(self, count: Count) -> Count:
        if count.state is CountState.OPEN and count.expire_time <= self._deps.clock.now():
            count.state, count.end_time = CountState.EXPIRED, count.expire_time
        return count


def _known(count_id: UUID, count: Count | None) -> Count:
    if count is None:
        raise NotFound("count", str(count_id))
    return count


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


async def _zone(connection: AsyncConnection, count: Count, zone_id: str) -> str:
    """Return the zone of a batch. Raises NotFound for one that is none of the count's."""
    if not zone_id:
        return count.zone_ids[0] if len(count.zone_ids) == 1 else ""
    known = set(count.zone_ids)
    if not known:
        locations = await catalog.locations(connection, [count.location_id])
        known = {zone.zone_id for location in locations for zone in location.zones}
    if zone_id not in known:
        raise NotFound("zone", f"{count.location_id}/{zone_id}")
    return zone_id


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
