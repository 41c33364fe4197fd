"""What stock has said of items that somebody waits for, and where locations are."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.alerts import Cell, Place

_WATCH = text("""
    INSERT INTO watched_items (item_id, create_time) SELECT unnest(CAST(:item_ids AS text[])), :now
    ON CONFLICT DO NOTHING
""")
_WATCHED = text("SELECT item_id FROM watched_items")
_UNSURVEYED = text("""
    SELECT item_id FROM watched_items WHERE survey_time IS NULL AND create_time <= :before
    ORDER BY create_time, item_id LIMIT :limit
""")
_SURVEYED = text("""
    UPDATE watched_items SET survey_time = :now WHERE item_id = ANY (CAST(:item_ids AS text[]))
""")
# Of two about one cell the one with the higher version holds; what was looked up gives way to any event.
_PUT = text("""
    INSERT INTO supply (item_id, location_id, available, version, risen)
    SELECT w.item_id, :location_id, :available, :version, :rose AND CAST(:available AS bigint) > 0
    FROM watched_items w WHERE w.item_id = :item_id
    ON CONFLICT (item_id, location_id) DO UPDATE SET available = excluded.available, version = excluded.version,
        risen = excluded.available > 0 AND (supply.risen OR :rose)
    WHERE excluded.version > supply.version
""")
_RAISE = text("""
    UPDATE supply SET risen = true WHERE item_id = ANY (CAST(:item_ids AS text[])) AND available > 0 AND NOT risen
""")
_NEXT_RISEN = text("""
    UPDATE supply SET risen = false WHERE (item_id, location_id) = (
        SELECT item_id, location_id FROM supply WHERE risen ORDER BY item_id, location_id LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING item_id, location_id, available
""")
_AVAILABLE = text("""
    SELECT item_id, location_id, available FROM supply
    WHERE item_id = ANY (CAST(:item_ids AS text[])) AND available > 0
      AND (cardinality(CAST(:location_ids AS text[])) = 0 OR location_id = ANY (CAST(:location_ids AS text[])))
""")
_FORGET = text("""
    WITH wanted AS (
        SELECT unnest(item_ids || alternative_ids) AS item_id FROM alerts WHERE state = 1
        UNION SELECT item_id FROM look_ups
    )
    DELETE FROM watched_items w
    WHERE w.create_time < :before AND NOT EXISTS (SELECT FROM wanted a WHERE a.item_id = w.item_id)
""")
_FORGET_SUPPLY = text("""
    DELETE FROM supply s WHERE NOT EXISTS (SELECT FROM watched_items w WHERE w.item_id = s.item_id)
""")
_PUT_PLACES = text("""
    INSERT INTO places (location_id, latitude, longitude)
    SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:latitudes AS float[]), CAST(:longitudes AS float[]))
    ON CONFLICT (location_id) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude
""")
_PLACES = text("SELECT location_id, latitude, longitude FROM places WHERE latitude IS NOT NULL")


async def watch(connection: AsyncConnection, item_ids: Iterable[str], now: datetime) -> None:
    """Listen to what stock says of some items from now on."""
    values = {"item_ids": sorted(set(item_ids))}
    await connection.execute(_WATCH, {**values, "now": now})


async def watched(connection: AsyncConnection) -> frozenset[str]:
    """Return the items of which somebody wants to hear."""
    return frozenset((await connection.execute(_WATCHED)).scalars())


async def unsurveyed(connection: AsyncConnection, before: datetime, limit: int) -> list[str]:
    """Return items that are watched since a time, and of which nobody has looked where they are."""
    return list((await connection.execute(_UNSURVEYED, {"before": before, "limit": limit})).scalars())


async def surveyed(connection: AsyncConnection, item_ids: Sequence[str], now: datetime) -> None:
    await connection.execute(_SURVEYED, {"item_ids": list(item_ids), "now": now})


async def put(connection: AsyncConnection, cell: Cell, version: int, *, rose: bool) -> None:
    """Remember what can be sold of a watched item somewhere; `rose`: more than before."""
    await connection.execute(
        _PUT,
        {
            "item_id": cell.item_id,
            "location_id": cell.location_id,
            "available": cell.available,
            "version": version,
            "rose": rose,
        },
    )


async def think_again(connection: AsyncConnection, item_ids: Iterable[str]) -> None:
    """Have it looked at once more who waits for what there is of some items."""
    await connection.execute(_RAISE, {"item_ids": list(item_ids)})


async def next_risen(connection: AsyncConnection) -> Cell | None:
    """Take a cell of which there is more than before, and that nobody else is at."""
    row = (await connection.execute(_NEXT_RISEN)).one_or_none()
    return None if row is None else Cell(row.item_id, row.location_id, row.available)


async def available(
    connection: AsyncConnection, item_ids: Sequence[str], location_ids: Sequence[str]
) -> list[Cell]:
    """Return where some items can be had, among some locations; no locations: anywhere."""
    values = {"item_ids": list(item_ids), "location_ids": list(location_ids)}
    rows = await connection.execute(_AVAILABLE, values)
    return [Cell(row.item_id, row.location_id, row.available) for row in rows]


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Stop listening to items that nobody waits for any more; returns how many."""
    count = (await connection.execute(_FORGET, {"before": before})).rowcount
    await connection.execute(_FORGET_SUPPLY)
    return count


async def put_places(
    connection: AsyncConnection, found: Sequence[tuple[str, float | None, float | None]]
) -> None:
    """Remember where locations are: ids, latitudes and longitudes in degrees."""
    ids, latitudes, longitudes = ([each[index] for each in found] for index in range(3))
    values = {"location_ids": ids, "latitudes": latitudes, "longitudes": longitudes}
    await connection.execute(_PUT_PLACES, values)


async def places(connection: AsyncConnection) -> list[Place]:
    """Return the locations of which it is known where they are."""
    rows = await connection.execute(_PLACES)
    return [Place(row.location_id, row.latitude, row.longitude) for row in rows]
