"""SQL of withdrawals that came before their task."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_KEEP = text("""
    INSERT INTO early_withdrawals (task_id, line_ids, detail, receive_time)
    VALUES (:task_id, CAST(:line_ids AS text[]), :detail, :now)
""")
_TAKE = text("""
    WITH taken AS (DELETE FROM early_withdrawals WHERE task_id = :task_id
                   RETURNING withdrawal_id, line_ids, detail)
    SELECT line_ids, detail FROM taken ORDER BY withdrawal_id
""")
_FORGET = text("DELETE FROM early_withdrawals WHERE receive_time < :before")


async def keep(
    connection: AsyncConnection, task_id: str, line_ids: Sequence[str], detail: str, now: datetime
) -> None:
    """Keep a withdrawal until its task comes."""
    values = {"task_id": UUID(task_id), "line_ids": list(line_ids), "detail": detail, "now": now}
    await connection.execute(_KEEP, values)


async def take(connection: AsyncConnection, task_id: str) -> list[tuple[list[str], str]]:
    """Return the line ids and detail of each withdrawal that came before its task, and drop them."""
    rows = await connection.execute(_TAKE, {"task_id": UUID(task_id)})
    return [(list(row.line_ids), row.detail) for row in rows]


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Drop withdrawals whose task never came; returns how many."""
    return (await connection.execute(_FORGET, {"before": before})).rowcount
