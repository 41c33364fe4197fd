"""Domain ⇄ contract: tasks as messages, facts as events of pickup, events of routing as assignments."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC

from google.protobuf.message import Message

from onhand.api.pickup.v1 import events_pb2, tasks_pb2
from onhand.api.routing.v1 import events_pb2 as routing_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.pickup.domain import facts
from onhand.pickup.domain.facts import Fact
from onhand.pickup.domain.task import Assignment, Kind, Task, TaskLine

PAYLOADS: dict[type[Fact], tuple[str, type[Message]]] = {
    facts.Opened: ("task_opened", events_pb2.TaskOpened),
    facts.Accepted: ("task_accepted", events_pb2.TaskAccepted),
    facts.Started: ("task_started", events_pb2.TaskStarted),
    facts.LinePicked: ("line_picked", events_pb2.LinePicked),
    facts.LineShortPicked: ("line_short_picked", events_pb2.LineShortPicked),
    facts.LineWithdrawn: ("line_withdrawn", events_pb2.LineWithdrawn),
    facts.Rejected: ("task_rejected", events_pb2.TaskRejected),
    facts.Ready: ("task_ready", events_pb2.TaskReady),
    facts.Packed: ("task_packed", events_pb2.TaskPacked),
    facts.CheckedIn: ("customer_checked_in", events_pb2.CustomerCheckedIn),
    facts.Collected: ("task_collected", events_pb2.TaskCollected),
    facts.Shipped: ("task_shipped", events_pb2.TaskShipped),
    facts.Expired: ("task_expired", events_pb2.TaskExpired),
    facts.Cancelled: ("task_cancelled", events_pb2.TaskCancelled),
}
"""Each fact's name and message in the contract; the fields of both have the same names."""

_KINDS = {
    orders_pb2.FULFILMENT_METHOD_COLLECT: Kind.COLLECT,
    orders_pb2.FULFILMENT_METHOD_SHIP: Kind.SHIP,
}


def task_message(task: Task) -> tasks_pb2.Task:
    given = task.assignment
    message = tasks_pb2.Task(
        task_id=given.task_id,
        order_id=given.order_id,
        location_id=given.location_id,
        kind=f"KIND_{given.kind.name}",
        state=f"STATE_{task.state.name}",
        lines=[
            tasks_pb2.TaskLine(
                line_id=line.line_id,
                item_id=line.item_id,
                quantity=line.quantity,
                picked_quantity=line.picked,
                short_quantity=line.short,
                epcs=line.epcs,
                cancelled_quantity=line.cancelled,
            )
            for line in task.lines
        ],
        promise_time=given.promise_time,
        accept_deadline=task.accept_deadline,
        customer_display_name=given.customer_display_name,
        staging_place=task.staging_place,
        assignee=task.assignee,
        check_in_time=task.check_in_time,
        check_in_note=task.check_in_note,
        carrier=task.carrier,
        tracking_number=task.tracking_number,
        create_time=task.create_time,
        version=task.version,
        collect_deadline=task.collect_deadline,
    )
    if given.shipping_address:
        message.shipping_address.ParseFromString(given.shipping_address)
    return message


def published(task: Task, happened: Iterable[Fact], actor: str, clock: Clock) -> list[outbox.Event]:
    """Make the events of what happened to `task`, which is as it is after all of it."""
    message = task_message(task)
    events = []
    for fact in happened:
        name, kind = PAYLOADS[type(fact)]
        payload = kind(**{each.name: getattr(fact, each.name) for each in fields(fact)})
        events.append(
            outbox.envelope(
                "pickup", events_pb2.PickupEvent, clock, task=message, actor=actor, **{name: payload}
            )
        )
    return events


def history_detail(fact: Fact) -> str:
    """Say a fact as JSON for the history, without what must not be kept."""
    kept = {each.name: getattr(fact, each.name) for each in fields(fact) if each.repr}
    return json.dumps(kept, default=str)


def assignment_of(event: routing_pb2.LinesAssigned) -> tuple[Assignment, list[TaskLine]]:
    """Read what routing assigns; raises ValueError for a method that is neither collect nor ship."""
    kind = _KINDS.get(event.method)
    if kind is None:
        raise ValueError(f"task {event.task_id}: method {event.method} is not known here")
    assignment = Assignment(
        task_id=event.task_id,
        order_id=event.order_id,
        location_id=event.location_id,
        kind=kind,
        reservation_id=event.reservation_id,
        promise_time=event.promise_time.ToDatetime(UTC),
        customer_display_name=event.customer_display_name,
        shipping_address=event.shipping_address.SerializeToString(),
    )
    return assignment, [TaskLine(line.line_id, line.item_id, line.quantity) for line in event.lines]
