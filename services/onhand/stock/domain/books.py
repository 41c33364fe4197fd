"""The heart: what each intention does to cells and tags.

`Books` holds the cells and tags that a use case loaded under lock. Its methods change them and note each
movement, tag event and alert; storage then writes all of it in the same transaction.

Two rules make the books true by construction:

- Every change of a bucket is a movement, so a bucket always equals the sum of its movements.
- `unidentified` = units in the location − tags that count. A quantity that changes without a tag changes
  it, and so does a tag that changes without a quantity. Above 0, units were counted without a tag: the next
  tags to appear are these and count nothing. Below 0, tags were sold by bar code: the next tags to vanish
  are these and count nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from onhand.kit.errors import InsufficientStock, WrongState
from onhand.stock.domain.model import (
    COUNTED,
    INSIDE,
    TAGGABLE,
    Alert,
    AlertKind,
    Bucket,
    Cell,
    CellKey,
    Movement,
    Reason,
    Reservation,
    ReservationLine,
    ReservationState,
    Tag,
    TagEvent,
    TagState,
)

LEAVES_AS = {
    Reason.SOLD: TagState.SOLD,
    Reason.COLLECTED: TagState.SOLD,
    Reason.SHIPPED: TagState.SHIPPED,
}
"""The state of a tag that a document takes out."""
ENTERS_FROM = {
    TagState.MISSING: (Bucket.MISSING, Reason.FOUND),
    TagState.SOLD: (Bucket.CUSTOMER, Reason.RETURNED),
    TagState.SHIPPED: (Bucket.CUSTOMER, Reason.RETURNED),
    TagState.DEPARTED: (Bucket.TRANSFER, Reason.CROSSED),
}
"""Where a tag that reappears comes from, by the state it was in."""


class Books:
    """Cells and tags under lock, and everything done to them in this transaction."""

    def __init__(
        self,
        cells: Iterable[Cell],
        tags: Iterable[Tag],
        *,
        actor: str,
        document: str,
        occur_time: datetime,
        new_id: Callable[[], UUID],
    ) -> None:
        self.cells = {cell.key: cell for cell in cells}
        self.tags = {(tag.location_id, tag.epc): tag for tag in tags}
        self.available_before = {key: cell.available for key, cell in self.cells.items()}
        self.movements: list[Movement] = []
        self.tag_events: list[TagEvent] = []
        self.alerts: list[Alert] = []
        self.changed_cells: set[CellKey] = set()
        self.changed_tags: set[tuple[str, bytes]] = set()
        self.added_tags: set[tuple[str, bytes]] = set()
        self._actor = actor
        self._document = document
        self._occur_time = occur_time
        self._new_id = new_id

    # Quantities

    def move(
        self,
        key: CellKey,
        from_bucket: Bucket,
        to_bucket: Bucket,
        quantity: int,
        reason: Reason,
        *,
        epc: bytes | None = None,
        occur_time: datetime | None = None,
    ) -> UUID:
        """Move units between two buckets of a cell.

        Only sellable may fall below 0: a till sold what the books did not have. Raises InsufficientStock
        when another bucket would.
        """
        cell = self.cells[key]
        if from_bucket in INSIDE:
            held = cell.buckets[from_bucket]
            if from_bucket is not Bucket.SELLABLE and held < quantity:
                raise InsufficientStock(key.item_id, key.location_id, quantity, held)
            cell.buckets[from_bucket] -= quantity
        if to_bucket in INSIDE:
            cell.buckets[to_bucket] += quantity
        cell.unidentified += ((to_bucket in TAGGABLE) - (from_bucket in TAGGABLE)) * quantity
        movement = Movement(
            self._new_id(),
            key,
            from_bucket,
            to_bucket,
            quantity,
            reason,
            occur_time or self._occur_time,
            self._document,
            epc,
            self._actor,
        )
        self.movements.append(movement)
        self._settle(cell)
        return movement.movement_id

    def _settle(self, cell: Cell) -> None:
        """Keep `shortfall` at what is promised and not there."""
        self.changed_cells.add(cell.key)
        shortfall = max(0, -cell.unpromised)
        if shortfall > cell.shortfall:
            self.alerts.append(Alert(AlertKind.SHORTFALL, cell.key, None, shortfall))
        cell.shortfall = shortfall

    # Tags

    def enter(self, tag: Tag, item_id: str, occur_time: datetime, reason: Reason = Reason.APPEARED) -> None:
        """A tag is in the location now and did not count before.

        By reads (`APPEARED`) it may be a unit that was already counted without its tag; by a document
        (`RECEIVED`, `RETURNED`) it is a unit more.
        """
        key = CellKey(tag.location_id, item_id)
        cell = self.cells[key]
        known = ENTERS_FROM.get(tag.state) if tag.item_id is not None else None
        from_bucket, why = known or (Bucket.SUPPLIER, reason)
        if reason is Reason.RETURNED and from_bucket is not Bucket.MISSING:
            from_bucket, why = Bucket.CUSTOMER, reason
        if from_bucket is Bucket.MISSING:
            from_bucket = self._missing_or_shrink(cell)
        movement_id = None
        settles = reason is Reason.APPEARED and cell.unidentified > 0 and why is not Reason.FOUND
        if not settles:
            movement_id = self.move(
                key, from_bucket, Bucket.SELLABLE, 1, why, epc=tag.epc, occur_time=occur_time
            )
        cell.unidentified -= 1
        cell.confirm_time = max(cell.confirm_time, occur_time)
        self.changed_cells.add(key)
        self._change(tag, TagState.PRESENT, occur_time, movement_id, item_id=item_id)

    def leave(self, tag: Tag, reason: Reason, occur_time: datetime) -> None:
        """A tag is no longer in the location.

        Without a document (`VANISHED`, `LEFT`) it may be a unit that was sold by bar code: then it settles
        that debt. With one (`SOLD`, `COLLECTED`, `SHIPPED`) it is a unit less. A tag that had left already
        counts nothing again.
        """
        if tag.item_id is None or tag.state not in COUNTED | {TagState.MISSING}:
            return
        key = CellKey(tag.location_id, tag.item_id)
        cell = self.cells[key]
        if reason in LEAVES_AS:
            to_bucket, state = Bucket.CUSTOMER, LEAVES_AS[reason]
        elif reason is Reason.CROSSED:
            to_bucket, state = Bucket.TRANSFER, TagState.DEPARTED
        else:
            to_bucket, state = Bucket.MISSING, TagState.MISSING
        movement_id = None
        if tag.state is TagState.MISSING:
            if state is not TagState.MISSING:
                source = self._missing_or_shrink(cell)
                movement_id = self.move(key, source, to_bucket, 1, reason, epc=tag.epc, occur_time=occur_time)
                self._change(tag, state, occur_time, movement_id)
            return
        if cell.unidentified < 0 and to_bucket is Bucket.MISSING:
            state = TagState.SOLD
        else:
            movement_id = self.move(
                key, Bucket.SELLABLE, to_bucket, 1, reason, epc=tag.epc, occur_time=occur_time
            )
            if reason is Reason.LEFT:
                self.alerts.append(Alert(AlertKind.EXIT_WITHOUT_SALE, key, tag.epc, 1))
        cell.unidentified += 1
        self.changed_cells.add(key)
        self._change(tag, state, occur_time, movement_id)

    @staticmethod
    def _missing_or_shrink(cell: Cell) -> Bucket:
        """Where the unit of a missing tag is now: people may have written it off by quantity."""
        return Bucket.MISSING if cell.buckets[Bucket.MISSING] else Bucket.SHRINK

    def take_out(self, tag: Tag, item_id: str, reason: Reason, occur_time: datetime) -> None:
        """A document takes out one tag, which need not have been read here before."""
        if tag.item_id is None or tag.state is TagState.DEPARTED:
            # It was here unseen: as a counted unit without a tag, or as one that nobody counted.
            self.enter(tag, item_id, occur_time)
        self.leave(tag, reason, occur_time)

    def doubt(self, tag: Tag, occur_time: datetime) -> None:
        """A tag was not seen for a while; it still counts."""
        self._change(tag, TagState.UNCONFIRMED, occur_time, None)

    def sight(self, tag: Tag, zone_id: str, read_time: datetime, rssi_cdbm: int) -> None:
        """A tag was seen where it is, or in another zone of its location."""
        moved = tag.zone_id != zone_id
        zone_before, tag.zone_id = tag.zone_id, zone_id
        tag.last_seen_time = max(tag.last_seen_time, read_time)
        tag.rssi_cdbm = rssi_cdbm
        self.changed_tags.add((tag.location_id, tag.epc))
        if tag.state is TagState.UNCONFIRMED:
            self._change(tag, TagState.PRESENT, read_time, None, zone_before=zone_before)
        elif moved:
            self._change(tag, tag.state, read_time, None, zone_before=zone_before)

    def add_tag(self, tag: Tag) -> Tag:
        """Keep a tag that the location had not known."""
        self.tags[tag.location_id, tag.epc] = tag
        self.changed_tags.add((tag.location_id, tag.epc))
        self.added_tags.add((tag.location_id, tag.epc))
        return tag

    def pass_exit(self, tag: Tag, exit_time: datetime) -> None:
        """A tag was seen at an exit; whether it left is decided later."""
        tag.exit_time = exit_time
        self.changed_tags.add((tag.location_id, tag.epc))

    def clear_exit(self, tag: Tag) -> None:
        """It is decided whether a tag left by the exit where it was seen."""
        tag.exit_time = None
        self.changed_tags.add((tag.location_id, tag.epc))

    def entered_tags(self) -> set[tuple[str, bytes]]:
        """Tags that were seen here for the first time, or again after they did not count."""
        entered = {
            (each.tag.location_id, each.tag.epc)
            for each in self.tag_events
            if each.tag.state is TagState.PRESENT
            and (each.state_before not in COUNTED or not each.zone_before)
        }
        return entered | self.added_tags

    def _change(
        self,
        tag: Tag,
        state: TagState,
        occur_time: datetime,
        movement_id: UUID | None,
        *,
        item_id: str | None = None,
        zone_before: str | None = None,
    ) -> None:
        before = tag.state if tag.item_id is not None else None
        if state is not before:
            tag.state_time = occur_time
        tag.state = state
        tag.item_id = item_id or tag.item_id
        self.changed_tags.add((tag.location_id, tag.epc))
        zone = tag.zone_id if zone_before is None else zone_before
        self.tag_events.append(TagEvent(replace(tag), before, zone, occur_time, movement_id))

    # Reservations

    def hold(
        self,
        lines: Sequence[tuple[CellKey, int]],
        *,
        allow_partial: bool,
        ignore_safety_stock: bool,
    ) -> list[ReservationLine]:
        """Hold units of several cells: all of them, or what there is when `allow_partial`.

        `lines` name each cell once. Raises InsufficientStock for the first line that is short.
        """
        held = []
        for key, quantity in lines:
            cell = self.cells[key]
            free = max(0, cell.unpromised) if ignore_safety_stock else cell.available
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
            self.cells[line.key].reserved += line.quantity
            self.changed_cells.add(line.key)
        return held

    def extend(self, reservation: Reservation, expire_time: datetime, now: datetime) -> None:
        """A hold lasts until another time."""
        require(reservation, now, "extend it", ReservationState.HELD)
        reservation.expire_time = expire_time

    def commit(self, reservation: Reservation, order_id: str, now: datetime) -> None:
        """A held reservation becomes an order's."""
        require(reservation, now, "commit it", ReservationState.HELD)
        for line in reservation.lines:
            self.cells[line.key].reserved -= line.open
            self.cells[line.key].committed += line.open
            self.changed_cells.add(line.key)
        reservation.state = ReservationState.COMMITTED
        reservation.order_id = order_id
        reservation.expire_time = None

    def release(
        self, reservation: Reservation, lines: Sequence[tuple[CellKey, int, Bucket]], now: datetime
    ) -> None:
        """Give units back; to missing or damaged when they could not be picked."""
        require(reservation, now, "release it", ReservationState.HELD, ReservationState.COMMITTED)
        for key, quantity, to_bucket in lines:
            line = self._open_line(reservation, key, quantity, "release")
            self._unpromise(reservation, line, quantity)
            line.released += quantity
            if to_bucket is not Bucket.SELLABLE:
                reason = Reason.DAMAGED if to_bucket is Bucket.DAMAGED else Reason.NOT_FOUND
                self.move(key, Bucket.SELLABLE, to_bucket, quantity, reason)
        self._end(reservation, ReservationState.RELEASED)

    def fulfil(
        self,
        reservation: Reservation,
        lines: Sequence[tuple[CellKey, int, Sequence[bytes]]],
        reason: Reason,
        now: datetime,
    ) -> None:
        """Reserved goods left: those with a known tag by their tag, the others by quantity."""
        require(reservation, now, "fulfil it", ReservationState.HELD, ReservationState.COMMITTED)
        for key, quantity, epcs in lines:
            line = self._open_line(reservation, key, quantity, "fulfil")
            self._unpromise(reservation, line, quantity)
            line.fulfilled += quantity
            for epc in epcs:
                self.take_out(self.tags[key.location_id, epc], key.item_id, reason, self._occur_time)
            if untagged := quantity - len(epcs):
                self.move(key, Bucket.SELLABLE, Bucket.CUSTOMER, untagged, reason)
        self._end(reservation, ReservationState.FULFILLED)

    def expire(self, reservation: Reservation) -> None:
        """A hold ran out. Gives back the lines whose cells are loaded; the sweep comes for the others."""
        for line in reservation.lines:
            if line.open and line.key in self.cells:
                self._unpromise(reservation, line, line.open)
                line.released = line.quantity - line.fulfilled
        reservation.state = ReservationState.EXPIRED
        if not any(line.open for line in reservation.lines):
            reservation.expire_time = None

    def _open_line(
        self, reservation: Reservation, key: CellKey, quantity: int, action: str
    ) -> ReservationLine:
        for line in reservation.lines:
            if line.key == key and line.open >= quantity:
                return line
        state = f"without {quantity} open units of {key.item_id} at {key.location_id}"
        raise WrongState("reservation", str(reservation.reservation_id), state, action)

    def _unpromise(self, reservation: Reservation, line: ReservationLine, quantity: int) -> None:
        cell = self.cells[line.key]
        if reservation.state is ReservationState.COMMITTED:
            cell.committed -= quantity
        else:
            cell.reserved -= quantity
        self._settle(cell)

    def _end(self, reservation: Reservation, state: ReservationState) -> None:
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
