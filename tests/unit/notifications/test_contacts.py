"""When two are one person, and what a person has agreed to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from onhand.kit.errors import InvalidField
from onhand.notifications.domain.contacts import (
    MAX_IDENTITIES,
    Address,
    Consent,
    Contact,
    Identity,
    Kind,
    NewAddress,
    Profile,
    Proof,
    Topic,
    check_consent,
    check_split,
    merge_objection,
)
from onhand.notifications.domain.messages import Channel

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
PROOF = Proof("web", "", "")


def email(value: str = "jane@shop.example") -> Address:
    return Address(Kind.EMAIL, value, True, address_id=uuid4())


def identity(system: str = "crm", external_id: str = "7", age_s: float = 0, **profile: Any) -> Identity:
    addresses = profile.pop("addresses", ())
    return Identity(
        uuid4(), Profile(system, external_id, **profile), addresses, NOW - timedelta(seconds=age_s)
    )


def contact(*identities: Identity, consents: tuple[Consent, ...] = ()) -> Contact:
    return Contact(uuid4(), identities, consents, NOW)


def consent(address: Address, at_s: float, *, granted: bool, topic: Topic = Topic.MARKETING) -> Consent:
    at = NOW + timedelta(seconds=at_s)
    return Consent(uuid4(), address.address_id, Channel.EMAIL, topic, granted, PROOF, at, NOW, "test")


def test_a_contact_is_what_its_identities_said_last_of_each_thing() -> None:
    preferences = ((Topic.ORDER, (Channel.SMS,)), (Topic.ALERT, (Channel.PUSH,)))
    one = contact(
        identity(age_s=60, display_name="Jane", locale="nl", preferences=preferences),
        identity("till", age_s=10, display_name="J.", preferences=((Topic.ALERT, ()),)),
        identity("web", age_s=30, display_name="Jane Doe", time_zone="Europe/Amsterdam"),
    )
    assert (one.display_name, one.locale, one.time_zone) == ("J.", "nl", "Europe/Amsterdam")
    assert one.preferences == {Topic.ORDER: (Channel.SMS,), Topic.ALERT: ()}
    assert one.preferred_location_id == ""


@pytest.mark.parametrize("topic", list(Topic))
def test_without_a_word_only_what_belongs_to_an_order_may_be_sent(topic: Topic) -> None:
    address = email()
    one = contact(identity(addresses=(address,)))
    assert one.allows(topic, Channel.EMAIL, address) == (topic is Topic.ORDER)


def test_the_latest_word_counts_whenever_it_was_recorded_and_of_two_at_once_the_refusal() -> None:
    address = email()

    def allowed(*consents: Consent) -> bool:
        one = contact(identity(addresses=(address,)), consents=consents)
        return one.allows(Topic.MARKETING, Channel.EMAIL, address)

    yes, no = consent(address, 10, granted=True), consent(address, 20, granted=False)
    assert allowed(yes)
    assert not allowed(yes, no)
    assert not allowed(no, yes)
    assert not allowed(consent(address, 5, granted=False), consent(address, 5, granted=True))
    assert not allowed(consent(address, 5, granted=True), consent(address, 5, granted=False))
    assert allowed(no, consent(address, 30, granted=True))


def test_a_refusal_holds_for_the_same_address_in_another_identity_and_not_for_another_address() -> None:
    first, again, other = email("jane@shop.example"), email("JANE@Shop.example"), email("j@shop.example")
    said = (consent(first, 0, granted=False, topic=Topic.ORDER),)
    one = contact(identity(addresses=(first,)), identity("till", addresses=(again, other)), consents=said)
    assert not one.allows(Topic.ORDER, Channel.EMAIL, again)
    assert one.allows(Topic.ORDER, Channel.EMAIL, other)


def test_consent_to_one_channel_is_none_to_another() -> None:
    phone = Address(Kind.PHONE, "+31612345678", True, address_id=uuid4())
    said = Consent(uuid4(), phone.address_id, Channel.SMS, Topic.ALERT, True, PROOF, NOW, NOW, "test")
    one = contact(identity(addresses=(phone,)), consents=(said,))
    assert one.allows(Topic.ALERT, Channel.SMS, phone)
    assert not one.allows(Topic.ALERT, Channel.WHATSAPP, phone)
    check_consent(Channel.WHATSAPP, phone)
    with pytest.raises(InvalidField, match="EMAIL does not lead"):
        check_consent(Channel.EMAIL, phone)


@pytest.mark.parametrize(
    ("one", "other", "objection"),
    [
        (identity("crm", "7"), identity("till", "9"), ""),
        (identity("order", "A1"), identity("order", "A2"), ""),
        (identity("crm", "7"), identity("crm", "8"), "crm knows them under different ids"),
        (
            identity("crm", "7", loyalty_id="L1"),
            identity("till", "9", loyalty_id="L2"),
            "they have different loyalty ids",
        ),
        (identity("crm", "7", loyalty_id="L1"), identity("till", "9", loyalty_id="L1"), ""),
        (identity("crm", "7", loyalty_id="L1"), identity("till", "9"), ""),
    ],
)
def test_what_speaks_against_two_being_one(one: Identity, other: Identity, objection: str) -> None:
    assert merge_objection(contact(one), contact(other)) == objection
    assert merge_objection(contact(other), contact(one)) == objection


def test_a_contact_has_a_limit_of_identities() -> None:
    many = contact(*(identity("order", str(each)) for each in range(MAX_IDENTITIES)))
    assert "50 identities" in merge_objection(many, contact(identity("order", "A")))


def test_a_split_leaves_something_behind() -> None:
    one, other = identity(), identity("till")
    both = contact(one, other)
    check_split(both, [one.identity_id])
    with pytest.raises(InvalidField, match="at least one"):
        check_split(both, [one.identity_id, other.identity_id])
    with pytest.raises(InvalidField, match="is not of this contact"):
        check_split(both, [UUID(int=1)])


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe"])
def test_a_time_zone_is_one_of_the_database(zone: str) -> None:
    Profile("crm", "7", time_zone="Pacific/Apia").check()
    with pytest.raises(InvalidField, match="time_zone"):
        Profile("crm", "7", time_zone=zone).check()


def test_two_spellings_of_a_mailbox_are_one_address() -> None:
    composed, decomposed = "Zo\u00eb@shop.example", "zoe\u0308@SHOP.example"
    assert NewAddress(Kind.EMAIL, composed).same_as == NewAddress(Kind.EMAIL, decomposed).same_as
    assert NewAddress(Kind.PUSH, "abC").same_as != NewAddress(Kind.PUSH, "abc").same_as
