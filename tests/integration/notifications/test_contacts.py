"""Contacts over gRPC on a real PostgreSQL: merged and split, sealed, exported, forgotten without a trace."""

import asyncio
import random
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.api.notifications.v1.messages_pb2 import Message
from onhand.cli.embedded import EmbeddedServers
from onhand.kit import schema
from onhand.kit.errors import InvalidField, MissingScope, NotFound, RequestIdReused
from onhand.kit.migrations import migrate
from onhand.notifications.domain.alerts import Alert, AlertState
from onhand.notifications.domain.messages import State
from onhand.notifications.storage import alerts

from .conftest import CODE, MailServer, World, eventually, order_accepted, ready, served, task_event

EMAIL, PHONE = pb.Address.KIND_EMAIL, pb.Address.KIND_PHONE


def address(value: str, *, verified: bool = False) -> pb.Address:
    return pb.Address(kind=EMAIL if "@" in value else PHONE, value=value, verified=verified)


def upsert(system: str, external_id: str, *addresses: pb.Address, **more: Any) -> pb.UpsertContactRequest:
    identity = pb.Identity(system=system, external_id=external_id, addresses=addresses, **more)
    return pb.UpsertContactRequest(request_id=str(uuid.uuid4()), identity=identity)


def names(contact: pb.Contact) -> set[tuple[str, str]]:
    return {(each.system, each.external_id) for each in contact.identities}


async def find(client: Any, **by: Any) -> list[str]:
    answer = await client.contacts.FindContacts(pb.FindContactsRequest(**by))
    return [each.contact_id for each in answer.contacts]


async def test_a_contact_is_found_by_address_identity_and_order(world: World) -> None:
    await world.handle(order_accepted(customer_id="web-7", phone="+31612345678"))
    async with served(world) as client:
        (by_order,) = await find(client, order_id="WEB-1")
        assert await find(client, address=address("JANE.doe@shop.example")) == [by_order]
        assert await find(client, address=address("+31612345678")) == [by_order]
        key = pb.IdentityKey(system="customer", external_id="web-7")
        assert await find(client, identity=key) == [by_order]
        assert await find(client, address=address("joe@shop.example")) == []
        assert await find(client, order_id="WEB-2") == []
        # The customer's next order is the same person's, and takes nothing away.
        await world.handle(order_accepted("WEB-2", customer_id="web-7", email="", display_name=""))
        assert await find(client, order_id="WEB-2") == [by_order]
        got = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=by_order))).contact
        assert got.display_name == "Jane"
        assert {each.value for each in got.identities[0].addresses} == {
            "jane.doe@shop.example",
            "+31612345678",
        }
        # A guest is somebody else, whatever address they type.
        await world.handle(order_accepted("WEB-3"))
        assert len(await find(client, address=address("jane.doe@shop.example"))) == 2


async def test_who_shares_a_verified_address_or_a_loyalty_id_is_one_and_nobody_else(world: World) -> None:
    shared = "jane@shop.example"
    async with served(world) as client:
        one = (
            await client.contacts.UpsertContact(upsert("crm", "1", address(shared, verified=True)))
        ).contact
        typed = (await client.contacts.UpsertContact(upsert("till", "2", address(shared)))).contact
        assert typed.contact_id != one.contact_id
        same = upsert("app", "3", address(shared.upper(), verified=True), loyalty_id="L1")
        joined = (await client.contacts.UpsertContact(same)).contact
        assert joined.contact_id == one.contact_id
        assert names(joined) == {("crm", "1"), ("app", "3")}
        # What was only typed joins once it is proved.
        verify = pb.VerifyAddressRequest(
            request_id=str(uuid.uuid4()),
            contact_id=typed.contact_id,
            address_id=typed.identities[0].addresses[0].address_id,
        )
        answers = [(await client.contacts.VerifyAddress(verify)).contact for _ in range(2)]
        assert answers[0] == answers[1]
        assert names(answers[0]) == {("crm", "1"), ("app", "3"), ("till", "2")}
        loyal = (await client.contacts.UpsertContact(upsert("pos", "4", loyalty_id="L1"))).contact
        assert names(loyal) == {("crm", "1"), ("app", "3"), ("till", "2"), ("pos", "4")}
        # The id of one that was merged leads to what it is now.
        old = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=typed.contact_id))).contact
        assert old == loyal


