"""Events of routing that come twice, late or in the wrong order, and deadlines that pass."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.kit.errors import WrongState
from onhand.pickup.consumer import routing_events
from onhand.pickup.events import assignment_of
from onhand.pickup.use_cases import Assignments


async def settle(world: Any) -> None:
    """Return when all that was told before is handled: one consumer takes events in their order."""
    await world.assigned()


async def test_an_assignment_twice_makes_one_task(world: Any) -> None:
    assignment = world.assignment()
    event_id = str(uuid4())
    await world.tell(event_id, lines_assigned=assignment)
    await world.tell(event_id, lines_assigned=assignment)
    await world.until(lambda: world.task(assignment.task_id))
    accepted = await world.do("AcceptTask", assignment.task_id)
    # The relay of routing may be set back in time: the same fact under the same id, or after our inbox
    # has forgotten it.
    await world.tell(lines_assigned=assignment)
    await settle(world)
    assert await world.task(assignment.task_id) == accepted
    await world.event(assignment.task_id, "task_accepted")
    assert world.payloads(assignment.task_id) == ["task_opened", "task_accepted"]


async def test_a_withdrawal_before_its_task_is_kept_for_it(world: Any) -> None:
    whole, part = world.assignment(), world.assignment(("1", "shirt", 2), ("2", "hat", 1))
    await world.tell(assignment_cancelled={"task_id": whole.task_id})
    await world.tell(assignment_cancelled={"task_id": part.task_id, "line_ids": ["2"], "detail": "shopper"})
    await world.tell(lines_assigned=whole)
    await world.tell(lines_assigned=part)
    await world.event(part.task_id, "line_withdrawn")
    assert await world.state(whole.task_id) == "CANCELLED"
    assert world.payloads(whole.task_id) == ["task_opened", "line_withdrawn", "task_cancelled"]
    task = await world.task(part.task_id)
    assert (task.state, [line.cancelled_quantity for line in task.lines]) == (pb.Task.STATE_OPEN, [0, 1])
    assert not await world.rows("SELECT task_id FROM early_withdrawals")


@pytest.mark.parametrize("first", ["assignment", "withdrawal"])
async def test_a_withdrawal_and_its_task_at_the_same_moment_meet(world: Any, first: str) -> None:
    """Two replicas take one event each, and neither sees what the other has not committed yet."""
    assignment = world.assignment()

    async def open_task(connection: AsyncConnection) -> None:
        await Assignments(world.deps).open_task(connection, *assignment_of(assignment))

    async def withdraw(connection: AsyncConnection) -> None:
        await Assignments(world.deps).withdraw(connection, assignment.task_id, [], "")

    begins, follows = (open_task, withdraw) if first == "assignment" else (withdraw, open_task)
    async with world.database.engine.connect() as connection:
        await begins(connection)
        other = asyncio.create_task(world.database.transaction(follows))

        async def other_is_done_or_waits() -> bool:
            return other.done() or bool(await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))

        await world.until(other_is_done_or_waits)
        await connection.commit()
    await other
    assert await world.state(assignment.task_id) == "CANCELLED"


async def test_a_withdrawal_takes_picked_goods_back_and_leaves_ended_tasks(world: Any) -> None:
    ready_id, _ = await world.ready()
    await world.tell(assignment_cancelled={"task_id": ready_id, "line_ids": ["1"], "detail": "shopper"})
    cancelled = await world.event(ready_id, "task_cancelled")
    assert cancelled.actor == "routing"
    assert (await world.event(ready_id, "line_withdrawn")).line_withdrawn.picked_quantity == 2
    assert cancelled.task.lines[0].cancelled_quantity == 2

    collected_id, code = await world.ready()
    collected = await world.do("HandOver", collected_id, code=code)
    await world.tell(assignment_cancelled={"task_id": collected_id})
    await settle(world)
    assert await world.task(collected_id) == collected


async def test_an_assignment_that_cannot_be_a_task_fails_and_leaves_nothing(world: Any) -> None:
    no_units, no_method = world.assignment(), world.assignment(method=0)
    no_units.lines[0].quantity = 0
    handle = routing_events(Assignments(world.deps)).handler
    for assignment, says in ((no_units, "with units"), (no_method, "method 0 is not known")):
        event = RoutingEvent(lines_assigned=assignment).SerializeToString()
        with pytest.raises(ValueError, match=says):
            await world.database.transaction(lambda connection, event=event: handle(connection, event))
        assert await world.task(assignment.task_id) is None


async def test_a_task_that_nobody_accepts_is_rejected_once_at_its_deadline(world: Any) -> None:
    task_id = await world.assigned()
    in_work = await world.assigned()
    await world.do("AcceptTask", in_work)
    await world.jobs.pass_deadlines()
    assert await world.state(task_id) == "OPEN"
    world.clock.ahead = timedelta(seconds=world.settings.accept_timeout_s)
    with pytest.raises(WrongState, match="past its accept deadline"):
        await world.do("AcceptTask", task_id)
    await asyncio.gather(*(world.jobs.pass_deadlines() for _ in range(4)))
    rejected = await world.event(task_id, "task_rejected")
    assert rejected.task_rejected.reason == pb.REJECT_REASON_TIMED_OUT
    assert rejected.actor == "pickup"
    assert world.payloads(task_id) == ["task_opened", "task_rejected"]
    assert await world.state(in_work) == "ACCEPTED"


async def test_goods_that_nobody_collects_expire_once_and_their_code_ends(world: Any) -> None:
    task_id, code = await world.ready()
    world.clock.ahead = timedelta(seconds=world.settings.collect_window_s + world.settings.collect_grace_s)
    await asyncio.gather(*(world.jobs.pass_deadlines() for _ in range(4)))
    assert await world.state(task_id) == "EXPIRED"
    await world.event(task_id, "task_expired")
    assert world.payloads(task_id).count("task_expired") == 1
    with pytest.raises(WrongState, match="is EXPIRED"):
        await world.do("HandOver", task_id, code=code)
    assert not await world.rows("SELECT task_id FROM collection_codes")
    assert not await world.rows("SELECT task_id FROM owed_to_stock")


async def test_a_hand_over_and_the_deadline_at_the_same_moment_end_in_one_way(world: Any) -> None:
    ready = [await world.ready() for _ in range(5)]
    world.clock.ahead = timedelta(seconds=world.settings.collect_window_s + world.settings.collect_grace_s)
    outcomes = await asyncio.gather(
        *(world.do("HandOver", task_id, code=code) for task_id, code in ready),
        world.jobs.pass_deadlines(),
        return_exceptions=True,
    )
    for (task_id, _), outcome in zip(ready, outcomes, strict=False):
        expected = "COLLECTED" if isinstance(outcome, pb.Task) else "EXPIRED"
        assert await world.state(task_id) == expected


async def test_withdrawals_whose_task_never_came_are_dropped_in_the_end(world: Any) -> None:
    await world.tell(assignment_cancelled={"task_id": str(uuid4())})
    await settle(world)
    await world.jobs.forget()
    assert len(await world.rows("SELECT task_id FROM early_withdrawals")) == 1
    world.clock.ahead = timedelta(days=15)
    await world.jobs.forget()
    assert not await world.rows("SELECT task_id FROM early_withdrawals")
