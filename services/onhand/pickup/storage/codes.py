"""SQL of collection codes; they go with their task's state (tasks.save)."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain.codes import Code

_GET = text("SELECT salt, digest, wrong_attempts, pause_end FROM collection_codes WHERE task_id = :task_id")
_PUT = text("""
    INSERT INTO collection_codes (task_id, salt, digest, wrong_attempts, pause_end)
    VALUES (:task_id, :salt, :digest, :wrong_attempts, :pause_end)
    ON CONFLICT (task_id) DO UPDATE
    SET salt = excluded.salt, digest = excluded.digest, wrong_attempts = excluded.wrong_attempts,
        pause_end = excluded.pause_end
""")
_UPDATE = text("""
    UPDATE collection_codes SET wrong_attempts = :wrong_attempts, pause_end = :pause_end
    WHERE task_id = :task_id
""")


async def get(connection: AsyncConnection, task_id: str) -> Code:
    """Return the code of a task that is ready."""
    row = (await connection.execute(_GET, {"task_id": UUID(task_id)})).one()
    return Code(row.salt, row.digest, row.wrong_attempts, row.pause_end)


async def put(connection: AsyncConnection, task_id: str, code: Code) -> None:
    """Write a task's code over the one before."""
    await connection.execute(_PUT, {**_values(task_id, code), "salt": code.salt, "digest": code.digest})


async def update(connection: AsyncConnection, task_id: str, code: Code) -> None:
    """Write the attempts that missed a code."""
    await connection.execute(_UPDATE, _values(task_id, code))


def _values(task_id: str, code: Code) -> dict[str, Any]:
    return {"task_id": UUID(task_id), "wrong_attempts": code.wrong_attempts, "pause_end": code.pause_end}
