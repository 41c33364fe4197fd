"""Orders and all that belongs to them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound
from onhand.routing.domain.lifecycle import LineState
from onhand.routing.domain.order import Assignment, HistoryEntry, Line, Order, Release
from onhand.routing.storage import rows
from onhand.routing.storage.leases import Lease, LeaseLostError

_ORDER_COLUMNS = """
    order_id, channel, customer_id, customer_display_name, customer_email, customer_phone, customer_locale,
    method, collect_location_id, shipping_address, latitude, longitude, allow_split, auto_cancel_time,
    create_time, version, attempt, failures, basket_reservation_id, quoted_location_ids, latest_time,
    allow_transfer, wave_time, next_action_time, lease_id, lease_until
"""
_LINE_COLUMNS = """
    order_id, line_id, root_line_id, item_id, quantity, position, state, location_id, task_id, reservation_id,
    failed_location_ids, excluded_location_ids, released_versions, promise_time, carrier, tracking_number,
    delivery_date, bundle_id, substitute_item_ids, ordered_item_id, shipment_id, former_task_id, former_reservation_id,
    first_promise_time, done_time, given_up, action_time
"""
_PARKED = text("""
    SELECT count(*), min(create_time) FROM orders
    WHERE next_action_time IS NOT NULL
      AND EXISTS (SELECT FROM order_lines l WHERE l.order_id = orders.order_id AND l.state = 7)
""")
_INSERT_ORDER = text(f"""
    INSERT INTO orders ({_ORDER_COLUMNS})
    VALUES (
        :order_id, :channel, :customer_id, :customer_display_name, :customer_email, :customer_phone,
        :customer_locale, :method, :collect_location_id, :shipping_address, :latitude, :longitude,
        :allow_split, :auto_cancel_time, :create_time, :version, :attempt, :failures,
        :basket_reservation_id, :quoted_location_ids, :latest_time, :allow_transfer,
        :wave_time, :next_action_time,
        :lease_id, :lease_until)
    ON CONFLICT DO NOTHING
""")
_SELECT_ORDER = text(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE order_id = :order_id")
_LOCK_ORDER = text(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE order_id = :order_id FOR UPDATE")
_UPDATE_ORDER = text("""
    UPDATE orders SET version = :version, attempt = :attempt, failures = :failures,
        method = :method, collect_location_id = :collect_location_id, shipping_address = :shipping_address,
        latitude = :latitude, longitude = :longitude, quoted_location_ids = :quoted_location_ids,
        basket_reservation_id = :basket_reservation_id, next_action_time = :next_action_time
    WHERE order_id = :order_id
""")
_SELECT_LINES = text(f"""
    SELECT {_LINE_COLUMNS} FROM order_lines WHERE order_id = ANY(CAST(:order_ids AS text[]))
    ORDER BY order_id, position
""")
_UPSERT_LINE = text(f"""
    INSERT INTO order_lines ({_LINE_COLUMNS})
    VALUES (
        :order_id, :line_id, :root_line_id, :item_id, :quantity, :position, :state, :location_id, :task_id,
        :reservation_id, :failed_location_ids, :excluded_location_ids, CAST(:released_versions AS jsonb), :promise_time,
        :carrier, :tracking_number, :delivery_date, :bundle_id, :substitute_item_ids, :ordered_item_id,
        :shipment_id, :former_task_id, :former_reservation_id, :first_promise_time, :done_time, :given_up, :action_time)
    ON CONFLICT (order_id, line_id) DO UPDATE SET
        item_id = excluded.item_id, substitute_item_ids = excluded.substitute_item_ids,
        ordered_item_id = excluded.ordered_item_id, shipment_id = excluded.shipment_id,
        former_task_id = excluded.former_task_id, former_reservation_id = excluded.former_reservation_id,
        quantity = excluded.quantity, state = excluded.state, location_id = excluded.location_id,
        task_id = excluded.task_id, reservation_id = excluded.reservation_id,
        failed_location_ids = excluded.failed_location_ids,
        excluded_location_ids = excluded.excluded_location_ids,
        released_versions = excluded.released_versions, promise_time = excluded.promise_time,
        carrier = excluded.carrier, tracking_number = excluded.tracking_number,
        delivery_date = excluded.delivery_date, first_promise_time = excluded.first_promise_time,
        done_time = excluded.done_time, given_up = excluded.given_up, action_time = excluded.action_time
