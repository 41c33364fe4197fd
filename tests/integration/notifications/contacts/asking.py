"""What contacts are asked and told."""

import uuid
from typing import Any

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.api.notifications.v1.messages_pb2 import Message

EMAIL = pb.Address.KIND_EMAIL
PHONE = pb.Address.KIND_PHONE


def address(value: str, *, verified: bool = False) -> pb.Address:
    return pb.Address(kind=EMAIL if "@" in value else PHONE, value=value, verified=verified)


def upsert(system: str, external_id: str, *addresses: pb.Address, **more: Any) -> pb.UpsertContactRequest:
    identity = pb.Identity(system=system, external_id=external_id, addresses=addresses, **more)
    return pb.UpsertContactRequest(request_id=str(uuid.uuid4()), identity=identity)


async def find(client: Any, **by: Any) -> list[str]:
    answer = await client.contacts.FindContacts(pb.FindContactsRequest(**by))
    return [each.contact_id for each in answer.contacts]


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
