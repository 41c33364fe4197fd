"""From a waiting line to a location's task, and back to waiting when that fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from onhand.routing.domain.cost import Demand, Portion
from onhand.routing.domain.facts import AssignedLine, LinesAssigned, LinesCancelled, OrderDelayed
from onhand.routing.domain.lifecycle import LEFT, WITH_TASK, FulfilmentMethod, LineState
from onhand.routing.domain.order import (
    Assignment,
    AssignmentState,
    Bucket,
    Cause,
    Line,
    Order,
    cell_name,
    derived_id,
    total_of,
)
from onhand.routing.domain.plan import Plan

MAX_ASSIGNED_LINES = 100
"""Lines of one task, by the contract; more become another task."""


@dataclass(frozen=True, slots=True)
class Basket:
    """A reservation that a caller named, as stock has it."""

    is_held: bool
    """Held and not expired."""
    is_committed: bool
    order_id: str
    customer_id: str
    quantities: Mapping[tuple[str, str], int]
    """Units by location and item."""


def accept(order: Order, cause: Cause) -> None:
    """Record that a new order was taken."""
    for line in order.lines:
        line.action_time = order.wave_time or cause.now
        order.note(line, cause, "accepted")


def wave_time(now: datetime, every_s: float) -> datetime:
    """Return when the next wave begins: at the next full multiple of `every_s` since 1970."""
    seconds = now.timestamp()
    return now + timedelta(seconds=every_s - seconds % every_s)


def demands_of(order: Order) -> tuple[Demand, ...]:
    """Return the lines to place."""
    return tuple(
        Demand(
            line.line_id,
            line.item_id,
            line.quantity,
            frozenset(line.excluded_location_ids),
            line.bundle_id,
            tuple(line.substitute_item_ids),
        )
        for line in order.waiting()
    )


def bound_to(order: Order) -> str | None:
    """Return the location that lines must come from for want of consent to split; None when free."""
    if order.allow_split or order.method is FulfilmentMethod.COLLECT:
        return None
    placed = LEFT | WITH_TASK | {LineState.PLANNED, LineState.RESERVED}
    return next((line.location_id for line in order.lines if line.state in placed), None)


def may_be_of(order: Order, basket: Basket) -> bool:
    """Tell whether a basket may be the order's: nobody else's by all that stock knows."""
    ours = basket.order_id in {"", order.order_id}
    return ours and basket.customer_id in {"", order.customer.customer_id}


def fits(order: Order, basket: Basket) -> bool:
    """Tell whether a basket holds exactly what the order still has to place, at its store."""
    if not may_be_of(order, basket):
        return False
    wanted = total_of(order.waiting())
    exact = {(order.collect_location_id, item_id): units for item_id, units in wanted.items()}
    live = basket.is_held or (basket.is_committed and basket.order_id == order.order_id)
    return live and dict(basket.quantities) == exact


def drop_basket(order: Order, cause: Cause, detail: str) -> None:
    """Do without the held basket; what it may still hold goes back."""
    order.note(None, cause, detail, order.collect_location_id)
    order.owe(order.basket_reservation_id, order.collect_location_id, {}, foreign=True)
    order.basket_reservation_id = ""


def record_plan(order: Order, plan: Plan, cause: Cause, park_retry: timedelta) -> None:
    """Take a plan over: chosen lines are planned, each location's assignment is under way, others wait.

    A line that was cancelled since the plan was made is passed over.
    """
    order.attempt += 1
    held = plan.question.held
    waiting = {line.line_id: line for line in order.waiting()}
    if held and waiting.keys() != {portion.line_id for portion in plan.portions}:
        return  # a line was cancelled since: the basket holds too much now, and is refused at the next look
    items = {demand.line_id: demand.item_id for demand in plan.question.demands}
    chosen: dict[str, list[Line]] = {}
    for line_id, portions in _by_line(plan.portions).items():
        line = waiting.pop(line_id, None)
        if line is None:
            continue
        _substitute(order, line, items.get(line_id, line.item_id), cause)
        *others, first = portions
        # The line keeps the last portion: dividing takes the others off it.
        for portion in others:
            part = order.divide(line, portion.quantity)
            chosen.setdefault(portion.location_id, []).append(part)
        chosen.setdefault(first.location_id, []).append(line)
    reservation_id = order.basket_reservation_id if held else ""
    days = {each.location_id: (each.day, each.distance_metres) for each in plan.question.options}
    part_number = 0
    for location_id, lines in sorted(chosen.items()):
        for line in lines:
            line.location_id = location_id
            order.move(line, LineState.PLANNED, cause, f"planned, attempt {order.attempt}")
        for start in range(0, len(lines), MAX_ASSIGNED_LINES):
            part_number += 1
            units = lines[start : start + MAX_ASSIGNED_LINES]
            assignment = _assignment(order, part_number, location_id, units, reservation_id)
            assignment.day, assignment.distance_metres = days[location_id]
            if order.method is FulfilmentMethod.COLLECT and location_id != order.collect_location_id:
                assignment.transfer_to = order.collect_location_id
            order.assignments.append(assignment)
    if held:
        order.basket_reservation_id = ""
    park(order, waiting.values(), cause, plan.outcome, park_retry, look_again=True)


def _substitute(order: Order, line: Line, item_id: str, cause: Cause) -> None:
    if item_id == line.item_id:
        return
    order.note(line, cause, f"{item_id} instead of {line.item_id}")
    line.ordered_item_id = line.ordered_item_id or line.item_id
    line.substitute_item_ids.remove(item_id)
    line.item_id = item_id


def _assignment(
    order: Order, part: int, location_id: str, lines: Sequence[Line], basket_id: str
) -> Assignment:
    step = (order.attempt, part, *(line.line_id for line in lines))
    return Assignment(
        order.attempt,
        part,
        location_id,
        task_id=derived_id(order.order_id, "task", *step),
        reservation_id=basket_id or derived_id(order.order_id, "reserve", *step),
        lines=[AssignedLine(line.line_id, line.item_id, line.quantity) for line in lines],
        is_basket=bool(basket_id),
    )


def _by_line(portions: Iterable[Portion]) -> dict[str, list[Portion]]:
    by_line: dict[str, list[Portion]] = {}
    for portion in portions:
        by_line.setdefault(portion.line_id, []).append(portion)
    return by_line


def park(
    order: Order,
    lines: Iterable[Line],
    cause: Cause,
    detail: str,
    retry: timedelta,
    *,
    look_again: bool = False,
) -> None:
    """Let lines wait for stock; those that already do only wait on.

    With `look_again` the others are planned once more at once: what arrived between the look at stock and the parking
    woke nobody, and what arrives later does.
    """
    newly = []
    for line in lines:
        if line.state is not LineState.PARKED:
            line.location_id = ""
            order.move(line, LineState.PARKED, cause, detail)
            newly.append(line)
        wait = timedelta() if look_again and line in newly else retry
        line.action_time = min(cause.now + wait, order.auto_cancel_time)
    if newly:
        order.facts.append(_delayed(newly, None, None))
        for line in newly:
            line.promise_time = line.delivery_date = None


def wake(order: Order, cause: Cause, item_id: str, location_id: str, version: int) -> bool:
    """Plan parked lines again because stock of an item arrived; tells whether that is worthwhile.

    A location that could not fill a line is asked again, unless what arrived are the line's own units
    that it gave back, or was there before. `version` is the cell's, which rises under its lock.
    """
    woken = False
    cell = cell_name(location_id, item_id)
    for line in order.lines:
        if line.state is not LineState.PARKED or item_id not in {line.item_id, *line.substitute_item_ids}:
            continue
        if location_id in line.failed_location_ids and version <= line.released_versions.get(cell, 0):
            continue
        if location_id in line.excluded_location_ids:
            line.excluded_location_ids.remove(location_id)
        woken = True
    if woken:
        for line in order.waiting():
            line.action_time = cause.now
    return woken


def give_up(order: Order, cause: Cause) -> None:
    """Cancel the lines that found no stock until the order's auto-cancel time."""
    lines = order.waiting()
    if lines:
        detail = "no stock until the auto-cancel time"
        for line in lines:
            order.move(line, LineState.CANCELLED, cause, detail)
            line.given_up = True
        order.facts.append(LinesCancelled(tuple(line.line_id for line in lines), detail))
    if order.basket_reservation_id and order.has_ended:
        drop_basket(order, cause, "given up before its held basket was taken over")


