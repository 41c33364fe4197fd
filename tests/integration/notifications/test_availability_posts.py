"""Changes of availability, posted to endpoints that want to hear of them."""

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.api.stock.v1.events_pb2 import BalanceChanged, StockEvent
from onhand.cli.embedded import EmbeddedServers
from onhand.kit import errors
from onhand.kit.events import Broker, Consumer
from onhand.notifications.consumer import AvailabilityFeed
from onhand.notifications.domain.availability import Subscription
from onhand.notifications.domain.endpoints import NewEndpoint
from onhand.notifications.domain.messages import State
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.storage import endpoints

from .conftest import Receiver, World, eventually, order_accepted, ready, served


@pytest.fixture
def hooks(make_world: Any) -> World:
    world: World = make_world()
    return world


async def subscribe(world: World, uri: str, subscription: Subscription | None, *purposes: Purpose) -> Webhook:
    """Add an endpoint; returns what checks its posts."""
    secret = world.clock.random_bytes(32)
    new = NewEndpoint(uri, purposes, "test", subscription)
    await world.database.transaction(
        lambda c: endpoints.add(c, world.vault, world.clock.uuid(), new, secret, world.clock.now())
    )
    return Webhook(secret)


def changed(available: int, version: int, item_id: str = "shirt", location_id: str = "utrecht") -> StockEvent:
    event = StockEvent(event_id=str(uuid.uuid4()), revision=1_000 + version)
    event.record_time.FromJsonString("2026-06-05T12:00:00Z")
    event.balance_changed.CopyFrom(
        BalanceChanged(
            location_id=location_id,
            item_id=item_id,
            sellable=available + 2,
            damaged=1,
            reserved=2,
            available_after=available,
            version=version,
        )
    )
    return event


async def hear(world: World, *told: StockEvent) -> None:
    """Take events as the consumer would."""
    subscription = AvailabilityFeed(world.posts).subscription
    for event in told:
        data = event.SerializeToString()
        await world.database.transaction(lambda c, data=data: subscription.handler(c, data))


async def post(world: World) -> int:
    count = 0
    while await world.posts.post():
        count += 1
    return count


async def settle(world: World) -> None:
    """Post until nothing is to be heard any more and no post is under way, while the service delivers."""
    pending = text("SELECT count(*) FROM endpoint_cells WHERE pending")

    async def idle() -> bool:
        await post(world)  # an endpoint that is being posted to is passed over
        waiting = await world.database.read(lambda c: c.scalar(pending))
        return not waiting and not await world.messages(State.WAITING)

    await eventually(idle)


def cells(receiver: Receiver) -> list[list[tuple[str, str, int]]]:
    """Return item, state and available of each cell of each post."""
    said = [json.loads(body)["data"]["cells"] for _, _, body in receiver.posts]
    return [[(each["item_id"], each["stock_state"], each["available"]) for each in one] for one in said]


async def test_a_post_is_signed_and_has_the_latest_of_each_cell(hooks: World, receiver: Receiver) -> None:
    hook = await subscribe(hooks, receiver.uri, Subscription())
    await hear(hooks, changed(5, 1), changed(4, 2), changed(7, 1, "skirt"), changed(5, 1))
    assert await post(hooks) == 1
    async with hooks.delivering():
        sent = await hooks.until(State.SENT)
    ((_, headers, body),) = receiver.posts
    said = hook.verify(body, headers)
    assert headers["webhook-id"] == str(sent.message_id)
    assert said["type"] == "availability.changed"
    assert said["data"]["revision"] == 1_002
    assert said["data"]["cells"] == [
        {
            "item_id": "skirt",
            "location_id": "utrecht",
            "on_hand": 10,
            "unavailable": 1,
            "reserved": 2,
            "committed": 0,
            "in_transit": 0,
            "available": 7,
            "revision": 1_001,
            "stock_state": "in_stock",
            "as_of": "2026-06-05T12:00:00Z",
        },
        {**said["data"]["cells"][0], "item_id": "shirt", "on_hand": 7, "available": 4, "revision": 1_002},
    ]
    assert (sent.purpose, sent.order_id) == (Purpose.AVAILABILITY_CHANGED, "")


async def test_cells_that_changed_together_are_told_like_those_that_changed_alone(
    hooks: World, receiver: Receiver
) -> None:
    await subscribe(hooks, receiver.uri, Subscription(item_ids=frozenset({"shirt", "skirt"})))
    together = changed(0, 0)
    alone = [changed(5, 3), changed(7, 1, "skirt"), changed(1, 1, "sock")]
    together.balances_changed.changes.extend(each.balance_changed for each in alone)
    await hear(hooks, changed(6, 2), together)
    assert await post(hooks) == 1
    async with hooks.delivering():
        await settle(hooks)
    assert [sorted(one) for one in cells(receiver)] == [[("shirt", "in_stock", 5), ("skirt", "in_stock", 7)]]


async def test_a_slow_endpoint_gets_one_post_of_what_has_changed_meanwhile(
    hooks: World, receiver: Receiver
) -> None:
    await subscribe(hooks, receiver.uri, Subscription())
    await hear(hooks, changed(9, 1))
    assert await post(hooks) == 1
    for version in range(2, 9):
        await hear(hooks, changed(10 - version, version))
        assert await post(hooks) == 0  # the first is still under way
    async with hooks.delivering():
        await settle(hooks)
    assert cells(receiver) == [[("shirt", "in_stock", 9)], [("shirt", "in_stock", 2)]]
    await hear(hooks, changed(3, 7))  # late
    assert await post(hooks) == 0


