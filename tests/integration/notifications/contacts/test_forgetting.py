"""A person who is forgotten leaves nothing behind; a key that is replaced opens nothing."""

import asyncio
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.fernet import Fernet
from tests.integration.notifications.conftest import (
    CODE,
    MailServer,
    World,
    order_accepted,
    ready,
    served,
    task_event,
)
from tests.integration.notifications.contacts.asking import PHONE, address, consent, find, upsert

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.api.notifications.v1.messages_pb2 import Message
from onhand.cli.embedded import EmbeddedServers
from onhand.kit.errors import MissingScope, NotFound
from onhand.notifications.domain.alerts import Alert, AlertState
from onhand.notifications.domain.messages import State
from onhand.notifications.storage import alerts


async def test_forgetting_needs_a_scope_of_its_own(world: World) -> None:
    async with served(world, scopes=("contacts.read", "contacts.write")) as client:
        erase = pb.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=str(uuid.uuid4()))
        with pytest.raises(MissingScope):
            await client.contacts.EraseContact(erase)
        with pytest.raises(MissingScope):
            await client.contacts.ExportContact(pb.ExportContactRequest(contact_id=erase.contact_id))


PERSONAL = ("jane.doe", "Zebedea", "Quux", "+31687654321", "web-customer-4711", "L-99881", CODE)


async def test_forgetting_leaves_no_trace_in_tables_events_logs_or_files(
    world: World, mail_server: MailServer, servers: EmbeddedServers, capfd: pytest.CaptureFixture[str]
) -> None:
    person = {"display_name": "Zebedea Quux", "phone": "+31687654321", "customer_id": "web-customer-4711"}
    mail_server.recipient_answer = "550 5.7.1 <{address}> jane.doe is not welcome"
    await world.handle(order_accepted(**person))
    async with served(world) as client:
        request = upsert(
            "crm", "web-customer-4711", address("jane.doe@shop.example", verified=True), loyalty_id="L-99881"
        )
        await client.contacts.UpsertContact(request)
        (contact_id,) = await find(client, order_id="WEB-1")
        contact = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=contact_id))).contact
        phone = next(each for each in contact.identities[0].addresses if each.kind == PHONE)
        await client.contacts.RecordConsent(consent(contact, phone, granted=True))
        await world.handle(ready())
        async with world.delivering():
            await world.until(State.FAILED)
        await world.handle(task_event("task_collected", version=6))

        await wish(world, contact)
        await world.measures.activity("test", uuid.UUID(contact_id), "Zebedea Quux has asked", 10)

        export = await client.contacts.ExportContact(pb.ExportContactRequest(contact_id=contact_id))
        assert [each.offer for each in export.alerts] == ["For Zebedea Quux alone"]
        assert (list(export.order_ids), len(export.consents)) == (["WEB-1"], 1)
        assert [each.subject for each in export.messages] == [
            "You have collected your order WEB-1",
            "Your order WEB-1 is ready to collect",
        ]
        paged = await client.contacts.ExportContact(
            pb.ExportContactRequest(contact_id=contact_id, page_size=1)
        )
        rest = await client.contacts.ExportContact(
            pb.ExportContactRequest(contact_id=contact_id, page_token=paged.next_page_token)
        )
        assert [*paged.messages, *rest.messages] == list(export.messages)
        assert not rest.HasField("contact")

        erase = pb.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=contact_id)
        answers = [await client.contacts.EraseContact(erase) for _ in range(2)]
        assert answers[0] == answers[1]
        assert (answers[0].identity_count, answers[0].message_count) == (1, 2)
        with pytest.raises(NotFound):
            await client.contacts.GetContact(pb.GetContactRequest(contact_id=contact_id))
        assert await find(client, address=address("jane.doe@shop.example")) != [contact_id]
        # The crm's own identity is another contact: same address, but the order's was only typed.
        (other,) = await find(client, address=address("jane.doe@shop.example"))
        erase = pb.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=other)
        await client.contacts.EraseContact(erase)

    said = {each.purpose.name: (each.state, each.masked_address, each.subject, each.failure)
            for each in await world.messages()}  # fmt: skip
    assert said == {
        "ORDER_READY": (State.FAILED, "", "", ""),
        "ORDER_COLLECTED": (State.SUPPRESSED, "", "", "the person was erased"),
    }
    ended = [each.message_changed.message for each in await world.published()]
    assert {each.state for each in ended} == {Message.STATE_FAILED, Message.STATE_SUPPRESSED}
    # What comes late of an order whose person is gone reaches nobody, and nothing brings them back.
    await world.handle(order_accepted(**person))
    await world.handle(task_event("task_expired", version=7))
    assert len(await world.messages()) == 2

    dump = await world.dump()
    assert not [each for each in (*PERSONAL, "j***@") if each.lower() in dump.lower()]
    output = capfd.readouterr()
    assert not [each for each in PERSONAL if each in output.out + output.err]
    data = Path(psutil.Process(servers.postgres.pid).cwd())
    # The search finds what is there: the erasure's own record, which is kept.
    assert await asyncio.to_thread(traces, data, [uuid.UUID(contact_id).bytes])
    # Other tests leave the usual names in other databases of the same server.
    wanted = [each.encode() for each in PERSONAL if each not in {"jane.doe", CODE}]
    assert await asyncio.to_thread(traces, data, wanted) == []


async def wish(world: World, contact: pb.Contact) -> None:
    """Let a person wait for an item, with an offer that names them."""
    now = world.clock.now()
    alert = Alert(
        world.clock.uuid(),
        uuid.UUID(contact.contact_id),
        uuid.UUID(contact.identities[0].identity_id),
        None,
        ("i1",),
        (),
        (),
        "For Zebedea Quux alone",
        AlertState.WAITING,
        now,
        now + timedelta(days=1),
    )
    await world.database.transaction(lambda c: alerts.add(c, world.vault, alert, alert.expire_time))


def traces(folder: Path, wanted: list[bytes]) -> list[Path]:
    """Return the server's files, write-ahead log and dead rows included, that hold any of `wanted`."""
    files = [each for part in ("base", "pg_wal") for each in (folder / part).rglob("*") if each.is_file()]
    found = []
    for each in files:
        with suppress(FileNotFoundError):  # the server, which runs, has dropped it meanwhile
            if any(one in each.read_bytes() for one in wanted):
                found.append(each)
    return found


async def test_a_key_can_be_replaced_and_the_old_one_thrown_away(
    make_world: Any, mail_server: MailServer, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    keys.write_text(old)
    options = {"smtp_host": "127.0.0.1", "smtp_port": mail_server.port, "secrets_key_file": keys}
    before: World = make_world(**options)
    await before.handle(order_accepted())
    await before.handle(ready())
    await before.add_endpoint("https://hooks.shop.example/", 5)
    keys.write_text(f"{new}\n{old}")
    between: World = make_world(**options)
    async with served(between) as client:
        # Half-way, who was sealed with the old key is found and joined by the new one.
        (known,) = await find(client, address=address("jane.doe@shop.example"))
        assert await find(client, order_id="WEB-1") == [known]
    assert await between.contacts.reseal() > 0
    assert await between.contacts.reseal() == 0
    keys.write_text(new)
    after: World = make_world(**options)
    async with served(after) as client:
        assert await find(client, address=address("jane.doe@shop.example")) == [known]
        assert await find(client, identity=pb.IdentityKey(system="order", external_id="WEB-1")) == [known]
    async with after.delivering():
        await after.until(State.SENT)
    assert CODE in str(mail_server.mails[0])