def still_wanted(order: Order, assignment: Assignment) -> list[Line]:
    """Return the lines of an assignment that nobody cancelled since it was planned."""
    lines = [order.line(each.line_id) for each in assignment.lines]
    return [line for line in lines if line is not None and line.state is LineState.PLANNED]


def abandon(order: Order, assignment: Assignment) -> None:
    """End an assignment that nobody wants any more; what it may have reserved goes back."""
    assignment.state = AssignmentState.ABANDONED
    order.owe(assignment.reservation_id, assignment.location_id, {})


def refuse(order: Order, assignment: Assignment, cause: Cause, detail: str, *, may_hold: bool) -> None:
    """Stock refused an assignment: its lines wait to be planned again.

    `may_hold`: something may have been reserved before it was refused, and is given back.
    """
    assignment.state = AssignmentState.ABANDONED
    lines = still_wanted(order, assignment)
    for line in lines:
        line.location_id = ""
        order.move(line, LineState.ACCEPTED, cause, detail, assignment.location_id)
    if may_hold:
        order.owe(assignment.reservation_id, assignment.location_id, {})


def assign(
    order: Order,
    assignment: Assignment,
    promise_time: datetime,
    delivery_date: date | None,
    slack: timedelta,
    cause: Cause,
) -> None:
    """Stock is committed: the location gets its task, and units of cancelled lines go back.

    A promise that was given stays when the location would need up to `slack` longer: it can make up for
    minutes. Otherwise the promise moves, and the customer is told; so they are of a later day of delivery.
    """
    assignment.state = AssignmentState.DONE
    lines = still_wanted(order, assignment)
    wanted = {line.line_id for line in lines}
    unwanted = [each for each in assignment.lines if each.line_id not in wanted]
    if unwanted:
        ids = tuple(each.line_id for each in unwanted)
        order.owe(assignment.reservation_id, assignment.location_id, total_of(unwanted), Bucket.SELLABLE, ids)
    if not lines:
        return
    late = [line for line in lines if line.promise_time and line.promise_time + slack < promise_time]
    later = [
        line
        for line in lines
        if line in late
        or (
            delivery_date is not None
            and line.delivery_date is not None
            and line.delivery_date < delivery_date
        )
    ]
    if later:
        kept = max(line.promise_time or promise_time for line in later)
        order.facts.append(_delayed(later, promise_time if late else kept, delivery_date))
    for line in lines:
        line.reservation_id = assignment.reservation_id
        line.task_id = assignment.task_id
        line.delivery_date = delivery_date
        line.first_promise_time = line.first_promise_time or line.promise_time or promise_time
        if line.promise_time is None or line in late:
            line.promise_time = promise_time
        order.move(line, LineState.RESERVED, cause, "stock committed")
        order.move(line, LineState.ASSIGNED, cause, "task given to the location")
        line.action_time = line.promise_time
    due = max(line.promise_time for line in lines if line.promise_time)
    order.facts.append(
        LinesAssigned(
            assignment.task_id,
            assignment.location_id,
            assignment.reservation_id,
            due,
            tuple(AssignedLine(line.line_id, line.item_id, line.quantity) for line in lines),
        )
    )


