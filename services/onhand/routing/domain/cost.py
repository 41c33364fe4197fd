"""The facts that a plan is made of, and what a choice of locations costs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Demand:
    """A line to place."""

    line_id: str
    item_id: str
    quantity: int
    excluded: frozenset[str] = frozenset()
    """Locations that could not fill it."""
    bundle_id: str = ""
    """Lines of one bundle come whole from one location, or all of them wait; empty: of none."""
    substitutes: tuple[str, ...] = ()
    """Items that will do instead, best first."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a location has of an item."""

    available: int
    confidence: float
    kept: int = 0
    """Of these, units that the policy leaves there."""

    @property
    def usable(self) -> int:
        return self.available - self.kept if self.available > self.kept else 0


NOTHING = Cell(0, 1.0)


@dataclass(frozen=True, slots=True)
class Option:
    """A location that may fill lines."""

    location_id: str
    barred: str = ""
    """Why it can never serve this order, whatever the policy; empty when it can."""
    distance_metres: int = 0
    cells: Mapping[str, Cell] = field(default_factory=dict)
    orders_today: int = 0
    """Orders given to it on `day`."""
    shipping_cost: float = 0.0
    """Of a parcel from it to the customer, by the carriers' tables."""
    day: date | None = None
    """Today by its own calendar."""

    def cell(self, item_id: str) -> Cell:
        return self.cells.get(item_id, NOTHING)

    def usable(self, demand: Demand) -> int:
        """Return the units that it may give a line at most."""
        return 0 if self.location_id in demand.excluded else self.cell(demand.item_id).usable


@dataclass(frozen=True, slots=True)
class Question:
    """All that a plan depends on beside the policy; kept with it, to explain it and to plan it again."""

    method: FulfilmentMethod
    demands: tuple[Demand, ...]
    options: tuple[Option, ...]
    """Each location once."""
    allow_split: bool = False
    held: bool = False
    """Collect: a basket holds all of it there already, so that neither counts nor capacity matter."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Units of a line from one location; a line may have several."""

    line_id: str
    location_id: str
    quantity: int


def cost_terms(
    option: Option, taken: Mapping[str, int], policy: Policy, *, first: bool = True
) -> tuple[tuple[str, float], ...]:
    """Return what it costs that a location gives `taken` units of items, term by term."""
    costs = policy.costs
    items = [item_cost(option, item_id, quantity, policy) for item_id, quantity in sorted(taken.items())]
    return (
        ("distance", option.distance_metres / 1000 * costs.distance_per_km),
        ("shipping", option.shipping_cost),
        ("handling", costs.handling),
        ("load", costs.load * _used(option, policy)),
        ("split", 0.0 if first else costs.split),
        ("last_unit", sum(last_unit for last_unit, _ in items)),
        ("doubt", sum(doubt for _, doubt in items)),
    )


def _used(option: Option, policy: Policy) -> float:
    capacity = policy.capacity.at(option.location_id)
    return option.orders_today / capacity if capacity else 0.0


def item_cost(option: Option, item_id: str, quantity: int, policy: Policy) -> tuple[float, float]:
    """Return the costs of taking so many of an item: of the last unit, and of doubt."""
    if quantity == 0:
        return 0.0, 0.0
    cell = option.cell(item_id)
    last_unit = policy.costs.last_unit if quantity >= cell.available else 0.0
    return last_unit, policy.costs.doubt * (1 - cell.confidence)


def fixed_cost(option: Option, policy: Policy) -> float:
    """Return what a location costs as soon as it takes part."""
    costs = policy.costs
    distance = option.distance_metres / 1000 * costs.distance_per_km
    return distance + option.shipping_cost + costs.handling + costs.load * _used(option, policy)


def total_demand(demands: Iterable[Demand]) -> dict[str, int]:
    """Add up units by item."""
    total: Counter[str] = Counter()
    for demand in demands:
        total[demand.item_id] += demand.quantity
    return dict(total)


def all_items(demands: Iterable[Demand]) -> set[str]:
    """Return every item that a plan may be about."""
    return {item_id for demand in demands for item_id in (demand.item_id, *demand.substitutes)}


def rounded(cost: float) -> float:
    """Make costs comparable that were added up in different orders."""
    return round(cost, 6)
