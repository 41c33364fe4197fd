"""The one-time code and the count of wrong attempts."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest

from onhand.kit.errors import LimitReached, WrongCode
from onhand.pickup.domain.codes import Code, CodeLimits

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIMITS = CodeLimits(attempts=3, pause=timedelta(minutes=15))
CODE = Code.of("12345678", b"salt")


def test_the_right_code_passes_and_is_not_kept_in_clear() -> None:
    CODE.check("12345678", NOW, LIMITS)
    assert b"12345678" not in CODE.digest
    assert Code.of("12345678", b"other").digest != CODE.digest


def test_wrong_codes_count_down_and_then_pause() -> None:
    code = CODE
    for left in (2, 1, 0):
        with pytest.raises(WrongCode) as raised:
            code.check("87654321", NOW, LIMITS)
        assert raised.value.attempts_left == left
        code = code.missed(NOW, LIMITS)
    with pytest.raises(LimitReached, match="3 wrong codes, no other before 09:15:00 UTC"):
        code.check("12345678", NOW + timedelta(minutes=14, seconds=59), LIMITS)


def test_after_the_pause_counting_starts_anew() -> None:
    code = CODE
    for _ in range(3):
        code = code.missed(NOW, LIMITS)
    later = NOW + timedelta(minutes=15)
    code.check("12345678", later, LIMITS)
    with pytest.raises(WrongCode) as raised:
        code.check("00000000", later, LIMITS)
    assert raised.value.attempts_left == 2


def test_how_long_a_check_takes_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried, digests of one length are compared in constant time, and nothing is looked at before."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for tried in ("00000000", "12345670", "1234567", "", "123456789", "ABCDEFGH"):
        with pytest.raises(WrongCode):
            CODE.check(tried, NOW, LIMITS)
    assert len(compared) == 6
    assert {(left == CODE.digest, len(right)) for left, right in compared} == {(True, 32)}
