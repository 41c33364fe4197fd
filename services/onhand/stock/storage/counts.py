"""Counts, what they saw and what they found: rows ⇄ domain.

A count's row is locked before any cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import uuid7
from onhand.stock.domain.counts import (
    Change,
    Count,
    CountKind,
    CountState,
    Line,
    LineKind,
    Quantity,
    Sight,
    Tally,
)
from onhand.stock.domain.model import COUNTED, Bucket
from onhand.stock.domain.reads import UNKNOWN_RSSI

RECORD_LAG = timedelta(hours=1)
"""How far a till's clock may be ahead of ours without its movements being overlooked."""

_COLUMNS = """
    count_id, location_id, kind, zone_ids, item_classes, state, title, actor, start_time, expire_time,
    close_time, end_time, progress_item_id
"""
_TALLY = tuple(each.name for each in fields(Tally))
_COUNTED_STATES = ", ".join(str(int(state)) for state in sorted(COUNTED))


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
_SEEN = text(
    "UPDATE counts SET seen_count = seen_count + :new WHERE count_id = :count_id RETURNING seen_count"
)
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
_ADD_SIGHTS = text("""
    INSERT INTO count_sights AS s (location_id, count_id, epc, item_id, zone_id, sight_time, rssi_cdbm)
    SELECT :location_id, :count_id, v.epc, v.item_id, v.zone_id, v.sight_time, v.rssi_cdbm
    FROM unnest(CAST(:epcs AS bytea[]), CAST(:item_ids AS text[]), CAST(:zone_ids AS text[]),
                CAST(:sight_times AS timestamptz[]), CAST(:rssi_cdbms AS integer[]))
        AS v (epc, item_id, zone_id, sight_time, rssi_cdbm)
    ORDER BY v.epc
    ON CONFLICT (location_id, count_id, epc) DO UPDATE SET
        zone_id = CASE WHEN (excluded.rssi_cdbm, excluded.sight_time) > (s.rssi_cdbm, s.sight_time)
                       THEN excluded.zone_id ELSE s.zone_id END,
        rssi_cdbm = greatest(s.rssi_cdbm, excluded.rssi_cdbm),
        sight_time = greatest(s.sight_time, excluded.sight_time)
        WHERE excluded.rssi_cdbm > s.rssi_cdbm OR excluded.sight_time > s.sight_time
    RETURNING (xmax = 0) AS new, item_id IS NULL AS unknown
""")
_ADD_QUANTITY = text("""
    INSERT INTO count_quantities (location_id, count_id, item_id, zone_id, spot, quantity, count_time)
    VALUES (:location_id, :count_id, :item_id, :zone_id, :spot, :quantity, :count_time)
    ON CONFLICT (location_id, count_id, item_id, zone_id, spot) DO UPDATE SET
        quantity = excluded.quantity, count_time = excluded.count_time
""")
_IN_ZONES = "(cardinality(CAST(:zone_ids AS text[])) = 0 OR zone_id = ANY(CAST(:zone_ids AS text[])))"
_AFTER = "item_id >= :after AND (:inclusive OR item_id <> :after)"
_IN_CLASSES = """
    (cardinality(CAST(:item_classes AS text[])) = 0 OR i.item_class = ANY(CAST(:item_classes AS text[])))
"""
_NEXT_ITEMS = text(f"""
    WITH candidates AS (
        SELECT item_id, count(*) AS tags FROM tags
        WHERE location_id = :location_id AND {_AFTER} AND state IN ({_COUNTED_STATES})
          AND {_IN_ZONES} AND :reads_tags GROUP BY item_id
        UNION ALL
        SELECT item_id, count(*) FROM count_sights
        WHERE location_id = :location_id AND count_id = :count_id AND {_AFTER} GROUP BY item_id
        UNION ALL
        SELECT DISTINCT item_id, 1 FROM count_quantities
        WHERE location_id = :location_id AND count_id = :count_id AND {_AFTER}
        UNION ALL
        SELECT item_id, 1 FROM balances JOIN items USING (item_id)
        WHERE location_id = :location_id AND {_AFTER} AND unidentified <> 0 AND tagged
          AND :reads_tags AND cardinality(CAST(:zone_ids AS text[])) = 0
    )
    SELECT c.item_id, i.item_class, i.tagged, sum(c.tags) AS tags
    FROM candidates c JOIN items i USING (item_id) WHERE {_IN_CLASSES}
    GROUP BY c.item_id, i.item_class, i.tagged ORDER BY c.item_id LIMIT :count
""")
_SIGHTS = text("""
    SELECT epc, item_id, zone_id, sight_time, rssi_cdbm FROM count_sights
    WHERE location_id = :location_id AND count_id = :count_id AND item_id = ANY(CAST(:item_ids AS text[]))
""")
_QUANTITIES = text("""
    SELECT item_id, zone_id, spot, quantity, count_time FROM count_quantities
    WHERE location_id = :location_id AND count_id = :count_id AND item_id = ANY(CAST(:item_ids AS text[]))
""")
_TAG_KEYS = text(f"""
    SELECT epc FROM tags
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[])) AND state IN ({_COUNTED_STATES})
""")
_CHANGES = text(f"""
    SELECT item_id, occur_time, epc IS NOT NULL AS by_tag,
           CASE to_bucket WHEN {Bucket.SELLABLE:d} THEN quantity ELSE -quantity END AS units
    FROM movements
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[])) AND movement_id >= :first
      AND occur_time > :since AND {Bucket.SELLABLE:d} IN (from_bucket, to_bucket)
""")
_KEEP_UNKNOWN = text(f"""
    INSERT INTO tags AS t (location_id, epc, item_id, state, state_time, zone_id, first_seen_time,
                           last_seen_time, rssi_cdbm)
    SELECT location_id, epc, NULL, 1, sight_time, zone_id, sight_time, sight_time,
           coalesce(nullif(rssi_cdbm, 0), {UNKNOWN_RSSI})
    FROM count_sights WHERE location_id = :location_id AND count_id = :count_id AND item_id IS NULL
    ORDER BY epc
    ON CONFLICT (location_id, epc) DO UPDATE SET
        last_seen_time = excluded.last_seen_time,
        zone_id = CASE excluded.zone_id WHEN '' THEN t.zone_id ELSE excluded.zone_id END
        WHERE t.item_id IS NULL AND t.last_seen_time < excluded.last_seen_time
""")
_UNKNOWN = text("""
    SELECT epc, zone_id FROM count_sights
    WHERE location_id = :location_id AND count_id = :count_id AND item_id IS NULL AND epc > :after
    ORDER BY epc LIMIT :count
""")
_COUNT_UNKNOWN = text("""
    SELECT count(*) FROM count_sights
    WHERE location_id = :location_id AND count_id = :count_id AND item_id IS NULL
""")
_UNKNOWN_LINES = text(f"""
    INSERT INTO count_lines (location_id, count_id, item_id, epc, kind, quantity, book_zone_id, seen_zone_id)
    SELECT location_id, count_id, '', epc, {LineKind.UNKNOWN:d}, 1, '', zone_id FROM count_sights
    WHERE location_id = :location_id AND count_id = :count_id AND item_id IS NULL
""")
_ADD_LINES = text("""
    INSERT INTO count_lines (location_id, count_id, item_id, epc, kind, quantity, book_zone_id, seen_zone_id)
    SELECT :location_id, :count_id, * FROM unnest(
        CAST(:item_ids AS text[]), CAST(:epcs AS bytea[]), CAST(:kinds AS smallint[]),
        CAST(:quantities AS bigint[]), CAST(:book_zone_ids AS text[]), CAST(:seen_zone_ids AS text[]))
""")
_LINES = text("""
    SELECT item_id, epc, kind, quantity, book_zone_id, seen_zone_id FROM count_lines
    WHERE location_id = :location_id AND count_id = :count_id AND (item_id, epc) > (:item_id, :epc)
    ORDER BY item_id, epc LIMIT :count
""")
_ADD_RESULT = text(f"""
    INSERT INTO count_results AS r (location_id, count_id, item_class, {", ".join(_TALLY)})
    VALUES (:location_id, :count_id, :item_class, {", ".join(f":{name}" for name in _TALLY)})
    ON CONFLICT (location_id, count_id, item_class) DO UPDATE SET
        {", ".join(f"{name} = r.{name} + excluded.{name}" for name in _TALLY)}
""")
_END_RESULTS = text("""
    UPDATE count_results SET end_time = :end_time WHERE location_id = :location_id AND count_id = :count_id
""")
_RESULTS = text(f"""
    SELECT count_id, {", ".join(f"sum({name})::bigint AS {name}" for name in _TALLY)} FROM count_results
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND count_id = ANY(CAST(:count_ids AS uuid[]))
    GROUP BY count_id
""")
_ACCURACY = text(f"""
    SELECT count_id, item_class, end_time, {", ".join(_TALLY)} FROM count_results
    WHERE location_id = :location_id AND end_time IS NOT NULL
      AND (:item_class = '' OR item_class = :item_class)
      AND (CAST(:after_time AS timestamptz) IS NULL OR end_time >= CAST(:after_time AS timestamptz))
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (end_time, count_id, item_class)
              < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid), :before_class))
    ORDER BY end_time DESC, count_id DESC, item_class DESC LIMIT :count
""")
_PROGRESS = text(f"""
    SELECT
        (SELECT count(*) FROM tags t JOIN items i USING (item_id)
         WHERE location_id = :location_id AND state IN ({_COUNTED_STATES}) AND {_IN_ZONES} AND {_IN_CLASSES}
        ) AS expected,
        (SELECT count(*) FROM tags t JOIN items i USING (item_id)
         WHERE location_id = :location_id AND state IN ({_COUNTED_STATES}) AND {_IN_ZONES} AND {_IN_CLASSES}
           AND (last_seen_time > :start_time OR EXISTS (
               SELECT FROM count_sights s
               WHERE s.location_id = t.location_id AND s.count_id = :count_id AND s.epc = t.epc))
        ) AS matched,
        (SELECT count(*) FROM count_sights s LEFT JOIN items i USING (item_id)
         WHERE location_id = :location_id AND count_id = :count_id
           AND (i.item_id IS NULL OR {_IN_CLASSES}) AND NOT EXISTS (
               SELECT FROM tags t WHERE t.location_id = s.location_id AND t.epc = s.epc
                 AND t.item_id IS NOT NULL AND t.state IN ({_COUNTED_STATES}))
        ) AS unexpected,
        (SELECT count(*) FROM count_sights
         WHERE location_id = :location_id AND count_id = :count_id AND item_id IS NULL) AS unknown,
        (SELECT seen_count FROM counts WHERE count_id = :count_id) AS seen,
        (SELECT coalesce(sum(quantity), 0)::bigint FROM count_quantities
         WHERE location_id = :location_id AND count_id = :count_id) AS counted
""")
_PURGE = text("""
    DELETE FROM count_sights s USING (
        SELECT location_id, count_id, epc FROM count_sights JOIN counts c USING (location_id, count_id)
        WHERE c.state NOT IN (1, 2) LIMIT :count
    ) AS old
    WHERE s.location_id = old.location_id AND s.count_id = old.count_id AND s.epc = old.epc
""")


