"""Cells, tags and movements: rows ⇄ domain.

Locks are taken in one order everywhere: cells by (location, item), then reservations by id, then tags by
(location, EPC).
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.db import copy_rows
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    INSIDE,
    Bucket,
    Cell,
    CellKey,
    Movement,
    Reason,
    Tag,
    TagEvent,
    TagState,
)
from onhand.stock.domain.policies import Rule, Scope

_CELL_COLUMNS = """
    b.location_id, b.item_id, b.sellable, b.damaged, b.quality_control, b.quarantined, b.missing, b.in_transit,
    b.reserved, b.committed, b.shortfall, b.unidentified, b.confirm_time, b.revision::text AS revision, b.version,
    (SELECT json_agg(json_build_array(p.item_id, p.item_class, p.location_id, p.channel, p.safety_stock,
                                      p.kept_percent, p.out_quantity, p.customer_limit, p.channel_limit,
                                      p.orders_first))::text
     FROM stock_policies p
     WHERE p.item_id IN (b.item_id, '') AND p.location_id IN (b.location_id, '')
       AND (p.item_class = '' OR p.item_class = (SELECT i.item_class FROM items i WHERE i.item_id = b.item_id))
    ) AS rules
"""
_BUCKET_COLUMNS = tuple((bucket, bucket.name.lower()) for bucket in INSIDE)
_LOCK_CELLS = text(f"""
    SELECT {_CELL_COLUMNS}, l.safety_stock
    FROM balances b
    JOIN unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[])) AS k (location_id, item_id)
      USING (location_id, item_id)
    JOIN locations l USING (location_id)
    ORDER BY b.location_id, b.item_id
    FOR UPDATE OF b
""")
_ADD_CELLS = text("""
    INSERT INTO balances (location_id, item_id, confirm_time)
    SELECT k.location_id, k.item_id, :now
    FROM unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[])) AS k (location_id, item_id)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
""")
_SAVE_CELLS = text("""
    UPDATE balances b SET
        sellable = v.sellable, damaged = v.damaged, quality_control = v.quality_control,
        quarantined = v.quarantined, missing = v.missing, in_transit = v.in_transit,
        reserved = v.reserved, committed = v.committed, shortfall = v.shortfall,
        unidentified = v.unidentified, confirm_time = v.confirm_time, revision = pg_current_xact_id(),
        version = b.version + 1
    FROM unnest(
        CAST(:location_ids AS text[]), CAST(:item_ids AS text[]), CAST(:sellable AS bigint[]),
        CAST(:damaged AS bigint[]), CAST(:quality_control AS bigint[]), CAST(:quarantined AS bigint[]),
        CAST(:missing AS bigint[]), CAST(:in_transit AS bigint[]), CAST(:reserved AS bigint[]),
        CAST(:committed AS bigint[]), CAST(:shortfall AS bigint[]), CAST(:unidentified AS bigint[]),
        CAST(:confirm_time AS timestamptz[])
    ) AS v (location_id, item_id, sellable, damaged, quality_control, quarantined, missing, in_transit,
            reserved, committed, shortfall, unidentified, confirm_time)
    WHERE b.location_id = v.location_id AND b.item_id = v.item_id
""")
_MOVEMENT_COLUMNS = (
    "location_id",
    "movement_id",
    "item_id",
    "from_bucket",
    "to_bucket",
    "quantity",
    "reason",
    "occur_time",
    "document",
    "epc",
    "actor",
)
_TAG_COLUMNS = """
    location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time, rssi_cdbm,
    read_rate, exit_time, passage_time, bucket
"""
_LOCK_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags
    JOIN unnest(CAST(:location_ids AS text[]), CAST(:epcs AS bytea[])) AS k (location_id, epc)
      USING (location_id, epc)
    ORDER BY location_id, epc
    FOR UPDATE OF tags
""")
_READ_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags
    JOIN unnest(CAST(:location_ids AS text[]), CAST(:epcs AS bytea[])) AS k (location_id, epc)
      USING (location_id, epc)
