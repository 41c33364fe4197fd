"""Events of routing in."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1 import events_pb2
from onhand.kit.events import Subscription
from onhand.pickup.events import assignment_of
from onhand.pickup.use_cases import Assignments


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
