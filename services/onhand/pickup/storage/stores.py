"""SQL of stores' settings, and of what is measured of stores."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_GET = text("SELECT settings::text AS settings, version FROM store_settings WHERE location_id = :location_id")
_PUT = text("""
    INSERT INTO store_settings AS s (location_id, settings, version)
    VALUES (:location_id, CAST(:settings AS jsonb), 1)
    ON CONFLICT (location_id) DO UPDATE SET settings = excluded.settings, version = s.version + 1
    RETURNING version
""")
_MEASURES = text("""
    WITH chosen AS (
        SELECT t.task_id, t.state, t.kind, t.create_time, t.accept_time, t.ready_time, t.check_in_time,
               t.promise_time,
               CASE WHEN t.kind = 1 THEN t.ready_time WHEN t.state = 8 THEN t.end_time END AS done_time,
               CAST(t.hand_overs -> 0 ->> 'hand_over_time' AS timestamptz) AS hand_over_time
        FROM tasks t
        WHERE t.location_id = :location_id AND t.create_time >= :start AND t.create_time < :end
    ), units AS (
        SELECT sum(l.quantity - l.cancelled) AS asked,
               sum(CASE WHEN t.state = 9 THEN l.quantity - l.cancelled - l.picked ELSE l.short END) AS short
        FROM chosen t JOIN task_lines l USING (task_id) WHERE l.reservation_id = ''
    ), times AS (
        SELECT accept_time - create_time AS accept,
               CASE WHEN kind = 1 THEN ready_time - create_time END AS ready,
               CASE WHEN check_in_time IS NOT NULL
                    THEN hand_over_time - greatest(check_in_time, ready_time) END AS waiting
        FROM chosen
    )
    SELECT (SELECT count(*) FROM chosen) AS tasks,
           (SELECT count(*) FROM chosen WHERE state = 9) AS rejected,
           (SELECT count(*) FROM chosen WHERE state = 11) AS expired,
           (SELECT count(*) FROM chosen WHERE done_time IS NOT NULL) AS done,
           (SELECT count(*) FROM chosen WHERE done_time <= promise_time) AS on_time,
           coalesce((SELECT asked FROM units), 0)::bigint AS asked,
           coalesce((SELECT short FROM units), 0)::bigint AS short,
           count(accept) AS accepts, count(ready) AS readies, count(waiting) AS waits,
           percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY accept) AS accept,
           percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY ready) AS ready,
           percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waiting) AS waiting
    FROM times
""")


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What a store has set, by name; what it has not set is missing."""

    values: Mapping[str, Any]
    version: int = 0


async def get(connection: AsyncConnection, location_id: str) -> StoredSettings:
    row = (await connection.execute(_GET, {"location_id": location_id})).one_or_none()
    return StoredSettings({}) if row is None else StoredSettings(json.loads(row.settings), row.version)


async def put(connection: AsyncConnection, location_id: str, values: Mapping[str, Any]) -> int:
    """Write a store's settings over those before; returns their version."""
    stored = {"location_id": location_id, "settings": json.dumps(dict(values))}
    return int((await connection.execute(_PUT, stored)).scalar_one())


async def measures(connection: AsyncConnection, location_id: str, start: datetime, end: datetime) -> Any:
    """Return one row of figures about the tasks that a store was given in a span."""
    values = {"location_id": location_id, "start": start, "end": end}
    return (await connection.execute(_MEASURES, values)).one()
