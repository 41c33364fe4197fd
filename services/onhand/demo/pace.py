"""A day in less than a minute: when each thing of the day happens in the run."""

import asyncio


class Pace:
    """Maps seconds of the day to the run's own time, opening to closing, at an even rate."""

    def __init__(self, opens: int, closes: int, duration_s: float) -> None:
        self._opens = opens
        self._closes = closes
        self._rate = max(closes - opens, 1) / duration_s
        self._started: float | None = None

    def start(self) -> None:
        self._started = asyncio.get_running_loop().time()

    @property
    def second(self) -> int:
        """The second of the day that it is now; opening before it began, and closing from its end on."""
        if self._started is None:
            return self._opens
        passed = int((asyncio.get_running_loop().time() - self._started) * self._rate)
        return min(self._opens + passed, self._closes)

    async def until(self, second: int) -> None:
        """Wait for a second of the day; not at all when it has passed."""
        if self._started is None:
            raise RuntimeError("the day has not begun")
        due = self._started + (second - self._opens) / self._rate
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


def clock_text(second: int) -> str:
    """Say a second of the day as a clock does; past midnight it goes on from 24:00."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"
