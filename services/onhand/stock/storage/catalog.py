"""Items, locations, zones, read points: rows ⇄ domain."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.model import Item, Location, OpeningHours, ReadPoint, Zone, ZoneKind

_SAVE_ITEM = text("""
    INSERT INTO items (item_id, title, style_id, size, colour, item_class, tagged, picture_uri, weight_grams)
    VALUES (:item_id, :title, :style_id, :size, :colour, :item_class, :tagged, :picture_uri, :weight_grams)
    ON CONFLICT (item_id) DO UPDATE SET
        title = excluded.title, style_id = excluded.style_id, size = excluded.size, colour = excluded.colour,
        item_class = excluded.item_class, tagged = excluded.tagged, picture_uri = excluded.picture_uri,
        weight_grams = excluded.weight_grams
""")
_DROP_GTINS = text("DELETE FROM item_gtins WHERE item_id = ANY(CAST(:item_ids AS text[]))")
_ADD_GTIN = text("INSERT INTO item_gtins (gtin, item_id) VALUES (:gtin, :item_id)")
_GTIN_OWNERS = text("SELECT gtin, item_id FROM item_gtins WHERE gtin = ANY(CAST(:gtins AS text[]))")
_ITEM_COLUMNS = """
    i.item_id, i.title, i.style_id, i.size, i.colour, i.item_class, i.tagged, i.picture_uri, i.weight_grams,
    ARRAY(SELECT gtin FROM item_gtins g WHERE g.item_id = i.item_id ORDER BY gtin) AS gtins
"""
_ITEM_FIELDS = (
    "item_id",
    "title",
    "style_id",
    "size",
    "colour",
    "item_class",
    "tagged",
    "picture_uri",
    "weight_grams",
)
_ITEMS = text(f"SELECT {_ITEM_COLUMNS} FROM items i WHERE item_id = ANY(CAST(:item_ids AS text[]))")
_LIST_ITEMS = text(f"""
    SELECT {_ITEM_COLUMNS} FROM items i WHERE item_id > :after ORDER BY item_id LIMIT :count
""")
_KNOWN_ITEMS = text("SELECT item_id FROM items WHERE item_id = ANY(CAST(:item_ids AS text[]))")
_SAVE_LOCATION = text("""
    INSERT INTO locations (location_id, kind, title, address, latitude, longitude, time_zone, gln,
                           collect_enabled, ship_enabled, safety_stock, opening_hours)
    VALUES (:location_id, :kind, :title, :address, :latitude, :longitude, :time_zone, :gln,
            :collect_enabled, :ship_enabled, :safety_stock, CAST(:opening_hours AS jsonb))
    ON CONFLICT (location_id) DO UPDATE SET
        kind = excluded.kind, title = excluded.title, address = excluded.address,
        latitude = excluded.latitude, longitude = excluded.longitude, time_zone = excluded.time_zone,
        gln = excluded.gln, collect_enabled = excluded.collect_enabled, ship_enabled = excluded.ship_enabled,
        safety_stock = excluded.safety_stock, opening_hours = excluded.opening_hours
""")
_SAVE_ZONES = text("""
    INSERT INTO zones (location_id, zone_id, kind)
    SELECT :location_id, z.zone_id, z.kind
    FROM unnest(CAST(:zone_ids AS text[]), CAST(:kinds AS smallint[])) AS z (zone_id, kind)
    ON CONFLICT (location_id, zone_id) DO UPDATE SET kind = excluded.kind
""")
_DROP_ZONES = text("""
    DELETE FROM zones WHERE location_id = :location_id AND zone_id <> ALL(CAST(:zone_ids AS text[]))
""")
_LOCATION_COLUMNS = """
    l.location_id, l.kind, l.title, l.address, l.latitude, l.longitude, l.time_zone, l.gln, l.collect_enabled,
    l.ship_enabled, l.safety_stock, l.opening_hours::text AS opening_hours,
    ARRAY(SELECT zone_id FROM zones z WHERE z.location_id = l.location_id ORDER BY zone_id) AS zone_ids,
    ARRAY(SELECT kind FROM zones z WHERE z.location_id = l.location_id ORDER BY zone_id) AS zone_kinds