def _delayed(
    lines: Sequence[Line], promise_time: datetime | None, delivery_date: date | None
) -> OrderDelayed:
    """Say what lines are promised now instead of what they still have."""
    return OrderDelayed(
        tuple(line.line_id for line in lines),
        max((line.promise_time for line in lines if line.promise_time), default=None),
        promise_time,
        max((line.delivery_date for line in lines if line.delivery_date), default=None),
        delivery_date,
    )


def released(order: Order, release_id: str, versions: Mapping[str, int]) -> None:
    """Stock confirmed a release; `versions` of its cells by item, none when there was nothing to give back."""
    release = next(each for each in order.releases if each.release_id == release_id)
    order.releases.remove(release)
    for line_id in release.line_ids:
        line = order.line(line_id)
        if line is not None:
            cell = cell_name(release.location_id, line.item_id)
            known = line.released_versions.get(cell, 0)
            line.released_versions[cell] = max(known, versions.get(line.item_id, 0))


def overdue(order: Order, now: datetime) -> list[Line]:
    """Return the lines that a location works on and that ought to have moved on by now."""
    return [
        line
        for line in order.lines
        if line.state in WITH_TASK and line.action_time is not None and line.action_time <= now
    ]


def delay(
    order: Order,
    line_ids: Iterable[str],
    promise_time: datetime,
    delivery_date: date | None,
    cause: Cause,
) -> None:
    """Move the promise of lines that a location did not get ready in time."""
    late = [
        line
        for line in map(order.line, line_ids)
        if line is not None and line.state in {LineState.ASSIGNED, LineState.PICKING}
    ]
    if late:
        order.facts.append(_delayed(late, promise_time, delivery_date))
    for line in late:
        line.promise_time = line.action_time = promise_time
        line.delivery_date = delivery_date
        order.note(line, cause, "not ready by its promise", line.location_id)


def remind(order: Order, lines: Iterable[Line], again: timedelta, cause: Cause) -> None:
    """Note that the location has not said what became of goods that waited for their customer."""
    for line in lines:
        line.action_time = cause.now + again
        order.note(line, cause, "the location has not said whether it was collected", line.location_id)
