"""Group commit: concurrent requests are decided together, in one transaction.

While one group is in the database, those who come next wait and become the next group. Before it begins, it
waits for those who are on their way here: callers who were answered together mostly ask again together. A lone
request goes at once, and the busier it gets the larger the groups. One transaction of 64 costs this process and
PostgreSQL little more than one of 1.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from typing import Generic, TypeVar

from onhand.kit import trail

T = TypeVar("T")
R = TypeVar("R")

GATHER_S = 0.01
"""How long a group waits at most, whoever still comes."""
PAUSE_S = 0.002
"""When nobody came for this long, nobody is on the way: less than a commit takes, and several times what the server
needs to hand on a request."""


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
        self._waiting: deque[tuple[T, asyncio.Future[R], tuple[trail.Call, ...], Context]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._last = 1
        """How many the last group was of."""

    async def submit(self, request: T) -> R:
        """Return what became of `request`, or raise its failure.

        A caller that goes away does not take its request back: it may be in a transaction already.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future, trail.acting(), copy_context()))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                self._last = min(len(self._waiting), self._max_group)
                group = [self._waiting.popleft() for _ in range(self._last)]
                # In the trace of the first of them, not of whoever woke the worker some groups ago.
                await asyncio.create_task(self._answer([each[:3] for each in group]), context=group[0][3])
        finally:
            self._worker = None

    async def _gather(self) -> None:
        """Wait for those who are on their way, unless requests come one at a time."""
        await asyncio.sleep(0)
        if len(self._waiting) == 1 and self._last == 1:
            return
        until, known = time.perf_counter() + GATHER_S, 0
        while known < len(self._waiting) < self._max_group and time.perf_counter() < until:
            known = len(self._waiting)
            await asyncio.sleep(PAUSE_S)

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
