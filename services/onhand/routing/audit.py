"""Proof that no order is forgotten: what waits is looked at."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.audit import Check, Repair
from onhand.kit.clock import Clock
from onhand.routing.domain.order import AssignmentState

_WAITS = f"""
    o.next_action_time IS NULL AND (
        EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.order_id AND l.action_time IS NOT NULL)
        OR EXISTS (SELECT FROM releases r WHERE r.order_id = o.order_id)
        OR EXISTS (SELECT FROM assignments a WHERE a.order_id = o.order_id AND a.state = {AssignmentState.UNDER_WAY:d}))
"""
CHECKS = (
    Check(
        f"""
            SELECT 'an order with something to do is looked at' AS what, '' AS location_id, o.order_id AS subject,
                   0 AS stored, 1 AS expected, o.order_id
            FROM orders o WHERE {_WAITS}
        """,
        ("order_id",),
    ),
)
_LOCK = text("SELECT FROM orders WHERE order_id = :order_id FOR UPDATE")
_LOOK_AT = text(f"UPDATE orders o SET next_action_time = :now WHERE o.order_id = :order_id AND {_WAITS}")


async def put_right(connection: AsyncConnection, clock: Clock, order_id: str) -> Repair:
    """Have an order looked at now: whoever does finds out when it is to be looked at next."""
    await connection.execute(_LOCK, {"order_id": order_id})
    done = await connection.execute(_LOOK_AT, {"order_id": order_id, "now": clock.now()})
    return Repair(["looked at now"] if done.rowcount else [])
