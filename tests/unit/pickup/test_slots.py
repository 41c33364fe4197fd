"""Which slots a plan has, and which have a place left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from onhand.kit.errors import WrongState
from onhand.pickup.domain import slots
from onhand.pickup.domain.slots import (
    Blackout,
    Booking,
    BookingState,
    SlotKind,
    SlotPlan,
    Span,
    Usage,
    Window,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


def plan(*windows: Window, minutes: int = 30, capacity: int = 2) -> SlotPlan:
    return SlotPlan(
        "store",
        SlotKind.COUNTER,
        "Europe/Amsterdam",
        minutes,
        capacity,
        timedelta(hours=1),
        7 * DAY,
        windows,
        overrun_occupies=True,
    )


def local_starts(of: SlotPlan, day: datetime) -> list[str]:
    return [f"{each.start.astimezone(AMSTERDAM):%H:%M}" for each in slots.spans(of, Span(day, day + DAY))]


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=AMSTERDAM).astimezone(UTC)


def test_a_window_is_cut_into_whole_slots_in_the_stores_own_time() -> None:
    monday = plan(Window(1, 9 * 60, 10 * 60 + 45))
    assert local_starts(monday, midnight(2026, 3, 2)) == ["09:00", "09:30", "10:00"]
    assert local_starts(monday, midnight(2026, 7, 6)) == ["09:00", "09:30", "10:00"]
    assert local_starts(monday, midnight(2026, 3, 3)) == []


def test_windows_that_overlap_give_each_slot_once() -> None:
    twice = plan(Window(1, 540, 600), Window(1, 540, 660))
    assert local_starts(twice, midnight(2026, 3, 2)) == ["09:00", "09:30", "10:00", "10:30"]


def test_an_hour_that_is_left_out_has_no_slots_and_one_that_comes_twice_has_them_once() -> None:
    night = plan(Window(7, 60, 240))
    assert local_starts(night, midnight(2026, 3, 29)) == ["01:00", "01:30", "03:00", "03:30"]
    sunday = midnight(2026, 10, 25)
    assert local_starts(night, sunday) == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]
    starts = [each.start for each in slots.spans(night, Span(sunday, sunday + DAY))]
    assert len(set(starts)) == 6
    assert starts[2] == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


def test_a_slot_is_found_by_its_start_only() -> None:
    monday = plan(Window(1, 540, 600))
    start = midnight(2026, 3, 2) + timedelta(hours=9)
    assert slots.find(monday, start) == Span(start, start + timedelta(minutes=30))
    assert slots.find(monday, start + timedelta(minutes=1)) is None
    assert slots.find(monday, start + DAY) is None


@pytest.mark.parametrize(
    ("minutes_ahead", "usage", "dark", "why"),
    [
        (59, Usage(), False, "closed by lead time"),
        (60, Usage(), False, None),
        (7 * 24 * 60 + 1, Usage(), False, "closed by horizon"),
        (120, Usage(), True, "closed by blackout"),
        (120, Usage(held=1, booked=0, overrun=0), False, None),
        (120, Usage(held=1, booked=1, overrun=0), False, "full"),
        (120, Usage(held=0, booked=1, overrun=1), False, "full"),
    ],
)
def test_a_place_is_refused_with_its_reason(
    minutes_ahead: int,
    usage: Usage,
    dark: bool,  # noqa: FBT001
    why: str | None,
) -> None:
    now = midnight(2026, 3, 2)
    start = now + timedelta(minutes=minutes_ahead)
    span = Span(start, start + timedelta(minutes=30))
    around = Blackout("b", "store", None, Span(start - DAY, start + timedelta(minutes=1)), "")
    offered = slots.slot(plan(), span, usage, [around] if dark else [], now)
    if why is None:
        slots.require_place(offered)
        return
    assert offered.available == 0
    with pytest.raises(WrongState) as raised:
        slots.require_place(offered)
    assert raised.value.state == why


def test_a_smaller_plan_leaves_nothing_and_no_less() -> None:
    now = midnight(2026, 3, 2)
    span = Span(now + 2 * DAY, now + 3 * DAY)
    assert slots.slot(plan(capacity=1), span, Usage(booked=3), [], now).available == 0


def test_a_hold_has_expired_at_its_moment_whoever_sweeps() -> None:
    now = midnight(2026, 3, 2)
    booking = Booking("b", "store", SlotKind.LOCKER, Span(now, now + DAY), BookingState.HELD, now)
    assert booking.state_at(now - timedelta(microseconds=1)) is BookingState.HELD
    assert booking.state_at(now) is BookingState.EXPIRED
    with pytest.raises(WrongState):
        slots.require_held(booking, now)
