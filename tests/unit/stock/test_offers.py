"""What is shown of a number, what can be promised when, and when a store is open."""

from datetime import UTC, datetime, timedelta

import pytest

from onhand.stock.domain.display import PLAIN, DisplayPolicy, StockState
from onhand.stock.domain.model import Location, OpeningHours
from onhand.stock.domain.places import is_open, postal_key
from onhand.stock.domain.promises import steps

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("available", "state"),
    [
        (0, StockState.OUT),
        (2, StockState.OUT),
        (3, StockState.LOW),
        (5, StockState.LOW),
        (6, StockState.IN_STOCK),
    ],
)
def test_a_channel_is_told_states_by_its_own_thresholds(available: int, state: StockState) -> None:
    assert DisplayPolicy("web", low_quantity=5, out_quantity=2).state(available) is state


def test_without_a_policy_nothing_is_low() -> None:
    assert (PLAIN.state(0), PLAIN.state(1)) == (StockState.OUT, StockState.IN_STOCK)


def test_what_comes_can_be_promised_from_its_day_on() -> None:
    found, undated = steps(4, [(NOW + 2 * DAY, 5), (NOW + DAY, 1), (None, 7), (NOW - DAY, 3)], NOW)
    assert found == [(NOW, 4), (NOW + DAY, 5), (NOW + 2 * DAY, 10)]
    assert undated == 10


def test_what_is_promised_and_not_here_takes_from_the_first_to_come() -> None:
    found, _ = steps(-3, [(NOW + DAY, 2), (NOW + 2 * DAY, 4)], NOW)
    assert found == [(NOW, 0), (NOW + 2 * DAY, 3)]


def store(*hours: tuple[int, int, int]) -> Location:
    spans = tuple(OpeningHours(*each) for each in hours)
    return Location("s", 1, "", b"", None, None, "Europe/Amsterdam", "", True, True, 0, (), spans)


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        (datetime(2026, 3, 2, 7, 59, tzinfo=UTC), False),  # Monday 8:59 in Amsterdam
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 16, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 17, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 3, 12, 0, tzinfo=UTC), False),  # Tuesday
        (datetime(2026, 3, 7, 22, 30, tzinfo=UTC), True),  # Saturday 23:30
        (datetime(2026, 3, 8, 0, 30, tzinfo=UTC), True),  # Sunday 1:30, Saturday's span
        (datetime(2026, 3, 8, 1, 0, tzinfo=UTC), False),
    ],
)
def test_a_store_is_open_in_its_own_time_also_past_midnight(moment: datetime, opened: bool) -> None:  # noqa: FBT001
    assert is_open(store((1, 540, 1080), (6, 1200, 1560)), moment) is opened


def test_a_store_without_hours_is_always_open() -> None:
    assert is_open(store(), NOW)


def test_postal_codes_are_kept_without_spaces_and_in_capitals() -> None:
    assert postal_key(" 1011 ab ") == "1011AB"
