"""Endpoints that are slow, fail, or fail for days."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.integration.notifications.conftest import (
    Receiver,
    World,
    eventually,
    order_accepted,
    ready,
    served,
    task_event,
)
from tests.integration.notifications.webhooks.conftest import make_ready

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.notifications.domain.messages import State
from onhand.notifications.domain.occasions import Purpose


async def test_an_endpoint_that_hangs_or_drips_is_given_up_in_time(make_world: Any) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not reader.at_eof():
            writer.write(b"x: y\r\n")
            await reader.read(1_000)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    world: World = make_world(webhook_timeout_s=0.3, webhook_retry_delays_s=())
    await world.add_endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await make_ready(world)
    async with world.delivering():
        failed = await world.until(State.FAILED)
    assert failed.failure == "no answer within 0.3 s"
    server.close()
    await server.wait_closed()


async def test_an_answer_that_never_ends_is_still_an_answer(hooks: World) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nand so on")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    await hooks.add_endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await make_ready(hooks)
    async with hooks.delivering():
        assert (await hooks.until(State.SENT)).attempt_count == 1
    server.close()
    await server.wait_closed()


async def test_a_slow_endpoint_does_not_hold_up_the_others(hooks: World, receiver: Receiver) -> None:
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    await hooks.add_endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():
        await asyncio.wait_for(asked.wait(), 10)
        await eventually(lambda: receiver.posts, within_s=hooks.settings.webhook_timeout_s)
        assert json.loads(receiver.posts[0][2])["type"] == "order.ready"
    server.close()
    await server.wait_closed()


async def ready_orders(world: World, count: int) -> None:
    for number in range(count):
        await world.handle(order_accepted(f"WEB-{number}", email=""))
        event = ready(f"WEB-{number}")
        event.task.task_id = str(UUID(int=number + 1))
        await world.handle(event)


async def attempts(world: World) -> int:
    return sum(each.attempt_count for each in await world.messages())


async def test_an_endpoint_that_fails_is_left_in_peace_but_for_one_post_at_a_time(
    make_world: Any, receiver: Receiver
) -> None:
    world: World = make_world(
        webhook_breaker_failures=3, webhook_first_pause_s=600, webhook_retry_delays_s=(0.01,) * 50
    )
    receiver.answers = [(500, "")] * 1_000
    await world.add_endpoint(receiver.uri)
    await ready_orders(world, 20)

    async def in_peace() -> bool:
        (endpoint,) = await world.notifications.list_endpoints()
        return (
            endpoint.pause_time is not None
            and endpoint.pause_time > world.clock.now() + timedelta(minutes=5)
            and len(receiver.posts) == await attempts(world)
        )

    async with world.delivering():
        await eventually(in_peace)
        # Those that were under way when the third failed were still posted: 4 at a time.
        before = len(receiver.posts)
        assert 3 <= before <= 3 + 4
        for _ in range(2):
            world.clock.ahead += timedelta(hours=1)
            before = len(receiver.posts)
            await eventually(lambda before=before: len(receiver.posts) == before + 1)
            await eventually(in_peace)
            assert len(receiver.posts) == before + 1
        receiver.answers.clear()
        world.clock.ahead += timedelta(hours=1)
        await eventually(lambda: _all(world, State.SENT))
    (endpoint,) = await world.notifications.list_endpoints()
    assert endpoint.pause_time is None
    ids = [headers["webhook-id"] for _, headers, _ in receiver.posts]
    assert len(set(ids)) == 20


async def _all(world: World, state: State) -> bool:
    return {each.state for each in await world.messages()} == {state}


async def test_an_endpoint_in_peace_does_not_hold_up_the_others(make_world: Any, receiver: Receiver) -> None:
    world: World = make_world(webhook_breaker_failures=1, webhook_first_pause_s=600)
    await world.add_endpoint("http://127.0.0.1:1/", Purpose.ORDER_READY)
    await ready_orders(world, 10)
    await world.add_endpoint(receiver.uri, Purpose.ORDER_COLLECTED)
    async with world.delivering():

        async def paused() -> bool:
            return (await world.notifications.list_endpoints())[0].pause_time is not None

        await eventually(paused)
        event = task_event("task_collected", "WEB-0", version=6)
        event.task.task_id = str(UUID(int=1))
        await world.handle(event)
        await eventually(lambda: receiver.posts)


async def test_one_that_fails_for_days_is_disabled_and_can_be_used_again_with_all_that_failed(
    make_world: Any, receiver: Receiver
) -> None:
    world: World = make_world(webhook_breaker_failures=100, webhook_disable_after_s=86_400)
    receiver.answers = [(500, "")] * 10
    await world.add_endpoint(receiver.uri)
    await ready_orders(world, 2)
    async with world.delivering():
        await eventually(lambda: _all(world, State.FAILED))
        world.clock.ahead = timedelta(days=1)
        first, second = await world.messages()
        await world.notifications.retry_message(first.message_id)
        await eventually(lambda: _all(world, State.FAILED))

        async def disabled() -> bool:
            return (await world.notifications.list_endpoints())[0].disable_time is not None

        await eventually(disabled)
        posts = len(receiver.posts)
        await world.notifications.retry_message(second.message_id)
        await eventually(lambda: _all(world, State.FAILED))
        assert len(receiver.posts) == posts
        receiver.answers.clear()
        async with served(world) as client:
            endpoint_id = (await world.notifications.list_endpoints())[0].endpoint_id
            enable = pb.EnableWebhookEndpointRequest(endpoint_id=str(endpoint_id))
            assert not (await client.webhooks.EnableWebhookEndpoint(enable)).endpoint.HasField("disable_time")
            replay = pb.ReplayWebhookMessagesRequest(endpoint_id=str(endpoint_id))
            replay.since_time.FromDatetime(world.clock.now() - timedelta(days=2))
            assert (await client.webhooks.ReplayWebhookMessages(replay)).message_count == 2
            await eventually(lambda: _all(world, State.SENT))
            assert (await client.webhooks.ReplayWebhookMessages(replay)).message_count == 0
