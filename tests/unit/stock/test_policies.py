"""What policies say, of which cell, and who gives way to whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.kit.errors import HoldLimitReached, InsufficientStock
from onhand.stock.domain import reservations
from onhand.stock.domain.books import Books
from onhand.stock.domain.claims import Claim, Held, gives_way, within_limits
from onhand.stock.domain.model import (
    INSIDE,
    Bucket,
    Cell,
    CellKey,
    Reservation,
    ReservationLine,
    ReservationState,
    Standing,
)
from onhand.stock.domain.policies import Rule, Rulebook, Scope, Terms, explain

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = CellKey("s1", "i1")
WEB = Claim("web", "ann", "")
ORDER = Claim("web", "ann", "o1")


def cell(sellable: int, *rules: Rule, reserved: int = 0, key: CellKey = KEY) -> Cell:
    buckets = dict.fromkeys(INSIDE, 0) | {Bucket.SELLABLE: sellable}
    return Cell(key, buckets, reserved, 0, 0, 0, NOW, 1, rules=rules)


def books(*cells: Cell) -> Books:
    return Books(cells, [], actor="test", document="d", occur_time=NOW, new_id=lambda: UUID(int=1))


def basket(number: int, *lines: tuple[CellKey, int]) -> Reservation:
    return Reservation(
        UUID(int=number),
        ReservationState.HELD,
        [ReservationLine(key, quantity) for key, quantity in lines],
        "web",
        "",
        "",
        NOW + timedelta(seconds=number),
        NOW + timedelta(hours=1),
    )


SCOPES = [
    Scope(),
    Scope(channel="web"),
    Scope(location_id="s1"),
    Scope(location_id="s1", channel="web"),
    Scope(item_class="shoes"),
    Scope(item_class="shoes", channel="web"),
    Scope(item_class="shoes", location_id="s1"),
    Scope(item_class="shoes", location_id="s1", channel="web"),
    Scope(item_id="i1"),
    Scope(item_id="i1", channel="web"),
    Scope(item_id="i1", location_id="s1"),
    Scope(item_id="i1", location_id="s1", channel="web"),
]
"""Least specific first, as the contract says: channel, location, class, item."""


@given(st.sets(st.sampled_from(range(len(SCOPES))), min_size=1))
def test_the_most_specific_rule_gives_each_term_whatever_order_they_come_in(chosen: set[int]) -> None:
    rules = [Rule(SCOPES[each], safety_stock=each) for each in chosen]
    value, rule = explain(rules, "web", 99)["safety_stock"]
    assert value == max(chosen)
    assert rule == Rule(SCOPES[max(chosen)], safety_stock=max(chosen))


def test_a_term_that_a_rule_does_not_say_comes_from_the_next_one_and_in_the_end_from_the_location() -> None:
    general, special = Rule(Scope(), out_quantity=2), Rule(Scope(item_id="i1"), customer_limit=0)
    found = explain([special, general], "", 7)
    assert found["out_quantity"] == (2, general)
    assert found["customer_limit"] == (0, special)
    assert found["channel_limit"] == (None, None)
    assert found["safety_stock"] == (7, None)


def test_a_rule_of_another_channel_says_nothing() -> None:
    rules = [Rule(Scope(channel="web"), safety_stock=5)]
    assert cell(9, *rules).available_to("web") == 4
    assert cell(9, *rules).available_to("till") == cell(9, *rules).available == 8


def test_a_rulebook_finds_by_item_class_and_place_what_the_order_of_scopes_says() -> None:
    rules = [Rule(each, safety_stock=index) for index, each in enumerate(SCOPES)]
    found = Rulebook(rules, {"i1": "shoes"})
    assert sorted(each.safety_stock or 0 for each in found.of("s1", "i1")) == list(range(12))
    assert sorted(each.safety_stock or 0 for each in found.of("s2", "i1")) == [0, 1, 4, 5, 8, 9]
    assert sorted(each.safety_stock or 0 for each in found.of("s1", "i2")) == [0, 1, 2, 3]
    assert found.reclass(["i1", "i2"], {"i2": "shoes"}) == ["i1", "i2"]
    assert sorted(each.safety_stock or 0 for each in found.of("s2", "i1")) == [0, 1, 8, 9]


@pytest.mark.parametrize(
    ("terms", "sellable", "kept"),
    [
        (Terms(safety_stock=3), 10, 3),
        (Terms(kept_percent=25), 10, 3),  # rounded up
        (Terms(safety_stock=2, kept_percent=50), 10, 5),  # the greater, not the sum
        (Terms(safety_stock=2, kept_percent=50), 1, 2),
        (Terms(kept_percent=50), -4, 0),  # oversold by a till
        (Terms(kept_percent=100), 7, 7),
    ],
)
def test_kept_is_the_safety_stock_or_the_share_whichever_is_more(
    terms: Terms, sellable: int, kept: int
) -> None:
    assert terms.kept(sellable) == kept


@given(
    st.integers(-3, 20),
    st.integers(0, 20),
    st.integers(0, 9),
    st.integers(0, 100),
    st.integers(0, 5),
)
def test_the_view_and_the_books_offer_the_same(
    sellable: int, reserved: int, safety: int, percent: int, out: int
) -> None:
    rule = Rule(Scope(channel="web"), safety_stock=safety, kept_percent=percent, out_quantity=out)
    one = cell(sellable, rule, reserved=reserved)
    standing = Standing.of(one, "web")
    assert standing.available == one.available_to("web")
    assert standing.available == 0 or standing.available > out
    assert standing.available <= max(0, sellable - reserved)


def test_at_or_below_the_threshold_nothing_is_offered_and_above_it_all() -> None:
    rule = Rule(Scope(), safety_stock=0, out_quantity=2)
    assert [cell(units, rule).available for units in (2, 3)] == [0, 3]


# Limits


def test_a_customers_baskets_and_orders_count_together_over_all_locations() -> None:
    rule = Rule(Scope(item_id="i1"), customer_limit=3)
    other = CellKey("s2", "i1")
    cells = {KEY: cell(9, rule), other: cell(9, rule, key=other)}
    held = Held({("ann", "i1"): {"": 1, "o7": 1}})
    assert within_limits(cells, held, WEB, [(KEY, 1)], allow_partial=False) == [(KEY, 1)]
    with pytest.raises(HoldLimitReached) as raised:
        within_limits(cells, held, WEB, [(KEY, 1), (other, 1)], allow_partial=False)
    error = raised.value
    assert (error.limit, error.holder, error.item_id, error.location_id) == (
        "customer_limit",
        "ann",
        "i1",
        "",
    )
    assert (error.asked, error.held, error.most) == (1, 3, 3)
    assert within_limits(cells, held, WEB, [(KEY, 5)], allow_partial=True) == [(KEY, 1)]
    assert within_limits(cells, held, Claim("web", "", ""), [(KEY, 5)], allow_partial=False) == [(KEY, 5)]


def test_an_order_is_counted_against_the_customers_other_orders_only() -> None:
    cells = {KEY: cell(9, Rule(Scope(), customer_limit=2))}
    basket_and_itself = Held({("ann", "i1"): {"": 2, "o1": 2}})
    assert within_limits(cells, basket_and_itself, ORDER, [(KEY, 2)], allow_partial=False) == [(KEY, 2)]
    another = Held({("ann", "i1"): {"o2": 1}})
    with pytest.raises(HoldLimitReached):
        within_limits(cells, another, ORDER, [(KEY, 2)], allow_partial=False)


def test_a_channels_limit_is_of_its_baskets_at_one_place_and_leaves_orders_alone() -> None:
    cells = {KEY: cell(9, Rule(Scope(channel="web"), channel_limit=4))}
    held = Held(channels={("web", KEY): 3})
    assert within_limits(cells, held, ORDER, [(KEY, 5)], allow_partial=False) == [(KEY, 5)]
    held.add(Claim("web", "", ""), [ReservationLine(KEY, 1)])
    with pytest.raises(HoldLimitReached, match=r"web may hold 4 of i1 at s1, holds 4, 1 more asked"):
        within_limits(cells, held, WEB, [(KEY, 1)], allow_partial=False)
    with pytest.raises(HoldLimitReached):
        within_limits(cells, held, WEB, [(KEY, 1)], allow_partial=True)


# Who gives way


FIRST = Rule(Scope(), safety_stock=0, orders_first=True)
OTHER = CellKey("s1", "i2")


def test_the_latest_baskets_give_way_and_no_more_of_them_than_must() -> None:
    baskets = [basket(1, (KEY, 2)), basket(2, (KEY, 1)), basket(3, (OTHER, 5))]
    changed = books(cell(4, FIRST, reserved=3))
    ask = lambda units: gives_way(changed, ORDER, [(KEY, units)], baskets, ignore_safety_stock=False)  # noqa: E731
    assert ask(1) == []  # one is free
    assert ask(2) == [baskets[1]]
    assert ask(3) == [baskets[1], baskets[0]]
    assert ask(5) == []  # not even all would do: nobody loses anything for nothing


def test_nobody_gives_way_where_no_policy_says_so() -> None:
    plain = books(cell(1, Rule(Scope(), safety_stock=0), reserved=1))
    assert gives_way(plain, ORDER, [(KEY, 1)], [basket(1, (KEY, 1))], ignore_safety_stock=False) == []


def test_a_basket_that_gives_way_is_given_back_whole_its_other_cells_by_the_sweep() -> None:
    loser = basket(1, (KEY, 1), (OTHER, 2))
    changed = books(cell(1, FIRST, reserved=1))
    reservations.bump(changed, loser, NOW)
    assert (loser.state, loser.expire_time) == (ReservationState.BUMPED, NOW)
    assert [line.open for line in loser.lines] == [0, 2]
    later = books(cell(2, reserved=2, key=OTHER))
    reservations.expire(later, loser)
    assert (loser.state, loser.expire_time, later.cells[OTHER].reserved) == (ReservationState.BUMPED, None, 0)


@given(st.data())
def test_what_gives_way_is_enough_for_the_order(data: st.DataObject) -> None:
    taken = data.draw(st.lists(st.integers(1, 4), max_size=6))
    free = data.draw(st.integers(0, 3))
    rule = Rule(
        Scope(),
        safety_stock=data.draw(st.integers(0, 2)),
        out_quantity=data.draw(st.integers(0, 3)),
        orders_first=True,
    )
    changed = books(cell(sum(taken) + free, rule, reserved=sum(taken)))
    baskets = [basket(number, (KEY, units)) for number, units in enumerate(taken)]
    wanted = data.draw(st.integers(1, 20))
    chosen = gives_way(changed, ORDER, [(KEY, wanted)], baskets, ignore_safety_stock=False)
    for each in chosen:
        reservations.bump(changed, each, NOW)
    enough = changed.cells[KEY].available_to("web") >= wanted
    could = cell(sum(taken) + free, rule).available_to("web") >= wanted
    assert enough == could
    assert all(each.state is ReservationState.HELD for each in baskets if each not in chosen)


# Moving


def held(units: int, state: ReservationState = ReservationState.HELD) -> Reservation:
    found = basket(1, (KEY, units))
    found.state = state
    return found


@pytest.mark.parametrize("state", [ReservationState.HELD, ReservationState.COMMITTED])
def test_units_that_move_count_at_one_place_only(state: ReservationState) -> None:
    there = CellKey("s2", "i1")
    here = cell(5, reserved=3)
    if state is ReservationState.COMMITTED:
        here.reserved, here.committed = 0, 3
    changed = books(here, cell(3, key=there))
    moving = held(3, state)
    line = [(KEY, there, 3)]
    with pytest.raises(InsufficientStock):  # one of the three there is safety stock
        reservations.transfer(changed, moving, line, allow_partial=False, ignore_safety_stock=False)
    assert [each.open for each in moving.lines] == [3]
    reservations.transfer(changed, moving, line, allow_partial=True, ignore_safety_stock=False)
    assert [(each.key.location_id, each.open) for each in moving.lines] == [("s1", 1), ("s2", 2)]
    promised = [each.reserved + each.committed for each in changed.cells.values()]
    assert promised == [1, 2]
    back = [(there, KEY, 2)]
    reservations.transfer(changed, moving, back, allow_partial=False, ignore_safety_stock=False)
    assert [(each.quantity, each.open) for each in moving.lines] == [(3, 3), (2, 0)]
