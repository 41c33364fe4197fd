"""What may happen to a task, and what may not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onhand.kit.errors import InvalidField, LimitReached, NotFound, OnhandError, WrongProduct, WrongState
from onhand.pickup.domain import collecting, deadlines, facts, transitions
from onhand.pickup.domain.collecting import BroughtBack, Checks, Taken
from onhand.pickup.domain.rules import Rules
from onhand.pickup.domain.task import (
    ENDED,
    LIVE,
    Alert,
    AlertKind,
    Assignment,
    Condition,
    HandOver,
    Kind,
    RejectReason,
    State,
    Task,
    TaskLine,
)
from onhand.pickup.domain.transitions import At, Change

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = Rules(
    accept=HOUR / 4,
    accept_minimum=HOUR / 30,
    step=HOUR,
    escalation_interval=HOUR / 2,
    max_escalations=2,
    collect=HOUR,
    reminder=timedelta(),
    grace=timedelta(),
    extension=HOUR,
    max_extensions=1,
    substitution=HOUR / 2,
    wait=HOUR / 12,
    shelve=HOUR,
)
AT = At(NOW, RULES)


def new_task(kind: Kind = Kind.COLLECT, promise_time: datetime = NOW + 3 * HOUR, **quantities: int) -> Task:
    lines = [TaskLine(line_id, f"item-{line_id}", count) for line_id, count in quantities.items()]
    assignment = Assignment("t", "o", "store", kind, "r", promise_time, "Ana", b"")
    return transitions.open_task(assignment, lines or [TaskLine("1", "item-1", 2)], AT).task


def accepted(kind: Kind = Kind.COLLECT, **quantities: int) -> Task:
    return transitions.accept(new_task(kind, **quantities), "ana", AT).task


def at(now: datetime) -> At:
    return At(now, RULES)


def pick(task: Task, line_id: str, quantity: int, epcs: tuple[str, ...] = ()) -> Change:
    return transitions.pick(task, line_id, quantity, epcs, AT)


def hand_over(task: Task) -> Change:
    return collecting.hand_over(task, (), HandOver("h", NOW, "ana"), "87654321", AT)


def pass_time(task: Task, now: datetime) -> Change:
    return deadlines.pass_time(task, at(now), lambda: "alert")


def picked(kind: Kind = Kind.COLLECT) -> Task:
    return pick(accepted(kind), "1", 2).task


def ready() -> Task:
    return transitions.stage(picked(), "rack 1", "12345678", AT).task


@pytest.mark.parametrize(
    ("promise_in", "deadline_in"),
    [
        (3 * HOUR, HOUR / 4),
        (HOUR / 10, HOUR / 10),
        (HOUR / 100, HOUR / 30),
        (-HOUR, HOUR / 30),
    ],
    ids=["far promise", "not after the promise", "promise too near to answer", "promise passed already"],
)
def test_store_has_its_time_to_accept_within_the_promise(
    promise_in: timedelta, deadline_in: timedelta
) -> None:
    assert new_task(promise_time=NOW + promise_in).accept_deadline == NOW + deadline_in


@pytest.mark.parametrize(
    "lines", [[], [TaskLine("1", "a", 0)], [TaskLine("1", "a", 1), TaskLine("1", "b", 1)]]
)
def test_an_assignment_that_cannot_be_a_task_is_refused(lines: list[TaskLine]) -> None:
    with pytest.raises(ValueError, match="lines must be there once each"):
        transitions.open_task(new_task().assignment, lines, AT)


def test_accepting_names_who_works_on_it_and_is_not_possible_past_the_deadline() -> None:
    task = new_task()
    change = transitions.accept(task, "ana", at(task.accept_deadline - timedelta(seconds=1)))
    assert (change.task.state, change.task.assignee) == (State.ACCEPTED, "ana")
    assert change.task.version == task.version + 1
    with pytest.raises(WrongState, match="past its accept deadline"):
        transitions.accept(task, "ana", at(task.accept_deadline))


def test_an_open_task_is_accepted_before_it_is_picked() -> None:
    with pytest.raises(WrongState, match="is OPEN: cannot be picked"):
        pick(new_task(), "1", 1)


def test_picks_of_a_line_add_up_to_a_picked_task() -> None:
    first = pick(accepted(), "1", 1, ("A1",))
    assert first.task.state is State.PICKING
    assert first.facts == (facts.Started(), facts.LinePicked("1", 1))
    second = pick(first.task, "1", 1, ("A2",))
    assert second.task.state is State.PICKED
    assert second.task.lines[0].epcs == ("A1", "A2")
    assert second.facts == (facts.LinePicked("1", 1),)


@pytest.mark.parametrize(
    ("quantity", "epcs", "says"),
    [
        (3, (), "quantity: 3 picked, 2 of 2 are left to pick"),
        (2, ("A1",), "quantity: 2 units with 1 tags"),
        (2, ("A1", "A1"), "epcs: a tag is there twice"),
        (0, (), "0 picked"),
    ],
)
def test_a_pick_that_does_not_add_up_says_why(quantity: int, epcs: tuple[str, ...], says: str) -> None:
    with pytest.raises(InvalidField, match=says):
        pick(accepted(), "1", quantity, epcs)


def test_a_tag_is_picked_once() -> None:
    task = pick(accepted(a=2, b=1), "a", 1, ("A1",)).task
    with pytest.raises(InvalidField, match="A1 is picked already"):
        pick(task, "b", 1, ("A1",))


def test_a_line_must_be_one_of_the_task() -> None:
    with pytest.raises(NotFound, match="no line has the id 'x'"):
        pick(accepted(), "x", 1)


def test_a_short_pick_gives_up_the_rest_of_its_line() -> None:
    task = pick(accepted(), "1", 1).task
    change = transitions.short_pick(task, "1", RejectReason.DAMAGED, "torn", AT)
    assert change.task.state is State.PICKED
    assert change.facts == (facts.LineShortPicked("1", 1, RejectReason.DAMAGED, "torn"),)
    with pytest.raises(WrongState):
        transitions.short_pick(change.task, "1", RejectReason.DAMAGED, "again", AT)


def test_a_task_of_which_nothing_can_be_had_is_rejected() -> None:
    first = transitions.short_pick(accepted(a=2, b=1), "a", RejectReason.NOT_FOUND, "", AT)
    assert first.task.state is State.PICKING
    last = transitions.short_pick(first.task, "b", RejectReason.DISPLAY_PIECE, "window", AT)
    assert last.task.state is State.REJECTED
    assert last.facts[-1] == facts.Rejected(RejectReason.DISPLAY_PIECE, "window")


@pytest.mark.parametrize("state", list(State))
def test_a_task_can_be_rejected_until_others_count_on_it(state: State) -> None:
    task = replace(new_task(), state=state)
    if state in {State.OPEN, State.ACCEPTED, State.PICKING, State.PICKED}:
        change = transitions.reject(task, RejectReason.NO_CAPACITY, "", AT)
        assert change.task.state is State.REJECTED
    else:
        with pytest.raises(WrongState):
            transitions.reject(task, RejectReason.NO_CAPACITY, "", AT)


@pytest.mark.parametrize(
    "action", [lambda task: transitions.stage(task, "rack", "1", AT), lambda task: transitions.pack(task, AT)]
)
@pytest.mark.parametrize("state", sorted(set(State) - {State.PICKED}))
def test_only_a_picked_task_is_staged_or_packed(action: Callable[[Task], Change], state: State) -> None:
    with pytest.raises(WrongState, match=f"is {state.name}"):
        action(replace(new_task(), state=state))


def test_collect_and_ship_do_not_mix() -> None:
    with pytest.raises(WrongState, match="a SHIP task: cannot be staged"):
        transitions.stage(picked(Kind.SHIP), "rack", "1", AT)
    with pytest.raises(WrongState, match="a COLLECT task: cannot be packed"):
        transitions.pack(picked(), AT)
    with pytest.raises(WrongState, match="a SHIP task"):
        collecting.check_in(picked(Kind.SHIP), "", AT)


def test_a_customer_may_come_before_the_goods_are_ready() -> None:
    change = collecting.check_in(new_task(), "bay 4", AT)
    assert (change.task.state, change.task.check_in_note) == (State.OPEN, "bay 4")
    assert change.facts == (facts.CheckedIn("bay 4"),)


def test_goods_are_handed_over_once() -> None:
    done = hand_over(ready())
    assert done.task.state is State.COLLECTED
    with pytest.raises(WrongState, match="is COLLECTED: cannot be handed over"):
        hand_over(done.task)


def test_deadlines_end_only_what_waits_for_them() -> None:
    task = new_task()
    assert pass_time(task, task.accept_deadline - timedelta(microseconds=1)).facts == ()
    (rejected,) = pass_time(task, task.accept_deadline).facts
    assert isinstance(rejected, facts.Rejected)
    assert rejected.reason is RejectReason.TIMED_OUT
    assert pass_time(accepted(), NOW + 2 * HOUR).facts == ()
    assert pass_time(ready(), NOW + HOUR - timedelta(microseconds=1)).facts == ()
    assert pass_time(ready(), NOW + HOUR).task.state is State.EXPIRED
    assert pass_time(picked(), NOW + 2 * HOUR).facts == ()


def test_withdrawing_lines_leaves_the_others() -> None:
    task = pick(accepted(a=2, b=1), "a", 2, ("A1", "A2")).task
    change = transitions.withdraw(task, ["b", "unknown"], "customer", AT)
    assert change.task.state is State.PICKED
    assert change.facts == (facts.LineWithdrawn("b", 1, 0, "customer"),)


def test_withdrawing_all_gives_picked_units_back_and_cancels() -> None:
    task = pick(accepted(a=2, b=1), "a", 1, ("A1",)).task
    change = transitions.withdraw(task, [], "customer", AT)
    assert change.task.state is State.CANCELLED
    assert change.facts == (
        facts.LineWithdrawn("a", 2, 1, "customer"),
        facts.LineWithdrawn("b", 1, 0, "customer"),
        facts.Cancelled(),
    )
    assert change.task.epcs == frozenset()


def test_withdrawing_from_what_waits_takes_part_of_it_or_all() -> None:
    assert transitions.withdraw(ready(), [], "", AT).task.state is State.CANCELLED
    task = pick(pick(accepted(a=1, b=1), "a", 1).task, "b", 1).task
    task = transitions.stage(task, "rack", "1", AT).task
    change = transitions.withdraw(task, ["a"], "", AT)
    assert (change.task.state, change.task.picked) == (State.READY, 1)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_task_ignores_its_withdrawal(state: State) -> None:
    task = replace(picked(), state=state)
    assert transitions.withdraw(task, [], "late", AT) == Change(task)


def steps(task: Task) -> Iterator[Callable[[], Change]]:
    late = NOW + 9 * HOUR
    yield lambda: transitions.accept(task, "ana", AT)
    yield lambda: transitions.reject(task, RejectReason.OTHER, "", AT)
    yield lambda: pass_time(task, late)
    for line in task.lines:
        yield lambda line=line: pick(task, line.line_id, 1)  # type: ignore[misc]
        yield lambda line=line: transitions.short_pick(  # type: ignore[misc]
            task, line.line_id, RejectReason.NOT_FOUND, "", AT
        )
        yield lambda line=line: transitions.withdraw(task, [line.line_id], "", AT)  # type: ignore[misc]
    yield lambda: transitions.stage(task, "rack", "1", AT)
    yield lambda: transitions.pack(task, AT)
    yield lambda: transitions.ship(task, "carrier", "1", AT)
    yield lambda: hand_over(task)
    refused = [Taken(line.line_id, 0, line.waiting) for line in task.lines if line.waiting]
    yield lambda: collecting.hand_over(task, refused, HandOver("h", NOW, "ana"), "2", AT)
    yield lambda: collecting.reshelve(task)
    yield lambda: pass_time(task, late)
    yield lambda: transitions.withdraw(task, [], "", AT)


def test_every_state_can_be_reached_and_left_and_ends_are_final() -> None:
    """Walks everything that can happen to a task of two lines, of either kind, to its end."""
    waiting = [new_task(kind, a=2, b=1) for kind in Kind]
    after: dict[Task, set[Task]] = {}
    while waiting:
        task = waiting.pop()
        if task in after:
            continue
        after[task] = set()
        for step in steps(task):
            try:
                change = step()
            except OnhandError:
                continue
            if change.facts:
                # Versions only count; without them the walk comes to an end.
                after[task].add(replace(change.task, version=0))
        waiting.extend(after[task])
    assert {task.state for task in after} == set(State)
    for task, following in after.items():
        if task.state in LIVE:
            assert following, task
        else:  # what is left to do is to put goods back
            assert {each.state for each in following} <= {task.state}
            assert bool(following) == bool(task.to_shelve), task


def later(task: Task, hours: float) -> Change:
    return pass_time(task, NOW + hours * HOUR)


def alerts(task: Task) -> list[str]:
    return [each.kind.name for each in task.alerts]


def test_a_late_step_is_told_again_and_again_and_then_given_up() -> None:
    task = accepted()
    assert task.step_deadline == task.assignment.promise_time
    first = later(task, 3)
    assert alerts(first.task) == ["STEP_LATE"]
    second = later(first.task, 3.5)
    assert (alerts(second.task), second.task.escalations) == (["STEP_LATE"], 2)
    assert later(second.task, 3.9).facts == ()
    last = later(second.task, 4)
    assert last.task.state is State.REJECTED
    assert last.facts == (facts.Rejected(RejectReason.TIMED_OUT, "ACCEPTED for too long"),)


@pytest.mark.parametrize("task", [accepted(), picked(), transitions.pack(picked(Kind.SHIP), AT).task])
def test_no_state_waits_for_ever(task: Task) -> None:
    for hours in range(3, 12):
        task = later(task, hours).task
    assert task.state is State.REJECTED


def test_what_waits_is_reminded_of_then_lies_through_its_grace_and_expires() -> None:
    rules = replace(RULES, collect=10 * HOUR, reminder=2 * HOUR, grace=HOUR)
    task = transitions.stage(picked(), "rack", "1", At(NOW, rules)).task
    assert later(task, 7.9).facts == ()
    reminded = later(task, 8)
    assert reminded.facts == (facts.Reminded(NOW + 10 * HOUR),)
    assert later(reminded.task, 10.9).facts == ()
    assert hand_over(reminded.task).task.state is State.COLLECTED
    expired = later(reminded.task, 11)
    assert expired.facts == (facts.Expired(),)
    assert expired.task.to_shelve == 2
    late = later(expired.task, 12)
    assert alerts(late.task) == ["SHELVE_LATE"]
    back = collecting.reshelve(late.task).task
    assert (back.to_shelve, back.due_time(), alerts(back)) == (0, None, [])
    with pytest.raises(WrongState, match="without goods to put back"):
        collecting.reshelve(back)


def test_an_extension_moves_all_times_as_often_as_the_store_allows() -> None:
    rules = replace(RULES, collect=10 * HOUR, reminder=2 * HOUR, grace=HOUR, extension=5 * HOUR)
    task = transitions.stage(picked(), "rack", "1", At(NOW, rules)).task
    reminded = later(task, 9).task
    longer = collecting.extend(reminded, At(NOW + 9 * HOUR, rules)).task
    assert (longer.collect_deadline, longer.expire_time) == (NOW + 15 * HOUR, NOW + 16 * HOUR)
    assert later(longer, 13).facts == (facts.Reminded(NOW + 15 * HOUR),)
    with pytest.raises(LimitReached, match="1 extensions"):
        collecting.extend(longer, At(NOW + 9 * HOUR, rules))


def test_a_customer_who_waits_for_too_long_is_told_of_once() -> None:
    here = collecting.check_in(ready(), "bay 4, blue car", AT).task
    waiting = later(here, 0.1)
    assert [each.detail for each in waiting.task.alerts] == ["bay 4, blue car"]
    assert later(waiting.task, 0.5).facts == ()
    assert later(hand_over(here).task, 0.5).facts == ()


def test_a_hand_over_in_parts_leaves_the_rest_waiting_under_another_code() -> None:
    task = pick(pick(accepted(a=2, b=1), "a", 2, ("A1", "A2")).task, "b", 1).task
    task = transitions.stage(task, "rack", "1", AT).task
    record = HandOver("h", NOW, "ana")
    with pytest.raises(InvalidField, match="must name the tags"):
        collecting.hand_over(task, [Taken("a", 1)], record, "2", AT)
    with pytest.raises(InvalidField, match="must be tags that wait"):
        collecting.hand_over(task, [Taken("a", 1, 0, ("B1",))], record, "2", AT)
    with pytest.raises(InvalidField, match="2 given and 1 refused, 2 wait"):
        collecting.hand_over(task, [Taken("a", 2, 1)], record, "2", AT)
    part = collecting.hand_over(task, [Taken("a", 1, 0, ("A2",))], record, "2", AT)
    assert (part.task.state, part.task.waiting, part.task.code_number) == (State.READY, 2, 2)
    assert part.task.held_epcs == {"A1"}
    assert part.facts == (facts.PartlyCollected(replace(record, given=1), "2"),)
    rest = collecting.hand_over(
        part.task, [Taken("a", 1), Taken("b", 0, 1, (), Condition.DAMAGED, "torn")], record, "3", AT
    )
    assert (rest.task.state, rest.task.to_shelve) == (State.COLLECTED, 1)
    assert rest.facts[0] == facts.LineRefused("b", 1, Condition.DAMAGED, "torn")


def test_what_is_left_of_a_part_collected_task_expires_as_refused() -> None:
    task = pick(accepted(a=2), "a", 2).task
    task = transitions.stage(task, "rack", "1", AT).task
    part = collecting.hand_over(task, [Taken("a", 1)], HandOver("h", NOW, "ana"), "2", AT).task
    ended = later(part, 1)
    assert (ended.task.state, ended.task.to_shelve) == (State.COLLECTED, 1)
    assert [type(each) for each in ended.facts] == [facts.LineRefused, facts.Collected]


def test_a_check_that_the_task_asks_for_must_be_made() -> None:
    task = collecting.require_checks(ready(), identity=True, minimum_age=18, at=AT).task
    for checks in (Checks(), Checks(identity=True), Checks(age=True)):
        with pytest.raises(InvalidField):
            collecting.require_checked(task, checks)
    collecting.require_checked(task, Checks(identity=True, age=True))
    collecting.require_checked(ready(), Checks())


def test_goods_come_back_once_by_tag_or_without() -> None:
    task = pick(pick(accepted(a=2), "a", 1, ("A1",)).task, "a", 1).task
    gone = hand_over(transitions.stage(task, "rack", "1", AT).task).task
    with pytest.raises(WrongProduct) as raised:
        collecting.bring_back(gone, [BroughtBack("a", 1, ("B1",), Condition.SELLABLE)], "store-2", "")
    assert raised.value.refusal == "NOT_GIVEN"
    back = collecting.bring_back(gone, [BroughtBack("a", 1, ("A1",), Condition.DAMAGED)], "store-2", "torn")
    assert back.facts == (facts.Returned("store-2", "a", 1, Condition.DAMAGED, "torn", ("A1",)),)
    again = collecting.bring_back(back.task, [BroughtBack("a", 1, (), Condition.SELLABLE)], "store", "")
    with pytest.raises(InvalidField, match="1 back, 0 are out"):
        collecting.bring_back(again.task, [BroughtBack("a", 1, (), Condition.SELLABLE)], "store", "")
    with pytest.raises(WrongState):
        collecting.bring_back(ready(), [BroughtBack("1", 1, (), Condition.SELLABLE)], "store", "")


def test_a_tag_that_leaves_reopens_its_task_and_drops_what_waited() -> None:
    task = transitions.stage(pick(accepted(a=2), "a", 2, ("A1", "A2")).task, "rack", "1", AT).task
    alert = Alert("x", AlertKind.TAG_LEFT, NOW, "left by the exit")
    lost = transitions.lose_tag(task, "A1", "left by the exit", alert, AT)
    assert (lost.task.state, lost.task.left, lost.task.held_epcs) == (State.PICKING, 1, {"A2"})
    assert lost.task.collect_deadline is None
    assert lost.facts[0] == facts.Reopened("a", 1, "left by the exit")
    assert [(each.epc, each.line_id) for each in lost.task.alerts] == [("A1", "a")]
    assert transitions.lose_tag(lost.task, "A1", "", alert, AT).facts == ()
    seen = transitions.acknowledge(lost.task, "x").task
    assert seen.alerts == ()
    with pytest.raises(NotFound):
        transitions.acknowledge(seen, "x")
