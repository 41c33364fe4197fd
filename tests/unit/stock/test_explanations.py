"""Terms, and what movements do to them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.kit.errors import InsufficientStock
from onhand.stock.domain.books import Books
from onhand.stock.domain.explanations import (
    Policy,
    Step,
    Tally,
    TermKind,
    movement_effects,
    terms,
    undo,
)
from onhand.stock.domain.model import INSIDE, Bucket, Cell, CellKey, Product, Reason
from onhand.stock.domain.quantities import Outcome, Quantity, Stocktaking, settle

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = CellKey("s1", "i1")
NOTHING = Tally({}, 0, {}, 0, 0)


def cell(safety_stock: int = 0, reserved: int = 0, committed: int = 0, **buckets: int) -> Cell:
    held = {each: buckets.get(each.name.lower(), 0) for each in INSIDE}
    return Cell(KEY, held, reserved, committed, 0, 0, NOW - timedelta(days=9), safety_stock)


@given(
    sellable=st.integers(-20, 50),
    others=st.lists(st.integers(0, 9), min_size=5, max_size=5),
    promised=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    safety_stock=st.integers(0, 10),
)
def test_terms_add_up_to_what_is_available(
    sellable: int, others: list[int], promised: tuple[int, int], safety_stock: int
) -> None:
    names = ("damaged", "quality_control", "quarantined", "missing", "in_transit")
    explained = cell(safety_stock, *promised, sellable=sellable, **dict(zip(names, others, strict=True)))
    found = terms(explained, [Policy("location", safety_stock)], NOTHING)
    assert sum(each.quantity for each in found) == explained.available
    (short,) = [each for each in found if each.kind is TermKind.SHORT]
    assert (short.quantity > 0) == (explained.unpromised < safety_stock)


@given(st.lists(st.tuples(st.sampled_from(Bucket), st.sampled_from(Bucket), st.integers(1, 9))))
def test_effects_of_movements_add_up_to_what_they_leave(moves: list[tuple[Bucket, Bucket, int]]) -> None:
    explained = cell()
    effects = []
    for from_bucket, to_bucket, quantity in moves:
        for bucket, units in ((from_bucket, -quantity), (to_bucket, quantity)):
            if bucket in INSIDE:
                explained.buckets[bucket] += units
        effects += movement_effects(from_bucket, to_bucket, quantity)
    for term in terms(explained, [], NOTHING):
        if term.kind in (TermKind.ON_HAND, TermKind.UNAVAILABLE):
            behind = [each for each in effects if (each.kind, each.bucket) == (term.kind, term.bucket)]
            assert sum(each.quantity for each in behind) == term.quantity


def test_what_was_archived_is_told_with_the_sign_of_its_term() -> None:
    tally = Tally({}, 0, {Bucket.SELLABLE: 4, Bucket.DAMAGED: 3, Bucket.SUPPLIER: -7}, 0, 0)
    told = {(each.kind, each.bucket): each.opening for each in terms(cell(), [], tally)}
    assert told[TermKind.ON_HAND, None] == 7
    assert told[TermKind.UNAVAILABLE, Bucket.DAMAGED] == -3


def test_a_step_is_undone() -> None:
    then = cell(reserved=2, committed=1, sellable=5, damaged=1)
    undo(then, Step(NOW, {Bucket.SELLABLE: 3, Bucket.DAMAGED: -2}, reserved=2, committed=-1))
    assert (then.buckets[Bucket.SELLABLE], then.buckets[Bucket.DAMAGED]) == (2, 3)
    assert (then.reserved, then.committed) == (0, 2)


def settled(
    had: Cell,
    units: int,
    since: dict[Bucket, int],
    bucket: Bucket = Bucket.SELLABLE,
    *,
    counted: bool = False,
) -> tuple[Books, Outcome | InsufficientStock]:
    ids = count(1)
    books = Books([had], (), actor="erp", document="d", occur_time=NOW, new_id=lambda: UUID(int=next(ids)))
    taken = Stocktaking("s1", "d", NOW, counted, "erp")
    return books, settle(books, taken, "i1", Quantity(Product(item_id="i1"), units, bucket), since)


@pytest.mark.parametrize(
    ("has", "since", "counted", "outcome", "left"),
    [
        (10, 0, 10, Outcome("i1", 10, 0), 10),
        (7, -3, 8, Outcome("i1", 10, -2), 5),  # three were sold since: 8 − 3
        (15, 5, 12, Outcome("i1", 10, 2), 17),  # five came since: 12 + 5
        (0, -4, 1, Outcome("i1", 4, -3), -3),  # more was sold than there ever were
    ],
)
def test_what_happened_since_stays_on_top(
    has: int, since: int, counted: int, outcome: Outcome, left: int
) -> None:
    books, told = settled(cell(sellable=has), counted, {Bucket.SELLABLE: since})
    assert told == outcome
    assert books.cells[KEY].buckets[Bucket.SELLABLE] == left
    assert [each.reason for each in books.movements] == [Reason.ADJUSTED] * bool(outcome.difference)
    assert all(each.occur_time == NOW for each in books.movements)


def test_what_has_left_a_bucket_cannot_be_taken_out_again() -> None:
    books, told = settled(cell(damaged=1), 2, {Bucket.DAMAGED: -4}, Bucket.DAMAGED)
    assert told == InsufficientStock("i1", "s1", 3, 1)
    assert books.movements == []


def test_only_what_people_counted_confirms() -> None:
    booked, _ = settled(cell(sellable=5), 5, {})
    assert booked.changed_cells == set()
    counted, _ = settled(cell(sellable=5), 5, {}, counted=True)
    assert (counted.changed_cells, counted.cells[KEY].confirm_time) == ({KEY}, NOW)
