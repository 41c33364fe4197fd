"""SQL of tasks, their lines, held tags and history; rows ⇄ domain.

Whoever changes a task locks its row first, so that what belongs to it (lines, code) needs no lock.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.kit.errors import NotFound
from onhand.pickup import events
from onhand.pickup.domain.task import ENDED, LIVE, Assignment, Kind, State, Task, TaskLine
from onhand.pickup.domain.transitions import Change

# A task and its lines in one statement: never the one before and the other after somebody's change.
_TASKS = """
    SELECT t.task_id::text AS task_id, t.order_id, t.location_id, t.kind, t.state, t.reservation_id,
           t.promise_time, t.accept_deadline, t.collect_deadline, t.customer_display_name, t.shipping_address,
           t.staging_place, t.assignee, t.check_in_time, t.check_in_note, t.carrier, t.tracking_number,
           t.create_time, t.version,
           (SELECT json_agg(json_build_array(l.line_id, l.item_id, l.quantity, l.picked, l.short, l.cancelled,
                                             l.epcs) ORDER BY l.position)::text
            FROM task_lines l WHERE l.task_id = t.task_id) AS lines
    FROM tasks t
"""
_GET = text(_TASKS + " WHERE t.task_id = :task_id")
_LOCK = text("SELECT FROM tasks WHERE task_id = :task_id FOR UPDATE")
_PAGE = """
    WHERE t.location_id = :location_id AND t.state = ANY(CAST(:states AS smallint[]))
      AND (t.promise_time, t.task_id) > (:after_time, :after_id)
"""
_ORDER = " ORDER BY t.promise_time, t.task_id LIMIT :limit"
_LIST = text(_TASKS + _PAGE + _ORDER)
# Says the condition of an index as it stands there, so that tasks long ended cost nothing.
_LIST_LIVE = text(_TASKS + _PAGE + " AND t.state < 7" + _ORDER)
_WATERMARK = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_CHANGED = text(
    _TASKS
    + """
    WHERE t.location_id = :location_id AND t.revision >= CAST(CAST(:since AS text) AS xid8)
    ORDER BY t.revision, t.task_id
"""
)
_SERIALIZE = text("SELECT pg_advisory_xact_lock(hashtextextended(:task_id, 0))")
_INSERT = text("""
    INSERT INTO tasks (task_id, order_id, location_id, kind, state, reservation_id, promise_time,
                       accept_deadline, customer_display_name, shipping_address, create_time, version)
    VALUES (:task_id, :order_id, :location_id, :kind, :state, :reservation_id, :promise_time,
            :accept_deadline, :customer_display_name, :shipping_address, :create_time, :version)
    ON CONFLICT (task_id) DO NOTHING
""")
_INSERT_LINE = text("""
    INSERT INTO task_lines (task_id, position, line_id, item_id, quantity, picked, short, cancelled, epcs)
    VALUES (:task_id, :position, :line_id, :item_id, :quantity, :picked, :short, :cancelled,
            CAST(:epcs AS text[]))
""")
_UPDATE = text("""
    UPDATE tasks
    SET state = :state, collect_deadline = :collect_deadline, staging_place = :staging_place,
        assignee = :assignee, check_in_time = :check_in_time, check_in_note = :check_in_note,
        carrier = :carrier, tracking_number = :tracking_number, version = :version,
        revision = pg_current_xact_id()
    WHERE task_id = :task_id
""")
_UPDATE_LINE = text("""
    UPDATE task_lines
    SET picked = :picked, short = :short, cancelled = :cancelled, epcs = CAST(:epcs AS text[])
    WHERE task_id = :task_id AND line_id = :line_id
""")
_ADD_EVENT = text("""
    INSERT INTO task_events (task_id, event_id, version, occur_time, actor, what, detail)
    VALUES (:task_id, :event_id, :version, :occur_time, :actor, :what, CAST(:detail AS jsonb))
