"""Events in: of routing, who ordered what; of routing and pickup, what to tell; of stock, what came, and to post."""

import asyncio
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.api.stock.v1.events_pb2 import BalanceChanged, StockEvent
from onhand.kit.events import Subscription
from onhand.notifications import events
from onhand.notifications.domain import availability
from onhand.notifications.domain.alerts import Cell
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.messages import Notifications
from onhand.notifications.use_cases.offers import Offers


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
        elif event.HasField("goods_returned"):
            await notifications.note(connection, events.return_of(event))
        elif event.HasField("substitution_offered"):
            await notifications.tell(connection, events.offer(event))
        elif event.HasField("substitution_decided"):
            await notifications.settle(connection, events.offer(event))
        else:
            await notifications.tell(connection, events.pickup_occasion(event))

    return [
        Subscription(
            "routing",
            ("order_accepted", "order_delayed", "lines_cancelled"),
            on_routing,
            about=events.routing_order,
        ),
        Subscription(
            "pickup",
            (
                "task_ready",
                "task_collected",
                "task_shipped",
                "task_expired",
                "task_cancelled",
                "goods_returned",
                "substitution_offered",
                "substitution_decided",
            ),
            on_pickup,
            about=events.pickup_order,
        ),
    ]


BALANCES = ("balance_changed", "balances_changed")
"""What stock says of cells: of one, or of several that changed together."""
FRESH_S = 5.0
"""Age of a list in memory beyond which every event is looked at. An item is surveyed only when it has been watched for
longer, so that whatever no list knew of yet is seen then."""


class WatchList:
    """The items that somebody waits for, in memory: most of what stock tells is worth no transaction."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._items: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Read the list anew."""
        asked_at = asyncio.get_running_loop().time()
        self._items, self._read_at = await self._offers.watched(), asked_at

    def wants(self, data: bytes) -> bool:
        """Tell whether anything changed that somebody may wait for, to more or to nothing."""
        return bool(self.wanted(StockEvent.FromString(data)))

    def wanted(self, event: StockEvent) -> list[BalanceChanged]:
        """Return the changes that somebody may wait for."""
        fresh = asyncio.get_running_loop().time() - self._read_at < FRESH_S
        return [
            each
            for each in events.balances(event)
            if (each.available_after > each.available_before or each.available_after <= 0)
            and (not fresh or each.item_id in self._items)
        ]


def stock_events(offers: Offers, watch_list: WatchList) -> Subscription:
    """Take what comes and what is gone of items that somebody waits for."""

    async def on_stock(connection: AsyncConnection, data: bytes) -> None:
        for change in watch_list.wanted(StockEvent.FromString(data)):
            cell = Cell(change.item_id, change.location_id, change.available_after)
            rose = change.available_after > change.available_before
            await offers.supply_changed(connection, cell, change.version, rose=rose)

    return Subscription("stock", BALANCES, on_stock, wanted=watch_list.wants, from_now=True)


class AvailabilityFeed:
    """What endpoints want to hear of availability, in memory: most of what stock tells is worth no transaction."""

    def __init__(self, posts: AvailabilityPosts) -> None:
        self._posts = posts
        self._subscriptions: dict[UUID, availability.Subscription] = {}
        self._read_at = float("-inf")

    @property
    def subscription(self) -> Subscription:
        return Subscription("stock", BALANCES, self._on_stock, wanted=self._wants)

    async def refresh(self) -> None:
        """Read anew who wants to hear of what."""
        asked_at = asyncio.get_running_loop().time()
        self._subscriptions, self._read_at = await self._posts.subscriptions(), asked_at

    def _wants(self, data: bytes) -> bool:
        if asyncio.get_running_loop().time() - self._read_at > FRESH_S:
            return True
        if not self._subscriptions:
            return False
        wanted = self._subscriptions.values()
        return any(
            each.wants(changed.location_id, changed.item_id)
            for changed in events.balances(StockEvent.FromString(data))
            for each in wanted
        )

    async def _on_stock(self, connection: AsyncConnection, data: bytes) -> None:
        await self._posts.changed(connection, events.cell_changes(StockEvent.FromString(data)))
