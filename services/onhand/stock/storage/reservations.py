"""Reservations and their lines: rows ⇄ domain."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.outbox import Event
from onhand.stock.domain.model import Cell, CellKey, Reservation, ReservationLine, ReservationState

_CLAIMED = text("""
    SELECT reservation_id, actor, request FROM reservations
    WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[]))
""")
_COLUMNS = """
    reservation_id, state, channel, customer_id, order_id, create_time, expire_time, revision::text AS revision,
    version
"""
_READ = text(
    f"SELECT {_COLUMNS} FROM reservations WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[]))"
)
_LOCK = text(f"""
    SELECT {_COLUMNS} FROM reservations WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[]))
    ORDER BY reservation_id FOR UPDATE
""")
_LINES = text("""
    SELECT location_id, reservation_id, item_id, quantity, fulfilled, released FROM reservation_lines
    WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[])) ORDER BY location_id, reservation_id, item_id
""")
_SAVE = text("""
    UPDATE reservations r SET state = v.state, order_id = v.order_id, expire_time = v.expire_time,
                              revision = pg_current_xact_id(), version = r.version + 1
    FROM unnest(CAST(:reservation_ids AS uuid[]), CAST(:states AS smallint[]), CAST(:order_ids AS text[]),
                CAST(:expire_times AS timestamptz[])) AS v (reservation_id, state, order_id, expire_time)
    WHERE r.reservation_id = v.reservation_id
""")
_SAVE_LINES = text(f"""
    WITH v AS (
        SELECT * FROM unnest(
            CAST(:location_ids AS text[]), CAST(:reservation_ids AS uuid[]), CAST(:item_ids AS text[]),
            CAST(:fulfilled AS bigint[]), CAST(:released AS bigint[]), CAST(:states AS smallint[]))
        AS v (location_id, reservation_id, item_id, fulfilled, released, state)
    ), saved AS (
        UPDATE reservation_lines l SET fulfilled = v.fulfilled, released = v.released FROM v
        WHERE l.location_id = v.location_id AND l.reservation_id = v.reservation_id AND l.item_id = v.item_id
    ), sides AS (
        -- Of the rows as they were before this statement, and as it leaves them. What expires does so at its
        -- time, whenever it is swept.
        SELECT v.location_id, v.item_id, v.reservation_id, v.state AS state_after, r.state AS state_before,
               l.quantity - l.fulfilled - l.released AS before, l.quantity - v.fulfilled - v.released AS after,
               CASE WHEN v.state IN ({ReservationState.EXPIRED:d}, {ReservationState.BUMPED:d})
                    THEN least(r.expire_time, now()) ELSE now() END AS change_time
        FROM v JOIN reservation_lines l USING (location_id, reservation_id, item_id)
        JOIN reservations r USING (reservation_id)
    ), changes AS (
        SELECT location_id, item_id, change_time, reservation_id,
               CASE state_after WHEN {ReservationState.HELD:d} THEN after ELSE 0 END
               - CASE state_before WHEN {ReservationState.HELD:d} THEN before ELSE 0 END AS reserved,
               CASE state_after WHEN {ReservationState.COMMITTED:d} THEN after ELSE 0 END
               - CASE state_before WHEN {ReservationState.COMMITTED:d} THEN before ELSE 0 END AS committed
        FROM sides
    )
    INSERT INTO reservation_changes AS c
        (location_id, item_id, change_time, reservation_id, reserved, committed)
    SELECT * FROM changes WHERE (reserved, committed) <> (0, 0)
    ON CONFLICT (location_id, item_id, change_time, reservation_id) DO UPDATE SET
        reserved = c.reserved + excluded.reserved, committed = c.committed + excluded.committed
""")
_EXPIRED_ON_CELLS = text("""
    SELECT DISTINCT l.reservation_id
    FROM reservation_lines l
    JOIN unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[])) AS k (location_id, item_id)
      USING (location_id, item_id)
    JOIN reservations r USING (reservation_id)
    WHERE l.fulfilled + l.released < l.quantity AND r.expire_time <= :now
""")
_DUE = text("""
    SELECT reservation_id FROM reservations WHERE expire_time <= :now ORDER BY expire_time LIMIT :count
""")
_HELD = text("SELECT reservation_id FROM reservations WHERE expire_time IS NOT NULL")
_MATCHES = f"""
    (:order_id = '' OR r.order_id = :order_id) AND (:customer_id = '' OR r.customer_id = :customer_id)
    AND (:channel = '' OR r.channel = :channel)
    AND (CAST(:create_from AS timestamptz) IS NULL OR r.create_time >= CAST(:create_from AS timestamptz))
    AND (CAST(:create_before AS timestamptz) IS NULL OR r.create_time < CAST(:create_before AS timestamptz))
    AND (:location_id = '' AND :item_id = '' OR EXISTS (
        SELECT FROM reservation_lines l
        WHERE l.reservation_id = r.reservation_id AND (:location_id = '' OR l.location_id = :location_id)
          AND (:item_id = '' OR l.item_id = :item_id)))
    AND (cardinality(CAST(:states AS smallint[])) = 0
         OR CASE WHEN r.state = {ReservationState.HELD:d} AND r.expire_time <= :now
                 THEN {ReservationState.EXPIRED:d} ELSE r.state END = ANY(CAST(:states AS smallint[])))