""")
_INSERT_HISTORY = text("""
    INSERT INTO order_history (order_id, record_time, line_id, state, actor, detail, location_id)
    VALUES (:order_id, :record_time, :line_id, :state, :actor, :detail, :location_id)
""")
_SELECT_HISTORY = text("""
    SELECT record_time, line_id, state, actor, detail, location_id FROM order_history
    WHERE order_id = :order_id ORDER BY entry
""")
_SELECT_ASSIGNMENTS = text("""
    SELECT attempt, part, location_id, task_id, reservation_id, lines, is_basket, day,
        distance_metres, transfer_to FROM assignments
    WHERE order_id = :order_id AND state = 1 ORDER BY attempt, part
""")
_UPSERT_ASSIGNMENT = text("""
    INSERT INTO assignments (
        order_id, attempt, part, location_id, task_id, reservation_id, lines, is_basket, state, day,
        distance_metres, transfer_to)
    VALUES (
        :order_id, :attempt, :part, :location_id, :task_id, :reservation_id, CAST(:lines AS jsonb),
        :is_basket, :state, :day, :distance_metres, :transfer_to)
    ON CONFLICT (order_id, attempt, part) DO UPDATE SET state = excluded.state
""")
_INSERT_REJECTION = text("""
    INSERT INTO rejections (order_id, task_id, line_id, location_id, reason, reject_time)
    VALUES (:order_id, CAST(:task_id AS uuid), :line_id, :location_id, :reason, :reject_time)
    ON CONFLICT DO NOTHING
""")
_SELECT_RELEASES = text("""
    SELECT release_id, reservation_id, location_id, quantities, bucket, line_ids, shipment_id, is_foreign
    FROM releases
    WHERE order_id = :order_id ORDER BY number
""")
_INSERT_RELEASE = text("""
    INSERT INTO releases (
        release_id, order_id, reservation_id, location_id, quantities, bucket, line_ids, shipment_id,
        is_foreign)
    VALUES (
        :release_id, :order_id, :reservation_id, :location_id, CAST(:quantities AS jsonb), :bucket,
        :line_ids, :shipment_id, :is_foreign)
""")
_DELETE_RELEASE = text("DELETE FROM releases WHERE release_id = :release_id")
_VERSION = text("SELECT version FROM orders WHERE order_id = :order_id")
_VERSION_LOCKED = text("SELECT version FROM orders WHERE order_id = :order_id FOR UPDATE")
_LIST = text(f"""
    SELECT {_ORDER_COLUMNS} FROM orders o
    WHERE (CAST(:customer_id AS text) = '' OR o.customer_id = :customer_id)
      AND (CAST(:state AS smallint) = 0 OR EXISTS (
          SELECT FROM order_lines l WHERE l.order_id = o.order_id AND l.state = :state))
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (o.create_time, o.order_id) < (CAST(:before_time AS timestamptz), :before_id))
    ORDER BY o.create_time DESC, o.order_id DESC LIMIT :most
""")
_TRANSFERRED_BY = text("""
    SELECT DISTINCT order_id FROM order_lines WHERE shipment_id = CAST(:shipment_id AS uuid) AND state = 13
""")
_PARKED_FOR = text("""
    SELECT o.order_id, o.allow_split AND o.method = 2 AS may_split, l.quantity
    FROM order_lines l JOIN orders o USING (order_id)
    WHERE l.state = 7 AND (l.item_id = :item_id OR l.substitute_item_ids @> ARRAY[CAST(:item_id AS text)])
      AND (o.method = 2 OR o.allow_transfer OR o.collect_location_id = :location_id)
    ORDER BY o.create_time, o.order_id LIMIT :most
