"""Pauses between attempts, longer each time."""

import asyncio
from random import Random

FIRST_S = 0.5


class Backoff:
    """Doubles from half a second to a limit, with jitter: a chain's gateways must not come back in step."""

    def __init__(self, max_s: float, random: Random) -> None:
        self._max_s = max_s
        self._random = random
        self._next_s = FIRST_S

    def reset(self) -> None:
        self._next_s = FIRST_S

    async def pause(self) -> None:
        seconds = min(self._next_s, self._max_s)
        self._next_s = min(2 * self._next_s, self._max_s)
        await asyncio.sleep(seconds * self._random.uniform(0.5, 1))
