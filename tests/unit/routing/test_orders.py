"""What a change does to an order in memory: guards, dividing, promises, baskets, waking."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from onhand.kit.errors import WrongState
from onhand.routing.domain import ending, placing
from onhand.routing.domain.cost import Option, Portion, Question
from onhand.routing.domain.ending import Destination, News, NewsKind
from onhand.routing.domain.facts import AssignmentCancelled, LinesAssigned, LinesCancelled, OrderDelayed
from onhand.routing.domain.lifecycle import ENDED, NEXT, FulfilmentMethod, LineState, may_follow
from onhand.routing.domain.order import Bucket, Cause, Customer, Line, Order, Position
from onhand.routing.domain.placing import Basket
from onhand.routing.domain.plan import Plan
from onhand.routing.domain.policy import Policy

NOW = datetime(2025, 6, 4, 12, tzinfo=UTC)
CAUSE = Cause(NOW, "test")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GRACE = timedelta(hours=1)


def order_of(*lines: Line, collect: bool = True, allow_split: bool = False) -> Order:
    return Order(
        "o1",
        "web",
        Customer("ana"),
        FulfilmentMethod.COLLECT if collect else FulfilmentMethod.SHIP,
        "a" if collect else "",
        b"",
        None,
        allow_split,
        NOW + timedelta(days=3),
        NOW,
        list(lines),
    )


def line(line_id: str = "1", quantity: int = 3, item_id: str = "shirt") -> Line:
    return Line(line_id, line_id, item_id, quantity, position=0, action_time=NOW)


def plan_of(portions: tuple[Portion, ...], *, held: bool = False) -> Plan:
    options = tuple(Option(location_id) for location_id in {each.location_id for each in portions})
    question = Question(FulfilmentMethod.SHIP, (), options, held=held)
    return Plan(portions, "planned", question, Policy())


def assigned(*lines: Line, at: str = "a", delivery: date | None = None, **kinds: bool) -> Order:
    """Make an order all of whose lines a location has a task for."""
    order = order_of(*lines, **kinds)
    portions = tuple(Portion(each.line_id, at, each.quantity) for each in lines)
    placing.record_plan(order, plan_of(portions), CAUSE, HOUR)
    placing.assign(order, order.assignments[0], NOW + 2 * HOUR, delivery, HOUR / 2, CAUSE)
    order.facts.clear()
    return order


def news(order: Order, kind: NewsKind, **values: object) -> News:
    return News(  # type: ignore[arg-type]
        **{
            "kind": kind,
            "order_id": order.order_id,
            "task_id": order.lines[0].task_id,
            "remaining": {each.line_id: each.quantity for each in order.lines},
            **values,
        }
    )


def test_no_state_may_follow_itself_and_only_ends_have_no_action() -> None:
    assert set(NEXT) == set(LineState)
    for before, after in product(LineState, LineState):
        order = order_of(line())
        order.lines[0].state = before
        if may_follow(before, after):
            order.move(order.lines[0], after, CAUSE, "why")
            assert order.history[-1].state is after
            assert (order.lines[0].action_time is None) == (after in ENDED)
        else:
            with pytest.raises(WrongState):
                order.move(order.lines[0], after, CAUSE, "why")
            assert (order.lines[0].state, order.history) == (before, [])
    assert not any(may_follow(state, state) for state in LineState)


def test_a_divided_line_keeps_its_units_and_gets_a_free_name_within_the_limit() -> None:
    order = order_of(line("1", 5), line("1/2", 1), line("x" * 64, 2))
    parts = [order.divide(order.lines[0], 2), order.divide(order.lines[2], 1)]
    assert [part.line_id for part in parts] == ["1/3", "x" * 62 + "/2"]
    assert [each.quantity for each in order.lines] == [3, 1, 1, 2, 1]


def test_a_plan_divides_a_line_over_its_locations() -> None:
    order = order_of(line("1", 5), collect=False, allow_split=True)
    portions = (Portion("1", "a", 2), Portion("1", "b", 3))
    placing.record_plan(order, plan_of(portions), CAUSE, HOUR)
    assert [(each.line_id, each.location_id, each.quantity) for each in order.lines] == [
        ("1", "b", 3),
        ("1/2", "a", 2),
    ]
    assert [(each.location_id, each.quantities()) for each in order.assignments] == [
        ("a", {"shirt": 2}),
        ("b", {"shirt": 3}),
    ]
    assert order.assignments[0].reservation_id != order.assignments[1].reservation_id


def test_more_lines_than_a_task_takes_become_two_tasks() -> None:
    order = order_of(*(line(str(number), 1) for number in range(130)))
    portions = tuple(Portion(each.line_id, "a", 1) for each in order.lines)
    placing.record_plan(order, plan_of(portions), CAUSE, HOUR)
    assert [len(each.lines) for each in order.assignments] == [100, 30]
    assert len({each.task_id for each in order.assignments}) == 2


def test_the_customer_is_told_of_a_later_promise_only() -> None:
    for later, told in ((-HOUR, False), (timedelta(), False), (HOUR / 2, False), (HOUR, True)):
        order = assigned(line())
        ending.take(order, news(order, NewsKind.REJECTED, detail="full"), CAUSE, GRACE)
        order.releases.clear()
        placing.record_plan(order, plan_of((Portion("1", "b", 3),)), CAUSE, HOUR)
        placing.assign(order, order.assignments[-1], NOW + 2 * HOUR + later, None, HOUR / 2, CAUSE)
        delays = [fact for fact in order.facts if isinstance(fact, OrderDelayed)]
        assert bool(delays) is told
        # What was promised stays promised when it can be kept.
        assert order.promise_time == NOW + 2 * HOUR + (later if told else timedelta())


def test_the_customer_is_told_of_a_later_delivery_though_it_leaves_in_time() -> None:
    friday = date(2025, 6, 6)
    for now, told in ((friday - DAY, False), (friday, False), (friday + DAY, True)):
        order = assigned(line(), delivery=friday)
        ending.take(order, news(order, NewsKind.REJECTED, detail="full"), CAUSE, GRACE)
        order.releases.clear()
        placing.record_plan(order, plan_of((Portion("1", "b", 3),)), CAUSE, HOUR)
        placing.assign(order, order.assignments[-1], NOW + 2 * HOUR, now, HOUR / 2, CAUSE)
        delays = [fact for fact in order.facts if isinstance(fact, OrderDelayed)]
        kept = NOW + 2 * HOUR
        assert delays == ([OrderDelayed(("1",), kept, kept, friday, now)] if told else [])
        assert order.lines[0].delivery_date == now


def test_what_is_not_ready_in_time_is_delivered_later_too() -> None:
    order = assigned(line(), delivery=date(2025, 6, 6))
    placing.delay(order, ["1"], NOW + 9 * HOUR, date(2025, 6, 7), CAUSE)
    assert order.facts == [
        OrderDelayed(("1",), NOW + 2 * HOUR, NOW + 9 * HOUR, date(2025, 6, 6), date(2025, 6, 7))
    ]
    assert order.lines[0].delivery_date == date(2025, 6, 7)


def test_parking_takes_the_promise_back_and_says_so_once() -> None:
    order = assigned(line(), delivery=date(2025, 6, 6))
    ending.take(order, news(order, NewsKind.REJECTED, detail="full"), CAUSE, GRACE)
    placing.park(order, order.waiting(), CAUSE, "no stock", HOUR, look_again=True)
    assert order.lines[0].action_time == NOW
    placing.park(order, order.waiting(), CAUSE, "no stock", HOUR, look_again=True)
    assert [fact for fact in order.facts if isinstance(fact, OrderDelayed)] == [
        OrderDelayed(("1",), NOW + 2 * HOUR, None, date(2025, 6, 6), None)
    ]
    assert (order.promise_time, order.lines[0].delivery_date) == (None, None)
    assert order.lines[0].action_time == NOW + HOUR


@pytest.mark.parametrize("bucket", list(Bucket))
def test_a_rejection_gives_back_by_its_reason_what_was_not_picked(bucket: Bucket) -> None:
    order = assigned(line("1", 3), line("2", 1, "shoes"))
    told = news(order, NewsKind.REJECTED, bucket=bucket, picked={"1": 1}, detail="not found")
    ending.take(order, told, CAUSE, GRACE)
    assert [(each.quantities, each.bucket) for each in order.releases] == [
        ({"shirt": 1}, Bucket.SELLABLE),
        ({"shirt": 2, "shoes": 1}, bucket),
    ]
    assert len({each.release_id for each in order.releases}) == 2
    assert {each.state for each in order.lines} == {LineState.ACCEPTED}
    assert order.lines[0].failed_location_ids == ["a"]
    ending.take(order, told, CAUSE, GRACE)
    assert len(order.releases) == 2


def test_a_short_pick_that_comes_after_the_hand_over_still_counts() -> None:
    order = assigned(line("1", 3), collect=True)
    ending.take(order, news(order, NewsKind.COLLECTED, remaining={"1": 2}), CAUSE, GRACE)
    short = news(order, NewsKind.SHORT, line_id="1", quantity=1, bucket=Bucket.MISSING)
    ending.take(order, short, CAUSE, GRACE)
    assert [(each.line_id, each.quantity, each.state) for each in order.lines] == [
        ("1", 2, LineState.COLLECTED),
        ("1/2", 1, LineState.ACCEPTED),
    ]
    assert [each.quantities for each in order.releases] == [{"shirt": 1}]


def test_a_wholly_short_line_is_not_collected_with_its_task() -> None:
    order = assigned(line("1", 3), line("2", 1, "shoes"))
    ending.take(order, news(order, NewsKind.COLLECTED, remaining={"1": 0, "2": 1}), CAUSE, GRACE)
    assert [each.state for each in order.lines] == [LineState.ASSIGNED, LineState.COLLECTED]


def test_a_changed_order_leaves_its_location_and_is_planned_anew() -> None:
    order = assigned(line("1"), line("2"))
    task_id = order.lines[0].task_id
    ending.change(order, Destination("b"), "moved house", CAUSE)
    assert (order.collect_location_id, {each.state for each in order.lines}) == ("b", {LineState.ACCEPTED})
    assert order.facts == [AssignmentCancelled(task_id, ("1", "2"), "moved house")]
    assert [each.promise_time for each in order.lines] == [None, None]
    (release,) = order.releases
    assert release.quantities == {"shirt": 6}


def test_an_order_is_not_changed_once_goods_have_left() -> None:
    order = assigned(line("1"), line("2"))
    ending.take(order, replace(news(order, NewsKind.COLLECTED), remaining={"1": 3}), CAUSE, GRACE)
    with pytest.raises(WrongState):
        ending.change(order, Destination("b"), "", CAUSE)
    assert order.collect_location_id == "a"
    assert order.lines[1].state is LineState.ASSIGNED


@pytest.mark.parametrize("is_planned_again", [False, True])
def test_goods_that_left_before_their_store_heard_of_a_change_are_not_sent_twice(
    *, is_planned_again: bool
) -> None:
    order = assigned(line(), collect=False)
    shipped = replace(news(order, NewsKind.SHIPPED), carrier="post", tracking_number="7")
    first = order.lines[0].reservation_id
    ending.change(order, Destination("", b"elsewhere", Position(1, 1)), "moved", CAUSE)
    if is_planned_again:
        placing.record_plan(order, plan_of((Portion("1", "b", 3),)), CAUSE, HOUR)
        placing.assign(order, order.assignments[-1], NOW + HOUR, None, HOUR / 2, CAUSE)
    order.facts.clear()
    ending.take(order, shipped, CAUSE, GRACE)
    (only,) = order.lines
    assert (only.state, only.tracking_number, only.reservation_id) == (LineState.SHIPPED, "7", first)
    assert len(order.facts) == is_planned_again
    assert len(order.releases) == 1 + is_planned_again


def test_what_is_left_of_a_bundle_does_not_stay_behind() -> None:
    top, skirt, shoes = line("1", 1, "top"), line("2", 1, "skirt"), line("3", 1, "shoes")
    top.bundle_id = skirt.bundle_id = "set"
    order = assigned(top, skirt, shoes)
    ending.take(order, news(order, NewsKind.SHORT, line_id="1", quantity=1), CAUSE, GRACE)
    assert [each.state for each in order.lines] == [
        LineState.ACCEPTED,
        LineState.ACCEPTED,
        LineState.ASSIGNED,
    ]
    assert sum(sum(each.quantities.values()) for each in order.releases) == 2
    (fact,) = order.facts
    assert isinstance(fact, AssignmentCancelled)
    assert fact.line_ids == ("2",)


def test_a_bundle_is_rejected_with_its_task() -> None:
    order = assigned(line("1", 1), line("2", 1))
    for each in order.lines:
        each.bundle_id = "set"
    ending.take(order, news(order, NewsKind.REJECTED), CAUSE, GRACE)
    assert [each.state for each in order.lines] == [LineState.ACCEPTED] * 2
    assert sum(sum(each.quantities.values()) for each in order.releases) == 2


def test_late_news_does_not_lead_back() -> None:
    order = assigned(line())
    for kind, state in (
        (NewsKind.READY, LineState.READY),
        (NewsKind.STARTED, LineState.READY),
        (NewsKind.COLLECTED, LineState.COLLECTED),
        (NewsKind.READY, LineState.COLLECTED),
        (NewsKind.EXPIRED, LineState.COLLECTED),
        (NewsKind.REJECTED, LineState.COLLECTED),
    ):
        ending.take(order, news(order, kind), CAUSE, GRACE)
        assert order.lines[0].state is state
    assert order.releases == []


def test_cancelling_by_name_takes_the_parts_divided_from_it_too() -> None:
    order = assigned(line("1", 3), line("2", 1, "shoes"))
    ending.take(order, news(order, NewsKind.SHORT, line_id="1", quantity=1), CAUSE, GRACE)
    order.facts.clear()
    ending.cancel(order, ["1"], "why", CAUSE)
    assert [each.state.name for each in order.lines] == ["CANCELLED", "ASSIGNED", "CANCELLED"]
    assert order.facts == [
        AssignmentCancelled(order.lines[0].task_id, ("1",), "why"),
        LinesCancelled(("1", "1/2"), "why"),
    ]


def test_units_of_lines_cancelled_while_stock_was_committed_go_back() -> None:
    order = order_of(line("1", 3), line("2", 1, "shoes"))
    portions = (Portion("1", "a", 3), Portion("2", "a", 1))
    placing.record_plan(order, plan_of(portions), CAUSE, HOUR)
    ending.cancel(order, ["1"], "why", CAUSE)
    assert order.releases == []
    placing.assign(order, order.assignments[0], NOW, None, HOUR / 2, CAUSE)
    assert [each.quantities for each in order.releases] == [{"shirt": 3}]
    (task,) = [fact for fact in order.facts if isinstance(fact, LinesAssigned)]
    assert [each.line_id for each in task.lines] == ["2"]


def test_only_the_orders_own_exact_basket_is_taken() -> None:
    order = order_of(line("1", 2), line("2", 1))
    exact = {("a", "shirt"): 3}
    held = Basket(is_held=True, is_committed=False, order_id="", customer_id="", quantities=exact)
    ours = Basket(is_held=False, is_committed=True, order_id="o1", customer_id="ana", quantities=exact)
    assert placing.fits(order, held)
    assert placing.fits(order, ours)
    for other in (
        Basket(is_held=False, is_committed=False, order_id="", customer_id="", quantities=exact),
        Basket(is_held=False, is_committed=True, order_id="", customer_id="", quantities=exact),
        Basket(is_held=True, is_committed=False, order_id="o2", customer_id="", quantities=exact),
        Basket(is_held=True, is_committed=False, order_id="", customer_id="ben", quantities=exact),
        Basket(is_held=True, is_committed=False, order_id="", customer_id="", quantities={("b", "shirt"): 3}),
        Basket(is_held=True, is_committed=False, order_id="", customer_id="", quantities={("a", "shirt"): 4}),
    ):
        assert not placing.fits(order, other)


def test_a_basket_is_not_taken_when_a_line_was_cancelled_since_it_was_looked_at() -> None:
    order = order_of(line("1", 2), line("2", 1))
    order.basket_reservation_id = "4ca8d4d5-95e2-4a5c-a4d4-b0e1d7f3f6d6"
    ending.cancel(order, ["2"], "why", CAUSE)
    portions = (Portion("1", "a", 2), Portion("2", "a", 1))
    placing.record_plan(order, plan_of(portions, held=True), CAUSE, HOUR)
    assert order.assignments == []
    assert order.basket_reservation_id
    assert [each.line_id for each in order.waiting()] == ["1"]
    ending.cancel(order, [], "why", CAUSE)
    assert [(each.reservation_id, each.foreign) for each in order.releases] == [
        ("4ca8d4d5-95e2-4a5c-a4d4-b0e1d7f3f6d6", True)
    ]
    assert order.basket_reservation_id == ""


def test_a_location_is_asked_again_when_new_stock_arrives_and_not_for_the_lines_own_units() -> None:
    order = assigned(line())
    ending.take(order, news(order, NewsKind.REJECTED), CAUSE, GRACE)
    placing.released(order, order.releases[0].release_id, {"shirt": 5})
    placing.park(order, order.waiting(), CAUSE, "no stock", HOUR)
    assert not placing.wake(order, CAUSE, "shirt", "a", 4)  # had been there, and is told late
    assert not placing.wake(order, CAUSE, "shirt", "a", 5)  # its own
    assert not placing.wake(order, CAUSE, "shoes", "a", 60)
    assert order.lines[0].excluded_location_ids == ["a"]
    assert placing.wake(order, CAUSE, "shirt", "a", 6)
    assert order.lines[0].excluded_location_ids == []
    assert order.lines[0].failed_location_ids == ["a"]
    assert order.next_action_time(NOW) == NOW


def test_each_locations_cell_has_versions_of_its_own() -> None:
    order = assigned(line(), collect=False)
    ending.take(order, news(order, NewsKind.REJECTED), CAUSE, GRACE)
    placing.released(order, order.releases[0].release_id, {"shirt": 50})
    placing.record_plan(order, plan_of((Portion("1", "b", 3),)), CAUSE, HOUR)
    placing.assign(order, order.assignments[1], NOW + HOUR, None, HOUR, CAUSE)
    ending.take(order, news(order, NewsKind.REJECTED), CAUSE, GRACE)
    placing.released(order, order.releases[0].release_id, {"shirt": 2})
    placing.park(order, order.waiting(), CAUSE, "no stock", HOUR)
    assert not placing.wake(order, CAUSE, "shirt", "a", 50)
    assert placing.wake(order, CAUSE, "shirt", "b", 3)


def ready(*lines: Line) -> Order:
    """Make an order all of whose lines wait at the counter."""
    order = assigned(*lines)
    ending.take(order, news(order, NewsKind.READY, collect_deadline=NOW + HOUR), CAUSE, GRACE)
    return order


def test_what_is_refused_at_the_counter_ends_and_what_is_taken_is_collected() -> None:
    order = ready(line("1", 3), line("2", 1, "shoes"), line("3", 1, "hat"))
    refused = news(order, NewsKind.LINE_REFUSED, line_id="1", quantity=2, detail="refused at the counter")
    ending.take(order, refused, CAUSE, GRACE)
    whole = news(order, NewsKind.LINE_REFUSED, line_id="2", quantity=1, detail="refused at the counter")
    ending.take(order, whole, CAUSE, GRACE)
    left = {"1": 1, "2": 0, "3": 1}
    ending.take(order, news(order, NewsKind.COLLECTED, remaining=left), CAUSE, GRACE)
    assert [(each.line_id, each.quantity, each.state) for each in order.lines] == [
        ("1", 1, LineState.COLLECTED),
        ("2", 1, LineState.CANCELLED),
        ("3", 1, LineState.COLLECTED),
        ("1/2", 2, LineState.CANCELLED),
    ]
    assert (order.releases, order.has_ended) == ([], True)  # pickup tells stock of what was refused


def test_a_refusal_that_is_told_after_the_hand_over_takes_its_units_off_it() -> None:
    order = ready(line("1", 3))
    ending.take(order, news(order, NewsKind.COLLECTED, remaining={"1": 1}), CAUSE, GRACE)
    refused = news(order, NewsKind.LINE_REFUSED, line_id="1", quantity=2, detail="refused at the counter")
    ending.take(order, refused, CAUSE, GRACE)
    assert [(each.quantity, each.state) for each in order.lines] == [
        (1, LineState.COLLECTED),
        (2, LineState.CANCELLED),
    ]


def test_an_order_that_is_refused_whole_has_ended() -> None:
    order = ready(line("1", 3))
    ending.take(order, news(order, NewsKind.REFUSED, remaining={"1": 0}), CAUSE, GRACE)
    assert (order.lines[0].state, order.has_ended, order.releases) == (LineState.CANCELLED, True, [])


def test_goods_come_back_in_part_and_again_and_not_more_than_left() -> None:
    order = ready(line("1", 3))
    back = news(order, NewsKind.RETURNED, line_id="1", quantity=1, detail="came back at b")
    ending.take(order, back, CAUSE, GRACE)  # which overtook the hand-over
    ending.take(order, news(order, NewsKind.COLLECTED), CAUSE, GRACE)
    assert {each.line_id: each.state for each in order.lines} == {
        "1": LineState.COLLECTED,
        "1/2": LineState.RETURNED,
    }
    for _ in range(3):
        again = news(order, NewsKind.RETURNED, line_id="1", quantity=2, detail="came back at b")
        ending.take(order, again, CAUSE, GRACE)
    assert sum(each.quantity for each in order.lines) == 3
    assert {each.state for each in order.lines} == {LineState.RETURNED}


def test_a_line_of_which_all_was_handed_over_is_collected_before_the_others() -> None:
    order = ready(line("1", 2), line("2", 1, "shoes"))
    partly = news(order, NewsKind.PARTLY_COLLECTED, given={"1": 2})
    ending.take(order, partly, CAUSE, GRACE)
    assert [each.state for each in order.lines] == [LineState.COLLECTED, LineState.READY]


def test_goods_that_left_without_their_customer_are_picked_again_and_late_when_they_are() -> None:
    order = ready(line())
    ending.take(order, news(order, NewsKind.REOPENED, detail="to be picked again"), CAUSE, GRACE)
    assert (order.lines[0].state, order.lines[0].action_time) == (LineState.PICKING, NOW + 2 * HOUR)
    ending.take(order, news(order, NewsKind.READY, collect_deadline=NOW + 9 * HOUR), CAUSE, GRACE)
    assert (order.lines[0].state, order.lines[0].action_time) == (LineState.READY, NOW + 10 * HOUR)
    ending.take(order, news(order, NewsKind.EXTENDED, collect_deadline=NOW + 20 * HOUR), CAUSE, GRACE)
    assert order.lines[0].action_time == NOW + 21 * HOUR


def test_without_consent_lines_are_bound_to_where_the_others_are() -> None:
    together = assigned(line("1"), line("2", 1, "shoes"), collect=False)
    assert placing.bound_to(together) == "a"
    assert placing.bound_to(assigned(line(), collect=False, allow_split=True)) is None
    assert placing.bound_to(order_of(line(), collect=False)) is None
