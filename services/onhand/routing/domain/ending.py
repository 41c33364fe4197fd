"""Cancelling and changing an order, and what a store's task does to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from onhand.kit.errors import NotFound, WrongState
from onhand.routing.domain.facts import AssignmentCancelled, LinesCancelled
from onhand.routing.domain.lifecycle import ENDED, LEFT, WITH_TASK, FulfilmentMethod, LineState
from onhand.routing.domain.order import Bucket, Cause, Line, Order, Position, Rejection
from onhand.routing.domain.placing import drop_basket
from onhand.routing.domain.transfers import call_off, cancelled


def cancel(order: Order, line_ids: Sequence[str], detail: str, cause: Cause) -> None:
    """Cancel lines, or all when none are named; a name stands for its line and the parts divided from it.

    Raises NotFound for a name that is not of the order, and WrongState when the goods of a line have left
    already; nothing is changed then. Lines that ended otherwise are left alone.
    """
    lines = [line for line in _named(order, line_ids) if line.is_open]
    if not lines:
        return
    tasks: dict[str, list[Line]] = {}
    for line in lines:
        if line.state in WITH_TASK:
            tasks.setdefault(line.task_id, []).append(line)
    for task_id, of_task in tasks.items():
        order.facts.append(AssignmentCancelled(task_id, tuple(each.line_id for each in of_task), detail))
        order.release(of_task)
    cancelled(order, [line for line in lines if line.state is LineState.TRANSFERRING], cause)
    for line in lines:
        order.move(line, LineState.CANCELLED, cause, detail)
    order.facts.append(LinesCancelled(tuple(line.line_id for line in lines), detail))
    if order.basket_reservation_id and order.has_ended:
        drop_basket(order, cause, "cancelled before its held basket was taken over")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an order goes: a store, or an address and its place."""

    collect_location_id: str = ""
    shipping_address: bytes = b""
    shipping_position: Position | None = None


def change(order: Order, to: Destination, detail: str, cause: Cause) -> None:
    """Send the open lines of an order elsewhere: their locations are relieved, they are planned anew.

    Raises WrongState when goods of a line have left already, or nothing is open; nothing is changed then.
    """
    lines = [line for line in order.lines if line.is_open]
    ended = next((line for line in order.lines if line.state in LEFT), None) or (
        None if lines else order.lines[0]
    )
    if ended is not None:
        raise WrongState("line", f"{order.order_id}/{ended.line_id}", ended.state.name, "change its place")
    order.note(None, cause, detail, to.collect_location_id)
    if order.basket_reservation_id:
        drop_basket(order, cause, "changed before its held basket was taken over")
    order.method = FulfilmentMethod.COLLECT if to.collect_location_id else FulfilmentMethod.SHIP
    order.collect_location_id = to.collect_location_id
    order.shipping_address, order.shipping_position = to.shipping_address, to.shipping_position
    order.quoted_location_ids = []
    take_back(order, [line for line in lines if line.state in WITH_TASK], detail, cause)
    call_off(order, [line for line in lines if line.state is LineState.TRANSFERRING], detail, cause)
    for line in lines:
        if line.state is not LineState.ACCEPTED:
            order.move(line, LineState.ACCEPTED, cause, detail)
        line.location_id, line.delivery_date = "", None
        line.promise_time = line.first_promise_time = None
        line.action_time = cause.now


def take_back(order: Order, lines: Sequence[Line], detail: str, cause: Cause) -> None:
    """Relieve locations of lines, whose stock goes back, and let them wait to be planned."""
    tasks: dict[str, list[Line]] = {}
    for line in lines:
        tasks.setdefault(line.task_id, []).append(line)
    for task_id, of_task in tasks.items():
        order.facts.append(AssignmentCancelled(task_id, tuple(each.line_id for each in of_task), detail))
        order.release(of_task)
        for line in of_task:
            line.former_task_id, line.former_reservation_id = line.task_id, line.reservation_id
            order.move(line, LineState.ACCEPTED, cause, detail)
            line.location_id = line.task_id = line.reservation_id = ""
            line.done_time = None


def _named(order: Order, line_ids: Sequence[str]) -> list[Line]:
    known = {line.line_id for line in order.lines}
    for line_id in line_ids:
        if line_id not in known:
            raise NotFound("line", f"{order.order_id}/{line_id}")
    wanted = set(line_ids) or known
    lines = [line for line in order.lines if {line.line_id, line.root_line_id} & wanted]
    for line in lines:
        if line.state in LEFT:
            raise WrongState("line", f"{order.order_id}/{line.line_id}", line.state.name, "cancel it")
    return lines


