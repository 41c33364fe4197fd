"""Orders, whose they are, their lines, and how far their tasks have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.occasions import Line, Occasion, Order, Task
from onhand.notifications.storage import FORGET_AT_ONCE

_ADD = text("""
    INSERT INTO orders (order_id, identity_id, address_ids, allow_split, create_time)
    VALUES (:order_id, :identity_id, CAST(:address_ids AS uuid[]), :allow_split, :now)
""")
_ADD_LINES = text("""
    INSERT INTO order_lines (order_id, line_id, item_id, quantity)
    SELECT :order_id, line_id, item_id, quantity
    FROM unnest(CAST(:line_ids AS text[]), CAST(:item_ids AS text[]), CAST(:quantities AS bigint[]))
         AS line (line_id, item_id, quantity)
""")
_KNOWN = text("SELECT true FROM orders WHERE order_id = :order_id")
_GET = text("""
    SELECT o.allow_split, o.identity_id, o.address_ids, i.contact_id, l.line_id, l.item_id, l.quantity
    FROM orders o LEFT JOIN identities i ON i.identity_id = o.identity_id
    LEFT JOIN order_lines l ON l.order_id = o.order_id WHERE o.order_id = :order_id ORDER BY l.line_id
""")
_OF_CONTACT = text("""
    SELECT o.order_id FROM orders o JOIN identities i ON i.identity_id = o.identity_id
    WHERE i.contact_id = :contact_id ORDER BY o.create_time, o.order_id
""")
_ADVANCE_TASK = text("""
    INSERT INTO tasks (task_id, order_id, version) VALUES (:task_id, :order_id, :version)
    ON CONFLICT (task_id) DO UPDATE SET version = excluded.version WHERE tasks.version <= excluded.version
""")
_DROP = text("""
    DELETE FROM orders WHERE order_id IN (
        SELECT order_id FROM orders WHERE create_time < :before LIMIT :limit
    )
""")


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order and whose it is."""

    order: Order
    contact_id: UUID | None
    """None: the person was erased."""
    identity_id: UUID | None
    address_ids: tuple[UUID, ...]
    """Of the addresses that came with it."""


async def is_known(connection: AsyncConnection, order_id: str) -> bool:
    return bool(await connection.scalar(_KNOWN, {"order_id": order_id}))


async def add(
    connection: AsyncConnection, order: Order, identity_id: UUID, address_ids: Sequence[UUID], now: datetime
) -> None:
    await connection.execute(
        _ADD,
        {
            "order_id": order.order_id,
            "identity_id": identity_id,
            "address_ids": list(address_ids),
            "allow_split": order.allow_split,
            "now": now,
        },
    )
    await connection.execute(
        _ADD_LINES,
        {
            "order_id": order.order_id,
            "line_ids": [each.line_id for each in order.lines],
            "item_ids": [each.item_id for each in order.lines],
            "quantities": [each.quantity for each in order.lines],
        },
    )


async def get(connection: AsyncConnection, order_id: str) -> Ordered | None:
    rows = (await connection.execute(_GET, {"order_id": order_id})).all()
    if not rows:
        return None
    row = rows[0]
    order = Order(
        order_id=order_id,
        allow_split=row.allow_split,
        lines=tuple(
            Line(each.line_id, each.item_id, each.quantity) for each in rows if each.line_id is not None
        ),
    )
    return Ordered(order, row.contact_id, row.identity_id, tuple(row.address_ids))


async def of_contact(connection: AsyncConnection, contact_id: UUID) -> list[str]:
    """Return the ids of a person's orders, oldest first."""
    return list((await connection.execute(_OF_CONTACT, {"contact_id": contact_id})).scalars())


async def advance_task(connection: AsyncConnection, occasion: Occasion, task: Task) -> bool:
    """Note how far a task has come; False when a later event of it has been handled already."""
    key = {"task_id": task.task_id, "order_id": occasion.order_id, "version": task.version}
    return (await connection.execute(_ADVANCE_TASK, key)).rowcount == 1


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some orders made before a time; returns how many."""
    return (await connection.execute(_DROP, {"before": before, "limit": FORGET_AT_ONCE})).rowcount
