"""Reports and simulations."""

from google.protobuf.duration_pb2 import Duration

from onhand.api.routing.v1 import reports_pb2
from onhand.routing.domain.report import Figures, LocationFigures, share
from onhand.routing.domain.simulation import Side, Simulation

MAX_LOCATIONS = 10_000
"""By the contract."""


def report_message(figures: Figures) -> reports_pb2.ReportFulfilmentResponse:
    return reports_pb2.ReportFulfilmentResponse(
        order_count=figures.order_count,
        filled_quantity=figures.filled_quantity,
        unfilled_quantity=figures.unfilled_quantity,
        fill_rate=share(figures.filled_quantity, figures.filled_quantity + figures.unfilled_quantity),
        shipped_order_count=figures.shipped_order_count,
        split_order_count=figures.split_order_count,
        split_rate=share(figures.split_order_count, figures.shipped_order_count),
        kept_promise_count=figures.kept_count,
        broken_promise_count=figures.broken_count,
        withdrawn_promise_count=figures.withdrawn_count,
        promise_kept_rate=share(figures.kept_count, figures.kept_count + figures.broken_count),
        mean_distance_km=figures.mean_distance_metres / 1000,
        locations=map(_location_message, figures.locations),
    )


def _location_message(figures: LocationFigures) -> reports_pb2.LocationFulfilment:
    return reports_pb2.LocationFulfilment(
        location_id=figures.location_id,
        order_count=figures.order_count,
        line_count=figures.line_count,
        rejected_line_count=figures.rejected_count,
        rejection_rate=share(figures.rejected_count, figures.line_count),
        rejected_lines_by_reason=figures.rejected_by_reason,
        kept_promise_count=figures.kept_count,
        broken_promise_count=figures.broken_count,
        mean_distance_km=figures.mean_distance_metres / 1000,
    )


def result_message(simulation: Simulation) -> reports_pb2.SimulationResult:
    before, after = simulation.before.orders(), simulation.after.orders()
    most_first = sorted(before.keys() | after.keys(), key=lambda each: (-after[each], -before[each], each))
    busiest_before, busiest_after = simulation.before.busiest(), simulation.after.busiest()
    return reports_pb2.SimulationResult(
        before=_side_message(simulation.before),
        after=_side_message(simulation.after),
        changed_order_count=simulation.changed_count,
        locations=[
            reports_pb2.SimulatedLoad(
                location_id=each,
                order_count_before=before[each],
                order_count_after=after[each],
                line_count_before=simulation.before.lines[each],
                line_count_after=simulation.after.lines[each],
                busiest_day_order_count_before=busiest_before.get(each, 0),
                busiest_day_order_count_after=busiest_after.get(each, 0),
            )
            for each in most_first[:MAX_LOCATIONS]
        ],
    )


def _side_message(side: Side) -> reports_pb2.SimulatedFulfilment:
    lead = Duration()
    lead.FromTimedelta(side.mean_lead)
    return reports_pb2.SimulatedFulfilment(
        part_count=side.part_count,
        split_order_count=side.split_order_count,
        parked_line_count=side.parked_line_count,
        cost=side.cost,
        distance_km=side.distance_metres / 1000,
        shipping_cost=side.shipping_cost,
        late_order_count=side.late_order_count,
        mean_lead_duration=lead,
    )
