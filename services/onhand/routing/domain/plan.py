"""Which location fills what.

Collect orders have one candidate: their store. For ship orders every location that ships is one; filters
exclude, then least total cost decides:

1. of the locations that have all lines, the cheapest;
2. with consent to split, the cheapest set of up to `max_locations` that has every line whole;
3. failing that, the cheapest such set where lines that fit nowhere whole are divided by quantity;
4. failing that, the same without the scarcest line, which waits.

The search over sets is exact over a shortlist of candidates, and ties go to the smaller location ids, so
that the same question always has the same answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onhand.routing.domain.cost import (
    Demand,
    Option,
    Policy,
    Portion,
    cost_terms,
    fixed_cost,
    rounded,
    total_demand,
)
from onhand.routing.domain.split import Split, cheapest_split

FAILED_BEFORE = "failed_before"
INSUFFICIENT_STOCK = "insufficient_stock"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location looked at, for the explanation."""

    location_id: str
    chosen: bool
    excluded_by: str
    distance_metres: int
    terms: tuple[tuple[str, float], ...]

    @property
    def cost(self) -> float:
        return sum(cost for _, cost in self.terms)


@dataclass(frozen=True, slots=True)
class Plan:
    portions: tuple[Portion, ...]
    """What each line gets from where; none for lines that wait."""
    candidates: tuple[Candidate, ...]
    """Chosen ones first, then by cost, then the excluded."""
    outcome: str


def plan_collect(demands: Sequence[Demand], store: Option, *, held: bool = False) -> Plan:
    """Place lines at the one store that the customer chose; what it lacks waits.

    `held`: a basket holds all of it there already, so that availability does not matter.
    """
    left = Counter({demand.item_id: store.cell(demand.item_id).available for demand in demands})
    portions = []
    for demand in [] if store.excluded_by else demands:
        if store.location_id in demand.excluded:
            continue
        if held or left[demand.item_id] >= demand.quantity:
            left[demand.item_id] -= demand.quantity
            portions.append(Portion(demand.line_id, store.location_id, demand.quantity))
    verdict = "" if portions else store.excluded_by or _why_short(demands, store)
    candidate = Candidate(store.location_id, bool(portions), verdict, store.distance_metres, ())
    return Plan(tuple(portions), (candidate,), _outcome(demands, portions, verdict))


def plan_ship(
    demands: Sequence[Demand], options: Sequence[Option], policy: Policy, *, allow_split: bool
) -> Plan:
    """Place lines at the locations that cost least in total; without consent, all at one or none."""
    usable = [option for option in options if not option.excluded_by]
    split = _cheapest_single(demands, usable, policy)
    if split is None and allow_split:
        kept = _by_scarcity(demands, usable)
        while kept and split is None:
            split = _cheapest_single(kept, usable, policy) or cheapest_split(
                kept, _shortlist(kept, usable, policy), policy
            )
            if split is None:
                kept = kept[:-1]
    portions = _in_order(demands, split.portions if split else ())
    candidates = _explain(demands, options, portions, policy)
    return Plan(portions, candidates, _outcome(demands, portions, INSUFFICIENT_STOCK))


def _cheapest_single(demands: Sequence[Demand], usable: Iterable[Option], policy: Policy) -> Split | None:
    total = total_demand(demands)
    best: tuple[float, str] | None = None
    for option in usable:
        if _covers(option, demands, total):
            cost = rounded(sum(cost for _, cost in cost_terms(option, total, policy)))
            best = min(best or (cost, option.location_id), (cost, option.location_id))
    if best is None:
        return None
    cost, location_id = best
    return Split(cost, tuple(Portion(each.line_id, location_id, each.quantity) for each in demands))


def _covers(option: Option, demands: Iterable[Demand], total: Mapping[str, int]) -> bool:
    if any(option.location_id in demand.excluded for demand in demands):
        return False
    return all(option.cell(item_id).available >= quantity for item_id, quantity in total.items())


