"""Contacts of orders, their lines, and how far their tasks have come."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.occasions import Contact, Line, Occasion, Task
from onhand.notifications.storage import FORGET_AT_ONCE

_ADD = text("""
    INSERT INTO order_contacts (order_id, display_name, sealed_email, locale, allow_split, create_time)
    VALUES (:order_id, :display_name, :sealed_email, :locale, :allow_split, :now)
    ON CONFLICT (order_id) DO NOTHING
""")
_ADD_LINES = text("""
    INSERT INTO order_lines (order_id, line_id, item_id, quantity)
    SELECT :order_id, line_id, item_id, quantity
    FROM unnest(CAST(:line_ids AS text[]), CAST(:item_ids AS text[]), CAST(:quantities AS bigint[]))
         AS line (line_id, item_id, quantity)
""")
_GET = text("""
    SELECT display_name, sealed_email, locale, allow_split FROM order_contacts WHERE order_id = :order_id
""")
_LINES = text(
    "SELECT line_id, item_id, quantity FROM order_lines WHERE order_id = :order_id ORDER BY line_id"
)
_ADVANCE_TASK = text("""
    INSERT INTO tasks (task_id, order_id, version) VALUES (:task_id, :order_id, :version)
    ON CONFLICT (task_id) DO UPDATE SET version = excluded.version WHERE tasks.version <= excluded.version
""")
_DROP = text("""
    DELETE FROM order_contacts WHERE order_id IN (
        SELECT order_id FROM order_contacts WHERE create_time < :before LIMIT :limit
    )
""")


async def add(
    connection: AsyncConnection, contact: Contact, sealed_email: bytes | None, now: datetime
) -> None:
    """Keep an order's contact and lines; an order that is known already stays as it is."""
    added = await connection.execute(
        _ADD,
        {
            "order_id": contact.order_id,
            "display_name": contact.display_name,
            "sealed_email": sealed_email,
            "locale": contact.locale,
            "allow_split": contact.allow_split,
            "now": now,
        },
    )
    if added.rowcount == 1:
        await connection.execute(
            _ADD_LINES,
            {
                "order_id": contact.order_id,
                "line_ids": [each.line_id for each in contact.lines],
                "item_ids": [each.item_id for each in contact.lines],
                "quantities": [each.quantity for each in contact.lines],
            },
        )


async def get(connection: AsyncConnection, order_id: str) -> tuple[Contact, bytes | None] | None:
    """Return an order's contact, without the address, and the sealed address."""
    row = (await connection.execute(_GET, {"order_id": order_id})).one_or_none()
    if row is None:
        return None
    lines = (await connection.execute(_LINES, {"order_id": order_id})).all()
    contact = Contact(
        order_id=order_id,
        display_name=row.display_name,
        email="",
        locale=row.locale,
        allow_split=row.allow_split,
        lines=tuple(Line(each.line_id, each.item_id, each.quantity) for each in lines),
    )
    return contact, row.sealed_email


async def advance_task(connection: AsyncConnection, occasion: Occasion, task: Task) -> bool:
    """Note how far a task has come; False when a later event of it has been handled already."""
    key = {"task_id": task.task_id, "order_id": occasion.order_id, "version": task.version}
    return (await connection.execute(_ADVANCE_TASK, key)).rowcount == 1


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some contacts made before a time, with their orders; returns how many."""
    return (await connection.execute(_DROP, {"before": before, "limit": FORGET_AT_ONCE})).rowcount
