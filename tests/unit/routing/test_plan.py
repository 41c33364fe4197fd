"""Collect stays in its store, ship takes the cheapest, and each verdict is told."""

from dataclasses import replace

import pytest

from onhand.routing.domain.cost import Cell, Demand, Option, Portion, Question
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.plan import Plan, explain, make_plan
from onhand.routing.domain.policy import Capacity, Costs, Group, Policy, Rules, TieBreak

POLICY = Policy()
ONE = [Demand("1", "shirt", 1)]


def option(location_id: str, km: int = 0, barred: str = "", **items: int) -> Option:
    cells = {item_id: Cell(units, 1.0) for item_id, units in items.items()}
    return Option(location_id, barred, km * 1000, cells)


def plan_collect(
    demands: list[Demand], store: Option, policy: Policy = POLICY, *, held: bool = False
) -> Plan:
    return make_plan(Question(FulfilmentMethod.COLLECT, tuple(demands), (store,), held=held), policy)


def plan_ship(
    demands: list[Demand], options: list[Option], policy: Policy = POLICY, *, allow_split: bool = True
) -> Plan:
    return make_plan(Question(FulfilmentMethod.SHIP, tuple(demands), tuple(options), allow_split), policy)


def chosen(*portions: tuple[str, str, int]) -> tuple[Portion, ...]:
    return tuple(Portion(*each) for each in portions)


def test_collect_places_what_the_store_has_and_lets_the_rest_wait() -> None:
    demands = [Demand("1", "shirt", 2), Demand("2", "shirt", 2), Demand("3", "shoes", 1)]
    plan = plan_collect(demands, option("a", shirt=3, shoes=1))
    assert plan.portions == chosen(("1", "a", 2), ("3", "a", 1))
    assert plan.outcome == "chosen: a; parked: 2 (insufficient_stock)"


def test_collect_says_why_its_store_will_not_do() -> None:
    closed = plan_collect([Demand("1", "shirt", 1)], option("a", barred="collect_disabled"))
    failed = plan_collect([Demand("1", "shirt", 1, frozenset("a"))], option("a", shirt=5))
    short = plan_collect([Demand("1", "shirt", 1)], option("a"))
    verdicts = [explain(plan)[0].excluded_by for plan in (closed, failed, short)]
    assert verdicts == ["collect_disabled", "failed_before", "insufficient_stock"]
    assert not closed.portions
    assert not failed.portions
    assert not short.portions


def test_a_held_basket_needs_no_availability() -> None:
    assert plan_collect([Demand("1", "shirt", 2)], option("a"), held=True).portions == chosen(("1", "a", 2))


def test_one_location_that_has_all_goes_before_a_cheaper_split() -> None:
    options = [option("far", 400, shirt=9, shoes=9), option("b", 1, shirt=9), option("c", 1, shoes=9)]
    demands = [Demand("1", "shirt", 1), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options)
    assert plan.portions == chosen(("1", "far", 1), ("2", "far", 1))


def test_the_last_unit_and_doubt_cost_more_than_some_kilometres() -> None:
    demands = [Demand("1", "shirt", 1)]
    last = [option("a", 1, shirt=1), option("b", 15, shirt=5)]
    assert plan_ship(demands, last, allow_split=False).portions == chosen(("1", "b", 1))
    doubtful = [Option("a", "", 1000, {"shirt": Cell(5, 0.4)}), option("b", 15, shirt=5)]
    assert plan_ship(demands, doubtful, allow_split=False).portions == chosen(("1", "b", 1))


def test_equal_costs_go_to_the_smaller_location_id_whatever_the_order() -> None:
    options = [option(name, 3, shirt=2) for name in "cab"]
    for some in (options, options[::-1]):
        plan = plan_ship([Demand("1", "shirt", 1)], some)
        assert plan.portions == chosen(("1", "a", 1))


