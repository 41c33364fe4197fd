"""Reservations: two customers, one unit never happens.

Locks go cells first, then reservations: a hold that ran out is given back by whoever needs its units,
with the lock on their cells already taken.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox, telemetry, trail
from onhand.kit.errors import (
    AlreadyExists,
    InsufficientStock,
    NotFound,
    OnhandError,
    RequestIdReused,
    UnknownItem,
    UnknownLocation,
)
from onhand.stock import events
from onhand.stock.domain import reservations as domain
from onhand.stock.domain.books import Books
from onhand.stock.domain.claims import Claim, Held, gives_way, within_limits
from onhand.stock.domain.model import (
    Bucket,
    CellKey,
    Reason,
    Reservation,
    ReservationState,
    Tag,
    TagState,
)
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.storage import reservations as rows
from onhand.stock.use_cases.claims import Asking, held_already, lock_baskets
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.gather import Gatherer

_decisions = telemetry.meter.create_counter("onhand.reservations", description="Holds asked for, by decision")


@dataclass(frozen=True)
class Hold:
    """What a caller asks to hold. Lines of one cell are added up."""

    reservation_id: UUID
    lines: Sequence[tuple[CellKey, int]]
    hold_s: float
    channel: str
    customer_id: str
    order_id: str
    allow_partial: bool
    ignore_safety_stock: bool
    actor: str
    request: bytes
    """The request as it came, to recognise a repeat."""
    differs: Callable[[bytes], str]
    """Names the fields in which an earlier request differs from this one."""
    calls: tuple[trail.Call, ...] = field(default_factory=trail.acting)

    @property
    def claim(self) -> Claim:
        return Claim(self.channel, self.customer_id, self.order_id)

    def totals(self) -> list[tuple[CellKey, int]]:
        totals: dict[CellKey, int] = {}
        for key, quantity in self.lines:
            totals[key] = totals.get(key, 0) + quantity
        return list(totals.items())


class Reservations:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._gatherer = Gatherer(self._decide, deps.settings.reservation_group)

    async def create(self, hold: Hold) -> Reservation:
        """Hold all lines or none. The same request again gets the same reservation."""
        return await self._gatherer.submit(hold)

    async def _decide(self, group: Sequence[Hold]) -> Sequence[Reservation | Exception]:
        """Decide a group in one transaction, in the order its requests came."""
        try:
            answers = await self._deps.database.transaction(lambda c: self._decide_in(c, group, ()))
        except UniqueViolationError:
            # One of the ids is taken, which is seldom: it is looked for only now.
            answers = await self._deps.database.transaction(lambda c: self._decide_in(c, group, group))
        refused = sum(isinstance(answer, InsufficientStock) for answer in answers)
        if refused:
            _decisions.add(refused, {"decision": "refused"})
        _decisions.add(sum(isinstance(answer, Reservation) for answer in answers), {"decision": "held"})
        return answers

    async def _decide_in(
        self, connection: AsyncConnection, group: Sequence[Hold], suspects: Sequence[Hold]
    ) -> list[Reservation | Exception]:
        """Decide; `suspects` may be repeats of what was held before."""
        now = self._deps.clock.now()
        answers = await _repeated(connection, suspects)
        fresh = {hold.reservation_id: hold for hold in group if hold.reservation_id not in answers}
        keys = sorted({key for hold in fresh.values() for key, _ in hold.lines})
        books = self._books(await storage.lock_existing_cells(connection, keys), [], "", "")
        ruled = any(cell.rules for cell in books.cells.values())
        held = await held_already(connection, books, list(fresh.values()), now) if ruled else Held()
        ended = await self.give_back_expired(connection, books, fresh.values(), now)
        baskets = await lock_baskets(connection, books, list(fresh.values()), now) if ruled else []
        created: dict[UUID, Reservation] = {}
        unknown = await _unknown(connection, [key for key in keys if key not in books.cells])
        # Where orders may take from baskets, none of the group's own is in the way of one.
        for hold in sorted(fresh.values(), key=lambda each: not each.order_id) if baskets else fresh.values():
            try:
                created[hold.reservation_id] = _hold(books, hold, unknown, now, held, baskets)
            except OnhandError as error:
                answers[hold.reservation_id] = error
        bumped = [each for each in baskets if each.state is ReservationState.BUMPED]
        if bumped:
            await rows.save(connection, bumped)
            ended += bumped
        if not suspects:
            # What cannot be held now may have been held before.
            answers |= await _repeated(connection, [each for each in group if each.reservation_id in answers])
        if ended:
            await storage.save(connection, books)
        if books.changed_cells:
            changed = events.of_books(books, self._deps.clock, [*ended, *created.values()])
            revision = await rows.add_holds(
                connection,
                [(each, fresh[each.reservation_id]) for each in created.values()],
                # Once in a transaction: a second update of a row would raise its version twice.
                [] if ended else [books.cells[key] for key in sorted(books.changed_cells)],
                changed,
            )
            for reservation in created.values():
                reservation.revision = revision
        # Of a group, those that got something wrote.
        trail.act_for(call for each in created for call in fresh[each].calls)
        answers |= created
        return [_own(answers[hold.reservation_id], hold, fresh) for hold in group]

    async def give_back_expired(
        self, connection: AsyncConnection, books: Books, asking: Iterable[Asking], now: datetime
    ) -> list[Reservation]:
        """Give back holds that ran out before the sweep came, where their units are wanted."""
        wanted: dict[CellKey, int] = {}
        channels: dict[CellKey, set[str]] = {}
        for request in asking:
            for key, quantity in request.lines:
                wanted[key] = wanted.get(key, 0) + quantity
                channels.setdefault(key, set()).add(request.claim.channel)
        short = [
            key
            for key in wanted
            if (cell := books.cells.get(key)) is not None
            and cell.reserved
            and min(map(cell.available_to, channels[key])) < wanted[key]
        ]
        if not short:
            return []
        ids = await rows.expired_on(connection, short, now)
        expired = [
            each
            for each in await rows.lock(connection, ids)
            if each.expire_time is not None and each.expire_time <= now
        ]
        for each in expired:
            domain.expire(books, each)
        if expired:
            await rows.save(connection, expired)
        return expired

    async def get(self, reservation_id: UUID) -> Reservation:
        return _one(reservation_id, await self._deps.database.read(lambda c: rows.read(c, [reservation_id])))

    async def extend(
        self, connection: AsyncConnection, reservation_id: UUID, hold_s: float, actor: str
    ) -> Reservation:
        """Move the expiry of a held reservation."""
        now = self._deps.clock.now()

        def change(_: Books, reservation: Reservation) -> None:
            domain.extend(reservation, now + timedelta(seconds=hold_s), now)

        return await self._change(connection, reservation_id, actor, change)

    async def commit(
        self, connection: AsyncConnection, reservation_id: UUID, order_id: str, actor: str
    ) -> Reservation:
        """Make a held reservation an order's."""
        now = self._deps.clock.now()

        def change(books: Books, reservation: Reservation) -> None:
            domain.commit(books, reservation, order_id, now)

        return await self._change(connection, reservation_id, actor, change)

    async def release(
        self,
        connection: AsyncConnection,
        reservation_id: UUID,
        lines: Sequence[tuple[CellKey, int, Bucket]],
        actor: str,
    ) -> Reservation:
        """Give units back; all that is left when no line is named."""
        now = self._deps.clock.now()

        def change(books: Books, reservation: Reservation) -> None:
            left = [(line.key, line.open, Bucket.SELLABLE) for line in reservation.lines if line.open]
            domain.release(books, reservation, lines or left, now)

        return await self._change(connection, reservation_id, actor, change)

    async def fulfil(
        self,
        connection: AsyncConnection,
        reservation_id: UUID,
        lines: Sequence[tuple[CellKey, int, Sequence[bytes]]],
        reason: Reason,
        actor: str,
    ) -> Reservation:
        """Reserved goods left; all that is left when no line is named."""
        now = self._deps.clock.now()
        epcs = {(key.location_id, epc) for key, _, each in lines for epc in each}

        def change(books: Books, reservation: Reservation) -> None:
            for location_id, epc in epcs - books.tags.keys():
                books.add_tag(Tag(location_id, epc, None, TagState.PRESENT, now, "", now, now))
            left: list[tuple[CellKey, int, Sequence[bytes]]] = [
                (line.key, line.open, ()) for line in reservation.lines if line.open
            ]
            domain.fulfil(books, reservation, lines or left, reason, now)

        reservation = await self._change(connection, reservation_id, actor, change, epcs)
        self._deps.tracker.forget(epcs)
        return reservation

    async def expire_due(self, count: int) -> int:
        """Give back holds that ran out; returns how many."""

        async def work(connection: AsyncConnection) -> int:
            now = self._deps.clock.now()
            ids = await rows.due(connection, now, count)
            if not ids:
                return 0
            keys = {line.key for each in await rows.read(connection, ids) for line in each.lines}
            books = self._books(await storage.lock_cells(connection, keys, now), [], "", "stock")
            due = [
                each
                for each in await rows.lock(connection, ids)
                if each.expire_time is not None and each.expire_time <= now
            ]
            for each in due:
                domain.expire(books, each)
            if due:
                await rows.save(connection, due)
                await storage.save(connection, books)
                await outbox.add(connection, events.of_books(books, self._deps.clock, due))
            return len(due)

        return await self._deps.database.transaction(work)

    async def _change(
        self,
        connection: AsyncConnection,
        reservation_id: UUID,
        actor: str,
        change: Callable[[Books, Reservation], None],
        tags: set[tuple[str, bytes]] | None = None,
    ) -> Reservation:
        known = _one(reservation_id, await rows.read(connection, [reservation_id]))
        cells = await storage.lock_cells(
            connection, {line.key for line in known.lines}, self._deps.clock.now()
        )
        reservation = _one(reservation_id, await rows.lock(connection, [reservation_id]))
        locked = await storage.lock_tags(connection, tags or ())
        books = self._books(cells, locked, reservation.order_id or str(reservation_id), actor)
        change(books, reservation)
        for line in reservation.lines:
            line.cell_version = books.cells[line.key].version + (line.key in books.changed_cells)
        await rows.save(connection, [reservation])
        await storage.save(connection, books)
        changed = events.of_books(books, self._deps.clock, [reservation])
        reservation.revision = await outbox.add(connection, changed)
        return reservation

    def _books(self, cells: list, tags: list[Tag], document: str, actor: str) -> Books:  # type: ignore[type-arg]
        return Books(
            cells,
            tags,
            actor=actor,
            document=document,
            occur_time=self._deps.clock.now(),
            new_id=self._deps.clock.uuid,
        )


