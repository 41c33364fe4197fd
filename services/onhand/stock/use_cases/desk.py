"""What staff do to reservations that are there: find them, move them, give many back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import NotFound, UnknownLocation, WrongState
from onhand.stock import events
from onhand.stock.domain import reservations as domain
from onhand.stock.domain.books import Books
from onhand.stock.domain.claims import Claim, within_limits
from onhand.stock.domain.model import Bucket, Cell, CellKey, Reservation, ReservationState
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.storage import reservations as rows
from onhand.stock.use_cases.claims import held_already
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.reservations import Reservations


@dataclass(frozen=True, slots=True)
class Move:
    """Units of a reservation that are to be held elsewhere."""

    reservation_id: UUID
    from_location_id: str
    to_location_id: str
    items: Sequence[tuple[str, int]]
    """Empty: all that is left there. An item that is named twice is added up."""
    allow_partial: bool
    ignore_safety_stock: bool


@dataclass(frozen=True, slots=True)
class _Arrival:
    """The units of a move, as a request for them at the other location."""

    claim: Claim
    lines: Sequence[tuple[CellKey, int]]
    ignore_safety_stock: bool


class Desk:
    def __init__(self, deps: Deps, reservations: Reservations) -> None:
        self._deps = deps
        self._reservations = reservations

    async def list_page(
        self, wanted: rows.Filter, before: tuple[datetime, UUID] | None, count: int
    ) -> list[Reservation]:
        """Return reservations, latest first, as they are now."""
        now = self._deps.clock.now()
        return await self._deps.database.read(lambda c: rows.list_page(c, wanted, now, before, count))

    async def transfer(self, connection: AsyncConnection, move: Move, actor: str) -> Reservation:
        """Hold units at another location instead, in this one transaction.

        Raises NotFound, UnknownLocation, WrongState, InsufficientStock, HoldLimitReached.
        """
        now = self._deps.clock.now()
        known = await rows.read(connection, [move.reservation_id])
        if not known:
            raise NotFound("reservation", str(move.reservation_id))
        if not await catalog.known_locations(connection, [move.to_location_id]):
            raise UnknownLocation(move.to_location_id)
        asked = _asked(move, known[0])
        arriving = [CellKey(move.to_location_id, item_id) for item_id in asked]
        keys = {line.key for line in known[0].lines} | set(arriving)
        books = self._books(await storage.lock_cells(connection, keys, now), str(move.reservation_id), actor)
        claim = Claim(known[0].channel, known[0].customer_id, known[0].order_id)
        arrival = _Arrival(claim, [(key, asked[key.item_id]) for key in arriving], move.ignore_safety_stock)
        held = await held_already(connection, books, [arrival], now)
        ended = await self._reservations.give_back_expired(connection, books, [arrival], now)
        (reservation,) = await rows.lock(connection, [move.reservation_id])
        domain.require(reservation, now, "move it", ReservationState.HELD, ReservationState.COMMITTED)
        lines = within_limits(
            books.cells, held, claim, arrival.lines, allow_partial=move.allow_partial, moved=True
        )
        domain.transfer(
            books,
            reservation,
            [(CellKey(move.from_location_id, key.item_id), key, quantity) for key, quantity in lines],
            allow_partial=move.allow_partial,
            ignore_safety_stock=move.ignore_safety_stock,
        )
        _tell_cells(books, reservation)
        await rows.save_quantities(connection, reservation)
        await rows.save(connection, [reservation])
        await storage.save(connection, books)
        changed = events.of_books(books, self._deps.clock, [*ended, reservation])
        reservation.revision = await outbox.add(connection, changed)
        return reservation

    async def release_many(
        self,
        connection: AsyncConnection,
        wanted: rows.Filter,
        count: int,
        actor: str,
        may: Callable[[Reservation], bool],
        *,
        only_tell: bool,
    ) -> tuple[list[Reservation], bool]:
        """Give back held reservations that match, oldest first; returns them, and whether there may be more.

        `may` says whether the caller may release one; what he may not is left alone.
        """
        now = self._deps.clock.now()
        ids = await rows.oldest_held(connection, wanted, now, count + 1)
        known = [each for each in await rows.read(connection, ids[:count]) if may(each)]
        if only_tell or not known:
            return _oldest_first(known), len(ids) > count
        keys = {line.key for each in known for line in each.lines}
        books = self._books(await storage.lock_cells(connection, keys, now), "", actor)
        released = []
        for each in await rows.lock(connection, [each.reservation_id for each in known]):
            if domain.state_at(each, now) is ReservationState.HELD:
                left = [(line.key, line.open, Bucket.SELLABLE) for line in each.lines if line.open]
                domain.release(books, each, left, now)
                released.append(each)
        for each in released:
            _tell_cells(books, each)
        if released:
            await rows.save(connection, released)
            await storage.save(connection, books)
            revision = await outbox.add(connection, events.of_books(books, self._deps.clock, released))
            for each in released:
                each.revision = revision
        return _oldest_first(released), len(ids) > count

    def _books(self, cells: list[Cell], document: str, actor: str) -> Books:
        clock = self._deps.clock
        return Books(cells, [], actor=actor, document=document, occur_time=clock.now(), new_id=clock.uuid)


def _tell_cells(books: Books, reservation: Reservation) -> None:
    """Say in each line of which version its cell is after the change."""
    for line in reservation.lines:
        line.cell_version = books.cells[line.key].version + (line.key in books.changed_cells)


def _oldest_first(reservations: list[Reservation]) -> list[Reservation]:
    return sorted(reservations, key=lambda each: (each.create_time, each.reservation_id))


def _asked(move: Move, reservation: Reservation) -> dict[str, int]:
    """Return the units to move by item. Raises WrongState when there is nothing of it where it should be."""
    asked: dict[str, int] = {}
    for item_id, quantity in move.items:
        asked[item_id] = asked.get(item_id, 0) + quantity
    if not asked:
        asked = {
            line.key.item_id: line.open
            for line in reservation.lines
            if line.open and line.key.location_id == move.from_location_id
        }
    if not asked:
        state = f"without open units at {move.from_location_id}"
        raise WrongState("reservation", str(reservation.reservation_id), state, "move it")
    return asked