""")
_SAVE_TAGS = text(f"""
    INSERT INTO tags ({_TAG_COLUMNS})
    SELECT * FROM unnest(
        CAST(:location_ids AS text[]), CAST(:epcs AS bytea[]), CAST(:item_ids AS text[]),
        CAST(:states AS smallint[]), CAST(:state_times AS timestamptz[]), CAST(:zone_ids AS text[]),
        CAST(:first_seen_times AS timestamptz[]), CAST(:last_seen_times AS timestamptz[]),
        CAST(:rssi_cdbms AS integer[]), CAST(:read_rates AS real[]), CAST(:exit_times AS timestamptz[]),
        CAST(:passage_times AS timestamptz[]), CAST(:buckets AS smallint[]))
    ON CONFLICT (location_id, epc) DO UPDATE SET
        item_id = excluded.item_id, state = excluded.state, state_time = excluded.state_time,
        zone_id = excluded.zone_id, last_seen_time = excluded.last_seen_time, rssi_cdbm = excluded.rssi_cdbm,
        read_rate = excluded.read_rate, exit_time = excluded.exit_time, passage_time = excluded.passage_time,
        bucket = excluded.bucket
""")
_TAG_EVENT_COLUMNS = (
    "location_id",
    "epc",
    "state_before",
    "state",
    "zone_before",
    "zone_id",
    "occur_time",
    "movement_id",
)
_FIND_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags WHERE epc = ANY(CAST(:epcs AS bytea[]))
    ORDER BY last_seen_time DESC
""")
_LIST_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags
    WHERE location_id = :location_id AND epc > :after
      AND (:item_id = '' OR item_id = :item_id) AND (:state = 0 OR state = :state)
      AND (NOT :only_unknown OR item_id IS NULL)
      AND (CAST(:not_seen_since AS timestamptz) IS NULL OR last_seen_time < CAST(:not_seen_since AS timestamptz))
    ORDER BY epc LIMIT :count
""")
_UNSEEN_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags
    WHERE location_id = :location_id AND item_id IS NOT NULL
      AND (state = :unconfirmed AND last_seen_time < :missing_before
           OR state = :present AND last_seen_time < :unconfirmed_before)
      AND (last_seen_time, epc) > (:after_time, :after_epc)
    ORDER BY last_seen_time, epc LIMIT :count
""")
_EXITED_TAGS = text(f"""
    SELECT {_TAG_COLUMNS} FROM tags
    WHERE exit_time IS NOT NULL AND (exit_time, epc) > (:after_time, :after_epc)
    ORDER BY exit_time, epc LIMIT :count
""")
_LIST_MOVEMENTS = text("""
    SELECT location_id, movement_id, item_id, from_bucket, to_bucket, quantity, reason, occur_time, record_time,
           document, epc, actor, revision::text AS revision
    FROM movements
    WHERE location_id = :location_id AND (:item_id = '' OR item_id = :item_id)
      AND (CAST(:before AS uuid) IS NULL OR movement_id < CAST(:before AS uuid))
    ORDER BY movement_id DESC LIMIT :count
""")
_READ_CELLS = text(f"""
    SELECT {_CELL_COLUMNS}, l.safety_stock
    FROM balances b JOIN locations l USING (location_id)
    WHERE b.location_id = ANY(CAST(:location_ids AS text[])) AND b.item_id = ANY(CAST(:item_ids AS text[]))
""")


async def lock_existing_cells(connection: AsyncConnection, keys: Iterable[CellKey]) -> list[Cell]:
    """Lock those of the cells that were ever counted."""
    ordered = sorted(set(keys))
    if not ordered:
        return []
    parameters = {
        "location_ids": [key.location_id for key in ordered],
        "item_ids": [key.item_id for key in ordered],
    }
    return [cell(row) for row in await connection.execute(_LOCK_CELLS, parameters)]


