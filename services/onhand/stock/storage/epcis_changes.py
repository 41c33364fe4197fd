"""What stock changed, in the order of its transactions, for publishing: rows → domain."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.epcis.own import Change
from onhand.stock.domain.model import Bucket, Reason, TagState, ZoneKind

PUBLISH_LOCK = 0x6570636973
"""Key of the advisory lock of whoever publishes; a lock on the cursor's row would make it a writer from there on,
and all views would wait until it has made its events."""
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_CURSOR = text("SELECT revision::text AS revision, key FROM epcis_cursor")
_ADVANCE = text("UPDATE epcis_cursor SET revision = CAST(:revision AS xid8), key = :key")
# Below the oldest open transaction nothing more can come. What a captured event changed is told by it.
_BOUNDS = """
    revision >= CAST(:revision AS xid8) AND revision < pg_snapshot_xmin(pg_current_snapshot())
"""
_CHANGES = text(f"""
    WITH changes AS (
        (SELECT revision, 'm' || movement_id AS key, location_id, epc, item_id, from_bucket, to_bucket, quantity,
                reason, occur_time, document, movement_id, NULL::smallint AS state_before, NULL::smallint AS state,
                '' AS zone_before, '' AS zone_id
         FROM movements
         WHERE {_BOUNDS}
           AND (revision > CAST(:revision AS xid8) OR movement_id > CAST(:movement_id AS uuid))
         ORDER BY revision, movement_id LIMIT :count)
        UNION ALL
        (SELECT revision, 't' || lpad(tag_event_id::text, 19, '0'), location_id, epc, NULL, NULL, NULL, 1,
                NULL, occur_time, '', NULL, state_before, state, zone_before, zone_id
         FROM tag_events
         WHERE movement_id IS NULL AND {_BOUNDS}
           AND (revision > CAST(:revision AS xid8) OR tag_event_id > :tag_event_id)
         ORDER BY revision, tag_event_id LIMIT :count)
        ORDER BY revision, key LIMIT :count
    )
    SELECT c.revision::text AS revision, c.key, c.location_id, l.gln, l.time_zone, c.epc, c.from_bucket, c.to_bucket,
           c.quantity, c.reason, c.occur_time, c.document, c.state_before, c.state, c.zone_before,
           coalesce(e.zone_id, c.zone_id) AS zone_id, z.kind AS zone_kind,
           coalesce((SELECT min(gtin) FROM item_gtins g WHERE g.item_id = c.item_id), '') AS gtin,
           EXISTS (SELECT FROM epcis_events x WHERE x.revision = c.revision AND NOT x.published) AS captured
    FROM changes c
    JOIN locations l USING (location_id)
    LEFT JOIN LATERAL (
        SELECT e.zone_id FROM tag_events e
        WHERE c.movement_id IS NOT NULL AND e.epc = c.epc AND e.location_id = c.location_id
          AND e.movement_id = c.movement_id
        LIMIT 1
    ) AS e ON true
    LEFT JOIN zones z ON z.location_id = c.location_id AND z.zone_id = coalesce(e.zone_id, c.zone_id)
    ORDER BY c.revision, c.key
""")
_LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True)
class Taken:
    """Changes that were read one after the other."""

    changes: list[Change]
    """Those to publish."""
    count: int
    """All that were read."""
    last: Any
    """The row of the last one."""


async def take(connection: AsyncConnection, count: int) -> Taken | None:
    """Read the next changes; None when there is none, or while another process publishes.

    Until `pass_by` is called the transaction has written nothing, and so holds nobody back.
    """
    if not (await connection.execute(_LOCK, {"key": PUBLISH_LOCK})).scalar_one():
        return None
    cursor = (await connection.execute(_CURSOR)).one()
    kind, key = cursor.key[:1], cursor.key[1:]
    rows = (
        await connection.execute(
            _CHANGES,
            {
                "revision": int(cursor.revision),
                # In a revision movements come first: past them, or past a part of the tag events.
                "movement_id": key if kind == "m" else _LAST,
                "tag_event_id": int(key) if kind == "t" else (0 if kind == "m" else (1 << 63) - 1),
                "count": count,
            },
        )
    ).all()
    if not rows:
        return None
    return Taken([_change(row) for row in rows if not row.captured], len(rows), rows[-1])


async def pass_by(connection: AsyncConnection, taken: Taken) -> None:
    """Go on after these changes the next time."""
    await connection.execute(_ADVANCE, {"revision": int(taken.last.revision), "key": taken.last.key})


def _change(row: Any) -> Change:
    return Change(
        int(row.revision),
        row.key,
        row.location_id,
        row.gln,
        row.time_zone,
        row.zone_id,
        ZoneKind(row.zone_kind) if row.zone_kind else None,
        row.zone_before,
        row.gtin,
        row.epc,
        TagState(row.state_before) if row.state_before else None,
        TagState(row.state) if row.state else None,
        Reason(row.reason) if row.reason else None,
        Bucket(row.from_bucket) if row.from_bucket else None,
        Bucket(row.to_bucket) if row.to_bucket else None,
        row.quantity,
        row.occur_time,
        row.document,
    )
