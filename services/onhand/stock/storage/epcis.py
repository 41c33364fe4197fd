"""Capture jobs, EPCIS events, and what finds their places and tags: rows ⇄ domain."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.epcis.capture import Capture, Entry, Outcome, StoredEvent, as_json
from onhand.stock.domain.epcis.query import Query

_CAPTURE_COLUMNS = "capture_id, actor, location_ids, proceed, success, create_time, finish_time"
_ADD_CAPTURE = text(f"""
    INSERT INTO epcis_captures ({_CAPTURE_COLUMNS})
    VALUES (:capture_id, :actor, :location_ids, :proceed, :success, :create_time, NULL)
""")
_ADD_ENTRIES = text("""
    INSERT INTO epcis_capture_events (capture_id, event_index, event, context, outcome, event_id, reason, detail)
    SELECT :capture_id, * FROM unnest(
        CAST(:indexes AS integer[]), CAST(:events AS text[]), CAST(:contexts AS text[]),
        CAST(:outcomes AS smallint[]), CAST(:event_ids AS text[]), CAST(:reasons AS text[]),
        CAST(:details AS text[]))
""")
_DECIDE = text("""
    UPDATE epcis_capture_events e SET
        event = '', outcome = v.outcome, event_id = v.event_id, reason = v.reason, detail = v.detail
    FROM unnest(CAST(:indexes AS integer[]), CAST(:outcomes AS smallint[]), CAST(:event_ids AS text[]),
                CAST(:reasons AS text[]), CAST(:details AS text[]))
         AS v (event_index, outcome, event_id, reason, detail)
    WHERE e.capture_id = :capture_id AND e.event_index = v.event_index
""")
_SAVE_CAPTURE = text("""
    UPDATE epcis_captures SET success = :success, finish_time = :finish_time WHERE capture_id = :capture_id
""")
_RUNNING = text("""
    SELECT capture_id FROM epcis_captures WHERE finish_time IS NULL ORDER BY create_time, capture_id LIMIT :count
""")
_LOCK = text(f"""
    SELECT {_CAPTURE_COLUMNS} FROM epcis_captures
    WHERE capture_id = :capture_id AND finish_time IS NULL FOR UPDATE SKIP LOCKED
""")
_READ = text(f"SELECT {_CAPTURE_COLUMNS} FROM epcis_captures WHERE capture_id = :capture_id")
_LIST = text(f"""
    SELECT {_CAPTURE_COLUMNS} FROM epcis_captures
    WHERE (CAST(:actor AS text) IS NULL OR actor = :actor)
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (create_time, capture_id) < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY create_time DESC, capture_id DESC LIMIT :count
""")
_ENTRIES = text("""
    SELECT event_index, event, context, outcome, event_id, reason, detail FROM epcis_capture_events
    WHERE capture_id = :capture_id AND (NOT :only_pending OR outcome = 1)
    ORDER BY event_index LIMIT :count
""")
_FORGET = text("""
    DELETE FROM epcis_captures WHERE capture_id IN (
        SELECT capture_id FROM epcis_captures WHERE finish_time < :before LIMIT :count)
""")
_ADD_EVENTS = """
    INSERT INTO epcis_events (event_hash, declared, event_id, location_id, event_time, record_time, keys, event,
                              context, effect, published)
    VALUES (:event_hash, :declared, :event_id, :location_id, :event_time, :record_time, :keys, :event, :context,
            :effect, :published)
    ON CONFLICT DO NOTHING
"""
_ADD_OWN_EVENTS = text(_ADD_EVENTS)
_ADD_EVENT = text(f"""
    {_ADD_EVENTS}
    RETURNING NOT declared AND EXISTS (SELECT FROM epcis_events WHERE event_hash = :event_hash AND declared)
""")
_SAVE_EFFECT = text("""
    UPDATE epcis_events SET effect = :effect WHERE event_hash = :event_hash AND declared = :declared
""")
_KNOWN_ID = text("""
    SELECT event_id FROM epcis_events WHERE event_hash = :event_hash AND declared = :declared
""")
_PLACES = text("""
    SELECT location_id, ARRAY(SELECT zone_id FROM zones z WHERE z.location_id = l.location_id) AS zone_ids
    FROM locations l
    WHERE location_id = :location_id OR (:gln <> '' AND gln = :gln)
    ORDER BY location_id
