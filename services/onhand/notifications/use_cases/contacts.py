"""Contacts: known from systems and orders, merged and split, asked and forgotten."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message as Proto
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import contacts_pb2 as pb
from onhand.kit import idempotency, outbox
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField, LimitReached, NotFound
from onhand.notifications import events
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.activity import Export
from onhand.notifications.domain.addresses import check_endpoint_uri
from onhand.notifications.domain.contacts import (
    MAX_IDENTITIES,
    MERGING_KINDS,
    OWN_SYSTEMS,
    Address,
    Consent,
    Contact,
    Kind,
    NewAddress,
    NewIdentity,
    Proof,
    Topic,
    check_consent,
    check_split,
    merge_objection,
)
from onhand.notifications.domain.messages import Channel
from onhand.notifications.storage import (
    alerts,
    contacts,
    measures,
    merges,
    messages,
    orders,
    sealing,
    suppressions,
)
from onhand.notifications.storage.merges import Review
from onhand.notifications.use_cases.redaction import redacted
from onhand.notifications.vault import Vault

R = TypeVar("R", bound=Proto)


@dataclass(frozen=True, slots=True)
class _Put:
    contact_id: UUID
    identity_id: UUID
    address_ids: dict[tuple[Kind, str], UUID]


@dataclass(frozen=True)
class Contacts:
    """People and what they agreed to."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    vault: Vault

    # Known from orders

    async def remember(self, connection: AsyncConnection, new: NewIdentity) -> tuple[UUID, list[UUID]]:
        """Keep the person of an order; returns the ids of the identity and of the addresses given.

        An order does not tell all that its channel knows, so what it leaves out stays.
        """
        await contacts.hold(connection, self.vault, [_name(new)])
        kept = await self._put(connection, new, leave=True)
        return kept.identity_id, [kept.address_ids[each.same_as] for each in new.addresses]

    # Known from systems

    async def upsert(self, actor: str, request: pb.UpsertContactRequest, new: NewIdentity) -> Contact:
        """Add or replace an identity and merge by rule. Raises InvalidField, LimitReached."""
        self._check(new)

        async def effect(connection: AsyncConnection) -> pb.UpsertContactResponse:
            names = [_name(new), *_merging_names(new)]
            await contacts.hold(connection, self.vault, names)
            kept = await self._put(connection, new, leave=False)
            contact_id = await self._merge_by_rule(connection, kept.contact_id)
            return pb.UpsertContactResponse(contact=pb.Contact(contact_id=str(contact_id)))

        return await self._once(actor, request, pb.UpsertContactResponse, effect)

    def _check(self, new: NewIdentity) -> None:
        new.profile.check()
        if new.profile.system in OWN_SYSTEMS:
            problem = f"{new.profile.system} is ours: it comes from orders"
            raise InvalidField([FieldViolation("identity.system", problem)])
        for each in new.addresses:
            if each.kind is Kind.WEBHOOK:
                allow = self.settings.private_webhooks
                check_endpoint_uri(each.value, allow_private=allow, field="identity.addresses")
        if len({each.same_as for each in new.addresses}) < len(new.addresses):
            raise InvalidField([FieldViolation("identity.addresses", "each address stands once")])

    async def _put(self, connection: AsyncConnection, new: NewIdentity, *, leave: bool) -> "_Put":
        """Add an identity or make it what is said of it; `leave`: what is not said stays."""
        profile, now = new.profile, self.clock.now()
        found = await contacts.find_identity(connection, self.vault, profile.system, profile.external_id)
        known: tuple[Address, ...] = ()
        if found is None:
            identity_id, contact_id = self.clock.uuid(), self.clock.uuid()
            await contacts.add(connection, contact_id, now)
        else:
            identity_id, contact_id = found
            contact = await self._contact(connection, contact_id)
            before = next(each for each in contact.identities if each.identity_id == identity_id)
            known = before.addresses
            profile = before.profile.updated(profile) if leave else profile
        await contacts.put_identity(connection, self.vault, identity_id, contact_id, profile, now)
        wanted = {each.same_as: each for each in new.addresses}
        ids = {each.same_as: each.address_id for each in known if leave or each.same_as in wanted}
        gone = [each.address_id for each in known if each.same_as not in ids]
        await contacts.remove_addresses(connection, gone)
        proved = [ids[each] for each, address in wanted.items() if address.verified and each in ids]
        await contacts.verify(connection, proved)
        added = {each: self.clock.uuid() for each in wanted if each not in ids}
        rows = [(address_id, wanted[each]) for each, address_id in added.items()]
        await contacts.add_addresses(connection, self.vault, identity_id, rows)
        return _Put(contact_id, identity_id, ids | added)

    async def _merge_by_rule(self, connection: AsyncConnection, contact_id: UUID) -> UUID:
        """Join to a contact whoever the rule says is the same person; returns the id of what it is now."""
        met: set[UUID] = set()
        while True:
            contact = await self._locked(connection, contact_id)
            contact_id = contact.contact_id
            matching = await merges.matching(connection, self.vault, contact)
            waiting = [each for each in matching if each not in met]
            if not waiting:
                return contact_id
            met.add(waiting[0])
            other = await self._locked(connection, waiting[0])
            if other.contact_id == contact_id or await merges.are_separated(connection, contact, other):
                continue
            if objection := merge_objection(contact, other):
                pair = contact_id, other.contact_id
                detail = f"They share a verified address or a loyalty id, but {objection}."
                await merges.open_review(connection, self.clock.uuid(), *pair, detail, self.clock.now())
                continue
            contact_id = await self._join(connection, contact, other)

    async def _join(self, connection: AsyncConnection, one: Contact, other: Contact) -> UUID:
        """Merge the younger of two contacts into the older; returns the older's id."""
        into, gone = sorted((one, other), key=lambda each: (each.create_time, each.contact_id))
        await merges.merge(connection, into, gone)
        return into.contact_id

    # Looked up

    async def get(self, contact_id: UUID) -> Contact:
        """Return a contact, or the one that it was merged into. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Contact:
            found = await contacts.current(connection, contact_id)
            return await self._contact(connection, found or contact_id)

        return await self.database.read(work)

    async def find(self, by: NewAddress | tuple[str, str] | str) -> list[Contact]:
        """Return the contacts that have an address, an identity (system, external id), or an order."""

        async def work(connection: AsyncConnection) -> list[Contact]:
            ids: list[UUID] = []
            if isinstance(by, NewAddress):
                ids = await contacts.find_by_address(connection, self.vault, by)
            elif isinstance(by, tuple):
                identity = await contacts.find_identity(connection, self.vault, *by)
                ids = [identity[1]] if identity else []
            elif (order := await orders.get(connection, by)) and order.contact_id:
                ids = [order.contact_id]
            return await contacts.get_several(connection, self.vault, ids)

        return await self.database.read(work)

    # What they say

    async def verify(self, actor: str, request: pb.VerifyAddressRequest) -> Contact:
        """Note that an address is proved to be theirs and merge by rule. Raises NotFound."""
        contact_id, address_id = UUID(request.contact_id), UUID(request.address_id)
        known = (await self.get(contact_id)).address(address_id)
        if known is None:
            raise NotFound("address", request.address_id)

        async def effect(connection: AsyncConnection) -> pb.VerifyAddressResponse:
            await contacts.hold(connection, self.vault, [contacts.address_name(known)])
            contact = await self._locked(connection, contact_id)
            address = self._address(contact, address_id)
            await contacts.verify(connection, [address.address_id])
            now = contact.contact_id
            if address.kind in MERGING_KINDS:
                now = await self._merge_by_rule(connection, contact.contact_id)
            return pb.VerifyAddressResponse(contact=pb.Contact(contact_id=str(now)))

        return await self._once(actor, request, pb.VerifyAddressResponse, effect)

    async def record_consent(
        self,
        actor: str,
        request: pb.RecordConsentRequest,
        *,
        channel: Channel,
        topic: Topic,
        proof: Proof,
        give_time: datetime | None,
    ) -> Consent:
        """Record what somebody agreed to, or no longer does. Raises NotFound, InvalidField."""
        contact_id, now = UUID(request.contact_id), self.clock.now()
        given = Consent(
            consent_id=self.clock.uuid(),
            address_id=UUID(request.address_id),
            channel=channel,
            topic=topic,
            granted=request.granted,
            proof=proof,
            give_time=give_time or now,
            record_time=now,
            actor=actor,
        )

        async def effect(connection: AsyncConnection) -> pb.RecordConsentResponse:
            contact = await self._locked(connection, contact_id)
            address = self._address(contact, given.address_id)
            check_consent(given.channel, address)
            await contacts.add_consent(connection, self.vault, given)
            if not request.granted:
                same = [each.address_id for each in contact.addresses if each.same_as == address.same_as]
                ended = await messages.suppress_refused(connection, self.vault, same, channel, topic, now)
                await outbox.add(connection, events.changed(ended, self.clock))
            return pb.RecordConsentResponse(consent=pb.Consent(consent_id=str(given.consent_id)))

        async def work(connection: AsyncConnection) -> Consent:
            response = await idempotency.once(
                connection,
                actor,
                redacted(request, self.vault),
                pb.RecordConsentResponse,
                lambda: effect(connection),
            )
            contact = await self._current(connection, contact_id)
            for each in contact.consents:
                if str(each.consent_id) == response.consent.consent_id:
                    return each
            raise NotFound("consent", response.consent.consent_id)

        return await self.database.transaction(work)

    async def lift(self, contact_id: UUID, address_id: UUID) -> None:
        """Write again to an address that bounced or complained. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            address = self._address(await self._current(connection, contact_id), address_id)
            await suppressions.lift(connection, self.vault, address)

        await self.database.transaction(work)

    # One or two

    async def split(self, actor: str, request: pb.SplitContactRequest) -> tuple[Contact, Contact]:
        """Take identities out of a contact into a new one, for good. Raises NotFound, InvalidField."""
        leaving = {UUID(each) for each in request.identity_ids}

        async def effect(connection: AsyncConnection) -> pb.SplitContactResponse:
            contact = await self._locked(connection, UUID(request.contact_id))
            check_split(contact, leaving)
            new_id = self.clock.uuid()
            await contacts.add(connection, new_id, self.clock.now())
            going = [each for each in contact.identities if each.identity_id in leaving]
            staying = [each for each in contact.identities if each.identity_id not in leaving]
            await merges.move(connection, list(leaving), new_id)
            await merges.separate(connection, going, staying)
            await merges.close_reviews(connection, [contact.contact_id])
            return pb.SplitContactResponse(
                contact=pb.Contact(contact_id=str(contact.contact_id)),
                new_contact=pb.Contact(contact_id=str(new_id)),
            )

        async def work(connection: AsyncConnection) -> tuple[Contact, Contact]:
            response = await idempotency.once(
                connection,
                actor,
                redacted(request, self.vault),
                pb.SplitContactResponse,
                lambda: effect(connection),
            )
            pair = response.contact.contact_id, response.new_contact.contact_id
            one, other = [await self._current(connection, UUID(each)) for each in pair]
            return one, other

        return await self.database.transaction(work)

    async def list_reviews(self, after: UUID, limit: int) -> list[Review]:
        """Return open reviews, oldest first."""
        return await self.database.read(lambda connection: merges.list_reviews(connection, after, limit))

    async def decide_review(self, actor: str, request: pb.DecideMergeReviewRequest) -> list[Contact]:
        """Merge the two contacts of a review, or keep them apart. Raises NotFound, LimitReached."""
        review_id = UUID(request.review_id)

        async def effect(connection: AsyncConnection) -> pb.DecideMergeReviewResponse:
            review = await merges.get_review(connection, review_id)
            if review is None:
                raise NotFound("open review", request.review_id)
            one = await self._locked(connection, review.contact_id)
            other = await self._locked(connection, review.other_contact_id)
            response = pb.DecideMergeReviewResponse()
            if request.merge:
                if len(one.identities) + len(other.identities) > MAX_IDENTITIES:
                    raise LimitReached(f"{MAX_IDENTITIES} identities of one contact")
                response.contacts.add(contact_id=str(await self._join(connection, one, other)))
            else:
                await merges.separate(connection, one.identities, other.identities)
                await merges.drop_review(connection, review_id)
                for each in (one, other):
                    response.contacts.add(contact_id=str(each.contact_id))
            return response

        async def work(connection: AsyncConnection) -> list[Contact]:
            response = await idempotency.once(
                connection, actor, request, pb.DecideMergeReviewResponse, lambda: effect(connection)
            )
            ids = [UUID(each.contact_id) for each in response.contacts]
            return [await self._current(connection, each) for each in ids]

        return await self.database.transaction(work)

    # Told and forgotten

    async def export(self, contact_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> Export:
        """Return what is kept about a person, messages latest first. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Export:
            contact = await self._current(connection, contact_id)
            identity_ids = [each.identity_id for each in contact.identities]
            said = await messages.list_of_person(connection, self.vault, identity_ids, before, limit)
            if before is not None:
                return Export(None, (), said)
            return Export(
                contact,
                await orders.of_contact(connection, contact.contact_id),
                said,
                await alerts.of_contact(connection, self.vault, contact.contact_id),
                await alerts.look_ups(connection, identity_ids),
            )

        return await self.database.read(work)

    async def erase(self, actor: str, request: pb.EraseContactRequest) -> pb.EraseContactResponse:
        """Forget a person. Raises NotFound."""

        async def effect(connection: AsyncConnection) -> pb.EraseContactResponse:
            contact = await self._locked(connection, UUID(request.contact_id))
            now = self.clock.now()
            identity_ids = [each.identity_id for each in contact.identities]
            emptied = await messages.erase_of_person(connection, self.vault, identity_ids, now)
            stopped = [each for each in emptied if each.end_time == now]
            await outbox.add(connection, events.changed(stopped, self.clock))
            await suppressions.erase(connection, self.vault, contact)
            await measures.erase_views(connection, contact.contact_id)
            await merges.erase(connection, contact.contact_id, actor, now)
            response = pb.EraseContactResponse(identity_count=len(identity_ids), message_count=len(emptied))
            response.erase_time.FromDatetime(now)
            return response

        return await self.database.transaction(
            lambda connection: idempotency.once(
                connection, actor, request, pb.EraseContactResponse, lambda: effect(connection)
            )
        )

    # Keys

    async def reseal(self) -> int:
        """Seal with the first key whatever others have sealed, and digest anew; returns how many rows."""
        count = 0
        for table in sealing.TABLES:
            while done := await self.database.transaction(
                lambda connection, table=table: sealing.reseal(connection, self.vault, table)  # type: ignore[misc]
            ):
                count += done
        return count

    # Parts

    async def _once(
        self,
        actor: str,
        request: Any,
        response_type: type[R],
        effect: Callable[[AsyncConnection], Awaitable[R]],
    ) -> Contact:
        """Run `effect` once and return the contact that its answer names, as it is now."""

        async def work(connection: AsyncConnection) -> Contact:
            response: Any = await idempotency.once(
                connection, actor, redacted(request, self.vault), response_type, lambda: effect(connection)
            )
            return await self._current(connection, UUID(response.contact.contact_id))

        return await self.database.transaction(work)

    async def _contact(self, connection: AsyncConnection, contact_id: UUID) -> Contact:
        contact = await contacts.get(connection, self.vault, contact_id)
        if contact is None:
            raise NotFound("contact", str(contact_id))
        return contact

    async def _current(self, connection: AsyncConnection, contact_id: UUID) -> Contact:
        return await self._contact(connection, await contacts.current(connection, contact_id) or contact_id)

    async def _locked(self, connection: AsyncConnection, contact_id: UUID) -> Contact:
        """Return a contact, or what it was merged into, that nobody else changes until the transaction ends."""
        return await self._contact(connection, await contacts.lock(connection, contact_id) or contact_id)

    def _address(self, contact: Contact, address_id: UUID) -> Address:
        address = contact.address(address_id)
        if address is None:
            raise NotFound("address", str(address_id))
        return address


def _name(new: NewIdentity) -> tuple[str, ...]:
    return "identity", new.profile.system, new.profile.external_id


def _merging_names(new: NewIdentity) -> list[tuple[str, ...]]:
    """Return the names by which the rule may find that `new` is somebody known."""
    names: list[tuple[str, ...]] = [
        contacts.address_name(each) for each in new.addresses if each.verified and each.kind in MERGING_KINDS
    ]
    if new.profile.loyalty_id:
        names.append(("loyalty", new.profile.loyalty_id))
    return names
