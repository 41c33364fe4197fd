"""Facts of the domain as events of the contract."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1 import events_pb2, orders_pb2
from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.routing.domain import facts
from onhand.routing.domain.order import Order
from onhand.routing.messages.orders import address_message, order_message, timestamp


async def publish(
    connection: AsyncConnection, clock: Clock, order: Order, what: Iterable[facts.Fact]
) -> None:
    """Add the events of an order's facts to the transaction under way."""
    events = [
        outbox.envelope("routing", events_pb2.RoutingEvent, clock, **_payload(order, each)) for each in what
    ]
    if events:
        await outbox.add(connection, events)


def _payload(order: Order, fact: facts.Fact) -> dict[str, Any]:
    match fact:
        case facts.OrderAccepted():
            return {"order_accepted": events_pb2.OrderAccepted(order=order_message(order))}
        case facts.LinesAssigned():
            return {"lines_assigned": _lines_assigned(order, fact)}
        case facts.AssignmentCancelled(task_id, line_ids, detail):
            relieved = events_pb2.AssignmentCancelled(task_id=task_id, line_ids=line_ids, detail=detail)
            return {"assignment_cancelled": relieved}
        case facts.OrderDelayed(line_ids, before, after, date_before, date_after):
            delayed = events_pb2.OrderDelayed(
                order_id=order.order_id,
                line_ids=line_ids,
                promise_time_before=timestamp(before),
                promise_time=timestamp(after),
                delivery_date_before=date_before.isoformat() if date_before else "",
                delivery_date=date_after.isoformat() if date_after else "",
            )
            return {"order_delayed": delayed}
        case facts.LinesCancelled(line_ids, detail):
            cancelled = events_pb2.LinesCancelled(order_id=order.order_id, line_ids=line_ids, detail=detail)
            return {"lines_cancelled": cancelled}


def _lines_assigned(order: Order, fact: facts.LinesAssigned) -> events_pb2.LinesAssigned:
    return events_pb2.LinesAssigned(
        task_id=fact.task_id,
        order_id=order.order_id,
        location_id=fact.location_id,
        method=orders_pb2.FulfilmentMethod.Name(order.method),
        lines=[
            events_pb2.AssignedLine(line_id=each.line_id, item_id=each.item_id, quantity=each.quantity)
            for each in fact.lines
        ],
        reservation_id=fact.reservation_id,
        promise_time=timestamp(fact.promise_time),
        customer_display_name=order.customer.display_name,
        shipping_address=address_message(order) if order.shipping_position is not None else None,
    )
