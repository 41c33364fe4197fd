"""What is measured of stores as it happens; the same figures by store and span are an RPC."""

from datetime import timedelta

from onhand.kit.telemetry import meter
from onhand.pickup.domain import facts
from onhand.pickup.domain.task import Task
from onhand.pickup.domain.transitions import Change

_accept = meter.create_histogram(
    "onhand.pickup.time_to_accept", unit="s", description="Opening to acceptance"
)
_ready = meter.create_histogram("onhand.pickup.time_to_ready", unit="s", description="Opening to ready")
_waiting = meter.create_histogram(
    "onhand.pickup.waiting_time",
    unit="s",
    description="Check-in, or ready if that came later, to hand-over",
)
_units = meter.create_counter("onhand.pickup.units", description="Units picked and short picked, by outcome")
_alerts = meter.create_counter("onhand.pickup.alerts", description="Alerts raised, by kind")


def measure(before: Task, change: Change) -> None:
    """Record what a change says of how fast and how well a store works."""
    after = change.task
    for fact in change.facts:
        match fact:
            case facts.Accepted() if after.accept_time is not None:
                _accept.record(_seconds(after.accept_time - after.create_time))
            case facts.Ready() if before.ready_time is None and after.ready_time is not None:
                _ready.record(_seconds(after.ready_time - after.create_time))
            case facts.LinePicked():
                _units.add(fact.quantity, {"outcome": "picked"})
            case facts.LineShortPicked():
                _units.add(fact.quantity, {"outcome": "short", "reason": fact.reason.name.lower()})
            case facts.Alerted():
                _alerts.add(1, {"kind": fact.alert.kind.name.lower()})
            case _:
                pass
    here, ready = after.check_in_time, after.ready_time
    if after.hand_overs and not before.hand_overs and here is not None and ready is not None:
        _waiting.record(_seconds(after.hand_overs[0].hand_over_time - max(here, ready)))


def _seconds(length: timedelta) -> float:
    return max(length.total_seconds(), 0.0)
