"""Faults of providers, long queues, and a service killed in mid-send: each message once, or listed as failed."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text
from tests.stack import serve_environment

from onhand.cli.ports import free_ports
from onhand.cli.probes import grpc_serves
from onhand.notifications.domain.contacts import Kind, NewAddress
from onhand.notifications.domain.messages import Channel, NewMessage, State
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.rendering import Text
from onhand.notifications.storage import contacts, messages

from .conftest import MailServer, Receiver, World, eventually, order_accepted, ready
from .webhooks.test_networks import certificate

BACKLOG = 10_000


async def wait_in_line(
    world: World, count: int, *, channel: Channel = Channel.EMAIL, **more: Any
) -> list[UUID]:
    """Put so many messages in line, to the addresses person0@shop.example and so on; returns their ids."""
    await world.handle(order_accepted("WEB-LINE"))
    (contact,) = await world.contacts.find("WEB-LINE")
    identity_id = contact.identities[0].identity_id
    now, body = world.clock.now(), Text("", "Hello\n", "<p>Hello</p>").to_bytes()
    ids = [uuid5(identity_id, f"{channel.name}{number}") for number in range(count)]
    addresses = [
        (each, NewAddress(Kind.EMAIL, f"person{number}@shop.example")) for number, each in enumerate(ids)
    ]
    new = [
        NewMessage(
            message_id=each,
            purpose=Purpose.ORDER_READY,
            channel=channel,
            order_id="WEB-LINE",
            task_id=None,
            endpoint_id=None,
            identity_id=identity_id,
            address_id=each,
            masked_address="p***@shop.example",
            subject="Hello",
            body=body,
            topic=1,
        )
        for each in ids
    ]
    if channel is Channel.WEBHOOK:
        new = [
            NewMessage(
                each,
                Purpose.ORDER_READY,
                channel,
                "WEB-LINE",
                None,
                more["endpoint_id"],
                None,
                None,
                "",
                "",
                b"{}",
            )
            for each in ids
        ]
    else:
        await world.database.transaction(
            lambda c: contacts.add_addresses(c, world.vault, identity_id, addresses)
        )
    await world.database.transaction(lambda c: messages.add(c, world.vault, new, now))
    return ids


async def counted(world: World) -> dict[State, int]:
    query = text("SELECT state, count(*) AS messages FROM messages GROUP BY state")
    rows = await world.database.read(lambda c: c.execute(query))
    return {State(row.state): row.messages for row in rows}


def received(server: MailServer) -> Counter[str]:
    return Counter(str(mail["X-Onhand-Message-Id"]) for mail in list(server.mails))


async def test_a_line_that_is_cut_before_the_answer_costs_a_second_attempt_with_the_same_id(
    world: World, mail_server: MailServer
) -> None:
    mail_server.answers = ["cut", "cut"]
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        sent = await world.until(State.SENT)
    assert sent.attempt_count == 3
    assert len(set(mail_server.raw)) == 1, "the same bytes, by whose id a receiver drops what it has"


async def test_a_mail_server_with_a_wrong_certificate_gets_nothing_and_the_failure_says_why(
    make_world: Any, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("not to be shown\n")
    server = MailServer(tls=certificate(tmp_path, "mail.shop.example")[0])
    server.start()
    try:
        world: World = make_world(
            smtp_host="127.0.0.1",
            smtp_port=server.port,
            smtp_tls="starttls",
            smtp_username="shop",
            smtp_password_file=password,
        )
        await world.handle(order_accepted())
        await world.handle(ready())
        async with world.delivering():
            failed = await world.until(State.FAILED)
    finally:
        server.stop()
    assert failed.attempt_count == 4, "it may be mended, so it is tried by the schedule"
    assert "certificate" in failed.failure.lower()
    assert server.raw == []


async def test_a_server_that_is_slow_with_some_holds_up_nobody_else(
    world: World, mail_server: MailServer
) -> None:
    ids = await wait_in_line(world, 20)
    go_on, held = threading.Event(), threading.Event()

    def hold_up() -> None:
        if not held.is_set():
            held.set()
            go_on.wait(30)

    # The server answers one at a time, so that the first mail holds up all on this server; posts go on.
    mail_server.before_answer = hold_up
    async with Receiver().running() as receiver:
        await world.add_endpoint(receiver.uri)
        await world.handle(order_accepted("WEB-2"))
        await world.handle(ready("WEB-2"))
        async with world.delivering():
            await eventually(lambda: held.is_set() and receiver.posts)
            assert not mail_server.mails
            go_on.set()
            await eventually(lambda: len(received(mail_server)) == len(ids) + 1)


async def test_ten_thousand_that_wait_for_one_endpoint_hold_up_nobody_else(
    world: World, mail_server: MailServer
) -> None:
    async with Receiver().running() as receiver:
        endpoint_id, _ = await world.add_endpoint("http://127.0.0.1:1/down")
        await wait_in_line(world, BACKLOG, channel=Channel.WEBHOOK, endpoint_id=UUID(endpoint_id))
        await world.add_endpoint(receiver.uri)
        async with world.delivering():
            await eventually(lambda: _paused(world, endpoint_id))
            await world.handle(order_accepted("WEB-2"))
            await world.handle(ready("WEB-2"))
            await eventually(lambda: mail_server.mails and receiver.posts)
        waiting = (await counted(world))[State.WAITING]
        assert waiting > BACKLOG - 100, "the breaker has left the others alone"


async def _paused(world: World, endpoint_id: str) -> bool:
    found = await world.notifications.list_endpoints()
    return any(str(each.endpoint_id) == endpoint_id and each.pause_time is not None for each in found)


@pytest.mark.long
async def test_ten_thousand_that_wait_reach_their_mailboxes_once_each(
    world: World, mail_server: MailServer
) -> None:
    ids = await wait_in_line(world, BACKLOG)
    async with world.delivering():

        async def done() -> bool:
            return (await counted(world)).get(State.SENT) == BACKLOG

        await eventually(done, within_s=600)
    assert received(mail_server) == Counter(map(str, ids))


@pytest.mark.long
async def test_a_service_killed_in_mid_send_sends_each_message_once_by_id_or_says_why_not(
    world: World, mail_server: MailServer
) -> None:
    """The service as shipped, killed twice; of a few the mailbox does not exist."""
    ids = await wait_in_line(world, 400)
    mail_server.unknown = frozenset({"person7@shop.example", "person77@shop.example"})
    settings = world.settings
    address = f"127.0.0.1:{free_ports(1)[0]}"
    environment = {
        **serve_environment(settings, address),
        "ONHAND_ENVIRONMENT": "development",
        "ONHAND_DATA_DIR": str(settings.data_dir),
        "ONHAND_SMTP_HOST": "127.0.0.1",
        "ONHAND_SMTP_PORT": str(mail_server.port),
        "ONHAND_SMTP_TLS": "none",
        "ONHAND_SMTP_FROM": settings.smtp_from,
        "ONHAND_SMTP_TIMEOUT_S": "1",
        "ONHAND_WEBHOOK_TIMEOUT_S": "1",
        "ONHAND_APPRISE_TIMEOUT_S": "1",
        "ONHAND_DELIVERY_LEASE_S": "31",
    }
    for enough in (60, 200, 0):
        process = subprocess.Popen(
            [sys.executable, "-m", "onhand", "serve", "notifications"], env=environment
        )
        try:
            await eventually(lambda: grpc_serves(address), within_s=60)
            if enough:
                await eventually(lambda enough=enough: len(mail_server.raw) >= enough, within_s=120)
                process.send_signal(signal.SIGKILL)
                continue

            async def ended() -> bool:
                found = await counted(world)
                return State.WAITING not in found

            await eventually(ended, within_s=180)
            process.terminate()
        finally:
            if enough:
                process.kill()
            await asyncio.to_thread(process.wait, 30)
    assert await counted(world) == {State.SENT: 398, State.FAILED: 2}
    failed = await world.messages(State.FAILED)
    assert {each.failure for each in failed} == {"550 5.1.1 no such mailbox"}
    found = received(mail_server)
    assert set(found) == {str(each) for each in ids} - {str(each.message_id) for each in failed}
    connections = settings.smtp_connections
    assert sum(found.values()) - len(found) <= 2 * connections, (
        "again only what was under way when it was killed"
    )
