"""Webhooks to a real HTTP receiver: signed, tried again, and never into a private network."""

import asyncio
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.notifications.domain.messages import State
from onhand.notifications.domain.occasions import Purpose

from .conftest import CODE, Receiver, World, eventually, order_accepted, ready, served, task_event


@pytest.fixture
def hooks(make_world: Any) -> World:
    """The service without a mail server, for an order that gave no address."""
    world: World = make_world()
    return world


async def make_ready(world: World) -> None:
    await world.handle(order_accepted(email=""))
    await world.handle(ready())


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


async def test_a_redirect_is_not_followed(hooks: World, receiver: Receiver) -> None:
    receiver.answers = [(302, f"location: http://127.0.0.1:{receiver.port}/elsewhere\r\n")] * 4
    await hooks.add_endpoint(receiver.uri)
    await make_ready(hooks)
    async with hooks.delivering():
        failed = await hooks.until(State.FAILED)
    assert failed.failure == "the endpoint answered 302"
    assert [path for path, _, _ in receiver.posts] == ["/hook"] * 4


async def test_a_redirect_into_a_private_network_leads_nowhere(
    make_world: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint itself is public; what it answers names a neighbour of ours."""
    world: World = make_world(webhook_allow_private=False, webhook_retry_delays_s=())
    async with Receiver().running() as neighbour:
        receiver.answers = [(307, f"location: {neighbour.uri}\r\n")]
        called: list[tuple[str, int]] = []
        real = httpcore.AnyIOBackend.connect_tcp

        async def connect(self: Any, host: str, port: int, *more: Any) -> Any:
            called.append((host, port))
            return await real(self, "127.0.0.1", receiver.port, *more)

        async def public(_name: str, _port: int) -> list[str]:
            return ["9.9.9.9"]

        monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
        await world.add_endpoint(f"http://hooks.shop.example:{receiver.port}/hook")
        await make_ready(world)
        async with world.delivering(resolve=public):
            failed = await world.until(State.FAILED)
        assert failed.failure == "the endpoint answered 307"
        assert called == [("9.9.9.9", receiver.port)]
        assert neighbour.posts == []


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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "2130706433",
        "0x7f.1",
        "127.1",
        "169.254.169.254",
        "metadata.shop.example",
        "mixed.shop.example",
        "mapped.shop.example",
    ],
)
async def test_a_private_address_is_never_called_in_whatever_form(
    make_world: Any, receiver: Receiver, host: str
) -> None:
    world: World = make_world(webhook_allow_private=False)
    names = {
        "metadata.shop.example": ["169.254.169.254"],
        "mixed.shop.example": ["9.9.9.9", "127.0.0.1"],
        "mapped.shop.example": ["::ffff:127.0.0.1"],
    }

    async def resolve(name: str, port: int) -> list[str]:
        if name in names:
            return names[name]
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        return [str(each[4][0]) for each in found]

    # Past the check at creation, as a name would be that was public then.
    await world.add_endpoint(f"http://{host}:{receiver.port}/hook")
    await make_ready(world)
    async with world.delivering(resolve=resolve):
        failed = await world.until(State.FAILED)
    assert failed.attempt_count == 1
    assert "public internet" in failed.failure
    assert receiver.posts == []


async def test_the_address_that_was_judged_is_the_one_that_is_called(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """A name that is public when judged and private a moment later gains nothing: it is asked once."""
    asked = []

    async def rebinding(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["9.9.9.9"] if len(asked) == 1 else ["127.0.0.1"]

    world: World = make_world(webhook_allow_private=False, webhook_timeout_s=0.5, webhook_retry_delays_s=())
    called = []

    async def connect(self: Any, host: str, port: int, *_: Any) -> Any:
        called.append(host)
        raise httpcore.ConnectError("nothing outside is called in a test")

    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    await world.add_endpoint(f"http://rebinding.shop.example:{receiver.port}/")
    await make_ready(world)
    async with world.delivering(resolve=rebinding):
        await world.until(State.FAILED)
    assert asked == ["rebinding.shop.example"]
    assert called == ["9.9.9.9"]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for `name`; returns contexts of a server that has it and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    pem.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(Encoding.PEM).decode())


@pytest.mark.parametrize(
    ("host", "state"), [("hooks.shop.example", State.SENT), ("other.shop.example", State.FAILED)]
)
async def test_the_certificate_must_be_of_the_name_though_an_address_is_called(
    make_world: Any, tmp_path: Path, host: str, state: State
) -> None:
    server_context, client_context = certificate(tmp_path, "hooks.shop.example")

    async def resolve(name: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    world: World = make_world(webhook_retry_delays_s=())
    async with Receiver().running(ssl=server_context) as receiver:
        await world.add_endpoint(f"https://{host}:{receiver.port}/hook")
        await make_ready(world)
        async with world.delivering(resolve=resolve, ssl_context=client_context):
            ended = await world.until(state)
        if state is State.SENT:
            assert receiver.posts[0][1]["host"] == f"{host}:{receiver.port}"
        else:
            assert "certificate" in ended.failure.lower()
            assert receiver.posts == []


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