async def test_a_conflict_is_kept_for_review_and_decided_for_good(world: World) -> None:
    async def both(client: Any, email: str) -> tuple[pb.Contact, pb.Contact]:
        pair = [
            upsert("crm", f"{number}{email}", address(email, verified=True), loyalty_id=f"L{number}{email}")
            for number in (1, 2)
        ]
        one, other = [(await client.contacts.UpsertContact(each)).contact for each in pair]
        assert one.contact_id != other.contact_id
        return one, other

    async with served(world) as client:

        async def open_reviews() -> list[pb.MergeReview]:
            return list((await client.contacts.ListMergeReviews(pb.ListMergeReviewsRequest())).reviews)

        def decide(review: pb.MergeReview, *, merge: bool) -> pb.DecideMergeReviewRequest:
            return pb.DecideMergeReviewRequest(
                request_id=str(uuid.uuid4()), review_id=review.review_id, merge=merge
            )

        family = await both(client, "family@shop.example")
        (review,) = await open_reviews()
        assert {review.contact_id, review.other_contact_id} == {each.contact_id for each in family}
        assert "different loyalty ids" in review.detail
        assert "family" not in review.detail
        apart = decide(review, merge=False)
        answers = [await client.contacts.DecideMergeReview(apart) for _ in range(2)]
        assert answers[0] == answers[1]
        assert len(answers[0].contacts) == 2
        await both(client, "family@shop.example")
        assert await open_reviews() == []
        with pytest.raises(NotFound):
            await client.contacts.DecideMergeReview(decide(review, merge=True))

        await both(client, "jane@shop.example")
        (review,) = await open_reviews()
        (merged,) = (await client.contacts.DecideMergeReview(decide(review, merge=True))).contacts
        assert len(merged.identities) == 2
        assert await open_reviews() == []


async def test_a_split_takes_along_what_a_merge_brought_and_is_not_undone_by_the_rule(world: World) -> None:
    shared = address("jane@shop.example", verified=True)
    async with served(world) as client:
        await client.contacts.UpsertContact(upsert("crm", "1", shared))
        brought = upsert("till", "2", shared, address("+31612345678"))
        joined = (await client.contacts.UpsertContact(brought)).contact
        till = next(each for each in joined.identities if each.system == "till")
        phone = next(each for each in till.addresses if each.kind == PHONE)
        await client.contacts.RecordConsent(consent(joined, phone, granted=True))
        split = pb.SplitContactRequest(
            request_id=str(uuid.uuid4()), contact_id=joined.contact_id, identity_ids=[till.identity_id]
        )
        answers = [await client.contacts.SplitContact(split) for _ in range(2)]
        assert answers[0] == answers[1]
        assert names(answers[0].contact) == {("crm", "1")}
        assert names(answers[0].new_contact) == {("till", "2")}
        assert [each.address_id for each in answers[0].new_contact.consents] == [phone.address_id]
        assert not answers[0].contact.consents
        again = (await client.contacts.UpsertContact(upsert("till", "2", shared))).contact
        assert names(again) == {("till", "2")}
        with pytest.raises(InvalidField, match="at least one"):
            await client.contacts.SplitContact(
                pb.SplitContactRequest(
                    request_id=str(uuid.uuid4()),
                    contact_id=again.contact_id,
                    identity_ids=[again.identities[0].identity_id],
                )
            )


async def test_people_who_come_at_once_are_joined_all_the_same(world: World) -> None:
    shared = address("jane@shop.example", verified=True)
    requests = [upsert(f"system{number}", "1", shared, loyalty_id="L") for number in range(6)]
    async with served(world) as client:
        repeated = [request for request in requests for _ in range(2)]
        await asyncio.gather(*(client.contacts.UpsertContact(each) for each in repeated))
        (only,) = await find(client, address=shared)
        contact = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=only))).contact
    assert len(contact.identities) == 6