def _by_scarcity(demands: Sequence[Demand], usable: Sequence[Option]) -> list[Demand]:
    """Order lines so that the one that is hardest to get is last; among equals the later line."""
    total = total_demand(demands)

    def plenty(demand: Demand) -> float:
        available = sum(
            option.cell(demand.item_id).available
            for option in usable
            if option.location_id not in demand.excluded
        )
        return available / total[demand.item_id]

    return sorted(demands, key=lambda demand: -min(plenty(demand), 1.0))


def _shortlist(demands: Sequence[Demand], usable: Sequence[Option], policy: Policy) -> list[Option]:
    """Return the candidates worth combining: for each line its cheapest holders, then the fullest."""
    cost = {option.location_id: fixed_cost(option, policy) for option in usable}

    def units(option: Option, demand: Demand) -> int:
        if option.location_id in demand.excluded:
            return 0
        return min(option.cell(demand.item_id).available, demand.quantity)

    chosen: dict[str, Option] = {}
    for demand in demands:
        holders = [option for option in usable if units(option, demand) > 0]
        holders.sort(key=lambda each: (-units(each, demand), cost[each.location_id], each.location_id))
        chosen.update({each.location_id: each for each in holders[:2]})
    fullest = sorted(
        (option for option in usable if any(units(option, demand) for demand in demands)),
        key=lambda each: (
            -sum(units(each, demand) >= demand.quantity for demand in demands),
            cost[each.location_id],
            each.location_id,
        ),
    )
    chosen.update({each.location_id: each for each in fullest})
    return sorted(list(chosen.values())[: policy.shortlist], key=lambda each: each.location_id)


def _explain(
    demands: Sequence[Demand], options: Sequence[Option], portions: Sequence[Portion], policy: Policy
) -> tuple[Candidate, ...]:
    item_of = {demand.line_id: demand.item_id for demand in demands}
    taken: dict[str, Counter[str]] = {}
    for portion in portions:
        taken.setdefault(portion.location_id, Counter())[item_of[portion.line_id]] += portion.quantity
    total, first = total_demand(demands), True
    chosen: list[Candidate] = []
    others: list[Candidate] = []
    excluded: list[Candidate] = []
    for option in sorted(options, key=lambda each: each.location_id):
        mine = taken.get(option.location_id)
        if mine is not None:
            terms = cost_terms(option, mine, policy, first=first)
            first = False
            chosen.append(_candidate(option, terms, chosen=True))
            continue
        verdict = option.excluded_by
        if not verdict and not _covers(option, demands, total):
            verdict = _why_short(demands, option)
        terms = cost_terms(option, total, policy)
        (excluded if verdict else others).append(_candidate(option, terms, excluded_by=verdict))
    by_cost = [sorted(each, key=lambda candidate: candidate.cost) for each in (others, excluded)]
    return tuple(chosen + by_cost[0] + by_cost[1])


def _candidate(
    option: Option, terms: tuple[tuple[str, float], ...], *, chosen: bool = False, excluded_by: str = ""
) -> Candidate:
    return Candidate(option.location_id, chosen, excluded_by, option.distance_metres, terms)


def _why_short(demands: Sequence[Demand], option: Option) -> str:
    """Say why a location that may fill lines cannot fill these."""
    wanted = [demand for demand in demands if option.location_id not in demand.excluded]
    if len(wanted) < len(demands) and _covers(option, wanted, total_demand(wanted)):
        return FAILED_BEFORE
    return INSUFFICIENT_STOCK


def _outcome(demands: Sequence[Demand], portions: Sequence[Portion], verdict: str) -> str:
    placed = {portion.line_id for portion in portions}
    waiting = [demand.line_id for demand in demands if demand.line_id not in placed]
    parts = []
    if placed:
        parts.append(f"chosen: {', '.join(sorted({portion.location_id for portion in portions}))}")
    if waiting:
        parts.append(f"parked: {', '.join(waiting)} ({verdict or INSUFFICIENT_STOCK})")
    return "; ".join(parts)


def _in_order(demands: Sequence[Demand], portions: Iterable[Portion]) -> tuple[Portion, ...]:
    position = {demand.line_id: index for index, demand in enumerate(demands)}
    return tuple(sorted(portions, key=lambda each: (position[each.line_id], each.location_id)))
