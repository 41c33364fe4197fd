"""Display policies, substitutes, postal codes, and what is on its way: rows ⇄ domain."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.display import DisplayPolicy

_SAVE_POLICY = text("""
    INSERT INTO display_policies (channel, low_quantity, out_quantity, hide_quantities)
    VALUES (:channel, :low_quantity, :out_quantity, :hide_quantities)
    ON CONFLICT (channel) DO UPDATE SET
        low_quantity = excluded.low_quantity, out_quantity = excluded.out_quantity,
        hide_quantities = excluded.hide_quantities
""")
_POLICIES = text("""
    SELECT channel, low_quantity, out_quantity, hide_quantities FROM display_policies ORDER BY channel
""")
_DROP_SUBSTITUTES = text("DELETE FROM item_substitutes WHERE item_id = :item_id")
_ADD_SUBSTITUTES = text("""
    INSERT INTO item_substitutes (item_id, rank, substitute_item_id)
    SELECT :item_id, rank, substitute_item_id
    FROM unnest(CAST(:substitute_item_ids AS text[])) WITH ORDINALITY AS s (substitute_item_id, rank)
""")
_SUBSTITUTES = text("SELECT substitute_item_id FROM item_substitutes WHERE item_id = :item_id ORDER BY rank")
_VARIANTS = text("""
    SELECT item_id, size, colour FROM items WHERE style_id = :style_id AND style_id <> ''
    ORDER BY colour, size, item_id LIMIT :count
""")
_SIBLINGS = text("""
    SELECT s.item_id FROM items i JOIN items s ON s.style_id = i.style_id AND s.item_id <> i.item_id
    WHERE i.item_id = :item_id AND i.style_id <> '' ORDER BY s.colour, s.size, s.item_id LIMIT :count
""")
_SAVE_PLACES = text("""
    INSERT INTO postal_places (region_code, postal_code, latitude, longitude)
    SELECT DISTINCT ON (1, 2) * FROM unnest(
        CAST(:region_codes AS text[]), CAST(:postal_codes AS text[]),
        CAST(:latitudes AS double precision[]), CAST(:longitudes AS double precision[]))
    ORDER BY 1, 2
    ON CONFLICT (region_code, postal_code) DO UPDATE SET
        latitude = excluded.latitude, longitude = excluded.longitude
""")
_PLACE = text("""
    SELECT latitude, longitude FROM postal_places
    WHERE region_code = :region_code AND postal_code = :postal_code
""")
_INCOMING = text("""
    SELECT l.location_id, s.expected_time,
           sum(greatest(greatest(l.announced, l.dispatched) - l.received, 0))::bigint AS units
    FROM shipment_lines l JOIN shipments s USING (shipment_id)
    WHERE l.location_id = ANY(CAST(:location_ids AS text[])) AND l.item_id = :item_id
      AND s.to_location_id = l.location_id AND s.state IN (1, 2, 3)
    GROUP BY l.location_id, s.expected_time
""")

Place = tuple[str, str, float, float]
"""Region, postal code, latitude, longitude."""


async def save_policy(connection: AsyncConnection, policy: DisplayPolicy) -> None:
    await connection.execute(
        _SAVE_POLICY,
        {
            "channel": policy.channel,
            "low_quantity": policy.low_quantity,
            "out_quantity": policy.out_quantity,
            "hide_quantities": policy.hide_quantities,
        },
    )


async def policies(connection: AsyncConnection) -> list[DisplayPolicy]:
    return [DisplayPolicy(*row) for row in await connection.execute(_POLICIES)]


async def save_substitutes(connection: AsyncConnection, item_id: str, substitutes: Sequence[str]) -> None:
    await connection.execute(_DROP_SUBSTITUTES, {"item_id": item_id})
    if substitutes:
        await connection.execute(
            _ADD_SUBSTITUTES, {"item_id": item_id, "substitute_item_ids": list(substitutes)}
        )


async def substitutes(connection: AsyncConnection, item_id: str, count: int) -> list[str]:
    """Read what can stand for an item: what the merchant named, then the rest of its style."""
    named = list((await connection.execute(_SUBSTITUTES, {"item_id": item_id})).scalars())
    siblings = (await connection.execute(_SIBLINGS, {"item_id": item_id, "count": count})).scalars()
    return list(dict.fromkeys([*named, *siblings]))[:count]


async def variants(connection: AsyncConnection, style_id: str, count: int) -> list[tuple[str, str, str]]:
    """Read the items of a style with their size and colour."""
    rows = await connection.execute(_VARIANTS, {"style_id": style_id, "count": count})
    return [(row.item_id, row.size, row.colour) for row in rows]


async def save_places(connection: AsyncConnection, places: Iterable[Place]) -> None:
    regions, codes, latitudes, longitudes = map(list, zip(*places, strict=True))
    await connection.execute(
        _SAVE_PLACES,
        {
            "region_codes": regions,
            "postal_codes": codes,
            "latitudes": latitudes,
            "longitudes": longitudes,
        },
    )


async def place(
    connection: AsyncConnection, region_code: str, postal_code: str
) -> tuple[float, float] | None:
    """Read where a postal code is: latitude and longitude."""
    row = (
        await connection.execute(_PLACE, {"region_code": region_code, "postal_code": postal_code})
    ).one_or_none()
    return None if row is None else (row.latitude, row.longitude)


async def incoming(
    connection: AsyncConnection, item_id: str, location_ids: Sequence[str]
) -> dict[str, list[tuple[datetime | None, int]]]:
    """Read by location when how many units of an item are expected; None: at no known time."""
    found: dict[str, list[tuple[datetime | None, int]]] = {}
    parameters = {"item_id": item_id, "location_ids": list(location_ids)}
    for row in await connection.execute(_INCOMING, parameters):
        found.setdefault(row.location_id, []).append((row.expected_time, row.units))
    return found
