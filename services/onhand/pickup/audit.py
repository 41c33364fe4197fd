"""Proof that no task is forgotten, and that the tags which lie picked are held for their tasks."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.audit import Check, Repair
from onhand.kit.clock import Clock
from onhand.pickup.domain.task import State
from onhand.pickup.storage import tasks

TASK = ("task_id",)
CHECKS = (
    Check(
        f"""
            SELECT 'a live task is looked at' AS what, location_id, task_id::text AS subject, task_id::text,
                   0 AS stored, 1 AS expected
            FROM tasks WHERE due_time IS NULL AND state < {State.COLLECTED:d}
        """,
        TASK,
    ),
    Check(
        f"""
            SELECT 'a picked tag is held for its task' AS what, t.location_id, t.task_id::text || ' ' || epc AS subject,
                   t.task_id::text, (h.task_id IS NOT NULL)::int AS stored, (l.task_id IS NOT NULL)::int AS expected
            FROM held_tags h FULL JOIN (
                SELECT task_id, epc FROM tasks JOIN task_lines USING (task_id), unnest(epcs) AS epc
                WHERE state < {State.COLLECTED:d} AND epc <> ALL(given_epcs)
            ) l USING (task_id, epc)
            JOIN tasks t USING (task_id)
            WHERE h.task_id IS NULL OR l.task_id IS NULL
        """,
        TASK,
    ),
)


async def put_right(connection: AsyncConnection, _clock: Clock, task_id: str) -> Repair:
    """Reckon anew when a task is due and which tags are held for it, in the transaction under way."""
    task = await tasks.lock(connection, task_id)
    dropped, added, contested = await tasks.hold_again(connection, task)
    changes = [f"tag {each}: let go" for each in sorted(dropped)]
    changes += [f"tag {each}: held" for each in sorted(added)]
    if await tasks.set_due(connection, task):
        changes.append("due anew")
    return Repair(changes, [f"for which task is tag {each}" for each in sorted(contested)])
