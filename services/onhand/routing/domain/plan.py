"""Which location fills what.

Collect orders have one candidate: their store. For ship orders every location that ships is one. Filters
exclude; then the least total cost over all single locations and, with the customer's consent, all sets of
them decides, then the policy's tie breaks, then the smaller ids, so that the same question always has the
same answer. What cannot be had with the rest waits: the scarcest line first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from onhand.routing.domain.cost import Demand, Option, Portion, Question, cost_terms, total_demand
from onhand.routing.domain.filters import INSUFFICIENT_STOCK, Verdict, covers, reason, screened, verdicts
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.split import Split, cheapest


@dataclass(frozen=True, slots=True)
class Plan:
    portions: tuple[Portion, ...]
    """What each line gets from where; none for lines that wait."""
    outcome: str
    """For people."""
    question: Question
    policy: Policy
    exact: bool = True
    """Whether nothing cheaper exists among the question's options."""

    @property
    def placed(self) -> set[str]:
        """The lines that got a location."""
        return {portion.line_id for portion in self.portions}

    def limits(self) -> dict[str, int]:
        """Return how many orders a day may go to each chosen location that has a limit."""
        if self.question.held:
            return {}
        chosen = {portion.location_id for portion in self.portions}
        limits = {location_id: self.policy.capacity.at(location_id) for location_id in chosen}
        return {location_id: limit for location_id, limit in limits.items() if limit is not None}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location looked at, for the explanation."""

    location_id: str
    chosen: bool
    excluded_by: str
    distance_metres: int
    terms: tuple[tuple[str, float], ...]
    verdicts: tuple[Verdict, ...]

    @property
    def cost(self) -> float:
        return sum(cost for _, cost in self.terms)


def make_plan(question: Question, policy: Policy) -> Plan:
    """Answer a question by a policy. The plan's own question says which items were substituted."""
    plan = _plan(question, policy)
    for number, demand in enumerate(question.demands):
        if demand.substitutes and demand.line_id not in plan.placed:
            plan = _with_substitute(plan, number)
    return plan


def _with_substitute(plan: Plan, number: int) -> Plan:
    """Place a line that waits by its first substitute that does so without another line waiting for it."""
    demands = plan.question.demands
    for item_id in demands[number].substitutes:
        instead = replace(demands[number], item_id=item_id)
        question = replace(plan.question, demands=(*demands[:number], instead, *demands[number + 1 :]))
        tried = _plan(question, plan.policy)
        if tried.placed > plan.placed:
            return tried
    return plan


def planned_in_wave(question: Question, policy: Policy, portions: Sequence[Portion], told: str) -> Plan:
    """Return the part of a wave's plan that is one order's; `told` says of which wave."""
    outcome = f"{_outcome(question, policy, portions)}; {told}"
    return Plan(tuple(portions), outcome, question, policy, exact=False)


def joined(at_store: Plan, sent: Plan) -> Plan:
    """Return the plan of an order whose goods its store has in part, and others send there."""
    (store,) = at_store.question.options
    instead = {demand.line_id: demand for demand in sent.question.demands}
    demands = tuple(instead.get(demand.line_id, demand) for demand in at_store.question.demands)
    options = (replace(store, distance_metres=0), *sent.question.options)
    question = Question(FulfilmentMethod.SHIP, demands, options, allow_split=True)
    portions = (*at_store.portions, *sent.portions)
    outcome = _outcome(question, at_store.policy, portions)
    return Plan(portions, outcome, question, at_store.policy, at_store.exact and sent.exact)


def _plan(question: Question, policy: Policy) -> Plan:
    usable = screened(question, policy)
    if question.method is FulfilmentMethod.COLLECT:
        portions = [portion for store in usable for portion in _at_store(question, store)]
        return Plan(tuple(portions), _outcome(question, policy, portions), question, policy)
    found = _ship(question, usable, policy)
    position = {demand.line_id: index for index, demand in enumerate(question.demands)}
    portions = sorted(found.portions if found else (), key=lambda each: position[each.line_id])
    outcome = _outcome(question, policy, portions)
    return Plan(tuple(portions), outcome, question, policy, found is None or found.exact)


def _at_store(question: Question, store: Option) -> list[Portion]:
    """Place lines at the one store that the customer chose, bundle by bundle; what it lacks waits."""
    left = Counter({demand.item_id: store.cell(demand.item_id).usable for demand in question.demands})
    portions = []
    for lines in bundles(question.demands):
        wanted = total_demand(lines)
        if any(store.location_id in line.excluded for line in lines):
            continue
        if question.held or all(left[item_id] >= units for item_id, units in wanted.items()):
            left.subtract(wanted)
            portions += [Portion(line.line_id, store.location_id, line.quantity) for line in lines]
    return portions