""")
_SAMPLES = text("""
    SELECT i.item_id, t.epc FROM unnest(CAST(:item_ids AS text[])) AS i (item_id)
    JOIN LATERAL (SELECT epc FROM tags WHERE location_id = :location_id AND item_id = i.item_id LIMIT 1) t ON true
""")


async def add_capture(connection: AsyncConnection, capture: Capture) -> None:
    await connection.execute(
        _ADD_CAPTURE,
        {
            "capture_id": capture.capture_id,
            "actor": capture.actor,
            "location_ids": None if capture.locations is None else sorted(capture.locations),
            "proceed": capture.proceed,
            "success": capture.success,
            "create_time": capture.create_time,
        },
    )
    entries = capture.entries
    await connection.execute(
        _ADD_ENTRIES,
        {
            "capture_id": capture.capture_id,
            "events": [as_json(each.event) for each in entries],
            "contexts": [as_json(list(each.context)) for each in entries],
            **_decisions(entries),
        },
    )


async def decide(connection: AsyncConnection, capture: Capture, entries: Sequence[Entry]) -> None:
    """Write what became of some events, and how the capture is."""
    await connection.execute(_DECIDE, {"capture_id": capture.capture_id, **_decisions(entries)})
    await save(connection, capture)


def _decisions(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    return {
        "indexes": [each.index for each in entries],
        "outcomes": [int(each.outcome) for each in entries],
        "event_ids": [each.event_id for each in entries],
        "reasons": [each.reason for each in entries],
        "details": [each.detail for each in entries],
    }


async def save(connection: AsyncConnection, capture: Capture) -> None:
    await connection.execute(
        _SAVE_CAPTURE,
        {
            "capture_id": capture.capture_id,
            "success": capture.success,
            "finish_time": capture.finish_time,
        },
    )


async def running(connection: AsyncConnection, count: int) -> list[UUID]:
    """Read which captures are not finished, oldest first."""
    return list((await connection.execute(_RUNNING, {"count": count})).scalars())


async def lock(connection: AsyncConnection, capture_id: UUID, count: int) -> Capture | None:
    """Lock a capture that runs, with some of its pending events; None when it is done or another's."""
    row = (await connection.execute(_LOCK, {"capture_id": capture_id})).one_or_none()
    if row is None:
        return None
    capture = _capture(row)
    capture.entries = await _entries(connection, capture_id, count, only_pending=True)
    return capture


async def read(connection: AsyncConnection, capture_id: UUID, count: int) -> Capture | None:
    row = (await connection.execute(_READ, {"capture_id": capture_id})).one_or_none()
    if row is None:
        return None
    capture = _capture(row)
    capture.entries = await _entries(connection, capture_id, count, only_pending=False)
    return capture


async def list_page(connection: AsyncConnection, **filters: Any) -> list[Capture]:
    """Read captures, latest first, without their events."""
    return [_capture(row) for row in await connection.execute(_LIST, filters)]


