"""Cells as they were, and what stands behind them: rows ⇄ domain.

The past is counted back from the present: a balance less the movements recorded since is what it was. So a moment
costs what has happened since it, and no opening balance of an archived month is needed after that month.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import earliest_id
from onhand.stock.audit import ARCHIVED
from onhand.stock.domain.counts import CountKind, CountState, LineKind
from onhand.stock.domain.explanations import ON_HAND, Counted, Held, Step, Tally
from onhand.stock.domain.model import INSIDE, Bucket, CellKey, ReservationState
from onhand.stock.storage import months

RECORD_LAG = timedelta(hours=1)
"""How far a process's clock, from which a movement has its id, may be from the database's."""
_NO_ID_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
"""Ids begin with a time that is not negative; moments may."""
MAX_COUNTS = 20
"""Counts that an explanation names; earlier ones say nothing any more."""

_NAMES = {bucket: bucket.name.lower() for bucket in INSIDE}
_UNITS = ", ".join(
    f"coalesce(sum(CASE {bucket:d} WHEN to_bucket THEN quantity WHEN from_bucket THEN -quantity END), 0)::bigint"
    f" AS {name}"
    for bucket, name in _NAMES.items()
)
_KEYS = """
    unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[])) AS k (location_id, item_id)
"""
_OPEN = "l.quantity - l.fulfilled - l.released"
# Lines of a cell that changed since a moment: open ones, and of the others those whose end is noted after it.
_LINES_SINCE = f"""
    SELECT l.location_id, l.item_id, l.reservation_id, l.quantity, {_OPEN} AS open, r.create_time, r.expire_time,
           r.state
    FROM {_KEYS} JOIN reservation_lines l USING (location_id, item_id) JOIN reservations r USING (reservation_id)
    WHERE l.fulfilled + l.released < l.quantity
    UNION
    SELECT l.location_id, l.item_id, l.reservation_id, l.quantity, {_OPEN}, r.create_time, r.expire_time, r.state
    FROM {_KEYS} JOIN reservation_changes c USING (location_id, item_id)
    JOIN reservation_lines l USING (location_id, item_id, reservation_id) JOIN reservations r USING (reservation_id)
    WHERE c.change_time > :at
"""
# What a line had when its reservation was made: not what came from elsewhere later. Only that adds to both together.
_MADE = """
    SELECT l.location_id, l.item_id, l.create_time, l.quantity - coalesce(
        (SELECT sum(greatest(c.reserved + c.committed, 0)) FROM reservation_changes c
         WHERE c.location_id = l.location_id AND c.item_id = l.item_id AND c.change_time >= l.create_time
           AND c.reservation_id = l.reservation_id), 0) AS units
    FROM lines l WHERE l.create_time > :at
"""
_STEPS = f"""
    -- What was recorded, made, changed, and ran out and waits for its sweep.
    SELECT location_id, item_id, record_time AS time, {_UNITS}, 0 AS reserved, 0 AS committed
    FROM {_KEYS} JOIN movements m USING (location_id, item_id)
    WHERE m.movement_id >= :first AND m.record_time > :at
    GROUP BY location_id, item_id, record_time
    UNION ALL
    SELECT location_id, item_id, create_time, {", ".join("0" for _ in INSIDE)}, units, 0
    FROM made WHERE units > 0
    UNION ALL
    SELECT location_id, item_id, change_time, {", ".join("0" for _ in INSIDE)}, c.reserved, c.committed
    FROM {_KEYS} JOIN reservation_changes c USING (location_id, item_id) WHERE change_time > :at
    UNION ALL
    SELECT location_id, item_id, expire_time, {", ".join("0" for _ in INSIDE)}, -open, 0
    FROM lines
    WHERE state = {ReservationState.HELD:d} AND open > 0 AND expire_time > :at AND expire_time <= :now
