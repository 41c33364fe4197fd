"""Figures of routing: one order's plan against an empty call, waves against their bound."""

import statistics
import time
from collections.abc import Callable
from random import Random

from benchmarks import bare, load, waves
from benchmarks.harness import Bench
from benchmarks.rows import Measured
from onhand.routing.domain.cost import Cell, Demand, Option, Question
from onhand.routing.domain.exchange import at_hand
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.plan import make_plan
from onhand.routing.domain.policy import Policy, Rules
from onhand.routing.domain.wave import WavePlan, last_units, total_cost
from onhand.routing.optimiser import plan_wave

CANDIDATES = 500
WAVE_ORDERS, WAVE_STORES = 1_000, 200
WITHIN_S = 60.0
SOLVE_S = 20.0
EMPTY = bytes(100)


def single_plan(bench: Bench) -> Measured:
    """An order of two lines over 500 stores, filters on."""
    random = Random(1)
    options = tuple(
        Option(
            f"s{number:03}",
            "",
            random.randrange(1_000_000),
            {item: Cell(random.randrange(6), round(random.uniform(0.5, 1), 2)) for item in ("a", "b")},
        )
        for number in range(CANDIDATES)
    )
    demands = (Demand("1", "a", 1), Demand("2", "b", 2))
    question = Question(FulfilmentMethod.SHIP, demands, options, allow_split=True)
    policy = Policy(ship=Rules(minimum_confidence=0.6, keep_units=1, maximum_distance_km=900))
    bench.keep(EMPTY)

    def ours(seconds: float) -> float:
        taken = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            begun = time.perf_counter()
            plan = make_plan(question, policy)
            taken.append(time.perf_counter() - begun)
        if not plan.portions:
            raise load.LoadFailedError("the order was not placed")
        return 1 / statistics.median(taken)

    def limit(seconds: float) -> float:
        path = f"/{bare.SERVICE}/Constant"
        return bench.bare_client.distinct(path, [[EMPTY]], seconds, repeat=True, callers=1).calls_per_s

    turns = bench.turns(ours, limit)
    against = f"{turns.limit:,.0f}: empty handler, one caller, own client; {CANDIDATES} candidates"
    return Measured(turns.ours, "plans/s", against, turns.ratio)


def wave(kind: str) -> Callable[[Bench], Measured]:
    """A wave's cost against the bound below which no plan can be, and its time against a minute."""

    def measure(_: Bench) -> Measured:
        orders = waves.wave(waves.KINDS[kind], WAVE_ORDERS, WAVE_STORES)
        begun = time.perf_counter()
        found: WavePlan = plan_wave(orders, SOLVE_S)
        seconds = time.perf_counter() - begun
        if seconds > WITHIN_S:
            raise load.LoadFailedError(f"the wave took {seconds:.0f} s")
        against = f"{found.bound:,.0f}: no plan costs less; gap {found.gap:.3%} after {seconds:.0f} s"
        return Measured(found.cost, "cost", against, found.bound / found.cost)

    return measure


def greedy_wave(kind: str) -> Callable[[Bench], Measured]:
    """The answer that is at hand at once, against the same bound."""

    def measure(_: Bench) -> Measured:
        orders = waves.wave(waves.KINDS[kind], WAVE_ORDERS, WAVE_STORES)
        begun = time.perf_counter()
        placed = at_hand(orders)
        seconds = time.perf_counter() - begun
        cost, bound = total_cost(placed, last_units(orders)), plan_wave(orders, SOLVE_S).bound
        against = f"{bound:,.0f}: no plan costs less; {cost / bound - 1:.2%} above it after {seconds:.1f} s"
        return Measured(cost, "cost", against, bound / cost)

    return measure