def bundles(demands: Iterable[Demand]) -> list[list[Demand]]:
    """Return lines that go together; those without a bundle each alone."""
    together: dict[tuple[str, str], list[Demand]] = {}
    for demand in demands:
        key = (demand.bundle_id, "" if demand.bundle_id else demand.line_id)
        together.setdefault(key, []).append(demand)
    return list(together.values())


def _ship(question: Question, usable: Sequence[Option], policy: Policy) -> Split | None:
    """Look at the groups in their order; then do without what cannot be had."""
    kept = list(question.demands)
    for reach in _reaches(usable, policy):
        found = cheapest(kept, reach, policy, allow_split=question.allow_split)
        if found is not None:
            return found
    if not question.allow_split:
        return None
    while kept:
        kept = _without_scarcest(kept, usable)
        if kept and (found := cheapest(kept, usable, policy, allow_split=True)):
            return found
    return None


def _reaches(usable: Sequence[Option], policy: Policy) -> Iterator[Sequence[Option]]:
    if not policy.groups:
        yield usable
        return
    ranks, rest = policy.ranks(), policy.rank_of_rest
    for number in range(len(policy.groups)):
        yield [option for option in usable if (ranks.get(option.location_id, rest) or 0) <= number]


def _without_scarcest(demands: Sequence[Demand], usable: Sequence[Option]) -> list[Demand]:
    """Leave out the bundle, or the line, that is hardest to get; among equals the last."""
    total = total_demand(demands)

    def plenty(lines: Sequence[Demand]) -> float:
        wanted = total_demand(lines)
        if len(lines) > 1 and not any(covers(option, lines, wanted) for option in usable):
            return 0.0
        units = [sum(option.usable(line) for option in usable) / total[line.item_id] for line in lines]
        return min(1.0, *units)

    hardest_last = sorted(bundles(demands), key=lambda lines: -plenty(lines))
    return [demand for lines in hardest_last[:-1] for demand in lines]


def explain(plan: Plan) -> list[Candidate]:
    """Return every location that a plan looked at: the chosen, the others by cost, the excluded by cost."""
    taken = _taken(plan)
    total = total_demand(plan.question.demands)
    candidates, first = [], True
    for option in sorted(plan.question.options, key=lambda each: each.location_id):
        mine = taken.get(option.location_id)
        given = verdicts(plan.question, option, plan.policy)
        terms = cost_terms(option, mine or total, plan.policy, first=first or mine is None)
        first = first and mine is None
        why_not = "" if mine else reason(given)
        candidates.append(
            Candidate(option.location_id, mine is not None, why_not, option.distance_metres, terms, given)
        )
    return sorted(candidates, key=lambda each: (not each.chosen, bool(each.excluded_by), each.cost))


def cost_of(plan: Plan) -> float:
    """Return what the chosen locations cost together."""
    cost = plan.policy.costs.divide * len(_divided(plan))
    taken = _taken(plan)
    for number, option in enumerate(each for each in plan.question.options if each.location_id in taken):
        terms = cost_terms(option, taken[option.location_id], plan.policy, first=number == 0)
        cost += sum(term for _, term in terms)
    return cost


def _taken(plan: Plan) -> dict[str, Counter[str]]:
    """Return the units of each item that each chosen location gives."""
    item_of = {demand.line_id: demand.item_id for demand in plan.question.demands}
    taken: dict[str, Counter[str]] = {}
    for portion in plan.portions:
        taken.setdefault(portion.location_id, Counter())[item_of[portion.line_id]] += portion.quantity
    return taken


def _divided(plan: Plan) -> set[str]:
    """Return the items of which a line comes from several locations."""
    item_of = {demand.line_id: demand.item_id for demand in plan.question.demands}
    parts = Counter(portion.line_id for portion in plan.portions)
    return {item_of[line_id] for line_id, count in parts.items() if count > 1}


def _outcome(question: Question, policy: Policy, portions: Sequence[Portion]) -> str:
    placed = {portion.line_id for portion in portions}
    waiting = [demand.line_id for demand in question.demands if demand.line_id not in placed]
    parts = []
    if placed:
        parts.append(f"chosen: {', '.join(sorted({portion.location_id for portion in portions}))}")
    if waiting:
        verdict = INSUFFICIENT_STOCK
        if len(question.options) == 1 and not placed:
            (option,) = question.options
            verdict = reason(verdicts(question, option, policy)) or verdict
        parts.append(f"parked: {', '.join(waiting)} ({verdict})")
    return "; ".join(parts)