"""
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in (*_NAMES.values(), "reserved", "committed"))
_SINCE = text(f"""
    WITH lines AS ({_LINES_SINCE}), made AS ({_MADE}), steps AS ({_STEPS})
    SELECT location_id, item_id, max(time) AS time, {_SUMS} FROM steps GROUP BY location_id, item_id
""")
_BY_TIME = text(f"""
    WITH lines AS ({_LINES_SINCE}), made AS ({_MADE}), steps AS ({_STEPS})
    SELECT time, {_SUMS} FROM steps WHERE time < :before GROUP BY time ORDER BY time DESC LIMIT :count
""")
_OCCURRED = text(f"""
    SELECT item_id, {_UNITS} FROM movements
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[])) AND movement_id >= :first
      AND occur_time > :at
    GROUP BY item_id
""")
_CHANGES_START = text("SELECT start_time FROM reservation_changes_start")
_OPENING = text(f"""
    SELECT bucket, sum(quantity)::bigint AS quantity FROM ({ARCHIVED}) AS a
    WHERE location_id = :location_id AND item_id = :item_id GROUP BY bucket
""")
_ON_HAND = ", ".join(str(int(each)) for each in ON_HAND)
_MOVEMENTS = text(f"""
    SELECT {
    ", ".join(
        f"count(*) FILTER (WHERE {bucket:d} IN (from_bucket, to_bucket)) AS {name}"
        for bucket, name in _NAMES.items()
    )
},
    count(*) FILTER (WHERE (from_bucket IN ({_ON_HAND})) <> (to_bucket IN ({_ON_HAND}))) AS on_hand
    FROM movements WHERE location_id = :location_id AND item_id = :item_id
""")
_HELD_LINES = """
    FROM reservation_lines l JOIN reservations r USING (reservation_id)
    WHERE l.location_id = :location_id AND l.item_id = :item_id AND l.fulfilled + l.released < l.quantity
      AND (r.expire_time IS NULL OR r.expire_time > :now)
"""
_HELD_COUNT = text(f"""
    SELECT count(*) FILTER (WHERE r.state = {ReservationState.COMMITTED:d}) AS committed, count(*) AS lines
    {_HELD_LINES}
""")
_HELD = text(f"""
    SELECT r.reservation_id, r.order_id, r.channel, {_OPEN} AS open,
           r.state = {ReservationState.COMMITTED:d} AS committed, r.create_time, r.expire_time
    {_HELD_LINES}
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (r.create_time, r.reservation_id) < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY r.create_time DESC, r.reservation_id DESC LIMIT :count
""")
# A count is of an item when it corrected it, when people counted it, or when it looked for all of its tags.
_COUNTS = text(f"""
    SELECT c.count_id, c.kind, c.actor, c.end_time, found.missing, found.found
    FROM counts c JOIN items i ON i.item_id = :item_id,
    LATERAL (
        SELECT count(*) AS lines,
               coalesce(sum(quantity) FILTER (WHERE kind = {LineKind.MISSING:d}), 0)::bigint AS missing,
               coalesce(sum(quantity) FILTER (WHERE kind = {LineKind.FOUND:d}), 0)::bigint AS found
        FROM count_lines l
        WHERE l.location_id = c.location_id AND l.count_id = c.count_id AND l.item_id = i.item_id
    ) AS found
    WHERE c.location_id = :location_id AND c.state = {CountState.FINISHED:d}
      AND (cardinality(c.item_classes) = 0 OR i.item_class = ANY(c.item_classes))
      AND (found.lines > 0
           OR (c.kind <> {CountKind.QUANTITIES:d} AND i.tagged AND cardinality(c.zone_ids) = 0)
           OR EXISTS (SELECT FROM count_quantities q WHERE q.location_id = c.location_id
                                                       AND q.count_id = c.count_id AND q.item_id = i.item_id))
    ORDER BY c.start_time DESC LIMIT {MAX_COUNTS}
