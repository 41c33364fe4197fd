"""SQL of tasks, their lines, held tags and history.

Whoever changes a task locks its row first, so that what belongs to it (lines, code) needs no lock.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.kit.errors import NotFound
from onhand.pickup import events
from onhand.pickup.domain.task import ENDED, LIVE, TO_PICK, State, Task
from onhand.pickup.domain.transitions import Change
from onhand.pickup.storage import rows

# A task with its lines and slot in one statement: never the one before and the other after a change.
_TASKS = """
    SELECT t.task_id::text AS task_id, t.order_id, t.location_id, t.kind, t.state, t.reservation_id,
           t.promise_time, t.accept_deadline, t.collect_deadline, t.customer_display_name, t.shipping_address,
           t.staging_place, t.assignee, t.check_in_time, t.check_in_note, t.carrier, t.tracking_number,
           t.create_time, t.version, t.wave_id::text AS wave_id, t.step_deadline, t.escalations,
           t.accept_time, t.ready_time, t.end_time, t.on_my_way_time, t.arrive_time, t.collector_name,
           t.identity_check, t.minimum_age, t.extensions, t.reminder_time, t.expire_time, t.wait_deadline,
           t.shelve_deadline, t.code_number, t.alerts::text AS alerts,
           t.substitutions::text AS substitutions, t.hand_overs::text AS hand_overs,
           (SELECT json_agg(json_build_object(
                       'line_id', l.line_id, 'item_id', l.item_id, 'quantity', l.quantity, 'picked', l.picked,
                       'short', l.short, 'cancelled', l.cancelled, 'epcs', l.epcs,
                       'handed_over', l.handed_over, 'refused', l.refused, 'returned', l.returned,
                       'to_shelve', l.to_shelve, 'substituted', l.substituted, 'given_epcs', l.given_epcs,
                       'reservation_id', l.reservation_id) ORDER BY l.position)::text
            FROM task_lines l WHERE l.task_id = t.task_id) AS lines,
           (SELECT json_build_array(b.slot_booking_id, b.kind, b.start_time, b.end_time)::text
            FROM slot_bookings b
            WHERE b.order_id = t.order_id AND b.order_id <> '' AND b.location_id = t.location_id
              AND b.state IN (2, 3, 4) AND t.kind = 1
            ORDER BY b.state, b.create_time DESC LIMIT 1) AS slot
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
_LIST_TO_SHELVE = text(_TASKS + _PAGE + " AND t.shelve_deadline IS NOT NULL" + _ORDER)
_OF_ORDER = text(_TASKS + " WHERE t.order_id = :order_id ORDER BY t.create_time, t.task_id LIMIT 1000")
_OF_WAVE = text(_TASKS + " WHERE t.wave_id = :wave_id ORDER BY t.promise_time, t.task_id")
_LOCK_OF_ORDER = text("""
    SELECT task_id::text FROM tasks WHERE order_id = :order_id AND location_id = :location_id AND state < 7
    ORDER BY task_id FOR UPDATE
""")
_WATERMARK = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_CHANGED = text(
    _TASKS
    + """
    WHERE t.location_id = :location_id AND t.revision >= CAST(CAST(:since AS text) AS xid8)
    ORDER BY t.revision, t.task_id
"""
)
# Says the condition of tasks_live, and goes through that index from its end.
_TO_PICK = text("""
    SELECT t.task_id::text FROM tasks t
    WHERE t.location_id = :location_id AND t.state < 7 AND t.state = ANY(CAST(:states AS smallint[]))
      AND EXISTS (SELECT FROM task_lines l
                  WHERE l.task_id = t.task_id AND l.item_id = :item_id
                    AND l.quantity > l.picked + l.short + l.cancelled + l.substituted)
    ORDER BY t.promise_time DESC, t.task_id DESC LIMIT :limit
""")
_SERIALIZE = text("SELECT pg_advisory_xact_lock(hashtextextended(:task_id, 0))")
_CASTS = {
    "alerts": "jsonb",
    "substitutions": "jsonb",
    "hand_overs": "jsonb",
    "epcs": "text[]",
    "given_epcs": "text[]",
}


def _value(name: str) -> str:
    return f"CAST(:{name} AS {_CASTS[name]})" if name in _CASTS else f":{name}"


