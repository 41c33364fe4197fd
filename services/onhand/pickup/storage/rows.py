"""Rows ⇄ tasks."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from onhand.pickup.domain.slots import SlotKind, Span
from onhand.pickup.domain.task import (
    Alert,
    AlertKind,
    Assignment,
    HandOver,
    Kind,
    RejectReason,
    State,
    Substitution,
    SubstitutionState,
    Task,
    TaskLine,
    TaskSlot,
)

COLUMNS = (
    "state", "collect_deadline", "staging_place", "assignee", "check_in_time", "check_in_note", "carrier",
    "tracking_number", "version", "wave_id", "step_deadline", "escalations", "accept_time", "ready_time",
    "end_time", "on_my_way_time", "arrive_time", "collector_name", "identity_check", "minimum_age",
    "extensions", "reminder_time", "expire_time", "wait_deadline", "shelve_deadline", "code_number",
    "due_time",
)  # fmt: skip
"""Columns of a task that change with it, but for the lists in it."""
LISTS = ("alerts", "substitutions", "hand_overs")
"""Columns that are lists, as JSON."""
LINE_COLUMNS = (
    "picked", "short", "cancelled", "epcs", "handed_over", "refused", "returned", "to_shelve", "substituted",
    "given_epcs",
)  # fmt: skip
"""Columns of a line that change with it."""
_PLAIN = tuple(each for each in COLUMNS if each not in {"state", "wave_id", "due_time"})


def task_values(task: Task) -> dict[str, Any]:
    """Return what changes with a task, by column."""
    values: dict[str, Any] = {name: getattr(task, name) for name in _PLAIN}
    for name in LISTS:
        values[name] = json.dumps([asdict(each) for each in getattr(task, name)], default=_text)
    return {
        **values,
        "task_id": UUID(task.task_id),
        "state": int(task.state),
        "wave_id": UUID(task.wave_id) if task.wave_id else None,
        "due_time": task.due_time(),
    }


def new_values(task: Task) -> dict[str, Any]:
    """Return what never changes of a task, by column."""
    given = task.assignment
    return {
        "order_id": given.order_id,
        "location_id": given.location_id,
        "kind": int(given.kind),
        "reservation_id": given.reservation_id,
        "promise_time": given.promise_time,
        "accept_deadline": task.accept_deadline,
        "customer_display_name": given.customer_display_name,
        "shipping_address": given.shipping_address,
        "create_time": task.create_time,
    }


def line_values(task: Task, line: TaskLine) -> dict[str, Any]:
    """Return what changes with a line, by column."""
    values = {name: getattr(line, name) for name in LINE_COLUMNS}
    return {
        **values,
        "epcs": list(line.epcs),
        "given_epcs": list(line.given_epcs),
        "task_id": UUID(task.task_id),
        "line_id": line.line_id,
    }


def new_line_values(task: Task, position: int) -> dict[str, Any]:
    """Return all of a line that is new, by column."""
    line = task.lines[position]
    return {
        **line_values(task, line),
        "position": position,
        "item_id": line.item_id,
        "quantity": line.quantity,
        "line_reservation_id": line.reservation_id,
    }


def task_of(row: Row[Any]) -> Task:
    return Task(
        assignment=Assignment(
            task_id=row.task_id,
            order_id=row.order_id,
            location_id=row.location_id,
            kind=Kind(row.kind),
            reservation_id=row.reservation_id,
            promise_time=row.promise_time,
            customer_display_name=row.customer_display_name,
            shipping_address=row.shipping_address,
        ),
        state=State(row.state),
        lines=tuple(_line(each) for each in json.loads(row.lines)),
        accept_deadline=row.accept_deadline,
        create_time=row.create_time,
        wave_id=row.wave_id or "",
        alerts=tuple(_alerts(json.loads(row.alerts))),
        substitutions=tuple(_substitutions(json.loads(row.substitutions))),
        hand_overs=tuple(_hand_overs(json.loads(row.hand_overs))),
        slot=_slot(row.slot),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _line(values: dict[str, Any]) -> TaskLine:
    return TaskLine(**{**values, "epcs": tuple(values["epcs"]), "given_epcs": tuple(values["given_epcs"])})


def _alerts(values: Iterable[dict[str, Any]]) -> Iterable[Alert]:
    for each in values:
        yield Alert(**{**each, "kind": AlertKind(each["kind"]), "raise_time": _time(each["raise_time"])})


def _substitutions(values: Iterable[dict[str, Any]]) -> Iterable[Substitution]:
    for each in values:
        typed = {
            "state": SubstitutionState(each["state"]),
            "reason": RejectReason(each["reason"]),
            "decide_deadline": _time(each["decide_deadline"]),
        }
        yield Substitution(**{**each, **typed})


def _hand_overs(values: Iterable[dict[str, Any]]) -> Iterable[HandOver]:
    for each in values:
        yield HandOver(**{**each, "hand_over_time": _time(each["hand_over_time"])})


def _slot(found: str | None) -> TaskSlot | None:
    if found is None:
        return None
    booking_id, kind, start, end = json.loads(found)
    return TaskSlot(booking_id, SlotKind(kind), Span(_time(start), _time(end)))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a row")
