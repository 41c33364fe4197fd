"""Text messages through Apprise to a real HTTP sink, in place of a provider."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from onhand.notifications.domain.messages import Channel, State

from .conftest import CODE, MailServer, Receiver, World, eventually, order_accepted, ready

PHONE = "+31612345678"
BOTH = (Channel.SMS, Channel.EMAIL)


@pytest.fixture
def make_texting(make_world: Any, mail_server: MailServer, receiver: Receiver, tmp_path: Path) -> Any:
    """Give a function that wires the service with a provider of text messages and a mail server."""
    file = tmp_path / "sms.url"
    file.write_text(f"json://127.0.0.1:{receiver.port}/to/{{address}}\n")
    always = {"usable": BOTH, "quiet_hours": "00:00-00:00", "sms_url_file": file}
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
    return lambda **changes: make_world(**{**always, **smtp, "apprise_timeout_s": 3, **changes})


async def make_ready(world: World) -> None:
    await world.handle(order_accepted(phone=PHONE))
    await world.handle(ready())


async def test_a_text_message_reaches_the_provider_once(make_texting: Any, receiver: Receiver) -> None:
    world: World = make_texting()
    await make_ready(world)
    async with world.delivering():
        sent = await world.until(State.SENT)
    ((path, _, body),) = receiver.posts
    assert path == "/to/+31612345678"
    assert json.loads(body)["message"] == f"Order WEB-1 is ready at store-7. Your code: {CODE}"
    assert (sent.channel, sent.masked_address) == (Channel.SMS, "+31***78")
    assert PHONE not in await world.dump()


async def test_what_the_provider_does_not_take_is_tried_again_and_then_told_by_mail(
    make_texting: Any, receiver: Receiver, mail_server: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.answers = [(500, ""), (404, ""), (403, ""), (302, "location: http://127.0.0.1:1/\r\n")]
    world: World = make_texting()
    await make_ready(world)
    async with world.delivering():
        await eventually(lambda: mail_server.mails)
    assert CODE in str(mail_server.mails[0])
    states = {each.channel: (each.state, each.attempt_count) for each in await world.messages()}
    assert states[Channel.SMS] == (State.FAILED, 4)
    said = capfd.readouterr()
    assert PHONE not in said.out + said.err


async def test_a_provider_that_hangs_is_given_up_in_time(
    make_texting: Any, mail_server: MailServer, tmp_path: Path
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    file = tmp_path / "hanging.url"
    file.write_text(f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/{{address}}")
    world: World = make_texting(
        sms_url_file=file, apprise_timeout_s=0.4, apprise_retry_delays_s=(), retry_delays_s=(600,)
    )
    await make_ready(world)
    async with world.delivering():
        await eventually(lambda: mail_server.mails)
    server.close()


async def test_a_dry_run_makes_messages_and_sends_none(
    make_texting: Any, receiver: Receiver, mail_server: MailServer
) -> None:
    world: World = make_texting(dry_run={Channel.SMS, Channel.EMAIL, Channel.WEBHOOK})
    await world.add_endpoint(receiver.uri)
    await make_ready(world)
    await world.handle(order_accepted("WEB-2"))
    event = ready("WEB-2")
    event.task.task_id = "00000000-0000-0000-0000-00000000000a"
    await world.handle(event)
    async with world.delivering():

        async def done() -> bool:
            return {each.state for each in await world.messages()} == {State.SUPPRESSED}

        await eventually(done)
    assert {each.channel for each in await world.messages()} == {Channel.SMS, Channel.EMAIL, Channel.WEBHOOK}
    assert all(each.failure.startswith("dry run") for each in await world.messages())
    assert receiver.posts == []
    assert mail_server.raw == []
