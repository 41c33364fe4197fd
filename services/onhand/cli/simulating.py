"""`onhand routing simulate` and `report`: what became of orders, and what another policy would have made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import typer
from jinja2 import Environment, StrictUndefined
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from onhand.api.routing.v1 import policies_pb2, reports_pb2
from onhand.client import Routing

MOST_BARS = 30
"""Locations of the plot; the table has all."""
PLOT_WIDTH = 480


@dataclass(frozen=True)
class Row:
    """One figure of both sides."""

    name: str
    before: float
    after: float
    form: str = "{:,.0f}"

    @property
    def texts(self) -> tuple[str, str, str]:
        change = f"{self.after / self.before - 1:+.1%}" if self.before else "" if not self.after else "new"
        return self.form.format(self.before), self.form.format(self.after), change

    @property
    def bars(self) -> tuple[float, float]:
        """Lengths of both, the longer one 1."""
        most = max(self.before, self.after)
        return (self.before / most, self.after / most) if most else (0.0, 0.0)


def moment(text: str) -> datetime | None:
    """Read a day or a time, in UTC where it names no zone; None for none. Raises BadParameter."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time such as 2026-11-01 or 2026-11-01T12:00+01:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def simulate(
    client: Routing, request: reports_pb2.SimulateRoutingRequest
) -> reports_pb2.SimulateRoutingResponse:
    """Follow a simulation to its end, with progress on the terminal."""
    answer = reports_pb2.SimulateRoutingResponse()
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("orders planned again", total=None)
        for answer in client.reports.SimulateRouting(request):
            progress.update(task, completed=answer.simulated_count, total=answer.total_count)
        progress.update(task, completed=answer.total_count, total=answer.total_count)
    return answer


def rows_of(result: reports_pb2.SimulationResult) -> list[Row]:
    """Return the figures that are compared."""
    before, after = result.before, result.after
    return [
        Row("parcels and collections", before.part_count, after.part_count),
        Row("split orders", before.split_order_count, after.split_order_count),
        Row("lines without a location", before.parked_line_count, after.parked_line_count),
        Row("cost", before.cost, after.cost),
        Row("shipping cost", before.shipping_cost, after.shipping_cost),
        Row("distance, km", before.distance_km, after.distance_km),
        Row("late orders", before.late_order_count, after.late_order_count),
        Row("hours until ready, mean", _lead_h(before), _lead_h(after), "{:,.2f}"),
        Row("locations that work", *_working(result.locations)),
        Row("most orders on one day of a location", *_busiest(result.locations)),
    ]


def _lead_h(side: reports_pb2.SimulatedFulfilment) -> float:
    return side.mean_lead_duration.ToTimedelta().total_seconds() / 3600


def _working(loads: Sequence[reports_pb2.SimulatedLoad]) -> tuple[int, int]:
    return sum(each.order_count_before > 0 for each in loads), sum(
        each.order_count_after > 0 for each in loads
    )


def _busiest(loads: Sequence[reports_pb2.SimulatedLoad]) -> tuple[int, int]:
    before = max((each.busiest_day_order_count_before for each in loads), default=0)
    return before, max((each.busiest_day_order_count_after for each in loads), default=0)


def show(answer: reports_pb2.SimulateRoutingResponse) -> None:
    """Print what came of a simulation."""
    result = answer.result
    print(
        f"{answer.simulated_count:,} orders planned again, {result.changed_order_count:,} of them otherwise"
    )
    table = Table("", "as planned", "by the policy", "change")
    for row in rows_of(result):
        table.add_row(row.name, *row.texts)
    Console().print(table)


def write_html(
    path: Path, policy: policies_pb2.Policy, answer: reports_pb2.SimulateRoutingResponse, span: str
) -> None:
    """Write the report as one file that needs no other."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        (files("onhand.cli") / "templates" / "simulation.html").read_text("utf-8")
    )
    loads = list(answer.result.locations)
    most = max((max(each.order_count_before, each.order_count_after) for each in loads), default=0)
    page = template.render(
        channel=policy.channel or "every other channel",
        policy=str(policy).strip() or "the built-in defaults",
        span=span,
        answer=answer,
        rows=rows_of(answer.result),
        loads=loads,
        plotted=loads[:MOST_BARS],
        width=PLOT_WIDTH,
        scale=PLOT_WIDTH / most if most else 0,
    )
    path.write_text(page, "utf-8")


def show_report(report: reports_pb2.ReportFulfilmentResponse) -> None:
    """Print how well orders were filled."""
    table = Table("", "", show_header=False)
    table.add_row("orders", f"{report.order_count:,}")
    filled = report.filled_quantity
    table.add_row("fill rate", f"{report.fill_rate:.1%} of {filled + report.unfilled_quantity:,} units")
    table.add_row("split rate", f"{report.split_rate:.1%} of {report.shipped_order_count:,} ship orders")
    promises = report.kept_promise_count + report.broken_promise_count
    table.add_row("promises kept", f"{report.promise_kept_rate:.1%} of {promises:,} lines")
    table.add_row("promises withdrawn", f"{report.withdrawn_promise_count:,} lines, for want of stock")
    table.add_row("distance", f"{report.mean_distance_km:,.1f} km a parcel")
    Console().print(table)
    of_locations = Table("location", "orders", "lines", "given back", "why", "promises kept", "km a parcel")
    for each in report.locations:
        reasons = sorted(each.rejected_lines_by_reason.items(), key=lambda one: (-one[1], one[0]))
        due = each.kept_promise_count + each.broken_promise_count
        of_locations.add_row(
            each.location_id,
            f"{each.order_count:,}",
            f"{each.line_count:,}",
            f"{each.rejection_rate:.1%}",
            ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in reasons),
            f"{each.kept_promise_count / due:.1%}" if due else "",
            f"{each.mean_distance_km:,.1f}",
        )
    Console().print(of_locations)
