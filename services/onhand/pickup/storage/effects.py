"""SQL of what stock is still to be told."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain.departure import Bucket, EffectKind, Goods, Owed
from onhand.pickup.domain.task import Task

_ADD = text("""
    INSERT INTO owed_to_stock (effect_id, task_id, body, next_attempt_time)
    VALUES (:effect_id, :task_id, CAST(:body AS jsonb), :now)
""")
# One of a task at a time, oldest first: a commit is worth nothing before its hold.
_CLAIM = text("""
    UPDATE owed_to_stock SET attempts = attempts + 1, next_attempt_time = :lease_end
    WHERE effect_id IN (
        SELECT o.effect_id FROM owed_to_stock o
        WHERE o.failure IS NULL AND o.next_attempt_time <= :now
          AND NOT EXISTS (SELECT FROM owed_to_stock earlier
                          WHERE earlier.task_id = o.task_id AND earlier.effect_number < o.effect_number
                            AND earlier.failure IS NULL)
        ORDER BY o.next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING effect_id, task_id::text AS task_id, attempts, body::text AS body
""")
_WAITING = text("""
    SELECT count(*), min(next_attempt_time) FROM owed_to_stock WHERE failure IS NULL AND next_attempt_time <= now()
""")
_REFUSED = text("SELECT count(*) FROM owed_to_stock WHERE failure IS NOT NULL")
_SETTLE = text("DELETE FROM owed_to_stock WHERE effect_id = :effect_id")
_POSTPONE = text("UPDATE owed_to_stock SET next_attempt_time = :time WHERE effect_id = :effect_id")
_REFUSE = text("UPDATE owed_to_stock SET failure = :failure WHERE effect_id = :effect_id")
# What a process of an earlier version left: the goods of a whole task.
_ADOPT = text("""
    DELETE FROM stock_effects WHERE task_id IN (
        SELECT task_id FROM stock_effects WHERE failure IS NULL AND next_attempt_time <= :now
        ORDER BY next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING task_id::text
""")


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that stock is to be told."""

    effect_id: UUID
    """The request_id of the call."""
    task_id: str
    attempts: int
    """With the one under way."""
    owed: Owed


def effect_id(task_id: str, name: str) -> UUID:
    """Return the request_id by which stock is told of something about a task, always the same."""
    return uuid5(NAMESPACE_OID, f"onhand:pickup:{task_id}:{name}")


async def waiting(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count what stock is to be told and was not, and tell since when the first is due."""
    count, since = (await connection.execute(_WAITING)).one()
    return int(count), since


async def refused(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count what stock refused to be told: somebody has to look at it."""
    return int((await connection.execute(_REFUSED)).scalar_one()), None


async def add(connection: AsyncConnection, task: Task, owed: Iterable[Owed], now: datetime) -> None:
    """Note what stock is to be told of a task."""
    rows = [
        {
            "effect_id": effect_id(task.task_id, each.name),
            "task_id": UUID(task.task_id),
            "body": json.dumps(asdict(each)),
            "now": now,
        }
        for each in owed
    ]
    if rows:
        await connection.execute(_ADD, rows)


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta, limit: int) -> list[Effect]:
    """Take effects that are due; until the lease ends nobody else does."""
    values = {"now": now, "lease_end": now + lease, "limit": limit}
    return [
        Effect(row.effect_id, row.task_id, row.attempts, _owed(json.loads(row.body)))
        for row in await connection.execute(_CLAIM, values)
    ]


async def settle(connection: AsyncConnection, effect: Effect) -> None:
    """Stock knows."""
    await connection.execute(_SETTLE, {"effect_id": effect.effect_id})


async def postpone(connection: AsyncConnection, effect: Effect, time: datetime) -> None:
    await connection.execute(_POSTPONE, {"effect_id": effect.effect_id, "time": time})


async def refuse(connection: AsyncConnection, effect: Effect, failure: str) -> None:
    """Stock will never take it: keep it, with why, for a person."""
    await connection.execute(_REFUSE, {"effect_id": effect.effect_id, "failure": failure})


async def adopt(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """Take over what an earlier version left to do; returns the tasks whose goods left."""
    return list((await connection.execute(_ADOPT, {"now": now, "limit": limit})).scalars())


def _owed(body: dict[str, Any]) -> Owed:
    goods = tuple(Goods(**{**each, "epcs": tuple(each["epcs"])}) for each in body["goods"])
    typed = {"kind": EffectKind(body["kind"]), "bucket": Bucket(body["bucket"]), "goods": goods}
    return Owed(**{**body, **typed})
