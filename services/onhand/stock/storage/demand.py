"""What sales tell, what it led to, and which cells it puts in doubt: rows ⇄ domain."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import earliest_id
from onhand.stock.domain.demand import Demand, Replenishment, Suggestion, SuggestionState
from onhand.stock.domain.doubt import Evidence
from onhand.stock.domain.model import Bucket, CellKey, Reason, TagState

_SOLD = f"from_bucket = {Bucket.SELLABLE:d} AND to_bucket = {Bucket.CUSTOMER:d}"
_DAYS = text(f"""
    SELECT m.item_id, (m.occur_time AT TIME ZONE :time_zone)::date AS day,
           (coalesce(sum(m.quantity) FILTER (WHERE {_SOLD}), 0))::bigint AS sold,
           (sum(CASE {Bucket.SELLABLE:d} WHEN m.to_bucket THEN m.quantity WHEN m.from_bucket THEN -m.quantity
                ELSE 0 END))::bigint AS change
    FROM movements m
    WHERE m.location_id = :location_id AND m.movement_id >= :since
      AND (:every OR m.item_id = ANY(CAST(:item_ids AS text[])))
    GROUP BY 1, 2
""")
_PROPOSE = text(f"""
    INSERT INTO safety_stock_suggestions
        (location_id, suggestion_id, item_id, state, safety_stock, basis, actor, create_time)
    SELECT :location_id, s.suggestion_id, s.item_id, {SuggestionState.PROPOSED:d}, s.safety_stock,
           CAST(s.basis AS jsonb), :actor, :now
    FROM unnest(CAST(:suggestion_ids AS uuid[]), CAST(:item_ids AS text[]), CAST(:safety_stocks AS bigint[]),
                CAST(:bases AS text[])) AS s (suggestion_id, item_id, safety_stock, basis)
""")
_REPLACE = text(f"""
    UPDATE safety_stock_suggestions SET state = {SuggestionState.REPLACED:d}, decide_time = :now
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[]))
      AND state = {SuggestionState.PROPOSED:d}
""")
_COLUMNS = """
    location_id, suggestion_id, item_id, state, safety_stock, basis, actor, create_time, decide_actor, decide_time
"""
_LOCK = text(f"""
    SELECT {_COLUMNS} FROM safety_stock_suggestions
    WHERE suggestion_id = ANY(CAST(:suggestion_ids AS uuid[])) ORDER BY location_id, item_id FOR UPDATE
""")
_DECIDE = text("""
    UPDATE safety_stock_suggestions SET state = :state, decide_actor = :actor, decide_time = :now
    WHERE suggestion_id = ANY(CAST(:suggestion_ids AS uuid[]))
""")
_LIST = text(f"""
    SELECT {_COLUMNS} FROM safety_stock_suggestions
    WHERE (:location_id = '' OR location_id = :location_id) AND (:state = 0 OR state = :state)
      AND (CAST(:before AS uuid) IS NULL OR suggestion_id < CAST(:before AS uuid))
    ORDER BY suggestion_id DESC LIMIT :count
""")
_EVIDENCE = text(f"""
    WITH m AS (
        SELECT item_id, count(*) FILTER (WHERE {_SOLD}) AS sales,
               coalesce(sum(quantity) FILTER (WHERE {_SOLD}), 0)::bigint AS units,
               min(occur_time) AS first_time,
               max(occur_time) FILTER (WHERE {_SOLD} OR to_bucket = {Bucket.SELLABLE:d}) AS sign_time
        FROM movements WHERE location_id = :location_id AND movement_id >= :since GROUP BY item_id
    ), t AS (
        SELECT item_id, count(*) AS tags, count(*) FILTER (WHERE state = {TagState.UNCONFIRMED:d}) AS unconfirmed
        FROM tags
        WHERE location_id = :location_id AND state IN ({TagState.PRESENT:d}, {TagState.UNCONFIRMED:d})
          AND item_id IS NOT NULL
        GROUP BY item_id
    )
    SELECT b.location_id, b.item_id, i.item_class, b.sellable, coalesce(m.sales, 0) AS sales,
           coalesce(m.units, 0) AS units,
           extract(epoch FROM s.sign_time - coalesce(m.first_time, s.sign_time))::double precision AS selling_s,
           extract(epoch FROM CAST(:now AS timestamptz) - s.sign_time)::double precision AS silent_s,
           (SELECT count(*) FROM movements p
            WHERE p.location_id = b.location_id AND p.item_id = b.item_id AND p.movement_id >= :since
              AND p.reason = {Reason.NOT_FOUND:d} AND p.occur_time > s.sign_time) AS short_picks,
           coalesce(t.tags, 0) AS tags, coalesce(t.unconfirmed, 0) AS unconfirmed_tags
    FROM balances b JOIN items i USING (item_id) LEFT JOIN m USING (item_id) LEFT JOIN t USING (item_id),
    LATERAL (SELECT greatest(b.confirm_time, m.sign_time) AS sign_time) AS s
    WHERE b.location_id = :location_id AND b.sellable > 0
