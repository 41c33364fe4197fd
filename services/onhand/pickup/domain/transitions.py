"""The life of a task: each function is one thing that may happen to it.

    OPEN → ACCEPTED → PICKING → PICKED → READY  → COLLECTED     collect
                                       → PACKED → SHIPPED       ship
    OPEN…PICKED → REJECTED    OPEN…READY, PACKED → CANCELLED    READY → EXPIRED

A function returns the task after it and the facts to record, or raises what forbids it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from onhand.kit.errors import FieldViolation, InvalidField, NotFound, WrongState
from onhand.pickup.domain.facts import (
    Accepted,
    Cancelled,
    CheckedIn,
    Collected,
    Expired,
    Fact,
    LinePicked,
    LineShortPicked,
    LineWithdrawn,
    Opened,
    Packed,
    Ready,
    Rejected,
    Shipped,
    Started,
)
from onhand.pickup.domain.task import (
    ENDED,
    LIVE,
    Assignment,
    Kind,
    RejectReason,
    State,
    Task,
    TaskLine,
)

WORKING = frozenset({State.ACCEPTED, State.PICKING})
"""A store is at it."""
REJECTABLE = frozenset({State.OPEN, State.ACCEPTED, State.PICKING, State.PICKED})
"""Nobody outside of the store counts on the goods yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """A task after something happened, and what; without facts nothing did."""

    task: Task
    facts: tuple[Fact, ...] = ()


def open_task(
    assignment: Assignment,
    lines: Iterable[TaskLine],
    now: datetime,
    accept_timeout: timedelta,
    accept_minimum: timedelta,
) -> Change:
    """Make the task of an assignment.

    The store has `accept_timeout` to answer, but not beyond the promise, which an answer then would come
    too late for. It has `accept_minimum` in any case: an assignment that arrives late, after an outage for
    example, would otherwise be rejected before anybody could have seen it, here and at the next store.

    Raises ValueError for an assignment without lines, with a line twice, or with no units in a line.
    """
    kept = tuple(lines)
    if not kept or len({line.line_id for line in kept}) < len(kept) or any(line.left < 1 for line in kept):
        raise ValueError(f"task {assignment.task_id}: lines must be there once each, with units")
    deadline = max(min(now + accept_timeout, assignment.promise_time), now + accept_minimum)
    return Change(Task(assignment, State.OPEN, kept, deadline, create_time=now), (Opened(),))


def accept(task: Task, assignee: str, now: datetime) -> Change:
    _require(task, {State.OPEN}, "be accepted")
    if now >= task.accept_deadline:
        raise WrongState("task", task.task_id, "past its accept deadline", "be accepted")
    return _changed(task, Accepted(), state=State.ACCEPTED, assignee=assignee)


def reject(task: Task, reason: RejectReason, detail: str) -> Change:
    """Give the task up. Units picked so far go back to their place."""
    _require(task, REJECTABLE, "be rejected")
    return _changed(task, Rejected(reason, detail), state=State.REJECTED)


def time_out(task: Task, now: datetime) -> Change:
    """Reject a task that nobody accepted until its deadline; nothing happens to any other."""
    if task.state is not State.OPEN or now < task.accept_deadline:
        return Change(task)
    return reject(task, RejectReason.TIMED_OUT, "nobody accepted it in time")


def pick(task: Task, line_id: str, quantity: int, epcs: tuple[str, ...] = ()) -> Change:
    """Record units of a line as picked, with their tags where they were scanned."""
    _require(task, WORKING, "be picked")
    line = find_line(task, line_id)
    if epcs and len(epcs) != quantity:
        raise _invalid("quantity", f"{quantity} units with {len(epcs)} tags")
    if len(set(epcs)) < len(epcs):
        raise _invalid("epcs", "a tag is there twice")
    if again := task.epcs.intersection(epcs):
        raise _invalid("epcs", f"{min(again)} is picked already")
    if not 0 < quantity <= line.left:
        raise _invalid("quantity", f"{quantity} picked, {line.left} of {line.quantity} are left to pick")
    lines = _with(task, replace(line, picked=line.picked + quantity, epcs=line.epcs + epcs))
    return _work(task, lines, LinePicked(line_id, quantity))


def short_pick(task: Task, line_id: str, reason: RejectReason, detail: str) -> Change:
    """Give up what is left of a line; the last such of a task with nothing picked rejects the task."""
    _require(task, WORKING, "be short picked")
    line = find_line(task, line_id)
    if line.left == 0:
        raise WrongState("line", line_id, "without units left to pick", "be short picked")
    lines = _with(task, replace(line, short=line.short + line.left))
    return _work(task, lines, LineShortPicked(line_id, line.left, reason, detail))


