"""Many orders planned at once against the same stock and capacity: the greedy answer, and what it costs.

A wave's cost is that of its orders' plans, with each location's load as it was when the wave began, and
`wait` for each line that finds no location. The last unit of a cell costs once, whoever takes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from onhand.routing.domain.cost import Cell, Option, Portion, Question, fixed_cost, total_demand
from onhand.routing.domain.filters import covers, screened
from onhand.routing.domain.plan import Plan, make_plan
from onhand.routing.domain.policy import Policy

Stock = dict[str, dict[str, Cell]]
"""Cells by location and item."""
RIVALS = 4
"""Locations that an order is compared over, to tell what it would lose by coming later."""
CellKey = tuple[str, str]
"""Location and item."""


@dataclass(frozen=True)
class WaveOrder:
    """One order of a wave. All questions of a wave have the same facts of the same locations."""

    question: Question
    policy: Policy

    @cached_property
    def options(self) -> dict[str, Option]:
        return {option.location_id: option for option in self.question.options}


@dataclass(frozen=True, slots=True)
class Column:
    """One way to place one order."""

    order: int
    """Its number in the wave."""
    portions: tuple[Portion, ...]
    uses: Mapping[CellKey, int]
    location_ids: tuple[str, ...]
    cost: float
    """Without last units, which are the wave's."""


@dataclass(frozen=True, slots=True)
class WavePlan:
    portions: tuple[tuple[Portion, ...], ...]
    """Of each order, in the wave's order."""
    cost: float
    bound: float
    """No plan of the wave costs less."""

    @property
    def gap(self) -> float:
        """How much the plan may cost above the best, as a share of the bound."""
        return max(0.0, self.cost - self.bound) / self.bound if self.bound > 0 else 0.0


def greedy(orders: Sequence[WaveOrder]) -> list[Plan]:
    """Plan one order after the other, each exactly, on what those before it left.

    Orders of many lines come first, for they are the hardest to keep in one parcel; among equals the order
    that would lose most by coming later, for want of another location as good.
    """
    left = _Left(orders)
    hardest = sorted(range(len(orders)), key=lambda each: (*_ease(orders[each]), each))
    plans = {number: left.plan(orders[number]) for number in hardest}
    return [plans[number] for number in range(len(orders))]


class _Left:
    """What the orders placed so far left of a wave's stock and capacity."""

    def __init__(self, orders: Sequence[WaveOrder]) -> None:
        self._cells: Stock = {}
        self._given: Counter[str] = Counter()
        for order in orders:
            for option in order.question.options:
                self._cells.setdefault(option.location_id, dict(option.cells))

    def plan(self, order: WaveOrder) -> Plan:
        """Plan an order on what is left, and take it."""
        options = tuple(
            Option(
                option.location_id,
                option.barred,
                option.distance_metres,
                self._cells[option.location_id],
                option.orders_today + self._given[option.location_id],
                option.shipping_cost,
            )
            for option in order.question.options
        )
        plan = make_plan(replace(order.question, options=options), order.policy)
        items = {demand.line_id: demand.item_id for demand in plan.question.demands}
        for portion in plan.portions:
            cells, item_id = self._cells[portion.location_id], items[portion.line_id]
            cell = cells[item_id]
            cells[item_id] = Cell(cell.available - portion.quantity, cell.confidence)
        self._given.update({portion.location_id for portion in plan.portions})
        return plan


def _ease(order: WaveOrder) -> tuple[int, float]:
    """Return what is less for orders that are to be placed earlier."""
    demands, costs = order.question.demands, order.policy.costs
    total = total_demand(demands)
    single = [fixed_cost(each, order.policy) for each in usable(order) if covers(each, demands, total)]
    ranked = sorted(single)[:RIVALS]
    if not ranked:
        return -len(demands), float("-inf")
    splits = order.question.allow_split and len(demands) > 1
    otherwise = costs.split if splits else costs.wait * len(demands)
    last = ranked[-1] if len(ranked) == RIVALS else ranked[0] + otherwise
    return -len(demands), ranked[0] - last


def column(number: int, order: WaveOrder, portions: Iterable[Portion]) -> Column:
    """Say what a placement of an order takes and costs."""
    costs, question = order.policy.costs, order.question
    placed = tuple(portions)
    items = {demand.line_id: demand.item_id for demand in question.demands}
    uses: Counter[CellKey] = Counter()
    for portion in placed:
        uses[portion.location_id, items[portion.line_id]] += portion.quantity
    options = order.options
    chosen = tuple(sorted({location_id for location_id, _ in uses}))
    parts = Counter(portion.line_id for portion in placed)
    cost = sum(fixed_cost(options[each], order.policy) for each in chosen)
    cost += costs.split * max(0, len(chosen) - 1)
    cost += costs.divide * len({items[line_id] for line_id, count in parts.items() if count > 1})
    cost += sum(costs.doubt * (1 - options[where].cell(item_id).confidence) for where, item_id in uses)
    cost += costs.wait * sum(demand.line_id not in parts for demand in question.demands)
    return Column(number, placed, dict(uses), chosen, cost)


def total_cost(columns: Sequence[Column], last_unit: Mapping[CellKey, tuple[int, float]]) -> float:
    """Return what a wave costs, one column an order, with what `last_units` says of its cells."""
    taken: Counter[CellKey] = Counter()
    for each in columns:
        taken.update(each.uses)
    emptied = sum(last_unit[key][1] for key, units in taken.items() if units >= last_unit[key][0])
    return sum(each.cost for each in columns) + emptied


def last_units(orders: Sequence[WaveOrder]) -> dict[CellKey, tuple[int, float]]:
    """Return units available and cost of taking the last, by cell that any order may use."""
    found: dict[CellKey, tuple[int, float]] = {}
    for order in orders:
        wanted = total_demand(order.question.demands)
        for option in order.question.options:
            for item_id in wanted:
                cell = option.cell(item_id)
                if cell.available > 0:
                    found[option.location_id, item_id] = cell.available, order.policy.costs.last_unit
    return found


def usable(order: WaveOrder) -> list[Option]:
    """Return the locations that pass the order's filters, with what they may give."""
    return screened(order.question, order.policy)
