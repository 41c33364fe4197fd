"""Waves: never worse than one after the other, within what there is, and the bound holds for every plan."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onhand.routing import optimiser
from onhand.routing.domain.cost import Cell, Demand, Option, Portion, Question
from onhand.routing.domain.exchange import at_hand, exchanged
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Capacity, Costs, Policy, Rules
from onhand.routing.domain.wave import (
    Column,
    WaveOrder,
    WavePlan,
    column,
    greedy,
    last_units,
    total_cost,
    usable,
)
from onhand.routing.optimiser import plan_wave

ITEMS = ("shirt", "shoes", "hat")
PLACES = "abc"


def order_of(
    demands: list[Demand],
    stock: dict[str, dict[str, Cell]],
    km: dict[str, int],
    policy: Policy,
    *,
    allow_split: bool = True,
) -> WaveOrder:
    options = tuple(Option(each, "", km[each] * 1000, stock.get(each, {})) for each in km)
    return WaveOrder(Question(FulfilmentMethod.SHIP, tuple(demands), options, allow_split), policy)


def is_possible(orders: list[WaveOrder], columns: list[Column]) -> bool:
    taken: Counter[tuple[str, str]] = Counter()
    given: Counter[str] = Counter()
    for each in columns:
        taken.update(each.uses)
        given.update(each.location_ids)
    cells = {each.location_id: each for each in usable(orders[0])}
    limit = orders[0].policy.capacity.at
    return (
        all(
            where in cells and units <= cells[where].cell(item).usable
            for (where, item), units in taken.items()
        )
        and all(
            count <= (limit(where) if limit(where) is not None else count) for where, count in given.items()
        )
        and all(may_be(orders[each.order], each) for each in columns)
    )


def may_be(order: WaveOrder, placed: Column) -> bool:
    """Tell whether a placement keeps to what an order itself asks: few enough places, bundles whole."""
    where: dict[str, set[str]] = {}
    parts = {each.line_id: each.location_id for each in placed.portions}
    for each in order.question.demands:
        where.setdefault(each.bundle_id or each.line_id, set()).add(parts.get(each.line_id, ""))
    return len(placed.location_ids) <= order.policy.max_locations and all(
        len(each) == 1 for each in where.values()
    )


def every_way(number: int, order: WaveOrder) -> list[Column]:
    """Return every placement of an order of one-unit lines: each line anywhere, or waiting."""
    lines = order.question.demands
    ways = []
    for where in product(["", *PLACES], repeat=len(lines)):
        used = {place for place in where if place}
        if not order.question.allow_split and (len(used) > 1 or (used and "" in where)):
            continue
        portions = [
            Portion(line.line_id, place, 1) for line, place in zip(lines, where, strict=True) if place
        ]
        way = column(number, order, portions)
        if may_be(order, way) and is_possible([order], [replace(way, order=0)]):
            ways.append(way)
    return ways


stocks = st.fixed_dictionaries(
    {
        place: st.dictionaries(
            st.sampled_from(ITEMS), st.builds(Cell, st.integers(0, 3), st.sampled_from([0.5, 1.0]))
        )
        for place in PLACES
    }
)
kilometres = st.fixed_dictionaries({place: st.integers(0, 9).map(lambda each: each * 10) for place in PLACES})


def orders_drawn(
    orders: int, lines: int
) -> st.SearchStrategy[list[tuple[list[str], dict[str, int], bool, bool]]]:
    """Draw items, distances, consent to split, and whether the first two lines are a bundle."""
    basket = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=lines, unique=True)
    drawn = st.tuples(basket, kilometres, st.sampled_from([True, True, False]), st.booleans())
    return st.lists(drawn, min_size=1, max_size=orders)


def lines_of(basket: list[str], *, bundled: bool) -> list[Demand]:
    bundle = {0: "x", 1: "x"} if bundled and len(basket) > 1 else {}
    return [Demand(item, item, 1, bundle_id=bundle.get(number, "")) for number, item in enumerate(basket)]


policies = st.builds(
    Policy,
    costs=st.builds(Costs, split=st.sampled_from([10.0, 500.0]), wait=st.just(300.0)),
    capacity=st.builds(Capacity, st.sampled_from([0, 1, 2])),
    max_locations=st.sampled_from([1, 2, 3]),
    ship=st.builds(
        Rules, keep_units=st.sampled_from([0, 1]), minimum_confidence=st.sampled_from([0.0, 0.0, 0.6])
    ),
)


@settings(max_examples=150, deadline=None)
@given(stocks, st.one_of(orders_drawn(3, 2), orders_drawn(2, 3)), policies)
def test_a_wave_costs_the_least_there_is_and_its_bound_no_more(
    stock: dict[str, dict[str, Cell]],
    drawn: list[tuple[list[str], dict[str, int], bool, bool]],
    policy: Policy,
) -> None:
    orders = [
        order_of(lines_of(basket, bundled=bundled), stock, km, policy, allow_split=allow_split)
        for basket, km, allow_split, bundled in drawn
    ]
    cells = last_units(orders)
    ways = [every_way(number, order) for number, order in enumerate(orders)]
    possible = [list(each) for each in product(*ways) if is_possible(orders, list(each))]
    least = min(total_cost(each, cells) for each in possible)
    one_by_one = [column(number, orders[number], each.portions) for number, each in enumerate(greedy(orders))]
    exchanged = at_hand(orders)
    found = plan_wave(orders, 5)
    chosen = [column(number, orders[number], each) for number, each in enumerate(found.portions)]
    assert is_possible(orders, one_by_one)
    assert is_possible(orders, exchanged)
    assert is_possible(orders, chosen)
    assert total_cost(exchanged, cells) <= total_cost(one_by_one, cells) + 1e-6
    assert found.cost == pytest.approx(total_cost(chosen, cells))
    assert found.bound <= least + 1e-6
    assert least - 1e-6 <= found.cost <= total_cost(exchanged, cells) + 1e-6
    assert found.cost <= least * 1.02 + 1e-6


def test_together_two_orders_do_without_the_detour_that_one_by_one_costs() -> None:
    # Both want the near unit; only the first has another place nearby.
    stock = {each: {"shirt": Cell(1, 1.0)} for each in PLACES}
    demands = [Demand("1", "shirt", 1)]
    policy = Policy()
    orders = [
        order_of(demands, stock, {"a": 0, "b": 1, "c": 500}, policy),
        order_of(demands, stock, {"a": 0, "b": 400, "c": 500}, policy),
    ]
    found = plan_wave(orders, 5)
    assert [each[0].location_id for each in found.portions] == ["b", "a"]
    assert found.gap == 0


def test_the_same_wave_has_the_same_plan() -> None:
    stock = {each: {"shirt": Cell(2, 1.0), "shoes": Cell(1, 1.0)} for each in PLACES}
    orders = [
        order_of(
            [Demand("1", "shirt", 1), Demand("2", "shoes", 1)],
            stock,
            {"a": number % 3, "b": 5, "c": 7},
            Policy(),
        )
        for number in range(5)
    ]
    assert plan_wave(orders, 5) == plan_wave(orders, 5)


def test_an_order_goes_to_its_second_best_where_another_would_lose_more_by_its_own() -> None:
    """A chain: each takes the place of the next, which has another one near."""
    stock = {each: {"shirt": Cell(1, 1.0)} for each in PLACES}
    demands = [Demand("1", "shirt", 1)]
    orders = [
        order_of(demands, stock, {"a": 0, "b": 100, "c": 900}, Policy()),
        order_of(demands, stock, {"a": 10, "b": 20, "c": 900}, Policy()),
        order_of(demands, stock, {"a": 900, "b": 0, "c": 30}, Policy()),
    ]
    worst = [
        column(number, orders[number], [Portion("1", where, 1)])
        for number, where in enumerate(("c", "a", "b"))
    ]
    better = exchanged(orders, worst, last_units(orders))
    assert [each.location_ids for each in better] == [("a",), ("b",), ("c",)]


def test_an_exchange_keeps_to_capacity_and_to_what_a_policy_keeps() -> None:
    stock = {"a": {"shirt": Cell(5, 1.0)}, "b": {"shirt": Cell(5, 1.0)}, "c": {"shirt": Cell(1, 1.0)}}
    policy = Policy(capacity=Capacity(1), ship=Rules(keep_units=1))
    demands = [Demand("1", "shirt", 1)]
    orders = [order_of(demands, stock, {"a": 5, "b": 50, "c": 0}, policy) for _ in range(2)]
    first = [column(number, orders[number], [Portion("1", where, 1)]) for number, where in enumerate("ab")]
    better = exchanged(orders, first, last_units(orders))
    assert sorted(each.location_ids for each in better) == [("a",), ("b",)]


def placed_of(found: WavePlan) -> list[dict[str, str]]:
    return [{each.line_id: each.location_id for each in portions} for portions in found.portions]


def test_a_bundle_is_not_taken_apart_by_a_wave() -> None:
    stock = {"a": {"shirt": Cell(1, 1.0)}, "b": {"shoes": Cell(1, 1.0), "hat": Cell(1, 1.0)}}
    bundle = [Demand("1", "shirt", 1, bundle_id="x"), Demand("2", "shoes", 1, bundle_id="x")]
    orders = [order_of([*bundle, Demand("3", "hat", 1)], stock, {"a": 0, "b": 1}, Policy())]
    assert placed_of(plan_wave(orders, 5)) == [{"3": "b"}]
    # Of the shirts, one is in the bundle and one is not: only that one may come from elsewhere.
    lines = [*bundle, Demand("3", "shirt", 1)]
    orders = [order_of(lines, stock, {"a": 0, "b": 1}, Policy())]
    assert placed_of(plan_wave(orders, 5)) == [{"3": "a"}]


def test_an_order_of_a_wave_is_split_over_as_many_locations_as_its_policy_allows() -> None:
    stock = {place: {item: Cell(1, 1.0)} for place, item in zip(PLACES, ITEMS, strict=True)}
    lines = [Demand(item, item, 1) for item in ITEMS]
    for most in (1, 2, 3):
        orders = [order_of(lines, stock, {"a": 0, "b": 1, "c": 2}, Policy(max_locations=most))]
        (placed,) = placed_of(plan_wave(orders, 5))
        assert sorted(placed.values()) == list(PLACES[:most])


def test_a_wave_leaves_the_units_that_a_policy_keeps() -> None:
    stock = {"a": {"shirt": Cell(2, 1.0)}}
    keeping, taking = Policy(ship=Rules(keep_units=1)), Policy()

    def placed(*policies: Policy) -> int:
        lines = [Demand("1", "shirt", 1)]
        found = plan_wave([order_of(lines, stock, {"a": 0}, each) for each in policies], 5)
        assert found.gap == 0
        return sum(map(len, found.portions))

    assert placed(keeping, keeping) == 1
    assert placed(taking, taking) == 2
    # Orders of a channel that keeps nothing may take what another's keeps, and no others may.
    assert placed(keeping, taking) == 2
    assert placed(keeping, keeping, taking) == 2


def test_when_its_time_is_spent_a_wave_has_the_answer_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = {each: {"shirt": Cell(2, 1.0), "shoes": Cell(1, 1.0)} for each in PLACES}
    lines = [Demand("1", "shirt", 1), Demand("2", "shoes", 1)]
    orders = [order_of(lines, stock, {"a": each, "b": 40 - each, "c": 70}, Policy()) for each in range(6)]
    monkeypatch.setattr(optimiser, "_highs", lambda *_, **__: pytest.fail("a program was begun"))
    found = plan_wave(orders, 0.0)
    chosen = [column(number, orders[number], each) for number, each in enumerate(found.portions)]
    assert is_possible(orders, chosen)
    assert found.bound <= found.cost <= total_cost(at_hand(orders), last_units(orders))
