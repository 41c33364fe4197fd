"""Journeys that have been saved, and runs; what a run knows of a person is sealed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.journeys import Condition, Journey, Run, RunState, Step
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Line, Occasion, Purpose, Task
from onhand.notifications.storage import FORGET_AT_ONCE
from onhand.notifications.vault import Vault

SAVE_LOCK = 0x6A6F75726E
"""Key of the advisory lock under which versions are counted."""

_TIMES = (
    "record_time",
    "collect_deadline",
    "promise_time_before",
    "promise_time",
    "decide_deadline",
    "claim_deadline",
)
_IDS = ("identity_id", "address_id", "alert_id")
_LATER = {
    "offered_item_id",
    "offered_quantity",
    "decide_deadline",
    "item_id",
    "offer",
    "claim_deadline",
    *_IDS,
}
"""Kept only where they say something, so that a process of the release before reads all that it knows."""

_SAVED = text("SELECT DISTINCT ON (name) name, version, definition FROM journeys ORDER BY name, version DESC")
_SAVE = text("""
    INSERT INTO journeys (name, version, definition, create_time, actor)
    VALUES (:name, :version, CAST(:definition AS jsonb), :now, :actor)
""")
_RUN = """
    run_id, name, definition, subject, order_id, identity_id, state, step, start_time, due_time, end_time, reason,
    sealed_facts
"""
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name || ' ' || :subject, 0))")
_START = text("""
    INSERT INTO journey_runs (run_id, name, definition, subject, order_id, identity_id, state, step, start_time,
                              due_time, sealed_facts, key_id)
    VALUES (:run_id, :name, CAST(:definition AS jsonb), :subject, :order_id, :identity_id, 1, :step, :start_time,
            :due_time, :sealed_facts, :key_id)
    ON CONFLICT (run_id) DO NOTHING
""")
_ACTIVE = text(f"""
    SELECT {_RUN} FROM journey_runs WHERE name = :name AND subject = :subject AND state = 1
    ORDER BY start_time DESC FOR UPDATE
""")
_EXITING = text("""
    SELECT run_id, state FROM journey_runs r
    WHERE order_id = :order_id AND name = ANY (CAST(:names AS text[]))
      AND (CAST(:task_id AS text) IS NULL OR subject IN (CAST(:task_id AS text), :order_id))
      AND (state = 1 OR state = 2 AND EXISTS (SELECT FROM messages m WHERE m.run_id = r.run_id AND m.state = 1))
    ORDER BY run_id FOR UPDATE
""")
_GET = text(f"SELECT {_RUN} FROM journey_runs WHERE run_id = :run_id FOR UPDATE")
_NEXT = text(f"""
    SELECT {_RUN} FROM journey_runs WHERE state = 1 AND due_time <= :now
    ORDER BY due_time LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_ADVANCE = text("""
    UPDATE journey_runs SET step = :step, due_time = :due_time, state = CAST(:state AS smallint), reason = :reason,
        end_time = CASE WHEN CAST(:state AS smallint) = 1 THEN NULL ELSE CAST(:now AS timestamptz) END
    WHERE run_id = :run_id
""")
_GATHER = text(
    "UPDATE journey_runs SET sealed_facts = :sealed_facts, key_id = :key_id WHERE run_id = :run_id"
)
_OF_ORDER = text("""
    SELECT run_id, name, order_id, state, step, start_time, due_time, end_time, reason FROM journey_runs
    WHERE order_id = :order_id ORDER BY start_time, run_id LIMIT 1000
""")
_DROP_FACTS = text("""
    UPDATE journey_runs SET sealed_facts = NULL WHERE run_id IN (
        SELECT run_id FROM journey_runs WHERE state <> 1 AND sealed_facts IS NOT NULL AND end_time < :before
        LIMIT :limit)
""")
_DROP = text("""
    DELETE FROM journey_runs WHERE run_id IN (
        SELECT run_id FROM journey_runs WHERE state <> 1 AND end_time < :before LIMIT :limit)
""")


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run without what it knows."""

    run_id: UUID
    name: str
    order_id: str
    state: int
    step: int
    start_time: datetime
    due_time: datetime | None
    end_time: datetime | None
    reason: str


async def lock(connection: AsyncConnection) -> None:
    """Keep others from saving journeys until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SAVE_LOCK})


async def saved(connection: AsyncConnection) -> list[Journey]:
    """Return the latest version of each journey that has been saved."""
    rows = await connection.execute(_SAVED)
    return [replace(journey_of(row.definition), version=row.version) for row in rows]


async def save(connection: AsyncConnection, journey: Journey, actor: str, now: datetime) -> None:
    values = {"name": journey.name, "version": journey.version, "definition": journey_to_json(journey)}
    await connection.execute(_SAVE, {**values, "now": now, "actor": actor})


async def hold(connection: AsyncConnection, name: str, subject: str) -> None:
    """Keep others from starting such a run until the transaction ends."""
    await connection.execute(_HOLD, {"name": name, "subject": subject})


