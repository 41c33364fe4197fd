"""SQL of slot plans, blackouts and bookings; rows ⇄ domain.

Whoever takes or closes places locks the plan's row first, then bookings.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound
from onhand.pickup.domain.slots import (
    Blackout,
    Booking,
    BookingState,
    SlotKind,
    SlotPlan,
    Span,
    Usage,
    Window,
)

MAX_BLACKOUTS = 1_000
"""Blackouts of a store that are looked at; the contract's limit."""
MAX_AFFECTED = 1_000
"""Bookings that a new blackout names; the contract's limit."""

_PLAN = """
    SELECT location_id, kind, time_zone, slot_minutes, capacity, lead_s, horizon_s, windows::text AS windows,
           overrun_occupies, version
    FROM slot_plans WHERE location_id = :location_id AND kind = :kind
"""
_GET_PLAN = text(_PLAN)
_LOCK_PLAN = text(_PLAN + " FOR UPDATE")
_LOCK_PLANS = text("SELECT FROM slot_plans WHERE location_id = :location_id ORDER BY kind FOR UPDATE")
_PUT_PLAN = text("""
    INSERT INTO slot_plans AS p (location_id, kind, time_zone, slot_minutes, capacity, lead_s, horizon_s,
                                 windows, overrun_occupies, version)
    VALUES (:location_id, :kind, :time_zone, :slot_minutes, :capacity, :lead_s, :horizon_s,
            CAST(:windows AS jsonb), :overrun_occupies, 1)
    ON CONFLICT (location_id, kind) DO UPDATE
    SET time_zone = excluded.time_zone, slot_minutes = excluded.slot_minutes, capacity = excluded.capacity,
        lead_s = excluded.lead_s, horizon_s = excluded.horizon_s, windows = excluded.windows,
        overrun_occupies = excluded.overrun_occupies, version = p.version + 1
    RETURNING version
""")
# A place belongs to its slot by overlap, so that bookings made under an earlier plan count too.
_TAKEN = text("""
    SELECT start_time, end_time, state FROM slot_bookings
    WHERE location_id = :location_id AND kind = :kind
      AND (state = 2 OR state = 1 AND expire_time > :now)
      AND start_time < :end AND end_time > :start
""")
_OVERRUNS = text("""
    SELECT count(*) FROM slot_bookings WHERE location_id = :location_id AND kind = :kind AND state = 3
""")
_BOOKINGS = """
    SELECT slot_booking_id::text AS slot_booking_id, location_id, kind, start_time, end_time, state,
           expire_time, order_id
    FROM slot_bookings
"""
_GET = text(_BOOKINGS + " WHERE slot_booking_id = :booking_id")
_LOCK = text(_BOOKINGS + " WHERE slot_booking_id = :booking_id FOR UPDATE")
_OF_ORDER = text(
    _BOOKINGS
    + """
    WHERE order_id = :order_id AND location_id = :location_id AND state IN (2, 3)
    ORDER BY slot_booking_id FOR UPDATE
"""
)
_IN_SPAN = text(
    _BOOKINGS
    + """
    WHERE location_id = :location_id AND (kind = :kind OR :kind = 0) AND state IN (1, 2)
      AND start_time < :end AND end_time > :start
    ORDER BY start_time, slot_booking_id LIMIT :limit
"""
)
_INSERT = text("""
    INSERT INTO slot_bookings (slot_booking_id, location_id, kind, start_time, end_time, state, expire_time,
                               create_time)
    VALUES (:booking_id, :location_id, :kind, :start, :end, 1, :expire_time, :now)
""")
_UPDATE = text("""
    UPDATE slot_bookings SET state = :state, expire_time = :expire_time, order_id = :order_id
    WHERE slot_booking_id = :booking_id
""")
_EXPIRE = text("""
    UPDATE slot_bookings SET state = 6
    WHERE location_id = :location_id AND kind = :kind AND state = 1 AND expire_time <= :now
      AND start_time < :end AND end_time > :start
""")
_SWEEP = text("""
    UPDATE slot_bookings SET state = 6
    WHERE slot_booking_id IN (SELECT slot_booking_id FROM slot_bookings
                              WHERE state = 1 AND expire_time <= :now
                              ORDER BY expire_time LIMIT :limit FOR UPDATE SKIP LOCKED)
""")
_PASSED = text(_BOOKINGS + " WHERE state = 2 AND end_time <= :now ORDER BY end_time LIMIT :limit")
# Once no task of the order lives there any more.
_END_OF_ORDER = text("""
    UPDATE slot_bookings SET state = 4
    WHERE order_id = :order_id AND location_id = :location_id AND state IN (2, 3)
      AND NOT EXISTS (SELECT FROM tasks t WHERE t.order_id = :order_id AND t.location_id = :location_id
                      AND t.state < 7)
""")
_ADD_BLACKOUT = text("""
    INSERT INTO slot_blackouts (blackout_id, location_id, kind, start_time, end_time, detail)
    VALUES (:blackout_id, :location_id, :kind, :start, :end, :detail)
""")
_BLACKOUTS = """
    SELECT blackout_id::text AS blackout_id, location_id, kind, start_time, end_time, detail
    FROM slot_blackouts
"""
_GET_BLACKOUT = text(_BLACKOUTS + " WHERE blackout_id = :blackout_id")
# Kept, so that a repeated request still finds whose it was.
_DROP_BLACKOUT = text("UPDATE slot_blackouts SET deleted = true WHERE blackout_id = :blackout_id")
_LIST_BLACKOUTS = text(
    _BLACKOUTS
    + """
    WHERE location_id = :location_id AND end_time > :now AND NOT deleted ORDER BY start_time, blackout_id LIMIT :limit
"""
)
_CLOSED = text(
    _BLACKOUTS
    + """
    WHERE location_id = :location_id AND kind IN (0, :kind) AND start_time < :end AND end_time > :start
      AND NOT deleted
"""
)


