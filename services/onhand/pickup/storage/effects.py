"""SQL of goods that left the store and that stock is still to be told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("INSERT INTO stock_effects (task_id, next_attempt_time) VALUES (:task_id, :now)")
_CLAIM = text("""
    UPDATE stock_effects SET attempts = attempts + 1, next_attempt_time = :lease_end
    WHERE task_id IN (SELECT task_id FROM stock_effects WHERE failure IS NULL AND next_attempt_time <= :now
                      ORDER BY next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING task_id::text AS task_id, attempts
""")
_SETTLE = text("DELETE FROM stock_effects WHERE task_id = :task_id")
_POSTPONE = text("UPDATE stock_effects SET next_attempt_time = :time WHERE task_id = :task_id")
_REFUSE = text("UPDATE stock_effects SET failure = :failure WHERE task_id = :task_id")


@dataclass(frozen=True, slots=True)
class Effect:
    """Goods of a task that left, which stock is to be told of."""

    task_id: str
    attempts: int
    """With the one under way."""


async def add(connection: AsyncConnection, task_id: str, now: datetime) -> None:
    """Note that stock is to be told what left."""
    await connection.execute(_ADD, {"task_id": UUID(task_id), "now": now})


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta, limit: int) -> list[Effect]:
    """Take effects that are due; until the lease ends nobody else does."""
    values = {"now": now, "lease_end": now + lease, "limit": limit}
    return [Effect(row.task_id, row.attempts) for row in await connection.execute(_CLAIM, values)]


async def settle(connection: AsyncConnection, task_id: str) -> None:
    """Stock knows."""
    await connection.execute(_SETTLE, {"task_id": UUID(task_id)})


async def postpone(connection: AsyncConnection, task_id: str, time: datetime) -> None:
    await connection.execute(_POSTPONE, {"task_id": UUID(task_id), "time": time})


async def refuse(connection: AsyncConnection, task_id: str, failure: str) -> None:
    """Stock will never take it: keep it, with why, for a person."""
    await connection.execute(_REFUSE, {"task_id": UUID(task_id), "failure": failure})