@pytest.mark.parametrize("seed", range(3))
async def test_contacts_are_the_connected_parts_of_what_identities_share(world: World, seed: int) -> None:
    """Against a model that knows nothing of merging: parts of a graph, joined by what two share."""
    chance = random.Random(seed)
    said: dict[str, set[str]] = {}
    async with served(world) as client:
        for number in range(14):
            shared = chance.sample(["a@b.example", "c@d.example", "+31612345678", "L1", "L2"], 1)
            loyalty = "".join(each for each in shared if each.startswith("L"))
            addresses = [address(each, verified=True) for each in shared if not each.startswith("L")]
            # One of the addresses of two, so that parts are joined late and not from the start.
            if chance.random() < 0.2 and not loyalty:
                addresses.append(address("e@f.example", verified=True))
            request = upsert(f"s{number}", "1", *addresses, loyalty_id=loyalty)
            await client.contacts.UpsertContact(request)
            said[f"s{number}"] = {each.value for each in addresses} | ({loyalty} if loyalty else set())
        parts: list[set[str]] = []
        for system, values in said.items():
            touching = [part for part in parts if any(values & said[each] for each in part)]
            parts = [part for part in parts if part not in touching] + [{system}.union(*touching)]
        found = set()
        for system in said:
            key = pb.IdentityKey(system=system, external_id="1")
            (contact,) = (await client.contacts.FindContacts(pb.FindContactsRequest(identity=key))).contacts
            found.add(frozenset(each.system for each in contact.identities))
    # Parts that would join two loyalty ids are left for review.
    assert all(any(part <= whole for whole in parts) for part in found)
    assert {frozenset(each) for each in parts if not {"L1", "L2"} <= _values(each, said)} <= found


def _values(part: set[str], said: dict[str, set[str]]) -> set[str]:
    return set().union(*(said[each] for each in part))


def consent(
    contact: pb.Contact, at: pb.Address, *, granted: bool, topic: Any = pb.TOPIC_ALERT, channel: Any = None
) -> pb.RecordConsentRequest:
    usual = Message.CHANNEL_EMAIL if at.kind == EMAIL else Message.CHANNEL_SMS
    return pb.RecordConsentRequest(
        request_id=str(uuid.uuid4()),
        contact_id=contact.contact_id,
        address_id=at.address_id,
        channel=channel or usual,
        topic=topic,
        granted=granted,
        proof=pb.ConsentProof(source="web checkout", wording="Tell me", evidence="form 12 from 203.0.113.7"),
    )


async def test_consent_is_recorded_with_its_proof_and_never_changed(world: World) -> None:
    async with served(world) as client:
        request = upsert("crm", "1", address("jane@shop.example"))
        contact = (await client.contacts.UpsertContact(request)).contact
        (at,) = contact.identities[0].addresses
        given = consent(contact, at, granted=True)
        first, again = [(await client.contacts.RecordConsent(given)).consent for _ in range(2)]
        assert first == again
        assert (first.granted, first.proof.evidence) == (True, "form 12 from 203.0.113.7")
        await client.contacts.RecordConsent(consent(contact, at, granted=False))
        got = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=contact.contact_id))).contact
        assert [each.granted for each in got.consents] == [False]
        export = await client.contacts.ExportContact(pb.ExportContactRequest(contact_id=contact.contact_id))
        assert [each.granted for each in export.consents] == [True, False]
        wrong = consent(contact, at, granted=True, channel=Message.CHANNEL_SMS)
        with pytest.raises(InvalidField, match="does not lead"):
            await client.contacts.RecordConsent(wrong)
        assert "203.0.113.7" not in await world.dump()


async def test_who_objects_is_told_nothing_even_of_an_order(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready())
    async with served(world) as client:
        (contact_id,) = await find(client, order_id="WEB-1")
        contact = (await client.contacts.GetContact(pb.GetContactRequest(contact_id=contact_id))).contact
        (at,) = contact.identities[0].addresses
        request = consent(contact, at, granted=False, topic=pb.TOPIC_ORDER)
        await client.contacts.RecordConsent(request)
    # What waits already is not sent either.
    await world.handle(task_event("task_collected", version=6))
    refused = await world.messages()
    assert len(refused) == 2
    for each in refused:
        assert (each.state, each.failure) == (State.SUPPRESSED, "they have not agreed to it")
        assert not each.has_text


