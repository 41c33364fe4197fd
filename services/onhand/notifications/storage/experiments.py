"""Experiments, and what came of their arms."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.experiments import HOLDOUT, Arm, Experiment, Goal, Pin, Variant
from onhand.notifications.domain.messages import Channel

_EXPERIMENT = "name, journey, definition, start_time, end_time"
_ADD = text("""
    INSERT INTO experiments (name, journey, definition, start_time, actor)
    VALUES (:name, :journey, CAST(:definition AS jsonb), :start_time, :actor)
    ON CONFLICT DO NOTHING
""")
_END = text("UPDATE experiments SET end_time = :now WHERE name = :name AND end_time IS NULL")
_GET = text(f"SELECT {_EXPERIMENT} FROM experiments WHERE name = :name")
_RUNNING = text(f"SELECT {_EXPERIMENT} FROM experiments WHERE journey = :journey AND end_time IS NULL")
_LIST = text(f"SELECT {_EXPERIMENT} FROM experiments ORDER BY start_time DESC, name LIMIT 1000")
# Everybody counts who was assigned, whatever became of their message, and once: from their first message on.
_ARMS = """
    WITH exposed AS (
        SELECT i.contact_id, m.variant, min(m.create_time) AS since_time,
               bool_or(m.open_time IS NOT NULL OR m.click_time IS NOT NULL) AS opened,
               bool_or(m.click_time IS NOT NULL) AS clicked
        FROM messages m JOIN identities i ON i.identity_id = m.identity_id
        WHERE m.experiment = :name GROUP BY i.contact_id, m.variant
    )
    SELECT e.variant, count(*) AS people, count(*) FILTER (WHERE {reached}) AS reached
    FROM exposed e GROUP BY e.variant
"""
_AFTERWARDS = "> e.since_time AND {time} <= e.since_time + CAST(:within AS interval)"
_REACHED = {
    Goal.OPENED: "e.opened",
    Goal.CLICKED: "e.clicked",
    Goal.ORDERED: f"""EXISTS (
        SELECT FROM orders o JOIN identities i ON i.identity_id = o.identity_id
        WHERE i.contact_id = e.contact_id AND o.create_time {_AFTERWARDS.format(time="o.create_time")})""",
    Goal.COLLECTED: f"""EXISTS (
        SELECT FROM orders o JOIN identities i ON i.identity_id = o.identity_id
        JOIN order_acts a ON a.order_id = o.order_id AND a.kind = 2
        WHERE i.contact_id = e.contact_id AND a.act_time {_AFTERWARDS.format(time="a.act_time")})""",
}


async def add(connection: AsyncConnection, experiment: Experiment, actor: str) -> bool:
    """Begin an experiment; False when there was one of that name, or one goes on over that journey."""
    result = await connection.execute(
        _ADD,
        {
            "name": experiment.name,
            "journey": experiment.journey,
            "definition": _to_json(experiment),
            "start_time": experiment.start_time,
            "actor": actor,
        },
    )
    return result.rowcount == 1


async def end(connection: AsyncConnection, name: str, now: datetime) -> None:
    await connection.execute(_END, {"name": name, "now": now})


async def get(connection: AsyncConnection, name: str) -> Experiment | None:
    row = (await connection.execute(_GET, {"name": name})).one_or_none()
    return None if row is None else _experiment(row)


async def running(connection: AsyncConnection, journey: str) -> Experiment | None:
    """Return the experiment that goes on over a journey."""
    row = (await connection.execute(_RUNNING, {"journey": journey})).one_or_none()
    return None if row is None else _experiment(row)


async def list_all(connection: AsyncConnection) -> list[Experiment]:
    """Return all experiments, latest first."""
    return [_experiment(row) for row in await connection.execute(_LIST)]


async def arms(connection: AsyncConnection, experiment: Experiment) -> list[Arm]:
    """Return what came of the variants, in their order, and of the holdout, where there is one."""
    query = text(_ARMS.format(reached=_REACHED[experiment.goal]))
    values: dict[str, Any] = {"name": experiment.name}
    if ":within" in query.text:
        values["within"] = experiment.goal_within
    found = {row.variant: row for row in await connection.execute(query, values)}
    names = [each.name for each in experiment.variants] + ([HOLDOUT] if experiment.holdout else [])
    return [
        Arm(name, found[name].people, found[name].reached) if name in found else Arm(name, 0, 0)
        for name in names
    ]


def _to_json(experiment: Experiment) -> str:
    return json.dumps(
        {
            "variants": [
                {
                    "name": each.name,
                    "weight": each.weight,
                    "delay_s": each.delay.total_seconds(),
                    "pins": [[pin.channel, pin.locale, pin.version] for pin in each.pins],
                }
                for each in experiment.variants
            ],
            "holdout": experiment.holdout,
            "goal": experiment.goal,
            "goal_within_s": experiment.goal_within.total_seconds(),
            "minimum_sample": experiment.minimum_sample,
        }
    )


def _experiment(row: Row[Any]) -> Experiment:
    said = row.definition
    return Experiment(
        name=row.name,
        journey=row.journey,
        variants=tuple(
            Variant(
                each["name"],
                each["weight"],
                timedelta(seconds=each["delay_s"]),
                tuple(Pin(Channel(channel), locale, version) for channel, locale, version in each["pins"]),
            )
            for each in said["variants"]
        ),
        holdout=said["holdout"],
        goal=Goal(said["goal"]),
        goal_within=timedelta(seconds=said["goal_within_s"]),
        minimum_sample=said["minimum_sample"],
        start_time=row.start_time,
        end_time=row.end_time,
    )
