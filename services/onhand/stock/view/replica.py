import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import events_pb2 as pb
from onhand.api.stock.v1 import reservations_pb2
from onhand.api.stock.v1.stock_policies_pb2 import StockPolicyScope
from onhand.kit import feed, telemetry
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import ViewBehind
from onhand.kit.events import Broker
from onhand.stock import messages
from onhand.stock.domain.display import PLAIN, DisplayPolicy
from onhand.stock.domain.model import CellKey, Location, Standing
from onhand.stock.domain.policies import Rulebook, terms
from onhand.stock.storage import catalog, offers, policies, snapshots
from onhand.stock.view.cells import NOWHERE, Cells
from onhand.stock.view.holds import Holds, Lines
from onhand.stock.view.watchers import Watcher, Watchers

PAYLOADS = (
    "balance_changed",
    "balances_changed",
    "reservation_changed",
    "reservations_changed",
    "catalog_changed",
)
"""What the feed must bring."""
_RUNS_OUT = frozenset(
    {
        reservations_pb2.Reservation.STATE_HELD,
        reservations_pb2.Reservation.STATE_EXPIRED,
        reservations_pb2.Reservation.STATE_BUMPED,
    }
)


class View:
    """What one replica knows of all cells, and how fresh that is."""

    def __init__(self, database: Database, broker: Broker, clock: Clock) -> None:
        self._database = database
        self._broker = broker
        self._clock = clock
        self._loaded = asyncio.Event()
        self._advanced = asyncio.Condition()
        self._watchers = Watchers()
        self._cells = Cells()
        self._holds = Holds(clock.now())
        self._snapshot = snapshots.Snapshot(0, 0, frozenset(), clock.now())
        self._relocated: dict[str, int] = {}
        self.locations: dict[str, Location] = {}
        self.item_ids: set[str] = set()
        self._policies: dict[str, DisplayPolicy] = {}
        self._rules = Rulebook()
        self._ruled = 0
        """Revision of the last change of stock policies."""
        self.watermark = 0
        """Every change below this revision is in the view."""
        self.as_of = clock.now()
        """The moment for which the view is true: it has every change that was committed before."""
        self.changes = 0
        """Rises with every change of a cell, and when `as_of` moves."""
        self.generation = 0
        """Rises when more than cells has changed: items, locations, or the whole view."""

    async def loaded(self) -> None:
        """Return once the first snapshot is in."""
        await self._loaded.wait()

    @property
    def revision(self) -> int:
        """Every change up to this one is in the view."""
        return max(0, self.watermark - 1)

    @property
    def lag_s(self) -> float:
        """How far the view is behind the present."""
        return (self._clock.now() - self.as_of).total_seconds()

    # Reading

    def slot(self, location_id: str, item_id: str) -> int:
        """Return by which number a cell is known here, or NOWHERE when it was never counted."""
        return self._cells.slot(location_id, item_id)

    def standing(self, key: CellKey, channel: str = "") -> Standing | None:
        """Return a cell as it counts now, None when it was never counted. Call `lapse` before."""
        return self.standing_at(self._cells.slot(key.location_id, key.item_id), key.location_id, channel)

    def standing_at(self, slot: int, location_id: str, channel: str = "") -> Standing | None:
        if slot == NOWHERE:
            return None
        cells = self._cells
        location = self.locations.get(location_id)
        kept, out_quantity = location.safety_stock if location else 0, 0
        if self._rules and (rules := self._rules.of(location_id, cells.key(slot).item_id)):
            said = terms(rules, channel, kept)
            kept, out_quantity = said.kept(cells.sellable[slot]), said.out_quantity
        return Standing(
            cells.sellable[slot],
            cells.unavailable[slot],
            cells.in_transit[slot],
            cells.reserved[slot] - self._holds.lapsed.get(slot, 0),
            cells.committed[slot],
            kept,
            cells.confirm_time(slot),
            cells.revision[slot],
            out_quantity,
        )

    def policy(self, channel: str) -> DisplayPolicy:
        """Return how availability is shown to a channel."""
        return self._policies.get(channel, PLAIN)

    def dirty(self, slots: Any, since: int) -> Iterable[int]:
        """Return the positions in `slots`, an int32 array, of cells that were touched after a change."""
        return self._cells.dirty(slots, since)

    def of_item(self, item_id: str) -> Iterable[tuple[int, str]]:
        """Yield the slots of an item's cells, each with its location."""
        return self._cells.of_item(item_id)

    def __len__(self) -> int:
        return len(self._cells)

    def lapse(self) -> None:
        """Let holds stop counting at their expire_time; every reader calls this first."""
        now = self._clock.now()
        if self._holds.due(now):
            for slot in self._holds.lapse(now):
                self._touch(slot)

    async def wait_for(self, revision: int, timeout_s: float) -> None:
        """Return once the view has `revision`. Raises ViewBehind when that takes too long."""
        if self.watermark > revision:
            return
        try:
            async with asyncio.timeout(timeout_s), self._advanced:
                await self._advanced.wait_for(lambda: self.watermark > revision)
        except TimeoutError:
            raise ViewBehind(self.watermark) from None

    # Watching

    @property
    def watchers(self) -> int:
        """How many follow cells now."""
        return len(self._watchers)

    @asynccontextmanager
    async def watch(
        self, item_ids: Iterable[str], location_ids: Iterable[str] | None, max_pending: int
    ) -> AsyncIterator[Watcher]:
        """Follow cells: inside the context the watcher collects every change."""
        wanted = None if location_ids is None else frozenset(location_ids)
        watcher = Watcher(frozenset(item_ids), wanted, max_pending)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)

    def keys(self, watcher: Watcher, since: int = 0) -> list[CellKey]:
        """Return the cells that a watcher wants and that changed at or after a revision, in order.

        Each cell has the revision of its last change, so that no log of changes is needed. What changed
        without one is told again: cells whose holds have run out, those of locations that changed, and all
        when a stock policy did.
        """
        found = []
        for key, slot in self._wanted(watcher):
            if (
                self._cells.revision[slot] >= since
                or self._ruled >= since
                or slot in self._holds.lapsed
                or self._relocated.get(key.location_id, 0) >= since
            ):
                found.append(key)
        return sorted(found)

    def _wanted(self, watcher: Watcher) -> Iterable[tuple[CellKey, int]]:
        if watcher.item_ids and watcher.location_ids is not None:
            for location_id in watcher.location_ids:
                for item_id in watcher.item_ids:
                    if (slot := self._cells.slot(location_id, item_id)) != NOWHERE:
                        yield CellKey(location_id, item_id), slot
        elif watcher.item_ids:
            for item_id in watcher.item_ids:
                for slot, location_id in self._cells.of_item(item_id):
                    yield CellKey(location_id, item_id), slot
        else:
            for slot, key in self._cells.every():
                if watcher.wants(key):
                    yield key, slot

    # Feeding

    async def run(self) -> None:
        """Load the snapshot and follow the feed; returns only to be started again."""
        to = await self._database.read(feed_subject)
        async with feed.listen(self._broker, to) as heard:
            await self._load()
            telemetry.log.info("view loaded", cells=len(self._cells), watermark=self.watermark)
            self._loaded.set()
            try:
                async for batch in heard.batches():
                    await self._take(batch)
            except feed.FeedBrokenError as error:
                telemetry.log.warning("the view starts again", why=str(error))

    async def _load(self) -> None:
        async def work(connection: AsyncConnection) -> snapshots.Snapshot:
            snapshot = await snapshots.begin(connection)
            if snapshot.first_open < self.watermark:  # another database, or one from a backup
                self.watermark = 0
            if self.watermark:
                async for part in snapshots.cells(connection):
                    self._load_changed(part)
            else:
                cells = Cells()
                async for part in snapshots.cells(connection):
                    cells.extend(part)
                cells.sort()
                self._cells = cells
            self._holds = await self._load_holds(connection, snapshot.time)
            self.item_ids = await snapshots.item_ids(connection)
            self._policies = await _policies(connection)
            self._rules = await policies.rulebook(connection)
            self.locations = {
                each.location_id: each for each in await catalog.list_locations(connection, "", 10**9)
            }
            return snapshot

        self._snapshot = await self._database.transaction(work)
        self.generation += 1
        for slot in range(len(self._cells)) if len(self._watchers) else ():
            self._touch(slot)
        await self._advance(self._snapshot.first_open, self._snapshot.time)

    def _load_changed(self, rows: Iterable[Any]) -> None:
        for location_id, item_id, *quantities, confirmed, revision, version in rows:
            slot = self._cells.place(location_id, item_id)
            if version > self._cells.version[slot]:
                self._set(slot, quantities, confirmed, revision, version)

    async def _load_holds(self, connection: AsyncConnection, now: datetime) -> Holds:
        holds = Holds(now)
        lines: list[tuple[int, int]] = []
        last: tuple[UUID, int, datetime] | None = None
        async for part in snapshots.holds(connection):
            for reservation_id, version, expire_time, location_id, item_id, units in part:
                if last is not None and last[0] != reservation_id:
                    holds.known(*last, tuple(lines))
                    lines = []
                last = reservation_id, version, expire_time
                if units:
                    lines.append((self._cells.place(location_id, item_id), units))
        if last is not None:
            holds.known(*last, tuple(lines))
        return holds

    async def _take(self, batch: feed.Batch) -> None:
        for event in pb.StockEvents.FromString(batch.events).events:
            # Also what an outbox that is rewound tells again: all below the watermark has been told.
            if event.revision < self.watermark or self._snapshot.has(event.revision):
                continue
            await self._apply(event)
        if batch.watermark is not None:
            await self._advance(batch.watermark, batch.as_of)

    async def _apply(self, event: pb.StockEvent) -> None:
        match event.WhichOneof("payload"):
            case "balance_changed":
                self._apply_balance(event.balance_changed, event.revision)
            case "balances_changed":
                for balance in event.balances_changed.changes:
                    self._apply_balance(balance, event.revision)
            case "reservation_changed":
                self._apply_reservation(event.reservation_changed)
            case "reservations_changed":
                for reservation in event.reservations_changed.changes:
                    self._apply_reservation(reservation)
            case "catalog_changed":
                await self._apply_catalog(event.catalog_changed, event.revision)

    def _apply_balance(self, changed: pb.BalanceChanged, revision: int) -> None:
        slot = self._cells.place(changed.location_id, changed.item_id)
        if self._cells.version[slot] >= changed.version:
            return
        unavailable = changed.damaged + changed.quality_control + changed.quarantined + changed.missing
        quantities = (
            changed.sellable,
            unavailable,
            changed.in_transit,
            changed.reserved,
            changed.committed,
        )
        self._set(slot, quantities, changed.confirm_time.seconds, revision, changed.version)
        self._touch(slot)

    def _set(self, slot: int, quantities: Iterable[int], confirmed: int, revision: int, version: int) -> None:
        self._cells.put(slot, confirmed, *quantities)
        self._cells.revision[slot] = revision
        self._cells.version[slot] = version

    def _apply_reservation(self, changed: pb.ReservationChanged) -> None:
        reservation = changed.reservation
        expire_time = None
        lines: Lines = ()
        if reservation.HasField("expire_time") and reservation.state in _RUNS_OUT:
            expire_time = messages.moment(reservation.expire_time)
            lines = tuple(self._open(line) for line in reservation.lines)
        for slot in self._holds.change(
            UUID(reservation.reservation_id),
            changed.version,
            messages.moment(reservation.create_time),
            expire_time,
            lines,
        ):
            self._touch(slot)

    def _open(self, line: reservations_pb2.ReservationLine) -> tuple[int, int]:
        open_quantity = line.quantity - line.fulfilled_quantity - line.released_quantity
        return self._cells.place(line.location_id, line.item_id), open_quantity

    async def _apply_catalog(self, changed: pb.CatalogChanged, revision: int) -> None:
        self.item_ids.update(changed.item_ids)
        if changed.channels:
            self._policies = await self._database.read(_policies)
        if changed.policy_scopes or (changed.item_ids and self._rules.class_names):
            await self._apply_rules(changed, revision)
        if changed.location_ids:
            await self._apply_locations(changed, revision)
        # Last: an answer that is made while this reads from the database would be kept as one of after it.
        self.generation += 1

    async def _apply_locations(self, changed: pb.CatalogChanged, revision: int) -> None:
        ids = list(changed.location_ids)
        for location in await self._database.read(lambda c: catalog.locations(c, ids)):
            self.locations[location.location_id] = location
        for location_id in ids:
            self._relocated[location_id] = revision
        changed_ids = frozenset(ids)
        for slot, key in self._cells.every():
            if key.location_id in changed_ids:
                self._touch(slot)

    async def _apply_rules(self, changed: pb.CatalogChanged, revision: int) -> None:
        if changed.policy_scopes:
            self._rules = await self._database.read(policies.rulebook)
            slots = self._slots_in(changed.policy_scopes)
        else:
            ids = list(changed.item_ids)
            named = self._rules.class_names
            classes = await self._database.read(lambda c: policies.classes(c, named, ids))
            moved = self._rules.reclass(ids, classes)
            slots = [slot for item_id in moved for slot, _ in self._cells.of_item(item_id)]
        if slots:
            self._ruled = revision
        for slot in slots:
            self._touch(slot)

    def _slots_in(self, scopes: Iterable[StockPolicyScope]) -> list[int]:
        """Return the slots of cells that policies are for; those of a class or of all items: every cell."""
        items = {each.item_id for each in scopes}
        if "" in items:
            return list(range(len(self._cells)))
        return [slot for item_id in items for slot, _ in self._cells.of_item(item_id)]

    def _touch(self, slot: int) -> None:
        self.changes += 1
        self._cells.touched[slot] = self.changes
        if len(self._watchers):
            self._watchers.tell(self._cells.key(slot))

    async def _advance(self, watermark: int, as_of: datetime | None) -> None:
        self.changes += 1
        if as_of is not None:
            self.as_of = max(self.as_of, as_of)
        self._holds.forget(self.as_of)
        self.lapse()
        if watermark > self.watermark:
            self.watermark = watermark
            async with self._advanced:
                self._advanced.notify_all()


async def feed_subject(connection: AsyncConnection) -> str:
    """Name what the replicas on this database hear."""
    return await feed.subject("stock", (await connection.get_raw_connection()).driver_connection)


async def _policies(connection: AsyncConnection) -> dict[str, DisplayPolicy]:
    return {each.channel: each for each in await offers.policies(connection)}


def confidence(standing: Standing, now: datetime, half_life: timedelta) -> float:
    """How sure a count is: halves with each `half_life` since it was last confirmed."""
    age = max(timedelta(0), now - standing.confirm_time)
    return float(0.5 ** (age / half_life))
