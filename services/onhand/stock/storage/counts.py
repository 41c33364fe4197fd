"""Counts and their results: rows ⇄ domain.

A count's row is locked before any cell.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.counts import Count, CountKind, CountState, Tally

_COLUMNS = """
    count_id, location_id, kind, zone_ids, item_classes, state, title, actor, start_time, expire_time,
    close_time, end_time, progress_item_id
"""
TALLY = tuple(each.name for each in fields(Tally))


def _ranges(name: str) -> str:
    return f"""
        CASE WHEN cardinality(CAST(:{name} AS text[])) = 0 THEN textmultirange(textrange(NULL, NULL))
        ELSE (SELECT range_agg(textrange(v, v, '[]')) FROM unnest(CAST(:{name} AS text[])) AS u (v)) END
    """


_ADD = text(f"""
    INSERT INTO counts (count_id, location_id, kind, zone_ids, item_classes, zones, classes, state, title, actor,
                        start_time, expire_time)
    VALUES (:count_id, :location_id, :kind, :zone_ids, :item_classes, {_ranges("zone_ids")},
            {_ranges("item_classes")}, :state, :title, :actor, :start_time, :expire_time)
""")
_OVERLAPPING = text(f"""
    SELECT count_id FROM counts
    WHERE location_id = :location_id AND state IN (1, 2)
      AND zones && {_ranges("zone_ids")} AND classes && {_ranges("item_classes")}
    ORDER BY start_time
""")
_READ = text(f"SELECT {_COLUMNS} FROM counts WHERE count_id = :count_id")
_LOCK = text(f"SELECT {_COLUMNS} FROM counts WHERE count_id = :count_id FOR UPDATE")
_SAVE = text("""
    UPDATE counts SET state = :state, expire_time = :expire_time, close_time = :close_time,
                      end_time = :end_time, progress_item_id = :progress_item_id
    WHERE count_id = :count_id
""")
_LIST = text(f"""
    SELECT {_COLUMNS} FROM counts
    WHERE location_id = :location_id AND (:state = 0 OR state = :state)
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (start_time, count_id) < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY start_time DESC, count_id DESC LIMIT :count
""")
_LIVE = text("""
    SELECT count_id, state FROM counts
    WHERE state IN (1, 2) AND (CASE state WHEN 1 THEN expire_time <= :now ELSE close_time <= :stuck END)
    ORDER BY count_id LIMIT :count
""")
_RESULTS = text(f"""
    SELECT count_id, {", ".join(f"sum({name})::bigint AS {name}" for name in TALLY)} FROM count_results
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND count_id = ANY(CAST(:count_ids AS uuid[]))
    GROUP BY count_id
""")


async def add(connection: AsyncConnection, count: Count) -> None:
    """Insert a count. Raises IntegrityError while another live one overlaps its scope."""
    await connection.execute(
        _ADD,
        {
            "count_id": count.count_id,
            "location_id": count.location_id,
            "kind": count.kind,
            **scope(count),
            "state": count.state,
            "title": count.title,
            "actor": count.actor,
            "start_time": count.start_time,
            "expire_time": count.expire_time,
        },
    )


async def overlapping(connection: AsyncConnection, count: Count) -> list[UUID]:
    """Find live counts that share a zone and a class with this one."""
    rows = await connection.execute(_OVERLAPPING, {"location_id": count.location_id, **scope(count)})
    return list(rows.scalars())


async def read(connection: AsyncConnection, count_id: UUID) -> Count | None:
    row = (await connection.execute(_READ, {"count_id": count_id})).one_or_none()
    return None if row is None else (await with_results(connection, [_count(row)]))[0]


async def lock(connection: AsyncConnection, count_id: UUID) -> Count | None:
    row = (await connection.execute(_LOCK, {"count_id": count_id})).one_or_none()
    return None if row is None else _count(row)


async def save(connection: AsyncConnection, count: Count) -> None:
    names = ("count_id", "state", "expire_time", "close_time", "end_time", "progress_item_id")
    await connection.execute(_SAVE, {name: getattr(count, name) for name in names})


async def list_page(connection: AsyncConnection, **filters: Any) -> list[Count]:
    rows = await connection.execute(_LIST, filters)
    return await with_results(connection, [_count(row) for row in rows])


async def with_results(connection: AsyncConnection, counts: list[Count]) -> list[Count]:
    """Fill in the results of those that are finished."""
    finished = {each.count_id: each for each in counts if each.state is CountState.FINISHED}
    if finished:
        for each in finished.values():
            each.result = Tally()
        rows = await connection.execute(
            _RESULTS,
            {
                "location_ids": sorted({each.location_id for each in finished.values()}),
                "count_ids": sorted(finished),
            },
        )
        for row in rows:
            finished[row.count_id].result = tally(row)
    return counts


async def due(
    connection: AsyncConnection, now: datetime, stuck: datetime, count: int
) -> list[tuple[UUID, CountState]]:
    """Find open counts that ran out, and those that nobody carried on finishing since `stuck`."""
    rows = await connection.execute(_LIVE, {"now": now, "stuck": stuck, "count": count})
    return [(row.count_id, CountState(row.state)) for row in rows]


def scope(count: Count) -> dict[str, Any]:
    return {"zone_ids": list(count.zone_ids), "item_classes": list(count.item_classes)}


def _count(row: Any) -> Count:
    return Count(
        row.count_id,
        row.location_id,
        CountKind(row.kind),
        tuple(row.zone_ids),
        tuple(row.item_classes),
        CountState(row.state),
        row.title,
        row.actor,
        row.start_time,
        row.expire_time,
        row.close_time,
        row.end_time,
        row.progress_item_id,
    )


def tally(row: Any) -> Tally:
    return Tally(**{name: getattr(row, name) for name in TALLY})