async def test_large_changes_take_several_posts_one_after_the_other(
    make_world: Any, receiver: Receiver
) -> None:
    world: World = make_world(availability_post_cells=2)
    await subscribe(world, receiver.uri, Subscription())
    await hear(world, *(changed(5, number, f"i{number}") for number in range(1, 6)))
    assert await post(world) == 1  # the rest waits for its end
    async with world.delivering():
        await settle(world)
    assert [[item for item, _, _ in one] for one in cells(receiver)] == [["i1", "i2"], ["i3", "i4"], ["i5"]]


async def test_who_asked_for_thresholds_hears_of_states_only(hooks: World, receiver: Receiver) -> None:
    await subscribe(hooks, receiver.uri, Subscription(thresholds_only=True, low_quantity=3, out_quantity=1))
    async with hooks.delivering():
        for version, available in enumerate((9, 8, 3, 2, 1, 0, 4), 1):
            await hear(hooks, changed(available, version))
            await settle(hooks)
    told = [(state, available) for ((_, state, available),) in cells(receiver)]
    assert told == [("in_stock", 9), ("low", 3), ("out", 1), ("in_stock", 4)]


async def test_each_endpoint_hears_of_what_it_asked_for(hooks: World, receiver: Receiver) -> None:
    await subscribe(hooks, receiver.uri + "/skirts", Subscription(item_ids=frozenset({"skirt"})))
    await subscribe(hooks, receiver.uri + "/delft", Subscription(location_ids=frozenset({"delft"})))
    await subscribe(hooks, receiver.uri + "/orders", None)
    both = Subscription(frozenset({"skirt"}), frozenset({"delft"}))
    await subscribe(hooks, receiver.uri + "/both", both, Purpose.AVAILABILITY_CHANGED)
    await hear(
        hooks,
        changed(1, 1, "shirt", "utrecht"),
        changed(2, 1, "skirt", "utrecht"),
        changed(3, 1, "shirt", "delft"),
    )
    assert await post(hooks) == 2
    await hooks.handle(order_accepted(email=""))
    await hooks.handle(ready())
    async with hooks.delivering():
        await eventually(lambda: len(receiver.posts) == 5)
    told = sorted((path, json.loads(body)["type"]) for path, _, body in receiver.posts)
    assert told == [
        ("/hook/delft", "availability.changed"),
        ("/hook/delft", "order.ready"),
        ("/hook/orders", "order.ready"),
        ("/hook/skirts", "availability.changed"),
        ("/hook/skirts", "order.ready"),
    ]


async def test_endpoints_are_added_shown_and_removed_with_what_they_hear(hooks: World) -> None:
    wanted = pb.AvailabilitySubscription(
        item_ids=["shirt"], location_ids=["delft", "utrecht"], thresholds_only=True, low_quantity=3
    )
    async with served(hooks) as client:

        async def create(**endpoint: Any) -> str:
            request = pb.CreateWebhookEndpointRequest(
                request_id=str(uuid.uuid4()),
                endpoint=pb.WebhookEndpoint(uri="https://shop.example/hook", **endpoint),
            )
            return (await client.webhooks.CreateWebhookEndpoint(request)).endpoint.endpoint_id

        alone = [pb.MESSAGE_PURPOSE_AVAILABILITY_CHANGED]
        endpoint_id = await create(availability=wanted, purposes=alone)
        (listed,) = (await client.webhooks.ListWebhookEndpoints(pb.ListWebhookEndpointsRequest())).endpoints
        assert listed.availability == wanted
        with pytest.raises(errors.InvalidField, match="availability must be set"):
            await create(purposes=alone)
        with pytest.raises(errors.InvalidField, match="low_quantity"):
            await create(availability=pb.AvailabilitySubscription(low_quantity=1, out_quantity=2))
        await hear(hooks, changed(5, 1))
        delete = pb.DeleteWebhookEndpointRequest(endpoint_id=endpoint_id)
        await client.webhooks.DeleteWebhookEndpoint(delete)
    assert await post(hooks) == 0
    await hear(hooks, changed(4, 2))


async def test_what_stock_publishes_comes_out_at_the_endpoint(
    hooks: World, receiver: Receiver, servers: EmbeddedServers
) -> None:
    await subscribe(hooks, receiver.uri, Subscription(item_ids=frozenset({"from-the-stream"})))
    feed, broker = AvailabilityFeed(hooks.posts), Broker(servers.nats_url, "notifications-test")
    consumer = Consumer(broker, hooks.database, f"test-{uuid.uuid4().hex}", feed.subscription)
    await feed.refresh()
    running = asyncio.create_task(consumer.run())
    try:
        jetstream = await broker.jetstream()
        for event in (changed(1, 1), changed(6, 1, "from-the-stream"), changed(5, 2, "from-the-stream")):
            await jetstream.publish(
                "onhand.stock.balance_changed",
                event.SerializeToString(),
                headers={"Onhand-Event-Id": event.event_id},
            )
        async with hooks.delivering():

            async def posted() -> bool:
                await post(hooks)
                return any(each[-1][2] == 5 for each in cells(receiver))

            await eventually(posted)
        assert {item for one in cells(receiver) for item, _, _ in one} == {"from-the-stream"}
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await broker.close()
