"""What happens to a task by itself when its times pass."""

from collections.abc import Callable
from dataclasses import replace

from onhand.pickup.domain import facts, offers
from onhand.pickup.domain.task import (
    LIVE,
    UNDECIDED,
    Alert,
    AlertKind,
    RejectReason,
    State,
    SubstitutionState,
    Task,
)
from onhand.pickup.domain.transitions import (
    At,
    Change,
    changed,
    end,
    finish_without_rest,
    give_up,
    raised,
)


def pass_time(task: Task, at: At, new_id: Callable[[], str]) -> Change:
    """Do all that is due, each thing once; nothing when nothing is."""
    after = task
    happened: list[facts.Fact] = []
    while (due := after.due_time()) is not None and due <= at.now:
        one = _first_due(after, at, new_id)
        after = one.task
        happened += one.facts
    return Change(replace(after, version=task.version + bool(happened)), tuple(happened))


def _first_due(task: Task, at: At, new_id: Callable[[], str]) -> Change:
    """Do one thing that is due. Each moves or drops the time that it was due by."""
    for offer in task.substitutions:
        if task.state in LIVE and offer.state in UNDECIDED and offer.decide_deadline <= at.now:
            return offers.decide(task, offer, SubstitutionState.LAPSED)
    if task.state is State.OPEN and task.accept_deadline <= at.now:
        return give_up(task, RejectReason.TIMED_OUT, "nobody accepted it in time", at)
    if task.state is State.READY and (collected := _uncollected(task, at)) is not None:
        return collected
    if task.state in LIVE and task.wait_deadline is not None and task.wait_deadline <= at.now:
        alert = Alert(new_id(), AlertKind.CUSTOMER_WAITS, at.now, task.check_in_note)
        return changed(task, raised(replace(task, wait_deadline=None), alert), facts.Alerted(alert))
    if task.shelve_deadline is not None and task.shelve_deadline <= at.now:
        alert = Alert(
            new_id(), AlertKind.SHELVE_LATE, at.now, f"{task.to_shelve} units lie at {_place(task)}"
        )
        later = replace(task, shelve_deadline=at.now + at.rules.escalation_interval)
        return changed(task, raised(later, alert), facts.Alerted(alert))
    return _escalate(task, at, new_id)


def _uncollected(task: Task, at: At) -> Change | None:
    """End ready goods that nobody came for, or remind their customer; None while neither is due."""
    expire = task.expire_time or task.collect_deadline
    if expire is not None and expire <= at.now:
        return _expire(task, at)
    if task.reminder_time is not None and task.reminder_time <= at.now and task.collect_deadline is not None:
        return changed(task, replace(task, reminder_time=None), facts.Reminded(task.collect_deadline))
    return None


def _expire(task: Task, at: At) -> Change:
    """End a task whose customer did not come; collected, where they had taken part of it."""
    if any(line.handed_over for line in task.lines):
        return finish_without_rest(task, RejectReason.OTHER, "nobody came for the rest", at)
    return changed(task, end(task, State.EXPIRED, at), facts.Expired())


def _escalate(task: Task, at: At, new_id: Callable[[], str]) -> Change:
    """Say that the present step is late; in the end give the store up."""
    if task.escalations >= at.rules.max_escalations:
        return give_up(task, RejectReason.TIMED_OUT, f"{task.state.name} for too long", at)
    detail = f"{task.state.name} and late, alert {task.escalations + 1} of {at.rules.max_escalations}"
    alert = Alert(new_id(), AlertKind.STEP_LATE, at.now, detail)
    later = replace(
        task,
        step_deadline=at.now + at.rules.escalation_interval,
        escalations=task.escalations + 1,
    )
    return changed(task, raised(later, alert), facts.Alerted(alert))


def _place(task: Task) -> str:
    return task.staging_place or "the picker's"
