"""Brings what older keys have sealed up to the first one, so that an old key can leave the file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.contacts import Kind, NewAddress
from onhand.notifications.storage.contacts import address_name, profile_of
from onhand.notifications.vault import Vault

AT_ONCE = 500
"""Rows of one table in one transaction, which protects the relay; about 50 ms."""
_TOKEN = b"gAAAAA"
"""How every Fernet token begins: version 0x80, then a time before the year 2106, in base64."""

Digests = Callable[[Vault, Any, bytes], dict[str, Any]]


def _of_identity(vault: Vault, row: Any, clear: bytes) -> dict[str, Any]:
    profile = profile_of(row.system, clear)
    loyalty_id = profile.loyalty_id
    return {
        "external_digest": vault.digest("identity", profile.system, profile.external_id),
        "loyalty_digest": vault.digest("loyalty", loyalty_id) if loyalty_id else None,
    }


def _of_address(vault: Vault, row: Any, clear: bytes) -> dict[str, Any]:
    return {"digest": vault.digest(*address_name(NewAddress(Kind(row.kind), clear.decode())))}


@dataclass(frozen=True)
class _Table:
    name: str
    key: str
    sealed: tuple[str, ...]
    also: tuple[str, ...] = ()
    """Further columns that `digests` reads."""
    digests: Digests | None = None
    """Gives the digests of what the first sealed column holds."""
    only: str = "true"


TABLES = (
    _Table("identities", "identity_id", ("sealed_profile",), ("system",), _of_identity),
    _Table("addresses", "address_id", ("sealed_value",), ("kind",), _of_address),
    _Table(
        "suppressions", "digest", ("sealed_value",), ("kind",), _of_address, only="sealed_value IS NOT NULL"
    ),
    _Table("consents", "consent_id", ("sealed_proof",)),
    _Table("journey_runs", "run_id", ("sealed_facts",), only="sealed_facts IS NOT NULL"),
    _Table("alerts", "alert_id", ("sealed_offer",), only="sealed_offer IS NOT NULL"),
    _Table("activity_views", "view_id", ("sealed_reason",), only="sealed_reason IS NOT NULL"),
    _Table("webhook_endpoints", "endpoint_id", ("sealed_secret", "sealed_old_secret")),
    _Table(
        "messages",
        "message_id",
        ("sealed_body", "sealed_subject"),
        only="(sealed_body IS NOT NULL OR sealed_subject IS NOT NULL)",
    ),
)


async def reseal(connection: AsyncConnection, vault: Vault, table: _Table) -> int:
    """Seal some rows of a table with the first key; returns how many. 0: the table is done."""
    columns = ", ".join((table.key, *table.sealed, *table.also))
    old = text(f"""
        SELECT {columns} FROM {table.name} WHERE key_id <> :key_id AND {table.only}
        ORDER BY {table.key} LIMIT :limit FOR UPDATE SKIP LOCKED
    """)
    changes = []
    for row in await connection.execute(old, {"key_id": vault.key_id, "limit": AT_ONCE}):
        clear = {name: _open(vault, getattr(row, name)) for name in table.sealed}
        change = {name: None if value is None else vault.seal(value) for name, value in clear.items()}
        first = clear[table.sealed[0]]
        digests = table.digests(vault, row, first) if table.digests and first is not None else {}
        changes.append({**change, **digests, "key_id": vault.key_id, "row_key": getattr(row, table.key)})
    if changes:
        settings = ", ".join(f"{name} = :{name}" for name in changes[0] if name != "row_key")
        update = text(f"UPDATE {table.name} SET {settings} WHERE {table.key} = :row_key")
        await connection.execute(update, changes)
    return len(changes)


def _open(vault: Vault, value: bytes | None) -> bytes | None:
    """Open what is sealed; rows from before everything was sealed hold some things in clear."""
    return vault.open(value) if value is not None and value.startswith(_TOKEN) else value