def test_lines_stay_whole_while_that_is_possible() -> None:
    # Dividing line 1 over a and b would save the way to the third, but not what it costs to divide.
    options = [option("a", 1, shirt=3), option("b", 1, shirt=3, shoes=1), option("far", 80, shirt=4)]
    demands = [Demand("1", "shirt", 4), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options)
    assert plan.portions == chosen(("1", "far", 4), ("2", "b", 1))
    near = plan_ship(demands, options[:2])
    assert {each.line_id: each.location_id for each in near.portions}["2"] == "b"
    assert sum(each.quantity for each in near.portions if each.line_id == "1") == 4


def test_what_is_nowhere_waits_and_does_not_hold_up_the_rest() -> None:
    demands = [Demand("1", "shirt", 1), Demand("2", "none", 1), Demand("3", "shoes", 1)]
    options = [option("a", 1, shirt=1), option("b", 1, shoes=1)]
    plan = plan_ship(demands, options)
    assert plan.portions == chosen(("1", "a", 1), ("3", "b", 1))
    assert plan.outcome == "chosen: a, b; parked: 2 (insufficient_stock)"
    assert not plan_ship(demands, options, allow_split=False).portions


def test_the_explanation_has_every_location_with_its_verdict_and_terms() -> None:
    options = [
        option("a", 10, shirt=2, shoes=1),
        option("b", 10, shirt=5),
        option("c", 1, barred="ship_disabled", shirt=9, shoes=9),
        option("d", 2, shirt=9, shoes=9),
    ]
    demands = [Demand("1", "shirt", 2, frozenset("d")), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options, allow_split=False)
    told = {each.location_id: (each.chosen, each.excluded_by) for each in explain(plan)}
    assert told == {
        "a": (True, ""),
        "b": (False, "insufficient_stock"),
        "c": (False, "ship_disabled"),
        "d": (False, "failed_before"),
    }
    assert explain(plan)[0].terms == (
        ("distance", 10.0),
        ("shipping", 0.0),
        ("handling", 5.0),
        ("load", 0.0),
        ("split", 0.0),
        ("last_unit", 40.0),
        ("doubt", 0.0),
    )
    assert explain(plan)[0].cost == 55.0
    verdicts = {each.location_id: each.verdicts[-1] for each in explain(plan)}
    assert verdicts["b"].detail == "shoes 0 of 1"
    assert [(each.filter, each.passed) for each in explain(plan)[0].verdicts] == [
        ("serves", True),
        ("excluded", True),
        ("failed_before", True),
        ("insufficient_stock", True),
    ]


@pytest.mark.parametrize(
    ("policy", "excluded_by"),
    [
        (Policy(ship=Rules(excluded_location_ids=frozenset("a"))), "excluded"),
        (Policy(ship=Rules(maximum_distance_km=0.5)), "distance"),
        (Policy(ship=Rules(minimum_confidence=0.9)), "confidence"),
        (Policy(ship=Rules(keep_units=2)), "insufficient_stock"),
        (Policy(groups=(Group("others", ("b",)),)), "group"),
        (Policy(capacity=Capacity(of_locations={"a": 3})), "capacity"),
        (Policy(capacity=Capacity(of_locations={"a": 0})), "capacity"),
    ],
)
def test_each_filter_excludes_and_says_so(policy: Policy, excluded_by: str) -> None:
    store = Option("a", "", 1000, {"shirt": Cell(2, 0.8)}, orders_today=3)
    assert plan_ship(ONE, [store]).portions == chosen(("1", "a", 1))
    plan = plan_ship(ONE, [store], policy)
    assert plan.portions == ()
    assert explain(plan)[0].excluded_by == excluded_by
    assert plan.outcome == f"parked: 1 ({excluded_by})"


def test_rules_are_of_their_method_only() -> None:
    policy = Policy(ship=Rules(keep_units=1))
    assert plan_collect(ONE, option("a", shirt=1), policy).portions == chosen(("1", "a", 1))
    assert plan_ship(ONE, [option("a", shirt=1)], policy).portions == ()


