"""What becomes of messages after they were sent: bounces and complaints stop what would follow."""

from mailbox import Maildir
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.unit.notifications.test_reports import DELIVERY

from onhand.api.notifications.v1 import contacts_pb2
from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.kit.errors import MissingScope, WrongState
from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.messages import Channel, Receipt, Result, State, Verdict
from onhand.notifications.jobs import Jobs

from .conftest import MailServer, World, order_accepted, ready, served, task_event

DELIVERED, BOUNCED, COMPLAINED = (
    pb.Message.RECEIPT_DELIVERED,
    pb.Message.RECEIPT_BOUNCED,
    pb.Message.RECEIPT_COMPLAINED,
)


async def sent(world: World, channel: Channel = Channel.EMAIL) -> str:
    """Bring the only waiting message to where the provider has it; returns its id."""
    (attempt,) = await world.notifications.claim(channel, 10)
    await world.notifications.conclude(attempt, Result(Verdict.SENT))
    return str(attempt.message_id)


async def report(client: Any, message_id: str, receipt: Any) -> pb.Message:
    request = pb.ReportReceiptRequest(message_id=message_id, receipt=receipt)
    message: pb.Message = (await client.messages.ReportReceipt(request)).message
    return message


async def test_of_several_reports_the_gravest_holds_and_is_published_once(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    async with served(world) as client:
        message_id = str((await world.only_message()).message_id)
        with pytest.raises(WrongState):
            await report(client, message_id, DELIVERED)
        await sent(world)
        said = [
            (await report(client, message_id, each)).receipt
            for each in (DELIVERED, DELIVERED, COMPLAINED, BOUNCED, DELIVERED)
        ]
    assert said == [DELIVERED, DELIVERED, COMPLAINED, COMPLAINED, COMPLAINED]
    receipts = sorted(each.message_changed.message.receipt for each in await world.published())
    assert receipts == [0, DELIVERED, COMPLAINED]


async def test_what_bounced_is_told_by_the_next_channel_and_the_address_is_used_no_more(
    make_world: Any,
) -> None:
    world: World = make_world(usable=(Channel.SMS, Channel.EMAIL), quiet_hours="00:00-00:00")
    await world.handle(order_accepted(phone="+31612345678"))
    await world.handle(ready())
    async with served(world) as client:
        message_id = await sent(world, Channel.SMS)
        for _ in range(2):
            await report(client, message_id, BOUNCED)
        assert [each.channel for each in await world.messages(State.WAITING)] == [Channel.EMAIL]
        # Also for another person with the same number.
        await world.handle(order_accepted("WEB-2", phone="+31612345678", email=""))
        event = ready("WEB-2")
        event.task.task_id = "00000000-0000-0000-0000-00000000000a"
        await world.handle(event)
        (refused,) = await world.messages(State.SUPPRESSED)
        assert refused.failure == "the address bounced, or its owner complained"

        (contact,) = await world.contacts.find("WEB-2")
        lift = contacts_pb2.LiftSuppressionRequest(
            contact_id=str(contact.contact_id), address_id=str(contact.addresses[0].address_id)
        )
        await client.contacts.LiftSuppression(lift)
        collected = task_event("task_collected", "WEB-2", version=9)
        collected.task.task_id = event.task.task_id
        await world.handle(collected)
        assert Channel.SMS in {each.channel for each in await world.messages(State.WAITING)}


async def test_who_complains_has_agreed_no_longer(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    async with served(world) as client:
        await report(client, await sent(world), COMPLAINED)
    (contact,) = await world.contacts.find("WEB-1")
    assert {(each.topic, each.granted) for each in contact.consents} == {
        (Topic.ALERT, False),
        (Topic.MARKETING, False),
    }
    await world.handle(task_event("task_collected", version=6))
    (refused,) = await world.messages(State.SUPPRESSED)
    assert "complained" in refused.failure


@pytest.mark.parametrize(
    ("answer", "suppressed"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 null MX", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.7.1 we do not like you", False),
        ("550 no such user", False),
        ("552 5.2.2 mailbox full", False),
    ],
)
async def test_a_mailbox_that_the_server_says_is_none_is_not_tried_for_the_next_message(
    world: World, mail_server: MailServer, answer: str, *, suppressed: bool
) -> None:
    mail_server.recipient_answer = answer
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        await world.until(State.FAILED)
    await world.handle(task_event("task_collected", version=6))
    assert len(await world.messages(State.SUPPRESSED)) == suppressed
    assert "jane.doe" not in await world.dump()


async def test_an_erased_persons_address_stays_known_by_its_digest_only(
    world: World, mail_server: MailServer
) -> None:
    mail_server.recipient_answer = "550 5.1.1 no such user"
    await world.handle(order_accepted())
    await world.handle(ready())
    async with world.delivering():
        await world.until(State.FAILED)
    async with served(world) as client:
        (contact,) = await world.contacts.find("WEB-1")
        request = contacts_pb2.EraseContactRequest(
            request_id=str(world.clock.uuid()), contact_id=str(contact.contact_id)
        )
        await client.contacts.EraseContact(request)
    await world.handle(order_accepted("WEB-2"))
    event = ready("WEB-2")
    event.task.task_id = "00000000-0000-0000-0000-00000000000a"
    await world.handle(event)
    assert [each.order_id for each in await world.messages(State.SUPPRESSED)] == ["WEB-2"]


async def test_who_reports_receipts_needs_a_scope_for_it(world: World) -> None:
    async with served(world, scopes=("messages.read", "messages.write")) as client:
        with pytest.raises(MissingScope):
            await report(client, str(world.clock.uuid()), BOUNCED)


async def test_reports_in_a_mailbox_are_taken_in_once_and_removed(world: World, tmp_path: Path) -> None:
    maildir = Maildir(tmp_path / "bounces")
    await world.handle(order_accepted())
    await world.handle(ready())
    message_id = await sent(world)
    for returned, status in ((message_id, "5.1.1"), (str(UUID(int=7)), "5.1.1"), (message_id, "5.7.1")):
        mail = DELIVERY.format(action="failed", status=status, returned="message/rfc822")
        maildir.add(mail.replace("8a6f1a4c-4f7e-4e0e-9d5f-0d6a5f2b9c11", returned).encode())
    maildir.add(b"Subject: holiday\n\nI am away.")
    jobs = Jobs(world.notifications, world.posts, world.clock)
    for _ in range(2):
        await jobs.take_reports(tmp_path / "bounces")
    assert len(Maildir(tmp_path / "bounces")) == 0
    assert (await world.only_message()).receipt is Receipt.BOUNCED
    await world.handle(task_event("task_collected", version=6))
    (suppressed,) = await world.messages(State.SUPPRESSED)
    assert suppressed.failure == "the address bounced, or its owner complained"
