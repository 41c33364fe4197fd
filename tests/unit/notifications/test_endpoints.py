"""When an endpoint is left in peace, and when it is given up."""

from datetime import UTC, datetime, timedelta

from onhand.notifications.domain.endpoints import Breaker, Health

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BREAKER = Breaker(3, MINUTE, 10 * MINUTE, timedelta(days=5))


def test_pauses_begin_after_some_failures_in_a_row_double_and_have_a_limit() -> None:
    health, pauses = Health(), []
    for _ in range(9):
        health = BREAKER.after(health, NOW, ok=False)
        pauses.append(None if health.pause_time is None else (health.pause_time - NOW) / MINUTE)
    assert pauses == [None, None, 1, 2, 4, 8, 10, 10, 10]
    assert BREAKER.after(Health(10_000, NOW), NOW, ok=False).pause_time == NOW + 10 * MINUTE


def test_one_success_is_a_new_beginning() -> None:
    failing = BREAKER.after(BREAKER.after(Health(), NOW, ok=False), NOW, ok=False)
    assert BREAKER.after(failing, NOW, ok=True) == Health()
    assert BREAKER.after(Health(), NOW, ok=False).pause_time is None


def test_it_is_given_up_when_it_has_failed_for_days_without_a_break() -> None:
    health = BREAKER.after(Health(), NOW, ok=False)
    assert not BREAKER.is_given_up(health, NOW + timedelta(days=4, hours=23))
    assert BREAKER.is_given_up(health, NOW + timedelta(days=5))
    assert not BREAKER.is_given_up(Health(), NOW)
