"""What housekeeping drops: rows that ended, or were last seen, before a time, some at once."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.counts import CountState
from onhand.stock.domain.model import COUNTED, ReservationState, TagState
from onhand.stock.domain.shipments import ShipmentState

_GONE = ", ".join(str(int(each)) for each in (TagState.SOLD, TagState.DEPARTED, TagState.SHIPPED))
_COUNTED = ", ".join(str(int(each)) for each in sorted(COUNTED))

_RESERVATIONS = text(f"""
    WITH old AS (
        SELECT reservation_id FROM reservations r
        WHERE create_time < :before AND expire_time IS NULL
          AND state NOT IN ({ReservationState.HELD:d}, {ReservationState.COMMITTED:d})
          AND NOT EXISTS (SELECT FROM reservation_lines l
                          WHERE l.reservation_id = r.reservation_id AND l.fulfilled + l.released < l.quantity)
        LIMIT :count FOR UPDATE SKIP LOCKED
    ), lines AS (
        DELETE FROM reservation_lines l USING old WHERE l.reservation_id = old.reservation_id
    )
    DELETE FROM reservations r USING old WHERE r.reservation_id = old.reservation_id
""")
_COUNTS = text(f"""
    WITH old AS (
        SELECT location_id, count_id FROM counts c
        WHERE end_time < :before AND state NOT IN ({CountState.OPEN:d}, {CountState.FINISHING:d})
          AND NOT EXISTS (SELECT FROM count_sights s
                          WHERE s.location_id = c.location_id AND s.count_id = c.count_id)
        LIMIT :count FOR UPDATE SKIP LOCKED
    ), lines AS (
        DELETE FROM count_lines l USING old WHERE (l.location_id, l.count_id) = (old.location_id, old.count_id)
    ), quantities AS (
        DELETE FROM count_quantities q USING old
        WHERE (q.location_id, q.count_id) = (old.location_id, old.count_id)
    )
    DELETE FROM counts c USING old WHERE c.count_id = old.count_id
""")
# A settlement stays as long as its movement is in the ledger, where another receipt could settle it again.
_SHIPMENTS = text(f"""
    WITH old AS (
        SELECT to_location_id AS location_id, shipment_id FROM shipments s
        WHERE end_time < :before AND state IN ({ShipmentState.CLOSED:d}, {ShipmentState.CANCELLED:d})
          AND NOT EXISTS (
              SELECT FROM shipment_settlements t JOIN movements m USING (location_id, movement_id)
              WHERE t.location_id = s.to_location_id AND t.shipment_id = s.shipment_id)
        LIMIT :count FOR UPDATE SKIP LOCKED
    ), lines AS (
        DELETE FROM shipment_lines l USING old
        WHERE (l.location_id, l.shipment_id) = (old.location_id, old.shipment_id)
    ), tags AS (
        DELETE FROM shipment_tags t USING old
        WHERE (t.location_id, t.shipment_id) = (old.location_id, old.shipment_id)
    ), settlements AS (
        DELETE FROM shipment_settlements t USING old
        WHERE (t.location_id, t.shipment_id) = (old.location_id, old.shipment_id)
    )
    DELETE FROM shipments s USING old WHERE s.shipment_id = old.shipment_id
""")
_GONE_TAGS = text(f"""
    DELETE FROM tags WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM tags
        WHERE state IN ({_GONE}) AND state_time < :before AND last_seen_time < :before AND exit_time IS NULL
          AND item_id IS NOT NULL
        LIMIT :count FOR UPDATE SKIP LOCKED))
""")
_UNKNOWN_TAGS = text(f"""
    DELETE FROM tags WHERE ctid = ANY(ARRAY(
        SELECT t.ctid FROM locations l JOIN tags t USING (location_id)
        WHERE t.state IN ({_COUNTED}) AND t.last_seen_time < :before AND t.item_id IS NULL AND t.exit_time IS NULL
        LIMIT :count FOR UPDATE OF t SKIP LOCKED))
""")
_RESERVATION_CHANGES = text("""
    DELETE FROM reservation_changes WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM reservation_changes WHERE change_time < :before LIMIT :count))
""")
_UNADOPTED_READERS = text("""
    DELETE FROM read_points WHERE location_id IS NULL AND last_read_time < :before
""")


async def drop_reservations(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop reservations made before a time of which nothing is held; returns how many went."""
    return await _drop(connection, _RESERVATIONS, before, count)


async def drop_reservation_changes(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop notes of what changed before a time: no past before it is told."""
    return await _drop(connection, _RESERVATION_CHANGES, before, count)


async def drop_counts(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop counts that ended before a time, with their lines; their results stay."""
    return await _drop(connection, _COUNTS, before, count)


async def drop_shipments(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop shipments that ended before a time and of which the ledger has no appearance any more."""
    return await _drop(connection, _SHIPMENTS, before, count)


async def drop_gone_tags(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop tags that left before a time and were not seen since."""
    return await _drop(connection, _GONE_TAGS, before, count)


async def drop_unknown_tags(connection: AsyncConnection, before: datetime, count: int) -> int:
    """Drop tags of no known item that were last seen before a time."""
    return await _drop(connection, _UNKNOWN_TAGS, before, count)


async def drop_unadopted_readers(connection: AsyncConnection, before: datetime) -> int:
    """Drop antennas that nobody adopted and that posted nothing since a time."""
    return (await connection.execute(_UNADOPTED_READERS, {"before": before})).rowcount


async def _drop(connection: AsyncConnection, query: object, before: datetime, count: int) -> int:
    result = await connection.execute(query, {"before": before, "count": count})  # type: ignore[call-overload]
    return int(result.rowcount)
