"""Which contacts are one person: rule, merges, splits, reviews, and who was forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.contacts import MERGING_KINDS, Contact, Identity
from onhand.notifications.storage.contacts import address_name
from onhand.notifications.vault import Vault

_MATCHING = text("""
    SELECT i.contact_id FROM identities i JOIN addresses a ON a.identity_id = i.identity_id
    WHERE a.digest = ANY (CAST(:addresses AS bytea[])) AND a.verified AND i.contact_id <> :contact_id
    UNION
    SELECT contact_id FROM identities
    WHERE loyalty_digest = ANY (CAST(:loyalties AS bytea[])) AND contact_id <> :contact_id
    ORDER BY 1
""")
_SEPARATED = text("""
    SELECT EXISTS (
        SELECT FROM separations
        WHERE identity_id = ANY (CAST(:ones AS uuid[])) AND other_identity_id = ANY (CAST(:others AS uuid[]))
           OR identity_id = ANY (CAST(:others AS uuid[])) AND other_identity_id = ANY (CAST(:ones AS uuid[]))
    )
""")
_SEPARATE = text("""
    INSERT INTO separations (identity_id, other_identity_id)
    SELECT least(one, other), greatest(one, other)
    FROM unnest(CAST(:ones AS uuid[])) AS one, unnest(CAST(:others AS uuid[])) AS other
    ON CONFLICT DO NOTHING
""")
_REUNITE = text("""
    DELETE FROM separations
    WHERE identity_id = ANY (CAST(:ones AS uuid[])) AND other_identity_id = ANY (CAST(:others AS uuid[]))
       OR identity_id = ANY (CAST(:others AS uuid[])) AND other_identity_id = ANY (CAST(:ones AS uuid[]))
""")
_MOVE = text(
    "UPDATE identities SET contact_id = :into WHERE identity_id = ANY (CAST(:identity_ids AS uuid[]))"
)
_MERGED = text("UPDATE contacts SET merged_into = :into WHERE contact_id = :gone OR merged_into = :gone")
_CLOSE_REVIEWS = text("""
    DELETE FROM merge_reviews
    WHERE contact_id = ANY (CAST(:contact_ids AS uuid[])) OR other_contact_id = ANY (CAST(:contact_ids AS uuid[]))
""")
_OPEN_REVIEW = text("""
    INSERT INTO merge_reviews (review_id, contact_id, other_contact_id, detail, create_time)
    VALUES (:review_id, least(CAST(:one AS uuid), :other), greatest(CAST(:one AS uuid), :other), :detail, :now)
    ON CONFLICT (contact_id, other_contact_id) DO UPDATE SET detail = excluded.detail
""")
_REVIEW = "review_id, contact_id, other_contact_id, detail, create_time"
_GET_REVIEW = text(f"SELECT {_REVIEW} FROM merge_reviews WHERE review_id = :review_id")
_LIST_REVIEWS = text(f"""
    SELECT {_REVIEW} FROM merge_reviews WHERE review_id > :after ORDER BY review_id LIMIT :limit
""")
_DROP_REVIEW = text("DELETE FROM merge_reviews WHERE review_id = :review_id")
_REMOVE_IDENTITIES = text("DELETE FROM identities WHERE contact_id = :contact_id")
_REMOVE = text("DELETE FROM contacts WHERE contact_id = :contact_id")
_ERASED = text("INSERT INTO erasures (contact_id, actor, erase_time) VALUES (:contact_id, :actor, :now)")


@dataclass(frozen=True, slots=True)
class Review:
    """Two contacts of which somebody has to say whether they are one."""

    review_id: UUID
    contact_id: UUID
    other_contact_id: UUID
    detail: str
    create_time: datetime


async def matching(connection: AsyncConnection, vault: Vault, contact: Contact) -> list[UUID]:
    """Return the other contacts that share a verified address or a loyalty id with `contact`."""
    values = {
        "contact_id": contact.contact_id,
        "addresses": [
            digest
            for each in contact.addresses
            if each.verified and each.kind in MERGING_KINDS
            for digest in vault.digests(*address_name(each))
        ],
        "loyalties": [
            digest
            for each in contact.identities
            if each.profile.loyalty_id
            for digest in vault.digests("loyalty", each.profile.loyalty_id)
        ],
    }
    return list((await connection.execute(_MATCHING, values)).scalars())


async def are_separated(connection: AsyncConnection, one: Contact, other: Contact) -> bool:
    """Tell whether somebody has said that they are two."""
    return bool(await connection.scalar(_SEPARATED, _pair(one.identities, other.identities)))


async def separate(connection: AsyncConnection, ones: Iterable[Identity], others: Iterable[Identity]) -> None:
    """Remember that no identity of one side belongs to the person of the other."""
    await connection.execute(_SEPARATE, _pair(ones, others))


async def merge(connection: AsyncConnection, into: Contact, gone: Contact) -> None:
    """Move all identities of `gone`; its id leads to `into` from now on."""
    await connection.execute(_REUNITE, _pair(into.identities, gone.identities))
    await move(connection, [each.identity_id for each in gone.identities], into.contact_id)
    await connection.execute(_MERGED, {"into": into.contact_id, "gone": gone.contact_id})
    await close_reviews(connection, [into.contact_id, gone.contact_id])


async def move(connection: AsyncConnection, identity_ids: Sequence[UUID], into: UUID) -> None:
    await connection.execute(_MOVE, {"into": into, "identity_ids": list(identity_ids)})


async def open_review(
    connection: AsyncConnection, review_id: UUID, one: UUID, other: UUID, detail: str, now: datetime
) -> None:
    """Ask for a decision on two contacts, unless it is asked for already."""
    values = {"review_id": review_id, "one": one, "other": other, "detail": detail, "now": now}
    await connection.execute(_OPEN_REVIEW, values)


async def close_reviews(connection: AsyncConnection, contact_ids: Sequence[UUID]) -> None:
    await connection.execute(_CLOSE_REVIEWS, {"contact_ids": list(contact_ids)})


async def get_review(connection: AsyncConnection, review_id: UUID) -> Review | None:
    row = (await connection.execute(_GET_REVIEW, {"review_id": review_id})).one_or_none()
    return None if row is None else _review(row)


async def list_reviews(connection: AsyncConnection, after: UUID, limit: int) -> list[Review]:
    """Return open reviews, oldest first (their ids rise with time)."""
    rows = await connection.execute(_LIST_REVIEWS, {"after": after, "limit": limit})
    return [_review(row) for row in rows]


async def drop_review(connection: AsyncConnection, review_id: UUID) -> None:
    await connection.execute(_DROP_REVIEW, {"review_id": review_id})


async def erase(connection: AsyncConnection, contact_id: UUID, actor: str, now: datetime) -> None:
    """Forget a person; who forgot them and when is kept."""
    await connection.execute(_REMOVE_IDENTITIES, {"contact_id": contact_id})
    await connection.execute(_REMOVE, {"contact_id": contact_id})
    await connection.execute(_ERASED, {"contact_id": contact_id, "actor": actor, "now": now})


def _pair(ones: Iterable[Identity], others: Iterable[Identity]) -> dict[str, list[UUID]]:
    return {
        "ones": [each.identity_id for each in ones],
        "others": [each.identity_id for each in others],
    }


def _review(row: Row[Any]) -> Review:
    return Review(row.review_id, row.contact_id, row.other_contact_id, row.detail, row.create_time)
