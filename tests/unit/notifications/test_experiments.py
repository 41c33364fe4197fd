"""Who gets which variant, and what can be said of the difference."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from onhand.kit.errors import InvalidField
from onhand.notifications.domain.experiments import (
    Arm,
    Experiment,
    Finding,
    Goal,
    Segment,
    Variant,
    judge,
    newcombe,
    segment_of,
    wilson,
)
from onhand.notifications.domain.journeys import BUILTIN

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
EXPERIMENT = Experiment(
    "spring", "follow_up", (Variant("a", 1), Variant("b", 3)), 0.1, Goal.ORDERED, timedelta(days=7), 100, NOON
)
PEOPLE = [UUID(int=number) for number in range(10_000)]


def arms(experiment: Experiment) -> dict[UUID, str]:
    found = {each: experiment.arm_of(each) for each in PEOPLE}
    return {each: variant.name if variant else "holdout" for each, variant in found.items()}


def test_people_fall_into_arms_by_their_shares_and_always_into_the_same_one() -> None:
    counts = Counter(arms(EXPERIMENT).values())
    assert counts["holdout"] / 10_000 == pytest.approx(0.1, abs=0.01)
    assert counts["a"] / 10_000 == pytest.approx(0.225, abs=0.015)
    assert counts["b"] / 10_000 == pytest.approx(0.675, abs=0.015)
    assert arms(EXPERIMENT) == arms(EXPERIMENT)


def test_arms_of_two_experiments_have_nothing_to_do_with_each_other() -> None:
    one, other = arms(EXPERIMENT), arms(replace(EXPERIMENT, name="summer"))
    both = sum(one[each] == other[each] == "b" for each in PEOPLE)
    assert both / 10_000 == pytest.approx(0.675**2, abs=0.02)


def test_a_larger_holdout_moves_nobody_between_variants() -> None:
    small, large = arms(EXPERIMENT), arms(replace(EXPERIMENT, holdout=0.4))
    moved = [each for each in PEOPLE if large[each] not in {small[each], "holdout"}]
    assert moved == []


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_that_of_the_paper(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    found = newcombe(*counts)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
    for counts, low, high in (((81, 263), 0.2553, 0.3662), ((15, 148), 0.0624, 0.1605), ((0, 20), 0, 0.1611)):
        found = wilson(*counts)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_nothing_is_said_of_few_people_and_of_what_may_be_chance() -> None:
    baseline = Arm("a", 1_000, 100)
    assert judge(baseline, baseline, 100)[0] is Finding.BASELINE
    assert judge(Arm("b", 99, 99), baseline, 100)[0] is Finding.TOO_FEW
    assert judge(Arm("b", 1_000, 110), baseline, 100)[0] is Finding.NO_DIFFERENCE
    assert judge(Arm("b", 1_000, 160), baseline, 100)[0] is Finding.BETTER
    assert judge(Arm("b", 1_000, 60), baseline, 100)[0] is Finding.WORSE


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"journey": "none"}, "not known"),
        ({"variants": (Variant("a", 1), Variant("a", 1))}, "name of its own"),
        ({"variants": (Variant("a", 1), Variant("holdout", 1))}, "none is the holdout"),
        ({"variants": (Variant("a", 1),), "holdout": 0.0}, "at least two"),
        ({"variants": (Variant("a", 1), Variant("b", 1, timedelta(days=2)))}, "to 1 day"),
        ({"holdout": 1.0}, "below 1"),
        ({"journey": "order_ready"}, "without word of their order"),
        ({"goal": Goal.CLICKED}, "clicks nothing"),
        (
            {"journey": "back_in_stock", "variants": (Variant("a", 1), Variant("b", 1, timedelta(hours=1)))},
            "does not wait",
        ),
    ],
)
def test_an_experiment_that_tells_nothing_or_harms_is_refused(
    changes: dict[str, object], problem: str
) -> None:
    experiment = replace(EXPERIMENT, **changes)
    journey = {each.name: each for each in BUILTIN}.get(experiment.journey)
    with pytest.raises(InvalidField, match=problem):
        experiment.check(journey)


def test_segments_tell_how_lately_somebody_was_active() -> None:
    assert segment_of(NOON - timedelta(days=30), NOON) is Segment.ACTIVE
    assert segment_of(NOON - timedelta(days=31), NOON) is Segment.LAPSING
    assert segment_of(NOON - timedelta(days=91), NOON) is Segment.DORMANT
    assert segment_of(None, NOON) is Segment.DORMANT
