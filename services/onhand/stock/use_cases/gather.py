"""Group commit: concurrent requests are decided together, in one transaction.

While one group is in the database, those who come next wait and become the next group. Before it begins, the
event loop does what else it has ready, for much of that are requests on their way here: a lone request goes
at once, and the busier it gets the larger the groups. One transaction of 64 costs this process and PostgreSQL
little more than one of 1.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from onhand.kit import trail

T = TypeVar("T")
R = TypeVar("R")

GATHER_S = 0.01
"""How long a group waits for a loop that always has something else to do."""
IDLE_TURN_S = 0.0001
"""A turn of the loop that takes less had nothing to do."""


async def until_idle(enough: Callable[[], bool], at_most_s: float = GATHER_S) -> None:
    """Let the loop do what is ready, until that is nothing more or there is enough of what it brings."""
    turn = time.perf_counter()
    until = turn + at_most_s
    while not enough():
        before = turn
        await asyncio.sleep(0)
        turn = time.perf_counter()
        if turn - before < IDLE_TURN_S or turn > until:
            return


class Gatherer(Generic[T, R]):
    """Hands requests to `decide` in groups; one group at a time, in the order they came."""

    def __init__(
        self, decide: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]], max_group: int
    ) -> None:
        """`decide` answers each request of a group with its result or its own failure, in order.

        What it raises fails the whole group.
        """
        self._decide = decide
        self._max_group = max_group
        self._waiting: deque[tuple[T, asyncio.Future[R], tuple[trail.Call, ...]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, request: T) -> R:
        """Return what became of `request`, or raise its failure.

        A caller that goes away does not take its request back: it may be in a transaction already.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future, trail.acting()))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await until_idle(lambda: len(self._waiting) >= self._max_group)
                count = min(len(self._waiting), self._max_group)
                group = [self._waiting.popleft() for _ in range(count)]
                await self._answer(group)
        finally:
            self._worker = None

    async def _answer(self, group: Sequence[tuple[T, asyncio.Future[R], tuple[trail.Call, ...]]]) -> None:
        # What is decided together is written for all of them, whoever's task this began as.
        trail.act_for(call for _, _, calls in group for call in calls)
        answers: Sequence[R | Exception]
        try:
            answers = await self._decide([request for request, _, _ in group])
        except Exception as error:  # noqa: BLE001  each caller is told
            answers = [error] * len(group)
        for (_, future, _), answer in zip(group, answers, strict=True):
            if future.done():
                continue  # its caller has gone away
            if isinstance(answer, Exception):
                future.set_exception(answer)
                future.exception()  # seen, also when its caller goes away now
            else:
                future.set_result(answer)