async def add(connection: AsyncConnection, count: Count) -> None:
    """Insert a count. Raises IntegrityError while another live one overlaps its scope."""
    await connection.execute(
        _ADD,
        {
            "count_id": count.count_id,
            "location_id": count.location_id,
            "kind": count.kind,
            **_scope(count),
            "state": count.state,
            "title": count.title,
            "actor": count.actor,
            "start_time": count.start_time,
            "expire_time": count.expire_time,
        },
    )


async def overlapping(connection: AsyncConnection, count: Count) -> list[UUID]:
    """Find live counts that share a zone and a class with this one."""
    rows = await connection.execute(_OVERLAPPING, {"location_id": count.location_id, **_scope(count)})
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
            finished[row.count_id].result = _tally(row)
    return counts


async def due(
    connection: AsyncConnection, now: datetime, stuck: datetime, count: int
) -> list[tuple[UUID, CountState]]:
    """Find open counts that ran out, and those that nobody carried on finishing since `stuck`."""
    rows = await connection.execute(_LIVE, {"now": now, "stuck": stuck, "count": count})
    return [(row.count_id, CountState(row.state)) for row in rows]


async def add_sights(
    connection: AsyncConnection, count: Count, sights: Sequence[Sight]
) -> tuple[int, int, int]:
    """Add sights, each tag once; returns how many were new, new of no known item, and seen altogether."""
    parameters = {
        "location_id": count.location_id,
        "count_id": count.count_id,
        "epcs": [each.epc for each in sights],
        "item_ids": [each.item_id for each in sights],
        "zone_ids": [each.zone_id for each in sights],
        "sight_times": [each.sight_time for each in sights],
        "rssi_cdbms": [each.rssi_cdbm or UNKNOWN_RSSI for each in sights],
    }
    rows = [row for row in await connection.execute(_ADD_SIGHTS, parameters) if row.new]
    seen = await connection.execute(_SEEN, {"count_id": count.count_id, "new": len(rows)})
    return len(rows), sum(1 for row in rows if row.unknown), int(seen.scalar_one())


