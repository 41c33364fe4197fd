"""Counts: their life, and what is recorded into them. `reckoning` makes the differences of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.db import sqlstate
from onhand.kit.errors import (
    FieldViolation,
    InvalidField,
    LimitReached,
    NotFound,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.stock.domain.counts import (
    Count,
    CountKind,
    CountState,
    Quantity,
    Sight,
    Tally,
)
from onhand.stock.domain.model import Product
from onhand.stock.domain.reads import UNKNOWN_RSSI
from onhand.stock.storage import catalog
from onhand.stock.storage import count_findings as findings
from onhand.stock.storage import counts as rows
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.epcs import items_of
from onhand.stock.use_cases.reckoning import Reckoning

EXCLUSION_VIOLATION = "23P01"
MAX_REFUSALS = 100
"""Refusals that an answer spells out; the count tells the rest."""
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


class Counts:
    def __init__(self, deps: Deps, reckoning: Reckoning) -> None:
        self._deps = deps
        self._reckoning = reckoning

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
        except IntegrityError as error:
            if sqlstate(error) != EXCLUSION_VIOLATION:
                raise
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
        return tuple(await self._deps.database.read(lambda c: findings.progress(c, count)))

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
            result.new, result.unknown_items, seen = await findings.add_sights(connection, count, sights)
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
        await findings.add_quantities(connection, count, counted)
        await self._touch(connection, count)

    async def close(self, connection: AsyncConnection, count_id: UUID) -> None:
        """Decide to finish: no more sights are taken, and the differences will be applied."""
        count = await self._open(connection, count_id, "finish it")
        count.state, count.close_time = CountState.FINISHING, self._deps.clock.now()
        await rows.save(connection, count)

    async def finish(self, count_id: UUID) -> tuple[Count, int]:
        """Carry out what `close` decided; returns the finished count and the last revision."""
        revision = await self._reckoning.carry_out(count_id)
        return await self.get(count_id), revision

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
            lambda c: findings.accuracy(
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
                await self._reckoning.carry_out(count_id)
            else:
                await self._deps.database.transaction(
                    lambda c, count_id=count_id: self._expire(c, count_id)  # type: ignore[misc]
                )
        return len(found)

    async def purge(self, limit: int) -> int:
        """Drop what ended counts had seen: their differences and results stay. Returns how many went."""
        return await self._deps.database.transaction(lambda c: findings.purge(c, limit))

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
