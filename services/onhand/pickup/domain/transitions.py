"""The life of a task in the store: each function is one thing that may happen to it.

    OPEN → ACCEPTED → PICKING → PICKED → READY  → COLLECTED, REFUSED     collect
                                       → PACKED → SHIPPED                ship
    OPEN…PICKED → REJECTED    OPEN…READY, PACKED → CANCELLED    READY → EXPIRED
    PICKED, READY, PACKED → PICKING when goods left without their customer

A function returns the task after it and the facts to record, or raises what forbids it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from onhand.kit.errors import FieldViolation, InvalidField, NotFound, WrongState
from onhand.pickup.domain import facts
from onhand.pickup.domain.facts import Fact
from onhand.pickup.domain.rules import Rules
from onhand.pickup.domain.task import (
    ENDED,
    LIVE,
    UNDECIDED,
    Alert,
    Assignment,
    Condition,
    Kind,
    RejectReason,
    State,
    SubstitutionState,
    Task,
    TaskLine,
)

WORKING = frozenset({State.ACCEPTED, State.PICKING})
"""A store is at it."""
REJECTABLE = frozenset({State.OPEN, State.ACCEPTED, State.PICKING, State.PICKED})
"""Nobody outside of the store counts on the goods yet."""
MAX_ALERTS = 20
"""Alerts that a task carries, the latest; the contract's limit."""


@dataclass(frozen=True, slots=True)
class At:
    """When something happens, and by which rules of the store."""

    now: datetime
    rules: Rules


@dataclass(frozen=True, slots=True)
class Change:
    """A task after something happened, and what; without facts nothing did."""

    task: Task
    facts: tuple[Fact, ...] = ()


def open_task(assignment: Assignment, lines: Iterable[TaskLine], at: At) -> Change:
    """Make the task of an assignment.

    The store has `accept` to answer, but not beyond the promise, which an answer then would come
    too late for. It has `accept_minimum` in any case: an assignment that arrives late, after an outage for
    example, would otherwise be rejected before anybody could have seen it, here and at the next store.

    Raises ValueError for an assignment without lines, with a line twice, or with no units in a line.
    """
    kept = tuple(lines)
    if not kept or len({line.line_id for line in kept}) < len(kept) or any(line.left < 1 for line in kept):
        raise ValueError(f"task {assignment.task_id}: lines must be there once each, with units")
    now, rules = at.now, at.rules
    deadline = max(min(now + rules.accept, assignment.promise_time), now + rules.accept_minimum)
    task = Task(
        assignment,
        State.OPEN,
        kept,
        deadline,
        create_time=now,
        step_deadline=deadline,
        identity_check=rules.identity_check and assignment.kind is Kind.COLLECT,
    )
    return Change(task, (facts.Opened(),))


def accept(task: Task, assignee: str, at: At) -> Change:
    require(task, {State.OPEN}, "be accepted")
    if at.now >= task.accept_deadline:
        raise WrongState("task", task.task_id, "past its accept deadline", "be accepted")
    accepted = replace(task, state=State.ACCEPTED, assignee=assignee, accept_time=at.now)
    return changed(task, step(accepted, at), facts.Accepted())


def assign(task: Task, assignee: str, at: At) -> Change:
    """Give a task to somebody, or to nobody; one that is open is accepted by it."""
    if task.state is State.OPEN and assignee:
        return accept(task, assignee, at)
    require(task, LIVE - {State.OPEN}, "be assigned")
    return changed(task, replace(task, assignee=assignee), facts.Assigned(assignee))


def join_wave(task: Task, wave_id: str, assignee: str, at: At) -> Change:
    """Take a task into a walk; one that is open is accepted by it."""
    if task.state is State.OPEN:
        accepted = accept(task, assignee, at)
        joined = replace(accepted.task, wave_id=wave_id)
        return Change(joined, (*accepted.facts, facts.WaveChanged(wave_id)))
    require(task, WORKING, "join a wave")
    if task.wave_id:
        raise WrongState("task", task.task_id, f"in wave {task.wave_id}", "join a wave")
    joined = replace(task, wave_id=wave_id, assignee=assignee)
    return changed(task, joined, facts.WaveChanged(wave_id))


def leave_wave(task: Task, wave_id: str) -> Change:
    if task.wave_id != wave_id:
        return Change(task)
    return changed(task, replace(task, wave_id=""), facts.WaveChanged(""))