async def forget(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop captures that finished before a time; their events stay. Returns how many."""
    return (await connection.execute(_FORGET, {"before": before, "count": count})).rowcount


async def _entries(
    connection: AsyncConnection, capture_id: UUID, count: int, *, only_pending: bool
) -> list[Entry]:
    rows = await connection.execute(
        _ENTRIES, {"capture_id": capture_id, "only_pending": only_pending, "count": count}
    )
    return [
        Entry(
            row.event_index,
            json.loads(row.event) if row.event else {},
            json.loads(row.context),
            Outcome(row.outcome),
            row.event_id,
            row.reason,
            row.detail,
        )
        for row in rows
    ]


async def add_event(connection: AsyncConnection, event: StoredEvent) -> bool | None:
    """Keep an event; returns whether it was declared in error before. None: the same one, or its id, is kept.

    Waits for another transaction that adds the same.
    """
    found: bool | None = (await connection.execute(_ADD_EVENT, _event_row(event))).scalar_one_or_none()
    return found


async def add_events(connection: AsyncConnection, events: Sequence[StoredEvent]) -> None:
    """Keep events of our own making."""
    if events:
        await connection.execute(_ADD_OWN_EVENTS, [_event_row(each) for each in events])


def _event_row(event: StoredEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in StoredEvent.__slots__}


async def save_effect(connection: AsyncConnection, event: StoredEvent, effect: str) -> None:
    await connection.execute(
        _SAVE_EFFECT, {"event_hash": event.event_hash, "declared": event.declared, "effect": effect}
    )


async def known_id(connection: AsyncConnection, event: StoredEvent) -> str | None:
    """Return the id under which the same event was kept first; None when it was not kept."""
    parameters = {"event_hash": event.event_hash, "declared": event.declared}
    found: str | None = (await connection.execute(_KNOWN_ID, parameters)).scalar_one_or_none()
    return found


async def list_events(
    connection: AsyncConnection,
    query: Query,
    location_ids: Sequence[str] | None,
    after: tuple[datetime, bytes, bool] | None,
    count: int,
) -> list[StoredEvent]:
    """Read events that match a query, after a key in its order; of all places, or of some locations."""
    column = "event_time" if query.by_event_time else "record_time"
    direction, beyond = ("ASC", ">") if query.ascending else ("DESC", "<")
    condition, parameters = _condition(query, location_ids)
    if after is not None:
        condition += (
            f" AND ({column}, event_hash, declared) {beyond} (:after_time, :after_hash, :after_declared)"
        )
        parameters |= dict(zip(("after_time", "after_hash", "after_declared"), after, strict=True))
    rows = await connection.execute(
        text(f"""
            SELECT event_hash, declared, event_id, location_id, event_time, record_time, event, context, effect,
                   published
            FROM epcis_events WHERE {condition}
            ORDER BY {column} {direction}, event_hash {direction}, declared {direction} LIMIT :count
        """),
        {**parameters, "count": count},
    )
    return [
        StoredEvent(
            row.event_hash,
            row.declared,
            row.event_id,
            row.location_id,
            row.event_time,
            row.record_time,
            (),
            row.event,
            row.context,
            row.effect,
            row.published,
        )
        for row in rows
    ]


async def count_events(
    connection: AsyncConnection, query: Query, location_ids: Sequence[str] | None, most: int
) -> int:
    """Count events that match a query, up to a number."""
    condition, parameters = _condition(query, location_ids)
    counted = await connection.execute(
        text(f"SELECT count(*) FROM (SELECT FROM epcis_events WHERE {condition} LIMIT :most) AS found"),
        {**parameters, "most": most},
    )
    return int(counted.scalar_one())


def _condition(query: Query, location_ids: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
    """Say a query as a condition in SQL, with its parameters."""
    conditions = ["true"]
    parameters: dict[str, Any] = {}
    for index, wanted in enumerate(query.wanted):
        conditions.append(f"keys && CAST(:wanted_{index} AS text[])")
        parameters[f"wanted_{index}"] = wanted
    for name, comparison, value in (
        ("event_time", ">=", query.event_time_from),
        ("event_time", "<", query.event_time_before),
        ("record_time", ">=", query.record_time_from),
        ("record_time", "<", query.record_time_before),
    ):
        if value is not None:
            parameter = f"{name}_{'from' if comparison == '>=' else 'before'}"
            conditions.append(f"{name} {comparison} :{parameter}")
            parameters[parameter] = value
    if query.event_ids is not None:
        conditions.append("event_id = ANY(CAST(:event_ids AS text[]))")
        parameters["event_ids"] = query.event_ids
    if location_ids is not None:
        conditions.append("location_id = ANY(CAST(:location_ids AS text[]))")
        parameters["location_ids"] = list(location_ids)
    return " AND ".join(conditions), parameters


async def places(connection: AsyncConnection, location_id: str, gln: str) -> list[tuple[str, frozenset[str]]]:
    """Read locations by id or GLN: id and zones of each."""
    rows = await connection.execute(_PLACES, {"location_id": location_id, "gln": gln})
    return [(row.location_id, frozenset(row.zone_ids)) for row in rows]


async def sample_tags(
    connection: AsyncConnection, location_id: str, item_ids: Iterable[str]
) -> dict[str, bytes]:
    """Read one tag of each item at a location, whichever comes first."""
    rows = await connection.execute(_SAMPLES, {"location_id": location_id, "item_ids": list(item_ids)})
    return {row.item_id: row.epc for row in rows}


def _capture(row: Any) -> Capture:
    return Capture(
        row.capture_id,
        row.actor,
        None if row.location_ids is None else frozenset(row.location_ids),
        row.proceed,
        row.create_time,
        row.success,
        row.finish_time,
    )