async def find_plan(connection: AsyncConnection, location_id: str, kind: SlotKind) -> SlotPlan | None:
    row = await connection.execute(_GET_PLAN, {"location_id": location_id, "kind": int(kind)})
    return _plan(row.one_or_none())


async def lock_plan(connection: AsyncConnection, location_id: str, kind: SlotKind) -> SlotPlan | None:
    """Return a plan of which nobody else takes or closes places before the end of the transaction."""
    row = await connection.execute(_LOCK_PLAN, {"location_id": location_id, "kind": int(kind)})
    return _plan(row.one_or_none())


async def lock_plans(connection: AsyncConnection, location_id: str) -> None:
    await connection.execute(_LOCK_PLANS, {"location_id": location_id})


async def put_plan(connection: AsyncConnection, plan: SlotPlan) -> int:
    """Write a plan over the one before; returns its version."""
    windows = [[each.day_of_week, each.start_minute, each.end_minute] for each in plan.windows]
    values = {
        "location_id": plan.location_id,
        "kind": int(plan.kind),
        "time_zone": plan.time_zone,
        "slot_minutes": plan.slot_minutes,
        "capacity": plan.capacity,
        "lead_s": int(plan.lead.total_seconds()),
        "horizon_s": int(plan.horizon.total_seconds()),
        "windows": json.dumps(windows),
        "overrun_occupies": plan.overrun_occupies,
    }
    return int((await connection.execute(_PUT_PLAN, values)).scalar_one())


async def usages(
    connection: AsyncConnection,
    plan: SlotPlan,
    wanted: Sequence[Span],
    now: datetime,
    overrun_reach: timedelta,
) -> list[Usage]:
    """Return what is taken of each slot of `wanted`, which is in the order of time."""
    if not wanted:
        return []
    key = {"location_id": plan.location_id, "kind": int(plan.kind)}
    outer = {"start": wanted[0].start, "end": max(each.end for each in wanted), "now": now}
    taken = (await connection.execute(_TAKEN, {**key, **outer})).all()
    overruns = 0
    if plan.overrun_occupies:
        overruns = int((await connection.execute(_OVERRUNS, key)).scalar_one())
    found = []
    for span in wanted:
        states = [row.state for row in taken if Span(row.start_time, row.end_time).overlaps(span)]
        reached = span.start < now + overrun_reach
        held = states.count(BookingState.HELD)
        found.append(Usage(held, len(states) - held, overruns if reached else 0))
    return found


async def expire_in(connection: AsyncConnection, plan: SlotPlan, span: Span, now: datetime) -> None:
    """End the holds of a slot that have run out, so that no process with a slower clock books one."""
    key = {"location_id": plan.location_id, "kind": int(plan.kind)}
    await connection.execute(_EXPIRE, {**key, "start": span.start, "end": span.end, "now": now})


async def expire(connection: AsyncConnection, now: datetime, limit: int) -> int:
    """End a batch of holds that have run out; returns how many."""
    return (await connection.execute(_SWEEP, {"now": now, "limit": limit})).rowcount


async def passed(connection: AsyncConnection, now: datetime, limit: int) -> list[Booking]:
    """Return bookings whose slot has passed."""
    return [_booking(row) for row in await connection.execute(_PASSED, {"now": now, "limit": limit})]


async def get(connection: AsyncConnection, booking_id: str) -> Booking:
    """Return a booking; raises NotFound."""
    return _found(await connection.execute(_GET, {"booking_id": UUID(booking_id)}), booking_id)


async def lock(connection: AsyncConnection, booking_id: str) -> Booking:
    """Return a booking that nobody else changes; raises NotFound."""
    return _found(await connection.execute(_LOCK, {"booking_id": UUID(booking_id)}), booking_id)