async def add_quantities(connection: AsyncConnection, count: Count, lines: Iterable[Quantity]) -> None:
    await connection.execute(
        _ADD_QUANTITY,
        [
            {
                "location_id": count.location_id,
                "count_id": count.count_id,
                **{name: getattr(each, name) for name in Quantity.__slots__},
            }
            for each in lines
        ],
    )


async def next_items(
    connection: AsyncConnection, count: Count, after: str, limit: int, *, inclusive: bool
) -> list[tuple[str, str, bool, int]]:
    """Find the next items that a count speaks of: id, class, whether tagged, and how many tags to look at."""
    rows = await connection.execute(
        _NEXT_ITEMS,
        {
            **_keys(count),
            **_scope(count),
            "after": after,
            "inclusive": inclusive,
            "reads_tags": count.reads_tags,
            "count": limit,
        },
    )
    return [(row.item_id, row.item_class, row.tagged, int(row.tags)) for row in rows]


async def sights(connection: AsyncConnection, count: Count, item_ids: Sequence[str]) -> list[Sight]:
    rows = await connection.execute(_SIGHTS, {**_keys(count), "item_ids": list(item_ids)})
    return [Sight(row.epc, row.item_id, row.zone_id, row.sight_time, row.rssi_cdbm) for row in rows]


