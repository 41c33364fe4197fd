"""Large chains, written straight into a database: what is measured is not how they came there."""

import asyncpg

_MASTER = """
    INSERT INTO items (item_id, title, style_id, size, colour, item_class, tagged, picture_uri, weight_grams)
    SELECT 'item-' || to_char(n, 'FM999000'), '', '', '', '', '', false, '', 0
    FROM generate_series(0, $1::int - 1) AS n
"""
_LOCATIONS = """
    INSERT INTO locations (location_id, kind, title, address, latitude, longitude, time_zone, gln,
                           collect_enabled, ship_enabled, safety_stock, opening_hours)
    SELECT 'store-' || to_char(n, 'FM999900'), 1, '', '', NULL, NULL, 'Europe/Amsterdam', '', true, true, 0, '[]'
    FROM generate_series(0, $1::int - 1) AS n
"""
_CELLS = """
    INSERT INTO balances (location_id, item_id, sellable)
    SELECT location_id, item_id, 1000000 FROM locations, items
"""
_PAST = """
    INSERT INTO reservations (reservation_id, actor, request, state, channel, customer_id, order_id,
                              create_time, expire_time)
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench', '', 4, 'web', '', '',
           now() - interval '1 day', NULL
    FROM generate_series(1, $1::int) AS n
"""
_PAST_LINES = """
    INSERT INTO reservation_lines (location_id, reservation_id, item_id, quantity, released)
    SELECT 'store-' || to_char(n % $3::int, 'FM999900'),
           ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           'item-' || to_char(n % $2::int, 'FM999000'), 1, 1
    FROM generate_series(1, $1::int) AS n
"""
_LONG_S = 300


async def make_chain(url: str, items: int, locations: int) -> None:
    """Make items × locations cells with a million units each."""
    connection = await asyncpg.connect(url, command_timeout=_LONG_S)
    try:
        await connection.execute(_MASTER, items)
        await connection.execute(_LOCATIONS, locations)
        await connection.execute(_CELLS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def make_past(url: str, count: int, items: int, locations: int) -> None:
    """Make reservations of one unit each that were given back."""
    connection = await asyncpg.connect(url, command_timeout=_LONG_S)
    try:
        await connection.execute(_PAST, count)
        await connection.execute(_PAST_LINES, count, items, locations)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
