"""Events in: what routing assigns and withdraws, tags that leave, and goods that are promised and not there."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1 import events_pb2
from onhand.api.stock.v1 import events_pb2 as stock_pb2
from onhand.api.stock.v1 import reads_pb2
from onhand.kit.events import Subscription
from onhand.pickup.events import assignment_of
from onhand.pickup.use_cases import Assignments, TagGuard


def routing_events(assignments: Assignments) -> Subscription:
    """Take assignments and their withdrawals."""

    async def handle(connection: AsyncConnection, data: bytes) -> None:
        event = events_pb2.RoutingEvent.FromString(data)
        match event.WhichOneof("payload"):
            case "lines_assigned":
                await assignments.open_task(connection, *assignment_of(event.lines_assigned))
            case "assignment_cancelled":
                cancelled = event.assignment_cancelled
                await assignments.withdraw(
                    connection, cancelled.task_id, list(cancelled.line_ids), cancelled.detail
                )

    return Subscription("routing", ("lines_assigned", "assignment_cancelled"), handle)


_LEFT = {
    reads_pb2.Tag.STATE_SOLD: "was sold at the till",
    reads_pb2.Tag.STATE_DEPARTED: "left for another location",
    reads_pb2.Tag.STATE_SHIPPED: "was shipped",
}
"""States of a tag that is there no more, and what that says to people."""


def stock_events(guard: TagGuard) -> Subscription:
    """Take tags that left by the exit or the till, and items that ran short, to look whether an order waits."""

    async def handle(connection: AsyncConnection, data: bytes) -> None:
        event = stock_pb2.StockEvent.FromString(data)
        for tag in _left(event):
            await guard.tag_left(connection, tag.epc_hex, tag.location_id, _LEFT[tag.state])
        if event.HasField("stock_alerted"):
            await _alerted(guard, connection, event.stock_alerted)

    payloads = ("tag_changed", "tags_changed", "stock_alerted")
    return Subscription("stock", payloads, handle, wanted=_is_wanted)


async def _alerted(guard: TagGuard, connection: AsyncConnection, alerted: stock_pb2.StockAlerted) -> None:
    if alerted.kind == stock_pb2.StockAlerted.KIND_SHORTFALL:
        await guard.ran_short(connection, alerted.location_id, alerted.item_id, alerted.quantity)
    else:
        how = "left by the exit without a sale"
        await guard.tag_left(connection, alerted.epc_hex, alerted.location_id, how)


def _is_wanted(data: bytes) -> bool:
    """Most changes of tags are of goods that stay, and worth no transaction."""
    event = stock_pb2.StockEvent.FromString(data)
    if event.HasField("stock_alerted"):
        alerted = event.stock_alerted
        tag_left = alerted.kind == stock_pb2.StockAlerted.KIND_EXIT_WITHOUT_SALE and bool(alerted.epc_hex)
        return tag_left or alerted.kind == stock_pb2.StockAlerted.KIND_SHORTFALL
    return bool(_left(event))


def _left(event: stock_pb2.StockEvent) -> list[reads_pb2.Tag]:
    """Return the tags of an event, of one or of several, that are there no more."""
    several = [each.tag for each in event.tags_changed.changes]
    return [tag for tag in (event.tag_changed.tag, *several) if tag.state in _LEFT]
