"""Shipments, their lines and tags, and the appearances that they settle: rows ⇄ domain.

A shipment's row is locked before any cell.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import earliest_id
from onhand.stock.domain.model import COUNTED, Bucket, Reason
from onhand.stock.domain.shipments import Appearance, Shipment, ShipmentLine, ShipmentState, ShipmentTag

RECORD_LAG = timedelta(hours=1)
"""How far a reader's clock may be ahead of ours without its appearances being overlooked."""

_COLUMNS = """
    shipment_id, from_location_id, to_location_id, sscc, document, state, actor, send_time, expected_time,
    create_time, end_time
"""
_UNEXPLAINED = ", ".join(str(int(each)) for each in (Reason.APPEARED, Reason.CROSSED, Reason.COUNTED))
_COUNTED_STATES = ", ".join(str(int(state)) for state in sorted(COUNTED))

_ADD = text(f"""
    INSERT INTO shipments ({_COLUMNS})
    VALUES (:shipment_id, :from_location_id, :to_location_id, :sscc, :document, :state, :actor, :send_time,
            :expected_time, :create_time, :end_time)
""")
_SAVE = text("""
    UPDATE shipments SET state = :state, send_time = :send_time, end_time = :end_time
    WHERE shipment_id = :shipment_id
""")
_SAVE_LINES = text("""
    INSERT INTO shipment_lines (location_id, shipment_id, item_id, announced, dispatched, received, seen_before,
                                in_transit)
    SELECT :location_id, :shipment_id, * FROM unnest(
        CAST(:item_ids AS text[]), CAST(:announced AS bigint[]), CAST(:dispatched AS bigint[]),
        CAST(:received AS bigint[]), CAST(:seen_before AS bigint[]), CAST(:in_transit AS bigint[]))
    ON CONFLICT (location_id, shipment_id, item_id) DO UPDATE SET
        announced = excluded.announced, dispatched = excluded.dispatched, received = excluded.received,
        seen_before = excluded.seen_before, in_transit = excluded.in_transit
""")
_SAVE_TAGS = text("""
    INSERT INTO shipment_tags (location_id, shipment_id, epc, item_id, dispatched, received, announced)
    SELECT :location_id, :shipment_id, * FROM unnest(
        CAST(:epcs AS bytea[]), CAST(:item_ids AS text[]), CAST(:dispatched AS boolean[]),
        CAST(:received AS boolean[]), CAST(:announced AS boolean[]))
    ON CONFLICT (location_id, shipment_id, epc) DO UPDATE SET
        dispatched = excluded.dispatched, received = excluded.received
""")
_READ = text(f"SELECT {_COLUMNS} FROM shipments WHERE shipment_id = ANY(CAST(:shipment_ids AS uuid[]))")
_LOCK = text(f"""
    SELECT {_COLUMNS} FROM shipments WHERE shipment_id = ANY(CAST(:shipment_ids AS uuid[]))
    ORDER BY shipment_id FOR UPDATE
""")
_LINES = text("""
    SELECT shipment_id, item_id, announced, dispatched, received, seen_before, in_transit FROM shipment_lines
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND shipment_id = ANY(CAST(:shipment_ids AS uuid[]))
    ORDER BY location_id, shipment_id, item_id
""")
_TAGS = text("""
    SELECT shipment_id, epc, item_id, dispatched, received, announced FROM shipment_tags
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND shipment_id = ANY(CAST(:shipment_ids AS uuid[]))
    ORDER BY location_id, shipment_id, epc
""")
_LIST = f"""
    SELECT shipment_id FROM shipments
    WHERE %s = :location_id AND (NOT :only_open OR state NOT IN ({ShipmentState.CLOSED:d}, {ShipmentState.CANCELLED:d}))
      AND (:sscc = '' OR sscc = :sscc)
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (create_time, shipment_id) < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY create_time DESC, shipment_id DESC LIMIT :count
"""
_LIST_TO = text(_LIST % "to_location_id")
_LIST_FROM = text(_LIST % "from_location_id")
_APPEARED_SINCE = text(f"""
    SELECT item_id, movement_id, epc, from_bucket, occur_time FROM movements m
    WHERE location_id = :location_id AND item_id = ANY(CAST(:item_ids AS text[])) AND movement_id >= :first
      AND occur_time >= :since AND epc IS NOT NULL AND reason IN ({_UNEXPLAINED})
      AND to_bucket = {Bucket.SELLABLE:d}
      AND NOT EXISTS (SELECT FROM shipment_settlements s
                      WHERE s.location_id = m.location_id AND s.movement_id = m.movement_id)
      AND NOT EXISTS (SELECT FROM shipment_tags t WHERE t.location_id = m.location_id AND t.epc = m.epc
                                                    AND t.shipment_id <> :shipment_id AND NOT t.received)
    ORDER BY occur_time, movement_id
""")
_APPEARED_BY_TAG = text(f"""
    SELECT m.item_id, m.movement_id, m.epc, m.from_bucket, m.occur_time
    FROM unnest(CAST(:epcs AS bytea[])) AS k (epc)
    JOIN LATERAL (
        SELECT movement_id FROM tag_events e
        WHERE e.epc = k.epc AND e.location_id = :location_id AND e.state IN ({_COUNTED_STATES})
          AND (e.state_before IS NULL OR e.state_before NOT IN ({_COUNTED_STATES}))
        ORDER BY tag_event_id DESC LIMIT 1
    ) AS last ON true
    JOIN movements m ON m.location_id = :location_id AND m.movement_id = last.movement_id
    WHERE m.reason IN ({_UNEXPLAINED})
      AND NOT EXISTS (SELECT FROM shipment_settlements s
                      WHERE s.location_id = m.location_id AND s.movement_id = m.movement_id)
""")
_SETTLE = text("""
    INSERT INTO shipment_settlements (location_id, movement_id, shipment_id)
    SELECT :location_id, movement_id, :shipment_id FROM unnest(CAST(:movement_ids AS uuid[])) AS v (movement_id)
""")


