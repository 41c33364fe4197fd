"""Where posts may go, and to whom."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.integration.notifications.conftest import (
    Receiver,
    World,
)
from tests.integration.notifications.webhooks.conftest import make_ready

from onhand.notifications.domain.messages import State


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
