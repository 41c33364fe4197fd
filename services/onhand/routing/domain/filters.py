"""Which locations may fill an order at all, and why not the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onhand.routing.domain.cost import Cell, Demand, Option, Question, total_demand
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Policy, Rules

FAILED_BEFORE = "failed_before"
INSUFFICIENT_STOCK = "insufficient_stock"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one filter says of one location."""

    filter: str
    passed: bool
    detail: str = ""
    """The numbers or names that it went by, for people."""


def screened(question: Question, policy: Policy) -> list[Option]:
    """Return the locations that pass the filters of locations, with what they may give, smallest id first.

    Filters of items are worked into the cells: a location may have one item and lack another.
    """
    rules = policy.rules(question.method)
    filters = _Filters(question, policy)
    passing = [option for option in question.options if filters.pass_location(option)]
    passing.sort(key=lambda each: each.location_id)
    if question.held or not (rules.keep_units or rules.minimum_confidence):
        return passing
    # Spelt out: `dataclasses.replace` takes most of the time of a plan of hundreds of candidates.
    return [
        Option(
            each.location_id,
            each.barred,
            each.distance_metres,
            _usable(each.cells, rules),
            each.orders_today,
            each.shipping_cost,
            each.day,
        )
        for each in passing
    ]


def _usable(cells: Mapping[str, Cell], rules: Rules) -> dict[str, Cell]:
    return {
        item_id: Cell(cell.available, cell.confidence, rules.keep_units)
        for item_id, cell in cells.items()
        if cell.confidence >= rules.minimum_confidence
    }


def verdicts(question: Question, option: Option, policy: Policy) -> tuple[Verdict, ...]:
    """Return what every filter says of a location, in the order in which they are applied."""
    filters = _Filters(question, policy)
    given = list(filters.of_location(option))
    if not question.held:
        given += filters.of_items(option)
    return tuple(given)


def reason(given: Sequence[Verdict]) -> str:
    """Return the first filter that failed, or why the location can never serve; empty when none did."""
    failed = next((each for each in given if not each.passed), None)
    if failed is None:
        return ""
    return failed.detail if failed.filter == "serves" else failed.filter


def covers(option: Option, demands: Sequence[Demand], total: Mapping[str, int]) -> bool:
    """Tell whether a location has all that is asked of it."""
    cells = option.cells
    for item_id, quantity in total.items():
        cell = cells.get(item_id)
        if cell is None or cell.available - cell.kept < quantity:
            return False
    return not any(option.location_id in demand.excluded for demand in demands)


class _Filters:
    def __init__(self, question: Question, policy: Policy) -> None:
        self._question = question
        self._rules = policy.rules(question.method)
        self._capacity = policy.capacity
        self._groups = policy.groups if question.method is FulfilmentMethod.SHIP else ()
        self._ranks = policy.ranks() if self._groups else {}
        self._rest = policy.rank_of_rest

    def pass_location(self, option: Option) -> bool:
        """Tell whether `of_location` has nothing against a location; many are asked about for each plan."""
        location_id, rules = option.location_id, self._rules
        if option.barred:
            return False
        if self._question.held:
            return True
        capacity = self._capacity.at(location_id)
        return (
            location_id not in rules.excluded_location_ids
            and (not self._groups or location_id in self._ranks or self._rest is not None)
            and not 0 < rules.maximum_distance_km * 1000 < option.distance_metres
            and (capacity is None or option.orders_today < capacity)
        )

    def of_location(self, option: Option) -> Iterator[Verdict]:
        location_id, rules = option.location_id, self._rules
        yield Verdict("serves", not option.barred, option.barred)
        if self._question.held:
            return
        yield Verdict("excluded", location_id not in rules.excluded_location_ids)
        if self._groups:
            rank = self._ranks.get(location_id, self._rest)
            yield Verdict("group", rank is not None, "" if rank is None else self._groups[rank].name)
        if rules.maximum_distance_km:
            km = option.distance_metres / 1000
            within = km <= rules.maximum_distance_km
            yield Verdict("distance", within, f"{km:.1f} of {rules.maximum_distance_km:g} km")
        capacity = self._capacity.at(location_id)
        if capacity is not None:
            left = option.orders_today < capacity
            yield Verdict("capacity", left, f"{option.orders_today} of {capacity} orders today")

    def of_items(self, option: Option) -> Iterator[Verdict]:
        demands, rules = self._question.demands, self._rules
        failed = [demand.line_id for demand in demands if option.location_id in demand.excluded]
        yield Verdict(FAILED_BEFORE, not failed, ", ".join(failed))
        total = total_demand(demands)
        if rules.minimum_confidence:
            unsure = [
                f"{item_id} {option.cell(item_id).confidence:g}"
                for item_id in total
                if option.cell(item_id).confidence < rules.minimum_confidence
            ]
            yield Verdict("confidence", not unsure, ", ".join(unsure))
        kept = rules.keep_units
        short = [
            f"{item_id} {option.cell(item_id).available}{f' − {kept} kept' if kept else ''} of {quantity}"
            for item_id, quantity in total.items()
            if option.cell(item_id).available - kept < quantity
        ]
        yield Verdict(INSUFFICIENT_STOCK, not short, ", ".join(short))