async def quantities(connection: AsyncConnection, count: Count, item_ids: Sequence[str]) -> list[Quantity]:
    rows = await connection.execute(_QUANTITIES, {**_keys(count), "item_ids": list(item_ids)})
    return [Quantity(row.item_id, row.zone_id, row.spot, row.quantity, row.count_time) for row in rows]


async def counted_epcs(connection: AsyncConnection, location_id: str, item_ids: Sequence[str]) -> list[bytes]:
    """Find the tags of some items that count at a location; locks nothing."""
    rows = await connection.execute(_TAG_KEYS, {"location_id": location_id, "item_ids": list(item_ids)})
    return list(rows.scalars())


async def changes(
    connection: AsyncConnection, location_id: str, item_ids: Sequence[str], since: datetime
) -> Mapping[str, list[Change]]:
    """Read what moved into and out of the sellable units of some items after a time."""
    first = uuid7(int((since - RECORD_LAG).timestamp() * 1000), 0)
    rows = await connection.execute(
        _CHANGES, {"location_id": location_id, "item_ids": list(item_ids), "first": first, "since": since}
    )
    found: dict[str, list[Change]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(Change(row.occur_time, row.units, row.by_tag))
    return found


async def unknown(connection: AsyncConnection, count: Count, after: bytes, limit: int) -> list[Line]:
    """Read seen tags of no known item, in the order of their EPC."""
    rows = await connection.execute(_UNKNOWN, {**_keys(count), "after": after, "count": limit})
    return [Line(LineKind.UNKNOWN, "", row.epc, 1, "", row.zone_id) for row in rows]


async def count_unknown(connection: AsyncConnection, count: Count) -> int:
    return int((await connection.execute(_COUNT_UNKNOWN, _keys(count))).scalar_one())


async def keep_unknown(connection: AsyncConnection, count: Count) -> None:
    """Keep seen tags of no known item as tags and as lines."""
    await connection.execute(_KEEP_UNKNOWN, _keys(count))
    await connection.execute(_UNKNOWN_LINES, _keys(count))


async def add_lines(connection: AsyncConnection, count: Count, lines: Sequence[Line]) -> None:
    await connection.execute(
        _ADD_LINES,
        {
            **_keys(count),
            "item_ids": [each.item_id for each in lines],
            "epcs": [each.epc or b"" for each in lines],
            "kinds": [each.kind for each in lines],
            "quantities": [each.quantity for each in lines],
            "book_zone_ids": [each.book_zone_id for each in lines],
            "seen_zone_ids": [each.seen_zone_id for each in lines],
        },
    )


async def lines(
    connection: AsyncConnection, count: Count, after: tuple[str, bytes], limit: int
) -> list[Line]:
    rows = await connection.execute(
        _LINES, {**_keys(count), "item_id": after[0], "epc": after[1], "count": limit}
    )
    return [
        Line(
            LineKind(row.kind), row.item_id, row.epc or None, row.quantity, row.book_zone_id, row.seen_zone_id
        )
        for row in rows
    ]


async def add_results(connection: AsyncConnection, count: Count, results: Mapping[str, Tally]) -> None:
    """Add what a part of a count found, by item class."""
    for item_class, result in sorted(results.items()):
        values = {name: getattr(result, name) for name in _TALLY}
        await connection.execute(_ADD_RESULT, {**_keys(count), "item_class": item_class, **values})


async def end_results(connection: AsyncConnection, count: Count) -> None:
    await connection.execute(_END_RESULTS, {**_keys(count), "end_time": count.end_time})


async def accuracy(connection: AsyncConnection, **filters: Any) -> list[tuple[UUID, str, datetime, Tally]]:
    rows = await connection.execute(_ACCURACY, filters)
    return [(row.count_id, row.item_class, row.end_time, _tally(row)) for row in rows]


async def progress(connection: AsyncConnection, count: Count) -> Any:
    """Count expected, matched, unexpected, unknown and seen tags, and units counted by hand."""
    parameters = {**_keys(count), **_scope(count), "start_time": count.start_time}
    return (await connection.execute(_PROGRESS, parameters)).one()


async def purge(connection: AsyncConnection, count: int) -> int:
    """Drop the sights of counts that have ended; returns how many."""
    return (await connection.execute(_PURGE, {"count": count})).rowcount


def _scope(count: Count) -> dict[str, Any]:
    return {"zone_ids": list(count.zone_ids), "item_classes": list(count.item_classes)}


def _keys(count: Count) -> dict[str, Any]:
    return {"location_id": count.location_id, "count_id": count.count_id}


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


def _tally(row: Any) -> Tally:
    return Tally(**{name: getattr(row, name) for name in _TALLY})
