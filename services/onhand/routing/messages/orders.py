"""Orders and their plans."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.postal_address_pb2 import PostalAddress

from onhand.api.routing.v1 import orders_pb2
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.routing.domain.ending import Destination
from onhand.routing.domain.lifecycle import FulfilmentMethod, LineState
from onhand.routing.domain.order import Customer, HistoryEntry, Line, Order, Position
from onhand.routing.domain.plan import Candidate, Plan, explain


def order_from(
    request: orders_pb2.SubmitOrderRequest, create_time: datetime, auto_cancel_after: timedelta
) -> Order:
    """Make a new order of what was asked. Output-only fields are ignored. Raises InvalidField."""
    message = request.order
    method = FulfilmentMethod(message.method)
    collect = method is FulfilmentMethod.COLLECT
    auto_cancel_time = create_time + auto_cancel_after
    if message.HasField("auto_cancel_time"):
        auto_cancel_time = message.auto_cancel_time.ToDatetime(UTC)
    latest_time = message.latest_time.ToDatetime(UTC) if message.HasField("latest_time") else None
    if latest_time is not None:
        auto_cancel_time = min(auto_cancel_time, latest_time)
    position = message.shipping_position
    customer = message.customer
    return Order(
        order_id=message.order_id,
        channel=message.channel,
        customer=Customer(
            customer.customer_id, customer.display_name, customer.email, customer.phone, customer.locale
        ),
        method=method,
        collect_location_id=message.collect_location_id if collect else "",
        shipping_address=b"" if collect else message.shipping_address.SerializeToString(),
        shipping_position=None if collect else Position(position.latitude, position.longitude),
        allow_split=message.allow_split,
        auto_cancel_time=auto_cancel_time,
        latest_time=latest_time,
        allow_transfer=message.allow_transfer and collect,
        create_time=create_time,
        lines=[
            Line(
                each.line_id,
                each.line_id,
                each.item_id,
                each.quantity,
                position=number,
                bundle_id=each.bundle_id,
                substitute_item_ids=[
                    item_id for item_id in each.substitute_item_ids if item_id != each.item_id
                ],
            )
            for number, each in enumerate(message.lines)
        ],
        basket_reservation_id=uuid_text(request.reservation_id, "reservation_id") if collect else "",
    )


def destination_from(request: orders_pb2.ChangeOrderRequest) -> Destination:
    if request.collect_location_id:
        return Destination(request.collect_location_id)
    position = request.shipping_position
    address = request.shipping_address.SerializeToString()
    return Destination("", address, Position(position.latitude, position.longitude))


def uuid_text(given: str, field: str) -> str:
    """Return an id in its one way to write it, empty for none. Raises InvalidField when it cannot be one."""
    try:
        return str(UUID(given)) if given else ""
    except ValueError:
        raise InvalidField([FieldViolation(field, "must be a UUID")]) from None


def order_message(order: Order) -> orders_pb2.Order:
    message = orders_pb2.Order(
        order_id=order.order_id,
        channel=order.channel,
        customer=orders_pb2.Customer(
            customer_id=order.customer.customer_id,
            display_name=order.customer.display_name,
            email=order.customer.email,
            phone=order.customer.phone,
            locale=order.customer.locale,
        ),
        method=orders_pb2.FulfilmentMethod.Name(order.method),
        collect_location_id=order.collect_location_id,
        lines=map(_line_message, order.lines),
        allow_split=order.allow_split,
        auto_cancel_time=timestamp(order.auto_cancel_time),
        promise_time=timestamp(order.promise_time),
        latest_time=timestamp(order.latest_time),
        allow_transfer=order.allow_transfer,
        create_time=timestamp(order.create_time),
        version=order.version,
        history=map(_history_message, order.history),
    )
    if order.shipping_position is not None:
        message.shipping_address.CopyFrom(address_message(order))
        message.shipping_position.latitude = order.shipping_position.latitude
        message.shipping_position.longitude = order.shipping_position.longitude
    return message


def address_message(order: Order) -> PostalAddress:
    return PostalAddress.FromString(order.shipping_address)


def place_of(address: PostalAddress) -> str:
    """Return region and postal code of an address as the tables of carriers' zones have them."""
    return f"{address.region_code}-{address.postal_code.replace(' ', '')}".upper()


def _line_message(line: Line) -> orders_pb2.OrderLine:
    return orders_pb2.OrderLine(
        line_id=line.line_id,
        item_id=line.item_id,
        quantity=line.quantity,
        state=_state_message(line.state),
        location_id=line.location_id,
        task_id=line.task_id,
        reservation_id=line.reservation_id,
        failed_location_ids=line.failed_location_ids,
        carrier=line.carrier,
        tracking_number=line.tracking_number,
        delivery_date=line.delivery_date.isoformat() if line.delivery_date else "",
        promise_time=timestamp(line.promise_time),
        bundle_id=line.bundle_id,
        substitute_item_ids=line.substitute_item_ids,
        ordered_item_id=line.ordered_item_id,
        shipment_id=line.shipment_id,
    )


def _history_message(entry: HistoryEntry) -> orders_pb2.OrderEvent:
    return orders_pb2.OrderEvent(
        record_time=timestamp(entry.record_time),
        line_id=entry.line_id,
        state=_state_message(entry.state),
        actor=entry.actor,
        detail=entry.detail,
        location_id=entry.location_id,
    )


def _state_message(state: LineState | None) -> str:
    return orders_pb2.OrderLine.State.Name(state or 0)


def plan_message(plan_time: datetime, plan: Plan) -> orders_pb2.Plan:
    return orders_pb2.Plan(
        plan_time=timestamp(plan_time),
        candidates=map(_candidate_message, explain(plan)),
        outcome=plan.outcome,
        policy_channel=plan.policy.channel,
        policy_version=plan.policy.version,
        exact=plan.exact,
    )


def _candidate_message(candidate: Candidate) -> orders_pb2.Candidate:
    return orders_pb2.Candidate(
        location_id=candidate.location_id,
        chosen=candidate.chosen,
        excluded_by=candidate.excluded_by,
        distance_metres=candidate.distance_metres,
        cost=candidate.cost,
        terms=[orders_pb2.CostTerm(name=name, cost=cost) for name, cost in candidate.terms],
        verdicts=[
            orders_pb2.FilterVerdict(filter=each.filter, passed=each.passed, detail=each.detail)
            for each in candidate.verdicts
        ],
    )


def timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment)
    return message