async def _repeated(
    connection: AsyncConnection, group: Sequence[Hold]
) -> dict[UUID, Reservation | Exception]:
    """Answer ids that are taken: by the same request before, or by another one."""
    holds = {hold.reservation_id: hold for hold in group}
    answers: dict[UUID, Reservation | Exception] = {}
    if not holds:
        return {}
    claimed = await rows.claimed(connection, holds)
    known = {each.reservation_id: each for each in await rows.read(connection, claimed)}
    for identity, (actor, request) in claimed.items():
        answers[identity] = _answer_again(holds[identity], actor, request, known[identity])
    return answers


def _answer_again(hold: Hold, actor: str, request: bytes, first: Reservation) -> Reservation | Exception:
    if actor != hold.actor:
        return AlreadyExists("reservation", str(hold.reservation_id))
    if request != hold.request:
        return RequestIdReused(str(hold.reservation_id), "CreateReservation", hold.differs(request))
    # The first answer, whatever became of the reservation since.
    first.state, first.order_id = ReservationState.HELD, hold.order_id
    first.expire_time = first.create_time + timedelta(seconds=hold.hold_s)
    # Lines that came by a move to another location were not in it.
    asked = dict(hold.totals())
    first.lines = sorted(
        (line for line in first.lines if line.key in asked), key=lambda line: list(asked).index(line.key)
    )
    for line in first.lines:
        line.fulfilled = line.released = 0
        line.quantity = min(line.quantity, asked[line.key])
    return first


