"""Lists of tasks, and watches that follow them across processes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.kit.errors import InvalidField, LimitReached
from onhand.pickup.use_cases import Assignments, Deps, Tasks


async def listed(world: Any, **fields: Any) -> pb.ListTasksResponse:
    return await world.client.tasks.ListTasks(pb.ListTasksRequest(**{"location_id": "store-1", **fields}))


async def test_a_list_goes_from_the_most_urgent_promise_page_by_page(world: Any) -> None:
    at = world.clock.now()
    later = await world.assigned(promise_time=at + timedelta(hours=3))
    same = sorted([await world.assigned(promise_time=at + timedelta(hours=1)) for _ in range(3)])
    urgent = await world.assigned(promise_time=at + timedelta(minutes=5))
    await world.assigned(location_id="store-2")
    ended = await world.assigned()
    await world.do("RejectTask", ended, reason="REJECT_REASON_OTHER", detail="flood")

    found, token = [], ""
    while True:
        page = await listed(world, page_size=2, page_token=token)
        assert len(page.tasks) <= 2
        found += [task.task_id for task in page.tasks]
        token = page.next_page_token
        if not token:
            break
    assert found == [urgent, *same, later]
    rejected = await listed(world, states=["STATE_REJECTED", "STATE_OPEN"])
    assert {task.task_id for task in rejected.tasks} == {urgent, *same, later, ended}


@pytest.mark.parametrize("page_token", ["x", "bm90IG91cnM=", "WyJhIiwgImIiXQ=="])
async def test_a_page_token_that_was_never_given_is_said_to_be_none(world: Any, page_token: str) -> None:
    with pytest.raises(InvalidField, match="page_token"):
        await listed(world, page_token=page_token)


class Watch:
    """Follows a stream, so that what came can be waited for."""

    def __init__(self, stream: AsyncIterator[pb.WatchTasksResponse]) -> None:
        self._stream = stream

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(10):
            task = (await anext(self._stream)).task
        return task.task_id, pb.Task.State.Name(task.state).removeprefix("STATE_")


async def test_a_watch_gives_live_tasks_and_then_every_change(world: Any) -> None:
    at = world.clock.now()
    second = await world.assigned(promise_time=at + timedelta(hours=2))
    first = await world.assigned(promise_time=at + timedelta(hours=1))
    ended = await world.assigned()
    await world.do("RejectTask", ended, reason="REJECT_REASON_OTHER")
    stream = world.client.tasks.WatchTasks(pb.WatchTasksRequest(location_id="store-1"))
    watch = Watch(stream)
    assert await watch.next() == (first, "OPEN")
    assert await watch.next() == (second, "OPEN")
    await world.do("AcceptTask", second)
    assert await watch.next() == (second, "ACCEPTED")
    await world.assigned(location_id="store-2")
    came = await world.assigned()
    assert await watch.next() == (came, "OPEN")
    await world.do("RejectTask", first, reason="REJECT_REASON_OTHER")
    assert await watch.next() == (first, "REJECTED")
    await stream.aclose()


async def test_a_watch_sees_what_another_process_did_however_long_that_took(world: Any) -> None:
    """A transaction that began before the watch's looks and commits after them is not missed."""
    slow, quick = await world.assigned(), await world.assigned()
    other = Assignments(Deps(world.database, world.clock, world.settings, world.deps.stock))
    stream = world.client.tasks.WatchTasks(pb.WatchTasksRequest(location_id="store-1"))
    watch = Watch(stream)
    assert {await watch.next(), await watch.next()} == {(slow, "OPEN"), (quick, "OPEN")}
    async with world.database.engine.connect() as connection:
        await other.withdraw(connection, slow, [], "")
        await world.do("AcceptTask", quick)
        assert await watch.next() == (quick, "ACCEPTED")
        # Two more looks at least, past the revision of the transaction that is still open.
        await world.do("CheckIn", quick, note="1")
        assert await watch.next() == (quick, "ACCEPTED")
        await connection.execute(text("SELECT 1"))
        await connection.commit()
    assert await watch.next() == (slow, "CANCELLED")
    await stream.aclose()


async def test_watches_of_a_process_are_limited(world: Any) -> None:
    settings = world.settings.model_copy(update={"max_watches": 1})
    pickup = Tasks(Deps(world.database, world.clock, settings, world.deps.stock))
    task_id = await world.assigned()
    first = pickup.watch("store-1")
    assert (await anext(first)).task_id == task_id
    with pytest.raises(LimitReached, match="1 watches of one process"):
        await anext(pickup.watch("store-1"))
    await first.aclose()
    again = pickup.watch("store-1")
    assert (await anext(again)).task_id == task_id
    await again.aclose()


async def test_a_task_that_is_not_there_is_not_found_anywhere(world: Any) -> None:
    assert await world.task(str(uuid4())) is None
    assert not (await listed(world, location_id="nowhere")).tasks