async def of_order(connection: AsyncConnection, order_id: str, location_id: str) -> list[Booking]:
    """Lock and return the bookings that an order has at a location."""
    rows = await connection.execute(_OF_ORDER, {"order_id": order_id, "location_id": location_id})
    return [_booking(row) for row in rows]


async def in_blackout(connection: AsyncConnection, blackout: Blackout) -> list[Booking]:
    """Return what is held or booked in a blackout."""
    values = {**_closing(blackout), "limit": MAX_AFFECTED}
    return [_booking(row) for row in await connection.execute(_IN_SPAN, values)]


async def insert(connection: AsyncConnection, booking: Booking, now: datetime) -> None:
    values = {
        "booking_id": UUID(booking.booking_id),
        "location_id": booking.location_id,
        "kind": int(booking.kind),
        "start": booking.span.start,
        "end": booking.span.end,
        "expire_time": booking.expire_time,
        "now": now,
    }
    await connection.execute(_INSERT, values)


async def update(connection: AsyncConnection, bookings: Iterable[Booking]) -> None:
    """Write what became of locked bookings."""
    rows = [
        {
            "booking_id": UUID(each.booking_id),
            "state": int(each.state),
            "expire_time": each.expire_time,
            "order_id": each.order_id,
        }
        for each in bookings
    ]
    if rows:
        await connection.execute(_UPDATE, rows)


async def end_of_order(connection: AsyncConnection, order_id: str, location_id: str) -> None:
    """End the bookings of an order at a location, unless another of its tasks lives there."""
    await connection.execute(_END_OF_ORDER, {"order_id": order_id, "location_id": location_id})


async def add_blackout(connection: AsyncConnection, blackout: Blackout) -> None:
    values = {**_closing(blackout), "blackout_id": UUID(blackout.blackout_id), "detail": blackout.detail}
    await connection.execute(_ADD_BLACKOUT, values)


async def get_blackout(connection: AsyncConnection, blackout_id: str) -> Blackout:
    """Return a blackout; raises NotFound."""
    row = (await connection.execute(_GET_BLACKOUT, {"blackout_id": UUID(blackout_id)})).one_or_none()
    if row is None:
        raise NotFound("blackout", blackout_id)
    return _blackout(row)


async def drop_blackout(connection: AsyncConnection, blackout_id: str) -> None:
    await connection.execute(_DROP_BLACKOUT, {"blackout_id": UUID(blackout_id)})


async def blackouts(connection: AsyncConnection, location_id: str, now: datetime) -> list[Blackout]:
    """Return the blackouts of a location that have not passed."""
    values = {"location_id": location_id, "now": now, "limit": MAX_BLACKOUTS}
    return [_blackout(row) for row in await connection.execute(_LIST_BLACKOUTS, values)]


async def closed(connection: AsyncConnection, plan: SlotPlan, span: Span) -> list[Blackout]:
    """Return the blackouts that close slots of a plan in a span."""
    values = {"location_id": plan.location_id, "kind": int(plan.kind), "start": span.start, "end": span.end}
    return [_blackout(row) for row in await connection.execute(_CLOSED, values)]


def _closing(blackout: Blackout) -> dict[str, Any]:
    return {
        "location_id": blackout.location_id,
        "kind": int(blackout.kind or 0),
        "start": blackout.span.start,
        "end": blackout.span.end,
    }


def _plan(row: Row[Any] | None) -> SlotPlan | None:
    if row is None:
        return None
    return SlotPlan(
        location_id=row.location_id,
        kind=SlotKind(row.kind),
        time_zone=row.time_zone,
        slot_minutes=row.slot_minutes,
        capacity=row.capacity,
        lead=timedelta(seconds=row.lead_s),
        horizon=timedelta(seconds=row.horizon_s),
        windows=tuple(Window(*each) for each in json.loads(row.windows)),
        overrun_occupies=row.overrun_occupies,
        version=row.version,
    )


def _found(result: Any, booking_id: str) -> Booking:
    row = result.one_or_none()
    if row is None:
        raise NotFound("slot booking", booking_id)
    return _booking(row)


def _booking(row: Row[Any]) -> Booking:
    return Booking(
        booking_id=row.slot_booking_id,
        location_id=row.location_id,
        kind=SlotKind(row.kind),
        span=Span(row.start_time, row.end_time),
        state=BookingState(row.state),
        expire_time=row.expire_time,
        order_id=row.order_id,
    )


def _blackout(row: Row[Any]) -> Blackout:
    return Blackout(
        blackout_id=row.blackout_id,
        location_id=row.location_id,
        kind=SlotKind(row.kind) if row.kind else None,
        span=Span(row.start_time, row.end_time),
        detail=row.detail,
    )
