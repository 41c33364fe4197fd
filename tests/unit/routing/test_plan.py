"""Collect stays in its store, ship takes the cheapest, and each verdict is told."""

from onhand.routing.domain.cost import Cell, Demand, Option, Policy, Portion
from onhand.routing.domain.plan import plan_collect, plan_ship

POLICY = Policy()


def option(location_id: str, km: int = 0, excluded_by: str = "", **items: int) -> Option:
    cells = {item_id: Cell(units, 1.0) for item_id, units in items.items()}
    return Option(location_id, excluded_by, km * 1000, cells)


def chosen(*portions: tuple[str, str, int]) -> tuple[Portion, ...]:
    return tuple(Portion(*each) for each in portions)


def test_collect_places_what_the_store_has_and_lets_the_rest_wait() -> None:
    demands = [Demand("1", "shirt", 2), Demand("2", "shirt", 2), Demand("3", "shoes", 1)]
    plan = plan_collect(demands, option("a", shirt=3, shoes=1))
    assert plan.portions == chosen(("1", "a", 2), ("3", "a", 1))
    assert plan.outcome == "chosen: a; parked: 2 (insufficient_stock)"


def test_collect_says_why_its_store_will_not_do() -> None:
    closed = plan_collect([Demand("1", "shirt", 1)], option("a", excluded_by="collect_disabled"))
    failed = plan_collect([Demand("1", "shirt", 1, frozenset("a"))], option("a", shirt=5))
    short = plan_collect([Demand("1", "shirt", 1)], option("a"))
    verdicts = [plan.candidates[0].excluded_by for plan in (closed, failed, short)]
    assert verdicts == ["collect_disabled", "failed_before", "insufficient_stock"]
    assert not closed.portions
    assert not failed.portions
    assert not short.portions


def test_a_held_basket_needs_no_availability() -> None:
    assert plan_collect([Demand("1", "shirt", 2)], option("a"), held=True).portions == chosen(("1", "a", 2))


def test_one_location_that_has_all_goes_before_a_cheaper_split() -> None:
    options = [option("far", 400, shirt=9, shoes=9), option("b", 1, shirt=9), option("c", 1, shoes=9)]
    demands = [Demand("1", "shirt", 1), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options, POLICY, allow_split=True)
    assert plan.portions == chosen(("1", "far", 1), ("2", "far", 1))


def test_the_last_unit_and_doubt_cost_more_than_some_kilometres() -> None:
    demands = [Demand("1", "shirt", 1)]
    last = [option("a", 1, shirt=1), option("b", 15, shirt=5)]
    assert plan_ship(demands, last, POLICY, allow_split=False).portions == chosen(("1", "b", 1))
    doubtful = [Option("a", "", 1000, {"shirt": Cell(5, 0.4)}), option("b", 15, shirt=5)]
    assert plan_ship(demands, doubtful, POLICY, allow_split=False).portions == chosen(("1", "b", 1))


def test_equal_costs_go_to_the_smaller_location_id_whatever_the_order() -> None:
    options = [option(name, 3, shirt=2) for name in "cab"]
    for some in (options, options[::-1]):
        plan = plan_ship([Demand("1", "shirt", 1)], some, POLICY, allow_split=True)
        assert plan.portions == chosen(("1", "a", 1))


def test_lines_stay_whole_while_that_is_possible() -> None:
    # Dividing line 1 over a and b would be cheaper than fetching line 2 from far away.
    options = [option("a", 1, shirt=3), option("b", 1, shirt=3, shoes=1), option("far", 300, shirt=4)]
    demands = [Demand("1", "shirt", 4), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options, POLICY, allow_split=True)
    assert plan.portions == chosen(("1", "far", 4), ("2", "b", 1))
    near = plan_ship(demands, options[:2], POLICY, allow_split=True)
    assert {each.line_id: each.location_id for each in near.portions}["2"] == "b"
    assert sum(each.quantity for each in near.portions if each.line_id == "1") == 4


def test_what_is_nowhere_waits_and_does_not_hold_up_the_rest() -> None:
    demands = [Demand("1", "shirt", 1), Demand("2", "none", 1), Demand("3", "shoes", 1)]
    options = [option("a", 1, shirt=1), option("b", 1, shoes=1)]
    plan = plan_ship(demands, options, POLICY, allow_split=True)
    assert plan.portions == chosen(("1", "a", 1), ("3", "b", 1))
    assert plan.outcome == "chosen: a, b; parked: 2 (insufficient_stock)"
    assert not plan_ship(demands, options, POLICY, allow_split=False).portions


def test_the_explanation_has_every_location_with_its_verdict_and_terms() -> None:
    options = [
        option("a", 10, shirt=2, shoes=1),
        option("b", 10, shirt=5),
        option("c", 1, excluded_by="ship_disabled", shirt=9, shoes=9),
        option("d", 2, shirt=9, shoes=9),
    ]
    demands = [Demand("1", "shirt", 2, frozenset("d")), Demand("2", "shoes", 1)]
    plan = plan_ship(demands, options, POLICY, allow_split=False)
    told = {each.location_id: (each.chosen, each.excluded_by) for each in plan.candidates}
    assert told == {
        "a": (True, ""),
        "b": (False, "insufficient_stock"),
        "c": (False, "ship_disabled"),
        "d": (False, "failed_before"),
    }
    assert plan.candidates[0].terms == (
        ("distance", 10.0),
        ("handling", 5.0),
        ("last_unit", 40.0),
        ("confidence", 0.0),
    )
    assert plan.candidates[0].cost == 55.0
