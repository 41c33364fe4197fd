"""What the find mode says of a tag from what is kept of it and from its reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onhand.pickup.domain.scans import Sighting
from onhand.pickup.domain.traces import Sight, Trace

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
KEPT = Sighting("30AA", "shirt", "store-1", True, "floor", NOW - timedelta(seconds=30))
TRACE = Trace(KEPT, "30AA", "shirt", "", NOW)


def test_a_read_says_more_than_what_was_kept_before_it_and_nothing_of_what_came_later() -> None:
    read = Sight(NOW - timedelta(seconds=3), "back", -5_500)
    after = TRACE.after(read)
    assert after.sighting == replace(KEPT, zone_id="back", last_seen_time=read.read_time)
    assert after.heat == pytest.approx(0.95)
    assert after.nearness == pytest.approx(0.5 * 0.95)
    assert TRACE.after(replace(read, read_time=NOW - timedelta(seconds=31))) == TRACE
    assert TRACE.after(None) == TRACE
    assert replace(TRACE, sighting=None).after(read).sighting is None


@pytest.mark.parametrize(
    ("rssi_cdbm", "nearness"), [(0, 0.0), (-9_000, 0.0), (-7_500, 0.0), (-5_500, 0.5), (-2_000, 1.0)]
)
def test_nearness_is_strength_within_what_a_handheld_sees(rssi_cdbm: int, nearness: float) -> None:
    assert TRACE.after(Sight(NOW, "floor", rssi_cdbm)).nearness == pytest.approx(nearness)


def test_what_was_never_seen_or_long_ago_is_cold() -> None:
    assert replace(TRACE, sighting=None).heat == 0
    assert replace(TRACE, now=NOW + timedelta(hours=1)).heat == 0
    assert replace(TRACE, sighting=replace(KEPT, last_seen_time=NOW + timedelta(seconds=5))).heat == 1


def test_the_passing_of_time_is_no_news() -> None:
    assert not replace(TRACE, now=NOW + timedelta(seconds=1)).tells_more_than(TRACE)
    assert TRACE.after(Sight(NOW, "floor", 0)).tells_more_than(TRACE)
