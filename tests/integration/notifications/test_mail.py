"""E-mail through a real SMTP server: once in effect, whatever happens to server, service or network."""

import asyncio
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from onhand.cli.embedded import EmbeddedServers
from onhand.kit.errors import NotFound
from onhand.notifications.delivery.smtp import SmtpSender
from onhand.notifications.domain.messages import Channel, Result, State, Verdict

from .conftest import (
    CODE,
    MailServer,
    World,
    eventually,
    order_accepted,
    ready,
    task_event,
)

GATHERED = timedelta(seconds=11)
"""After which nothing joins a message any more."""


def body(mail: Any, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_ready_order_becomes_one_mail_with_its_code(world: World, mail_server: MailServer) -> None:
    await world.handle(order_accepted(display_name="<b>Jané</b>"))
    event = ready()
    await world.handle(event)
    made = await world.only_message()
    assert (made.state, made.masked_address) == (State.WAITING, "j***@shop.example")
    async with world.delivering():
        sent = await world.until(State.SENT)
    (mail,) = mail_server.mails
    assert mail["Message-ID"] == f"<{sent.message_id}@shop.example>"
    assert mail["X-Onhand-Message-Id"] == str(sent.message_id)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Our shop <orders@shop.example>"
    assert mail["To"].addresses[0].addr_spec == "jane.doe@shop.example"
    assert mail["To"].addresses[0].display_name == "<b>Jané</b>"
    assert mail["Subject"] == "Your order WEB-1 is ready to collect"
    assert mail["Date"].datetime == sent.create_time.replace(microsecond=0)
    assert CODE in body(mail, "plain")
    assert CODE in body(mail, "html")
    assert "store-7" in body(mail, "plain")
    assert "&lt;b&gt;Jané" in body(mail, "html")
    assert sent.attempt_count == 1
    assert sent.next_attempt_time is None

    (said,) = await world.published()
    assert said.message_changed.message.message_id == str(sent.message_id)
    assert said.message_changed.message.HasField("send_time")


async def test_the_tables_never_show_code_or_address(world: World, mail_server: MailServer) -> None:
    mail_server.recipient_answer = "550 5.1.1 <{address}> jane.doe is not known"
    await world.handle(order_accepted())
    await world.handle(ready())
    assert CODE not in await world.dump()
    async with world.delivering():
        failed = await world.until(State.FAILED)
    dump = await world.dump()
    assert CODE not in dump
    assert "jane.doe" not in dump
    assert failed.failure == "550 5.1.1 <j***@shop.example> j***@shop.example is not known"


async def test_the_same_event_twice_is_one_mail(world: World, mail_server: MailServer) -> None:
    await world.handle(order_accepted())
    event = ready()
    await asyncio.gather(*(world.handle(event) for _ in range(5)))
    async with world.delivering():
        await world.until(State.SENT)
        await world.handle(event)
        await world.handle(task_event("task_collected", version=6))
        await eventually(lambda: _all_sent(world, 2))
    assert [mail["Subject"].split(" order ")[0] for mail in mail_server.mails] == [
        "Your",
        "You have collected your",
    ]
    assert len(mail_server.raw) == 2


async def _all_sent(world: World, count: int) -> bool:
    return [each.state for each in await world.messages()] == [State.SENT] * count


async def test_an_event_of_an_order_not_known_yet_is_refused_and_taken_when_it_comes_again(
    world: World,
) -> None:
    event = ready()
    with pytest.raises(NotFound, match="no order"):
        await world.handle(event)
    await world.handle(order_accepted())
    await world.handle(event)
    assert (await world.only_message()).order_id == "WEB-1"


async def test_who_has_collected_is_not_told_later_that_it_is_ready(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(task_event("task_collected", version=6))
    await world.handle(ready())
    assert (await world.only_message()).subject == "You have collected your order WEB-1"


async def test_a_ready_mail_that_waits_is_overtaken_by_the_collection(world: World) -> None:
    await world.handle(order_accepted())
    await world.add_endpoint("https://hooks.shop.example/")
    await world.handle(ready())
    await world.handle(task_event("task_collected", version=6))
    states = {(each.purpose.name, each.channel.name): each.state for each in await world.messages()}
    assert states == {
        ("ORDER_READY", "EMAIL"): State.SUPPRESSED,
        ("ORDER_READY", "WEBHOOK"): State.WAITING,
        ("ORDER_COLLECTED", "EMAIL"): State.WAITING,
        ("ORDER_COLLECTED", "WEBHOOK"): State.WAITING,
    }
    assert len(await world.published()) == 1


@pytest.mark.parametrize(
    ("payload", "values", "subject", "said"),
    [
        ("task_collected", {}, "You have collected your order WEB-1", "store-7"),
        (
            "task_shipped",
            {"carrier": "DHL", "tracking_number": "JD0146"},
            "Your order WEB-1 is on its way",
            "JD0146",
        ),
        ("task_expired", {}, "Your order WEB-1 is no longer waiting", "back to the shelf"),
    ],
)
async def test_every_event_of_pickup_has_its_mail(
    world: World, mail_server: MailServer, payload: str, values: dict[str, Any], subject: str, said: str
) -> None:
    await world.handle(order_accepted())
    await world.handle(task_event(payload, **values))
    world.clock.ahead = GATHERED
    async with world.delivering():
        await eventually(lambda: mail_server.mails)
        await world.until(State.SENT)
    (mail,) = mail_server.mails
    assert mail["Subject"] == subject
    assert said in body(mail, "plain")


async def test_delays_and_cancellations_are_told_and_an_earlier_promise_is_not(
    world: World, mail_server: MailServer
) -> None:
    await world.handle(order_accepted())
    before, after = "2026-06-05T12:00:00Z", "2026-06-06T12:00:00Z"
    for first, then in ((before, after), (after, before), (before, "")):
        world.clock.ahead += GATHERED
        while await world.notifications.journeys.advance():
            pass
        event = order_accepted()
        event.order_delayed.order_id = "WEB-1"
        event.order_delayed.line_ids.append("2")
        event.order_delayed.promise_time_before.FromJsonString(first)
        if then:
            event.order_delayed.promise_time.FromJsonString(then)
        await world.handle(event)
    event = order_accepted()
    event.lines_cancelled.order_id = "WEB-1"
    event.lines_cancelled.line_ids.append("1")
    event.lines_cancelled.detail = "it broke\r\nBcc: all@shop.example"
    await world.handle(event)
    world.clock.ahead += GATHERED
    async with world.delivering():
        await eventually(lambda: len(mail_server.mails) == 3)
        await eventually(lambda: _all_sent(world, 3))
    texts = sorted(body(mail, "plain") for mail in mail_server.mails)
    assert sum("Saturday, 6 June 2026, 12:00 UTC" in each for each in texts) == 1
    assert sum("cannot give a new date" in each for each in texts) == 1
    (cancelled,) = (each for each in texts if "cancelled" in each)
    assert "- 2 × SKU-1" in cancelled
    assert "SKU-2" not in cancelled
    assert "it broke Bcc: all@shop.example." in cancelled


async def test_who_gave_no_address_gets_no_mail(world: World) -> None:
    await world.handle(order_accepted(email=""))
    await world.handle(ready())
    assert await world.messages() == []


async def test_a_passing_refusal_is_tried_again_with_the_same_bytes(
    world: World, mail_server: MailServer
) -> None:
    mail_server.answers = ["451 4.7.1 greylisted", "421 4.3.2 going down"]
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        sent = await world.until(State.SENT)
    assert sent.attempt_count == 3
    assert len(mail_server.mails) == 1
    assert len(set(mail_server.raw)) == 1


async def test_after_the_schedule_a_message_has_failed_and_can_be_revived(
    world: World, mail_server: MailServer
) -> None:
    mail_server.answers = ["452 4.2.2 over quota"] * 4
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        failed = await world.until(State.FAILED)
        assert (failed.attempt_count, failed.failure) == (4, "452 4.2.2 over quota")
        await world.notifications.retry_message(failed.message_id)
        sent = await world.until(State.SENT)
    assert sent.attempt_count == 5
    assert mail_server.mails[0]["Message-ID"] == f"<{failed.message_id}@shop.example>"
    states = [int(each.message_changed.message.state) for each in await world.published()]
    assert sorted(states) == [State.SENT, State.FAILED]


async def test_a_lasting_refusal_fails_at_once_and_says_why(world: World, mail_server: MailServer) -> None:
    mail_server.answers = ["554 5.7.1 we do not like this"]
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        failed = await world.until(State.FAILED)
    assert (failed.attempt_count, failed.failure) == (1, "554 5.7.1 we do not like this")
    assert failed.has_text


@pytest.mark.parametrize("email", ["a b@shop.example", "jane.doe@", "@", "jane.doe", "a@b\r\nBcc: c@d"])
async def test_an_address_that_is_none_fails_at_once_and_never_reaches_the_server(
    world: World, mail_server: MailServer, email: str
) -> None:
    await world.handle(order_accepted(email=email))
    await world.handle(ready())
    async with world.delivering():
        failed = await world.until(State.FAILED)
    assert failed.attempt_count == 1
    assert mail_server.raw == []


async def test_a_server_that_is_down_loses_no_mail(make_world: Any) -> None:
    server = MailServer()
    world: World = make_world(smtp_host="127.0.0.1", smtp_port=server.port, retry_delays_s=(0.1,) * 100)
    await world.handle(order_accepted())
    await world.handle(ready())

    async def tried() -> bool:
        return bool((await world.only_message()).failure)

    async with world.delivering():
        await eventually(tried)
        server.start()
        try:
            await world.until(State.SENT)
        finally:
            server.stop()
    assert len(server.mails) == 1


async def test_a_server_that_never_answers_is_given_up_in_time(make_world: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world: World = make_world(
            smtp_host="127.0.0.1",
            smtp_port=silent.getsockname()[1],
            smtp_timeout_s=0.2,
            retry_delays_s=(600,),
        )
        await world.handle(order_accepted())
        await world.handle(ready())

        async def tried() -> str:
            return (await world.only_message()).failure

        async with world.delivering():
            assert await eventually(tried)
        assert (await world.only_message()).state is State.WAITING


async def test_many_mails_share_few_connections(world: World, mail_server: MailServer) -> None:
    for number in range(40):
        await world.handle(order_accepted(f"WEB-{number}"))
        event = ready(f"WEB-{number}")
        event.task.task_id = str(UUID(int=number))
        await world.handle(event)
    async with world.delivering():
        await eventually(lambda: _all_sent(world, 40))
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 40
    assert mail_server.connections <= 4


async def test_without_a_mail_server_mail_is_suppressed_and_says_so(make_world: Any) -> None:
    world: World = make_world()
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        message = await world.until(State.SUPPRESSED)
    assert message.failure == "no smtp server configured"
    assert not message.has_text
    assert CODE not in await world.dump()


async def test_a_crash_in_mid_send_ends_in_a_second_attempt_with_the_same_id(
    world: World, mail_server: MailServer
) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    # The first process sends and dies before it can say so.
    (lost,) = await world.notifications.claim(Channel.EMAIL, 10)
    sender = SmtpSender(world.settings)
    assert (await sender.send(lost)).verdict is Verdict.SENT
    await sender.close()
    assert await world.notifications.claim(Channel.EMAIL, 10) == []  # the lease holds
    world.clock.ahead = timedelta(seconds=world.settings.delivery_lease_s + 1)
    async with world.delivering():
        sent = await world.until(State.SENT)
    assert sent.attempt_count == 2
    assert len(mail_server.raw) == 2
    assert len(set(mail_server.raw)) == 1, "the receiver sees the same Message-ID, and can drop one"


@pytest.mark.long
async def test_a_database_that_dies_in_mid_send_costs_no_second_mail(
    world: World, mail_server: MailServer, servers: EmbeddedServers
) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    mail_server.before_answer = servers.postgres.kill
    try:
        async with world.delivering():
            await eventually(lambda: mail_server.mails)
            await asyncio.to_thread(servers.postgres.start)
            sent = await world.until(State.SENT)
    finally:
        mail_server.before_answer = None
    assert sent.attempt_count == 1
    assert len(mail_server.raw) == 1


async def test_an_outdated_attempt_cannot_undo_a_later_one(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    (first,) = await world.notifications.claim(Channel.EMAIL, 10)
    world.clock.ahead = timedelta(seconds=world.settings.delivery_lease_s + 1)
    (second,) = await world.notifications.claim(Channel.EMAIL, 10)
    assert await world.notifications.conclude(first, Result(Verdict.REFUSED, "late")) is None
    assert (await world.only_message()).state is State.WAITING
    assert await world.notifications.conclude(second, Result(Verdict.SENT)) is not None
    assert await world.notifications.conclude(second, Result(Verdict.PASSING, "late")) is None
    assert (await world.only_message()).state is State.SENT
    assert len(await world.published()) == 1


async def test_a_message_that_was_leased_and_not_attempted_is_due_again_as_if_it_had_not_been(
    world: World,
) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    (first,) = await world.notifications.claim(Channel.EMAIL, 10)
    await world.notifications.give_back(first)
    (second,) = await world.notifications.claim(Channel.EMAIL, 10)
    assert (second.message_id, second.number) == (first.message_id, first.number)
    await world.notifications.conclude(second, Result(Verdict.SENT))
    await world.notifications.give_back(first)
    assert (await world.only_message()).attempt_count == 1


async def test_two_dispatchers_never_hold_one_message(world: World) -> None:
    for number in range(30):
        await world.handle(order_accepted(f"WEB-{number}"))
        event = ready(f"WEB-{number}")
        event.task.task_id = str(UUID(int=number))
        await world.handle(event)
    claims = await asyncio.gather(*(world.notifications.claim(Channel.EMAIL, 10) for _ in range(6)))
    held = [each.message_id for claim in claims for each in claim]
    assert len(held) == len(set(held)) == 30


async def test_texts_messages_and_contacts_are_dropped_in_time(world: World, mail_server: MailServer) -> None:
    mail_server.recipient_answer = "550 no"
    kinds = ("texts", "messages", "facts", "runs", "orders", "identities")
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        await world.until(State.FAILED)
    assert await world.notifications.forget() == dict.fromkeys(kinds, 0)
    world.clock.ahead = timedelta(days=15)
    assert await world.notifications.forget() == {**dict.fromkeys(kinds, 0), "texts": 1}
    world.clock.ahead = timedelta(days=401)
    assert await world.notifications.forget() == {
        **dict.fromkeys(kinds, 0),
        "messages": 1,
        "orders": 1,
        "identities": 1,
    }
    assert await world.messages() == []
