"""The statistics of missed reads, against the paper's formulas and against dice."""

from datetime import timedelta

import numpy as np
import pytest
from tests.unit.stock.test_books import KEY, NOW, books, cell, tag

from onhand.stock.domain.model import Bucket, TagState, ZoneKind
from onhand.stock.domain.reads import Rules, Tracker
from onhand.stock.domain.reads.decisions import admit
from onhand.stock.domain.reads.rules import cautious, has_departed, window_epochs
from onhand.stock.domain.reads.sights import Belief


@pytest.mark.parametrize(
    ("rate", "delta", "epochs"),
    [(0.65, 0.01, 7.085), (0.1, 0.01, 46.05), (0.5, 0.05, 5.99), (1.0, 0.01, 4.605)],
)
def test_a_window_is_as_long_as_the_paper_says(rate: float, delta: float, epochs: float) -> None:
    """Jeffery, Garofalakis, Franklin (VLDB 2006), 4.1: w = ⌈ln(1/δ)/p⌉."""
    assert float(window_epochs(rate, delta)) == pytest.approx(epochs, abs=0.005)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.65])
def test_a_tag_that_is_there_goes_unread_for_a_window_as_seldom_as_promised(rate: float) -> None:
    delta = 0.05
    window = int(np.ceil(window_epochs(rate, delta)))
    dice = np.random.default_rng(1).random((20_000, window))
    assert ((dice < rate).sum(axis=1) == 0).mean() <= delta * 1.1


def test_a_departure_is_two_standard_deviations_below_the_mean_and_no_nearer() -> None:
    """The paper, 4.1: |S| < w·p - 2·√(w·p·(1-p)), here 20·0.6 - 2·√4.8 = 7.62."""
    seen = np.array([7.0, 7.6, 7.7, 12.0, 20.0])
    twenty = np.full(5, 20.0)
    assert has_departed(seen, twenty, np.full(5, 0.6)).tolist() == [True, True, False, False, False]


def test_chance_alone_seldom_looks_like_a_departure() -> None:
    random = np.random.default_rng(2)
    seen = random.binomial(30, 0.65, 20_000).astype(float)
    assert has_departed(seen, np.full(20_000, 30.0), np.full(20_000, 0.65)).mean() < 0.035


def test_what_is_known_for_long_and_read_well_needs_little_caution() -> None:
    assert cautious(0.65, 96) > 0.5
    assert cautious(0.3, 4) == pytest.approx(0.05)
    assert cautious(0.05, 320) < 0.03


@pytest.mark.parametrize("state", [TagState.MISSING, TagState.DEPARTED])
@pytest.mark.parametrize(("seconds", "units"), [(-1, 0), (10, 1)])
def test_what_was_read_before_a_tag_left_does_not_bring_it_back(
    state: TagState, seconds: int, units: int
) -> None:
    """Evidence settles later than an exit may be decided."""
    changed = books(cell(missing=1), tags=(tag(state),))
    time = NOW + timedelta(seconds=seconds)
    belief = Belief("s1", b"\x30" * 12, "floor", ZoneKind.SALES_FLOOR, time, -5000, True, 0.6, 60)
    admit(changed, belief, "i1", None, Tracker(Rules(), 100))
    assert changed.cells[KEY].buckets[Bucket.SELLABLE] == units
