"""What endpoints are to hear of availability."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.availability import CellChange, Subscription
from onhand.notifications.domain.messages import State
from onhand.notifications.domain.occasions import Purpose

_SUBSCRIPTIONS = text("""
    SELECT endpoint_id, availability FROM webhook_endpoints
    WHERE availability IS NOT NULL AND disable_time IS NULL
""")
_PUT = text("""
    INSERT INTO endpoint_cells AS c (endpoint_id, location_id, item_id, version, revision, state, cell, pending)
    SELECT endpoint_id, :location_id, :item_id, :version, :revision, :state, CAST(:cell AS jsonb), true
    FROM webhook_endpoints WHERE endpoint_id = :endpoint_id
    ON CONFLICT (endpoint_id, location_id, item_id) DO UPDATE SET
        version = excluded.version, revision = excluded.revision, state = excluded.state, cell = excluded.cell,
        pending = NOT :thresholds_only OR c.told_state IS DISTINCT FROM excluded.state
    WHERE excluded.version > c.version
""")
_NO_POST_WAITS = f"""
    NOT EXISTS (SELECT FROM messages m WHERE m.endpoint_id = e.endpoint_id AND m.state = {State.WAITING:d}
                                         AND m.purpose = {Purpose.AVAILABILITY_CHANGED:d})
"""
_NEXT = text(f"""
    SELECT e.endpoint_id, e.uri FROM webhook_endpoints e
    WHERE e.disable_time IS NULL AND e.availability IS NOT NULL AND {_NO_POST_WAITS}
      AND EXISTS (SELECT FROM endpoint_cells c WHERE c.endpoint_id = e.endpoint_id AND c.pending)
    ORDER BY e.endpoint_id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
# Materialised: joined as a subquery it may be run more than once, each time taking the next ones.
_TAKE = text("""
    WITH k AS MATERIALIZED (
        SELECT location_id, item_id FROM endpoint_cells
        WHERE endpoint_id = :endpoint_id AND pending ORDER BY revision LIMIT :count FOR UPDATE
    )
    UPDATE endpoint_cells c SET pending = false, told_state = c.state FROM k
    WHERE c.endpoint_id = :endpoint_id AND c.location_id = k.location_id AND c.item_id = k.item_id
    RETURNING c.cell, c.revision
""")


async def subscriptions(connection: AsyncConnection) -> dict[UUID, Subscription]:
    """Read what each endpoint in use wants to hear."""
    rows = await connection.execute(_SUBSCRIPTIONS)
    return {row.endpoint_id: read(row.availability) for row in rows}


async def put(
    connection: AsyncConnection, endpoint_id: UUID, subscription: Subscription, change: CellChange
) -> None:
    """Remember what an endpoint is to hear of a cell, unless it has heard of a later change."""
    await connection.execute(
        _PUT,
        {
            "endpoint_id": endpoint_id,
            "location_id": change.location_id,
            "item_id": change.item_id,
            "version": change.version,
            "revision": change.revision,
            "state": subscription.state(change.available),
            "cell": json.dumps(subscription.cell(change)),
            "thresholds_only": subscription.thresholds_only,
        },
    )


async def next_endpoint(connection: AsyncConnection) -> tuple[UUID, str] | None:
    """Lock an endpoint that has something to hear and waits for no post; returns its id and URI."""
    row = (await connection.execute(_NEXT)).one_or_none()
    return None if row is None else (row.endpoint_id, row.uri)


async def take(connection: AsyncConnection, endpoint_id: UUID, count: int) -> list[dict[str, Any]]:
    """Take what an endpoint is to hear, longest waiting first; the rest waits for the next post."""
    rows = (await connection.execute(_TAKE, {"endpoint_id": endpoint_id, "count": count})).all()
    return [row.cell for row in sorted(rows, key=lambda row: row.revision)]


def written(subscription: Subscription) -> str:
    return json.dumps(
        {
            "item_ids": sorted(subscription.item_ids),
            "location_ids": sorted(subscription.location_ids),
            "thresholds_only": subscription.thresholds_only,
            "low_quantity": subscription.low_quantity,
            "out_quantity": subscription.out_quantity,
        }
    )


def read(said: Mapping[str, Any]) -> Subscription:
    return Subscription(
        frozenset(said["item_ids"]),
        frozenset(said["location_ids"]),
        said["thresholds_only"],
        said["low_quantity"],
        said["out_quantity"],
    )
