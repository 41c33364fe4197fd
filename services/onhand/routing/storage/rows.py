"""Rows ⇄ domain."""

import json
import zlib
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from onhand.routing.domain.cost import Cell, Demand, Option, Question, all_items
from onhand.routing.domain.facts import AssignedLine
from onhand.routing.domain.lifecycle import FulfilmentMethod, LineState
from onhand.routing.domain.order import Assignment, Bucket, Customer, Line, Order, Position, Release

_LINE_UUIDS = ("shipment_id", "task_id", "reservation_id", "former_task_id", "former_reservation_id")


def order_of(row: RowMapping) -> Order:
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
        basket_reservation_id=text_of(row["basket_reservation_id"]),
        quoted_location_ids=row["quoted_location_ids"],
        latest_time=row["latest_time"],
        allow_transfer=row["allow_transfer"],
        wave_time=row["wave_time"],
        version=row["version"],
        attempt=row["attempt"],
        failures=row["failures"],
    )


def _customer_column(name: str) -> str:
    return name if name.startswith("customer_") else f"customer_{name}"


def customer_row(customer: Customer) -> dict[str, str]:
    return {_customer_column(name): value for name, value in asdict(customer).items()}


def changing_columns(order: Order, now: datetime) -> dict[str, Any]:
    return {
        "version": order.version,
        "attempt": order.attempt,
        "failures": order.failures,
        "method": order.method,
        "collect_location_id": order.collect_location_id,
        "shipping_address": order.shipping_address,
        "latitude": order.shipping_position.latitude if order.shipping_position else None,
        "longitude": order.shipping_position.longitude if order.shipping_position else None,
        "quoted_location_ids": order.quoted_location_ids,
        "basket_reservation_id": uuid_of(order.basket_reservation_id),
        "next_action_time": order.next_action_time(now),
    }


def line_of(row: RowMapping) -> Line:
    values = {each.name: row[each.name] for each in fields(Line)}
    values["state"] = LineState(row["state"])
    for each in _LINE_UUIDS:
        values[each] = text_of(row[each])
    return Line(**values)


def line_row(order_id: str, line: Line) -> dict[str, Any]:
    ids = {each: uuid_of(getattr(line, each)) for each in _LINE_UUIDS}
    versions = json.dumps(line.released_versions)
    return {"order_id": order_id, **asdict(line), **ids, "released_versions": versions}


def copy(line: Line) -> Line:
    return replace(
        line,
        failed_location_ids=list(line.failed_location_ids),
        excluded_location_ids=list(line.excluded_location_ids),
        released_versions=dict(line.released_versions),
        substitute_item_ids=list(line.substitute_item_ids),
    )


def assignment_of(row: RowMapping) -> Assignment:
    return Assignment(
        row["attempt"],
        row["part"],
        row["location_id"],
        str(row["task_id"]),
        str(row["reservation_id"]),
        [AssignedLine(**each) for each in row["lines"]],
        row["is_basket"],
        day=row["day"],
        distance_metres=row["distance_metres"],
        transfer_to=row["transfer_to"],
    )


def assignment_row(order_id: str, assignment: Assignment) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "attempt": assignment.attempt,
        "part": assignment.part,
        "location_id": assignment.location_id,
        "task_id": UUID(assignment.task_id),
        "reservation_id": UUID(assignment.reservation_id),
        "lines": json.dumps([asdict(each) for each in assignment.lines]),
        "is_basket": assignment.is_basket,
        "state": assignment.state,
        "day": assignment.day,
        "distance_metres": assignment.distance_metres,
        "transfer_to": assignment.transfer_to,
    }


def release_of(row: RowMapping) -> Release:
    return Release(
        str(row["release_id"]),
        str(row["reservation_id"]),
        row["location_id"],
        row["quantities"],
        Bucket(row["bucket"]),
        tuple(row["line_ids"]),
        text_of(row["shipment_id"]),
        row["is_foreign"],
    )


def release_row(order_id: str, release: Release) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "release_id": UUID(release.release_id),
        "reservation_id": UUID(release.reservation_id),
        "location_id": release.location_id,
        "quantities": json.dumps(release.quantities),
        "bucket": release.bucket,
        "line_ids": list(release.line_ids),
        "shipment_id": uuid_of(release.shipment_id),
        "is_foreign": release.foreign,
    }


def text_of(value: UUID | None) -> str:
    return "" if value is None else str(value)


def uuid_of(value: str) -> UUID | None:
    return UUID(value) if value else None


def question_bytes(question: Question) -> bytes:
    """Write the facts of a plan: compressed JSON, cells as a row a location in the order of `items`."""
    items = sorted(all_items(question.demands))
    facts = {
        "method": question.method,
        "allow_split": question.allow_split,
        "held": question.held,
        "items": items,
        "demands": [
            [
                each.line_id,
                each.item_id,
                each.quantity,
                sorted(each.excluded),
                each.bundle_id,
                each.substitutes,
            ]
            for each in question.demands
        ],
        "options": [
            [
                each.location_id,
                each.barred,
                each.distance_metres,
                each.orders_today,
                each.shipping_cost,
                each.day and each.day.isoformat(),
                [_cell_row(each.cells.get(item_id)) for item_id in items],
            ]
            for each in question.options
        ],
    }
    return zlib.compress(json.dumps(facts, separators=(",", ":")).encode())


def _cell_row(cell: Cell | None) -> list[Any] | None:
    return None if cell is None else [cell.available, cell.confidence]


def question_of(stored: bytes) -> Question:
    facts = json.loads(zlib.decompress(stored))
    items = facts["items"]
    options = [
        Option(
            location_id,
            barred,
            distance,
            {item_id: Cell(*cell) for item_id, cell in zip(items, cells, strict=True) if cell is not None},
            orders_today,
            shipping_cost,
            day and date.fromisoformat(day),
        )
        for location_id, barred, distance, orders_today, shipping_cost, day, cells in facts["options"]
    ]
    demands = [
        Demand(line_id, item_id, quantity, frozenset(excluded), bundle_id, tuple(substitutes))
        for line_id, item_id, quantity, excluded, bundle_id, substitutes in facts["demands"]
    ]
    return Question(
        FulfilmentMethod(facts["method"]),
        tuple(demands),
        tuple(options),
        facts["allow_split"],
        facts["held"],
    )
