"""What is to be done next for an order, as its use cases decide and its saga does."""

from dataclasses import dataclass

from onhand.routing.domain.order import Assignment, Order, Release


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """Give back what is owed to stock."""

    release: Release
    order: Order


@dataclass(frozen=True, slots=True)
class ReserveStep:
    """Reserve and commit the stock of an assignment."""

    assignment: Assignment
    order: Order


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Find locations for the lines that wait."""

    order: Order


@dataclass(frozen=True, slots=True)
class DelayStep:
    """Give lines a new promise that were not ready by theirs."""

    location_id: str
    line_ids: tuple[str, ...]
    order: Order


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do before the order's next action time."""


Step = ReleaseStep | ReserveStep | PlanStep | DelayStep | Rest