def reject(task: Task, reason: RejectReason, detail: str, at: At) -> Change:
    """Give the task up. Units picked so far go back to their place."""
    require(task, REJECTABLE, "be rejected")
    return give_up(task, reason, detail, at)


def give_up(task: Task, reason: RejectReason, detail: str, at: At) -> Change:
    if any(line.handed_over for line in task.lines):
        return finish_without_rest(task, reason, detail, at)
    return changed(task, end(task, State.REJECTED, at), facts.Rejected(reason, detail))


def finish_without_rest(task: Task, reason: RejectReason, detail: str, at: At) -> Change:
    """End a task of which part was handed over: what is left is short, what waits is as if refused.

    What is left of a substitute, or only offered, is short of the line that it stands for.
    """
    happened: list[Fact] = []
    lines = []
    for line in task.lines:
        of_line = [each for each in task.lines if _is_of(task, each, line)]
        taken = sum(each.quantity - each.left for each in of_line)
        short = line.left if line.reservation_id else line.left + line.substituted - taken
        if short and not line.reservation_id:
            happened.append(facts.LineShortPicked(line.line_id, short, reason, detail))
        if line.waiting:
            happened.append(facts.LineRefused(line.line_id, line.waiting, Condition.SELLABLE, detail))
        lines.append(
            replace(
                line,
                short=line.short + short,
                substituted=line.substituted if line.reservation_id else taken,
                refused=line.refused + line.waiting,
                to_shelve=line.to_shelve + line.waiting,
                epcs=line.given_epcs,
            )
        )
    finished = shelving(task, replace(task, lines=tuple(lines)), at)
    return changed(task, end(finished, State.COLLECTED, at), *happened, facts.Collected(task.hand_overs[-1]))


def pick(task: Task, line_id: str, quantity: int, epcs: tuple[str, ...], at: At) -> Change:
    """Record units of a line as picked, with their tags where they were scanned."""
    require(task, WORKING, "be picked")
    line = find_line(task, line_id)
    if epcs and len(epcs) != quantity:
        raise invalid("quantity", f"{quantity} units with {len(epcs)} tags")
    if len(set(epcs)) < len(epcs):
        raise invalid("epcs", "a tag is there twice")
    if again := task.epcs.intersection(epcs):
        raise invalid("epcs", f"{min(again)} is picked already")
    if not 0 < quantity <= line.left:
        raise invalid("quantity", f"{quantity} picked, {line.left} of {line.quantity} are left to pick")
    lines = with_lines(task, replace(line, picked=line.picked + quantity, epcs=line.epcs + epcs))
    return work(task, lines, [facts.LinePicked(line_id, quantity)], at)


def short_pick(task: Task, line_id: str, reason: RejectReason, detail: str, at: At) -> Change:
    """Give up what is left of a line; the last such of a task with nothing picked rejects the task.

    What is left of a substitute is short of the line that it stood for.
    """
    require(task, WORKING, "be short picked")
    line = find_line(task, line_id)
    if line.left == 0:
        raise WrongState("line", line_id, "without units left to pick", "be short picked")
    lines = [replace(line, short=line.short + line.left)]
    told = facts.LineShortPicked(line_id, line.left, reason, detail)
    if line.reservation_id:
        root = _root(task, line)
        lines.append(replace(root, substituted=root.substituted - line.left, short=root.short + line.left))
        told = replace(told, line_id=root.line_id)
    return work(task, with_lines(task, *lines), [told], at)


def work(task: Task, lines: tuple[TaskLine, ...], happened: Sequence[Fact], at: At) -> Change:
    """Go on after a step of picking: to PICKING, to PICKED, or to REJECTED when nothing can be had."""
    told = list(happened) if task.state is State.PICKING else [facts.Started(), *happened]
    worked = replace(task, lines=lines, state=State.PICKING)
    if worked.left == 0 and worked.waiting and not worked.undecided:
        worked = step(replace(worked, state=State.PICKED, wave_id=""), at)
    elif worked.left == 0 and not worked.undecided and isinstance(happened[-1], facts.LineShortPicked):
        worked, finish = nothing_left(worked, happened[-1], at)
        told.append(finish)
    return changed(task, worked, *told)


