"""What a reservation does to the cells that it holds, from hold to its end."""

from collections.abc import Sequence
from datetime import datetime

from onhand.kit.errors import InsufficientStock, WrongState
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Bucket, CellKey, Reason, Reservation, ReservationLine, ReservationState


def hold(
    books: Books,
    lines: Sequence[tuple[CellKey, int]],
    *,
    channel: str = "",
    allow_partial: bool,
    ignore_safety_stock: bool,
) -> list[ReservationLine]:
    """Hold units of several cells: all of them, or what there is when `allow_partial`.

    `lines` name each cell once. Raises InsufficientStock for the first line that is short.
    """
    held = []
    for key, quantity in lines:
        cell = books.cells[key]
        free = max(0, cell.unpromised) if ignore_safety_stock else cell.available_to(channel)
        if free < quantity and not (allow_partial and free > 0):
            if allow_partial:
                continue
            raise InsufficientStock(key.item_id, key.location_id, quantity, free)
        held.append(ReservationLine(key, min(quantity, free)))
    if not held:
        key, quantity = lines[0]
        raise InsufficientStock(key.item_id, key.location_id, quantity, 0)
    for line in held:
        # shortfall stays as it is: the CHECK of the balance refuses what should never get here.
        books.cells[line.key].reserved += line.quantity
        books.changed_cells.add(line.key)
    return held


def extend(reservation: Reservation, expire_time: datetime, now: datetime) -> None:
    """A hold lasts until another time."""
    require(reservation, now, "extend it", ReservationState.HELD)
    reservation.expire_time = expire_time


def commit(books: Books, reservation: Reservation, order_id: str, now: datetime) -> None:
    """A held reservation becomes an order's."""
    require(reservation, now, "commit it", ReservationState.HELD)
    for line in reservation.lines:
        books.cells[line.key].reserved -= line.open
        books.cells[line.key].committed += line.open
        books.changed_cells.add(line.key)
    reservation.state = ReservationState.COMMITTED
    reservation.order_id = order_id
    reservation.expire_time = None


def release(
    books: Books, reservation: Reservation, lines: Sequence[tuple[CellKey, int, Bucket]], now: datetime
) -> None:
    """Give units back; to missing or damaged when they could not be picked."""
    require(reservation, now, "release it", ReservationState.HELD, ReservationState.COMMITTED)
    for key, quantity, to_bucket in lines:
        line = _open_line(reservation, key, quantity, "release")
        known_gone = min(quantity, books.cells[key].shortfall)
        _unpromise(books, reservation, line, quantity)
        line.released += quantity
        if to_bucket is Bucket.DAMAGED:
            books.move(key, Bucket.SELLABLE, to_bucket, quantity, Reason.DAMAGED)
        elif to_bucket is Bucket.MISSING and quantity > known_gone:
            # What a till has sold from under the reservation is not missing as well.
            books.move(key, Bucket.SELLABLE, to_bucket, quantity - known_gone, Reason.NOT_FOUND)
    _end(reservation, ReservationState.RELEASED)


def transfer(
    books: Books,
    reservation: Reservation,
    lines: Sequence[tuple[CellKey, CellKey, int]],
    *,
    allow_partial: bool,
    ignore_safety_stock: bool,
) -> None:
    """Hold units of a live reservation elsewhere instead: all of them, or what there is when `allow_partial`.

    `lines` say from which cell to which, each at most once. What leaves a cell counts as released there. Raises
    InsufficientStock for the first line that is short, and when nothing can be moved.
    """
    moved = []
    for from_key, to_key, quantity in lines:
        line = _open_line(reservation, from_key, quantity, "move")
        cell = books.cells[to_key]
        free = max(0, cell.unpromised) if ignore_safety_stock else cell.available_to(reservation.channel)
        if free < quantity and not allow_partial:
            raise InsufficientStock(to_key.item_id, to_key.location_id, quantity, free)
        if units := min(quantity, free):
            moved.append((line, to_key, units))
    if not moved:
        _, key, quantity = lines[0]
        raise InsufficientStock(key.item_id, key.location_id, quantity, 0)
    for line, to_key, units in moved:
        _unpromise(books, reservation, line, units)
        line.released += units
        cell = books.cells[to_key]
        if reservation.state is ReservationState.COMMITTED:
            cell.committed += units
        else:
            cell.reserved += units
        books.changed_cells.add(to_key)
        there = next((each for each in reservation.lines if each.key == to_key), None)
        if there is None:
            reservation.lines.append(ReservationLine(to_key, units))
        else:
            # What comes back to where it was is as if it had not left.
            back = min(units, there.released)
            there.released -= back
            there.quantity += units - back


