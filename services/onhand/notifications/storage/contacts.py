"""Contacts with their identities, addresses and consents; what is personal is sealed on its way in."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.contacts import (
    Address,
    Consent,
    Contact,
    Identity,
    Kind,
    NewAddress,
    Profile,
    Proof,
    Topic,
)
from onhand.notifications.domain.messages import Channel
from onhand.notifications.storage import FORGET_AT_ONCE
from onhand.notifications.vault import Vault

MAX_FOUND = 100
"""Contacts that one look-up answers; protects memory."""

_HOLD = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest(CAST(:keys AS bigint[])) AS key ORDER BY 1) k"
)
_LOCK = text("SELECT merged_into FROM contacts WHERE contact_id = :contact_id FOR UPDATE")
_ADD = text("INSERT INTO contacts (contact_id, create_time) VALUES (:contact_id, :now)")
_FIND_IDENTITY = text("""
    SELECT identity_id, contact_id FROM identities
    WHERE system = :system AND external_digest = ANY (CAST(:digests AS bytea[]))
""")
_PUT_IDENTITY = text("""
    INSERT INTO identities (identity_id, contact_id, system, external_digest, loyalty_digest, sealed_profile,
                            key_id, create_time, update_time)
    VALUES (:identity_id, :contact_id, :system, :external_digest, :loyalty_digest, :sealed_profile, :key_id,
            :now, :now)
    ON CONFLICT (identity_id) DO UPDATE SET external_digest = excluded.external_digest,
        loyalty_digest = excluded.loyalty_digest, sealed_profile = excluded.sealed_profile,
        key_id = excluded.key_id, update_time = excluded.update_time
""")
_ADD_ADDRESSES = text("""
    INSERT INTO addresses (address_id, identity_id, kind, digest, sealed_value, verified, key_id)
    VALUES (:address_id, :identity_id, :kind, :digest, :sealed_value, :verified, :key_id)
""")
_VERIFY = text("UPDATE addresses SET verified = true WHERE address_id = ANY (CAST(:address_ids AS uuid[]))")
_REMOVE_ADDRESSES = text("DELETE FROM addresses WHERE address_id = ANY (CAST(:address_ids AS uuid[]))")
_CONTACTS = text("""
    SELECT c.contact_id, c.create_time, i.identity_id, i.system, i.sealed_profile, i.update_time
    FROM contacts c LEFT JOIN identities i ON i.contact_id = c.contact_id
    WHERE c.contact_id = ANY (CAST(:contact_ids AS uuid[]))
    ORDER BY c.create_time, c.contact_id, i.create_time, i.identity_id
""")
_ADDRESSES = text("""
    SELECT address_id, identity_id, kind, sealed_value, verified FROM addresses
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) ORDER BY address_id
""")
_CONSENTS = text("""
    SELECT a.identity_id, c.consent_id, c.address_id, c.channel, c.topic, c.granted, c.sealed_proof, c.give_time,
           c.record_time, c.actor
    FROM consents c JOIN addresses a ON a.address_id = c.address_id
    WHERE a.identity_id = ANY (CAST(:identity_ids AS uuid[])) ORDER BY c.record_time, c.consent_id
""")
_OWNER = text("""
    SELECT i.contact_id FROM addresses a JOIN identities i ON i.identity_id = a.identity_id
    WHERE a.address_id = :address_id
""")
_OWNER_OF_IDENTITY = text("SELECT contact_id FROM identities WHERE identity_id = :identity_id")
_ADD_CONSENT = text("""
    INSERT INTO consents (consent_id, address_id, channel, topic, granted, sealed_proof, key_id, give_time,
                          record_time, actor)
    VALUES (:consent_id, :address_id, :channel, :topic, :granted, :sealed_proof, :key_id, :give_time,
            :record_time, :actor)
""")
_CURRENT = text("SELECT coalesce(merged_into, contact_id) FROM contacts WHERE contact_id = :contact_id")
_BY_ADDRESS = text("""
    SELECT DISTINCT i.contact_id FROM addresses a JOIN identities i ON i.identity_id = a.identity_id
    WHERE a.kind = :kind AND a.digest = ANY (CAST(:digests AS bytea[])) ORDER BY 1 LIMIT :limit
