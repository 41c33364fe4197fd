"""What counts saw and what they found: rows ⇄ domain."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import earliest_id
from onhand.stock.domain.counts import Change, Count, Line, LineKind, Quantity, Sight, Tally
from onhand.stock.domain.model import COUNTED, TAGGABLE, Bucket
from onhand.stock.domain.reads import UNKNOWN_RSSI
from onhand.stock.storage.counts import TALLY, scope, tally

RECORD_LAG = timedelta(hours=1)
"""How far a till's clock may be ahead of ours without its movements being overlooked."""

_TAGGABLE = ", ".join(str(int(bucket)) for bucket in sorted(TAGGABLE))
_COUNTED_STATES = ", ".join(str(int(state)) for state in sorted(COUNTED))


_SEEN = text(
    "UPDATE counts SET seen_count = seen_count + :new WHERE count_id = :count_id RETURNING seen_count"
)
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
           quantity * ((to_bucket = {Bucket.SELLABLE:d})::int - (from_bucket = {Bucket.SELLABLE:d})::int) AS units,
           quantity * ((to_bucket IN ({_TAGGABLE}))::int - (from_bucket IN ({_TAGGABLE}))::int) AS here
    FROM movements
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[])) AND movement_id >= :first
      AND occur_time > :since
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
    INSERT INTO count_results AS r (location_id, count_id, item_class, {", ".join(TALLY)})
    VALUES (:location_id, :count_id, :item_class, {", ".join(f":{name}" for name in TALLY)})
    ON CONFLICT (location_id, count_id, item_class) DO UPDATE SET
        {", ".join(f"{name} = r.{name} + excluded.{name}" for name in TALLY)}
""")
_END_RESULTS = text("""
    UPDATE count_results SET end_time = :end_time WHERE location_id = :location_id AND count_id = :count_id
""")
_ACCURACY = text(f"""
    SELECT count_id, item_class, end_time, {", ".join(TALLY)} FROM count_results
    WHERE location_id = :location_id AND end_time IS NOT NULL
      AND (:item_class = '' OR item_class = :item_class)
      AND (CAST(:after_time AS timestamptz) IS NULL OR end_time >= CAST(:after_time AS timestamptz))
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (end_time, count_id, item_class)
              < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid), :before_class))
    ORDER BY end_time DESC, count_id DESC, item_class DESC LIMIT :count
""")
# A full join is never carried out row by row, whatever is known of tables that have just been filled.
_PROGRESS = text(f"""
    WITH booked AS (
        SELECT epc, last_seen_time, {_IN_ZONES} AND {_IN_CLASSES} AS in_scope
        FROM tags t JOIN items i USING (item_id) WHERE location_id = :location_id AND state IN ({_COUNTED_STATES})
    ),
    seen AS (
        SELECT epc, s.item_id IS NULL AS unknown, s.item_id IS NULL OR {_IN_CLASSES} AS in_scope
        FROM count_sights s LEFT JOIN items i USING (item_id)
        WHERE location_id = :location_id AND count_id = :count_id
    )
    SELECT count(*) FILTER (WHERE b.in_scope) AS expected,
           count(*) FILTER (WHERE b.in_scope AND (s.epc IS NOT NULL OR b.last_seen_time > :start_time)) AS matched,
           count(*) FILTER (WHERE b.epc IS NULL AND s.in_scope) AS unexpected,
           count(*) FILTER (WHERE s.unknown) AS unknown,
           count(s.epc) AS seen,
           (SELECT coalesce(sum(quantity), 0)::bigint FROM count_quantities
            WHERE location_id = :location_id AND count_id = :count_id) AS counted
    FROM booked b FULL JOIN seen s USING (epc)
""")
_PURGE = text("""
    DELETE FROM count_sights s USING (
        SELECT location_id, count_id, epc FROM count_sights JOIN counts c USING (location_id, count_id)
        WHERE c.state NOT IN (1, 2) LIMIT :count
    ) AS old
    WHERE s.location_id = old.location_id AND s.count_id = old.count_id AND s.epc = old.epc
""")


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
            **scope(count),
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
    """Read what moved of some items after a time."""
    first = earliest_id(since - RECORD_LAG)
    rows = await connection.execute(
        _CHANGES, {"location_id": location_id, "item_ids": list(item_ids), "first": first, "since": since}
    )
    found: dict[str, list[Change]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(Change(row.occur_time, row.units, row.here, row.by_tag))
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
        values = {name: getattr(result, name) for name in TALLY}
        await connection.execute(_ADD_RESULT, {**_keys(count), "item_class": item_class, **values})


async def end_results(connection: AsyncConnection, count: Count) -> None:
    await connection.execute(_END_RESULTS, {**_keys(count), "end_time": count.end_time})


async def accuracy(connection: AsyncConnection, **filters: Any) -> list[tuple[UUID, str, datetime, Tally]]:
    rows = await connection.execute(_ACCURACY, filters)
    return [(row.count_id, row.item_class, row.end_time, tally(row)) for row in rows]


async def progress(connection: AsyncConnection, count: Count) -> Any:
    """Count expected, matched, unexpected, unknown and seen tags, and units counted by hand."""
    parameters = {**_keys(count), **scope(count), "start_time": count.start_time}
    return (await connection.execute(_PROGRESS, parameters)).one()


async def purge(connection: AsyncConnection, count: int) -> int:
    """Drop the sights of counts that have ended; returns how many."""
    return (await connection.execute(_PURGE, {"count": count})).rowcount


def _keys(count: Count) -> dict[str, Any]:
    return {"location_id": count.location_id, "count_id": count.count_id}
