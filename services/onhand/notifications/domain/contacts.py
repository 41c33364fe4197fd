"""People: what systems know of them, when two are one, and what they have agreed to.

A contact is one person. An identity is what one system knows of that person; its addresses are its own, so
that a split takes along what a merge brought. Consent is to one address, one channel and one topic, and
follows the address.
"""

import enum
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.messages import Channel

ORDER_SYSTEM = "order"
"""Identities of guests, one an order; its external id is the order's."""
CUSTOMER_SYSTEM = "customer"
"""Identities of persons that the channel of an order has named."""
OWN_SYSTEMS = frozenset({ORDER_SYSTEM, CUSTOMER_SYSTEM})
MAX_IDENTITIES = 50
"""Identities of one contact; a rule that joins more has met a shared address, not a person."""


class Topic(enum.IntEnum):
    """What a message is about, by its number in the contract."""

    ORDER = 1
    ALERT = 2
    MARKETING = 3


class Kind(enum.IntEnum):
    """The kinds of address, by their numbers in the contract."""

    EMAIL = 1
    PHONE = 2
    PUSH = 3
    WEBHOOK = 4


KIND_OF = {
    Channel.EMAIL: Kind.EMAIL,
    Channel.WEBHOOK: Kind.WEBHOOK,
    Channel.SMS: Kind.PHONE,
    Channel.PUSH: Kind.PUSH,
    Channel.WHATSAPP: Kind.PHONE,
}
"""What kind of address each channel leads to."""

MERGING_KINDS = frozenset({Kind.EMAIL, Kind.PHONE})
"""Kinds that name a person once they are verified; a device or a system may serve several."""


@dataclass(frozen=True, slots=True)
class NewAddress:
    kind: Kind
    value: str
    verified: bool = False

    @property
    def same_as(self) -> tuple[Kind, str]:
        """What two spellings of one address have in common.

        A local part is case-sensitive by RFC 5321 (section 2.4) and by no mail server in use.
        """
        value = unicodedata.normalize("NFC", self.value)
        return self.kind, value.casefold() if self.kind is Kind.EMAIL else value


@dataclass(frozen=True, slots=True)
class Address(NewAddress):
    address_id: UUID = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a system says of a person, addresses apart. Empty: it does not know."""

    system: str
    external_id: str
    loyalty_id: str = ""
    display_name: str = ""
    locale: str = ""
    """BCP 47."""
    time_zone: str = ""
    """IANA name."""
    preferred_location_id: str = ""
    preferences: tuple[tuple[Topic, tuple[Channel, ...]], ...] = ()
    """Of some topics, the channels wanted, best first."""

    def updated(self, by: "Profile") -> "Profile":
        """Return this with whatever `by` says that is not empty."""
        said = {each.name: value for each in fields(by) if (value := getattr(by, each.name))}
        return replace(self, **said)

    def check(self) -> None:
        """Raise InvalidField unless the time zone is one and each topic stands once."""
        wrong = []
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (LookupError, ValueError, OSError):
                wrong.append(FieldViolation("identity.time_zone", "is not a name of the IANA database"))
        topics = [topic for topic, _ in self.preferences]
        if len(set(topics)) < len(topics):
            wrong.append(FieldViolation("identity.preferences", "each topic stands once"))
        if wrong:
            raise InvalidField(wrong)


@dataclass(frozen=True, slots=True)
class NewIdentity:
    profile: Profile
    addresses: tuple[NewAddress, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    identity_id: UUID
    profile: Profile
    addresses: tuple[Address, ...]
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """How we know what somebody said."""

    source: str
    wording: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One record; never changed."""

    consent_id: UUID
    address_id: UUID
    channel: Channel
    topic: Topic
    granted: bool
    proof: Proof
    give_time: datetime
    record_time: datetime
    actor: str

    @property
    def order(self) -> tuple[datetime, datetime, bool]:
        """Later ones hold; of two at one time, the refusal."""
        return self.give_time, self.record_time, not self.granted