""")
_DROP_IDENTITIES = text("""
    DELETE FROM identities WHERE identity_id IN (
        SELECT i.identity_id FROM identities i
        WHERE i.update_time < :before AND NOT EXISTS (SELECT FROM orders o WHERE o.identity_id = i.identity_id)
        LIMIT :limit
    ) RETURNING contact_id
""")
_DROP_EMPTY = text("""
    DELETE FROM contacts c WHERE c.contact_id = ANY (CAST(:contact_ids AS uuid[]))
        AND NOT EXISTS (SELECT FROM identities i WHERE i.contact_id = c.contact_id)
""")


async def hold(connection: AsyncConnection, vault: Vault, names: Iterable[tuple[str, ...]]) -> None:
    """Keep others from giving a person these names until the transaction ends.

    Without it two transactions that each bring half of what joins two people would not see each other.
    """
    keys = {int.from_bytes(vault.steady_digest(*name)[:8], signed=True) for name in names}
    await connection.execute(_HOLD, {"keys": list(keys)})


async def lock(connection: AsyncConnection, contact_id: UUID) -> UUID | None:
    """Lock a contact, or the one that it was merged into, and return its id; None when there is none."""
    while True:
        row = (await connection.execute(_LOCK, {"contact_id": contact_id})).one_or_none()
        if row is None:
            return None
        if row.merged_into is None:
            return contact_id
        contact_id = row.merged_into


async def add(connection: AsyncConnection, contact_id: UUID, now: datetime) -> None:
    await connection.execute(_ADD, {"contact_id": contact_id, "now": now})


async def find_identity(
    connection: AsyncConnection, vault: Vault, system: str, external_id: str
) -> tuple[UUID, UUID] | None:
    """Return the ids of an identity and of its contact."""
    digests = vault.digests("identity", system, external_id)
    row = (await connection.execute(_FIND_IDENTITY, {"system": system, "digests": digests})).one_or_none()
    return None if row is None else (row.identity_id, row.contact_id)


async def put_identity(
    connection: AsyncConnection,
    vault: Vault,
    identity_id: UUID,
    contact_id: UUID,
    profile: Profile,
    now: datetime,
) -> None:
    """Add an identity to a contact, or replace what it says; an identity stays with its contact."""
    loyalty_id = profile.loyalty_id
    await connection.execute(
        _PUT_IDENTITY,
        {
            "identity_id": identity_id,
            "contact_id": contact_id,
            "system": profile.system,
            "external_digest": vault.digest("identity", profile.system, profile.external_id),
            "loyalty_digest": vault.digest("loyalty", loyalty_id) if loyalty_id else None,
            "sealed_profile": vault.seal(profile_to_bytes(profile)),
            "key_id": vault.key_id,
            "now": now,
        },
    )


async def add_addresses(
    connection: AsyncConnection, vault: Vault, identity_id: UUID, new: Iterable[tuple[UUID, NewAddress]]
) -> None:
    """Add addresses, each by an id of its own."""
    rows = [
        {
            "address_id": address_id,
            "identity_id": identity_id,
            "kind": each.kind,
            "digest": vault.digest(*address_name(each)),
            "sealed_value": vault.seal(each.value.encode()),
            "verified": each.verified,
            "key_id": vault.key_id,
        }
        for address_id, each in new
    ]
    if rows:
        await connection.execute(_ADD_ADDRESSES, rows)


async def verify(connection: AsyncConnection, address_ids: Sequence[UUID]) -> None:
    if address_ids:
        await connection.execute(_VERIFY, {"address_ids": list(address_ids)})


async def remove_addresses(connection: AsyncConnection, address_ids: Sequence[UUID]) -> None:
    if address_ids:
        await connection.execute(_REMOVE_ADDRESSES, {"address_ids": list(address_ids)})


async def current(connection: AsyncConnection, contact_id: UUID) -> UUID | None:
    """Return the id of a contact or of the one that it was merged into."""
    found: UUID | None = await connection.scalar(_CURRENT, {"contact_id": contact_id})
    return found


async def get(connection: AsyncConnection, vault: Vault, contact_id: UUID) -> Contact | None:
    found = await get_several(connection, vault, [contact_id])
    return found[0] if found else None


async def get_several(
    connection: AsyncConnection, vault: Vault, contact_ids: Sequence[UUID]
) -> list[Contact]:
    """Return contacts, oldest first; what is not there is left out."""
    rows = (await connection.execute(_CONTACTS, {"contact_ids": list(contact_ids)})).all()
    contacts = {row.contact_id: row for row in rows}
    identities = [row for row in rows if row.identity_id is not None]
    key = {"identity_ids": [each.identity_id for each in identities]}
    addresses = (await connection.execute(_ADDRESSES, key)).all()
    consents = (await connection.execute(_CONSENTS, key)).all()
    owner = {each.identity_id: each.contact_id for each in identities}
    return [
        Contact(
            contact_id=row.contact_id,
            identities=tuple(
                Identity(
                    identity_id=each.identity_id,
                    profile=profile_of(each.system, vault.open(each.sealed_profile)),
                    addresses=tuple(
                        _address(vault, one) for one in addresses if one.identity_id == each.identity_id
                    ),
                    update_time=each.update_time,
                )
                for each in identities
                if each.contact_id == row.contact_id
            ),
            consents=tuple(
                _consent(vault, each) for each in consents if owner[each.identity_id] == row.contact_id
            ),
            create_time=row.create_time,
        )
        for row in contacts.values()
    ]


async def find_by_address(connection: AsyncConnection, vault: Vault, address: NewAddress) -> list[UUID]:
    """Return the ids of contacts with an address, verified or not."""
    values = {"kind": address.kind, "digests": vault.digests(*address_name(address)), "limit": MAX_FOUND}
    return list((await connection.execute(_BY_ADDRESS, values)).scalars())


async def owner_of(connection: AsyncConnection, address_id: UUID) -> UUID | None:
    """Return the id of the contact that an address belongs to."""
    found: UUID | None = await connection.scalar(_OWNER, {"address_id": address_id})
    return found


async def owner(connection: AsyncConnection, identity_id: UUID) -> UUID | None:
    """Return the id of the contact that an identity belongs to."""
    found: UUID | None = await connection.scalar(_OWNER_OF_IDENTITY, {"identity_id": identity_id})
    return found


async def add_consent(connection: AsyncConnection, vault: Vault, consent: Consent) -> None:
    proof = json.dumps([consent.proof.source, consent.proof.wording, consent.proof.evidence])
    await connection.execute(
        _ADD_CONSENT,
        {
            "consent_id": consent.consent_id,
            "address_id": consent.address_id,
            "channel": consent.channel,
            "topic": consent.topic,
            "granted": consent.granted,
            "sealed_proof": vault.seal(proof.encode()),
            "key_id": vault.key_id,
            "give_time": consent.give_time,
            "record_time": consent.record_time,
            "actor": consent.actor,
        },
    )


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some identities that nobody has spoken of since a time and that have no order; returns how many."""
    values = {"before": before, "limit": FORGET_AT_ONCE}
    gone = (await connection.execute(_DROP_IDENTITIES, values)).scalars().all()
    await connection.execute(_DROP_EMPTY, {"contact_ids": list(set(gone))})
    return len(gone)


