"""Events in: what stores did with their tasks, and stock that arrived."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1 import events_pb2 as pickup
from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.pickup.v1.tasks_pb2 import RejectReason, Substitution
from onhand.api.stock.v1.events_pb2 import BalanceChanged, StockEvent
from onhand.api.stock.v1.shipments_pb2 import Shipment
from onhand.kit.events import Subscription
from onhand.routing.domain.ending import News, NewsKind
from onhand.routing.domain.order import Bucket
from onhand.routing.domain.transfers import ShipmentNews, ShipmentState
from onhand.routing.use_cases.orders import Orders

KINDS = {
    "task_accepted": NewsKind.STARTED,
    "task_started": NewsKind.STARTED,
    "task_ready": NewsKind.READY,
    "task_collected": NewsKind.COLLECTED,
    "task_shipped": NewsKind.SHIPPED,
    "task_expired": NewsKind.EXPIRED,
    "task_rejected": NewsKind.REJECTED,
    "line_short_picked": NewsKind.SHORT,
    "task_reopened": NewsKind.REOPENED,
    "collection_extended": NewsKind.EXTENDED,
    "task_partly_collected": NewsKind.PARTLY_COLLECTED,
    "line_refused": NewsKind.LINE_REFUSED,
    "task_refused": NewsKind.REFUSED,
    "goods_returned": NewsKind.RETURNED,
    "substitution_decided": NewsKind.SUBSTITUTED,
}
"""Payloads of pickup that move an order, and what each tells."""

LOST = {
    RejectReason.REJECT_REASON_NOT_FOUND: Bucket.MISSING,
    RejectReason.REJECT_REASON_MISMATCH: Bucket.MISSING,
    RejectReason.REJECT_REASON_DAMAGED: Bucket.DAMAGED,
}
"""Where stock is to look for units that a store could not give; for other reasons they are fit for sale."""


SHIPMENT_STATES = {
    Shipment.STATE_DISPATCHED: ShipmentState.UNDER_WAY,
    Shipment.STATE_RECEIVING: ShipmentState.UNDER_WAY,
    Shipment.STATE_CLOSED: ShipmentState.CLOSED,
    Shipment.STATE_CANCELLED: ShipmentState.CANCELLED,
}
"""States of a shipment that move an order."""


class Consumers:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription("pickup", list(KINDS), self.pickup, wanted=tells_something),
            Subscription(
                "stock",
                ["balance_changed", "balances_changed", "shipment_changed"],
                self.stock,
                wanted=stock_arrived,
            ),
        ]

    async def pickup(self, connection: AsyncConnection, data: bytes) -> None:
        event = PickupEvent.FromString(data)
        kind = KINDS.get(event.WhichOneof("payload") or "")
        if kind is not None:
            await self._orders.task_changed(connection, news_of(event, kind), event.actor)

    async def stock(self, connection: AsyncConnection, data: bytes) -> None:
        event = StockEvent.FromString(data)
        if event.HasField("shipment_changed"):
            await self._orders.shipment_changed(connection, shipment_news(event.shipment_changed.shipment))
            return
        for change in arrivals(event):
            await self._orders.stock_arrived(
                connection, change.item_id, change.location_id, change.available_after, change.version
            )


def tells_something(data: bytes) -> bool:
    """An offer that the customer does not take changes nothing: its line is to be picked still."""
    event = PickupEvent.FromString(data)
    if not event.HasField("substitution_decided"):
        return True
    return event.substitution_decided.substitution.state == Substitution.STATE_ACCEPTED


def stock_arrived(data: bytes) -> bool:
    """Most changes take stock away, and wake nobody; a shipment that is not sent yet changes nothing."""
    event = StockEvent.FromString(data)
    if event.HasField("shipment_changed"):
        return event.shipment_changed.shipment.state in SHIPMENT_STATES
    return bool(arrivals(event))


def arrivals(event: StockEvent) -> list[BalanceChanged]:
    """Return the cells, of one that changed or of several, of which more is available than before."""
    changes = (event.balance_changed, *event.balances_changed.changes)
    return [each for each in changes if each.available_after > each.available_before]


def shipment_news(shipment: Shipment) -> ShipmentNews:
    received = {line.item_id: line.received_quantity for line in shipment.lines}
    return ShipmentNews(shipment.shipment_id, SHIPMENT_STATES[shipment.state], received)


def news_of(event: PickupEvent, kind: NewsKind) -> News:
    task = event.task
    payload: Any = getattr(event, event.WhichOneof("payload") or "")
    roots = {each.substitute_line_id: each.line_id for each in task.substitutions}
    refused, given = Counter[str](), Counter[str]()
    for line in task.lines:
        refused[roots.get(line.line_id, line.line_id)] += line.refused_quantity
        given[roots.get(line.line_id, line.line_id)] += line.handed_over_quantity
    line_id, quantity = _units(payload)
    return News(
        kind=kind,
        order_id=task.order_id,
        task_id=task.task_id,
        remaining={
            line.line_id: line.quantity
            - line.short_quantity
            - line.cancelled_quantity
            - refused[line.line_id]
            for line in task.lines
        },
        picked={line.line_id: line.picked_quantity for line in task.lines},
        given=given,
        detail=_why(payload),
        reason=_reason(getattr(payload, "reason", RejectReason.REJECT_REASON_UNSPECIFIED)),
        bucket=LOST.get(getattr(payload, "reason", RejectReason.REJECT_REASON_UNSPECIFIED), Bucket.SELLABLE),
        line_id=roots.get(line_id, line_id),
        quantity=quantity,
        collect_deadline=_deadline(payload),
        happen_time=event.record_time.ToDatetime(UTC) if event.HasField("record_time") else None,
        carrier=event.task_shipped.carrier,
        tracking_number=event.task_shipped.tracking_number,
    )


def _units(payload: Any) -> tuple[str, int]:
    """Return which line an event is about, and how many units of it; nothing for what is about all lines."""
    about = payload.substitution if isinstance(payload, pickup.SubstitutionDecided) else payload
    return getattr(about, "line_id", ""), getattr(about, "quantity", 0)


def _deadline(payload: Any) -> datetime | None:
    if isinstance(payload, pickup.TaskReady | pickup.CollectionExtended) and payload.HasField(
        "collect_deadline"
    ):
        return payload.collect_deadline.ToDatetime(UTC)
    return None


def _reason(reason: RejectReason) -> str:
    return RejectReason.Name(reason).removeprefix("REJECT_REASON_").lower()


def _why(payload: Any) -> str:
    match payload:
        case pickup.TaskRejected() | pickup.LineShortPicked():
            why = f"the location cannot fill it: {_reason(payload.reason).replace('_', ' ')}"
        case pickup.LineRefused():
            why = "refused at the counter"
        case pickup.GoodsReturned():
            why = f"came back at {payload.location_id}"
        case pickup.TaskReopened():
            why = "to be picked again"
        case pickup.SubstitutionDecided(substitution=offer):
            return f"the customer takes {offer.quantity} of {offer.item_id} instead"
        case _:
            return ""
    return why + (f" ({payload.detail})" if payload.detail else "")