""")
_DAY_S = 86_400


async def days(
    connection: AsyncConnection, location_id: str, time_zone: str, item_ids: Sequence[str], since: datetime
) -> dict[str, dict[date, tuple[int, int]]]:
    """Read by item and day of the location the units sold and the change of sellable units.

    All items when none is named.
    """
    parameters = {
        "location_id": location_id,
        "time_zone": time_zone,
        "since": earliest_id(since),
        "every": not item_ids,
        "item_ids": list(item_ids),
    }
    found: dict[str, dict[date, tuple[int, int]]] = {}
    for row in await connection.execute(_DAYS, parameters):
        found.setdefault(row.item_id, {})[row.day] = (row.sold, row.change)
    return found


async def propose(connection: AsyncConnection, location_id: str, suggestions: Sequence[Suggestion]) -> None:
    """Add proposals of one location; those that were open for the same cells are replaced."""
    first = suggestions[0]
    items = [each.key.item_id for each in suggestions]
    parameters = {"location_id": location_id, "item_ids": items, "now": first.create_time}
    await connection.execute(_REPLACE, parameters)
    more = {
        "suggestion_ids": [each.suggestion_id for each in suggestions],
        "safety_stocks": [each.safety_stock for each in suggestions],
        "bases": [json.dumps(_basis(each)) for each in suggestions],
        "actor": first.actor,
    }
    await connection.execute(_PROPOSE, {**parameters, **more})


async def lock(connection: AsyncConnection, suggestion_ids: Iterable[UUID]) -> list[Suggestion]:
    return [
        _suggestion(row) for row in await connection.execute(_LOCK, {"suggestion_ids": list(suggestion_ids)})
    ]


async def decide(
    connection: AsyncConnection,
    suggestion_ids: Iterable[UUID],
    state: SuggestionState,
    actor: str,
    now: datetime,
) -> None:
    parameters = {"suggestion_ids": list(suggestion_ids), "state": state, "actor": actor, "now": now}
    await connection.execute(_DECIDE, parameters)


async def list_page(connection: AsyncConnection, **filters: Any) -> list[Suggestion]:
    return [_suggestion(row) for row in await connection.execute(_LIST, filters)]


async def evidence(
    connection: AsyncConnection, location_id: str, since: datetime, now: datetime
) -> list[tuple[Evidence, str]]:
    """Read what speaks for and against the cells of a location that claim stock, each with its item class."""
    parameters = {"location_id": location_id, "since": earliest_id(since), "now": now}
    return [
        (
            Evidence(
                CellKey(row.location_id, row.item_id),
                row.sellable,
                row.sales,
                row.units,
                max(0.0, row.selling_s) / _DAY_S,
                max(0.0, row.silent_s) / _DAY_S,
                row.short_picks,
                row.tags,
                row.unconfirmed_tags,
            ),
            row.item_class,
        )
        for row in await connection.execute(_EVIDENCE, parameters)
    ]


def _basis(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "present": suggestion.present,
        "demand": asdict(suggestion.demand),
        "replenishment": asdict(suggestion.replenishment),
    }


def _suggestion(row: Any) -> Suggestion:
    return Suggestion(
        row.suggestion_id,
        CellKey(row.location_id, row.item_id),
        SuggestionState(row.state),
        row.safety_stock,
        row.basis["present"],
        Demand(**row.basis["demand"]),
        Replenishment(**row.basis["replenishment"]),
        row.actor,
        row.create_time,
        row.decide_actor,
        row.decide_time,
    )