async def lock_cells(connection: AsyncConnection, keys: Iterable[CellKey], now: datetime) -> list[Cell]:
    """Lock cells, making those that are not there yet. Their locations must exist."""
    wanted = set(keys)
    cells = await lock_existing_cells(connection, wanted)
    if len(cells) == len(wanted):
        return cells
    new = sorted(wanted - {each.key for each in cells})
    parameters = {"location_ids": [key.location_id for key in new], "item_ids": [key.item_id for key in new]}
    await connection.execute(_ADD_CELLS, {**parameters, "now": now})
    return await lock_existing_cells(connection, wanted)


async def lock_tags(connection: AsyncConnection, keys: Iterable[tuple[str, bytes]]) -> list[Tag]:
    """Lock those of the tags that exist."""
    return await _tags(connection, _LOCK_TAGS, keys)


async def read_tags(connection: AsyncConnection, keys: Iterable[tuple[str, bytes]]) -> list[Tag]:
    """Read those of the tags that exist; locks nothing."""
    return await _tags(connection, _READ_TAGS, keys)


async def _tags(connection: AsyncConnection, query: Any, keys: Iterable[tuple[str, bytes]]) -> list[Tag]:
    ordered = sorted(set(keys))
    if not ordered:
        return []
    parameters = {"location_ids": [key[0] for key in ordered], "epcs": [key[1] for key in ordered]}
    return [tag(row) for row in await connection.execute(query, parameters)]


async def find_tags(connection: AsyncConnection, epcs: Sequence[bytes]) -> list[Tag]:
    """Read what every location knows of some EPCs, latest sight first; locks nothing."""
    return [tag(row) for row in await connection.execute(_FIND_TAGS, {"epcs": list(epcs)})]


async def list_tags(connection: AsyncConnection, **filters: Any) -> list[Tag]:
    return [tag(row) for row in await connection.execute(_LIST_TAGS, filters)]


async def unseen_tags(
    connection: AsyncConnection,
    location_id: str,
    unconfirmed_before: datetime,
    missing_before: datetime,
    after: tuple[datetime, bytes],
    count: int,
) -> list[Tag]:
    """Read the counted tags that were last seen before a time, longest unseen first."""
    parameters = {
        "location_id": location_id,
        "present": TagState.PRESENT,
        "unconfirmed": TagState.UNCONFIRMED,
        "unconfirmed_before": unconfirmed_before,
        "missing_before": missing_before,
        "after_time": after[0],
        "after_epc": after[1],
        "count": count,
    }
    return [tag(row) for row in await connection.execute(_UNSEEN_TAGS, parameters)]


async def exited_tags(connection: AsyncConnection, after: tuple[datetime, bytes], count: int) -> list[Tag]:
    """Read the tags that were seen at an exit and of which it is not decided whether they left."""
    parameters = {"after_time": after[0], "after_epc": after[1], "count": count}
    return [tag(row) for row in await connection.execute(_EXITED_TAGS, parameters)]


async def list_movements(connection: AsyncConnection, **filters: Any) -> list[Movement]:
    rows = await connection.execute(_LIST_MOVEMENTS, filters)
    return [
        Movement(
            row.movement_id,
            CellKey(row.location_id, row.item_id),
            Bucket(row.from_bucket),
            Bucket(row.to_bucket),
            row.quantity,
            Reason(row.reason),
            row.occur_time,
            row.document,
            row.epc,
            row.actor,
            row.record_time,
            int(row.revision),
        )
        for row in rows
    ]


async def read_cells(
    connection: AsyncConnection, location_ids: Sequence[str], item_ids: Sequence[str]
) -> dict[CellKey, Cell]:
    """Read cells as they are now; locks nothing."""
    rows = await connection.execute(
        _READ_CELLS, {"location_ids": list(location_ids), "item_ids": list(item_ids)}
    )
    return {each.key: each for each in map(cell, rows)}