def address_name(address: NewAddress) -> tuple[str, str]:
    """Name an address for the index."""
    kind, value = address.same_as
    return kind.name, value


def profile_to_bytes(profile: Profile) -> bytes:
    """Return what `profile_of` reads; what is empty is left out."""
    said: dict[str, Any] = {
        name: value
        for name in (
            "external_id",
            "loyalty_id",
            "display_name",
            "locale",
            "time_zone",
            "preferred_location_id",
        )
        if (value := getattr(profile, name))
    }
    if profile.preferences:
        said["preferences"] = [[topic, list(channels)] for topic, channels in profile.preferences]
    return json.dumps(said, ensure_ascii=False).encode()


def profile_of(system: str, said: bytes) -> Profile:
    values = json.loads(said)
    preferences = tuple(
        (Topic(topic), tuple(map(Channel, channels))) for topic, channels in values.pop("preferences", ())
    )
    return Profile(system=system, preferences=preferences, **values)


def _address(vault: Vault, row: Row[Any]) -> Address:
    value = vault.open(row.sealed_value).decode()
    return Address(Kind(row.kind), value, row.verified, address_id=row.address_id)


def _consent(vault: Vault, row: Row[Any]) -> Consent:
    return Consent(
        consent_id=row.consent_id,
        address_id=row.address_id,
        channel=Channel(row.channel),
        topic=Topic(row.topic),
        granted=row.granted,
        proof=Proof(*json.loads(vault.open(row.sealed_proof))),
        give_time=row.give_time,
        record_time=row.record_time,
        actor=row.actor,
    )