def nothing_left(task: Task, last: facts.LineShortPicked, at: At) -> tuple[Task, Fact]:
    """End a task of which nothing waits and nothing can be had: collected, if part of it was."""
    if task.hand_overs and any(line.handed_over for line in task.lines):
        return end(task, State.COLLECTED, at), facts.Collected(task.hand_overs[-1])
    return end(task, State.REJECTED, at), facts.Rejected(last.reason, last.detail)


def stage(task: Task, staging_place: str, code: str, at: At) -> Change:
    """Let the goods wait for their customer, who gets `code`."""
    require(task, {State.PICKED}, "be staged")
    _require_kind(task, Kind.COLLECT, "be staged")
    deadline = at.now + at.rules.collect
    staged = replace(
        task,
        state=State.READY,
        staging_place=staging_place,
        ready_time=task.ready_time or at.now,
        code_number=task.code_number + 1,
    )
    if task.check_in_time is not None:  # a customer who waits already
        staged = replace(staged, wait_deadline=at.now + at.rules.wait)
    return changed(task, wait_until(step(staged, at), deadline, at), facts.Ready(deadline, code))


def wait_until(task: Task, deadline: datetime, at: At) -> Task:
    """Let ready goods wait until a collect deadline, with its reminder before and its grace after."""
    reminder = deadline - at.rules.reminder if at.rules.reminder else None
    return replace(
        task,
        collect_deadline=deadline,
        reminder_time=reminder if reminder is not None and reminder > at.now else None,
        expire_time=deadline + at.rules.grace,
    )


def pack(task: Task, at: At) -> Change:
    require(task, {State.PICKED}, "be packed")
    _require_kind(task, Kind.SHIP, "be packed")
    packed = replace(task, state=State.PACKED, ready_time=task.ready_time or at.now)
    return changed(task, step(packed, at), facts.Packed())


def ship(task: Task, carrier: str, tracking_number: str, at: At) -> Change:
    require(task, {State.PACKED}, "be shipped")
    lines = (
        replace(line, handed_over=line.handed_over + line.waiting, given_epcs=line.epcs)
        for line in task.lines
    )
    shipped = replace(task, lines=tuple(lines), carrier=carrier, tracking_number=tracking_number)
    return changed(task, end(shipped, State.SHIPPED, at), facts.Shipped(carrier, tracking_number))


def withdraw(task: Task, line_ids: Iterable[str], detail: str, at: At) -> Change:
    """Take lines back, all when none is named, with the units of them that were picked already.

    A task that has ended stays as it is: who withdrew did not know yet. So does a line of which nothing
    is left, and a line that the task does not have. A line goes with what was to take its place.
    """
    named = set(line_ids)
    told: list[Fact] = []
    lines = []
    for line in task.lines:
        root_id = _root(task, line).line_id if line.reservation_id else line.line_id
        own = line.left + line.waiting
        units = own + line.substituted
        if task.state in ENDED or units == 0 or (named and root_id not in named):
            lines.append(line)
            continue
        if not line.reservation_id:
            inside = sum(each.waiting for each in task.lines if _is_of(task, each, line))
            told.append(facts.LineWithdrawn(line.line_id, units, line.waiting + inside, detail))
        lines.append(
            replace(
                line,
                cancelled=line.cancelled + units,
                substituted=0,
                picked=line.handed_over + line.refused,
                to_shelve=line.to_shelve + line.waiting,
                epcs=line.given_epcs,
            )
        )
    if not told:
        return Change(task)
    gone = {each.line_id for each in told if isinstance(each, facts.LineWithdrawn)}
    substitutions = tuple(
        replace(each, state=SubstitutionState.FAILED)
        if each.state in UNDECIDED and each.line_id in gone
        else each
        for each in task.substitutions
    )
    rest = shelving(task, replace(task, lines=tuple(lines), substitutions=substitutions), at)
    if rest.left + rest.waiting == 0 and not rest.undecided:
        if any(line.handed_over for line in rest.lines) and rest.hand_overs:
            collected = end(rest, State.COLLECTED, at)
            return changed(task, collected, *told, facts.Collected(rest.hand_overs[-1]))
        return changed(task, end(rest, State.CANCELLED, at), *told, facts.Cancelled())
    if rest.state is State.PICKING and rest.left == 0 and not rest.undecided:
        rest = step(replace(rest, state=State.PICKED, wave_id=""), at)
    return changed(task, rest, *told)


