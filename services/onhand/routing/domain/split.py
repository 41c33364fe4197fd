"""The cheapest way to fill lines from one location or several.

Given a set of locations, each item's units are placed on their own: a set costs the same for taking part
whatever its members give, so that the total is least when each item is placed at least cost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb

from onhand.routing.domain.cost import (
    Demand,
    Option,
    Portion,
    fixed_cost,
    item_cost,
    rounded,
    total_demand,
)
from onhand.routing.domain.filters import covers
from onhand.routing.domain.policy import Policy, TieBreak

MAX_SETS = 5_000
"""Sets of locations tried for one order; protects the service. With more candidates than that allows, the
least useful are left out and the answer is not called exact."""
MAX_PLACEMENTS = 243
"""Ways tried to place lines of one item whole: 5 lines over 3 locations. Beyond it the first fit is taken."""

_Placement = tuple[float, list[Portion]]


@dataclass(frozen=True, slots=True)
class Split:
    cost: float
    ties: tuple[float, ...]
    location_ids: tuple[str, ...]
    portions: tuple[Portion, ...]
    exact: bool = True

    @property
    def key(self) -> tuple[float, tuple[float, ...], int, tuple[str, ...]]:
        """The least is the best; the ids make it the only one."""
        return self.cost, self.ties, len(self.location_ids), self.location_ids


def cheapest(
    demands: Sequence[Demand], options: Sequence[Option], policy: Policy, *, allow_split: bool
) -> Split | None:
    """Return what costs least of all single locations and, with consent, of all sets of them.

    None when nothing fills all of `demands`.
    """
    single = _cheapest_single(demands, options, policy)
    if not allow_split or policy.max_locations == 1:
        return single
    fixed = {option.location_id: fixed_cost(option, policy) for option in options}
    least_two = sum(sorted(fixed.values())[:2]) + policy.costs.split
    if single is not None and rounded(least_two) > single.cost:
        return single
    useful = _useful(demands, options, fixed, policy)
    searched = _trimmed(useful, demands, fixed, policy)
    best = _cheapest_set(demands, searched, policy, fixed, single)
    return best and replace(best, exact=len(searched) == len(useful))


def _cheapest_single(demands: Sequence[Demand], options: Sequence[Option], policy: Policy) -> Split | None:
    total = total_demand(demands)
    least: tuple[float, list[Option]] | None = None
    for option in options:
        fixed = fixed_cost(option, policy)
        if (least is not None and rounded(fixed) > least[0]) or not covers(option, demands, total):
            continue
        items = sum(sum(item_cost(option, item_id, units, policy)) for item_id, units in total.items())
        cost = rounded(fixed + items)
        if least is None or cost < least[0]:
            least = cost, [option]
        elif cost == least[0]:
            least[1].append(option)
    if least is None:
        return None
    return min((_split(least[0], (each,), _all_at(demands, each), policy) for each in least[1]), key=_key)


def _key(split: Split) -> tuple[float, tuple[float, ...], int, tuple[str, ...]]:
    return split.key


def _all_at(demands: Sequence[Demand], option: Option) -> list[Portion]:
    return [Portion(each.line_id, option.location_id, each.quantity) for each in demands]


def _split(cost: float, chosen: Sequence[Option], portions: Sequence[Portion], policy: Policy) -> Split:
    ties = tuple(_tie(each, chosen) for each in policy.tie_breaks)
    return Split(cost, ties, tuple(each.location_id for each in chosen), tuple(portions))


def _tie(by: TieBreak, chosen: Sequence[Option]) -> float:
    """Return what decides between equal costs; less is better."""
    match by:
        case TieBreak.DISTANCE:
            return sum(option.distance_metres for option in chosen)
        case TieBreak.CONFIDENCE:
            cells = [cell for option in chosen for cell in option.cells.values() if cell.available]
            return -min((cell.confidence for cell in cells), default=1.0)
        case TieBreak.STOCK:
            return -sum(cell.available for option in chosen for cell in option.cells.values())


def _useful(
    demands: Sequence[Demand], options: Sequence[Option], fixed: Mapping[str, float], policy: Policy
) -> list[Option]:
    """Return the locations that a cheapest set may have as members.

    One that as many others as a set has members are better than in every respect is in no cheapest set: one
    of those could take its place.
    """
    total = total_demand(demands)
    worth: dict[str, tuple[float, ...]] = {}
    kept: list[Option] = []
    holders = [option for option in options if any(option.usable(demand) for demand in demands)]
    for option in sorted(holders, key=lambda each: (fixed[each.location_id], each.location_id)):
        mine = [-fixed[option.location_id]]
        mine += [min(option.usable(each), each.quantity) for each in demands]
        for item_id, units in total.items():
            cell = option.cell(item_id)
            mine += [min(cell.usable, units), min(cell.available, units + 1)]
            mine.append(cell.confidence if cell.usable else 1.0)
        worth[option.location_id] = tuple(mine)
        better = sum(_at_least(worth[other.location_id], mine) for other in kept)
        if better < policy.max_locations:
            kept.append(option)
    return kept


def _at_least(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True))


def _trimmed(
    useful: Sequence[Option], demands: Sequence[Demand], fixed: Mapping[str, float], policy: Policy
) -> list[Option]:
    """Leave out the least useful where there are too many sets: those that fill the fewest lines."""
    most = len(useful)
    while sum(comb(most, size) for size in range(2, policy.max_locations + 1)) > MAX_SETS:
        most -= 1
    if most == len(useful):
        return list(useful)
    chosen: dict[str, Option] = {}
    for demand in demands:
        holders = [option for option in useful if option.usable(demand)]
        holders.sort(key=lambda each: (-min(each.usable(demand), demand.quantity), fixed[each.location_id]))
        chosen.update({each.location_id: each for each in holders[:2]})
    fullest = sorted(
        useful,
        key=lambda each: (
            -sum(each.usable(demand) >= demand.quantity for demand in demands),
            fixed[each.location_id],
        ),
    )
    chosen.update({each.location_id: each for each in fullest})
    return list(chosen.values())[:most]


def _cheapest_set(
    demands: Sequence[Demand],
    options: Sequence[Option],
    policy: Policy,
    fixed: Mapping[str, float],
    best: Split | None,
) -> Split | None:
    """Return the cheapest of `best` and all sets of two and more."""
    total = total_demand(demands)
    ordered = sorted(options, key=lambda each: (fixed[each.location_id], each.location_id))
    for size in range(2, policy.max_locations + 1):
        for members in combinations(ordered, size):
            cost = sum(fixed[each.location_id] for each in members) + policy.costs.split * (size - 1)
            if best is not None and rounded(cost) > best.cost:
                continue
            if any(sum(each.cell(i).usable for each in members) < units for i, units in total.items()):
                continue
            chosen = sorted(members, key=lambda each: each.location_id)
            placed = _place(demands, chosen, policy)
            # A set with an idle member costs less without it, and that set is looked at too.
            if placed is None or len({each.location_id for each in placed[1]}) < size:
                continue
            found = _split(rounded(cost + placed[0]), chosen, placed[1], policy)
            if best is None or found.key < best.key:
                best = found
    return best


def _place(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    """Place all lines at the `chosen` at least cost; bundles at every combination of places for them."""
    bundles = sorted({demand.bundle_id for demand in demands if demand.bundle_id})
    best: _Placement | None = None
    for where in product(chosen, repeat=len(bundles)):
        place_of = {bundle_id: option.location_id for bundle_id, option in zip(bundles, where, strict=True)}
        bound = [_bound(demand, place_of.get(demand.bundle_id), chosen) for demand in demands]
        placed = _place_items(bound, chosen, policy)
        if placed is not None and (best is None or rounded(placed[0]) < rounded(best[0])):
            best = placed
    return best


def _bound(demand: Demand, location_id: str | None, chosen: Sequence[Option]) -> Demand:
    """Let a line of a bundle come from its bundle's place only."""
    if location_id is None:
        return demand
    others = {each.location_id for each in chosen if each.location_id != location_id}
    return replace(demand, excluded=demand.excluded | others)


