"""Domain ⇄ contract: tasks as messages, facts as events of pickup, events of routing as assignments."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from datetime import UTC
from typing import Any

from google.protobuf.message import Message

from onhand.api.pickup.v1 import events_pb2, tasks_pb2
from onhand.api.routing.v1 import events_pb2 as routing_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.pickup.domain import facts
from onhand.pickup.domain.facts import Fact
from onhand.pickup.domain.task import (
    Alert,
    Assignment,
    HandOver,
    Kind,
    Substitution,
    SubstitutionState,
    Task,
    TaskLine,
)

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
    facts.Assigned: ("task_assigned", events_pb2.TaskAssigned),
    facts.Alerted: ("task_alerted", events_pb2.TaskAlerted),
    facts.AlertAcknowledged: ("alert_acknowledged", events_pb2.AlertAcknowledged),
    facts.WaveChanged: ("wave_changed", events_pb2.WaveChanged),
    facts.Reopened: ("task_reopened", events_pb2.TaskReopened),
    facts.Reshelved: ("task_reshelved", events_pb2.TaskReshelved),
    facts.ArrivalAnnounced: ("arrival_announced", events_pb2.ArrivalAnnounced),
    facts.TermsChanged: ("collection_terms_changed", events_pb2.CollectionTermsChanged),
    facts.Reminded: ("collection_reminded", events_pb2.CollectionReminded),
    facts.Extended: ("collection_extended", events_pb2.CollectionExtended),
    facts.PartlyCollected: ("task_partly_collected", events_pb2.TaskPartlyCollected),
    facts.LineRefused: ("line_refused", events_pb2.LineRefused),
    facts.Refused: ("task_refused", events_pb2.TaskRefused),
    facts.Returned: ("goods_returned", events_pb2.GoodsReturned),
    facts.SubstitutionProposed: ("substitution_proposed", events_pb2.SubstitutionProposed),
    facts.SubstitutionOffered: ("substitution_offered", events_pb2.SubstitutionOffered),
    facts.SubstitutionDecided: ("substitution_decided", events_pb2.SubstitutionDecided),
    facts.Disputed: ("hand_over_disputed", events_pb2.HandOverDisputed),
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
                handed_over_quantity=line.handed_over,
                refused_quantity=line.refused,
                returned_quantity=line.returned,
                shelve_quantity=line.to_shelve,
                substituted_quantity=line.substituted,
                given_epcs=line.given_epcs,
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
        alerts=map(_alert, task.alerts),
        wave_id=task.wave_id,
        step_deadline=task.step_deadline,
        escalation_count=task.escalations,
        accept_time=task.accept_time,
        ready_time=task.ready_time,
        end_time=task.end_time,
        on_my_way_time=task.on_my_way_time,
        arrive_time=task.arrive_time,
        alternate_collector_name=task.collector_name,
        identity_check_required=task.identity_check,
        minimum_age=task.minimum_age,
        substitutions=map(_substitution, task.substitutions),
        extension_count=task.extensions,
        shelve_deadline=task.shelve_deadline,
        hand_overs=map(_hand_over, task.hand_overs),
    )
    if task.slot is not None:
        message.slot.slot_booking_id = task.slot.booking_id
        message.slot.kind = int(task.slot.kind)  # type: ignore[assignment]
        message.slot.start_time.FromDatetime(task.slot.span.start)
        message.slot.end_time.FromDatetime(task.slot.span.end)
    if given.shipping_address:
        message.shipping_address.ParseFromString(given.shipping_address)
    return message


def _alert(alert: Alert) -> tasks_pb2.TaskAlert:
    return tasks_pb2.TaskAlert(
        alert_id=alert.alert_id,
        kind=f"KIND_{alert.kind.name}",
        raise_time=alert.raise_time,
        detail=alert.detail,
        epc=alert.epc,
        line_id=alert.line_id,
    )


def _substitution(offer: Substitution) -> tasks_pb2.Substitution:
    accepted = offer.state is SubstitutionState.ACCEPTED
    return tasks_pb2.Substitution(
        substitution_id=offer.substitution_id,
        line_id=offer.line_id,
        item_id=offer.item_id,
        quantity=offer.quantity,
        substitute_line_id=offer.substitute_line_id if accepted else "",
        state=f"STATE_{offer.state.name}",
        decide_deadline=offer.decide_deadline,
        detail=offer.detail,
    )


def _hand_over(record: HandOver) -> tasks_pb2.HandOverRecord:
    return tasks_pb2.HandOverRecord(
        hand_over_id=record.hand_over_id,
        hand_over_time=record.hand_over_time,
        actor=record.actor,
        collector_name=record.collector_name,
        proof_reference=record.proof_reference,
        till_id=record.till_id,
        given_quantity=record.given,
        refused_quantity=record.refused,
        offline=record.offline,
    )


_MESSAGES: dict[type, Callable[[Any], Message]] = {
    Alert: _alert,
    Substitution: _substitution,
    HandOver: _hand_over,
}


def _wire(value: Any) -> Any:
    """Return a field of a fact as its message takes it."""
    to_message = _MESSAGES.get(type(value))
    return value if to_message is None else to_message(value)


def published(task: Task, happened: Iterable[Fact], actor: str, clock: Clock) -> list[outbox.Event]:
    """Make the events of what happened to `task`, which is as it is after all of it."""
    message = task_message(task)
    events = []
    for fact in happened:
        name, kind = PAYLOADS[type(fact)]
        payload = kind(**{each.name: _wire(getattr(fact, each.name)) for each in fields(fact)})
        events.append(
            outbox.envelope(
                "pickup", events_pb2.PickupEvent, clock, task=message, actor=actor, **{name: payload}
            )
        )
    return events


def history_detail(fact: Fact) -> str:
    """Say a fact as JSON for the history, without what must not be kept."""
    kept = {each.name: getattr(fact, each.name) for each in fields(fact) if each.repr}
    return json.dumps(kept, default=_plain)


def _plain(value: Any) -> Any:
    return asdict(value) if type(value) in _MESSAGES else str(value)


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
