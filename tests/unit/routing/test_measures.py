"""Every metric that the documentation names is emitted, with what it is told apart by."""

import runpy
from datetime import timedelta

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from onhand.kit import telemetry
from onhand.routing import measures
from onhand.routing.domain import ending, placing
from onhand.routing.domain.cost import Portion
from onhand.routing.domain.ending import NewsKind
from onhand.routing.domain.order import Order, Position, Rejection

from .test_orders import CAUSE, GRACE, HOUR, NOW, line, news, order_of, plan_of


def changed(order: Order) -> None:
    """Forget what the last change left behind, as reading the order again does."""
    for each in (order.history, order.facts, order.rejections, order.releases):
        each.clear()


def test_what_becomes_of_an_order_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    monkeypatch.setattr(telemetry, "meter", MeterProvider([reader]).get_meter("test"))
    measure = runpy.run_path(measures.__file__)["measure"]  # a copy, whose instruments are of that meter

    order = order_of(line("1", 1), line("2", 1, "shoes"), collect=False, allow_split=True)
    order.shipping_position = Position(52, 5)
    plan = plan_of((Portion("1", "a", 1), Portion("2", "b", 1)))
    placing.record_plan(order, plan, CAUSE, HOUR)
    for assignment in order.assignments:
        assignment.distance_metres = 8000
        placing.assign(order, assignment, NOW + HOUR, None, timedelta(), CAUSE)
    measure(order)
    changed(order)
    ending.take(order, news(order, NewsKind.SHIPPED, remaining={"1": 1}), CAUSE, GRACE)
    measure(order)
    changed(order)
    order.rejections.append(Rejection(order.lines[1].task_id, "2", "b", "no_capacity", NOW))
    measure(order)

    points = {
        metric.name: {tuple(sorted((point.attributes or {}).items())) for point in metric.data.data_points}
        for of_resource in reader.get_metrics_data().resource_metrics  # type: ignore[union-attr]
        for scope in of_resource.scope_metrics
        for metric in scope.metrics
    }
    assert points == {
        "onhand.routing.assigned_lines": {(("location", "a"),), (("location", "b"),)},
        "onhand.routing.distance": {()},
        "onhand.routing.shipped_orders": {(("split", "true"),)},
        "onhand.routing.lines": {(("state", "shipped"),)},
        "onhand.routing.promises": {(("kept", "true"),)},
        "onhand.routing.rejections": {(("location", "b"), ("reason", "no_capacity"))},
    }
