"""Goods that come to the store which they are collected from: ship-to-store.

What the store lacks is reserved where it is, and announced to stock as a transfer. It leaves and arrives by
what the stores record there, as any transfer does. Once it has arrived its lines wait to be planned like any
others, and are planned at the store, which has the goods now.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from onhand.routing.domain.facts import OrderDelayed
from onhand.routing.domain.lifecycle import LineState
from onhand.routing.domain.order import Assignment, AssignmentState, Cause, Line, Order, Rejection, total_of


class ShipmentState(Enum):
    """Where a shipment stands, as far as routing cares."""

    UNDER_WAY = auto()
    """Left its origin; some of it may have arrived."""
    CLOSED = auto()
    CANCELLED = auto()


@dataclass(frozen=True, slots=True)
class ShipmentNews:
    shipment_id: str
    state: ShipmentState
    received: Mapping[str, int]
    """Units of each item that have arrived so far."""


def send(
    order: Order,
    assignment: Assignment,
    shipment_id: str,
    promise_time: datetime,
    overdue_time: datetime,
    slack: timedelta,
    cause: Cause,
) -> None:
    """Stock is committed and the transfer announced: lines are under way until `overdue_time` at the latest."""
    assignment.state = AssignmentState.DONE
    wanted = [
        line
        for line in map(order.line, (each.line_id for each in assignment.lines))
        if line is not None and line.state is LineState.PLANNED
    ]
    for line in wanted:
        line.reservation_id, line.task_id, line.shipment_id = assignment.reservation_id, "", shipment_id
        line.first_promise_time = line.first_promise_time or line.promise_time or promise_time
        if line.promise_time is not None and line.promise_time + slack < promise_time:
            order.facts.append(OrderDelayed((line.line_id,), line.promise_time, promise_time))
            line.promise_time = promise_time
        line.promise_time = line.promise_time or promise_time
        order.move(line, LineState.RESERVED, cause, "stock committed")
        order.move(line, LineState.TRANSFERRING, cause, f"to be sent to {assignment.transfer_to}")
        line.action_time = overdue_time
    if len(wanted) < len(assignment.lines):
        # A line was cancelled meanwhile, and the shipment has its units too: it begins again without them.
        for line in wanted:
            line.reservation_id = ""
        call_off(order, wanted, "another line of its transfer was cancelled", cause)
        units = assignment.quantities()
        order.owe(assignment.reservation_id, assignment.location_id, units, shipment_id=shipment_id)


def call_off(order: Order, lines: Iterable[Line], detail: str, cause: Cause) -> None:
    """Let lines that are under way wait to be planned again; goods that have not left stay where they are.

    Those that have left go on to the store, and are on sale there once they arrive.
    """
    parts: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        parts.setdefault((line.shipment_id, line.reservation_id), []).append(line)
        order.move(line, LineState.ACCEPTED, cause, detail)
    for (shipment_id, reservation_id), of_part in parts.items():
        if reservation_id:
            ids = tuple(line.line_id for line in of_part)
            where = of_part[0].location_id
            order.owe(reservation_id, where, total_of(of_part), line_ids=ids, shipment_id=shipment_id)
        for line in of_part:
            line.location_id = line.reservation_id = ""


def cancelled(order: Order, lines: Sequence[Line], cause: Cause) -> None:
    """Call off the transfers of lines that are cancelled; what else is on them begins again."""
    open_shipments = {line.shipment_id for line in lines if line.reservation_id}
    for line in lines:
        if line.reservation_id:
            units = {line.item_id: line.quantity}
            order.owe(
                line.reservation_id,
                line.location_id,
                units,
                line_ids=(line.line_id,),
                shipment_id=line.shipment_id,
            )
            line.reservation_id = ""
    ids = {line.line_id for line in lines}
    others = [
        line
        for line in order.lines
        if line.state is LineState.TRANSFERRING
        and line.shipment_id in open_shipments
        and line.line_id not in ids
    ]
    call_off(order, others, "another line of its transfer was cancelled", cause)


def take(order: Order, news: ShipmentNews, cause: Cause) -> None:
    """Bring the lines of a transfer to where its news says they are."""
    lines = [line for line in order.lines if line.shipment_id == news.shipment_id]
    under_way = [line for line in lines if line.state is LineState.TRANSFERRING]
    if news.state is ShipmentState.CANCELLED:
        _failed(order, under_way, "transfer_cancelled", cause)
        return
    _left(order, under_way)
    received = Counter(news.received)
    for line in lines:
        if line.state is not LineState.TRANSFERRING:
            received[line.item_id] -= line.quantity  # it came earlier
    for line in under_way:
        units = min(max(received[line.item_id], 0), line.quantity)
        received[line.item_id] -= units
        if units == line.quantity:
            _arrived(order, line, cause)
        elif news.state is ShipmentState.CLOSED:
            if units:
                missing = order.divide(line, line.quantity - units)
                _arrived(order, line, cause)
                line = missing  # noqa: PLW2901 - the part that did not come
            _failed(order, [line], "not_sent", cause)


def overdue(order: Order, now: datetime, cause: Cause) -> None:
    """Give up on transfers that should have arrived by now."""
    late = [
        line
        for line in order.lines
        if line.state is LineState.TRANSFERRING and line.action_time is not None and line.action_time <= now
    ]
    _failed(order, late, "transfer_late", cause)


def _left(order: Order, lines: Sequence[Line]) -> None:
    """The goods have left: their origin need not keep them any more."""
    for line in lines:
        if line.reservation_id:
            units = {line.item_id: line.quantity}
            order.owe(line.reservation_id, line.location_id, units, line_ids=(line.line_id,))
            line.reservation_id = ""


def _arrived(order: Order, line: Line, cause: Cause) -> None:
    order.move(line, LineState.ACCEPTED, cause, "arrived at its store")
    line.location_id = ""


def _failed(order: Order, lines: Sequence[Line], reason: str, cause: Cause) -> None:
    """Let lines be planned without the location that did not send them."""
    for line in lines:
        where = line.location_id
        order.rejections.append(Rejection(line.shipment_id, line.line_id, where, reason, cause.now))
        line.failed_location_ids.append(where)
        if where not in line.excluded_location_ids:
            line.excluded_location_ids.append(where)
    call_off(order, lines, f"its transfer failed: {reason.replace('_', ' ')}", cause)
