"""The report of what messages led to: one page of HTML with plots, complete in itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from onhand.notifications.domain.activity import FunnelRow
from onhand.notifications.domain.experiments import Arm, Experiment, Finding, judge

STAGES = ("sent", "delivered", "opened", "clicked", "ordered", "collected")
SAID = {
    Finding.BASELINE: "what the others are compared with",
    Finding.TOO_FEW: "too few people yet",
    Finding.NO_DIFFERENCE: "no difference that could not be chance",
    Finding.BETTER: "better",
    Finding.WORSE: "worse",
}


@dataclass(frozen=True, slots=True)
class _Funnel:
    title: str
    counts: tuple[tuple[str, int], ...]
    suppressed: int
    failed: int
    bounced: int

    @property
    def sent(self) -> int:
        return self.counts[0][1]


def report(
    since: datetime,
    until: datetime,
    rows: Sequence[FunnelRow],
    results: Sequence[tuple[Experiment, Sequence[Arm]]],
) -> str:
    """Return the page. Names of experiments and variants are escaped; nothing is loaded."""
    judged = [
        (
            experiment,
            [(arm, *judge(arm, arms[0], experiment.minimum_sample)) for arm in arms],
            max(arm.interval.high for arm in arms),
        )
        for experiment, arms in results
    ]
    return _page().render(
        since=since, until=until, funnels=[_funnel(each) for each in rows], results=judged, said=SAID
    )


def _funnel(row: FunnelRow) -> _Funnel:
    name = row.purpose.name.lower().replace("_", " ")
    segment = f", {row.segment.name.lower()} people" if row.segment else ""
    counts = tuple((stage, getattr(row, stage)) for stage in STAGES)
    title = f"{name} by {row.channel.name.lower()}{segment}"
    return _Funnel(title, counts, row.suppressed, row.failed, row.bounced)


@cache
def _page() -> Template:
    source = files("onhand.notifications").joinpath("reports").joinpath("report.html").read_text()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
