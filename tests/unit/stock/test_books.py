"""The rules of the books, one by one."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from onhand.kit.errors import InsufficientStock, WrongState
from onhand.stock.domain import reservations
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    INSIDE,
    AlertKind,
    Bucket,
    Cell,
    CellKey,
    Reason,
    Reservation,
    ReservationState,
    Tag,
    TagState,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = CellKey("s1", "i1")


def cell(sellable: int = 0, **fields: int) -> Cell:
    buckets = dict.fromkeys(INSIDE, 0) | {Bucket.SELLABLE: sellable}
    values = {
        "reserved": 0,
        "committed": 0,
        "shortfall": 0,
        "unidentified": sellable,
        "safety_stock": 0,
    } | fields
    return Cell(
        KEY,
        buckets,
        values["reserved"],
        values["committed"],
        values["shortfall"],
        values["unidentified"],
        NOW,
        values["safety_stock"],
    )


def books(*cells: Cell, tags: tuple[Tag, ...] = ()) -> Books:
    ids = count(1)
    return Books(cells, tags, actor="test", document="d", occur_time=NOW, new_id=lambda: UUID(int=next(ids)))


def tag(state: TagState, item_id: str | None = "i1") -> Tag:
    return Tag("s1", b"\x30" * 12, item_id, state, NOW, "floor", NOW, NOW)


def test_a_tag_that_nobody_announced_is_one_unit_more() -> None:
    changed = books(cell(), tags=(tag(TagState.PRESENT, None),))
    changed.enter(changed.tags["s1", b"\x30" * 12], "i1", NOW)
    assert changed.cells[KEY].buckets[Bucket.SELLABLE] == 1
    assert changed.cells[KEY].unidentified == 0
    assert changed.movements[0].reason is Reason.APPEARED


def test_a_tag_of_a_unit_received_by_quantity_is_not_counted_twice() -> None:
    changed = books(cell(5), tags=(tag(TagState.PRESENT, None),))
    changed.enter(changed.tags["s1", b"\x30" * 12], "i1", NOW)
    assert changed.cells[KEY].buckets[Bucket.SELLABLE] == 5
    assert changed.cells[KEY].unidentified == 4
    assert changed.movements == []
    assert len(changed.tag_events) == 1


def test_a_tag_sold_by_bar_code_is_not_counted_twice_when_it_vanishes() -> None:
    present = tag(TagState.PRESENT)
    changed = books(cell(1, unidentified=0), tags=(present,))
    changed.move(KEY, Bucket.SELLABLE, Bucket.CUSTOMER, 1, Reason.SOLD)
    assert changed.cells[KEY].unidentified == -1
    changed.leave(present, Reason.LEFT, NOW)
    assert changed.cells[KEY].buckets == dict.fromkeys(INSIDE, 0)
    assert changed.cells[KEY].unidentified == 0
    assert present.state is TagState.SOLD
    assert not any(alert.kind is AlertKind.EXIT_WITHOUT_SALE for alert in changed.alerts)


def test_a_tag_that_leaves_unsold_is_missing_and_someone_is_told() -> None:
    present = tag(TagState.PRESENT)
    changed = books(cell(1, unidentified=0), tags=(present,))
    changed.leave(present, Reason.LEFT, NOW)
    assert changed.cells[KEY].buckets[Bucket.MISSING] == 1
    assert changed.cells[KEY].on_hand == 1
    assert changed.cells[KEY].available == 0
    assert [alert.kind for alert in changed.alerts] == [AlertKind.EXIT_WITHOUT_SALE]


def test_a_missing_tag_that_was_sold_after_all_leaves_from_missing() -> None:
    lost = tag(TagState.MISSING)
    missing = cell(0)
    missing.buckets[Bucket.MISSING] = 1
    changed = books(missing, tags=(lost,))
    changed.take_out(lost, "i1", Reason.SOLD, NOW)
    assert changed.cells[KEY].buckets == dict.fromkeys(INSIDE, 0)
    assert lost.state is TagState.SOLD


def test_a_missing_tag_whose_unit_was_written_off_is_found_from_shrink() -> None:
    lost = tag(TagState.MISSING)
    changed = books(cell(0), tags=(lost,))
    changed.enter(lost, "i1", NOW)
    assert changed.cells[KEY].buckets[Bucket.SELLABLE] == 1
    assert (changed.movements[0].from_bucket, changed.movements[0].reason) == (Bucket.SHRINK, Reason.FOUND)


def test_a_sold_tag_that_is_sold_again_counts_nothing() -> None:
    gone = tag(TagState.SOLD)
    changed = books(cell(3), tags=(gone,))
    changed.take_out(gone, "i1", Reason.SOLD, NOW)
    assert changed.movements == []


def test_a_sold_tag_that_is_sold_again_had_been_here_until_then() -> None:
    again = books(cell(), tags=(sold := tag(TagState.SOLD),))
    again.take_out(sold, "i1", Reason.SOLD, NOW + timedelta(hours=2))
    assert sold.state_time == NOW + timedelta(hours=2)
    assert again.changed_tags
    assert not again.movements
    again.take_out(sold, "i1", Reason.SOLD, NOW)  # told late
    assert sold.state_time == NOW + timedelta(hours=2)


def test_a_till_may_sell_what_is_promised_and_the_shortfall_says_so() -> None:
    changed = books(cell(1, committed=1))
    changed.move(KEY, Bucket.SELLABLE, Bucket.CUSTOMER, 1, Reason.SOLD)
    assert changed.cells[KEY].shortfall == 1
    assert changed.cells[KEY].available == 0
    assert [alert.kind for alert in changed.alerts] == [AlertKind.SHORTFALL]
    changed.move(KEY, Bucket.SUPPLIER, Bucket.SELLABLE, 2, Reason.RECEIVED)
    assert changed.cells[KEY].shortfall == 0


def test_no_bucket_but_sellable_falls_below_zero() -> None:
    with pytest.raises(InsufficientStock):
        books(cell(5)).move(KEY, Bucket.DAMAGED, Bucket.SELLABLE, 1, Reason.ADJUSTED)


def test_a_hold_is_all_or_nothing_and_keeps_the_safety_stock() -> None:
    changed = books(cell(5, safety_stock=2))
    with pytest.raises(InsufficientStock) as raised:
        reservations.hold(changed, [(KEY, 4)], allow_partial=False, ignore_safety_stock=False)
    assert (raised.value.asked, raised.value.available) == (4, 3)
    assert (
        reservations.hold(changed, [(KEY, 4)], allow_partial=True, ignore_safety_stock=False)[0].quantity == 3
    )
    assert changed.cells[KEY].available == 0
    assert (
        reservations.hold(changed, [(KEY, 2)], allow_partial=False, ignore_safety_stock=True)[0].quantity == 2
    )
    with pytest.raises(InsufficientStock):
        reservations.hold(changed, [(KEY, 1)], allow_partial=True, ignore_safety_stock=True)


def held(changed: Books, quantity: int, state: ReservationState = ReservationState.HELD) -> Reservation:
    lines = reservations.hold(changed, [(KEY, quantity)], allow_partial=False, ignore_safety_stock=False)
    reservation = Reservation(
        UUID(int=9), ReservationState.HELD, lines, "web", "", "", NOW, NOW + timedelta(minutes=15)
    )
    if state is ReservationState.COMMITTED:
        reservations.commit(changed, reservation, "o1", NOW)
    return reservation


def test_a_reservation_is_fulfilled_in_parts_and_ends_with_the_last() -> None:
    changed = books(cell(5))
    reservation = held(changed, 3, ReservationState.COMMITTED)
    reservations.fulfil(changed, reservation, [(KEY, 2, ())], Reason.COLLECTED, NOW)
    assert reservation.state is ReservationState.COMMITTED
    assert changed.cells[KEY].committed == 1
    reservations.release(changed, reservation, [(KEY, 1, Bucket.SELLABLE)], NOW)
    assert reservation.state is ReservationState.FULFILLED
    assert (changed.cells[KEY].committed, changed.cells[KEY].buckets[Bucket.SELLABLE]) == (0, 3)
    with pytest.raises(WrongState):
        reservations.fulfil(changed, reservation, [(KEY, 1, ())], Reason.COLLECTED, NOW)


def test_units_that_could_not_be_picked_are_not_sold_again() -> None:
    changed = books(cell(5))
    reservation = held(changed, 2, ReservationState.COMMITTED)
    reservations.release(changed, reservation, [(KEY, 1, Bucket.MISSING), (KEY, 1, Bucket.DAMAGED)], NOW)
    assert changed.cells[KEY].available == 3
    assert changed.cells[KEY].buckets[Bucket.MISSING] == changed.cells[KEY].buckets[Bucket.DAMAGED] == 1
    assert reservation.state is ReservationState.RELEASED


def test_a_unit_that_a_till_sold_from_under_a_reservation_is_not_written_off_again() -> None:
    changed = books(cell(2))
    reservation = held(changed, 2, ReservationState.COMMITTED)
    changed.move(KEY, Bucket.SELLABLE, Bucket.CUSTOMER, 1, Reason.SOLD)
    reservations.release(changed, reservation, [(KEY, 2, Bucket.MISSING)], NOW)
    assert (changed.cells[KEY].buckets[Bucket.SELLABLE], changed.cells[KEY].buckets[Bucket.MISSING]) == (0, 1)
    assert changed.cells[KEY].shortfall == 0


def test_a_hold_counts_as_expired_at_its_very_expire_time() -> None:
    changed = books(cell(5))
    reservation = held(changed, 2)
    assert reservation.expire_time is not None
    assert reservations.state_at(reservation, reservation.expire_time) is ReservationState.EXPIRED
    with pytest.raises(WrongState):
        reservations.commit(changed, reservation, "o1", reservation.expire_time)
    reservations.expire(changed, reservation)
    assert changed.cells[KEY].available == 5


def test_more_than_a_line_holds_is_neither_released_nor_fulfilled() -> None:
    changed = books(cell(5))
    reservation = held(changed, 2)
    with pytest.raises(WrongState):
        reservations.release(changed, reservation, [(KEY, 3, Bucket.SELLABLE)], NOW)
    with pytest.raises(WrongState):
        reservations.fulfil(changed, reservation, [(KEY, 3, ())], Reason.COLLECTED, NOW)
