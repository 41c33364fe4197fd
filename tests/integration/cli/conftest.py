"""No test here may hang: each is interrupted when it takes far too long."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

LIMIT_S = 90


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the test took more than {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
