"""What may happen to a task, and what may not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onhand.kit.errors import InvalidField, NotFound, OnhandError, WrongState
from onhand.pickup.domain import facts, transitions
from onhand.pickup.domain.task import ENDED, LIVE, Assignment, Kind, RejectReason, State, Task, TaskLine
from onhand.pickup.domain.transitions import Change

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def new_task(kind: Kind = Kind.COLLECT, promise_time: datetime = NOW + 3 * HOUR, **quantities: int) -> Task:
    lines = [TaskLine(line_id, f"item-{line_id}", count) for line_id, count in quantities.items()]
    assignment = Assignment("t", "o", "store", kind, "r", promise_time, "Ana", b"")
    return transitions.open_task(
        assignment, lines or [TaskLine("1", "item-1", 2)], NOW, HOUR / 4, HOUR / 30
    ).task


def accepted(kind: Kind = Kind.COLLECT, **quantities: int) -> Task:
    return transitions.accept(new_task(kind, **quantities), "ana", NOW).task


def picked(kind: Kind = Kind.COLLECT) -> Task:
    return transitions.pick(accepted(kind), "1", 2).task


def ready() -> Task:
    return transitions.stage(picked(), "rack 1", NOW + HOUR, "12345678").task


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
        transitions.open_task(new_task().assignment, lines, NOW, HOUR, HOUR)


def test_accepting_names_who_works_on_it_and_is_not_possible_past_the_deadline() -> None:
    task = new_task()
    change = transitions.accept(task, "ana", task.accept_deadline - timedelta(seconds=1))
    assert (change.task.state, change.task.assignee) == (State.ACCEPTED, "ana")
    assert change.task.version == task.version + 1
    with pytest.raises(WrongState, match="past its accept deadline"):
        transitions.accept(task, "ana", task.accept_deadline)


def test_an_open_task_is_accepted_before_it_is_picked() -> None:
    with pytest.raises(WrongState, match="is OPEN: cannot be picked"):
        transitions.pick(new_task(), "1", 1)


def test_picks_of_a_line_add_up_to_a_picked_task() -> None:
    first = transitions.pick(accepted(), "1", 1, ("A1",))
    assert first.task.state is State.PICKING
    assert first.facts == (facts.Started(), facts.LinePicked("1", 1))
    second = transitions.pick(first.task, "1", 1, ("A2",))
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
        transitions.pick(accepted(), "1", quantity, epcs)


def test_a_tag_is_picked_once() -> None:
    task = transitions.pick(accepted(a=2, b=1), "a", 1, ("A1",)).task
    with pytest.raises(InvalidField, match="A1 is picked already"):
        transitions.pick(task, "b", 1, ("A1",))


def test_a_line_must_be_one_of_the_task() -> None:
    with pytest.raises(NotFound, match="no line has the id 'x'"):
        transitions.pick(accepted(), "x", 1)


def test_a_short_pick_gives_up_the_rest_of_its_line() -> None:
    task = transitions.pick(accepted(), "1", 1).task
    change = transitions.short_pick(task, "1", RejectReason.DAMAGED, "torn")
    assert change.task.state is State.PICKED
    assert change.facts == (facts.LineShortPicked("1", 1, RejectReason.DAMAGED, "torn"),)
    with pytest.raises(WrongState):
        transitions.short_pick(change.task, "1", RejectReason.DAMAGED, "again")


def test_a_task_of_which_nothing_can_be_had_is_rejected() -> None:
    first = transitions.short_pick(accepted(a=2, b=1), "a", RejectReason.NOT_FOUND, "")
    assert first.task.state is State.PICKING
    last = transitions.short_pick(first.task, "b", RejectReason.DISPLAY_PIECE, "window")
    assert last.task.state is State.REJECTED
    assert last.facts[-1] == facts.Rejected(RejectReason.DISPLAY_PIECE, "window")


@pytest.mark.parametrize("state", list(State))
def test_a_task_can_be_rejected_until_others_count_on_it(state: State) -> None:
    task = replace(new_task(), state=state)
    if state in {State.OPEN, State.ACCEPTED, State.PICKING, State.PICKED}:
        change = transitions.reject(task, RejectReason.NO_CAPACITY, "")
        assert change.task.state is State.REJECTED
    else:
        with pytest.raises(WrongState):
            transitions.reject(task, RejectReason.NO_CAPACITY, "")


@pytest.mark.parametrize("action", [lambda task: transitions.stage(task, "rack", NOW, "1"), transitions.pack])
@pytest.mark.parametrize("state", sorted(set(State) - {State.PICKED}))
def test_only_a_picked_task_is_staged_or_packed(action: Callable[[Task], Change], state: State) -> None:
    with pytest.raises(WrongState, match=f"is {state.name}"):
        action(replace(new_task(), state=state))


def test_collect_and_ship_do_not_mix() -> None:
    with pytest.raises(WrongState, match="a SHIP task: cannot be staged"):
        transitions.stage(picked(Kind.SHIP), "rack", NOW, "1")
    with pytest.raises(WrongState, match="a COLLECT task: cannot be packed"):
        transitions.pack(picked())
    with pytest.raises(WrongState, match="a SHIP task"):
        transitions.check_in(picked(Kind.SHIP), "", NOW)


def test_a_customer_may_come_before_the_goods_are_ready() -> None:
    change = transitions.check_in(new_task(), "bay 4", NOW)
    assert (change.task.state, change.task.check_in_note) == (State.OPEN, "bay 4")
    assert change.facts == (facts.CheckedIn("bay 4"),)


def test_goods_are_handed_over_once() -> None:
    done = transitions.hand_over(ready())
    assert done.task.state is State.COLLECTED
    with pytest.raises(WrongState, match="is COLLECTED: cannot be handed over"):
        transitions.hand_over(done.task)


def test_deadlines_end_only_what_waits_for_them() -> None:
    task = new_task()
    assert transitions.time_out(task, task.accept_deadline - timedelta(microseconds=1)).facts == ()
    (rejected,) = transitions.time_out(task, task.accept_deadline).facts
    assert isinstance(rejected, facts.Rejected)
    assert rejected.reason is RejectReason.TIMED_OUT
    assert transitions.time_out(accepted(), NOW + 9 * HOUR).facts == ()
    assert transitions.expire(ready(), NOW + HOUR - timedelta(microseconds=1)).facts == ()
    assert transitions.expire(ready(), NOW + HOUR).task.state is State.EXPIRED
    assert transitions.expire(picked(), NOW + 9 * HOUR).facts == ()


def test_withdrawing_lines_leaves_the_others() -> None:
    task = transitions.pick(accepted(a=2, b=1), "a", 2, ("A1", "A2")).task
    change = transitions.withdraw(task, ["b", "unknown"], "customer")
    assert change.task.state is State.PICKED
    assert change.facts == (facts.LineWithdrawn("b", 1, 0, "customer"),)


def test_withdrawing_all_gives_picked_units_back_and_cancels() -> None:
    task = transitions.pick(accepted(a=2, b=1), "a", 1, ("A1",)).task
    change = transitions.withdraw(task, [], "customer")
    assert change.task.state is State.CANCELLED
    assert change.facts == (
        facts.LineWithdrawn("a", 2, 1, "customer"),
        facts.LineWithdrawn("b", 1, 0, "customer"),
        facts.Cancelled(),
    )
    assert change.task.epcs == frozenset()


def test_withdrawing_from_what_waits_takes_part_of_it_or_all() -> None:
    assert transitions.withdraw(ready(), [], "").task.state is State.CANCELLED
    task = transitions.pick(transitions.pick(accepted(a=1, b=1), "a", 1).task, "b", 1).task
    task = transitions.stage(task, "rack", NOW + HOUR, "1").task
    change = transitions.withdraw(task, ["a"], "")
    assert (change.task.state, change.task.picked) == (State.READY, 1)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_task_ignores_its_withdrawal(state: State) -> None:
    task = replace(picked(), state=state)
    assert transitions.withdraw(task, [], "late") == Change(task)


def steps(task: Task) -> Iterator[Callable[[], Change]]:
    late = NOW + 9 * HOUR
    yield lambda: transitions.accept(task, "ana", NOW)
    yield lambda: transitions.reject(task, RejectReason.OTHER, "")
    yield lambda: transitions.time_out(task, late)
    for line in task.lines:
        yield lambda line=line: transitions.pick(task, line.line_id, 1)  # type: ignore[misc]
        yield lambda line=line: transitions.short_pick(  # type: ignore[misc]
            task, line.line_id, RejectReason.NOT_FOUND, ""
        )
        yield lambda line=line: transitions.withdraw(task, [line.line_id], "")  # type: ignore[misc]
    yield lambda: transitions.stage(task, "rack", NOW + HOUR, "1")
    yield lambda: transitions.pack(task)
    yield lambda: transitions.ship(task, "carrier", "1")
    yield lambda: transitions.hand_over(task)
    yield lambda: transitions.expire(task, late)
    yield lambda: transitions.withdraw(task, [], "")


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
        assert bool(following) == (task.state in LIVE), task
