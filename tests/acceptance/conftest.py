"""The whole, called from outside."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

TEST_WITHIN_S = 240
LONG_TEST_WITHIN_S = 1_800


@pytest.fixture(autouse=True)
def time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test here may hang: each is interrupted when it takes far too long."""
    within_s = LONG_TEST_WITHIN_S if request.node.get_closest_marker("long") else TEST_WITHIN_S

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the test took more than {within_s} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(within_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
