"""Events and messages of the contracts ⇄ domain."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.notifications.v1 import events_pb2, messages_pb2
from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.pickup.v1.tasks_pb2 import TaskLine
from onhand.api.routing.v1 import orders_pb2 as pb_orders
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.api.stock.v1.events_pb2 import BalanceChanged, StockEvent
from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.notifications.domain.activity import Act, ActKind
from onhand.notifications.domain.availability import CellChange, Subscription
from onhand.notifications.domain.contacts import (
    CUSTOMER_SYSTEM,
    ORDER_SYSTEM,
    Kind,
    NewAddress,
    NewIdentity,
    Profile,
)
from onhand.notifications.domain.endpoints import Endpoint
from onhand.notifications.domain.messages import Message, State
from onhand.notifications.domain.occasions import Line, Occasion, Order, Purpose, Task

# In


def order_of(order: pb_orders.Order) -> tuple[Order, NewIdentity]:
    """Return what is in `order`, and who ordered it: a customer of the channel, or a guest."""
    customer = order.customer
    system, external_id = (
        (CUSTOMER_SYSTEM, customer.customer_id) if customer.customer_id else (ORDER_SYSTEM, order.order_id)
    )
    profile = Profile(
        system, external_id, display_name=_one_line(customer.display_name), locale=customer.locale
    )
    given = ((Kind.EMAIL, customer.email), (Kind.PHONE, customer.phone))
    addresses = tuple(NewAddress(kind, value) for kind, value in given if value)
    lines = tuple(Line(each.line_id, each.item_id, each.quantity) for each in order.lines)
    return Order(order.order_id, order.allow_split, lines), NewIdentity(profile, addresses)


def routing_order(data: bytes) -> str:
    """Return the id of the order that an event of routing is about."""
    event = RoutingEvent.FromString(data)
    name = event.WhichOneof("payload") or ""
    return event.order_accepted.order.order_id if name == "order_accepted" else getattr(event, name).order_id


def pickup_order(data: bytes) -> str:
    """Return the id of the order that an event of pickup is about."""
    return PickupEvent.FromString(data).task.order_id


def routing_occasion(event: RoutingEvent) -> Occasion:
    """Return what there is to tell about an event of routing that is not OrderAccepted."""
    common: dict[str, Any] = {"event_id": UUID(event.event_id), "record_time": _time(event.record_time)}
    match event.WhichOneof("payload"):
        case "order_delayed":
            delayed = event.order_delayed
            return Occasion(
                **common,
                purpose=Purpose.ORDER_DELAYED,
                order_id=delayed.order_id,
                line_ids=tuple(delayed.line_ids),
                promise_time_before=_optional_time(delayed, "promise_time_before"),
                promise_time=_optional_time(delayed, "promise_time"),
            )
        case "lines_cancelled":
            cancelled = event.lines_cancelled
            return Occasion(
                **common,
                purpose=Purpose.ORDER_CANCELLED,
                order_id=cancelled.order_id,
                line_ids=tuple(cancelled.line_ids),
                detail=_one_line(cancelled.detail),
            )
        case other:
            raise ValueError(f"{other} was not subscribed to")


_PICKUP_PURPOSES = {
    "task_ready": Purpose.ORDER_READY,
    "task_collected": Purpose.ORDER_COLLECTED,
    "task_shipped": Purpose.ORDER_SHIPPED,
    "task_expired": Purpose.ORDER_EXPIRED,
}
"""Of what a task's own end or step tells."""


def pickup_occasion(event: PickupEvent) -> Occasion:
    """Return what there is to tell about an event of pickup."""
    task = event.task
    return Occasion(
        event_id=UUID(event.event_id),
        record_time=_time(event.record_time),
        purpose=_PICKUP_PURPOSES[event.WhichOneof("payload") or ""],
        order_id=task.order_id,
        lines=tuple(
            Line(each.line_id, each.item_id, units) for each in task.lines if (units := _units(each)) > 0
        ),
        task=Task(UUID(task.task_id), task.version),
        location_id=task.location_id,
        code=event.task_ready.code,
        collect_deadline=_optional_time(event.task_ready, "collect_deadline"),
        carrier=event.task_shipped.carrier,
        tracking_number=event.task_shipped.tracking_number,
    )


def offer(event: PickupEvent) -> Occasion:
    """Return the question that SubstitutionOffered asks; of SubstitutionDecided, the one that it ends."""
    task, decided = event.task, event.substitution_decided.substitution
    offered = decided if event.HasField("substitution_decided") else event.substitution_offered.substitution
    wanted = next((each.item_id for each in task.lines if each.line_id == offered.line_id), offered.line_id)
    return Occasion(
        event_id=UUID(event.event_id),
        record_time=_time(event.record_time),
        purpose=Purpose.SUBSTITUTION_OFFERED,
        order_id=task.order_id,
        lines=(Line(offered.line_id, wanted, offered.quantity),),
        task=Task(UUID(task.task_id), task.version),
        location_id=task.location_id,
        detail=_one_line(offered.detail),
        offered_item_id=offered.item_id,
        offered_quantity=offered.quantity,
        decide_deadline=_optional_time(offered, "decide_deadline"),
    )


