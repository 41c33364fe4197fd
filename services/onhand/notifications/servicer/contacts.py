"""Protobuf ⇄ domain for contacts."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.contacts import (
    Address,
    Consent,
    Contact,
    Identity,
    Kind,
    NewAddress,
    NewIdentity,
    Profile,
    Proof,
    Topic,
)
from onhand.notifications.domain.messages import Channel
from onhand.notifications.events import message_proto, stamp
from onhand.notifications.servicer.alerts import alert_proto, look_up_proto
from onhand.notifications.servicer.messages import page_token, position
from onhand.notifications.storage.merges import Review
from onhand.notifications.use_cases.contacts import Contacts

_FIRST = UUID(int=0)


class ContactServicer:
    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    async def UpsertContact(self, request: pb.UpsertContactRequest, _: Any) -> pb.UpsertContactResponse:
        contact = await self._contacts.upsert(_actor(), request, _new_identity(request.identity))
        return pb.UpsertContactResponse(contact=contact_proto(contact))

    async def GetContact(self, request: pb.GetContactRequest, _: Any) -> pb.GetContactResponse:
        return pb.GetContactResponse(
            contact=contact_proto(await self._contacts.get(UUID(request.contact_id)))
        )

    async def FindContacts(self, request: pb.FindContactsRequest, _: Any) -> pb.FindContactsResponse:
        by: NewAddress | tuple[str, str] | str = request.order_id
        if request.HasField("address"):
            by = _new_address(request.address)
        elif request.HasField("identity"):
            by = request.identity.system, request.identity.external_id
        return pb.FindContactsResponse(contacts=map(contact_proto, await self._contacts.find(by)))

    async def VerifyAddress(self, request: pb.VerifyAddressRequest, _: Any) -> pb.VerifyAddressResponse:
        return pb.VerifyAddressResponse(contact=contact_proto(await self._contacts.verify(_actor(), request)))

    async def RecordConsent(self, request: pb.RecordConsentRequest, _: Any) -> pb.RecordConsentResponse:
        proof = request.proof
        consent = await self._contacts.record_consent(
            _actor(),
            request,
            channel=Channel(request.channel),
            topic=Topic(request.topic),
            proof=Proof(proof.source, proof.wording, proof.evidence),
            give_time=request.give_time.ToDatetime(tzinfo=UTC) if request.HasField("give_time") else None,
        )
        return pb.RecordConsentResponse(consent=_consent_proto(consent))

    async def LiftSuppression(self, request: pb.LiftSuppressionRequest, _: Any) -> pb.LiftSuppressionResponse:
        await self._contacts.lift(UUID(request.contact_id), UUID(request.address_id))
        return pb.LiftSuppressionResponse()

    async def SplitContact(self, request: pb.SplitContactRequest, _: Any) -> pb.SplitContactResponse:
        contact, new_contact = await self._contacts.split(_actor(), request)
        return pb.SplitContactResponse(contact=contact_proto(contact), new_contact=contact_proto(new_contact))

    async def ListMergeReviews(
        self, request: pb.ListMergeReviewsRequest, _: Any
    ) -> pb.ListMergeReviewsResponse:
        size = paging.size(request.page_size)
        key = paging.key(request.page_token, str)
        after = _uuid(key[0]) if key else _FIRST
        page, last = paging.cut(await self._contacts.list_reviews(after, size + 1), size)
        return pb.ListMergeReviewsResponse(
            reviews=map(_review_proto, page),
            next_page_token=paging.token(str(last.review_id)) if last else "",
        )

    async def DecideMergeReview(
        self, request: pb.DecideMergeReviewRequest, _: Any
    ) -> pb.DecideMergeReviewResponse:
        decided = await self._contacts.decide_review(_actor(), request)
        return pb.DecideMergeReviewResponse(contacts=map(contact_proto, decided))

    async def ExportContact(self, request: pb.ExportContactRequest, _: Any) -> pb.ExportContactResponse:
        size = paging.size(request.page_size)
        before = position(request.page_token) if request.page_token else None
        export = await self._contacts.export(UUID(request.contact_id), before, size + 1)
        page, last = paging.cut(export.messages, size)
        return pb.ExportContactResponse(
            contact=contact_proto(export.contact) if export.contact else None,
            consents=map(_consent_proto, export.contact.consents if export.contact else ()),
            order_ids=export.order_ids,
            messages=map(message_proto, page),
            next_page_token=page_token(last) if last else "",
            alerts=map(alert_proto, export.alerts),
            look_ups=map(look_up_proto, export.look_ups),
        )

    async def EraseContact(self, request: pb.EraseContactRequest, _: Any) -> pb.EraseContactResponse:
        return await self._contacts.erase(_actor(), request)


def _actor() -> str:
    return auth.current().subject


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidField([FieldViolation("page_token", "is not from an earlier answer")]) from None


def _new_identity(identity: pb.Identity) -> NewIdentity:
    profile = Profile(
        system=identity.system,
        external_id=identity.external_id,
        loyalty_id=identity.loyalty_id,
        display_name=identity.display_name,
        locale=identity.locale,
        time_zone=identity.time_zone,
        preferred_location_id=identity.preferred_location_id,
        preferences=tuple(
            (Topic(each.topic), tuple(map(Channel, each.channels))) for each in identity.preferences
        ),
    )
    return NewIdentity(profile, tuple(map(_new_address, identity.addresses)))


def _new_address(address: pb.Address) -> NewAddress:
    return NewAddress(Kind(address.kind), address.value, address.verified)


def contact_proto(contact: Contact) -> pb.Contact:
    return pb.Contact(
        contact_id=str(contact.contact_id),
        display_name=contact.display_name,
        locale=contact.locale,
        time_zone=contact.time_zone,
        preferred_location_id=contact.preferred_location_id,
        preferences=_preferences(contact.preferences.items()),
        identities=map(_identity_proto, contact.identities),
        consents=map(_consent_proto, contact.standing_consents()),
        create_time=stamp(contact.create_time),
    )


def _identity_proto(identity: Identity) -> pb.Identity:
    profile = identity.profile
    return pb.Identity(
        identity_id=str(identity.identity_id),
        system=profile.system,
        external_id=profile.external_id,
        loyalty_id=profile.loyalty_id,
        display_name=profile.display_name,
        locale=profile.locale,
        time_zone=profile.time_zone,
        preferred_location_id=profile.preferred_location_id,
        preferences=_preferences(profile.preferences),
        addresses=map(_address_proto, identity.addresses),
        update_time=stamp(identity.update_time),
    )


def _preferences(preferences: Iterable[tuple[Topic, Sequence[Channel]]]) -> list[pb.ChannelPreference]:
    return [
        pb.ChannelPreference(topic=int(topic), channels=[int(each) for each in channels])  # type: ignore[arg-type, misc]
        for topic, channels in preferences
    ]


def _address_proto(address: Address) -> pb.Address:
    return pb.Address(
        address_id=str(address.address_id),
        kind=int(address.kind),  # type: ignore[arg-type]
        value=address.value,
        verified=address.verified,
    )


def _consent_proto(consent: Consent) -> pb.Consent:
    proof = consent.proof
    return pb.Consent(
        consent_id=str(consent.consent_id),
        address_id=str(consent.address_id),
        channel=int(consent.channel),  # type: ignore[arg-type]
        topic=int(consent.topic),  # type: ignore[arg-type]
        granted=consent.granted,
        proof=pb.ConsentProof(source=proof.source, wording=proof.wording, evidence=proof.evidence),
        give_time=stamp(consent.give_time),
        record_time=stamp(consent.record_time),
        actor=consent.actor,
    )


def _review_proto(review: Review) -> pb.MergeReview:
    return pb.MergeReview(
        review_id=str(review.review_id),
        contact_id=str(review.contact_id),
        other_contact_id=str(review.other_contact_id),
        detail=review.detail,
        create_time=stamp(review.create_time),
    )
