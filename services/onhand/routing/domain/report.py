"""How well orders were filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LocationFigures:
    """Of one location; lines and orders that it was given."""

    location_id: str
    order_count: int = 0
    line_count: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    """Lines that it gave back, whole or in part."""
    kept_count: int = 0
    """Lines ready or gone by their first promise."""
    broken_count: int = 0
    mean_distance_metres: float = 0.0

    @property
    def rejected_count(self) -> int:
        return sum(self.rejected_by_reason.values())


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all orders of a span. Units, and lines as they are now."""

    order_count: int
    filled_quantity: int
    """Ready or gone once, whatever became of them."""
    unfilled_quantity: int
    """Given up for want of stock."""
    shipped_order_count: int
    split_order_count: int
    kept_count: int
    broken_count: int
    withdrawn_count: int
    """Promised, and given up for want of stock."""
    mean_distance_metres: float
    locations: tuple[LocationFigures, ...]


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