def withdrawal(event: PickupEvent) -> Occasion:
    """Return a task that routing withdrew, as the cancellation that customers hear of from routing."""
    return Occasion(
        event_id=UUID(event.event_id),
        record_time=_time(event.record_time),
        purpose=Purpose.ORDER_CANCELLED,
        order_id=event.task.order_id,
        task=Task(UUID(event.task.task_id), event.task.version),
    )


def return_of(event: PickupEvent) -> Act:
    """Return that goods of an order were brought back."""
    return Act(
        event_id=UUID(event.event_id),
        order_id=event.task.order_id,
        kind=ActKind.RETURNED,
        location_id=event.goods_returned.location_id,
        time=_time(event.record_time),
    )


def _units(line: TaskLine) -> int:
    """Return how many units of a line the customer gets: a task that is ready or further has no others."""
    return line.quantity - line.short_quantity - line.cancelled_quantity


def balances(event: StockEvent) -> Sequence[BalanceChanged]:
    """Return the cells of an event, of one that changed or of several."""
    return [event.balance_changed] if event.HasField("balance_changed") else event.balances_changed.changes


def cell_changes(event: StockEvent) -> list[CellChange]:
    """Return the cells of an event, as endpoints hear of them."""
    return [_cell_change(event, each) for each in balances(event)]


def _cell_change(event: StockEvent, changed: BalanceChanged) -> CellChange:
    unavailable = changed.damaged + changed.quality_control + changed.quarantined + changed.missing
    quantities = {
        "on_hand": changed.sellable + unavailable,
        "unavailable": unavailable,
        "reserved": changed.reserved,
        "committed": changed.committed,
        "in_transit": changed.in_transit,
    }
    return CellChange(
        changed.location_id,
        changed.item_id,
        changed.version,
        event.revision,
        _time(event.record_time),
        changed.available_after,
        quantities,
    )


def _one_line(text: str) -> str:
    """Take line breaks and other control characters out of what stands in headers and sentences."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def _optional_time(message: Any, field: str) -> datetime | None:
    return _time(getattr(message, field)) if message.HasField(field) else None


# Out


def message_proto(message: Message) -> messages_pb2.Message:
    sent = message.state is State.SENT
    return messages_pb2.Message(
        message_id=str(message.message_id),
        purpose=int(message.purpose),  # type: ignore[arg-type]
        channel=int(message.channel),  # type: ignore[arg-type]
        state=int(message.state),  # type: ignore[arg-type]
        order_id=message.order_id,
        masked_address=message.masked_address,
        subject=message.subject,
        attempt_count=message.attempt_count,
        next_attempt_time=stamp(message.next_attempt_time),
        failure=message.failure,
        create_time=stamp(message.create_time),
        send_time=stamp(message.end_time) if sent else None,
        receipt=int(message.receipt),  # type: ignore[arg-type]
        receipt_time=stamp(message.receipt_time),
    )


def endpoint_proto(endpoint: Endpoint) -> messages_pb2.WebhookEndpoint:
    return messages_pb2.WebhookEndpoint(
        endpoint_id=str(endpoint.endpoint_id),
        uri=endpoint.uri,
        purposes=[int(each) for each in endpoint.purposes],  # type: ignore[misc]
        title=endpoint.title,
        create_time=stamp(endpoint.create_time),
        disable_time=stamp(endpoint.disable_time),
        pause_time=stamp(endpoint.pause_time),
        old_secret_expire_time=stamp(endpoint.old_secret_expire_time),
        availability=None if endpoint.availability is None else _subscription_proto(endpoint.availability),
    )


def _subscription_proto(subscription: Subscription) -> messages_pb2.AvailabilitySubscription:
    return messages_pb2.AvailabilitySubscription(
        item_ids=sorted(subscription.item_ids),
        location_ids=sorted(subscription.location_ids),
        thresholds_only=subscription.thresholds_only,
        low_quantity=subscription.low_quantity,
        out_quantity=subscription.out_quantity,
    )


def subscription(message: messages_pb2.AvailabilitySubscription) -> Subscription:
    return Subscription(
        frozenset(message.item_ids),
        frozenset(message.location_ids),
        message.thresholds_only,
        message.low_quantity,
        message.out_quantity,
    )


def changed(messages: Iterable[Message], clock: Clock) -> list[outbox.Event]:
    """Return the events that say what became of messages, without anything of their persons.

    An event is kept in places that no erasure reaches: the stream, and whoever has read it.
    """
    return [
        outbox.envelope(
            "notifications",
            events_pb2.NotificationsEvent,
            clock,
            message_changed=events_pb2.MessageChanged(
                message=message_proto(replace(each, masked_address="", subject="", failure=""))
            ),
        )
        for each in messages
        if each.state is not State.WAITING
    ]


def stamp(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp
