from datetime import UTC, datetime, timedelta

from onhand.stock.domain.reads.clocks import LocationClock, ReaderClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_the_clock_of_a_location_follows_its_reads_and_runs_on_without_them() -> None:
    clock = LocationClock()
    assert clock.now(NOW) == NOW
    yesterday = NOW - timedelta(days=1)
    clock.advance(yesterday, NOW)
    clock.advance(yesterday - seconds(60), NOW + seconds(5))
    assert clock.now(NOW + seconds(10)) == yesterday + seconds(10)


def test_a_reader_that_is_ahead_is_set_back_from_its_first_batch() -> None:
    reader = ReaderClock(lateness_s=30, max_skew_s=600)
    assert reader.correction(NOW + seconds(45), None, NOW) == seconds(-45)
    assert reader.correction(NOW + seconds(50), NOW, NOW + seconds(6)) == seconds(-45)


def test_a_reader_that_is_always_late_is_set_forward_and_one_that_is_sometimes_late_is_not() -> None:
    slow, sometimes = ReaderClock(30, 600), ReaderClock(30, 600)
    for index in range(16):
        at = NOW + seconds(10 * index)
        late = slow.correction(at - seconds(90 + index % 3), at, at)
        mixed = sometimes.correction(at - seconds(90 if index % 4 else 2), at, at)
    assert late == seconds(90)
    assert mixed == seconds(0)


def test_a_backlog_of_hours_is_not_taken_for_a_clock() -> None:
    reader = ReaderClock(30, 600)
    assert {reader.correction(NOW - timedelta(hours=5), NOW, NOW) for _ in range(40)} == {seconds(0)}
