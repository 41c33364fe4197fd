"""What became of orders, added up; and orders of the past with their first plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.routing.domain.report import Figures, LocationFigures
from onhand.routing.domain.simulation import PastOrder
from onhand.routing.storage import plans

MAX_LOCATIONS = 10_000
"""By the contract."""

_TAKEN = """
    WITH taken AS MATERIALIZED (SELECT order_id, method FROM orders
        WHERE create_time >= :start_time AND create_time < :end_time
          AND (CAST(:channel AS text) = '' OR channel = :channel))
"""
_PROMISES = """
    count(*) FILTER (WHERE first_promise_time IS NOT NULL AND done_time <= first_promise_time) AS kept,
    count(*) FILTER (WHERE first_promise_time IS NOT NULL AND (done_time > first_promise_time
        OR done_time IS NULL AND state NOT BETWEEN 8 AND 12 AND first_promise_time < :now)) AS broken,
    count(*) FILTER (WHERE first_promise_time IS NOT NULL AND given_up) AS withdrawn
"""
_TOTALS = text(f"""{_TAKEN}
    SELECT (SELECT count(*) FROM taken) AS orders,
        coalesce(sum(quantity) FILTER (WHERE done_time IS NOT NULL), 0)::bigint AS filled,
        coalesce(sum(quantity) FILTER (WHERE given_up), 0)::bigint AS unfilled, {_PROMISES}
    FROM order_lines JOIN taken USING (order_id)
""")
_SPLITS = text(f"""{_TAKEN}
    SELECT count(*) AS shipped, count(*) FILTER (WHERE locations > 1) AS split FROM (
        SELECT order_id, count(DISTINCT location_id) AS locations FROM order_lines JOIN taken USING (order_id)
        WHERE method = 2 AND task_id IS NOT NULL GROUP BY order_id) of_orders
""")
# A parcel is a task that lines still have; those that were rejected have none any more.
_PARCELS = f"""{_TAKEN}, parcels AS (
        SELECT DISTINCT a.order_id, a.task_id, a.location_id, a.distance_metres
        FROM assignments a JOIN taken USING (order_id) JOIN order_lines l USING (order_id, task_id)
        WHERE method = 2)
"""
_DISTANCE = text(f"{_PARCELS} SELECT coalesce(avg(distance_metres), 0)::float8 FROM parcels")
_DISTANCES = text(f"""{_PARCELS}
    SELECT location_id, avg(distance_metres)::float8 AS mean FROM parcels GROUP BY location_id
""")
_GIVEN = text(f"""{_TAKEN}
    SELECT location_id, count(DISTINCT order_id) AS orders, sum(jsonb_array_length(lines))::bigint AS lines
    FROM assignments JOIN taken USING (order_id) WHERE state = 2
    GROUP BY location_id ORDER BY location_id LIMIT {MAX_LOCATIONS}
""")
_REJECTED = text(f"""{_TAKEN}
    SELECT location_id, reason, count(*) AS lines FROM rejections JOIN taken USING (order_id)
    GROUP BY location_id, reason ORDER BY location_id, reason
""")
_KEPT = text(f"""{_TAKEN}
    SELECT location_id, {_PROMISES} FROM order_lines JOIN taken USING (order_id)
    WHERE location_id <> '' GROUP BY location_id
""")
_OF_CHANNEL = """
    create_time >= :start_time AND create_time < :end_time
    AND (channel = :channel OR CAST(:channel AS text) = '' AND NOT EXISTS (
        SELECT FROM configurations c WHERE c.name = 'policy/' || o.channel))
"""
_COUNT = text(f"SELECT count(*) FROM orders o WHERE {_OF_CHANNEL}")
_PAST = text(f"""
    SELECT page.order_id, page.create_time, first.*, promises.promise_time
    FROM (SELECT order_id, create_time FROM orders o
        WHERE {_OF_CHANNEL} AND (create_time, order_id) > (:after_time, :after_id)
        ORDER BY create_time, order_id LIMIT :most) page
    LEFT JOIN LATERAL (SELECT plan_time, outcome, policy_channel, policy_version, portions, exact, question
        FROM plans p WHERE p.order_id = page.order_id AND question IS NOT NULL
        ORDER BY attempt LIMIT 1) first ON true
    LEFT JOIN LATERAL (SELECT max(first_promise_time) AS promise_time
        FROM order_lines l WHERE l.order_id = page.order_id) promises ON true
    ORDER BY page.create_time, page.order_id
""")


@dataclass(frozen=True, slots=True)
class Span:
    """Orders that were taken from `start_time` on and before `end_time`."""

    start_time: datetime
    end_time: datetime
    channel: str

    def key(self) -> dict[str, Any]:
        return {"start_time": self.start_time, "end_time": self.end_time, "channel": self.channel}


@dataclass(frozen=True, slots=True)
class PastPage:
    """Some orders of the past, and the key of the last."""

    orders: Sequence[PastOrder]
    read_count: int
    """Those of which no plan is kept included."""
    last: tuple[datetime, str]


async def figures(connection: AsyncConnection, span: Span, now: datetime) -> Figures:
    """Add up what became of orders."""
    key = span.key()
    totals = (await connection.execute(_TOTALS, {**key, "now": now})).one()
    splits = (await connection.execute(_SPLITS, key)).one()
    distances = {row.location_id: row.mean for row in await connection.execute(_DISTANCES, key)}
    kept = {row.location_id: row for row in await connection.execute(_KEPT, {**key, "now": now})}
    reasons: dict[str, dict[str, int]] = {}
    for row in await connection.execute(_REJECTED, key):
        reasons.setdefault(row.location_id, {})[row.reason] = row.lines
    locations = [
        LocationFigures(
            row.location_id,
            row.orders,
            row.lines,
            reasons.get(row.location_id, {}),
            kept[row.location_id].kept if row.location_id in kept else 0,
            kept[row.location_id].broken if row.location_id in kept else 0,
            distances.get(row.location_id, 0.0),
        )
        for row in await connection.execute(_GIVEN, key)
    ]
    return Figures(
        totals.orders,
        totals.filled,
        totals.unfilled,
        splits.shipped,
        splits.split,
        totals.kept,
        totals.broken,
        totals.withdrawn,
        await connection.scalar(_DISTANCE, key) or 0.0,
        tuple(locations),
    )


async def count(connection: AsyncConnection, span: Span) -> int:
    """Return how many orders a policy of the span's channel would have planned."""
    return await connection.scalar(_COUNT, span.key()) or 0


async def past(connection: AsyncConnection, span: Span, after: tuple[datetime, str], most: int) -> PastPage:
    """Read orders of the past beyond the key `after`, in the order in which they were taken."""
    key = {**span.key(), "after_time": after[0], "after_id": after[1], "most": most}
    found = list((await connection.execute(_PAST, key)).mappings())
    orders = []
    for row in found:
        if row["question"] is None:
            continue
        kept = plans.kept({name: row[name] for name in row if name not in {"create_time", "promise_time"}})
        question = kept.question()
        if question is not None:
            orders.append(
                PastOrder(kept.order_id, kept.plan_time, question, kept.portions, row["promise_time"])
            )
    last = (found[-1]["create_time"], found[-1]["order_id"]) if found else after
    return PastPage(orders, len(found), last)
