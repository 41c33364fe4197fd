"""Events in: of routing, who ordered what; of routing and pickup, what to tell them."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.kit.events import Subscription
from onhand.notifications import events
from onhand.notifications.use_cases.messages import Notifications


def subscriptions(notifications: Notifications) -> list[Subscription]:
    """Return what this service takes from the streams of others."""

    async def on_routing(connection: AsyncConnection, data: bytes) -> None:
        event = RoutingEvent.FromString(data)
        if event.HasField("order_accepted"):
            order, person = events.order_of(event.order_accepted.order)
            await notifications.remember_order(connection, order, person)
        else:
            await notifications.tell(connection, events.routing_occasion(event))

    async def on_pickup(connection: AsyncConnection, data: bytes) -> None:
        event = PickupEvent.FromString(data)
        if event.HasField("task_cancelled"):
            await notifications.withdraw_task(connection, events.withdrawal(event))
        elif event.HasField("substitution_offered"):
            await notifications.tell(connection, events.offer(event))
        elif event.HasField("substitution_decided"):
            await notifications.settle(connection, events.offer(event))
        else:
            await notifications.tell(connection, events.pickup_occasion(event))

    return [
        Subscription("routing", ("order_accepted", "order_delayed", "lines_cancelled"), on_routing),
        Subscription(
            "pickup",
            (
                "task_ready",
                "task_collected",
                "task_shipped",
                "task_expired",
                "task_cancelled",
                "substitution_offered",
                "substitution_decided",
            ),
            on_pickup,
        ),
    ]