async def test_a_repeat_answers_the_same_and_the_kept_request_names_nobody(world: World) -> None:
    request = upsert("crm", "customer-no-881", address("jane@shop.example"), display_name="Jane Doe")
    async with served(world) as client:
        answers = [await client.contacts.UpsertContact(request) for _ in range(2)]
        assert answers[0] == answers[1]
        request.identity.addresses[0].value = "joe@shop.example"
        with pytest.raises(RequestIdReused) as reused:
            await client.contacts.UpsertContact(request)
        assert reused.value.differs == "identity"
    dump = await world.dump()
    assert not [each for each in ("jane", "joe", "Doe", "customer-no-881") if each in dump]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"system": "order"}, "identity.system"),
        ({"system": "customer"}, "identity.system"),
        ({"time_zone": "Mars/Olympus"}, "identity.time_zone"),
        ({"addresses": [address("a@b.example"), address("A@b.example")]}, "identity.addresses"),
        ({"addresses": [pb.Address(kind=EMAIL, value="not one")]}, "identity.addresses"),
        ({"addresses": [pb.Address(kind=PHONE, value="0612345678")]}, "identity.addresses"),
        (
            {"addresses": [pb.Address(kind=pb.Address.KIND_WEBHOOK, value="https://u:p@x.example")]},
            "addresses",
        ),
    ],
)
async def test_what_cannot_be_kept_is_refused(world: World, change: dict[str, Any], field: str) -> None:
    request = upsert("crm", "1")
    request.identity.MergeFrom(pb.Identity(**change))
    async with served(world) as client:
        with pytest.raises(InvalidField, match=field):
            await client.contacts.UpsertContact(request)


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


async def test_orders_from_before_there_were_contacts_are_kept(
    servers: EmbeddedServers, make_world: Any, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await asyncio.to_thread(servers.create_database, f"notifications_{uuid.uuid4().hex}")
    first = schema.revisions("notifications")[:1]
    monkeypatch.setattr(schema, "revisions", lambda _: first)
    await asyncio.to_thread(migrate, "notifications", url)
    monkeypatch.undo()
    world: World = make_world(smtp_host="127.0.0.1", smtp_port=mail_server.port, database_url=url)
    seal = world.vault.seal
    waiting = uuid.uuid4()
    message = """
        INSERT INTO messages (message_id, purpose, channel, state, order_id, masked_address, subject, sealed_body,
                              next_attempt_time, create_time)
        VALUES (:id, 1, 1, 1, 'WEB-1', 'j***@shop.example', 'Old', :body, now(), now())
    """
    rows: list[tuple[str, dict[str, Any]]] = [
        (
            "INSERT INTO order_contacts VALUES ('WEB-1', 'Jane', :email, 'en', false, now())",
            {"email": seal(b"jane.doe@shop.example")},
        ),
        ("INSERT INTO order_contacts VALUES ('WEB-2', '', NULL, '', false, now())", {}),
        ("INSERT INTO order_lines VALUES ('WEB-1', '1', 'SKU-1', 2)", {}),
        (message, {"id": waiting, "body": seal(b'["plain", "<p>html</p>"]')}),
    ]
    for query, values in rows:
        await world.database.transaction(lambda c, q=query, v=values: c.execute(text(q), v))  # type: ignore[misc]
    await asyncio.to_thread(migrate, "notifications", url)
    await world.contacts.reseal()
    assert "Jane" not in await world.dump()
    async with served(world) as client:
        (known,) = await find(client, address=address("jane.doe@shop.example"))
        assert await find(client, order_id="WEB-1") == [known]
        assert len(await find(client, order_id="WEB-2")) == 1
    await world.handle(task_event("task_collected"))
    async with world.delivering():
        await eventually(lambda: len(mail_server.mails) == 2)
    assert {str(each["Subject"]) for each in mail_server.mails} == {
        "Old",
        "You have collected your order WEB-1",
    }
    assert {each["To"].addresses[0].addr_spec for each in mail_server.mails} == {"jane.doe@shop.example"}