_CHANGING = (*rows.COLUMNS, *rows.LISTS)
_FIXED = (
    "task_id", "order_id", "location_id", "kind", "reservation_id", "promise_time", "accept_deadline",
    "customer_display_name", "shipping_address", "create_time",
)  # fmt: skip
_INSERT = text(f"""
    INSERT INTO tasks ({", ".join((*_FIXED, *_CHANGING))})
    VALUES ({", ".join(_value(name) for name in (*_FIXED, *_CHANGING))})
    ON CONFLICT (task_id) DO NOTHING
""")
_UPDATE = text(f"""
    UPDATE tasks
    SET {", ".join(f"{name} = {_value(name)}" for name in _CHANGING)}, revision = pg_current_xact_id()
    WHERE task_id = :task_id
""")
_INSERT_LINE = text(f"""
    INSERT INTO task_lines (task_id, line_id, position, item_id, quantity, reservation_id,
                            {", ".join(rows.LINE_COLUMNS)})
    VALUES (:task_id, :line_id, :position, :item_id, :quantity, :line_reservation_id,
            {", ".join(_value(name) for name in rows.LINE_COLUMNS)})
""")
_UPDATE_LINE = text(f"""
    UPDATE task_lines SET {", ".join(f"{name} = {_value(name)}" for name in rows.LINE_COLUMNS)}
    WHERE task_id = :task_id AND line_id = :line_id
""")
_TOUCH = text("""
    UPDATE tasks SET version = version + 1, revision = pg_current_xact_id()
    WHERE task_id = ANY(CAST(:task_ids AS uuid[]))
""")
_PASSED = text("SELECT count(*), min(due_time) FROM tasks WHERE due_time <= now()")
_SET_DUE = text("""
    UPDATE tasks SET due_time = :due_time WHERE task_id = :task_id AND due_time IS DISTINCT FROM :due_time
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
_HOLDERS = text("""
    SELECT epc, task_id::text AS task_id FROM held_tags WHERE epc = ANY(CAST(:epcs AS text[]))
""")
_HELD = text("SELECT epc FROM held_tags WHERE task_id = :task_id")
_DROP_CODE = text("DELETE FROM collection_codes WHERE task_id = :task_id")
_DUE = text("""
    SELECT task_id::text FROM tasks WHERE due_time <= :now
    ORDER BY due_time LIMIT :limit FOR UPDATE SKIP LOCKED
""")


async def find(connection: AsyncConnection, task_id: str) -> Task | None:
    row = (await connection.execute(_GET, {"task_id": UUID(task_id)})).one_or_none()
    return None if row is None else rows.task_of(row)


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
    *,
    only_to_shelve: bool = False,
) -> list[Task]:
    """Return tasks after a promise time and id, most urgent promise first."""
    statement = _LIST_LIVE if LIVE.issuperset(states) else _LIST
    found = await connection.execute(
        _LIST_TO_SHELVE if only_to_shelve else statement,
        {
            "location_id": location_id,
            "states": [int(state) for state in states],
            "after_time": after[0],
            "after_id": after[1],
            "limit": limit,
        },
    )
    return [rows.task_of(row) for row in found]


async def of_order(connection: AsyncConnection, order_id: str) -> list[Task]:
    """Return the tasks of an order, oldest first, 1,000 at most."""
    return [rows.task_of(row) for row in await connection.execute(_OF_ORDER, {"order_id": order_id})]


async def of_wave(connection: AsyncConnection, wave_id: str) -> list[Task]:
    """Return the tasks in a wave, most urgent promise first."""
    return [rows.task_of(row) for row in await connection.execute(_OF_WAVE, {"wave_id": UUID(wave_id)})]


async def lock_of_order(connection: AsyncConnection, order_id: str, location_id: str) -> list[str]:
    """Lock the live tasks of an order at a location, and return their ids."""
    key = {"order_id": order_id, "location_id": location_id}
    return list((await connection.execute(_LOCK_OF_ORDER, key)).scalars())


async def to_pick(connection: AsyncConnection, location_id: str, item_id: str, limit: int) -> list[str]:
    """Return the ids of tasks that still have units of an item to pick, the latest promise first."""
    key = {"location_id": location_id, "item_id": item_id, "states": [int(state) for state in TO_PICK]}
    return list((await connection.execute(_TO_PICK, {**key, "limit": limit})).scalars())


async def touch(connection: AsyncConnection, task_ids: Sequence[str]) -> None:
    """Show watches that something beside locked tasks has changed."""
    if task_ids:
        await connection.execute(_TOUCH, {"task_ids": [UUID(each) for each in task_ids]})


async def set_due(connection: AsyncConnection, task: Task) -> bool:
    """Put right when a locked task is due; tells whether that changed it."""
    values = {"task_id": UUID(task.task_id), "due_time": task.due_time()}
    return bool((await connection.execute(_SET_DUE, values)).rowcount)


async def watermark(connection: AsyncConnection) -> str:
    """Return a revision below which every transaction has ended."""
    return str((await connection.execute(_WATERMARK)).scalar_one())


async def changed(connection: AsyncConnection, location_id: str, since: str) -> list[Task]:
    """Return the tasks of a location that were changed at revision `since` or later."""
    found = await connection.execute(_CHANGED, {"location_id": location_id, "since": since})
    return [rows.task_of(row) for row in found]


async def serialize(connection: AsyncConnection, task_id: str) -> None:
    """Let no other transaction open or withdraw this task meanwhile, also while it has no row to lock."""
    await connection.execute(_SERIALIZE, {"task_id": task_id})


async def insert(connection: AsyncConnection, change: Change, actor: str, clock: Clock) -> bool:
    """Add a new task with its history and events; returns False when it is there already."""
    task = change.task
    values = {**rows.new_values(task), **rows.task_values(task)}
    if (await connection.execute(_INSERT, values)).rowcount == 0:
        return False
    lines = [rows.new_line_values(task, position) for position in range(len(task.lines))]
    await connection.execute(_INSERT_LINE, lines)
    await _record(connection, change, actor, clock)
    return True


async def save(
    connection: AsyncConnection, before: Task, change: Change, actor: str, clock: Clock
) -> list[str]:
    """Write what became of a locked task, with its history and events.

    Returns the tags that another task holds; when there are any the transaction must not commit.
    """
    task = change.task
    await connection.execute(_UPDATE, rows.task_values(task))
    was = {line.line_id: line for line in before.lines}
    same = [line for line in task.lines if line.line_id in was]
    if lines := [rows.line_values(task, line) for line in same if line != was[line.line_id]]:
        await connection.execute(_UPDATE_LINE, lines)
    new = [at for at, line in enumerate(task.lines) if line.line_id not in was]
    if new:
        await connection.execute(_INSERT_LINE, [rows.new_line_values(task, at) for at in new])
    if before.state is State.READY and task.state is not State.READY:
        await connection.execute(_DROP_CODE, {"task_id": UUID(task.task_id)})
    taken = await _hold_tags(connection, before, task)
    await _record(connection, change, actor, clock)
    return taken


async def _hold_tags(connection: AsyncConnection, before: Task, task: Task) -> list[str]:
    held = frozenset[str]() if task.state in ENDED else task.held_epcs
    was = frozenset[str]() if before.state in ENDED else before.held_epcs
    key = {"task_id": UUID(task.task_id)}
    if released := sorted(was - held):
        await connection.execute(_RELEASE, {**key, "epcs": released})
    added = held - was
    if not added:
        return []
    kept = await connection.execute(_HOLD, {**key, "epcs": sorted(added)})
    return sorted(added.difference(kept.scalars()))


async def hold_again(connection: AsyncConnection, task: Task) -> tuple[set[str], set[str], set[str]]:
    """Put right which tags are held for a locked task: returns those let go, those held, those another task holds."""
    key = {"task_id": UUID(task.task_id)}
    held = set() if task.state in ENDED else set(task.held_epcs)
    was = set((await connection.execute(_HELD, key)).scalars())
    await connection.execute(_RELEASE, {**key, "epcs": sorted(was - held)})
    kept = set((await connection.execute(_HOLD, {**key, "epcs": sorted(held - was)})).scalars())
    return was - held, kept, held - was - kept


async def holders(connection: AsyncConnection, epcs: Sequence[str]) -> dict[str, str]:
    """Return which task holds each tag, of those that are held."""
    found = await connection.execute(_HOLDERS, {"epcs": list(epcs)})
    return {row.epc: row.task_id for row in found}


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


async def due(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count the tasks whose deadline has passed, and tell since when the first has."""
    count, since = (await connection.execute(_PASSED)).one()
    return int(count), since


async def claim_due(connection: AsyncConnection, now: datetime, limit: int) -> Sequence[str]:
    """Lock tasks that are due and that nobody else is at."""
    return (await connection.execute(_DUE, {"now": now, "limit": limit})).scalars().all()