@dataclass(frozen=True, slots=True)
class Contact:
    """One person."""

    contact_id: UUID
    identities: tuple[Identity, ...]
    """Oldest first."""
    consents: tuple[Consent, ...]
    """Every record, oldest first."""
    create_time: datetime

    @property
    def display_name(self) -> str:
        return str(self._latest("display_name"))

    @property
    def locale(self) -> str:
        return str(self._latest("locale"))

    @property
    def time_zone(self) -> str:
        return str(self._latest("time_zone"))

    @property
    def preferred_location_id(self) -> str:
        return str(self._latest("preferred_location_id"))

    @property
    def preferences(self) -> dict[Topic, tuple[Channel, ...]]:
        """Of each topic that an identity has said something about, what the latest says."""
        by_age = sorted(self.identities, key=lambda each: each.update_time)
        return {topic: channels for each in by_age for topic, channels in each.profile.preferences}

    def _latest(self, field: str) -> Any:
        by_age = sorted(self.identities, key=lambda each: each.update_time, reverse=True)
        return next((value for each in by_age if (value := getattr(each.profile, field))), "")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All addresses, best first: verified ones, then of the identity that was spoken of last."""
        found = [(each, one) for one in self.identities for each in one.addresses]
        found.sort(key=lambda pair: (pair[0].verified, pair[1].update_time), reverse=True)
        return tuple(address for address, _ in found)

    def address(self, address_id: UUID) -> Address | None:
        return next((each for each in self.addresses if each.address_id == address_id), None)

    def identity_of(self, address: Address) -> Identity:
        """Return the identity that an address of this contact belongs to."""
        return next(each for each in self.identities if address in each.addresses)

    def standing_consents(self) -> tuple[Consent, ...]:
        """Return, of each address, channel and topic, the record that holds now."""
        standing = {
            (each.address_id, each.channel, each.topic): each
            for each in sorted(self.consents, key=lambda each: each.order)
        }
        return tuple(standing.values())

    def allows(self, topic: Topic, channel: Channel, address: Address) -> bool:
        """Tell whether the person may be told about `topic` by `channel` at `address`.

        The latest word counts, to whichever system that knows this address it was given. Without any,
        what belongs to an order may be sent (GDPR, article 6, 1 b), all else may not (article 6, 1 a).
        """
        spellings = {each.address_id for each in self.addresses if each.same_as == address.same_as}
        said = [
            each
            for each in self.consents
            if each.address_id in spellings and each.channel is channel and each.topic is topic
        ]
        if not said:
            return topic is Topic.ORDER
        return max(said, key=lambda each: each.order).granted


def merge_objection(one: Contact, other: Contact) -> str:
    """Return what speaks against two contacts being one person although the rule is met; empty: nothing."""
    if len(one.identities) + len(other.identities) > MAX_IDENTITIES:
        return f"together they have more than {MAX_IDENTITIES} identities"
    first, second = _names(one, "loyalty"), _names(other, "loyalty")
    if first and second and not first & second:
        return "they have different loyalty ids"
    for system in sorted({each.profile.system for each in one.identities} - {ORDER_SYSTEM}):
        first, second = _names(one, system), _names(other, system)
        if second and not first & second:
            return f"{system} knows them under different ids"
    return ""


def _names(contact: Contact, of: str) -> set[str]:
    if of == "loyalty":
        return {each.profile.loyalty_id for each in contact.identities if each.profile.loyalty_id}
    return {each.profile.external_id for each in contact.identities if each.profile.system == of}


def check_consent(channel: Channel, address: Address) -> None:
    """Raise InvalidField unless `channel` leads to such an address."""
    if KIND_OF[channel] is not address.kind:
        problem = f"{channel.name} does not lead to an address of kind {address.kind.name}"
        raise InvalidField([FieldViolation("channel", problem)])


def check_split(contact: Contact, identity_ids: Iterable[UUID]) -> None:
    """Raise InvalidField unless all are the contact's and at least one stays."""
    known, leaving = {each.identity_id for each in contact.identities}, set(identity_ids)
    if unknown := leaving - known:
        problem = f"{min(unknown)} is not of this contact"
    elif leaving == known:
        problem = "at least one identity stays"
    else:
        return
    raise InvalidField([FieldViolation("identity_ids", problem)])