def lose_tag(task: Task, epc: str, detail: str, alert: Alert, at: At) -> Change:
    """Have a unit picked again whose tag left by the exit or the till; nothing when it is not here."""
    for line in task.lines:
        if task.state in LIVE and epc in line.waiting_epcs:
            break
    else:
        return Change(task)
    rest = tuple(each for each in line.epcs if each != epc)
    lines = with_lines(task, replace(line, picked=line.picked - 1, epcs=rest))
    told = replace(alert, line_id=line.line_id, epc=epc)
    reopened = replace(task, lines=lines)
    happened: list[Fact] = [facts.Reopened(line.line_id, 1, detail), facts.Alerted(told)]
    if task.state is not State.PICKING:
        fields: dict[str, Any] = {"collect_deadline": None, "reminder_time": None, "expire_time": None}
        reopened = step(replace(reopened, state=State.PICKING, wait_deadline=None, **fields), at)
    return changed(task, raised(reopened, told), *happened)


# What they share


def find_line(task: Task, line_id: str) -> TaskLine:
    """Return a line by its id, or raise NotFound."""
    for line in task.lines:
        if line.line_id == line_id:
            return line
    raise NotFound("line", line_id)


def with_lines(task: Task, *changes: TaskLine) -> tuple[TaskLine, ...]:
    by_id = {line.line_id: line for line in changes}
    return tuple(by_id.get(line.line_id, line) for line in task.lines)


def _root(task: Task, line: TaskLine) -> TaskLine:
    """Return the line that a substitute stands for."""
    for each in task.substitutions:
        if each.substitute_line_id == line.line_id:
            return find_line(task, each.line_id)
    raise NotFound("line", line.line_id)


def _is_of(task: Task, line: TaskLine, root: TaskLine) -> bool:
    return bool(line.reservation_id) and _root(task, line).line_id == root.line_id


def changed(before: Task, after: Task, *happened: Fact) -> Change:
    return Change(replace(after, version=before.version + 1), happened)


def step(task: Task, at: At) -> Task:
    """Begin a step of work: it is late after its time, but never before the promise."""
    waits = task.state in {State.READY, *ENDED}
    deadline = None if waits else max(at.now + at.rules.step, task.assignment.promise_time)
    return replace(task, step_deadline=deadline, escalations=0)


def end(task: Task, state: State, at: At) -> Task:
    """End a task. What was picked and does not leave goes back to its place."""
    lines = tuple(
        replace(line, to_shelve=line.to_shelve + line.waiting) if state in _STAYS else line
        for line in task.lines
    )
    substitutions = tuple(
        replace(each, state=SubstitutionState.FAILED) if each.state in UNDECIDED else each
        for each in task.substitutions
    )
    ended = replace(task, state=state, lines=lines, substitutions=substitutions, wave_id="", end_time=at.now)
    return shelving(task, step(ended, at), at)


_STAYS: Collection[State] = {State.REJECTED, State.CANCELLED, State.EXPIRED}


def shelving(before: Task, after: Task, at: At) -> Task:
    """Give goods that go back to their place a time by which they should be there."""
    if after.to_shelve > before.to_shelve:
        return replace(after, shelve_deadline=at.now + at.rules.shelve)
    return after


def raised(task: Task, alert: Alert) -> Task:
    """Add an alert in place of an earlier one of the same."""
    same = (alert.kind, alert.epc, alert.line_id)
    others = [each for each in task.alerts if (each.kind, each.epc, each.line_id) != same]
    return replace(task, alerts=(*others, alert)[-MAX_ALERTS:])


def alert(task: Task, raised_alert: Alert) -> Change:
    """Have somebody look at a task."""
    return changed(task, raised(task, raised_alert), facts.Alerted(raised_alert))


def acknowledge(task: Task, alert_id: str) -> Change:
    rest = tuple(each for each in task.alerts if each.alert_id != alert_id)
    if len(rest) == len(task.alerts):
        raise NotFound("alert", alert_id)
    return changed(task, replace(task, alerts=rest), facts.AlertAcknowledged(alert_id))


def require(task: Task, states: Iterable[State], action: str) -> None:
    if task.state not in states:
        raise WrongState("task", task.task_id, task.state.name, action)


def _require_kind(task: Task, kind: Kind, action: str) -> None:
    if task.assignment.kind is not kind:
        raise WrongState("task", task.task_id, f"a {task.assignment.kind.name} task", action)


def invalid(field: str, description: str) -> InvalidField:
    return InvalidField([FieldViolation(field, description)])
