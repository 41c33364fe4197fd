"""What was planned, for the explanation."""

import json
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.routing.domain.order import Order
from onhand.routing.domain.plan import Plan
from onhand.routing.storage import rows

_DROP_EMPTY_PLAN = text("""
    DELETE FROM plans WHERE order_id = :order_id AND NOT chosen
    AND attempt = (SELECT max(attempt) FROM plans WHERE order_id = :order_id)
""")
_INSERT_PLAN = text("""
    INSERT INTO plans (order_id, attempt, plan_time, chosen, outcome, candidates)
    VALUES (:order_id, :attempt, :plan_time, :chosen, :outcome, CAST(:candidates AS jsonb))
""")
_EXTEND_OUTCOME = text("""
    UPDATE plans SET outcome = outcome || '; ' || :outcome WHERE order_id = :order_id AND attempt = :attempt
""")
_SELECT_PLANS = text("""
    SELECT plan_time, outcome, candidates FROM plans WHERE order_id = :order_id ORDER BY attempt
""")


async def add(connection: AsyncConnection, order: Order, plan: Plan, now: datetime) -> None:
    """Keep a plan for the explanation. One that placed nothing replaces one before it that did not either."""
    await connection.execute(_DROP_EMPTY_PLAN, {"order_id": order.order_id})
    candidates = [{**asdict(each), "terms": each.terms} for each in plan.candidates]
    await connection.execute(
        _INSERT_PLAN,
        {
            "order_id": order.order_id,
            "attempt": order.attempt,
            "plan_time": now,
            "chosen": bool(plan.portions),
            "outcome": plan.outcome,
            "candidates": json.dumps(candidates),
        },
    )


async def extend_outcome(connection: AsyncConnection, order_id: str, attempt: int, outcome: str) -> None:
    await connection.execute(_EXTEND_OUTCOME, {"order_id": order_id, "attempt": attempt, "outcome": outcome})


async def of_order(connection: AsyncConnection, order_id: str) -> list[tuple[datetime, Plan]]:
    """Return every plan kept of an order, oldest first, without portions."""
    found = (await connection.execute(_SELECT_PLANS, {"order_id": order_id})).mappings()
    return [
        (
            row["plan_time"],
            Plan((), tuple(map(rows.candidate_of, row["candidates"])), row["outcome"]),
        )
        for row in found
    ]
