"""A process that dies before any step of a hand-over, and another that goes on: the books are right."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1 import customers_pb2, tasks_pb2
from onhand.pickup.domain.collecting import Checks, Taken
from onhand.pickup.domain.task import Condition, HandOver, State, Task
from onhand.pickup.stock import Stock
from onhand.pickup.use_cases import Call, Collecting, Collection, Deps, Outcome, Sweeps

_fuse: ContextVar[list[int]] = ContextVar("fuse")
"""Steps that may still be made in this context before the process dies; none where nothing was set."""


class CrashError(BaseException):
    """The process is gone: nobody handles it."""


def burn() -> None:
    fuse = _fuse.get(None)
    if fuse is not None:
        fuse[0] -= 1
        if fuse[0] < 0:
            raise CrashError


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make every statement, commit and call of stock a step before which the process may die."""

    def step(kind: type, name: str) -> None:
        original: Callable[..., Awaitable[Any]] = getattr(kind, name)

        async def stepped(*arguments: Any, **named: Any) -> Any:
            burn()
            return await original(*arguments, **named)

        monkeypatch.setattr(kind, name, stepped)

    step(AsyncConnection, "execute")
    step(AsyncConnection, "commit")
    step(Stock, "tell")
    return


async def dies(count: int, work: Callable[[], Awaitable[Any]]) -> bool:
    """Do `work` in a process that dies before its step number `count`; False when it has fewer."""

    async def process() -> None:
        _fuse.set([count])
        await work()

    try:
        await asyncio.create_task(process())
    except BaseException as error:
        if isinstance(error, CrashError) or (
            isinstance(error, BaseExceptionGroup) and error.subgroup(CrashError)
        ):
            return True
        raise
    return False


def another_process(world: Any) -> Deps:
    return Deps(world.database, world.clock, world.settings, world.deps.stock)


async def tell_all(deps: Deps) -> None:
    while await Sweeps(deps).tell_stock():
        pass


async def books(world: Any, task_id: str, hand_overs: int = 1) -> None:
    """Everything has happened, and once."""
    task = await world.tasks.get_task(task_id)
    assert task.state is State.COLLECTED
    assert len(task.hand_overs) == hand_overs
    assert not await world.rows(
        "SELECT task_id FROM owed_to_stock WHERE task_id = CAST(:id AS uuid)", id=task_id
    )
    what = await world.rows(
        "SELECT what FROM task_events WHERE task_id = CAST(:id AS uuid) AND what = 'task_collected'",
        id=task_id,
    )
    assert len(what) == 1
    assert not await world.rows(
        "SELECT task_id FROM collection_codes WHERE task_id = CAST(:id AS uuid)", id=task_id
    )


async def prepared(world: Any) -> None:
    """Leave telling stock to the test alone."""
    world.telling.cancel()
    await asyncio.wait([world.telling])


def handing_over(world: Any, task: Task, code: str, taken: list[Taken]) -> Callable[[], Awaitable[None]]:
    """Return one and the same hand-over, as often as it is asked for, each time of another process."""
    request = tasks_pb2.HandOverRequest(request_id=str(uuid4()), task_id=task.task_id, code=code)
    call = Call("ana", task, request, tasks_pb2.HandOverResponse)
    asked = Collecting(code, "", taken, Checks(), HandOver(request.request_id, task.create_time, "ana"))

    async def work() -> None:
        deps = another_process(world)
        await Collection(deps).hand_over(call, asked)
        await tell_all(deps)

    return work


async def test_a_hand_over_survives_a_crash_before_each_of_its_steps(world: Any) -> None:
    await prepared(world)
    taken = [Taken("1", 1, 1, (), Condition.DAMAGED)]
    crashes = 0
    while True:
        task_id, code = await world.ready()
        task = await world.tasks.get_task(task_id)
        work = handing_over(world, task, code, taken)
        died = await dies(crashes, work)
        # The till asks again, the lease of whoever died runs out, and another process goes on.
        world.clock.ahead += timedelta(seconds=world.settings.effect_lease_s)
        await work()
        await books(world, task_id)
        mine = [
            each
            for each in world.stock.fulfilled.values()
            if each.reservation_id == task.assignment.reservation_id
        ]
        assert [line.quantity for each in mine for line in each.lines] == [1]
        released = [
            each
            for word, each in world.stock.told
            if word == "release" and each.reservation_id == task.assignment.reservation_id
        ]
        assert [line.quantity for each in released for line in each.lines] == [1]
        if not died:
            break
        crashes += 1
    assert crashes > 20, "the steps were not seen"


async def test_a_hand_over_in_part_survives_a_crash_before_each_of_its_steps_and_the_rest_goes_by_its_code(
    world: Any,
) -> None:
    await prepared(world)
    crashes = 0
    while True:
        task_id = await world.assigned(("1", "shirt", 1), ("2", "belt", 2))
        await world.do("AcceptTask", task_id)
        await world.do("PickLine", task_id, line_id="1", quantity=1)
        await world.do("PickLine", task_id, line_id="2", quantity=2)
        await world.do("StageTask", task_id, staging_place="rack 1")
        code = (await world.event(task_id, "task_ready")).task_ready.code
        task = await world.tasks.get_task(task_id)
        work = handing_over(world, task, code, [Taken("1", 1)])
        died = await dies(crashes, work)
        world.clock.ahead += timedelta(seconds=world.settings.effect_lease_s)
        await work()
        part = await world.tasks.get_task(task_id)
        assert (part.state, [line.waiting for line in part.lines]) == (State.READY, [0, 2])
        next_code = (await world.event(task_id, "task_partly_collected")).task_partly_collected.code
        await world.do("HandOver", task_id, code=next_code)
        await tell_all(world.deps)
        await books(world, task_id, hand_overs=2)
        assert world.payloads(task_id).count("task_partly_collected") == 1
        fulfilled = [
            (line.item_id, line.quantity)
            for each in world.stock.fulfilled.values()
            if each.reservation_id == task.assignment.reservation_id
            for line in each.lines
        ]
        assert fulfilled == [("shirt", 1), ("belt", 2)]
        if not died:
            break
        crashes += 1
    assert crashes > 20, "the steps were not seen"


async def test_an_offline_hand_over_survives_a_crash_before_each_of_its_steps(world: Any) -> None:
    await prepared(world)
    crashes = 0
    while True:
        task_id, _ = await world.ready()
        answer = await world.client.customers.GetCollectionPass(
            customers_pb2.GetCollectionPassRequest(task_id=task_id)
        )
        record = HandOver(str(uuid4()), world.clock.now(), "till", offline=True)

        async def work(shown: str = answer.collection_pass, record: HandOver = record) -> Outcome:
            deps = another_process(world)
            outcome, _, _ = await Collection(deps).record_offline("till", "store-1", shown, record)
            await tell_all(deps)
            return outcome

        died = await dies(crashes, work)
        world.clock.ahead += timedelta(seconds=world.settings.effect_lease_s)
        assert await work() is Outcome.RECORDED
        await books(world, task_id)
        if not died:
            break
        crashes += 1
    assert crashes > 15, "the steps were not seen"