"""
_LOCATIONS = text(
    f"SELECT {_LOCATION_COLUMNS} FROM locations l WHERE location_id = ANY(CAST(:location_ids AS text[]))"
)
_LIST_LOCATIONS = text(f"""
    SELECT {_LOCATION_COLUMNS} FROM locations l WHERE location_id > :after ORDER BY location_id LIMIT :count
""")
_KNOWN_LOCATIONS = text("""
    SELECT location_id FROM locations WHERE location_id = ANY(CAST(:location_ids AS text[]))
""")
_ZONES_IN_USE = text("""
    SELECT DISTINCT location_id, zone_id FROM read_points
    WHERE location_id = ANY(CAST(:location_ids AS text[]))
""")
_SAVE_READ_POINT = text("""
    INSERT INTO read_points (reader_id, antenna, location_id, zone_id)
    VALUES (:reader_id, :antenna, :location_id, :zone_id)
    ON CONFLICT (reader_id, antenna) DO UPDATE SET
        location_id = excluded.location_id, zone_id = excluded.zone_id
""")
_NOTE_READER = text("""
    INSERT INTO read_points (reader_id, antenna, last_read_time)
    SELECT :reader_id, antenna, :now FROM unnest(CAST(:antennas AS smallint[])) AS a (antenna)
    ON CONFLICT (reader_id, antenna) DO UPDATE SET last_read_time = excluded.last_read_time
""")
_LIST_READ_POINTS = text("""
    SELECT reader_id, antenna, location_id, zone_id, last_read_time FROM read_points
    WHERE (reader_id, antenna) > (:reader_id, :antenna) AND (NOT :only_unadopted OR location_id IS NULL)
    ORDER BY reader_id, antenna LIMIT :count
""")
_READ_POINTS = text("""
    SELECT r.antenna, r.location_id, r.zone_id, z.kind
    FROM read_points r JOIN zones z USING (location_id, zone_id)
    WHERE r.reader_id = :reader_id
""")


async def save_items(connection: AsyncConnection, items: Sequence[Item]) -> None:
    """Create or replace items with their GTINs, of which none may be another item's."""
    ordered = sorted(items, key=lambda item: item.item_id)
    await connection.execute(
        _SAVE_ITEM,
        [{name: getattr(item, name) for name in _ITEM_FIELDS} for item in ordered],
    )
    await connection.execute(_DROP_GTINS, {"item_ids": [item.item_id for item in ordered]})
    gtins = [{"gtin": gtin, "item_id": item.item_id} for item in ordered for gtin in item.gtins]
    if gtins:
        await connection.execute(_ADD_GTIN, gtins)


async def gtin_owners(connection: AsyncConnection, gtins: Iterable[str]) -> dict[str, str]:
    """Read which items some GTINs mean; those that mean none are left out."""
    rows = await connection.execute(_GTIN_OWNERS, {"gtins": list(gtins)})
    return {row.gtin: row.item_id for row in rows}


async def items(connection: AsyncConnection, item_ids: Iterable[str]) -> list[Item]:
    return [_item(row) for row in await connection.execute(_ITEMS, {"item_ids": list(item_ids)})]


async def list_items(connection: AsyncConnection, after: str, count: int) -> list[Item]:
    rows = await connection.execute(_LIST_ITEMS, {"after": after, "count": count})
    return [_item(row) for row in rows]


async def known_items(connection: AsyncConnection, item_ids: Iterable[str]) -> set[str]:
    rows = await connection.execute(_KNOWN_ITEMS, {"item_ids": list(item_ids)})
    return set(rows.scalars())


