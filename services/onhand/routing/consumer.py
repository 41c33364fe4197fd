"""Events in: what stores did with their tasks, and stock that arrived."""

from datetime import UTC

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.pickup.v1.tasks_pb2 import RejectReason
from onhand.api.stock.v1.events_pb2 import StockEvent
from onhand.kit.events import Subscription
from onhand.routing.domain.ending import News, NewsKind
from onhand.routing.domain.order import Bucket
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
}
"""Payloads of pickup that move an order, and what each tells."""

LOST = {
    RejectReason.REJECT_REASON_NOT_FOUND: Bucket.MISSING,
    RejectReason.REJECT_REASON_MISMATCH: Bucket.MISSING,
    RejectReason.REJECT_REASON_DAMAGED: Bucket.DAMAGED,
}
"""Where stock is to look for units that a store could not give; for other reasons they are fit for sale."""


class Consumers:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription("pickup", list(KINDS), self.pickup),
            Subscription("stock", ["balance_changed"], self.stock, wanted=stock_arrived),
        ]

    async def pickup(self, connection: AsyncConnection, data: bytes) -> None:
        event = PickupEvent.FromString(data)
        kind = KINDS.get(event.WhichOneof("payload") or "")
        if kind is not None:
            await self._orders.task_changed(connection, news_of(event, kind), event.actor)

    async def stock(self, connection: AsyncConnection, data: bytes) -> None:
        event = StockEvent.FromString(data)
        change = event.balance_changed
        await self._orders.stock_arrived(
            connection, change.item_id, change.location_id, change.available_after, event.revision
        )


def stock_arrived(data: bytes) -> bool:
    """Most changes take stock away, and wake nobody."""
    change = StockEvent.FromString(data).balance_changed
    return change.available_after > change.available_before


def news_of(event: PickupEvent, kind: NewsKind) -> News:
    task = event.task
    failure = event.line_short_picked if kind is NewsKind.SHORT else event.task_rejected
    ready, shipped = event.task_ready, event.task_shipped
    deadline = ready.collect_deadline.ToDatetime(UTC) if ready.HasField("collect_deadline") else None
    return News(
        kind=kind,
        order_id=task.order_id,
        task_id=task.task_id,
        remaining={
            line.line_id: line.quantity - line.short_quantity - line.cancelled_quantity for line in task.lines
        },
        picked={line.line_id: line.picked_quantity for line in task.lines},
        detail=_detail(failure.reason, failure.detail),
        bucket=LOST.get(failure.reason, Bucket.SELLABLE),
        short_line_id=event.line_short_picked.line_id,
        short_quantity=event.line_short_picked.quantity,
        collect_deadline=deadline,
        carrier=shipped.carrier,
        tracking_number=shipped.tracking_number,
    )


def _detail(reason: RejectReason, more: str) -> str:
    name = RejectReason.Name(reason).removeprefix("REJECT_REASON_").lower().replace("_", " ")
    return f"the location cannot fill it: {name}" + (f" ({more})" if more else "")
