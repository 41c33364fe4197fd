"""Promises fall on opening hours by the location's own clock, also across clock changes."""

from datetime import UTC, datetime, timedelta

import pytest

from onhand.routing.domain.promise import ALWAYS_OPEN, Calendar, Opening, promise_time

TWO_HOURS = timedelta(hours=2)
AMSTERDAM = "Europe/Amsterdam"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def daily(zone: str, opens: int, closes: int, days: range = range(1, 8)) -> Calendar:
    return Calendar(zone, tuple(Opening(day, opens * 60, closes * 60) for day in days))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-06-04T12:00+02:00", "2025-06-04T14:00+02:00"),  # open: nothing moves
        ("2025-06-04T05:00+02:00", "2025-06-04T09:00+02:00"),  # before opening
        ("2025-06-04T15:00+02:00", "2025-06-04T17:00+02:00"),  # one hour before closing
        ("2025-06-04T16:00+02:00", "2025-06-05T09:00+02:00"),  # at closing time it is closed
        ("2025-06-04T23:00+02:00", "2025-06-05T09:00+02:00"),
        # Clocks go forward in the night to 2025-03-30 and back in that to 2025-10-26.
        ("2025-03-29T20:00+01:00", "2025-03-30T09:00+02:00"),
        ("2025-10-25T20:00+02:00", "2025-10-26T09:00+01:00"),
        ("2025-03-30T06:30+02:00", "2025-03-30T09:00+02:00"),
    ],
)
def test_a_promise_falls_on_the_next_opening(now: str, expected: str) -> None:
    calendar = daily(AMSTERDAM, 9, 18)
    assert promise_time(at(now), TWO_HOURS, calendar) == at(expected)


def test_without_opening_hours_a_location_is_always_open() -> None:
    now = at("2025-06-04T03:00+00:00")
    assert promise_time(now, TWO_HOURS, ALWAYS_OPEN) == now + TWO_HOURS


def test_closed_days_are_passed_over() -> None:
    weekdays = daily("America/New_York", 9, 17, range(1, 6))
    friday_evening = at("2025-06-06T18:00-04:00")
    assert promise_time(friday_evening, TWO_HOURS, weekdays) == at("2025-06-09T09:00-04:00")


def test_a_span_past_midnight_is_open_after_midnight() -> None:
    bar = Calendar(AMSTERDAM, (Opening(5, 20 * 60, 27 * 60),))  # Friday 20:00 to Saturday 03:00
    assert promise_time(at("2025-06-06T23:30+02:00"), TWO_HOURS, bar) == at("2025-06-07T01:30+02:00")
    assert promise_time(at("2025-06-07T02:00+02:00"), TWO_HOURS, bar) == at("2025-06-13T20:00+02:00")


def test_a_span_inside_the_hour_that_a_clock_change_skips_still_comes() -> None:
    night = Calendar(AMSTERDAM, (Opening(7, 2 * 60, 3 * 60),))  # Sunday 02:00 to 03:00
    # On 2025-03-30 that hour does not exist; it is given the hour after the change.
    found = promise_time(at("2025-03-29T20:00+01:00"), TWO_HOURS, night)
    assert at("2025-03-30T00:00+01:00") < found <= at("2025-04-06T02:00+02:00")


def test_an_elapsed_lead_is_counted_through_a_clock_change() -> None:
    # 01:00 plus two elapsed hours is 04:00 on the wall where 02:00 to 03:00 is skipped.
    promised = promise_time(at("2025-03-30T01:00+01:00"), TWO_HOURS, daily(AMSTERDAM, 0, 24))
    assert promised == at("2025-03-30T04:00+02:00")
