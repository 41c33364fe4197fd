"""Group commit: who waits for whom."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from onhand.stock.use_cases import gather
from onhand.stock.use_cases.gather import Gatherer

CALLERS = 16
ROUNDS = 20


class Decisions:
    """Answers each request with itself, and remembers how large the groups were."""

    def __init__(self) -> None:
        self.groups: list[int] = []

    async def decide(self, group: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(len(group))
        await asyncio.sleep(0)
        return group


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_who_asks_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "PAUSE_S", 3_600)
    decisions = Decisions()
    gatherer = Gatherer[int, int](decisions.decide, max_group=CALLERS)
    async with asyncio.timeout(30):
        assert [await gatherer.submit(number) for number in range(3)] == [0, 1, 2]
    assert decisions.groups == [1, 1, 1]


async def test_callers_who_ask_again_one_after_another_are_decided_together() -> None:
    decisions = Decisions()
    gatherer = Gatherer[int, int](decisions.decide, max_group=CALLERS)

    async def caller(number: int) -> None:
        for _ in range(ROUNDS):
            await turns(3 * number)
            assert await gatherer.submit(number) == number

    await asyncio.gather(*map(caller, range(CALLERS)))
    assert sum(decisions.groups) == CALLERS * ROUNDS
    # A machine that stands still for a moment may part some of them, not most.
    assert len(decisions.groups) < 3 * ROUNDS


async def test_a_group_is_never_larger_than_it_may_be() -> None:
    decisions = Decisions()
    gatherer = Gatherer[int, int](decisions.decide, max_group=5)
    assert await asyncio.gather(*map(gatherer.submit, range(CALLERS))) == list(range(CALLERS))
    assert decisions.groups == [5, 5, 5, 1]


async def test_each_group_is_decided_in_the_context_of_its_first_caller() -> None:
    """Its events go out under that caller's trace, also while the worker that another one woke still runs."""
    trace: ContextVar[str] = ContextVar("trace")
    first_is_decided = asyncio.Event()
    seen: list[str] = []

    async def decide(group: Sequence[str]) -> Sequence[str | Exception]:
        seen.append(trace.get())
        if group[0] == "first":
            await first_is_decided.wait()
        return group

    gatherer = Gatherer[str, str](decide, max_group=CALLERS)

    async def caller(name: str) -> str:
        trace.set(name)
        return await gatherer.submit(name)

    async with asyncio.timeout(30), asyncio.TaskGroup() as callers:
        callers.create_task(caller("first"))
        while not seen:
            await asyncio.sleep(0)
        callers.create_task(caller("second"))
        await turns(3)
        first_is_decided.set()
    assert seen == ["first", "second"]