async def start(connection: AsyncConnection, vault: Vault, run: Run, identity_id: UUID | None) -> bool:
    """Add a run; False when the same event has started it before."""
    result = await connection.execute(
        _START,
        {
            "run_id": run.run_id,
            "name": run.journey.name,
            "definition": journey_to_json(run.journey),
            "subject": run.subject,
            "order_id": run.occasion.order_id,
            "identity_id": identity_id,
            "step": run.step,
            "start_time": run.start_time,
            "due_time": run.due_time,
            "sealed_facts": vault.seal(facts_to_bytes(run.occasion)),
            "key_id": vault.key_id,
        },
    )
    return result.rowcount == 1


async def active(connection: AsyncConnection, vault: Vault, name: str, subject: str) -> list[Run]:
    """Return the active runs of a journey about something, latest first; nobody else changes them."""
    rows = await connection.execute(_ACTIVE, {"name": name, "subject": subject})
    return [_run(vault, row) for row in rows]


async def exiting(
    connection: AsyncConnection, names: Sequence[str], task_id: str | None, order_id: str
) -> list[tuple[UUID, RunState]]:
    """Return the runs of some journeys about a task, or about all of an order, of which something is to come."""
    values = {"names": list(names), "task_id": task_id, "order_id": order_id}
    return [(row.run_id, RunState(row.state)) for row in await connection.execute(_EXITING, values)]


async def get(connection: AsyncConnection, vault: Vault, run_id: UUID) -> Run | None:
    """Return a run that nobody else changes; None when it is gone or what it knew was dropped."""
    row = (await connection.execute(_GET, {"run_id": run_id})).one_or_none()
    return None if row is None or row.sealed_facts is None else _run(vault, row)


async def next_due(connection: AsyncConnection, vault: Vault, now: datetime) -> Run | None:
    """Return a run whose step is due, and that nobody else is at."""
    row = (await connection.execute(_NEXT, {"now": now})).one_or_none()
    return None if row is None else _run(vault, row)


async def advance(
    connection: AsyncConnection,
    run_id: UUID,
    state: RunState,
    step: int,
    due_time: datetime | None,
    now: datetime,
    reason: str = "",
) -> None:
    """Move a run to its next step or to its end."""
    values = {"run_id": run_id, "state": state, "step": step, "due_time": due_time, "reason": reason}
    await connection.execute(_ADVANCE, {**values, "now": now})


async def gather(connection: AsyncConnection, vault: Vault, run_id: UUID, occasion: Occasion) -> None:
    """Let a run tell of more."""
    sealed = vault.seal(facts_to_bytes(occasion))
    await connection.execute(_GATHER, {"run_id": run_id, "sealed_facts": sealed, "key_id": vault.key_id})


async def of_order(connection: AsyncConnection, order_id: str) -> list[RunSeen]:
    """Return the runs of an order, oldest first."""
    return [RunSeen(**row._mapping) for row in await connection.execute(_OF_ORDER, {"order_id": order_id})]  # noqa: SLF001 - the documented way


async def drop_facts(connection: AsyncConnection, before: datetime) -> int:
    """Drop what some runs knew that ended before a time; returns how many."""
    return (await connection.execute(_DROP_FACTS, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some runs that ended before a time; returns how many."""
    return (await connection.execute(_DROP, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


def journey_to_json(journey: Journey) -> str:
    return json.dumps(
        {
            "name": journey.name,
            "topic": journey.topic,
            "starts": journey.starts,
            "steps": [[each.purpose, each.after.total_seconds()] for each in journey.steps],
            "exits": journey.exits,
            "conditions": [[each.field, each.values, each.negated] for each in journey.conditions],
            "gather_s": journey.gather.total_seconds(),
            "channels": journey.channels,
            "quiet": journey.quiet,
            "enabled": journey.enabled,
        }
    )


def journey_of(said: dict[str, Any]) -> Journey:
    return Journey(
        name=said["name"],
        topic=Topic(said["topic"]),
        starts=Purpose(said["starts"]),
        steps=tuple(Step(Purpose(purpose), timedelta(seconds=after)) for purpose, after in said["steps"]),
        exits=tuple(map(Purpose, said["exits"])),
        conditions=tuple(
            Condition(field, tuple(values), negated) for field, values, negated in said["conditions"]
        ),
        gather=timedelta(seconds=said["gather_s"]),
        channels=tuple(map(Channel, said["channels"])),
        quiet=tuple(map(Channel, said["quiet"])),
        enabled=said["enabled"],
    )


def facts_to_bytes(occasion: Occasion) -> bytes:
    """Return what `facts_of` reads."""
    said = {name: value for name, value in asdict(occasion).items() if value or name not in _LATER}
    return json.dumps(said, default=_plain).encode()


def facts_of(said: bytes) -> Occasion:
    values = json.loads(said)
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
    for name in _IDS:
        values[name] = UUID(values[name]) if values.get(name) else None
    task = values.pop("task")
    return Occasion(
        event_id=UUID(values.pop("event_id")),
        purpose=Purpose(values.pop("purpose")),
        lines=tuple(Line(**each) for each in values.pop("lines")),
        line_ids=tuple(values.pop("line_ids")),
        task=Task(UUID(task["task_id"]), task["version"]) if task else None,
        **values,
    )


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _run(vault: Vault, row: Row[Any]) -> Run:
    return Run(
        run_id=row.run_id,
        journey=journey_of(row.definition),
        subject=row.subject,
        occasion=facts_of(vault.open(row.sealed_facts)),
        state=RunState(row.state),
        step=row.step,
        start_time=row.start_time,
        due_time=row.due_time,
    )