class NewsKind(Enum):
    """What a store's task can tell."""

    STARTED = auto()
    READY = auto()
    COLLECTED = auto()
    SHIPPED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    SHORT = auto()
    REOPENED = auto()
    """What was ready is to be picked again."""
    EXTENDED = auto()
    """The goods wait for longer."""
    PARTLY_COLLECTED = auto()
    LINE_REFUSED = auto()
    """At the counter; pickup gives the units back to stock."""
    REFUSED = auto()
    """All of it."""
    RETURNED = auto()
    """Units came back after they had left."""
    SUBSTITUTED = auto()
    """The customer takes another item in place of units of a line."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a task."""

    kind: NewsKind
    order_id: str
    task_id: str
    remaining: Mapping[str, int]
    """Units of each line that the task still has or had to the end: neither short, withdrawn nor refused."""
    picked: Mapping[str, int] = field(default_factory=dict)
    """Units of each line that were picked."""
    given: Mapping[str, int] = field(default_factory=dict)
    """Units of each line that were handed over, by what took their place too."""
    detail: str = ""
    reason: str = ""
    """Rejected or short: why, as pickup names it."""
    bucket: Bucket = Bucket.SELLABLE
    """Rejected or short: where stock is to look for the units."""
    line_id: str = ""
    """The line that it is about, where it is about one."""
    quantity: int = 0
    """Units of that line."""
    collect_deadline: datetime | None = None
    happen_time: datetime | None = None
    """When it happened, by pickup; None: now."""
    carrier: str = ""
    tracking_number: str = ""


def take(order: Order, news: News, cause: Cause, ready_grace: timedelta) -> None:
    """Bring the lines of a task to where its news says they are.

    Events may come twice, late or out of order: each line moves only if it is still of this task and its
    state lets it.
    """
    lines = order.with_task(news.task_id)
    _leave_anyway(order, news, cause)
    under_way = [line for line in lines if line.state in WITH_TASK]
    match news.kind:
        case NewsKind.REJECTED:
            _reject(order, under_way, news, cause)
        case NewsKind.SHORT | NewsKind.LINE_REFUSED | NewsKind.RETURNED | NewsKind.SUBSTITUTED:
            for line in lines:
                if line.line_id == news.line_id:
                    _of_line(order, line, news, cause)
        case NewsKind.EXPIRED | NewsKind.REFUSED:
            _end_without(order, under_way, news, cause)
        case _:
            for line in lines:
                if news.remaining.get(line.line_id, 0) > 0:
                    _advance(order, line, news, cause, ready_grace)


def _of_line(order: Order, line: Line, news: News, cause: Cause) -> None:
    if news.kind is NewsKind.SHORT:
        _short(order, line, news, cause)
    elif news.kind is NewsKind.SUBSTITUTED:
        order.note(line, cause, news.detail, line.location_id)
    else:
        _unwanted(order, line, news, cause)


def _end_without(order: Order, lines: Sequence[Line], news: News, cause: Cause) -> None:
    """End lines whose goods stay: of those that were refused pickup itself tells stock."""
    if news.kind is NewsKind.REFUSED:
        for line in lines:
            order.move(line, LineState.CANCELLED, cause, "refused at the counter")
        return
    for line in lines:
        order.move(line, LineState.EXPIRED, cause, "nobody came for it")
    if lines:
        order.release(lines)


def _advance(order: Order, line: Line, news: News, cause: Cause, ready_grace: timedelta) -> None:
    """Bring a line forward with its task, or back to picking."""
    if news.kind is NewsKind.STARTED and line.state is LineState.ASSIGNED:
        order.move(line, LineState.PICKING, cause, "the location works on it")
    elif news.kind is NewsKind.READY and line.state in {LineState.ASSIGNED, LineState.PICKING}:
        order.move(line, LineState.READY, cause, "ready to collect")
        line.done_time = news.happen_time or cause.now
        line.action_time = (news.collect_deadline or cause.now) + ready_grace
    elif news.kind is NewsKind.EXTENDED and line.state is LineState.READY:
        line.action_time = (news.collect_deadline or cause.now) + ready_grace
        order.note(line, cause, "waits for its customer for longer", line.location_id)
    elif news.kind is NewsKind.REOPENED and line.state is LineState.READY:
        order.move(line, LineState.PICKING, cause, news.detail)
        line.done_time = None
        line.action_time = max(cause.now, line.promise_time or cause.now)
    elif news.kind is NewsKind.PARTLY_COLLECTED and line.state in WITH_TASK:
        if news.given.get(line.line_id, 0) >= news.remaining[line.line_id]:
            line.done_time = line.done_time or news.happen_time or cause.now
            order.move(line, LineState.COLLECTED, cause, "the customer has it")
    elif news.kind in {NewsKind.COLLECTED, NewsKind.SHIPPED}:
        collected = news.kind is NewsKind.COLLECTED
        state = LineState.COLLECTED if collected else LineState.SHIPPED
        if line.state in WITH_TASK | {LineState.CANCELLED}:
            detail = "the customer has it" if collected else "the carrier has it"
            if line.state is LineState.CANCELLED:
                detail += "; the location had not heard of the cancellation"
            line.carrier, line.tracking_number = news.carrier, news.tracking_number
            line.done_time = line.done_time or news.happen_time or cause.now
            order.move(line, state, cause, detail)


