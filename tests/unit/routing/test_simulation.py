"""Simulation: what a policy gives elsewhere is there for those after, what it takes is not."""

from datetime import UTC, date, datetime, timedelta

from onhand.routing.domain.cost import Cell, Demand, Option, Portion, Question
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Capacity, Policy, Rules
from onhand.routing.domain.promise import Leads
from onhand.routing.domain.simulation import Pace, PastOrder, Simulation, paces

NOW = datetime(2025, 6, 4, 12, tzinfo=UTC)
DAY = date(2025, 6, 4)
HOUR = timedelta(hours=1)
SHIRT = (Demand("1", "shirt", 1),)


def option(location_id: str, km: int, shirts: int, orders_today: int = 0) -> Option:
    cells = {"shirt": Cell(shirts, 1.0)}
    return Option(location_id, "", km * 1000, cells, orders_today, shipping_cost=2.0, day=DAY)


def past(
    number: int, at: str, *options: Option, promise_time: datetime | None = None, lines: int = 1
) -> PastOrder:
    demands = tuple(Demand(str(each), "shirt", 1) for each in range(lines))
    question = Question(FulfilmentMethod.SHIP, demands, options, allow_split=True)
    portions = tuple(Portion(each.line_id, at, 1) for each in demands) if at else ()
    return PastOrder(f"o{number}", NOW + timedelta(minutes=number), question, portions, promise_time)


def simulation(policy: Policy, lines_per_hour: float = 60) -> Simulation:
    pace = Pace(lines_per_hour=lines_per_hour)
    return Simulation(policy, paces({}, pace), Leads(HOUR, HOUR))


def test_the_same_policy_changes_nothing_and_both_sides_are_alike() -> None:
    tried = simulation(Policy())
    tried.add(past(1, "a", option("a", 10, 1), option("b", 20, 1)))
    tried.add(past(2, "b", option("a", 10, 0), option("b", 20, 1)))
    assert (tried.count, tried.changed_count) == (2, 0)
    assert tried.before == tried.after
    assert (tried.after.distance_metres, tried.after.shipping_cost) == (30_000, 4.0)


def test_a_unit_that_the_policy_leaves_is_there_for_the_next_and_one_that_it_takes_is_not() -> None:
    tried = simulation(Policy(ship=Rules(excluded_location_ids=frozenset({"c"}))))
    # The first came from c; by the policy it takes the last unit of a.
    tried.add(past(1, "c", option("a", 10, 1), option("c", 5, 1)))
    # The second came from a, which has none any more then.
    tried.add(past(2, "a", option("a", 10, 1), option("b", 300, 1)))
    # The third found a and c empty: c has its unit still, but is excluded; b's was taken by the second.
    tried.add(past(3, "", option("a", 10, 0), option("b", 300, 0), option("c", 5, 0)))
    assert dict(tried.after.orders()) == {"a": 1, "b": 1}
    assert (tried.before.parked_line_count, tried.after.parked_line_count) == (1, 1)
    assert tried.changed_count == 2


def test_what_the_past_took_and_the_policy_does_not_can_be_had() -> None:
    tried = simulation(Policy(ship=Rules(maximum_distance_km=50)))
    tried.add(past(1, "far", option("far", 100, 1), option("near", 10, 1)))
    tried.add(past(2, "near", option("near", 10, 1)))
    assert dict(tried.after.orders()) == {"near": 1}
    assert tried.after.parked_line_count == 1  # the second: what is near is gone by then


def test_capacity_is_that_of_the_policys_own_orders() -> None:
    tried = simulation(Policy(capacity=Capacity(1)))
    for number in range(2):
        tried.add(past(number, "a", option("a", 10, 5, orders_today=number), option("b", 20, 5)))
    assert dict(tried.before.orders()) == {"a": 2}
    assert dict(tried.after.orders()) == {"a": 1, "b": 1}
    assert tried.before.busiest() == {"a": 2}


def test_a_location_that_is_given_too_much_is_late_by_the_promise_that_was_given() -> None:
    tried = simulation(Policy(), lines_per_hour=1)
    for number in range(3):
        promise_time = NOW + 2 * HOUR
        tried.add(past(number, "b", option("a", 10, 9), option("b", 20, 9), promise_time=promise_time))
    tried.add(past(9, "a", option("a", 10, 9), option("b", 20, 9), promise_time=NOW + 2 * HOUR))
    # Before: three at b one after the other, one at a. By the policy: all four at a, the nearest.
    assert (tried.before.late_order_count, tried.after.late_order_count) == (1, 2)
    assert tried.after.mean_lead > tried.before.mean_lead
