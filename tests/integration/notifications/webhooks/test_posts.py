"""Webhooks to a real HTTP receiver: signed, tried again, and never into a private network."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.integration.notifications.conftest import CODE, Receiver, World, eventually, served, task_event
from tests.integration.notifications.webhooks.conftest import make_ready

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.notifications.domain.messages import State
from onhand.notifications.domain.occasions import Purpose


async def test_a_post_is_signed_and_tells_what_happened(hooks: World, receiver: Receiver) -> None:
    _, secret = await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():
        sent = await hooks.until(State.SENT)
    ((path, headers, body),) = receiver.posts
    said = Webhook(secret).verify(body, headers)
    assert path == "/hook"
    assert headers["webhook-id"] == str(sent.message_id)
    assert headers["content-type"] == "application/json"
    assert said["type"] == "order.ready"
    assert said["data"]["code"] == CODE
    assert said["data"]["lines"] == [{"line_id": "1", "item_id": "SKU-1", "quantity": 2}]
    assert sent.masked_address == f"http://127.0.0.1:{receiver.port}/***"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"493817", b"000000"), headers)
    assert CODE not in await hooks.dump()


async def test_each_endpoint_hears_what_it_subscribed_to(hooks: World, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.uri + "/shipped", Purpose.ORDER_SHIPPED)
    await hooks.add_endpoint(receiver.uri + "/all")
    await hooks.add_endpoint(receiver.uri + "/both", Purpose.ORDER_SHIPPED, Purpose.ORDER_READY)
    await make_ready(hooks)
    async with hooks.delivering():
        await eventually(lambda: len(receiver.posts) == 2)
    assert sorted(path for path, _, _ in receiver.posts) == ["/hook/all", "/hook/both"]


async def test_a_failing_endpoint_is_tried_again_with_the_same_id(hooks: World, receiver: Receiver) -> None:
    receiver.answers = [(500, ""), (429, ""), (404, "")]
    await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():
        sent = await hooks.until(State.SENT)
    assert sent.attempt_count == 4
    assert {headers["webhook-id"] for _, headers, _ in receiver.posts} == {str(sent.message_id)}
    assert len({body for _, _, body in receiver.posts}) == 1


async def test_an_endpoint_that_is_gone_hears_no_more(hooks: World, receiver: Receiver) -> None:
    receiver.answers = [(410, "")]
    await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():
        failed = await hooks.until(State.FAILED)
        await hooks.handle(task_event("task_collected", version=6))
        # Tried again all the same, it fails without a post.
        await hooks.notifications.retry_message(failed.message_id)

        async def failed_again() -> bool:
            message = await hooks.only_message()
            return message.attempt_count == 2 and message.state is State.FAILED

        await eventually(failed_again)
    (endpoint,) = await hooks.notifications.list_endpoints()
    assert endpoint.disable_time is not None
    assert len(receiver.posts) == 1


async def test_a_removed_endpoint_drops_what_waits_for_it(hooks: World, receiver: Receiver) -> None:
    endpoint_id, _ = await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    await hooks.notifications.delete_endpoint((await hooks.notifications.list_endpoints())[0].endpoint_id)
    suppressed = await hooks.only_message()
    assert (suppressed.state, suppressed.failure) == (State.SUPPRESSED, "the endpoint was removed")
    (said,) = await hooks.published()
    assert said.message_changed.message.message_id == str(suppressed.message_id)
    assert endpoint_id not in await hooks.dump() or not suppressed.has_text


async def test_a_replaced_secret_signs_on_for_a_while(hooks: World, receiver: Receiver) -> None:
    endpoint_id, old = await hooks.add_endpoint(receiver.uri)
    async with served(hooks) as client:
        request = pb.RotateWebhookSecretRequest(request_id=str(uuid4()), endpoint_id=endpoint_id)
        answers = [await client.webhooks.RotateWebhookSecret(request) for _ in range(2)]
    assert answers[0] == answers[1]
    new = answers[0].secret
    assert new != old
    assert new.removeprefix("whsec_") not in await hooks.dump()
    await make_ready(hooks)
    async with hooks.delivering():
        await eventually(lambda: receiver.posts)
        for secret in (old, new):
            Webhook(secret).verify(receiver.posts[0][2], receiver.posts[0][1])
        hooks.clock.ahead = timedelta(days=1, minutes=1)
        await hooks.handle(task_event("task_collected", version=6))
        await eventually(lambda: len(receiver.posts) == 2)
    signatures = receiver.posts[1][1]["webhook-signature"]
    assert len(signatures.split()) == 1


async def test_who_asks_for_time_gets_it(hooks: World, receiver: Receiver) -> None:
    receiver.answers = [(429, "retry-after: 120\r\n"), (503, "retry-after: nonsense\r\n")]
    await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():

        async def tried() -> Any:
            message = await hooks.only_message()
            return message if message.failure else None

        waiting = await eventually(tried)
        pause = waiting.next_attempt_time - hooks.clock.now()
        assert timedelta(seconds=100) < pause <= timedelta(seconds=120)
        hooks.clock.ahead = timedelta(minutes=3)
        assert (await hooks.until(State.SENT)).attempt_count == 3
