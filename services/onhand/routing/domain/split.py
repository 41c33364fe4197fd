"""The cheapest way to fill lines from several locations.

Each item's units are placed on their own: a set of locations costs the same for taking part whatever it
gives, so that the total is least when each item is placed at least cost.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from onhand.routing.domain.cost import Demand, Option, Policy, Portion, fixed_cost, item_cost, rounded

MAX_PLACEMENTS = 243
"""Ways tried to place lines of one item whole: 5 lines over 3 locations. Beyond it the first fit is taken."""

_Placement = tuple[float, list[Portion]]


@dataclass(frozen=True, slots=True)
class Split:
    cost: float
    portions: tuple[Portion, ...]


def cheapest_split(demands: Sequence[Demand], options: Sequence[Option], policy: Policy) -> Split | None:
    """Return the least total cost over all sets of 2 to `max_locations` of `options`; None when none will do.

    Sets that have every line whole go before sets that divide lines.
    """
    by_item: dict[str, list[Demand]] = {}
    for demand in demands:
        by_item.setdefault(demand.item_id, []).append(demand)
    for may_divide in (False, True):
        best: tuple[float, int, tuple[str, ...], list[Portion]] | None = None
        for chosen in _sets(options, policy.max_locations):
            cost = sum(fixed_cost(each, policy) for each in chosen) + policy.split * (len(chosen) - 1)
            if best is not None and rounded(cost) > best[0]:
                continue
            placed = _place(by_item, chosen, policy, may_divide=may_divide)
            ids = tuple(each.location_id for each in chosen)
            # A set with an idle member costs less without it, and that set is looked at too.
            if placed is None or {each.location_id for each in placed[1]} != set(ids):
                continue
            found = (rounded(cost + placed[0]), len(ids), ids, placed[1])
            if best is None or found[:3] < best[:3]:
                best = found
        if best is not None:
            return Split(best[0], tuple(best[3]))
    return None


def _sets(options: Sequence[Option], most: int) -> Iterator[tuple[Option, ...]]:
    for size in range(2, most + 1):
        yield from combinations(options, size)


def _place(
    by_item: Mapping[str, Sequence[Demand]], chosen: Sequence[Option], policy: Policy, *, may_divide: bool
) -> _Placement | None:
    total, portions = 0.0, []
    for demands in by_item.values():
        placed = _place_whole(demands, chosen, policy)
        if placed is None and may_divide:
            placed = _place_divided(demands, chosen, policy)
        if placed is None:
            return None
        total += placed[0]
        portions += placed[1]
    return total, portions


def _place_whole(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    """Place the lines of one item, each whole at one of the `chosen`."""
    if len(chosen) ** len(demands) > MAX_PLACEMENTS:
        return _first_fit(demands, chosen, policy)
    best: _Placement | None = None
    for where in product(chosen, repeat=len(demands)):
        if any(o.location_id in d.excluded for o, d in zip(where, demands, strict=True)):
            continue
        portions = [
            Portion(d.line_id, o.location_id, d.quantity) for o, d in zip(where, demands, strict=True)
        ]
        cost = _cost(demands[0].item_id, portions, chosen, policy)
        if cost is not None and (best is None or rounded(cost) < rounded(best[0])):
            best = cost, portions
    return best


def _first_fit(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    item_id = demands[0].item_id
    left = {option.location_id: option.cell(item_id).available for option in chosen}
    portions = []
    for demand in sorted(demands, key=lambda each: -each.quantity):
        fits = (i for i in left if i not in demand.excluded and left[i] >= demand.quantity)
        location_id = next(fits, None)
        if location_id is None:
            return None
        left[location_id] -= demand.quantity
        portions.append(Portion(demand.line_id, location_id, demand.quantity))
    return _cost(item_id, portions, chosen, policy) or 0.0, portions


def _cost(
    item_id: str, portions: Sequence[Portion], chosen: Sequence[Option], policy: Policy
) -> float | None:
    """Return what it costs to take portions of one item; None when a location has too few."""
    taken: Counter[str] = Counter()
    for portion in portions:
        taken[portion.location_id] += portion.quantity
    total = 0.0
    for option in chosen:
        quantity = taken[option.location_id]
        if quantity > option.cell(item_id).available:
            return None
        total += sum(item_cost(option, item_id, quantity, policy))
    return total


def _place_divided(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    """Place the lines of one item, dividing what does not fit whole."""
    item_id = demands[0].item_id
    left = {option.location_id: option.cell(item_id).available for option in chosen}
    portions: list[Portion] = []
    by_exclusion: dict[frozenset[str], list[Demand]] = {}
    for demand in demands:
        by_exclusion.setdefault(demand.excluded, []).append(demand)
    # Those that may go to the fewest locations choose first.
    for excluded, group in sorted(by_exclusion.items(), key=lambda each: -len(each[0] & left.keys())):
        open_to = [option for option in chosen if option.location_id not in excluded]
        amounts = _amounts(item_id, sum(each.quantity for each in group), open_to, left, policy)
        if amounts is None:
            return None
        for location_id, quantity in amounts.items():
            left[location_id] -= quantity
        portions += _hand_out(group, amounts)
    cost = _cost(item_id, portions, chosen, policy)
    return None if cost is None else (cost, portions)


def _amounts(
    item_id: str, quantity: int, options: Sequence[Option], left: Mapping[str, int], policy: Policy
) -> dict[str, int] | None:
    """Return how many units to take from each location at least cost; None when there are too few.

    The cost depends only on whether a location gives nothing, something, or all it has, so that these
    three are tried for each instead of every number.
    """
    best: tuple[float, int, tuple[int, ...]] | None = None
    ranges = []
    for option in options:
        most = left[option.location_id]
        ranges.append([(0, 0)] + ([(most, most)] if most else []) + ([(1, most - 1)] if most > 1 else []))
    for bounds in product(*ranges):
        if not sum(low for low, _ in bounds) <= quantity <= sum(high for _, high in bounds):
            continue
        cost = sum(
            sum(item_cost(option, item_id, low, policy))
            for option, (low, _) in zip(options, bounds, strict=True)
        )
        spare = quantity - sum(low for low, _ in bounds)
        amounts = []
        for low, high in bounds:
            more = min(spare, high - low)
            spare -= more
            amounts.append(low + more)
        found = (rounded(cost), sum(high > 0 for _, high in bounds), tuple(amounts))
        best = found if best is None else min(best, found)
    if best is None:
        return None
    return {option.location_id: units for option, units in zip(options, best[2], strict=True)}


def _hand_out(demands: Sequence[Demand], amounts: Mapping[str, int]) -> list[Portion]:
    """Give each line its units from the amounts taken, whole where one amount is enough."""
    left = {location_id: quantity for location_id, quantity in amounts.items() if quantity}
    portions = []
    divided = []
    for demand in sorted(demands, key=lambda each: -each.quantity):
        location_id = next((i for i in left if left[i] >= demand.quantity), None)
        if location_id is None:
            divided.append(demand)
            continue
        left[location_id] -= demand.quantity
        portions.append(Portion(demand.line_id, location_id, demand.quantity))
    for demand in divided:
        missing = demand.quantity
        for location_id, available in left.items():
            if units := min(missing, available):
                left[location_id] = available - units
                missing -= units
                portions.append(Portion(demand.line_id, location_id, units))
    return portions
