"""Who advances an order now, and which are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CLAIM_DUE = text("""
    UPDATE orders SET lease_id = :lease_id, lease_until = :lease_until
    WHERE order_id IN (
        SELECT order_id FROM orders
        WHERE next_action_time <= :now AND (lease_until IS NULL OR lease_until <= :now)
          AND (wave_time IS NULL OR attempt > 0 OR wave_time <= :missed)
        ORDER BY next_action_time, create_time LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING order_id
""")
_CLAIM_WAVE = text("""
    UPDATE orders SET lease_id = :lease_id, lease_until = :lease_until
    WHERE order_id IN (
        SELECT order_id FROM orders
        WHERE wave_time <= :now AND attempt = 0 AND next_action_time <= :now
          AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY wave_time, create_time LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING order_id
""")
_DUE = text("SELECT count(*), min(next_action_time) FROM orders WHERE next_action_time <= now()")
_END_LEASE = text("""
    UPDATE orders SET lease_id = NULL, lease_until = NULL
    WHERE order_id = :order_id AND lease_id = :lease_id
""")
_POSTPONE = text("""
    UPDATE orders SET failures = failures + 1, lease_id = NULL, lease_until = NULL,
        next_action_time = CAST(:now AS timestamptz) + least(
            CAST(:first AS interval) * power(2, least(failures, 20)), CAST(:most AS interval))
    WHERE order_id = :order_id AND lease_id = :lease_id
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to advance an order."""

    order_id: str
    lease_id: str
    until: datetime


class LeaseLostError(Exception):
    """Another process advances the order now."""


async def due(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count the orders that are due, also those under way, and tell since when the first is."""
    count, since = (await connection.execute(_DUE)).one()
    return int(count), since


async def claim(
    connection: AsyncConnection,
    now: datetime,
    lease_id: str,
    duration: timedelta,
    most: int,
    wave_grace: timedelta,
) -> list[Lease]:
    """Lease orders that are due, longest due first, oldest first among equals.

    One whose wave began longer than `wave_grace` ago and did not take it along is due like any other.
    """
    until = now + duration
    key = {"lease_id": UUID(lease_id), "lease_until": until, "now": now, "most": most}
    found = await connection.execute(_CLAIM_DUE, {**key, "missed": now - wave_grace})
    return [Lease(each, lease_id, until) for each in found.scalars()]


async def claim_wave(
    connection: AsyncConnection, now: datetime, lease_id: str, duration: timedelta, most: int
) -> list[Lease]:
    """Lease orders whose wave has begun, oldest first."""
    until = now + duration
    key = {"lease_id": UUID(lease_id), "lease_until": until, "now": now, "most": most}
    return [Lease(each, lease_id, until) for each in (await connection.execute(_CLAIM_WAVE, key)).scalars()]


async def end(connection: AsyncConnection, lease: Lease) -> None:
    await connection.execute(_END_LEASE, {"order_id": lease.order_id, "lease_id": UUID(lease.lease_id)})


async def postpone(
    connection: AsyncConnection, lease: Lease, now: datetime, first: timedelta, most: timedelta
) -> None:
    """End a lease and look at the order later, the later the more often that happened in a row."""
    key = {"order_id": lease.order_id, "lease_id": UUID(lease.lease_id)}
    await connection.execute(_POSTPONE, {**key, "now": now, "first": first, "most": most})