""")


async def changes_start(connection: AsyncConnection) -> datetime:
    """Return since when it is noted what was reserved and committed."""
    return (await connection.execute(_CHANGES_START)).scalar_one()  # type: ignore[no-any-return]


async def steps_since(
    connection: AsyncConnection, keys: Sequence[CellKey], at: datetime, now: datetime
) -> dict[CellKey, Step]:
    """Read what has changed of some cells after a moment and until now, in one step each."""
    rows = await connection.execute(_SINCE, {**_since(keys, at), "now": now})
    return {CellKey(row.location_id, row.item_id): _step(row) for row in rows}


async def steps(
    connection: AsyncConnection, key: CellKey, at: datetime, before: datetime, now: datetime, count: int
) -> list[Step]:
    """Read what changed of a cell at each moment after `at` and before another, latest first."""
    parameters = {**_since([key], at), "before": before, "now": now, "count": count}
    return [_step(row) for row in await connection.execute(_BY_TIME, parameters)]


def _since(keys: Iterable[CellKey], at: datetime) -> dict[str, Any]:
    ordered = sorted(keys)
    return {
        "location_ids": [each.location_id for each in ordered],
        "item_ids": [each.item_id for each in ordered],
        "at": at,
        "first": _first_id(at),
    }


async def occurred_since(
    connection: AsyncConnection, location_id: str, item_ids: Iterable[str], at: datetime
) -> dict[str, dict[Bucket, int]]:
    """Read by item what movements that happened after a moment have added to each bucket.

    When they happened, as tills and people tell, and not when they were recorded.
    """
    parameters = {
        "location_id": location_id,
        "item_ids": sorted(item_ids),
        "at": at,
        "first": _first_id(at),
    }
    rows = await connection.execute(_OCCURRED, parameters)
    return {row.item_id: _buckets(row) for row in rows}


async def tally(connection: AsyncConnection, key: CellKey, now: datetime) -> Tally:
    """Count what stands behind the terms of a cell."""
    cell = {"location_id": key.location_id, "item_id": key.item_id}
    moved = (await connection.execute(_MOVEMENTS, cell)).one()
    held = (await connection.execute(_HELD_COUNT, {**cell, "now": now})).one()
    return Tally(
        {bucket: getattr(moved, name) for bucket, name in _NAMES.items()},
        moved.on_hand,
        {Bucket(row.bucket): row.quantity for row in await connection.execute(_OPENING, cell)},
        held.lines - held.committed,
        held.committed,
    )


async def held_lines(
    connection: AsyncConnection,
    key: CellKey,
    now: datetime,
    before: tuple[datetime, UUID] | None,
    count: int,
) -> list[Held]:
    """Read lines of reservations that hold units of a cell, latest first."""
    before_time, before_id = before or (None, None)
    rows = await connection.execute(
        _HELD,
        {
            "location_id": key.location_id,
            "item_id": key.item_id,
            "now": now,
            "before_time": before_time,
            "before_id": before_id,
            "count": count,
        },
    )
    return [Held(*row) for row in rows]


async def counts_of(connection: AsyncConnection, key: CellKey) -> list[Counted]:
    """Read what the last finished counts found of an item, latest first."""
    rows = await connection.execute(_COUNTS, {"location_id": key.location_id, "item_id": key.item_id})
    return [
        Counted(
            row.count_id,
            CountKind(row.kind),
            row.actor,
            row.end_time,
            row.missing,
            row.found,
        )
        for row in rows
    ]


async def archived_before(connection: AsyncConnection) -> datetime | None:
    """Return the moment before which movements were archived."""
    return await months.history_start(connection, months.MOVEMENTS)


def _first_id(at: datetime) -> UUID:
    """Return what no movement sorts before that was recorded, or happened, after a moment."""
    return earliest_id(max(at, _NO_ID_BEFORE) - RECORD_LAG)


def _step(row: Any) -> Step:
    return Step(row.time, _buckets(row), row.reserved, row.committed)


def _buckets(row: Any) -> dict[Bucket, int]:
    return {bucket: getattr(row, name) for bucket, name in _NAMES.items()}
