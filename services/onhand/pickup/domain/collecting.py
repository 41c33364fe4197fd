"""The customer's part of a task's life: on the way, here, goods given, refused, brought back.

Functions as in `transitions`: a task in, the task after it and the facts out, or what forbids it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from onhand.kit.errors import LimitReached, WrongProduct, WrongState
from onhand.pickup.domain import facts
from onhand.pickup.domain.facts import Fact
from onhand.pickup.domain.task import (
    LIVE,
    Alert,
    AlertKind,
    Condition,
    HandOver,
    Kind,
    State,
    Task,
    TaskLine,
)
from onhand.pickup.domain.transitions import (
    At,
    Change,
    changed,
    end,
    find_line,
    invalid,
    raised,
    require,
    shelving,
    wait_until,
    with_lines,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a line the customer takes, and what they refuse."""

    line_id: str
    given: int
    refused: int = 0
    given_epcs: tuple[str, ...] = ()
    condition: Condition = Condition.SELLABLE
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked at the counter."""

    identity: bool = False
    age: bool = False


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """Units of a line that come back."""

    line_id: str
    quantity: int
    epcs: tuple[str, ...]
    condition: Condition


def announce(task: Task, arrive_time: datetime | None, now: datetime) -> Change:
    """Note that the customer is on the way."""
    _require_live_collect(task, "be come for")
    told = replace(task, on_my_way_time=now, arrive_time=arrive_time)
    return changed(task, told, facts.ArrivalAnnounced(arrive_time))


def check_in(task: Task, note: str, at: At) -> Change:
    """Note that the customer is here: also before the goods are ready, when the store must hurry."""
    _require_live_collect(task, "be checked in for")
    here = replace(
        task,
        check_in_time=task.check_in_time or at.now,
        check_in_note=note,
        wait_deadline=at.now + at.rules.wait if task.check_in_time is None else task.wait_deadline,
    )
    return changed(task, here, facts.CheckedIn(note))


def name_collector(task: Task, name: str) -> Change:
    _require_live_collect(task, "have its collector named")
    return changed(task, replace(task, collector_name=name), facts.TermsChanged())


def require_checks(task: Task, *, identity: bool, minimum_age: int, at: At) -> Change:
    """Ask for what the channel asks for, beside what the store asks of everybody."""
    _require_live_collect(task, "have its checks changed")
    asked = replace(task, identity_check=identity or at.rules.identity_check, minimum_age=minimum_age)
    return changed(task, asked, facts.TermsChanged())


def extend(task: Task, at: At) -> Change:
    """Let ready goods wait for longer, from their deadline on, as often as the store allows."""
    require_ready(task)
    if task.extensions >= at.rules.max_extensions:
        raise LimitReached(f"{at.rules.max_extensions} extensions of one task")
    deadline = (task.collect_deadline or at.now) + at.rules.extension
    longer = replace(wait_until(task, deadline, at), extensions=task.extensions + 1)
    return changed(task, longer, facts.Extended(deadline))


def require_ready(task: Task) -> None:
    """Raise WrongState unless the goods may be handed over.

    Past the collect deadline they still may, until the task has expired: the customer who stands there
    with the code while the goods lie behind the counter gets them.
    """
    require(task, {State.READY}, "be handed over")


def require_checked(task: Task, checks: Checks) -> None:
    """Raise InvalidField unless all was checked that the task asks for."""
    if task.identity_check and not checks.identity:
        raise invalid("identity_checked", "must be true for this task")
    if task.minimum_age and not checks.age:
        raise invalid("age_checked", f"must be true: the collector must be {task.minimum_age} or older")


def hand_over(task: Task, taken: Sequence[Taken], record: HandOver, code: str, at: At) -> Change:
    """Hand goods over, all that wait when nothing is named; whoever calls this has seen the right code.

    What is neither given nor refused goes on waiting, with `code`.
    """
    require_ready(task)
    if not taken:
        taken = [Taken(line.line_id, line.waiting) for line in task.lines if line.waiting]
    if len({each.line_id for each in taken}) < len(taken):
        raise invalid("lines", "a line is there twice")
    lines = with_lines(task, *(_take(find_line(task, each.line_id), each) for each in taken))
    record = replace(
        record, given=sum(each.given for each in taken), refused=sum(each.refused for each in taken)
    )
    refusals = [
        facts.LineRefused(each.line_id, each.refused, each.condition, each.detail)
        for each in taken
        if each.refused
    ]
    after = replace(task, lines=lines, hand_overs=(*task.hand_overs, record), wait_deadline=None)
    after = shelving(task, after, at)
    if after.waiting:
        after = replace(after, code_number=task.code_number + 1)
        return changed(task, after, *refusals, facts.PartlyCollected(record, code))
    if any(line.handed_over for line in lines):
        return changed(task, end(after, State.COLLECTED, at), *refusals, facts.Collected(record))
    return changed(task, end(after, State.REFUSED, at), *refusals, facts.Refused(record))


def _take(line: TaskLine, taken: Taken) -> TaskLine:
    if taken.given + taken.refused > line.waiting:
        raise invalid(
            "lines",
            f"{line.line_id}: {taken.given} given and {taken.refused} refused, {line.waiting} wait",
        )
    tags = line.waiting_epcs
    if taken.refused and taken.given + taken.refused < line.waiting:
        raise invalid("lines", f"{line.line_id}: what is not refused of it must be given")
    given_epcs = tags if taken.given == line.waiting else taken.given_epcs
    if not set(given_epcs) <= set(tags) or len(set(given_epcs)) < len(given_epcs):
        raise invalid("lines", f"{line.line_id}: given_epcs must be tags that wait, once each")
    untagged = line.waiting - len(tags)
    if not taken.given - untagged <= len(given_epcs) <= taken.given:
        raise invalid("lines", f"{line.line_id}: given_epcs must name the tags of the units given")
    given = line.given_epcs + tuple(given_epcs)
    return replace(
        line,
        handed_over=line.handed_over + taken.given,
        refused=line.refused + taken.refused,
        to_shelve=line.to_shelve + taken.refused,
        given_epcs=given,
        epcs=given if taken.refused else line.epcs,  # refused tags are free again
    )


def dispute(task: Task, record: HandOver, detail: str, alert: Alert) -> Change:
    """Note a hand-over that was told too late to be right: the goods may have left twice."""
    told = replace(alert, kind=AlertKind.HAND_OVER_DISPUTED, detail=detail)
    disputed = replace(raised(task, told), hand_overs=(*task.hand_overs, record))
    return changed(task, disputed, facts.Disputed(record, detail), facts.Alerted(told))


def bring_back(task: Task, back: Sequence[BroughtBack], location_id: str, detail: str) -> Change:
    """Take goods back that left with the task."""
    if not any(line.handed_over for line in task.lines):
        raise WrongState("task", task.task_id, task.state.name, "be brought back")
    if len({each.line_id for each in back}) < len(back):
        raise invalid("lines", "a line is there twice")
    lines: Mapping[str, TaskLine] = {line.line_id: line for line in task.lines}
    happened: list[Fact] = []
    after = []
    for each in back:
        line = lines.get(each.line_id) or find_line(task, each.line_id)
        if each.epcs and len(each.epcs) != each.quantity:
            raise invalid("lines", f"{each.line_id}: {each.quantity} units with {len(each.epcs)} tags")
        for epc in each.epcs:
            if epc not in line.given_epcs or each.epcs.count(epc) > 1:
                raise WrongProduct(epc, line.item_id, "NOT_GIVEN")
        if each.quantity > line.handed_over - line.returned:
            raise invalid(
                "lines", f"{each.line_id}: {each.quantity} back, {line.handed_over - line.returned} are out"
            )
        given = tuple(epc for epc in line.given_epcs if epc not in each.epcs)
        after.append(replace(line, returned=line.returned + each.quantity, given_epcs=given))
        happened.append(
            facts.Returned(location_id, each.line_id, each.quantity, each.condition, detail, each.epcs)
        )
    return changed(task, replace(task, lines=with_lines(task, *after)), *happened)


def reshelve(task: Task) -> Change:
    """Note that all goods which go back to their place are there."""
    if not task.to_shelve:
        raise WrongState("task", task.task_id, "without goods to put back", "be re-shelved")
    lines = tuple(replace(line, to_shelve=0) for line in task.lines)
    alerts = tuple(each for each in task.alerts if each.kind is not AlertKind.SHELVE_LATE)
    done = replace(task, lines=lines, shelve_deadline=None, alerts=alerts)
    return changed(task, done, facts.Reshelved(task.to_shelve))


def _require_live_collect(task: Task, action: str) -> None:
    if task.assignment.kind is not Kind.COLLECT:
        raise WrongState("task", task.task_id, f"a {task.assignment.kind.name} task", action)
    require(task, LIVE, action)