def _unwanted(order: Order, line: Line, news: News, cause: Cause) -> None:
    """End units that the customer refused at the counter, or brought back; others of the line stay as they are.

    Pickup tells stock of them. News of the hand-over may come after it.
    """
    refused = news.kind is NewsKind.LINE_REFUSED
    part = news.quantity < line.quantity
    if line.state not in WITH_TASK | (LEFT - {LineState.RETURNED}) or (
        refused and line.state in LEFT and not part
    ):
        return
    if part:
        line = order.divide(line, news.quantity)
    if refused:
        # The others may have left already, if this event is late; these have not.
        line.state = LineState.READY
        line.carrier = line.tracking_number = ""
        order.move(line, LineState.CANCELLED, cause, news.detail)
        return
    if line.state in WITH_TASK:
        order.move(line, LineState.COLLECTED, cause, "the customer had it")
    order.move(line, LineState.RETURNED, cause, news.detail)


def _leave_anyway(order: Order, news: News, cause: Cause) -> None:
    """A location that lines were taken from had not heard of it when their goods left: that stands."""
    if news.kind not in {NewsKind.COLLECTED, NewsKind.SHIPPED}:
        return
    detail = "its goods had left before the location heard of the change"
    state = LineState.COLLECTED if news.kind is NewsKind.COLLECTED else LineState.SHIPPED
    for line in order.lines:
        formerly = line.former_task_id == news.task_id and news.remaining.get(line.line_id, 1) > 0
        if not formerly or line.state in ENDED - {LineState.CANCELLED}:
            continue
        if line.state in WITH_TASK:
            order.facts.append(AssignmentCancelled(line.task_id, (line.line_id,), detail))
            order.release([line])
        elif line.state is LineState.TRANSFERRING:
            call_off(order, [line], detail, cause)
        line.task_id, line.reservation_id = line.former_task_id, line.former_reservation_id
        line.former_task_id = line.former_reservation_id = ""
        line.carrier, line.tracking_number = news.carrier, news.tracking_number
        line.done_time = news.happen_time or cause.now
        order.move(line, state, cause, detail)


def _reject(order: Order, lines: Sequence[Line], news: News, cause: Cause) -> None:
    """Take lines back from a location that cannot fill them. What it had picked goes back on sale."""
    if not lines:
        return
    picked: dict[str, int] = {}
    lost: dict[str, int] = {}
    for line in lines:
        found = min(news.picked.get(line.line_id, 0), line.quantity)
        picked[line.item_id] = picked.get(line.item_id, 0) + found
        lost[line.item_id] = lost.get(line.item_id, 0) + line.quantity - found
    ids = tuple(line.line_id for line in lines)
    first = lines[0]
    for quantities, bucket in ((picked, Bucket.SELLABLE), (lost, news.bucket)):
        owed = {item_id: units for item_id, units in quantities.items() if units}
        if owed:
            order.owe(first.reservation_id, first.location_id, owed, bucket, ids)
    for line in lines:
        _return(order, line, news, cause)


def _short(order: Order, line: Line, news: News, cause: Cause) -> None:
    """Take units back that the location does not have; as a line of their own if others stay with it."""
    short = min(news.quantity, line.quantity)
    if line.state not in WITH_TASK and not (line.state in LEFT and short < line.quantity):
        return
    if short < line.quantity:
        line = order.divide(line, short)
        # The others may have left already, if this event is late; these have not.
        line.state = LineState.ASSIGNED
        line.carrier = line.tracking_number = ""
    order.release([line], news.bucket)
    _return(order, line, news, cause)
    if line.bundle_id:
        others = [each for each in order.with_task(news.task_id) if each.bundle_id == line.bundle_id]
        with_it = [each for each in others if each.state in WITH_TASK]
        take_back(order, with_it, "the rest of its bundle cannot be had there", cause)


def _return(order: Order, line: Line, news: News, cause: Cause) -> None:
    """Let a line wait to be planned without the location that could not fill it."""
    location_id = line.location_id
    line.failed_location_ids.append(location_id)
    if location_id not in line.excluded_location_ids:
        line.excluded_location_ids.append(location_id)
    order.rejections.append(
        Rejection(line.task_id, news.line_id or line.line_id, location_id, news.reason, cause.now)
    )
    line.location_id = line.task_id = line.reservation_id = ""
    line.done_time = None
    order.move(line, LineState.ACCEPTED, cause, news.detail, location_id)
