"""The two services of the contract over gRPC, and the service's process on the streams of others."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.api.notifications.v1.events_pb2 import NotificationsEvent
from onhand.cli.embedded import EmbeddedServers
from onhand.kit.errors import (
    InvalidField,
    LimitReached,
    MissingScope,
    NotFound,
    RequestIdReused,
    WrongState,
)
from onhand.kit.events import EVENT_ID_HEADER, Broker, Consumer
from onhand.kit.outbox import Relay
from onhand.notifications.consumer import subscriptions
from onhand.notifications.domain.messages import State

from .conftest import MailServer, World, eventually, order_accepted, ready, served, task_event


def create(uri: str = "https://hooks.shop.example/a", **endpoint: Any) -> pb.CreateWebhookEndpointRequest:
    return pb.CreateWebhookEndpointRequest(
        request_id=str(uuid.uuid4()), endpoint=pb.WebhookEndpoint(uri=uri, **endpoint)
    )


async def test_a_repeated_creation_answers_the_same_secret_and_stores_it_sealed_only(world: World) -> None:
    request = create(purposes=[pb.MESSAGE_PURPOSE_ORDER_READY], title="till")
    async with served(world) as client:
        answers = await asyncio.gather(*(client.webhooks.CreateWebhookEndpoint(request) for _ in range(5)))
        first = answers[0]
        assert all(each == first for each in answers)
        assert first.secret.startswith("whsec_")
        assert len(base64.b64decode(first.secret.removeprefix("whsec_"))) == 32
        listed = await client.webhooks.ListWebhookEndpoints(pb.ListWebhookEndpointsRequest())
        assert list(listed.endpoints) == [first.endpoint]
        assert first.endpoint.title == "till"
        assert list(first.endpoint.purposes) == [pb.MESSAGE_PURPOSE_ORDER_READY]

        dump = await world.dump()
        assert first.secret not in dump
        assert first.secret.removeprefix("whsec_") not in dump

        other = pb.CreateWebhookEndpointRequest(
            request_id=request.request_id, endpoint=pb.WebhookEndpoint(uri="https://x.example/")
        )
        with pytest.raises(RequestIdReused):
            await client.webhooks.CreateWebhookEndpoint(other)

        delete = pb.DeleteWebhookEndpointRequest(endpoint_id=first.endpoint.endpoint_id)
        await client.webhooks.DeleteWebhookEndpoint(delete)
        await client.webhooks.DeleteWebhookEndpoint(delete)
        assert not (await client.webhooks.ListWebhookEndpoints(pb.ListWebhookEndpointsRequest())).endpoints
        with pytest.raises(NotFound):
            await client.webhooks.CreateWebhookEndpoint(request)


async def test_endpoints_are_limited_also_when_many_are_added_at_once(make_world: Any) -> None:
    world: World = make_world(max_webhook_endpoints=3)
    async with served(world) as client:
        answers = await asyncio.gather(
            *(client.webhooks.CreateWebhookEndpoint(create()) for _ in range(8)), return_exceptions=True
        )
        assert sum(isinstance(each, LimitReached) for each in answers) == 5
        listed = await client.webhooks.ListWebhookEndpoints(pb.ListWebhookEndpointsRequest())
        assert len(listed.endpoints) == 3


async def test_an_endpoint_that_may_not_be_called_is_refused(make_world: Any) -> None:
    world: World = make_world(webhook_allow_private=False)
    async with served(world) as client:
        for uri in ("http://hooks.shop.example/", "https://10.0.0.1/", "not a uri"):
            with pytest.raises(InvalidField, match=r"endpoint\.uri"):
                await client.webhooks.CreateWebhookEndpoint(create(uri))


async def test_messages_are_listed_latest_first_page_by_page(world: World) -> None:
    for number in range(7):
        await world.handle(order_accepted(f"WEB-{number}"))
        event = ready(f"WEB-{number}")
        event.task.task_id = str(uuid.UUID(int=number))
        await world.handle(event)
    async with served(world) as client:
        found: list[pb.Message] = []
        page = pb.ListMessagesResponse(next_page_token="")
        pages = 0
        while pages == 0 or page.next_page_token:
            request = pb.ListMessagesRequest(page_size=3, page_token=page.next_page_token)
            page = await client.messages.ListMessages(request)
            found += page.messages
            pages += 1
        assert pages == 3
        assert [each.order_id for each in found] == [f"WEB-{number}" for number in reversed(range(7))]
        assert all(
            each.state == pb.Message.STATE_WAITING and each.HasField("next_attempt_time") for each in found
        )
        assert all(each.masked_address == "j***@shop.example" for each in found)

        one = await client.messages.ListMessages(pb.ListMessagesRequest(order_id="WEB-3"))
        assert [each.order_id for each in one.messages] == ["WEB-3"]
        got = await client.messages.GetMessage(pb.GetMessageRequest(message_id=one.messages[0].message_id))
        assert got.message == one.messages[0]
        sent = await client.messages.ListMessages(pb.ListMessagesRequest(state=pb.Message.STATE_SENT))
        assert not sent.messages
        for page_token in ("nonsense", "bm9uc2Vuc2U=", "é"):
            with pytest.raises(InvalidField, match="page_token"):
                await client.messages.ListMessages(pb.ListMessagesRequest(page_token=page_token))
        with pytest.raises(NotFound):
            await client.messages.GetMessage(pb.GetMessageRequest(message_id=str(uuid.UUID(int=1))))


async def test_only_a_failed_message_is_retried_and_the_call_may_be_repeated(
    world: World, mail_server: MailServer
) -> None:
    mail_server.recipient_answer = "550 no"
    await world.handle(order_accepted())
    await world.handle(ready())
    async with served(world) as client:
        retry = pb.RetryMessageRequest(message_id=str((await world.only_message()).message_id))
        with pytest.raises(WrongState):
            await client.messages.RetryMessage(retry)
        async with world.delivering():
            await world.until(State.FAILED)
        first = await client.messages.RetryMessage(retry)
        again = await client.messages.RetryMessage(retry)
        assert first == again
        assert first.message.state == pb.Message.STATE_WAITING
        mail_server.recipient_answer = "250 OK"
        async with world.delivering():
            await world.until(State.SENT)
        with pytest.raises(WrongState):
            await client.messages.RetryMessage(retry)


async def test_each_method_asks_for_its_scope(world: World) -> None:
    async with served(world, scopes=()) as client:
        with pytest.raises(MissingScope):
            await client.messages.ListMessages(pb.ListMessagesRequest())
        with pytest.raises(MissingScope):
            await client.webhooks.CreateWebhookEndpoint(create())


@pytest.fixture
async def streams(servers: EmbeddedServers) -> AsyncIterator[Any]:
    """JetStream with the streams of all services, empty."""
    broker = Broker(servers.nats_url, "test")
    jetstream = await broker.jetstream()
    for stream in ("ROUTING", "PICKUP", "NOTIFICATIONS"):
        await jetstream.purge_stream(stream)
    yield jetstream, broker
    await broker.close()


async def test_events_of_the_streams_become_mail_in_whatever_order_they_come(
    world: World, mail_server: MailServer, streams: Any
) -> None:
    jetstream, broker = streams

    async def publish(stream: str, event: Any) -> None:
        subject = f"onhand.{stream}.{event.WhichOneof('payload')}"
        for repeat in ("a", "b"):  # the relay may publish twice
            headers = {EVENT_ID_HEADER: event.event_id, "Nats-Msg-Id": event.event_id + repeat}
            await jetstream.publish(subject, event.SerializeToString(), headers=headers)

    name = f"notifications{uuid.uuid4().hex}"
    work = [
        asyncio.create_task(Consumer(broker, world.database, name, each).run())
        for each in subscriptions(world.notifications)
    ]
    work.append(asyncio.create_task(Relay(world.database, broker, "notifications").run()))
    said = await jetstream.subscribe("onhand.notifications.message_changed", ordered_consumer=True)
    try:
        async with world.delivering():
            await publish("pickup", ready())
            # Refused at least once before the order comes: its consumer has it outstanding.
            await eventually(lambda: _refused(jetstream, f"{name}-pickup"))
            await publish("routing", order_accepted())
            await eventually(lambda: len(mail_server.mails) == 1)
            await publish("pickup", task_event("task_collected", version=6))
            await eventually(lambda: len(mail_server.mails) == 2)
            changed = [
                NotificationsEvent.FromString((await said.next_msg(timeout=10)).data) for _ in range(2)
            ]
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await said.unsubscribe()
    assert len(mail_server.raw) == 2
    assert {each.message_changed.message.purpose for each in changed} == {
        pb.MESSAGE_PURPOSE_ORDER_READY,
        pb.MESSAGE_PURPOSE_ORDER_COLLECTED,
    }
    assert all(each.revision > 0 for each in changed)


async def _refused(jetstream: Any, consumer: str) -> bool:
    try:
        info = await jetstream.consumer_info("PICKUP", consumer)
    except Exception:  # noqa: BLE001 - the consumer is not made yet
        return False
    return bool(info.num_redelivered)