""")
# Sorted, so that two tasks that scan the same tags wait for each other in one order.
_HOLD = text("""
    INSERT INTO held_tags (epc, task_id)
    SELECT epc, :task_id FROM unnest(CAST(:epcs AS text[])) AS epc ORDER BY epc
    ON CONFLICT (epc) DO NOTHING RETURNING epc
""")
_RELEASE = text("DELETE FROM held_tags WHERE task_id = :task_id AND epc = ANY(CAST(:epcs AS text[]))")
_DROP_CODE = text("DELETE FROM collection_codes WHERE task_id = :task_id")
_UNACCEPTED = text("""
    SELECT task_id::text FROM tasks WHERE state = 1 AND accept_deadline <= :now
    ORDER BY accept_deadline LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_UNCOLLECTED = text("""
    SELECT task_id::text FROM tasks WHERE state = 5 AND collect_deadline <= :now
    ORDER BY collect_deadline LIMIT :limit FOR UPDATE SKIP LOCKED
""")


async def find(connection: AsyncConnection, task_id: str) -> Task | None:
    row = (await connection.execute(_GET, {"task_id": UUID(task_id)})).one_or_none()
    return None if row is None else _task(row)


async def get(connection: AsyncConnection, task_id: str) -> Task:
    """Return a task; raises NotFound."""
    task = await find(connection, task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task


async def lock(connection: AsyncConnection, task_id: str) -> Task:
    """Return a task that nobody else changes before the end of the transaction; raises NotFound.

    The lock is a statement of its own: one that also read the lines would, after waiting for the lock,
    see the new task with its old lines.
    """
    await connection.execute(_LOCK, {"task_id": UUID(task_id)})
    return await get(connection, task_id)


async def page(
    connection: AsyncConnection,
    location_id: str,
    states: Collection[State],
    after: tuple[datetime, UUID],
    limit: int,
) -> list[Task]:
    """Return tasks after a promise time and id, most urgent promise first."""
    rows = await connection.execute(
        _LIST_LIVE if LIVE.issuperset(states) else _LIST,
        {
            "location_id": location_id,
            "states": [int(state) for state in states],
            "after_time": after[0],
            "after_id": after[1],
            "limit": limit,
        },
    )
    return [_task(row) for row in rows]


async def watermark(connection: AsyncConnection) -> str:
    """Return a revision below which every transaction has ended."""
    return str((await connection.execute(_WATERMARK)).scalar_one())


async def changed(connection: AsyncConnection, location_id: str, since: str) -> list[Task]:
    """Return the tasks of a location that were changed at revision `since` or later."""
    return [
        _task(row) for row in await connection.execute(_CHANGED, {"location_id": location_id, "since": since})
    ]


async def serialize(connection: AsyncConnection, task_id: str) -> None:
    """Let no other transaction open or withdraw this task meanwhile, also while it has no row to lock."""
    await connection.execute(_SERIALIZE, {"task_id": task_id})


async def insert(connection: AsyncConnection, change: Change, actor: str, clock: Clock) -> bool:
    """Add a new task with its history and events; returns False when it is there already."""
    task, given = change.task, change.task.assignment
    values = {
        "task_id": UUID(given.task_id),
        "order_id": given.order_id,
        "location_id": given.location_id,
        "kind": int(given.kind),
        "state": int(task.state),
        "reservation_id": given.reservation_id,
        "promise_time": given.promise_time,
        "accept_deadline": task.accept_deadline,
        "customer_display_name": given.customer_display_name,
        "shipping_address": given.shipping_address,
        "create_time": task.create_time,
        "version": task.version,
    }
    if (await connection.execute(_INSERT, values)).rowcount == 0:
        return False
    lines = [{**_line_values(task, line), "position": position} for position, line in enumerate(task.lines)]
    await connection.execute(
        _INSERT_LINE,
        [
            {**values, "item_id": line.item_id, "quantity": line.quantity}
            for values, line in zip(lines, task.lines, strict=True)
        ],
    )
    await _record(connection, change, actor, clock)
    return True


async def save(
    connection: AsyncConnection, before: Task, change: Change, actor: str, clock: Clock
) -> list[str]:
    """Write what became of a locked task, with its history and events.

    Returns the tags that another task holds; when there are any the transaction must not commit.
    """
    task = change.task
    values = {
        "task_id": UUID(task.task_id),
        "state": int(task.state),
        "collect_deadline": task.collect_deadline,
        "staging_place": task.staging_place,
        "assignee": task.assignee,
        "check_in_time": task.check_in_time,
        "check_in_note": task.check_in_note,
        "carrier": task.carrier,
        "tracking_number": task.tracking_number,
        "version": task.version,
    }
    await connection.execute(_UPDATE, values)
    was = {line.line_id: line for line in before.lines}
    if lines := [_line_values(task, line) for line in task.lines if line != was[line.line_id]]:
        await connection.execute(_UPDATE_LINE, lines)
    if before.state is State.READY and task.state is not State.READY:
        await connection.execute(_DROP_CODE, {"task_id": UUID(task.task_id)})
    taken = await _hold_tags(connection, before, task)
    await _record(connection, change, actor, clock)
    return taken


async def _hold_tags(connection: AsyncConnection, before: Task, task: Task) -> list[str]:
    held = frozenset[str]() if task.state in ENDED else task.epcs
    key = {"task_id": UUID(task.task_id)}
    if released := sorted(before.epcs - held):
        await connection.execute(_RELEASE, {**key, "epcs": released})
    added = held - before.epcs
    if not added:
        return []
    kept = await connection.execute(_HOLD, {**key, "epcs": sorted(added)})
    return sorted(added.difference(kept.scalars()))


async def _record(connection: AsyncConnection, change: Change, actor: str, clock: Clock) -> None:
    published = events.published(change.task, change.facts, actor, clock)
    await connection.execute(
        _ADD_EVENT,
        [
            {
                "task_id": UUID(change.task.task_id),
                "event_id": UUID(event.message.event_id),  # type: ignore[attr-defined]
                "version": change.task.version,
                "occur_time": clock.now(),
                "actor": actor,
                "what": event.subject.rpartition(".")[2],
                "detail": events.history_detail(fact),
            }
            for event, fact in zip(published, change.facts, strict=True)
        ],
    )
    await outbox.add(connection, published)


async def claim_unaccepted(connection: AsyncConnection, now: datetime, limit: int) -> Sequence[str]:
    """Lock tasks past their accept deadline that nobody else is at."""
    return (await connection.execute(_UNACCEPTED, {"now": now, "limit": limit})).scalars().all()


async def claim_uncollected(connection: AsyncConnection, now: datetime, limit: int) -> Sequence[str]:
    """Lock tasks past their collect deadline that nobody else is at."""
    return (await connection.execute(_UNCOLLECTED, {"now": now, "limit": limit})).scalars().all()


def _line_values(task: Task, line: TaskLine) -> dict[str, Any]:
    return {
        "task_id": UUID(task.task_id),
        "line_id": line.line_id,
        "picked": line.picked,
        "short": line.short,
        "cancelled": line.cancelled,
        "epcs": list(line.epcs),
    }


def _task(row: Row[Any]) -> Task:
    return Task(
        assignment=Assignment(
            task_id=row.task_id,
            order_id=row.order_id,
            location_id=row.location_id,
            kind=Kind(row.kind),
            reservation_id=row.reservation_id,
            promise_time=row.promise_time,
            customer_display_name=row.customer_display_name,
            shipping_address=row.shipping_address,
        ),
        state=State(row.state),
        lines=tuple(
            TaskLine(line_id, item_id, quantity, picked, short, cancelled, tuple(epcs))
            for line_id, item_id, quantity, picked, short, cancelled, epcs in json.loads(row.lines)
        ),
        accept_deadline=row.accept_deadline,
        create_time=row.create_time,
        version=row.version,
        assignee=row.assignee,
        staging_place=row.staging_place,
        collect_deadline=row.collect_deadline,
        check_in_time=row.check_in_time,
        check_in_note=row.check_in_note,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
    )
