"""What was offered to a customer, and whether an order may take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from onhand.kit.errors import FieldViolation, InvalidField, WrongState
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Order, Position


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to get a cart."""

    method: FulfilmentMethod
    location_ids: tuple[str, ...]
    impossible_because: str = ""
    promise_time: datetime | None = None
    """None where it is impossible."""
    slot_end_time: datetime | None = None
    delivery_date: date | None = None
    shipping_cost: float = 0.0
    distance_metres: int = 0
    transfer_from: tuple[str, ...] = ()
    """Collect: where goods come from that the store lacks."""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """An offer as it is kept until it expires."""

    token: str
    channel: str
    customer_id: str
    method: FulfilmentMethod
    location_ids: tuple[str, ...]
    lines: Sequence[tuple[str, int]]
    """Item and units of each line, rising."""
    promise_time: datetime
    expire_time: datetime
    by_transfer: bool = False
    """Collect: it needs goods that come to the store first."""
    delivery_date: date | None = None
    """Ship: the day of the last parcel's delivery."""
    place: str = ""
    """Ship: region and postal code, as carriers' zones have them."""
    position: Position | None = None
    """Ship: the customer's."""
    order_id: str = ""
    """The order that took it."""


def lines_of(lines: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Bring lines into the form in which two carts compare."""
    return tuple(sorted(lines))


def take(quote: Quote, order: Order, place: str, now: datetime) -> None:
    """Give a new order what was quoted; `place` is region and postal code of where it is shipped, if it is.

    Raises WrongState or InvalidField when it may not have it.
    """
    if quote.order_id not in {"", order.order_id}:
        raise WrongState("quote", quote.token, "TAKEN", "take it again")
    if quote.expire_time <= now:
        raise WrongState("quote", quote.token, "EXPIRED", "take it")
    store = (order.collect_location_id,) if order.method is FulfilmentMethod.COLLECT else quote.location_ids
    same = {
        "channel": quote.channel == order.channel,
        "customer.customer_id": quote.customer_id in {"", order.customer.customer_id},
        "method": quote.method is order.method,
        "collect_location_id": quote.location_ids == store,
        "shipping_address": quote.position is None or quote.place == place,
        "shipping_position": quote.position in {None, order.shipping_position},
        "lines": lines_of([(line.item_id, line.quantity) for line in order.lines]) == tuple(quote.lines),
        "allow_split": order.allow_split or len(quote.location_ids) == 1,
    }
    wrong = [name for name, holds in same.items() if not holds]
    if wrong:
        raise InvalidField([FieldViolation(f"order.{name}", "is not what was quoted") for name in wrong])
    order.quoted_location_ids = list(quote.location_ids)
    order.allow_transfer = order.allow_transfer or quote.by_transfer
    for line in order.lines:
        line.promise_time = line.first_promise_time = quote.promise_time
        line.delivery_date = quote.delivery_date