"""
_LIST = text(f"""
    SELECT r.reservation_id FROM reservations r
    WHERE {_MATCHES}
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (create_time, reservation_id) < (CAST(:before_time AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY create_time DESC, reservation_id DESC LIMIT :count
""")
_OLDEST_HELD = text(f"""
    SELECT r.reservation_id FROM reservations r
    WHERE {_MATCHES} AND r.expire_time > :now ORDER BY create_time, reservation_id LIMIT :count
""")
_SAVE_QUANTITIES = text(f"""
    WITH v AS (
        SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:item_ids AS text[]), CAST(:quantities AS bigint[]))
        AS v (location_id, item_id, quantity)
    ), grown AS (
        SELECT v.location_id, v.item_id, v.quantity - coalesce(l.quantity, 0) AS units
        FROM v LEFT JOIN reservation_lines l
          ON (l.location_id, l.item_id, l.reservation_id) = (v.location_id, v.item_id, CAST(:reservation_id AS uuid))
    ), saved AS (
        INSERT INTO reservation_lines (location_id, reservation_id, item_id, quantity)
        SELECT location_id, CAST(:reservation_id AS uuid), item_id, quantity FROM v
        ON CONFLICT (location_id, reservation_id, item_id) DO UPDATE SET quantity = excluded.quantity
    )
    INSERT INTO reservation_changes AS c
        (location_id, item_id, change_time, reservation_id, reserved, committed)
    SELECT location_id, item_id, now(), CAST(:reservation_id AS uuid),
           CASE CAST(:state AS smallint) WHEN {ReservationState.HELD:d} THEN units ELSE 0 END,
           CASE CAST(:state AS smallint) WHEN {ReservationState.COMMITTED:d} THEN units ELSE 0 END
    FROM grown WHERE units <> 0
    ON CONFLICT (location_id, item_id, change_time, reservation_id) DO UPDATE SET
        reserved = c.reserved + excluded.reserved, committed = c.committed + excluded.committed
""")


_HOLD = """
    WITH cells AS (
        UPDATE balances b SET reserved = v.reserved, revision = pg_current_xact_id(), version = b.version + 1
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS v (location_id, item_id, reserved)
        WHERE b.location_id = v.location_id AND b.item_id = v.item_id
    ), made AS (
        INSERT INTO reservations (reservation_id, actor, request, state, channel, customer_id, order_id,
                                  create_time, expire_time)
        SELECT * FROM unnest($4::uuid[], $5::text[], $6::bytea[], $7::smallint[], $8::text[], $9::text[],
                             $10::text[], $11::timestamptz[], $12::timestamptz[])
    ), lines AS (
        INSERT INTO reservation_lines (location_id, reservation_id, item_id, quantity)
        SELECT * FROM unnest($13::text[], $14::uuid[], $15::text[], $16::bigint[])
    ), told AS (
        INSERT INTO outbox (event_id, subject, payload, trace)
        SELECT * FROM unnest($17::uuid[], $18::text[], $19::bytea[], $20::text[])
    )
    SELECT pg_current_xact_id()::text
"""
"""All that new holds write, in one round trip."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reservations; an empty text, None and an empty list stand for all."""

    order_id: str = ""
    customer_id: str = ""
    channel: str = ""
    location_id: str = ""
    item_id: str = ""
    states: Sequence[int] = ()
    create_from: datetime | None = None
    create_before: datetime | None = None


class Request(Protocol):
    """What is kept of the request that created a reservation, to recognise a repeat."""

    @property
    def actor(self) -> str: ...

    @property
    def request(self) -> bytes: ...


async def claimed(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, tuple[str, bytes]]:
    """Read which of these ids are taken: by whom, and with what request."""
    rows = await connection.execute(_CLAIMED, {"reservation_ids": sorted(ids)})
    return {row.reservation_id: (row.actor, row.request) for row in rows}


async def add_holds(
    connection: AsyncConnection,
    created: Iterable[tuple[Reservation, Request]],
    cells: Sequence[Cell],
    events: Sequence[Event],
) -> int:
    """Insert holds, write what their cells have reserved, add events; returns the revision.

    Raises UniqueViolationError when an id was taken meanwhile.
    """
    # In one order: replicas that insert the same ids at once wait for each other instead of deadlocking.
    ordered = sorted(created, key=lambda pair: pair[0].reservation_id)
    lines = [(each, line) for each, _ in ordered for line in each.lines]
    raw: Any = (await connection.get_raw_connection()).driver_connection
    revision = await raw.fetchval(
        _HOLD,
        [each.key.location_id for each in cells],
        [each.key.item_id for each in cells],
        [each.reserved for each in cells],
        *_columns(ordered),
        [line.key.location_id for _, line in lines],
        [each.reservation_id for each, _ in lines],
        [line.key.item_id for _, line in lines],
        [line.quantity for _, line in lines],
        *outbox.columns(events),
    )
    return int(revision)


