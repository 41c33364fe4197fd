"""The plan against brute force: cheapest by its own rules, never from where it must not."""

from collections import Counter
from itertools import combinations, product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from onhand.routing.domain.cost import Cell, Demand, Option, Policy, cost_terms, rounded
from onhand.routing.domain.plan import Plan, plan_ship

LOCATIONS = "abcd"
ITEMS = ("shirt", "shoes")
POLICY = Policy(distance_per_km=1, handling=5, split=10, last_unit=7, confidence=9)

cells = st.dictionaries(
    st.sampled_from(ITEMS),
    st.builds(Cell, st.integers(0, 4), st.sampled_from([0.25, 0.5, 1.0])),
)
options = st.lists(
    st.builds(
        Option,
        st.sampled_from(LOCATIONS),
        st.sampled_from(["", "", "", "ship_disabled"]),
        st.integers(0, 40).map(lambda km: km * 1000),
        cells,
    ),
    max_size=4,
    unique_by=lambda option: option.location_id,
)
quantities = st.tuples(
    st.sampled_from(ITEMS), st.integers(1, 4), st.frozensets(st.sampled_from(LOCATIONS), max_size=1)
)
# One line an item, so that brute force can try every way to divide it.
demands = st.lists(quantities, min_size=1, max_size=2, unique_by=lambda each: each[0]).map(
    lambda drawn: [Demand(str(number), *each) for number, each in enumerate(drawn)]
)


def usable(found: list[Option]) -> list[Option]:
    return [option for option in found if not option.excluded_by]


def cost_of(placed: dict[str, Counter[str]], found: list[Option]) -> float:
    total, first = 0.0, True
    for option in found:
        if taken := placed.get(option.location_id):
            total += sum(cost for _, cost in cost_terms(option, taken, POLICY, first=first))
            first = False
    return rounded(total)


def ways_to_fill(demand: Demand, among: tuple[Option, ...], *, divide: bool) -> list[tuple[int, ...]]:
    """Return every way to take a line's units from some locations."""
    limits = [
        0 if option.location_id in demand.excluded else option.cell(demand.item_id).available
        for option in among
    ]
    ways = [way for way in product(*(range(limit + 1) for limit in limits)) if sum(way) == demand.quantity]
    whole = [way for way in ways if max(way) == demand.quantity]
    return whole or (ways if divide else [])


def brute_force(wanted: list[Demand], found: list[Option]) -> float | None:
    """Return the least cost: one location, else several with whole lines, else with divided ones."""
    for sizes, divide in (((1,), False), ((2, 3), False), ((2, 3), True)):
        costs = []
        for size in sizes:
            for among in combinations(found, size):
                for ways in product(*(ways_to_fill(each, among, divide=divide) for each in wanted)):
                    placed: dict[str, Counter[str]] = {}
                    for demand, way in zip(wanted, ways, strict=True):
                        for option, units in zip(among, way, strict=True):
                            if units:
                                placed.setdefault(option.location_id, Counter())[demand.item_id] += units
                    costs.append(cost_of(placed, found))
        if costs:
            return min(costs)
    return None


def placed_by(plan: Plan, wanted: list[Demand]) -> dict[str, Counter[str]]:
    items = {demand.line_id: demand.item_id for demand in wanted}
    placed: dict[str, Counter[str]] = {}
    for portion in plan.portions:
        placed.setdefault(portion.location_id, Counter())[items[portion.line_id]] += portion.quantity
    return placed


@settings(max_examples=400, deadline=None)
@given(demands, options)
def test_the_chosen_cost_is_the_least_there_is(wanted: list[Demand], found: list[Option]) -> None:
    plan = plan_ship(wanted, found, POLICY, allow_split=True)
    expected = brute_force(wanted, usable(found))
    complete = {each.line_id for each in plan.portions} == {each.line_id for each in wanted}
    assert complete == (expected is not None)
    if expected is not None:
        chosen = [candidate for candidate in plan.candidates if candidate.chosen]
        assert rounded(sum(candidate.cost for candidate in chosen)) == expected
        assert cost_of(placed_by(plan, wanted), usable(found)) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(quantities, min_size=1, max_size=6), options, st.booleans())
def test_a_plan_takes_only_what_is_there_and_from_where_it_may(
    drawn: list[tuple[str, int, frozenset[str]]],
    found: list[Option],
    allow_split: bool,  # noqa: FBT001 - drawn
) -> None:
    wanted = [Demand(str(number), *each) for number, each in enumerate(drawn)]
    plan = plan_ship(wanted, found, POLICY, allow_split=allow_split)
    demand_of = {demand.line_id: demand for demand in wanted}
    option_of = {option.location_id: option for option in usable(found)}
    assert len({(each.line_id, each.location_id) for each in plan.portions}) == len(plan.portions)
    for portion in plan.portions:
        assert portion.quantity > 0
        assert portion.location_id in option_of
        assert portion.location_id not in demand_of[portion.line_id].excluded
    for location_id, taken in placed_by(plan, wanted).items():
        for item_id, units in taken.items():
            assert units <= option_of[location_id].cell(item_id).available
    placed = Counter[str]()
    for portion in plan.portions:
        placed[portion.line_id] += portion.quantity
    assert all(demand_of[line_id].quantity == units for line_id, units in placed.items())
    used = {portion.location_id for portion in plan.portions}
    assert len(used) <= (POLICY.max_locations if allow_split else 1)
    assert {each.location_id for each in plan.candidates} == {each.location_id for each in found}


@settings(max_examples=100, deadline=None)
@given(demands, options, st.randoms(use_true_random=False))
def test_the_same_question_has_the_same_answer(
    wanted: list[Demand], found: list[Option], random: Random
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    first = plan_ship(wanted, found, POLICY, allow_split=True)
    assert plan_ship(wanted, shuffled, POLICY, allow_split=True) == first