def fulfil(
    books: Books,
    reservation: Reservation,
    lines: Sequence[tuple[CellKey, int, Sequence[bytes]]],
    reason: Reason,
    now: datetime,
) -> None:
    """Reserved goods left: those with a known tag by their tag, the others by quantity."""
    require(reservation, now, "fulfil it", ReservationState.HELD, ReservationState.COMMITTED)
    for key, quantity, epcs in lines:
        line = _open_line(reservation, key, quantity, "fulfil")
        _unpromise(books, reservation, line, quantity)
        line.fulfilled += quantity
        for epc in epcs:
            books.take_out(books.tags[key.location_id, epc], key.item_id, reason, books.occur_time)
        if untagged := quantity - len(epcs):
            books.move(key, Bucket.SELLABLE, Bucket.CUSTOMER, untagged, reason)
    _end(reservation, ReservationState.FULFILLED)


def expire(books: Books, reservation: Reservation) -> None:
    """A hold ran out. Gives back the lines whose cells are loaded; the sweep comes for the others."""
    for line in reservation.lines:
        if line.open and line.key in books.cells:
            _unpromise(books, reservation, line, line.open)
            line.released = line.quantity - line.fulfilled
    if reservation.state is not ReservationState.BUMPED:
        reservation.state = ReservationState.EXPIRED
    if not any(line.open for line in reservation.lines):
        reservation.expire_time = None


def bump(books: Books, reservation: Reservation, now: datetime) -> None:
    """A basket gives way to an order: it ends now, as if it had run out."""
    require(reservation, now, "bump it", ReservationState.HELD)
    reservation.state, reservation.expire_time = ReservationState.BUMPED, now
    expire(books, reservation)


def _open_line(reservation: Reservation, key: CellKey, quantity: int, action: str) -> ReservationLine:
    for line in reservation.lines:
        if line.key == key and line.open >= quantity:
            return line
    state = f"without {quantity} open units of {key.item_id} at {key.location_id}"
    raise WrongState("reservation", str(reservation.reservation_id), state, action)


def _unpromise(books: Books, reservation: Reservation, line: ReservationLine, quantity: int) -> None:
    cell = books.cells[line.key]
    if reservation.state is ReservationState.COMMITTED:
        cell.committed -= quantity
    else:
        cell.reserved -= quantity
    books.settle(cell)


def _end(reservation: Reservation, state: ReservationState) -> None:
    """End a reservation that holds nothing any more: fulfilled when anything left."""
    if any(line.open for line in reservation.lines):
        return
    fulfilled = any(line.fulfilled for line in reservation.lines)
    reservation.state = ReservationState.FULFILLED if fulfilled else state
    reservation.expire_time = None


def state_at(reservation: Reservation, now: datetime) -> ReservationState:
    """The state as a reader must see it: a hold ends at its expire_time, whenever it is swept."""
    if (
        reservation.state is ReservationState.HELD
        and reservation.expire_time
        and reservation.expire_time <= now
    ):
        return ReservationState.EXPIRED
    return reservation.state


def require(reservation: Reservation, now: datetime, action: str, *states: ReservationState) -> None:
    """Raise WrongState unless the reservation is in one of `states`."""
    state = state_at(reservation, now)
    if state not in states:
        raise WrongState("reservation", str(reservation.reservation_id), state.name, action)
