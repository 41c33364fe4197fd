"""What a cell follows from: sums of its movements, open lines, tags and how their histories end."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.audit import ARCHIVED
from onhand.stock.domain.model import COUNTED, INSIDE, Bucket, CellKey, ReservationState, TagState
from onhand.stock.domain.repair import LastEvent, Reckoning

_SUMS = ", ".join(
    f"coalesce(sum(CASE {each:d} WHEN to_bucket THEN quantity WHEN from_bucket THEN -quantity END), 0)::bigint"
    f" AS moved_{each:d}"
    for each in INSIDE
)
_OPENINGS = ", ".join(
    f"coalesce(sum(quantity) FILTER (WHERE bucket = {each:d}), 0)::bigint AS opened_{each:d}"
    for each in INSIDE
)
_COMMITTED = f"(r.state = {ReservationState.COMMITTED:d})"
_HELD = f"(r.state = {ReservationState.HELD:d})"
_RECKONING = text(f"""
    SELECT * FROM
        (SELECT {_SUMS} FROM movements WHERE location_id = :location_id AND item_id = :item_id) AS m,
        (SELECT {_OPENINGS} FROM ({ARCHIVED}) AS a WHERE location_id = :location_id AND item_id = :item_id) AS o,
        (SELECT coalesce(sum(quantity - fulfilled - released) FILTER (WHERE NOT {_COMMITTED}), 0)::bigint AS reserved,
                coalesce(sum(quantity - fulfilled - released) FILTER (WHERE {_COMMITTED}), 0)::bigint AS committed
         FROM reservation_lines JOIN reservations r USING (reservation_id)
         WHERE location_id = :location_id AND item_id = :item_id AND fulfilled + released < quantity) AS l,
        (SELECT count(*) AS tags FROM tags
         WHERE location_id = :location_id AND item_id = :item_id
           AND state IN ({", ".join(f"{each:d}" for each in sorted(COUNTED))})) AS t
""")
_LAST_EVENT = """
    SELECT e.state, e.zone_id, e.occur_time FROM tag_events e
    WHERE e.epc = t.epc AND e.location_id = :location_id ORDER BY tag_event_id DESC LIMIT 1
"""
_ASTRAY = text(f"""
    SELECT t.epc, e.*, NULL::smallint AS bucket
    FROM tags t JOIN LATERAL ({_LAST_EVENT}) AS e ON true
    WHERE t.location_id = :location_id AND t.item_id = :item_id AND t.state <> e.state
    UNION ALL
    SELECT t.epc, e.*, t.bucket
    FROM (SELECT DISTINCT ON (epc) epc, to_bucket AS bucket FROM movements m
          WHERE location_id = :location_id AND item_id = :item_id AND epc IS NOT NULL
            AND NOT EXISTS (SELECT FROM tags WHERE tags.location_id = m.location_id AND tags.epc = m.epc)
          ORDER BY epc, movement_id DESC) AS t
    JOIN LATERAL ({_LAST_EVENT}) AS e ON true
    WHERE e.state IN ({", ".join(f"{each:d}" for each in sorted({*COUNTED, TagState.MISSING}))})
    ORDER BY epc
""")
# What its changes say that a line has open: what was held at first, and what came and went since.
_SINCE = """
    SELECT count(*) AS changes, coalesce(sum(committed), 0) AS committed,
           coalesce(sum(reserved + committed), 0) AS units
    FROM reservation_changes c
    WHERE (c.location_id, c.item_id, c.reservation_id) = (l.location_id, l.item_id, l.reservation_id)
"""
_END_LINES = text(f"""
    UPDATE reservation_lines AS line SET released = line.quantity - line.fulfilled
    FROM reservation_lines l JOIN reservations r USING (reservation_id) CROSS JOIN LATERAL ({_SINCE}) AS s
    WHERE l.location_id = :location_id AND l.item_id = :item_id AND r.expire_time IS NULL AND NOT {_COMMITTED}
      AND l.fulfilled + l.released < l.quantity AND l.quantity + s.units = 0
      AND (line.location_id, line.reservation_id, line.item_id) = (l.location_id, l.reservation_id, l.item_id)
    RETURNING line.reservation_id::text AS reservation_id, OLD.released AS before, line.released AS after
""")
_DOUBTFUL = text(f"""
    SELECT r.reservation_id::text FROM reservation_lines l JOIN reservations r USING (reservation_id)
    CROSS JOIN LATERAL ({_SINCE}) AS s, reservation_changes_start
    WHERE l.location_id = :location_id AND l.item_id = :item_id AND r.create_time >= start_time
      AND CASE WHEN {_COMMITTED} THEN s.changes > 0 AND s.committed <> l.quantity - l.fulfilled - l.released
               WHEN {_HELD} THEN s.changes = 0 AND l.fulfilled + l.released > 0
               ELSE r.expire_time IS NULL AND l.fulfilled + l.released < l.quantity END
    ORDER BY 1
""")

_PASS_OVER = text("""
    UPDATE balances SET version = :version WHERE location_id = :location_id AND item_id = :item_id
""")


async def reckon(connection: AsyncConnection, key: CellKey) -> Reckoning:
    """Add up what stands behind a cell, whose row is locked."""
    row = (await connection.execute(_RECKONING, key._asdict())).one()._mapping  # noqa: SLF001 - SQLAlchemy's name
    buckets = {each: row[f"moved_{each:d}"] + row[f"opened_{each:d}"] for each in INSIDE}
    return Reckoning(buckets, row["reserved"], row["committed"], row["tags"])


async def astray(connection: AsyncConnection, key: CellKey) -> list[LastEvent]:
    """Find how the histories end of those of a cell's tags that are in another state, or have no row."""
    rows = await connection.execute(_ASTRAY, key._asdict())
    return [
        LastEvent(
            row.epc, TagState(row.state), row.zone_id, row.occur_time, Bucket(row.bucket or Bucket.SELLABLE)
        )
        for row in rows
    ]


async def end_lines(connection: AsyncConnection, key: CellKey) -> list[str]:
    """Give back what ended reservations still have open, where their changes say so too; says what changed."""
    rows = await connection.execute(_END_LINES, key._asdict())
    return [f"reservation {row.reservation_id}: released {row.before} → {row.after}" for row in rows]


async def doubtful(connection: AsyncConnection, key: CellKey) -> Sequence[str]:
    """Find reservations whose line here and its noted changes disagree: which is true, no row says."""
    return (await connection.execute(_DOUBTFUL, key._asdict())).scalars().all()


async def pass_over(connection: AsyncConnection, key: CellKey, version: int) -> None:
    """Number a locked cell's next change after `version`."""
    await connection.execute(_PASS_OVER, {**key._asdict(), "version": version})