async def save_location(connection: AsyncConnection, location: Location) -> None:
    """Create or replace a location with its zones. Fails on a zone that a read point still names."""
    await connection.execute(
        _SAVE_LOCATION,
        {
            "location_id": location.location_id,
            "kind": location.kind,
            "title": location.title,
            "address": location.address,
            "latitude": location.latitude,
            "longitude": location.longitude,
            "time_zone": location.time_zone,
            "gln": location.gln,
            "collect_enabled": location.collect_enabled,
            "ship_enabled": location.ship_enabled,
            "safety_stock": location.safety_stock,
            "opening_hours": json.dumps(
                [[each.day_of_week, each.open_minute, each.close_minute] for each in location.opening_hours]
            ),
        },
    )
    zones = {
        "location_id": location.location_id,
        "zone_ids": [zone.zone_id for zone in location.zones],
        "kinds": [zone.kind for zone in location.zones],
    }
    await connection.execute(_SAVE_ZONES, zones)
    await connection.execute(_DROP_ZONES, {key: zones[key] for key in ("location_id", "zone_ids")})


async def locations(connection: AsyncConnection, location_ids: Iterable[str]) -> list[Location]:
    rows = await connection.execute(_LOCATIONS, {"location_ids": list(location_ids)})
    return [_location(row) for row in rows]


async def list_locations(connection: AsyncConnection, after: str, count: int) -> list[Location]:
    rows = await connection.execute(_LIST_LOCATIONS, {"after": after, "count": count})
    return [_location(row) for row in rows]


async def known_locations(connection: AsyncConnection, location_ids: Iterable[str]) -> set[str]:
    rows = await connection.execute(_KNOWN_LOCATIONS, {"location_ids": list(location_ids)})
    return set(rows.scalars())


async def save_read_point(connection: AsyncConnection, point: ReadPoint) -> None:
    await connection.execute(
        _SAVE_READ_POINT,
        {
            "reader_id": point.reader_id,
            "antenna": point.antenna,
            "location_id": point.location_id,
            "zone_id": point.zone_id,
        },
    )


async def note_reader(
    connection: AsyncConnection, reader_id: str, antennas: Iterable[int], now: datetime
) -> None:
    """Note that antennas posted reads; those that were never configured then wait for adoption."""
    await connection.execute(_NOTE_READER, {"reader_id": reader_id, "antennas": sorted(antennas), "now": now})


async def zones_in_use(connection: AsyncConnection, location_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Read which zones of these locations read points name."""
    rows = await connection.execute(_ZONES_IN_USE, {"location_ids": list(location_ids)})
    return {(row.location_id, row.zone_id) for row in rows}


async def list_read_points(
    connection: AsyncConnection, after: tuple[str, int], count: int, *, only_unadopted: bool
) -> list[ReadPoint]:
    rows = await connection.execute(
        _LIST_READ_POINTS,
        {"reader_id": after[0], "antenna": after[1], "count": count, "only_unadopted": only_unadopted},
    )
    return [
        ReadPoint(row.reader_id, row.antenna, row.location_id, row.zone_id, row.last_read_time)
        for row in rows
    ]


async def read_points(connection: AsyncConnection, reader_id: str) -> dict[int, tuple[str, str, ZoneKind]]:
    """Read the adopted antennas of a reader: location, zone and its kind. Antenna 0 stands for the rest."""
    rows = await connection.execute(_READ_POINTS, {"reader_id": reader_id})
    return {row.antenna: (row.location_id, row.zone_id, ZoneKind(row.kind)) for row in rows}


def _item(row: Any) -> Item:
    return Item(
        row.item_id,
        tuple(row.gtins),
        row.title,
        row.style_id,
        row.size,
        row.colour,
        row.item_class,
        row.tagged,
        row.picture_uri,
        row.weight_grams,
    )


def _location(row: Any) -> Location:
    return Location(
        row.location_id,
        row.kind,
        row.title,
        row.address,
        row.latitude,
        row.longitude,
        row.time_zone,
        row.gln,
        row.collect_enabled,
        row.ship_enabled,
        row.safety_stock,
        tuple(
            Zone(zone_id, ZoneKind(kind)) for zone_id, kind in zip(row.zone_ids, row.zone_kinds, strict=True)
        ),
        tuple(OpeningHours(*span) for span in json.loads(row.opening_hours)),
    )