""")


async def insert(connection: AsyncConnection, order: Order, lease: Lease | None) -> bool:
    """Store a new order, leased already if a lease is given; False when its id is taken."""
    row = {
        "order_id": order.order_id,
        "channel": order.channel,
        **rows.customer_row(order.customer),
        "allow_split": order.allow_split,
        "auto_cancel_time": order.auto_cancel_time,
        "create_time": order.create_time,
        "latest_time": order.latest_time,
        "allow_transfer": order.allow_transfer,
        "wave_time": order.wave_time,
        **rows.changing_columns(order, order.create_time),
        "lease_id": UUID(lease.lease_id) if lease else None,
        "lease_until": lease.until if lease else None,
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
    if lease is not None and rows.text_of(row["lease_id"]) != lease.lease_id:
        raise LeaseLostError
    (order,) = await _with_lines(connection, [row])
    key = {"order_id": order_id}
    order.assignments = [
        rows.assignment_of(each) for each in (await connection.execute(_SELECT_ASSIGNMENTS, key)).mappings()
    ]
    order.releases = [
        rows.release_of(each) for each in (await connection.execute(_SELECT_RELEASES, key)).mappings()
    ]
    return Locked(order)


class Locked:
    """An order under change, and what it was before."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._lines = {line.line_id: rows.copy(line) for line in order.lines}
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
            each
            for each in order.assignments
            if self._assignments.get((each.attempt, each.part)) != each.state
        ]
        await connection.execute(
            _UPDATE_ORDER, {"order_id": order.order_id, **rows.changing_columns(order, now)}
        )
        await _save_parts(connection, order, lines, assignments, releases)


async def _save_parts(
    connection: AsyncConnection,
    order: Order,
    lines: Iterable[Line],
    assignments: Iterable[Assignment] = (),
    releases: Iterable[Release] = (),
) -> None:
    for statement, values in (
        (_UPSERT_LINE, [rows.line_row(order.order_id, line) for line in lines]),
        (_INSERT_HISTORY, [{"order_id": order.order_id, **asdict(entry)} for entry in order.history]),
        (_UPSERT_ASSIGNMENT, [rows.assignment_row(order.order_id, each) for each in assignments]),
        (_INSERT_REJECTION, [{"order_id": order.order_id, **asdict(each)} for each in order.rejections]),
        (_INSERT_RELEASE, [rows.release_row(order.order_id, each) for each in releases]),
    ):
        if values:
            await connection.execute(statement, values)


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


async def version(connection: AsyncConnection, order_id: str, *, lock: bool = False) -> int:
    """Return an order's version, under its row lock if asked. Raises NotFound."""
    statement = _VERSION_LOCKED if lock else _VERSION
    found: int | None = await connection.scalar(statement, {"order_id": order_id})
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


async def transferred_by(connection: AsyncConnection, shipment_id: str) -> list[str]:
    """Return the orders that have lines under way by a shipment."""
    found = await connection.execute(_TRANSFERRED_BY, {"shipment_id": shipment_id})
    return sorted(found.scalars())


async def parked_for(
    connection: AsyncConnection, item_id: str, location_id: str, most: int
) -> list[tuple[str, bool, int]]:
    """Return parked lines that an item's arrival may serve, oldest order first.

    Each as order id, whether it may be split, units.
    """
    key = {"item_id": item_id, "location_id": location_id, "most": most}
    found = (await connection.execute(_PARKED_FOR, key)).mappings()
    return [(row["order_id"], row["may_split"], row["quantity"]) for row in found]


async def parked(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count the orders that wait for stock, and tell when the first of them was placed."""
    count, since = (await connection.execute(_PARKED)).one()
    return int(count), since


async def _with_lines(connection: AsyncConnection, found: Sequence[RowMapping]) -> list[Order]:
    orders = {row["order_id"]: rows.order_of(row) for row in found}
    if orders:
        lines = await connection.execute(_SELECT_LINES, {"order_ids": list(orders)})
        for row in lines.mappings():
            orders[row["order_id"]].lines.append(rows.line_of(row))
    return list(orders.values())
