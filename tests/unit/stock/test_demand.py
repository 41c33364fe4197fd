"""Safety stock from sales, and cells that claim what is not there."""

from datetime import date, timedelta
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.stock.domain.demand import Demand, Replenishment, demand_of, safety_stock, whole_units
from onhand.stock.domain.doubt import Evidence, Witnesses, ranked, score
from onhand.stock.domain.model import CellKey

DAY = date(2026, 3, 2)


def demand(mean: float, deviation: float) -> Demand:
    return Demand(mean, deviation, 91, 0)


def test_demand_and_lead_time_that_both_vary_as_heizer_and_render_have_it() -> None:
    """Operations Management, chapter on inventory, reorder points with demand and lead time both variable.

    Six-packs of 9-volt batteries: 150 a day with deviation 16, lead time 5 days with deviation 1, 95 % service:
    deviation √(5·16² + 150²·1²) = 154, z = 1.65, reorder point 150·5 + 254 = 1,004.
    """
    units = safety_stock(demand(150, 16), Replenishment(0.95, 5, 1))
    assert sqrt(5 * 16**2 + 150**2) == pytest.approx(154, abs=0.5)
    # The book's z is rounded up from 1.645: within half a per cent.
    assert units == pytest.approx(1004 - 750, rel=0.005)


def test_demand_that_varies_alone_as_stevenson_has_it() -> None:
    """Operations Management, chapter on inventory, example of a restaurant's sauce.

    50 jars a week with deviation 3, lead time 2 weeks, 10 % risk: z = 1.28, reorder point 105.43.
    """
    assert safety_stock(demand(50, 3), Replenishment(0.9, 2, 0)) == pytest.approx(105.43 - 100, abs=0.01)


def test_at_even_odds_nothing_is_kept_back() -> None:
    assert safety_stock(demand(150, 16), Replenishment(0.5, 5, 1)) == 0


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0.5, 0.999), st.floats(0.1, 60), st.floats(0, 30))
def test_more_surprise_or_more_service_never_takes_less(
    mean: float, deviation: float, level: float, lead: float, lead_deviation: float
) -> None:
    units = safety_stock(demand(mean, deviation), Replenishment(level, lead, lead_deviation))
    for more in (
        safety_stock(demand(mean, deviation + 1), Replenishment(level, lead, lead_deviation)),
        safety_stock(demand(mean, deviation), Replenishment(level + 0.0005, lead, lead_deviation)),
        safety_stock(demand(mean, deviation), Replenishment(level, lead + 1, lead_deviation)),
    ):
        assert more >= units >= 0


def test_units_are_whole_and_arithmetic_noise_is_none() -> None:
    assert [whole_units(each) for each in (0.0, 0.1, 12.0000000001, 12.1)] == [0, 1, 12, 13]


def test_a_day_with_nothing_on_the_shelf_tells_nothing_of_demand() -> None:
    """Five days: 4 sold, sold out, two empty days, goods arrive and 2 are sold, today."""
    days = {
        DAY: (4, -4),
        DAY + timedelta(3): (2, 8),
        DAY + timedelta(4): (0, -1),
    }
    # The first day began with 4, the fourth ended with 8; one was damaged today, 7 are there.
    found = demand_of(days, 7, DAY, DAY + timedelta(3))
    assert found == Demand(3.0, pytest.approx(sqrt(2)), 2, 2)


def test_a_day_with_stock_and_no_sale_is_a_day_without_demand() -> None:
    found = demand_of({DAY: (2, -2)}, 5, DAY, DAY + timedelta(3))
    assert found == Demand(0.5, pytest.approx(1.0), 4, 0)


def test_one_day_tells_nothing() -> None:
    assert demand_of({}, 5, DAY, DAY) is None
    assert demand_of({}, 0, DAY, DAY + timedelta(30)) is None


# Doubt

WITNESSES = Witnesses(prior=0.02, short_pick_odds=10, unconfirmed_probability=1e-3)


def evidence(**values: float) -> Evidence:
    fields: dict[str, float] = {
        "sellable": 4,
        "sales": 60,
        "units": 90,
        "selling_days": 60,
        "silent_days": 0,
        "short_picks": 0,
        "tags": 0,
        "unconfirmed_tags": 0,
    }
    return Evidence(CellKey("s1", "i1"), **(fields | values))  # type: ignore[arg-type]


def test_without_evidence_a_cell_is_as_doubtful_as_any() -> None:
    assert score(evidence(), WITNESSES) == pytest.approx(0.02)
    assert score(evidence(sales=0, units=0, silent_days=300), WITNESSES) == pytest.approx(0.02)


def test_the_silence_of_a_fast_seller_speaks_and_that_of_a_slow_one_hardly() -> None:
    fast = score(evidence(silent_days=10), WITNESSES)
    slow = score(evidence(sales=3, units=3, silent_days=10), WITNESSES)
    # By hand: present = 0.98 · (60/70)^60 = 9.4e-5.
    assert fast == pytest.approx(0.02 / (0.02 + 0.98 * (60 / 70) ** 60))
    assert fast > 0.99
    assert slow < 0.05


def test_short_picks_speak_where_nothing_else_does() -> None:
    silent = {"sales": 0, "units": 0}
    assert score(evidence(short_picks=1, **silent), WITNESSES) == pytest.approx(0.2 / (0.2 + 0.98))
    assert score(evidence(short_picks=3, **silent), WITNESSES) > 0.95


def test_a_tag_that_is_seen_ends_all_doubt_and_tags_that_are_all_unseen_make_it() -> None:
    assert score(evidence(silent_days=30, tags=3, unconfirmed_tags=2), WITNESSES) == 0
    assert score(evidence(tags=3, unconfirmed_tags=3), WITNESSES) > 0.95


@given(st.integers(0, 200), st.floats(0, 400), st.floats(0, 400), st.integers(0, 9), st.integers(0, 3))
def test_a_score_is_a_probability_that_rises_with_silence_and_short_picks(
    sales: int, selling: float, silent: float, short: int, tags: int
) -> None:
    values: dict[str, float] = {
        "sales": sales,
        "selling_days": selling,
        "silent_days": silent,
        "short_picks": short,
        "tags": tags,
        "unconfirmed_tags": tags,
    }
    now = score(evidence(**values), WITNESSES)
    assert 0.02 - 1e-12 <= now <= 1
    assert score(evidence(**values | {"silent_days": silent + 1}), WITNESSES) >= now
    assert score(evidence(**values | {"short_picks": short + 1}), WITNESSES) >= now


def test_what_loses_most_sales_is_counted_first() -> None:
    big = evidence(silent_days=10)
    small = evidence(silent_days=40, sales=12, units=12)
    certain = evidence(silent_days=10, sales=0, units=0, short_picks=5)
    sound = evidence()
    found = ranked([sound, certain, small, big], WITNESSES, 0.5, 10)
    assert [each.evidence for each in found] == [big, small, certain]
    assert ranked([sound, certain, small, big], WITNESSES, 0.5, 1)[0].evidence == big
