"""The view: every cell in memory, fed by the event stream after a snapshot.

The feed is opened before the snapshot is taken, so that nothing falls between the two; an event that the
snapshot has already is recognised by its revision. The relay says with each batch, and every second when
idle, below which revision the stream is complete: that is the view's watermark.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import events_pb2 as pb
from onhand.kit import telemetry
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import LimitReached, ViewBehind
from onhand.kit.events import Broker
from onhand.kit.outbox import WATERMARK_HEADER
from onhand.stock import messages
from onhand.stock.domain.model import (
    INSIDE,
    Cell,
    CellKey,
    Location,
    Reservation,
    ReservationState,
)
from onhand.stock.storage import books, catalog
from onhand.stock.storage import reservations as rows

FETCH = 500
PIECES_KEPT = timedelta(minutes=1)
MAX_PIECES = 200_000
"""Answers kept serialised; protects memory."""
SILENCE_S = 10
"""No sign of the relay for this long: the feed is opened again and the view made anew."""

_ALL_CELLS = text("""
    SELECT b.location_id, b.item_id, b.sellable, b.damaged, b.quality_control, b.quarantined, b.missing,
           b.in_transit, b.reserved, b.committed, b.shortfall, b.unidentified, b.confirm_time,
           b.revision::text AS revision, b.version, l.safety_stock
    FROM balances b JOIN locations l USING (location_id)
