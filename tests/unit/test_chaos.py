"""What a chaos run is made of, without the run: its faults, and the rules by which it is judged."""

from random import Random

import pytest
from tests.chaos.faults import TARGETS, Kind, schedule
from tests.chaos.soak import Life, Sample

SEEDS = range(20)


def life(megabytes: list[float], files: list[int]) -> Life:
    return Life(
        "stock",
        [Sample(10.0 * at, *each) for at, each in enumerate(zip(megabytes, files, strict=True))],
    )


def test_half_an_hour_has_at_least_a_hundred_faults_of_every_kind_to_everything() -> None:
    possible = [Kind.KILL, Kind.STOP, Kind.CUT, Kind.FILL]
    for seed in SEEDS:
        faults = schedule(Random(seed), 30 * 60, possible)
        assert len(faults) >= 100
        assert {each.kind for each in faults} == set(possible)
        assert {each.target for each in faults} >= set(TARGETS)


def test_a_seed_gives_the_same_faults() -> None:
    assert schedule(Random(7), 600, list(Kind)) == schedule(Random(7), 600, list(Kind))
    assert schedule(Random(7), 600, list(Kind)) != schedule(Random(8), 600, list(Kind))


def test_what_grows_to_its_size_in_the_first_third_is_flat() -> None:
    assert life([10, 80, 150, 200, 205, 199, 201, 204, 203], [9] * 9).grew() == ""


def test_one_peak_is_no_growth() -> None:
    assert life([100] * 7 + [400, 100], [9] * 9).grew() == ""


@pytest.mark.parametrize(
    ("megabytes", "files", "said"),
    [
        ([100 + 20 * n for n in range(9)], [9] * 9, "stock grew from 180 to 240 MiB in 80 s"),
        ([100] * 9, [10 * n for n in range(9)], "stock grew from 40 to 70 files in 80 s"),
    ],
)
def test_what_goes_on_growing_is_named(megabytes: list[float], files: list[int], said: str) -> None:
    assert life(megabytes, files).grew() == said