def test_a_held_basket_stays_whatever_the_policy_says_by_now() -> None:
    policy = Policy(collect=Rules(frozenset("a"), 0.9, 5), capacity=Capacity(of_locations={"a": 0}))
    assert plan_collect(ONE, option("a"), policy, held=True).portions == chosen(("1", "a", 1))


def test_groups_are_tried_in_their_order_each_with_those_before_it() -> None:
    groups = (Group("centres", ("dc",)), Group("stores"))
    policy = Policy(groups=groups, costs=Costs(split=0))
    near, centre = option("near", 1, shirt=9, shoes=9), option("dc", 500, shirt=9)
    assert plan_ship(ONE, [near, centre], policy).portions == chosen(("1", "dc", 1))
    both = [Demand("1", "shirt", 1), Demand("2", "shoes", 1)]
    assert plan_ship(both, [near, centre], policy).portions == chosen(("1", "near", 1), ("2", "near", 1))


def test_a_location_near_its_capacity_costs_more() -> None:
    policy = Policy(capacity=Capacity(10))
    busy = replace(option("a", 1, shirt=5), orders_today=9)
    assert plan_ship(ONE, [busy, option("b", 8, shirt=5)], policy).portions == chosen(("1", "b", 1))
    assert plan_ship(ONE, [busy, option("b", 12, shirt=5)], policy).portions == chosen(("1", "a", 1))


@pytest.mark.parametrize(
    ("tie_break", "winner"), [(TieBreak.DISTANCE, "b"), (TieBreak.CONFIDENCE, "c"), (TieBreak.STOCK, "a")]
)
def test_tie_breaks_decide_between_equal_costs(tie_break: TieBreak, winner: str) -> None:
    costs = Costs(distance_per_km=0, doubt=0)
    options = [
        Option("a", "", 3000, {"shirt": Cell(9, 0.5)}),
        Option("b", "", 1000, {"shirt": Cell(5, 0.5)}),
        Option("c", "", 3000, {"shirt": Cell(5, 0.9)}),
    ]
    plan = plan_ship(ONE, options, Policy(costs=costs, tie_breaks=(tie_break,)))
    assert plan.portions == chosen(("1", winner, 1))


def test_a_substitute_is_taken_only_where_the_item_is_not_to_be_had() -> None:
    wants = [Demand("1", "shirt", 2, substitutes=("blouse", "top")), Demand("2", "shoes", 1)]
    has_all = plan_ship(wants, [option("a", 1, shirt=2, blouse=9, shoes=1)])
    assert [each.item_id for each in has_all.question.demands] == ["shirt", "shoes"]
    second = plan_ship(wants, [option("a", 1, shirt=1, blouse=1, top=2, shoes=1)])
    assert [each.item_id for each in second.question.demands] == ["top", "shoes"]
    assert second.portions == chosen(("1", "a", 2), ("2", "a", 1))
    none = plan_ship(wants, [option("a", 1, shirt=1, shoes=1)])
    assert none.portions == chosen(("2", "a", 1))
    # One's substitute may be what another wants: nobody loses what they have.
    rivals = [Demand("1", "shirt", 1, substitutes=("shoes",)), Demand("2", "shoes", 1)]
    assert plan_collect(rivals, option("a", shoes=1)).portions == chosen(("2", "a", 1))


def test_lines_of_a_bundle_come_from_one_location_or_wait_together() -> None:
    bundle = [Demand("1", "top", 1, bundle_id="x"), Demand("2", "skirt", 1, bundle_id="x")]
    single = Demand("3", "shoes", 1)
    apart = [option("a", 1, top=1, shoes=1), option("b", 1, skirt=1)]
    plan = plan_ship([*bundle, single], apart)
    assert plan.portions == chosen(("3", "a", 1))
    far = option("far", 90, top=1, skirt=1)
    assert plan_ship([*bundle, single], [*apart, far]).portions == chosen(
        ("1", "far", 1), ("2", "far", 1), ("3", "a", 1)
    )
    assert plan_collect(bundle, apart[0]).portions == ()