def _work(task: Task, lines: tuple[TaskLine, ...], fact: LinePicked | LineShortPicked) -> Change:
    """Go on after a pick or short pick: to PICKING, to PICKED, or to REJECTED when nothing can be had."""
    facts: list[Fact] = [fact] if task.state is State.PICKING else [Started(), fact]
    worked = replace(task, lines=lines, state=State.PICKING)
    if worked.left == 0 and worked.picked:
        worked = replace(worked, state=State.PICKED)
    elif worked.left == 0 and isinstance(fact, LineShortPicked):
        worked = replace(worked, state=State.REJECTED)
        facts.append(Rejected(fact.reason, fact.detail))
    return Change(replace(worked, version=task.version + 1), tuple(facts))


def stage(task: Task, staging_place: str, collect_deadline: datetime, code: str) -> Change:
    """Let the goods wait for their customer, who gets `code`."""
    _require(task, {State.PICKED}, "be staged")
    _require_kind(task, Kind.COLLECT, "be staged")
    return _changed(
        task,
        Ready(collect_deadline, code),
        state=State.READY,
        staging_place=staging_place,
        collect_deadline=collect_deadline,
    )


def pack(task: Task) -> Change:
    _require(task, {State.PICKED}, "be packed")
    _require_kind(task, Kind.SHIP, "be packed")
    return _changed(task, Packed(), state=State.PACKED)


def ship(task: Task, carrier: str, tracking_number: str) -> Change:
    _require(task, {State.PACKED}, "be shipped")
    return _changed(
        task,
        Shipped(carrier, tracking_number),
        state=State.SHIPPED,
        carrier=carrier,
        tracking_number=tracking_number,
    )


def check_in(task: Task, note: str, now: datetime) -> Change:
    """Note that the customer is here: also before the goods are ready, when the store must hurry."""
    _require_kind(task, Kind.COLLECT, "be checked in for")
    _require(task, LIVE, "be checked in for")
    return _changed(task, CheckedIn(note), check_in_time=now, check_in_note=note)


def require_ready(task: Task) -> None:
    """Raise WrongState unless the goods may be handed over.

    Past the collect deadline they still may, until the task has expired: the customer who stands there
    with the code while the goods lie behind the counter gets them.
    """
    _require(task, {State.READY}, "be handed over")


def hand_over(task: Task) -> Change:
    """Hand the goods over; whoever calls this has seen the right code."""
    require_ready(task)
    return _changed(task, Collected(), state=State.COLLECTED)


def expire(task: Task, now: datetime) -> Change:
    """End a task whose customer did not come until its deadline; nothing happens to any other."""
    if task.state is not State.READY or task.collect_deadline is None or now < task.collect_deadline:
        return Change(task)
    return _changed(task, Expired(), state=State.EXPIRED)


def withdraw(task: Task, line_ids: Iterable[str], detail: str) -> Change:
    """Take lines back, all when none is named, with the units of them that were picked already.

    A task that has ended stays as it is: who withdrew did not know yet. So does a line of which nothing
    is left, and a line that the task does not have.
    """
    named = set(line_ids)
    facts: list[Fact] = []
    lines = []
    for line in task.lines:
        units = line.left + line.picked
        if task.state in ENDED or units == 0 or (named and line.line_id not in named):
            lines.append(line)
            continue
        facts.append(LineWithdrawn(line.line_id, units, line.picked, detail))
        lines.append(replace(line, cancelled=line.cancelled + units, picked=0, epcs=()))
    if not facts:
        return Change(task)
    rest = replace(task, lines=tuple(lines), version=task.version + 1)
    if rest.left + rest.picked == 0:
        return Change(replace(rest, state=State.CANCELLED), (*facts, Cancelled()))
    if rest.state is State.PICKING and rest.left == 0:
        rest = replace(rest, state=State.PICKED)
    return Change(rest, tuple(facts))


def find_line(task: Task, line_id: str) -> TaskLine:
    """Return a line by its id, or raise NotFound."""
    for line in task.lines:
        if line.line_id == line_id:
            return line
    raise NotFound("line", line_id)


def _with(task: Task, changed: TaskLine) -> tuple[TaskLine, ...]:
    return tuple(changed if line.line_id == changed.line_id else line for line in task.lines)


def _changed(task: Task, fact: Fact, **fields: Any) -> Change:
    return Change(replace(task, version=task.version + 1, **fields), (fact,))


def _require(task: Task, states: Iterable[State], action: str) -> None:
    if task.state not in states:
        raise WrongState("task", task.task_id, task.state.name, action)


def _require_kind(task: Task, kind: Kind, action: str) -> None:
    if task.assignment.kind is not kind:
        raise WrongState("task", task.task_id, f"a {task.assignment.kind.name} task", action)


def _invalid(field: str, description: str) -> InvalidField:
    return InvalidField([FieldViolation(field, description)])
