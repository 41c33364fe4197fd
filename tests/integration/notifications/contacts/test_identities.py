"""Who is one person, and who is not."""

import asyncio
import random
import uuid
from typing import Any

import pytest
from sqlalchemy import text
from tests.integration.notifications.conftest import (
    MailServer,
    World,
    eventually,
    order_accepted,
    served,
    task_event,
)
from tests.integration.notifications.contacts.asking import PHONE, address, consent, find, upsert

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.cli.embedded import EmbeddedServers
from onhand.kit import schema
from onhand.kit.errors import InvalidField, NotFound
from onhand.kit.migrations import migrate


def names(contact: pb.Contact) -> set[tuple[str, str]]:
    return {(each.system, each.external_id) for each in contact.identities}


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