def _place_items(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    by_item: dict[str, list[Demand]] = {}
    for demand in demands:
        by_item.setdefault(demand.item_id, []).append(demand)
    total, portions = 0.0, []
    for of_item in by_item.values():
        whole = _place_whole(of_item, chosen, policy)
        divided = _place_divided(of_item, chosen, policy)
        if divided is not None and len(divided[1]) > len(of_item):
            divided = divided[0] + policy.costs.divide, divided[1]
        placed = min((each for each in (whole, divided) if each), key=_cost_of, default=None)
        if placed is None:
            return None
        total += placed[0]
        portions += placed[1]
    return total, portions


def _cost_of(placement: _Placement) -> float:
    return rounded(placement[0])


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
    left = {option.location_id: option.cell(item_id).usable for option in chosen}
    portions = []
    for demand in sorted(demands, key=lambda each: -each.quantity):
        fits = (i for i in left if i not in demand.excluded and left[i] >= demand.quantity)
        location_id = next(fits, None)
        if location_id is None:
            return None
        left[location_id] -= demand.quantity
        portions.append(Portion(demand.line_id, location_id, demand.quantity))
    cost = _cost(item_id, portions, chosen, policy)
    return None if cost is None else (cost, portions)


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
        if quantity > option.cell(item_id).usable:
            return None
        total += sum(item_cost(option, item_id, quantity, policy))
    return total


def _place_divided(demands: Sequence[Demand], chosen: Sequence[Option], policy: Policy) -> _Placement | None:
    """Place the lines of one item, dividing what does not fit whole."""
    item_id = demands[0].item_id
    left = {option.location_id: option.cell(item_id).usable for option in chosen}
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
