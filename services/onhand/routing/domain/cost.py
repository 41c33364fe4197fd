"""What a choice of locations costs: the facts that a plan is made of, and the terms of its cost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """Weights of the cost terms, in the unit of a kilometre's cost, and limits of the search."""

    distance_per_km: float = 1.0
    handling: float = 5.0
    """Each location that takes part."""
    split: float = 50.0
    """Each location beyond the first: another parcel."""
    last_unit: float = 20.0
    """Each item of which a location would be left with none."""
    confidence: float = 30.0
    """Each item, times the doubt about its count (1 − confidence)."""
    max_locations: int = 3
    """Locations that one plan may use."""
    shortlist: int = 12
    """Candidates that the search over sets looks at; 12 make 298 sets of up to 3."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A line to place."""

    line_id: str
    item_id: str
    quantity: int
    excluded: frozenset[str] = frozenset()
    """Locations that could not fill it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a location has of an item."""

    available: int
    confidence: float


NOTHING = Cell(0, 1.0)


@dataclass(frozen=True, slots=True)
class Option:
    """A location that may fill lines."""

    location_id: str
    excluded_by: str = ""
    """The filter of the location itself that it failed; empty when none."""
    distance_metres: int = 0
    cells: Mapping[str, Cell] = field(default_factory=dict)

    def cell(self, item_id: str) -> Cell:
        return self.cells.get(item_id, NOTHING)


@dataclass(frozen=True, slots=True)
class Portion:
    """Units of a line from one location; a line may have several."""

    line_id: str
    location_id: str
    quantity: int


def cost_terms(
    option: Option, taken: Mapping[str, int], policy: Policy, *, first: bool = True
) -> tuple[tuple[str, float], ...]:
    """Return what it costs that a location gives `taken` units of items."""
    terms = [
        ("distance", option.distance_metres / 1000 * policy.distance_per_km),
        ("handling", policy.handling),
    ]
    if not first:
        terms.append(("split", policy.split))
    items = [item_cost(option, item_id, quantity, policy) for item_id, quantity in sorted(taken.items())]
    terms.append(("last_unit", sum(last_unit for last_unit, _ in items)))
    terms.append(("confidence", sum(doubt for _, doubt in items)))
    return tuple(terms)


def item_cost(option: Option, item_id: str, quantity: int, policy: Policy) -> tuple[float, float]:
    """Return the costs of taking so many of an item: of the last unit, and of doubt."""
    if quantity == 0:
        return 0.0, 0.0
    cell = option.cell(item_id)
    last_unit = policy.last_unit if quantity >= cell.available else 0.0
    return last_unit, policy.confidence * (1 - cell.confidence)


def fixed_cost(option: Option, policy: Policy) -> float:
    """Return what a location costs as soon as it takes part."""
    return sum(cost for _, cost in cost_terms(option, {}, policy))


def total_demand(demands: Iterable[Demand]) -> dict[str, int]:
    """Add up units by item."""
    total: Counter[str] = Counter()
    for demand in demands:
        total[demand.item_id] += demand.quantity
    return dict(total)


def rounded(cost: float) -> float:
    """Make costs comparable that were added up in different orders."""
    return round(cost, 6)
