"""What was planned and from which facts: for the explanation, and to plan it again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.routing.domain.cost import Portion, Question
from onhand.routing.domain.order import Order
from onhand.routing.domain.plan import Plan
from onhand.routing.storage import rows

_COLUMNS = "order_id, plan_time, outcome, policy_channel, policy_version, portions, exact, question"
_DROP_EMPTY_PLAN = text("""
    DELETE FROM plans WHERE order_id = :order_id AND NOT chosen
    AND attempt = (SELECT max(attempt) FROM plans WHERE order_id = :order_id)
""")
_INSERT_PLAN = text("""
    INSERT INTO plans (
        order_id, attempt, plan_time, chosen, outcome, policy_channel, policy_version, portions, exact,
        question)
    VALUES (
        :order_id, :attempt, :plan_time, :chosen, :outcome, :policy_channel, :policy_version,
        CAST(:portions AS jsonb), :exact, :question)
""")
_EXTEND_OUTCOME = text("""
    UPDATE plans SET outcome = outcome || '; ' || :outcome WHERE order_id = :order_id AND attempt = :attempt
""")
_SELECT_PLANS = text(f"SELECT {_COLUMNS} FROM plans WHERE order_id = :order_id ORDER BY attempt")
_SELECT_FIRST_PLANS = text(f"""
    SELECT {_COLUMNS} FROM (SELECT order_id, create_time FROM orders o
        WHERE (channel = :channel OR :channel = '' AND NOT EXISTS (
            SELECT FROM configurations c WHERE c.name = 'policy/' || o.channel))
        ORDER BY create_time DESC, order_id DESC LIMIT :most) latest
    JOIN LATERAL (SELECT {_COLUMNS.removeprefix("order_id, ")} FROM plans p
        WHERE p.order_id = latest.order_id AND question IS NOT NULL ORDER BY attempt LIMIT 1) first ON true
    ORDER BY create_time DESC, order_id DESC
""")
_LOCK_DAY = text("SELECT pg_advisory_xact_lock(hashtext('capacity ' || :location_id))")
_GIVEN = text("""
    SELECT location_id, count(DISTINCT order_id) AS given FROM assignments
    WHERE state <> 3 AND (location_id, day) IN (
        SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:days AS date[])))
    GROUP BY location_id
""")


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan as it was recorded."""

    order_id: str
    plan_time: datetime
    outcome: str
    policy_channel: str
    policy_version: int
    portions: tuple[Portion, ...]
    exact: bool
    facts: bytes | None
    """The question, as stored; None for plans that were recorded without."""

    def question(self) -> Question | None:
        return None if self.facts is None else rows.question_of(self.facts)


async def add(connection: AsyncConnection, order: Order, plan: Plan, now: datetime) -> None:
    """Keep a plan. One that placed nothing replaces one before it that did not either."""
    await connection.execute(_DROP_EMPTY_PLAN, {"order_id": order.order_id})
    await connection.execute(
        _INSERT_PLAN,
        {
            "order_id": order.order_id,
            "attempt": order.attempt,
            "plan_time": now,
            "chosen": bool(plan.portions),
            "outcome": plan.outcome,
            "policy_channel": plan.policy.channel,
            "policy_version": plan.policy.version,
            "portions": json.dumps([asdict(each) for each in plan.portions]),
            "exact": plan.exact,
            "question": rows.question_bytes(plan.question),
        },
    )


async def extend_outcome(connection: AsyncConnection, order_id: str, attempt: int, outcome: str) -> None:
    await connection.execute(_EXTEND_OUTCOME, {"order_id": order_id, "attempt": attempt, "outcome": outcome})


async def of_order(connection: AsyncConnection, order_id: str) -> list[KeptPlan]:
    """Return every plan kept of an order, oldest first."""
    return [kept(row) for row in (await connection.execute(_SELECT_PLANS, {"order_id": order_id})).mappings()]


async def first_of_latest(connection: AsyncConnection, channel: str, most: int) -> list[KeptPlan]:
    """Return the first plans of the last orders of a channel, latest first.

    Without a channel: of all those whose channel has no policy of its own.
    """
    found = await connection.execute(_SELECT_FIRST_PLANS, {"channel": channel, "most": most})
    return [kept(row) for row in found.mappings()]


async def orders_given(connection: AsyncConnection, days: Mapping[str, date]) -> dict[str, int]:
    """Return how many orders each location was given on a day of its own calendar, by location."""
    key = {"location_ids": list(days), "days": list(days.values())}
    found: Sequence[Any] = (await connection.execute(_GIVEN, key)).all()
    return {row.location_id: row.given for row in found}


async def lock_capacity(connection: AsyncConnection, location_ids: Sequence[str]) -> None:
    """Let nobody else give orders to locations of limited capacity until the transaction ends."""
    for location_id in sorted(location_ids):
        await connection.execute(_LOCK_DAY, {"location_id": location_id})


def kept(row: Any) -> KeptPlan:
    """Read a plan from a mapping of its columns."""
    values = {**row, "facts": row["question"]}
    del values["question"]
    return KeptPlan(**{**values, "portions": tuple(Portion(**each) for each in row["portions"])})