async def add(connection: AsyncConnection, shipment: Shipment) -> None:
    names = [name.strip() for name in _COLUMNS.split(",")]
    await connection.execute(_ADD, {name: getattr(shipment, name) for name in names})
    await _save_parts(connection, shipment)


async def save(connection: AsyncConnection, shipment: Shipment) -> None:
    names = ("shipment_id", "state", "send_time", "end_time")
    await connection.execute(_SAVE, {name: getattr(shipment, name) for name in names})
    await _save_parts(connection, shipment)


async def _save_parts(connection: AsyncConnection, shipment: Shipment) -> None:
    keys = {"location_id": shipment.to_location_id, "shipment_id": shipment.shipment_id}
    lines = [shipment.lines[item_id] for item_id in sorted(shipment.lines)]
    columns = ("announced", "dispatched", "received", "seen_before", "in_transit")
    await connection.execute(
        _SAVE_LINES,
        {
            **keys,
            "item_ids": [each.item_id for each in lines],
            **{column: [getattr(each, column) for each in lines] for column in columns},
        },
    )
    tags = [shipment.tags[epc] for epc in sorted(shipment.tags)]
    if tags:
        await connection.execute(
            _SAVE_TAGS,
            {
                **keys,
                "epcs": [each.epc for each in tags],
                "item_ids": [each.item_id for each in tags],
                "dispatched": [each.dispatched for each in tags],
                "received": [each.received for each in tags],
                "announced": [each.announced for each in tags],
            },
        )


async def read(connection: AsyncConnection, shipment_id: UUID) -> Shipment | None:
    found = await _whole(connection, _READ, [shipment_id], with_tags=True)
    return found[0] if found else None


async def lock(connection: AsyncConnection, shipment_id: UUID) -> Shipment | None:
    found = await _whole(connection, _LOCK, [shipment_id], with_tags=True)
    return found[0] if found else None


async def list_page(connection: AsyncConnection, *, outgoing: bool, **filters: Any) -> list[Shipment]:
    """Read shipments, latest first, without their tags."""
    rows = await connection.execute(_LIST_FROM if outgoing else _LIST_TO, filters)
    ids = list(rows.scalars())
    found = {each.shipment_id: each for each in await _whole(connection, _READ, ids, with_tags=False)}
    return [found[each] for each in ids]


async def _whole(
    connection: AsyncConnection, query: Any, ids: Sequence[UUID], *, with_tags: bool
) -> list[Shipment]:
    if not ids:
        return []
    rows = (await connection.execute(query, {"shipment_ids": sorted(ids)})).all()
    shipments = {row.shipment_id: _shipment(row) for row in rows}
    keys = {
        "location_ids": sorted({each.to_location_id for each in shipments.values()}),
        "shipment_ids": sorted(shipments),
    }
    for row in await connection.execute(_LINES, keys):
        shipments[row.shipment_id].lines[row.item_id] = ShipmentLine(
            row.item_id, row.announced, row.dispatched, row.received, row.seen_before, row.in_transit
        )
    if with_tags:
        for row in await connection.execute(_TAGS, keys):
            shipments[row.shipment_id].tags[row.epc] = ShipmentTag(
                row.epc, row.item_id, row.dispatched, row.received, row.announced
            )
    return list(shipments.values())


async def appearances(
    connection: AsyncConnection, shipment: Shipment, item_ids: Sequence[str], epcs: Iterable[bytes]
) -> dict[str, list[Appearance]]:
    """Find unsettled appearances by item: since the shipment was sent, and of some tags from any time.

    The cells of the items must be locked: then no other appears or is settled meanwhile.
    """
    since: datetime = shipment.send_time
    found: dict[UUID, tuple[str, Appearance]] = {}
    for query, parameters in (
        (
            _APPEARED_SINCE,
            {
                "item_ids": list(item_ids),
                "first": earliest_id(since - RECORD_LAG),
                "since": since,
                "shipment_id": shipment.shipment_id,
            },
        ),
        (_APPEARED_BY_TAG, {"epcs": sorted(epcs)}),
    ):
        for row in await connection.execute(query, {"location_id": shipment.to_location_id, **parameters}):
            appearance = Appearance(row.movement_id, row.epc, Bucket(row.from_bucket), row.occur_time)
            found[row.movement_id] = row.item_id, appearance
    result: dict[str, list[Appearance]] = {}
    for item_id, appearance in found.values():
        result.setdefault(item_id, []).append(appearance)
    return result


async def settle(connection: AsyncConnection, shipment: Shipment, settled: Sequence[Appearance]) -> None:
    """Note which appearances a receipt settled."""
    await connection.execute(
        _SETTLE,
        {
            "location_id": shipment.to_location_id,
            "shipment_id": shipment.shipment_id,
            "movement_ids": [each.movement_id for each in settled],
        },
    )


def _shipment(row: Any) -> Shipment:
    return Shipment(
        row.shipment_id,
        row.from_location_id,
        row.to_location_id,
        row.sscc,
        row.document,
        ShipmentState(row.state),
        row.actor,
        row.send_time,
        row.expected_time,
        row.create_time,
        row.end_time,
    )
