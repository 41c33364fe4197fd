"""What a person agreed to, and what cannot be kept."""

from typing import Any

import pytest
from tests.integration.notifications.conftest import World, order_accepted, ready, served, task_event
from tests.integration.notifications.contacts.asking import EMAIL, PHONE, address, consent, find, upsert

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.api.notifications.v1.messages_pb2 import Message
from onhand.kit.errors import InvalidField, RequestIdReused
from onhand.notifications.domain.messages import State


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