def _columns(created: Sequence[tuple[Reservation, Request]]) -> tuple[list[Any], ...]:
    return (
        [each.reservation_id for each, _ in created],
        [request.actor for _, request in created],
        [request.request for _, request in created],
        [each.state for each, _ in created],
        [each.channel for each, _ in created],
        [each.customer_id for each, _ in created],
        [each.order_id for each, _ in created],
        [each.create_time for each, _ in created],
        [each.expire_time for each, _ in created],
    )


async def read(connection: AsyncConnection, reservation_ids: Iterable[UUID]) -> list[Reservation]:
    """Read reservations with their lines; locks nothing."""
    return await _with_lines(connection, _READ, reservation_ids)


async def lock(connection: AsyncConnection, reservation_ids: Iterable[UUID]) -> list[Reservation]:
    """Lock reservations, whose cells must have been locked before."""
    return await _with_lines(connection, _LOCK, reservation_ids)


async def _with_lines(connection: AsyncConnection, query: Any, ids: Iterable[UUID]) -> list[Reservation]:
    parameters = {"reservation_ids": sorted(ids)}
    if not parameters["reservation_ids"]:
        return []
    rows = (await connection.execute(query, parameters)).all()
    reservations = {row.reservation_id: _reservation(row) for row in rows}
    for row in await connection.execute(_LINES, parameters):
        line = ReservationLine(
            CellKey(row.location_id, row.item_id), row.quantity, row.fulfilled, row.released
        )
        reservations[row.reservation_id].lines.append(line)
    return list(reservations.values())


async def save(connection: AsyncConnection, reservations: Sequence[Reservation]) -> None:
    """Write state and lines of reservations that were locked, and note what that changes for their cells."""
    lines = [(each, line) for each in reservations for line in each.lines]
    await connection.execute(
        _SAVE_LINES,
        {
            "location_ids": [line.key.location_id for _, line in lines],
            "reservation_ids": [each.reservation_id for each, _ in lines],
            "item_ids": [line.key.item_id for _, line in lines],
            "fulfilled": [line.fulfilled for _, line in lines],
            "released": [line.released for _, line in lines],
            "states": [each.state for each, _ in lines],
        },
    )
    # After the lines, which are compared with the state before.
    await connection.execute(
        _SAVE,
        {
            "reservation_ids": [each.reservation_id for each in reservations],
            "states": [each.state for each in reservations],
            "order_ids": [each.order_id for each in reservations],
            "expire_times": [each.expire_time for each in reservations],
        },
    )


async def expired_on(connection: AsyncConnection, keys: Sequence[CellKey], now: datetime) -> list[UUID]:
    """Find holds that ran out and still count against some of these cells."""
    result = await connection.execute(
        _EXPIRED_ON_CELLS,
        {
            "location_ids": [key.location_id for key in keys],
            "item_ids": [key.item_id for key in keys],
            "now": now,
        },
    )
    return list(result.scalars())


async def due(connection: AsyncConnection, now: datetime, count: int) -> list[UUID]:
    """Find holds that ran out, longest ago first."""
    return list((await connection.execute(_DUE, {"now": now, "count": count})).scalars())


async def held(connection: AsyncConnection) -> list[UUID]:
    """Find all holds that still count."""
    return list((await connection.execute(_HELD)).scalars())


async def list_page(
    connection: AsyncConnection,
    wanted: Filter,
    now: datetime,
    before: tuple[datetime, UUID] | None,
    count: int,
) -> list[Reservation]:
    """Read reservations that match, latest first, before one of them."""
    before_time, before_id = before or (None, None)
    parameters = {**asdict(wanted), "now": now, "before_time": before_time, "before_id": before_id}
    ids = list((await connection.execute(_LIST, {**parameters, "count": count})).scalars())
    found = {each.reservation_id: each for each in await read(connection, ids)}
    return [found[each] for each in ids]


async def oldest_held(connection: AsyncConnection, wanted: Filter, now: datetime, count: int) -> list[UUID]:
    """Find held reservations that match, oldest first."""
    parameters = {**asdict(replace(wanted, states=[ReservationState.HELD])), "now": now, "count": count}
    return list((await connection.execute(_OLDEST_HELD, parameters)).scalars())


async def save_quantities(connection: AsyncConnection, reservation: Reservation) -> None:
    """Write the quantities of a reservation's lines, new ones too, and note what that changes for their cells.

    Before `save`, which compares the lines with what they were.
    """
    parameters = {
        "state": reservation.state,
        "reservation_id": reservation.reservation_id,
        "location_ids": [line.key.location_id for line in reservation.lines],
        "item_ids": [line.key.item_id for line in reservation.lines],
        "quantities": [line.quantity for line in reservation.lines],
    }
    await connection.execute(_SAVE_QUANTITIES, parameters)


def _reservation(row: Any) -> Reservation:
    return Reservation(
        row.reservation_id,
        ReservationState(row.state),
        [],
        row.channel,
        row.customer_id,
        row.order_id,
        row.create_time,
        row.expire_time,
        int(row.revision),
        row.version,
    )
