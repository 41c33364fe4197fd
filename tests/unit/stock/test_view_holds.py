"""Holds in memory: in whatever order the changes of a hold are heard, the last one made counts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from onhand.stock.view.holds import REMEMBERED, Holds

START = datetime(2026, 1, 1, tzinfo=UTC)
HOLD = UUID(int=1)
Change = tuple[int, int | None, int]
"""Version, seconds until it runs out (None: it ended), units."""


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """A hold that is created and extended, then perhaps ends; heard in any order."""
    extensions = draw(st.lists(st.integers(1, 100), min_size=1, max_size=5))
    made: list[Change] = [(number, seconds, 2) for number, seconds in enumerate(extensions, 1)]
    if draw(st.booleans()):
        made.append((len(made) + 1, None, 0))
    return draw(st.permutations(made))


def hear(holds: Holds, change: Change) -> None:
    version, seconds, units = change
    expire_time = None if seconds is None else START + timedelta(seconds=seconds)
    lines = () if seconds is None else ((7, units),)
    list(holds.change(HOLD, version, START, expire_time, lines))


@given(histories(), st.integers(0, 120), st.integers(0, 6))
def test_the_last_version_counts_whatever_was_heard_last(
    heard: list[Change], seconds: int, looks: int
) -> None:
    holds = Holds(START)
    now = START + timedelta(seconds=seconds)
    for position, change in enumerate(heard):
        hear(holds, change)
        if position < looks:
            list(holds.lapse(now))
    list(holds.lapse(now))
    _, expires, units = max(heard)
    lapsed = expires is not None and expires <= seconds
    assert holds.lapsed == ({7: units} if lapsed else {})
    assert len(holds) == (0 if expires is None else 1)


def test_a_hold_that_ended_before_the_snapshot_is_not_waited_for() -> None:
    holds = Holds(START)
    list(holds.change(HOLD, 3, START - timedelta(hours=1), None, ()))
    assert len(holds) == 0


def test_an_end_whose_beginning_never_comes_is_forgotten() -> None:
    holds = Holds(START)
    list(holds.change(HOLD, 2, START, None, ()))
    assert len(holds) == 1
    holds.forget(START + REMEMBERED + timedelta(seconds=1))
    assert len(holds) == 0