""")
_WATERMARK = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_ITEM_IDS = text("SELECT item_id FROM items")


Piece = tuple[bytes, bytes]
"""What the servicer keeps of a cell, serialised: the cell, and what is beside it."""


@dataclass(eq=False)
class Watcher:
    """One reader of changes. A cell that changes twice before it is read is read once, with its last value."""

    item_ids: frozenset[str]
    location_ids: frozenset[str] | None
    """None: all."""
    max_pending: int
    pending: dict[CellKey, None] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    overrun: bool = False

    def wants(self, key: CellKey) -> bool:
        return (not self.item_ids or key.item_id in self.item_ids) and (
            self.location_ids is None or key.location_id in self.location_ids
        )

    def put(self, key: CellKey) -> None:
        if len(self.pending) >= self.max_pending:
            self.overrun = True
        else:
            self.pending[key] = None
        self.changed.set()

    def take(self, count: int) -> list[CellKey]:
        """Take up to `count` changed cells. Raises LimitReached when too many had waited."""
        if self.overrun:
            raise LimitReached(f"{self.max_pending} changed cells that wait for one watcher")
        keys = list(self.pending)[:count]
        for key in keys:
            del self.pending[key]
        if not self.pending:
            self.changed.clear()
        return keys


class View:
    """What one replica knows of all cells, and how fresh that is."""

    def __init__(self, database: Database, broker: Broker, clock: Clock) -> None:
        self._database = database
        self._broker = broker
        self._clock = clock
        self._loaded = asyncio.Event()
        self._advanced = asyncio.Condition()
        self._watchers: set[Watcher] = set()
        self._cells: dict[CellKey, Cell] = {}
        self._holds: dict[UUID, Reservation] = {}
        self._expiries: list[tuple[datetime, UUID]] = []
        self._lapsed: dict[CellKey, int] = {}
        self._holds_lapsed: dict[UUID, Reservation] = {}
        self._pieces: dict[tuple[str, str], Piece] = {}
        self._pieces_made = clock.now()
        self.locations: dict[str, Location] = {}
        self.item_ids: set[str] = set()
        self.watermark = 0
        """Every change below this revision is in the view."""
        self.as_of = clock.now()
        """When the watermark was last heard of."""

    async def loaded(self) -> None:
        """Return once the first snapshot is in."""
        await self._loaded.wait()

    # Reading

    def cell(self, key: CellKey) -> Cell | None:
        """Return a cell as it counts now: a hold stops counting at its expire_time."""
        self._lapse()
        cell = self._cells.get(key)
        if cell is not None and (lapsed := self._lapsed.get(key)):
            return replace(cell, reserved=cell.reserved - lapsed)
        return cell

    def piece(self, location_id: str, item_id: str, make: Callable[[CellKey, Cell | None], Piece]) -> Piece:
        """Return what `make` made of a cell, made anew after each change of it.

        Confidence fades as time goes by, so that nothing made is kept longer than a minute. Call `lapse`
        before: a hold that has run out is a change.
        """
        piece = self._pieces.get((location_id, item_id))
        if piece is None:
            key = CellKey(location_id, item_id)
            piece = self._pieces[location_id, item_id] = make(key, self.cell(key))
        return piece

    def lapse(self) -> None:
        """Let holds stop counting that have run out by now."""
        now = self._clock.now()
        if self._expiries and self._expiries[0][0] <= now:
            self._lapse()
        if now - self._pieces_made > PIECES_KEPT or len(self._pieces) > MAX_PIECES:
            self._pieces.clear()
            self._pieces_made = now

    def keys(self, watcher: Watcher) -> list[CellKey]:
        """Return the cells that a watcher wants, in the order of their keys."""
        if watcher.item_ids and watcher.location_ids is not None:
            asked = (CellKey(loc, item) for loc in watcher.location_ids for item in watcher.item_ids)
            return sorted(key for key in asked if key in self._cells)
        return sorted(key for key in self._cells if watcher.wants(key))

    async def wait_for(self, revision: int, timeout_s: float) -> None:
        """Return once the view has `revision`. Raises ViewBehind when that takes too long."""
        if self.watermark > revision:
            return
        try:
            async with asyncio.timeout(timeout_s), self._advanced:
                await self._advanced.wait_for(lambda: self.watermark > revision)
        except TimeoutError:
            raise ViewBehind(self.watermark) from None

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
            self._watchers.discard(watcher)

    def _lapse(self) -> None:
        now = self._clock.now()
        while self._expiries and self._expiries[0][0] <= now:
            _, reservation_id = heappop(self._expiries)
            hold = self._holds.get(reservation_id)
            if hold is None or hold.expire_time is None or hold.expire_time > now:
                continue  # ended, committed or extended since
            for line in hold.lines:
                self._lapsed[line.key] = self._lapsed.get(line.key, 0) + line.open
                self._tell(line.key)
            del self._holds[reservation_id]
            self._holds_lapsed[reservation_id] = hold

    # Feeding

    async def run(self) -> None:
        """Load the snapshot and follow the stream; returns only to be started again."""
        jetstream = await self._broker.jetstream()
        name = f"view-{self._clock.uuid()}"
        await jetstream.add_consumer(
            "STOCK",
            ConsumerConfig(
                name=name,
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.NEW,
                filter_subject="onhand.stock.>",
                inactive_threshold=60,
                mem_storage=True,
            ),
        )
        feed = await jetstream.pull_subscribe_bind(consumer=name, stream="STOCK")
        try:
            await self._load()
            telemetry.log.info("view loaded", cells=len(self._cells), watermark=self.watermark)
            self._loaded.set()
            heard, delivered = asyncio.get_running_loop().time(), 0
            while asyncio.get_running_loop().time() - heard < SILENCE_S:
                try:
                    batch = await feed.fetch(FETCH, timeout=1)
                except TimeoutError:
                    continue
                heard = asyncio.get_running_loop().time()
                for message in batch:
                    delivered += 1
                    if message.metadata.sequence.consumer != delivered:
                        telemetry.log.warning("the stream has a gap: the view starts again")
                        return
                    await self._apply(message.subject, message.data)
                    if watermark := (message.headers or {}).get(WATERMARK_HEADER):
                        await self._advance(int(watermark))
            telemetry.log.warning("the stream is silent: the view starts again")
        finally:
            await feed.unsubscribe()

    async def _load(self) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            watermark = int((await connection.execute(_WATERMARK)).scalar_one())
            found = [books.cell(row) for row in await connection.execute(_ALL_CELLS)]
            held = await rows.read(connection, await rows.held(connection))
            self.item_ids = set((await connection.execute(_ITEM_IDS)).scalars())
            self.locations = {
                each.location_id: each for each in await catalog.list_locations(connection, "", 10**9)
            }
            self._cells = {each.key: each for each in found}
            self._pieces.clear()
            self._holds, self._holds_lapsed, self._expiries, self._lapsed = {}, {}, [], {}
            for each in held:
                self._hold(each)
            self.watermark = max(self.watermark, watermark)

        await self._database.transaction(work)
        self.as_of = self._clock.now()
        for watcher in self._watchers:
            for key in self.keys(watcher):
                watcher.put(key)

    async def _apply(self, subject: str, data: bytes) -> None:
        match subject.rpartition(".")[2]:
            case "balance_changed":
                event = pb.StockEvent.FromString(data)
                self._apply_balance(event.balance_changed, event.revision)
            case "reservation_changed":
                self._apply_reservation(pb.StockEvent.FromString(data))
            case "catalog_changed":
                await self._apply_catalog(pb.StockEvent.FromString(data).catalog_changed)

    def _apply_balance(self, changed: pb.BalanceChanged, revision: int) -> None:
        key = CellKey(changed.location_id, changed.item_id)
        known = self._cells.get(key)
        if known is not None and known.version >= changed.version:
            return
        location = self.locations.get(key.location_id)
        self._cells[key] = Cell(
            key,
            {bucket: getattr(changed, bucket.name.lower()) for bucket in INSIDE},
            changed.reserved,
            changed.committed,
            0,
            0,
            messages.moment(changed.confirm_time),
            location.safety_stock if location else 0,
            revision,
            changed.version,
        )
        self._tell(key)

    def _apply_reservation(self, event: pb.StockEvent) -> None:
        reservation = messages.to_reservation(event.reservation_changed.reservation, event.revision)
        known = self._holds.get(reservation.reservation_id) or self._holds_lapsed.get(
            reservation.reservation_id
        )
        if known is not None and known.revision >= event.revision:
            return
        lapsed = self._holds_lapsed.pop(reservation.reservation_id, None)
        for line in lapsed.lines if lapsed else ():
            self._lapsed[line.key] -= line.open
            if not self._lapsed[line.key]:
                del self._lapsed[line.key]
        self._holds.pop(reservation.reservation_id, None)
        self._hold(reservation)

    def _hold(self, reservation: Reservation) -> None:
        """Remember a hold until it ends: it may run out before anyone sweeps it."""
        if reservation.expire_time is not None and reservation.state in (
            ReservationState.HELD,
            ReservationState.EXPIRED,
        ):
            self._holds[reservation.reservation_id] = reservation
            heappush(self._expiries, (reservation.expire_time, reservation.reservation_id))

    async def _apply_catalog(self, changed: pb.CatalogChanged) -> None:
        self.item_ids.update(changed.item_ids)
        self._pieces.clear()  # what was unknown may be known now
        if not changed.location_ids:
            return
        ids = list(changed.location_ids)
        for location in await self._database.read(lambda c: catalog.locations(c, ids)):
            self.locations[location.location_id] = location
        for key, cell in self._cells.items():
            if key.location_id in ids:
                cell.safety_stock = self.locations[key.location_id].safety_stock
                self._tell(key)

    def _tell(self, key: CellKey) -> None:
        self._pieces.pop((key.location_id, key.item_id), None)
        for watcher in self._watchers:
            if watcher.wants(key):
                watcher.put(key)

    async def _advance(self, watermark: int) -> None:
        self.as_of = self._clock.now()
        self._lapse()
        if watermark > self.watermark:
            self.watermark = watermark
            async with self._advanced:
                self._advanced.notify_all()


def confidence(cell: Cell, now: datetime, half_life: timedelta) -> float:
    """How sure a count is: halves with each `half_life` since it was last confirmed."""
    age = max(timedelta(0), now - cell.confirm_time)
    return float(0.5 ** (age / half_life))
