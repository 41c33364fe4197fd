"""What is measured of orders as they change; the same figures over a span are an RPC."""

from onhand.kit.telemetry import meter
from onhand.routing.domain.facts import LinesAssigned
from onhand.routing.domain.lifecycle import ENDED, LineState
from onhand.routing.domain.order import Order

_lines = meter.create_counter("onhand.routing.lines", description="Lines that ended, by state")
_rejections = meter.create_counter(
    "onhand.routing.rejections", description="Lines that locations gave back, by location and reason"
)
_assigned = meter.create_counter("onhand.routing.assigned_lines", description="Lines given out, by location")
_promises = meter.create_counter(
    "onhand.routing.promises", description="Lines ready or gone, by whether by their first promise"
)
_orders = meter.create_counter(
    "onhand.routing.shipped_orders", description="Ship orders given out whole, by whether split"
)
_distance = meter.create_histogram(
    "onhand.routing.distance", unit="km", description="From location to customer, of each parcel"
)


def measure(order: Order) -> None:
    """Record what a change of an order, not saved yet, says of how well it is filled."""
    lines = {line.line_id: line for line in order.lines}
    for entry in order.history:
        line = lines.get(entry.line_id)
        if line is None or entry.state is None or line.state is not entry.state:
            continue
        if entry.state in ENDED:
            _lines.add(1, {"state": "unfilled" if line.given_up else entry.state.name.lower()})
        done = entry.state in {LineState.READY, LineState.SHIPPED}
        if done and line.done_time is not None and line.first_promise_time is not None:
            _promises.add(1, {"kept": str(line.done_time <= line.first_promise_time).lower()})
    for rejection in order.rejections:
        _rejections.add(1, {"location": rejection.location_id, "reason": rejection.reason})
    for fact in order.facts:
        if isinstance(fact, LinesAssigned):
            _given(order, fact)


def _given(order: Order, fact: LinesAssigned) -> None:
    _assigned.add(len(fact.lines), {"location": fact.location_id})
    if order.shipping_position is None:
        return
    for assignment in order.assignments:
        if assignment.task_id == fact.task_id:
            _distance.record(assignment.distance_metres / 1000)
    if not order.waiting() and all(line.task_id for line in order.lines if line.is_open):
        split = len({line.location_id for line in order.lines if line.task_id}) > 1
        _orders.add(1, {"split": str(split).lower()})
