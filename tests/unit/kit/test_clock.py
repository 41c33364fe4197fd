"""Ids that sort by the time they were made (RFC 9562, section 5.7)."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from onhand.kit.clock import SystemClock, uuid7

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM = st.integers(0, 2**74 - 1)


@given(MILLISECONDS, RANDOM)
def test_the_layout_is_that_of_version_7(unix_ms: int, random_bits: int) -> None:
    made = uuid7(unix_ms, random_bits)
    assert made.version == 7
    assert made.variant == RFC_4122
    assert made.int >> 80 == unix_ms
    rand_a, rand_b = made.int >> 64 & 0xFFF, made.int & (1 << 62) - 1
    assert rand_a << 62 | rand_b == random_bits


def test_the_example_of_the_rfc_is_reproduced() -> None:
    # RFC 9562, appendix A.6: 2022-02-22T19:22:22Z, rand_a CC3, rand_b 18C4DC0C0C07398F
    made = uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F)
    assert str(made) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MILLISECONDS, MILLISECONDS, RANDOM, RANDOM)
def test_later_ids_sort_after_earlier_ones(first: int, second: int, a: int, b: int) -> None:
    if first != second:
        assert (uuid7(first, a) < uuid7(second, b)) == (first < second)
        assert (str(uuid7(first, a)) < str(uuid7(second, b))) == (first < second)


def test_the_systems_clock_tells_this_time_in_utc() -> None:
    clock = SystemClock()
    before, now = datetime.now(UTC), clock.now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)
    made_at = datetime.fromtimestamp((clock.uuid().int >> 80) / 1000, UTC)
    assert abs(made_at - now) < timedelta(minutes=1)


def test_ids_do_not_repeat() -> None:
    clock = SystemClock()
    assert len({clock.uuid() for _ in range(10_000)}) == 10_000


def test_digits_keep_their_leading_zeros() -> None:
    made = {SystemClock().digits(2) for _ in range(2_000)}
    assert all(len(each) == 2 and each.isdecimal() for each in made)
    assert any(each.startswith("0") for each in made)
