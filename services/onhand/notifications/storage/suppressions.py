"""Addresses that are written to no more."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.contacts import Contact, NewAddress
from onhand.notifications.domain.messages import Receipt
from onhand.notifications.storage.contacts import address_name
from onhand.notifications.vault import Vault

_ADD = text("""
    INSERT INTO suppressions (kind, digest, sealed_value, key_id, reason, create_time)
    VALUES (:kind, :digest, :sealed_value, :key_id, :reason, :now)
    ON CONFLICT (kind, digest) DO UPDATE SET reason = greatest(suppressions.reason, excluded.reason)
""")
_OF = text("SELECT digest FROM suppressions WHERE digest = ANY (CAST(:digests AS bytea[]))")
_LIFT = text("DELETE FROM suppressions WHERE kind = :kind AND digest = ANY (CAST(:digests AS bytea[]))")
_ERASE = text("""
    UPDATE suppressions SET sealed_value = NULL WHERE digest = ANY (CAST(:digests AS bytea[]))
""")


async def add(
    connection: AsyncConnection, vault: Vault, address: NewAddress, reason: Receipt, now: datetime
) -> None:
    """Write to an address no more, whoever has it."""
    await connection.execute(
        _ADD,
        {
            "kind": address.kind,
            "digest": vault.digest(*address_name(address)),
            "sealed_value": vault.seal(address.value.encode()),
            "key_id": vault.key_id,
            "reason": reason,
            "now": now,
        },
    )


async def of_contact(connection: AsyncConnection, vault: Vault, contact: Contact) -> set[UUID]:
    """Return the ids of a person's addresses that are written to no more."""
    same_as = {
        digest: each.same_as for each in contact.addresses for digest in vault.digests(*address_name(each))
    }
    rows = await connection.execute(_OF, {"digests": list(same_as)})
    barred = {same_as[each] for each in rows.scalars()}
    return {each.address_id for each in contact.addresses if each.same_as in barred}


async def lift(connection: AsyncConnection, vault: Vault, address: NewAddress) -> None:
    """Write to an address again."""
    digests = vault.digests(*address_name(address))
    await connection.execute(_LIFT, {"kind": address.kind, "digests": digests})


async def erase(connection: AsyncConnection, vault: Vault, contact: Contact) -> None:
    """Forget how a person's addresses read, not that they are written to no more."""
    digests = [each for one in contact.addresses for each in vault.digests(*address_name(one))]
    await connection.execute(_ERASE, {"digests": digests})