async def save(connection: AsyncConnection, books: Books) -> None:
    """Write everything that was done to `books`."""
    if books.changed_cells:
        cells = [books.cells[key] for key in sorted(books.changed_cells)]
        await connection.execute(_SAVE_CELLS, _cell_arrays(cells))
    if books.changed_tags:
        tags = [books.tags[key] for key in sorted(books.changed_tags)]
        await connection.execute(_SAVE_TAGS, _tag_arrays(tags))
    if books.movements:
        await copy_rows(connection, "movements", _MOVEMENT_COLUMNS, map(_movement_row, books.movements))
    if books.tag_events:
        await copy_rows(connection, "tag_events", _TAG_EVENT_COLUMNS, map(_tag_event_row, books.tag_events))


def _cell_arrays(cells: Sequence[Cell]) -> dict[str, list[Any]]:
    return {
        "location_ids": [each.key.location_id for each in cells],
        "item_ids": [each.key.item_id for each in cells],
        **{bucket.name.lower(): [each.buckets[bucket] for each in cells] for bucket in INSIDE},
        **{
            name: [getattr(each, name) for each in cells]
            for name in ("reserved", "committed", "shortfall", "unidentified", "confirm_time")
        },
    }


def _movement_row(movement: Movement) -> tuple[Any, ...]:
    return (
        movement.key.location_id,
        movement.movement_id,
        movement.key.item_id,
        movement.from_bucket,
        movement.to_bucket,
        movement.quantity,
        movement.reason,
        movement.occur_time,
        movement.document,
        movement.epc,
        movement.actor,
    )


def _tag_event_row(event: TagEvent) -> tuple[Any, ...]:
    tag = event.tag
    return (
        tag.location_id,
        tag.epc,
        event.state_before,
        tag.state,
        event.zone_before,
        tag.zone_id,
        event.occur_time,
        event.movement_id,
    )


def _tag_arrays(tags: Sequence[Tag]) -> dict[str, list[Any]]:
    return {
        "location_ids": [each.location_id for each in tags],
        "epcs": [each.epc for each in tags],
        "item_ids": [each.item_id for each in tags],
        "states": [each.state for each in tags],
        "state_times": [each.state_time for each in tags],
        "zone_ids": [each.zone_id for each in tags],
        "first_seen_times": [each.first_seen_time for each in tags],
        "last_seen_times": [each.last_seen_time for each in tags],
        "rssi_cdbms": [each.rssi_cdbm for each in tags],
        "read_rates": [each.read_rate for each in tags],
        "exit_times": [each.exit_time for each in tags],
        "passage_times": [each.passage_time for each in tags],
        "buckets": [each.bucket for each in tags],
    }


def empty_cell(key: CellKey, now: datetime) -> Cell:
    """Return what a cell is before its first unit."""
    return Cell(key, dict.fromkeys(INSIDE, 0), 0, 0, 0, 0, now, 0)


def cell(row: Any) -> Cell:
    return Cell(
        CellKey(row.location_id, row.item_id),
        {bucket: getattr(row, column) for bucket, column in _BUCKET_COLUMNS},
        row.reserved,
        row.committed,
        row.shortfall,
        row.unidentified,
        row.confirm_time,
        row.safety_stock,
        int(row.revision),
        row.version,
        rules(row.rules) if row.rules else (),
    )


def rules(written: str) -> list[Rule]:
    """Read rules as a cell's row has them."""
    return [Rule(Scope(*each[:4]), *each[4:]) for each in json.loads(written)]


def tag(row: Any) -> Tag:
    return Tag(
        row.location_id,
        row.epc,
        row.item_id,
        TagState(row.state),
        row.state_time,
        row.zone_id,
        row.first_seen_time,
        row.last_seen_time,
        row.rssi_cdbm,
        row.read_rate,
        row.exit_time,
        row.passage_time,
        Bucket(row.bucket),
    )