def _own(answer: Reservation | Exception, hold: Hold, fresh: Mapping[UUID, Hold]) -> Reservation | Exception:
    """Return the answer to `hold`, whose id another request of its own group may have taken."""
    decided = fresh.get(hold.reservation_id)
    if decided is None or decided is hold or isinstance(answer, Exception):
        return answer
    return _answer_again(hold, decided.actor, decided.request, answer)


def _hold(
    books: Books,
    hold: Hold,
    unknown: Mapping[CellKey, OnhandError],
    now: datetime,
    held: Held,
    baskets: Sequence[Reservation],
) -> Reservation:
    totals = hold.totals()
    for key, quantity in totals:
        if key in unknown:
            raise unknown[key]
        if key not in books.cells and not hold.allow_partial:
            raise InsufficientStock(key.item_id, key.location_id, quantity, 0)
    totals = within_limits(books.cells, held, hold.claim, totals, allow_partial=hold.allow_partial)
    asked = [(key, quantity) for key, quantity in totals if key in books.cells] or _nothing(totals)
    if hold.order_id and baskets:
        left = [each for each in baskets if each.state is ReservationState.HELD]
        ignore = hold.ignore_safety_stock
        for each in gives_way(books, hold.claim, asked, left, ignore_safety_stock=ignore):
            domain.bump(books, each, now)
    lines = domain.hold(
        books,
        asked,
        channel=hold.channel,
        allow_partial=hold.allow_partial,
        ignore_safety_stock=hold.ignore_safety_stock,
    )
    held.add(hold.claim, lines)
    return Reservation(
        hold.reservation_id,
        ReservationState.HELD,
        lines,
        hold.channel,
        hold.customer_id,
        hold.order_id,
        now,
        now + timedelta(seconds=hold.hold_s),
    )


def _nothing(totals: Sequence[tuple[CellKey, int]]) -> NoReturn:
    key, quantity = totals[0]
    raise InsufficientStock(key.item_id, key.location_id, quantity, 0)


async def _unknown(connection: AsyncConnection, keys: Sequence[CellKey]) -> dict[CellKey, OnhandError]:
    """Tell which keys, none of which was ever counted, name an item or location that there is not."""
    if not keys:
        return {}
    locations = await catalog.known_locations(connection, {key.location_id for key in keys})
    items = await catalog.known_items(connection, {key.item_id for key in keys})
    failures: dict[CellKey, OnhandError] = {}
    for key in keys:
        if key.location_id not in locations:
            failures[key] = UnknownLocation(key.location_id)
        elif key.item_id not in items:
            failures[key] = UnknownItem(key.item_id)
    return failures


def _one(reservation_id: UUID, found: Sequence[Reservation]) -> Reservation:
    if not found:
        raise NotFound("reservation", str(reservation_id))
    return found[0]
