"""SQL of routing; rows ⇄ domain."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound
from onhand.routing.domain.facts import AssignedLine
from onhand.routing.domain.lifecycle import FulfilmentMethod, LineState
from onhand.routing.domain.order import (
    Assignment,
    AssignmentState,
    Bucket,
    Customer,
    HistoryEntry,
    Line,
    Order,
    Position,
    Release,
)
from onhand.routing.domain.plan import Candidate, Plan

_ORDER_COLUMNS = """
    order_id, channel, customer_id, customer_display_name, customer_email, customer_phone, customer_locale,
    method, collect_location_id, shipping_address, latitude, longitude, allow_split, auto_cancel_time,
    create_time, version, attempt, failures, basket_reservation_id, next_action_time, lease_id, lease_until
"""
_LINE_COLUMNS = """
    order_id, line_id, root_line_id, item_id, quantity, position, state, location_id, task_id, reservation_id,
    failed_location_ids, excluded_location_ids, released_revision, promise_time, carrier, tracking_number,
    action_time
"""
_INSERT_ORDER = text(f"""
    INSERT INTO orders ({_ORDER_COLUMNS})
    VALUES (
        :order_id, :channel, :customer_id, :customer_display_name, :customer_email, :customer_phone,
        :customer_locale, :method, :collect_location_id, :shipping_address, :latitude, :longitude,
        :allow_split, :auto_cancel_time, :create_time, :version, :attempt, :failures,
        :basket_reservation_id, :next_action_time, :lease_id, :lease_until)
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - names of columns
_SELECT_ORDER = text(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE order_id = :order_id")  # noqa: S608
_LOCK_ORDER = text(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE order_id = :order_id FOR UPDATE")  # noqa: S608
_UPDATE_ORDER = text("""
    UPDATE orders SET version = :version, attempt = :attempt, failures = :failures,
        basket_reservation_id = :basket_reservation_id, next_action_time = :next_action_time
    WHERE order_id = :order_id
""")
_SELECT_LINES = text(f"""
    SELECT {_LINE_COLUMNS} FROM order_lines WHERE order_id = ANY(CAST(:order_ids AS text[]))
    ORDER BY order_id, position
""")  # noqa: S608
_UPSERT_LINE = text(f"""
    INSERT INTO order_lines ({_LINE_COLUMNS})
    VALUES (
        :order_id, :line_id, :root_line_id, :item_id, :quantity, :position, :state, :location_id, :task_id,
        :reservation_id, :failed_location_ids, :excluded_location_ids, :released_revision, :promise_time,
        :carrier, :tracking_number, :action_time)
    ON CONFLICT (order_id, line_id) DO UPDATE SET
        quantity = excluded.quantity, state = excluded.state, location_id = excluded.location_id,
        task_id = excluded.task_id, reservation_id = excluded.reservation_id,
        failed_location_ids = excluded.failed_location_ids,
        excluded_location_ids = excluded.excluded_location_ids,
        released_revision = excluded.released_revision, promise_time = excluded.promise_time,
        carrier = excluded.carrier, tracking_number = excluded.tracking_number,
        action_time = excluded.action_time
""")  # noqa: S608
_INSERT_HISTORY = text("""
    INSERT INTO order_history (order_id, record_time, line_id, state, actor, detail, location_id)
    VALUES (:order_id, :record_time, :line_id, :state, :actor, :detail, :location_id)
""")
_SELECT_HISTORY = text("""
    SELECT record_time, line_id, state, actor, detail, location_id FROM order_history
    WHERE order_id = :order_id ORDER BY entry
""")
_SELECT_ASSIGNMENTS = text("""
    SELECT attempt, part, location_id, task_id, reservation_id, lines, is_basket FROM assignments
    WHERE order_id = :order_id AND state = 1 ORDER BY attempt, part
""")
_UPSERT_ASSIGNMENT = text("""
    INSERT INTO assignments (
        order_id, attempt, part, location_id, task_id, reservation_id, lines, is_basket, state)
    VALUES (
        :order_id, :attempt, :part, :location_id, :task_id, :reservation_id, CAST(:lines AS jsonb),
        :is_basket, :state)
    ON CONFLICT (order_id, attempt, part) DO UPDATE SET state = excluded.state
""")
_SELECT_RELEASES = text("""
    SELECT release_id, reservation_id, location_id, quantities, bucket, line_ids, is_foreign FROM releases
    WHERE order_id = :order_id ORDER BY number
""")
_INSERT_RELEASE = text("""
    INSERT INTO releases (
        release_id, order_id, reservation_id, location_id, quantities, bucket, line_ids, is_foreign)
    VALUES (
        :release_id, :order_id, :reservation_id, :location_id, CAST(:quantities AS jsonb), :bucket,
        :line_ids, :is_foreign)
""")
_DELETE_RELEASE = text("DELETE FROM releases WHERE release_id = :release_id")
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
_CLAIM_DUE = text("""
    UPDATE orders SET lease_id = :lease_id, lease_until = :lease_until
    WHERE order_id IN (
        SELECT order_id FROM orders
        WHERE next_action_time <= :now AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY next_action_time, create_time LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING order_id
""")
_END_LEASE = text("""
    UPDATE orders SET lease_id = NULL, lease_until = NULL
    WHERE order_id = :order_id AND lease_id = :lease_id
""")
_POSTPONE = text("""
    UPDATE orders SET failures = failures + 1, lease_id = NULL, lease_until = NULL,
        next_action_time = :now + least(
            CAST(:first AS interval) * power(2, least(failures, 20)), CAST(:most AS interval))
    WHERE order_id = :order_id AND lease_id = :lease_id
""")
_VERSION = text("SELECT version FROM orders WHERE order_id = :order_id")
_LIST = text(f"""
    SELECT {_ORDER_COLUMNS} FROM orders o
    WHERE (:customer_id = '' OR o.customer_id = :customer_id)
      AND (:state = 0 OR EXISTS (
          SELECT FROM order_lines l WHERE l.order_id = o.order_id AND l.state = :state))
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (o.create_time, o.order_id) < (CAST(:before_time AS timestamptz), :before_id))
    ORDER BY o.create_time DESC, o.order_id DESC LIMIT :most
""")  # noqa: S608
_PARKED_FOR = text("""
    SELECT o.order_id, o.allow_split, l.quantity FROM order_lines l JOIN orders o USING (order_id)
    WHERE l.state = 7 AND l.item_id = :item_id AND (o.method = 2 OR o.collect_location_id = :location_id)
    ORDER BY o.create_time, o.order_id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to advance an order."""

    order_id: str
    lease_id: str
    until: datetime


class LeaseLostError(Exception):
    """Another process advances the order now."""


async def insert(connection: AsyncConnection, order: Order, lease: Lease) -> bool:
    """Store a new order, already leased; False when its id is taken."""
    row = {
        "order_id": order.order_id,
        "channel": order.channel,
        **_customer_row(order.customer),
        "method": order.method,
        "collect_location_id": order.collect_location_id,
        "shipping_address": order.shipping_address,
        "latitude": order.shipping_position.latitude if order.shipping_position else None,
        "longitude": order.shipping_position.longitude if order.shipping_position else None,
        "allow_split": order.allow_split,
        "auto_cancel_time": order.auto_cancel_time,
        "create_time": order.create_time,
        **_changing_columns(order, order.create_time),
        "lease_id": UUID(lease.lease_id),
        "lease_until": lease.until,
    }
    if (await connection.execute(_INSERT_ORDER, row)).rowcount == 0:
        return False
    await _save_parts(connection, order, order.lines)
    return True


async def lock(connection: AsyncConnection, order_id: str, lease: Lease | None = None) -> "Locked":
    """Read an order for a change, under its row lock.

    Raises NotFound; LeaseLostError when `lease` is given and no longer the order's.
    """
    row = (await connection.execute(_LOCK_ORDER, {"order_id": order_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("order", order_id)
    if lease is not None and _text(row["lease_id"]) != lease.lease_id:
        raise LeaseLostError
    (order,) = await _with_lines(connection, [row])
    key = {"order_id": order_id}
    order.assignments = [
        _assignment(each) for each in (await connection.execute(_SELECT_ASSIGNMENTS, key)).mappings()
    ]
    order.releases = [_release(each) for each in (await connection.execute(_SELECT_RELEASES, key)).mappings()]
    return Locked(order)


class Locked:
    """An order under change, and what it was before."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._lines = {line.line_id: _copy(line) for line in order.lines}
        self._releases = {each.release_id for each in order.releases}
        self._assignments = {(each.attempt, each.part): each.state for each in order.assignments}

    async def save(self, connection: AsyncConnection, now: datetime) -> None:
        """Write what differs. The version rises when a reader can see a difference."""
        order = self.order
        lines = [line for line in order.lines if self._lines.get(line.line_id) != line]
        if order.history or order.facts:
            order.version += 1
        kept = {each.release_id for each in order.releases}
        for release_id in self._releases - kept:
            await connection.execute(_DELETE_RELEASE, {"release_id": UUID(release_id)})
        releases = [each for each in order.releases if each.release_id not in self._releases]
        assignments = [
            each for each in order.assignments if self._assignments.get((each.attempt, each.part)) != each.state
        ]
        await connection.execute(
            _UPDATE_ORDER, {"order_id": order.order_id, **_changing_columns(order, now)}
        )
        await _save_parts(connection, order, lines, assignments, releases)


async def _save_parts(
    connection: AsyncConnection,
    order: Order,
    lines: Iterable[Line],
    assignments: Iterable[Assignment] = (),
    releases: Iterable[Release] = (),
) -> None:
    for statement, rows in (
        (_UPSERT_LINE, [_line_row(order.order_id, line) for line in lines]),
        (_INSERT_HISTORY, [{"order_id": order.order_id, **asdict(entry)} for entry in order.history]),
        (_UPSERT_ASSIGNMENT, [_assignment_row(order.order_id, each) for each in assignments]),
        (_INSERT_RELEASE, [_release_row(order.order_id, each) for each in releases]),
    ):
        if rows:
            await connection.execute(statement, rows)


async def read(connection: AsyncConnection, order_id: str) -> Order:
    """Read an order with its whole history. Raises NotFound."""
    key = {"order_id": order_id}
    row = (await connection.execute(_SELECT_ORDER, key)).mappings().one_or_none()
    if row is None:
        raise NotFound("order", order_id)
    (order,) = await _with_lines(connection, [row])
    order.history = [
        HistoryEntry(**{**entry, "state": LineState(entry["state"]) if entry["state"] else None})
        for entry in (await connection.execute(_SELECT_HISTORY, key)).mappings()
    ]
    return order


async def version(connection: AsyncConnection, order_id: str) -> int:
    """Return an order's version. Raises NotFound."""
    found: int | None = await connection.scalar(_VERSION, {"order_id": order_id})
    if found is None:
        raise NotFound("order", order_id)
    return found


async def latest(
    connection: AsyncConnection,
    customer_id: str,
    state: LineState | None,
    before: tuple[datetime, str] | None,
    most: int,
) -> list[Order]:
    """Read orders without their history, latest first, beyond the key `before`."""
    before_time, before_id = before or (None, "")
    key = {
        "customer_id": customer_id,
        "state": state or 0,
        "before_time": before_time,
        "before_id": before_id,
        "most": most,
    }
    return await _with_lines(connection, list((await connection.execute(_LIST, key)).mappings()))


async def claim_due(
    connection: AsyncConnection, now: datetime, lease_id: str, duration: timedelta, most: int
) -> list[Lease]:
    """Lease orders that are due, longest due first, oldest first among equals."""
    until = now + duration
    key = {"lease_id": UUID(lease_id), "lease_until": until, "now": now, "most": most}
    return [Lease(each, lease_id, until) for each in (await connection.execute(_CLAIM_DUE, key)).scalars()]


async def end_lease(connection: AsyncConnection, lease: Lease) -> None:
    await connection.execute(_END_LEASE, {"order_id": lease.order_id, "lease_id": UUID(lease.lease_id)})


async def postpone(
    connection: AsyncConnection, lease: Lease, now: datetime, first: timedelta, most: timedelta
) -> None:
    """End a lease and look at the order later, the later the more often that happened in a row."""
    key = {"order_id": lease.order_id, "lease_id": UUID(lease.lease_id)}
    await connection.execute(_POSTPONE, {**key, "now": now, "first": first, "most": most})


async def parked_for(
    connection: AsyncConnection, item_id: str, location_id: str, most: int
) -> list[tuple[str, bool, int]]:
    """Return parked lines that an item's arrival may serve, oldest order first.

    Each as order id, whether it may be split, units.
    """
    key = {"item_id": item_id, "location_id": location_id, "most": most}
    rows = (await connection.execute(_PARKED_FOR, key)).mappings()
    return [(row["order_id"], row["allow_split"], row["quantity"]) for row in rows]


async def add_plan(connection: AsyncConnection, order: Order, plan: Plan, now: datetime) -> None:
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
    await connection.execute(
        _EXTEND_OUTCOME, {"order_id": order_id, "attempt": attempt, "outcome": outcome}
    )


async def plans(connection: AsyncConnection, order_id: str) -> list[tuple[datetime, Plan]]:
    """Return every plan kept of an order, oldest first, without portions."""
    rows = (await connection.execute(_SELECT_PLANS, {"order_id": order_id})).mappings()
    return [
        (row["plan_time"], Plan((), tuple(map(_candidate, json.loads(row["candidates"]))), row["outcome"]))
        for row in rows
    ]


def _candidate(stored: Mapping[str, Any]) -> Candidate:
    return Candidate(**{**stored, "terms": tuple((name, cost) for name, cost in stored["terms"])})


async def _with_lines(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[Order]:
    orders = {row["order_id"]: _order(row) for row in rows}
    if orders:
        lines = await connection.execute(_SELECT_LINES, {"order_ids": list(orders)})
        for row in lines.mappings():
            orders[row["order_id"]].lines.append(_line(row))
    return list(orders.values())


def _order(row: RowMapping) -> Order:
    located = row["latitude"] is not None
    return Order(
        order_id=row["order_id"],
        channel=row["channel"],
        customer=Customer(**{each.name: row[_customer_column(each.name)] for each in fields(Customer)}),
        method=FulfilmentMethod(row["method"]),
        collect_location_id=row["collect_location_id"],
        shipping_address=row["shipping_address"],
        shipping_position=Position(row["latitude"], row["longitude"]) if located else None,
        allow_split=row["allow_split"],
        auto_cancel_time=row["auto_cancel_time"],
        create_time=row["create_time"],
        lines=[],
        basket_reservation_id=_text(row["basket_reservation_id"]),
        version=row["version"],
        attempt=row["attempt"],
        failures=row["failures"],
    )


def _customer_column(name: str) -> str:
    return name if name.startswith("customer_") else f"customer_{name}"


def _customer_row(customer: Customer) -> dict[str, str]:
    return {_customer_column(name): value for name, value in asdict(customer).items()}


def _changing_columns(order: Order, now: datetime) -> dict[str, Any]:
    return {
        "version": order.version,
        "attempt": order.attempt,
        "failures": order.failures,
        "basket_reservation_id": _uuid(order.basket_reservation_id),
        "next_action_time": order.next_action_time(now),
    }


def _line(row: RowMapping) -> Line:
    values = {each.name: row[each.name] for each in fields(Line)}
    values["state"] = LineState(row["state"])
    values["task_id"], values["reservation_id"] = _text(row["task_id"]), _text(row["reservation_id"])
    return Line(**values)


def _line_row(order_id: str, line: Line) -> dict[str, Any]:
    ids = {"task_id": _uuid(line.task_id), "reservation_id": _uuid(line.reservation_id)}
    return {"order_id": order_id, **asdict(line), **ids}


def _copy(line: Line) -> Line:
    return replace(
        line,
        failed_location_ids=list(line.failed_location_ids),
        excluded_location_ids=list(line.excluded_location_ids),
    )


def _assignment(row: RowMapping) -> Assignment:
    return Assignment(
        row["attempt"],
        row["part"],
        row["location_id"],
        str(row["task_id"]),
        str(row["reservation_id"]),
        [AssignedLine(**each) for each in json.loads(row["lines"])],
        row["is_basket"],
    )


def _assignment_row(order_id: str, assignment: Assignment) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "attempt": assignment.attempt,
        "part": assignment.part,
        "location_id": assignment.location_id,
        "task_id": UUID(assignment.task_id),
        "reservation_id": UUID(assignment.reservation_id),
        "lines": json.dumps([asdict(each) for each in assignment.lines]),
        "is_basket": assignment.is_basket,
        "state": AssignmentState(assignment.state),
    }


def _release(row: RowMapping) -> Release:
    return Release(
        str(row["release_id"]),
        str(row["reservation_id"]),
        row["location_id"],
        json.loads(row["quantities"]),
        Bucket(row["bucket"]),
        tuple(row["line_ids"]),
        row["is_foreign"],
    )


def _release_row(order_id: str, release: Release) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "release_id": UUID(release.release_id),
        "reservation_id": UUID(release.reservation_id),
        "location_id": release.location_id,
        "quantities": json.dumps(release.quantities),
        "bucket": release.bucket,
        "line_ids": list(release.line_ids),
        "is_foreign": release.foreign,
    }


def _text(value: UUID | None) -> str:
    return "" if value is None else str(value)


def _uuid(value: str) -> UUID | None:
    return UUID(value) if value else None
