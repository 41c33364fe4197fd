"""The whole, called from outside."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

TEST_WITHIN_S = 240


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """No test here may hang: each is interrupted when it takes far too long."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the test took more than {TEST_WITHIN_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_WITHIN_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
