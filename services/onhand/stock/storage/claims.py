"""What customers and channels hold already, and which baskets an order may take from.

Locks go cells, then customers, then reservations. A limit of a channel is of one cell, whose lock is held; that
of a customer is over all locations, and needs a lock of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.claims import Held
from onhand.stock.domain.model import CellKey, ReservationState

CUSTOMERS_LOCK = 0x637573
"""First half of the keys of advisory locks on customers; the second is a hash, so that two may share one."""

_COUNTS = f"""
    l.fulfilled + l.released < l.quantity
    AND (r.state = {ReservationState.COMMITTED:d} OR r.state = {ReservationState.HELD:d} AND r.expire_time > :now)
"""
_LOCK_CUSTOMERS = text("""
    SELECT pg_advisory_xact_lock(:lock, h)
    FROM (SELECT DISTINCT hashtext(c) AS h FROM unnest(CAST(:customer_ids AS text[])) AS c ORDER BY 1) AS sorted
""")
_BY_CUSTOMER = text(f"""
    SELECT r.customer_id, l.item_id, r.order_id, sum(l.quantity - l.fulfilled - l.released)::bigint AS units
    FROM reservations r JOIN reservation_lines l USING (reservation_id)
    WHERE r.customer_id = ANY(CAST(:customer_ids AS text[])) AND r.customer_id <> ''
      AND l.item_id = ANY(CAST(:item_ids AS text[])) AND {_COUNTS}
    GROUP BY 1, 2, 3
""")
_BASKET_LINES = """
    reservation_lines l
    JOIN unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[])) AS k (location_id, item_id)
      USING (location_id, item_id)
    JOIN reservations r USING (reservation_id)
"""
_IS_BASKET = f"""
    l.fulfilled + l.released < l.quantity AND r.order_id = ''
    AND r.state = {ReservationState.HELD:d} AND r.expire_time > :now
"""
_BY_CHANNEL = text(f"""
    SELECT r.channel, location_id, item_id, sum(l.quantity - l.fulfilled - l.released)::bigint AS units
    FROM {_BASKET_LINES} WHERE {_IS_BASKET} GROUP BY 1, 2, 3
""")
_BASKETS = text(f"""
    SELECT DISTINCT r.create_time, r.reservation_id FROM {_BASKET_LINES} WHERE {_IS_BASKET}
    ORDER BY r.create_time DESC, r.reservation_id DESC LIMIT :count
""")


async def by_customer(
    connection: AsyncConnection,
    held: Held,
    customer_ids: Iterable[str],
    item_ids: Iterable[str],
    now: datetime,
) -> None:
    """Lock customers until the transaction ends, and add to `held` what they hold of some items."""
    customers = sorted(customer_ids)
    await connection.execute(_LOCK_CUSTOMERS, {"lock": CUSTOMERS_LOCK, "customer_ids": customers})
    parameters = {"customer_ids": customers, "item_ids": sorted(item_ids), "now": now}
    for row in await connection.execute(_BY_CUSTOMER, parameters):
        held.customers.setdefault((row.customer_id, row.item_id), {})[row.order_id] = row.units


async def by_channel(connection: AsyncConnection, held: Held, keys: Sequence[CellKey], now: datetime) -> None:
    """Add to `held` what the baskets of each channel hold of cells, which are locked."""
    for row in await connection.execute(_BY_CHANNEL, {**_keys(keys), "now": now}):
        held.channels[row.channel, CellKey(row.location_id, row.item_id)] = row.units


async def baskets_on(
    connection: AsyncConnection, keys: Sequence[CellKey], now: datetime, count: int
) -> list[UUID]:
    """Find the latest baskets that hold units of some cells, which are locked."""
    rows = await connection.execute(_BASKETS, {**_keys(keys), "now": now, "count": count})
    return [row.reservation_id for row in rows]


def _keys(keys: Sequence[CellKey]) -> dict[str, list[str]]:
    return {
        "location_ids": [key.location_id for key in keys],
        "item_ids": [key.item_id for key in keys],
    }
