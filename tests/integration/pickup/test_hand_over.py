"""A code works once, wrong ones are limited, and stock hears of what left exactly once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.kit.errors import LimitReached, WrongCode, WrongState
from onhand.pickup.storage.effects import effect_id
from onhand.pickup.use_cases import Sweeps


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


async def attempts(world: Any, task_id: str, *codes: str) -> list[Any]:
    return await asyncio.gather(
        *(world.do("HandOver", task_id, code=code) for code in codes), return_exceptions=True
    )


async def told(world: Any, task_id: str) -> bool:
    return str(effect_id(task_id, "fulfil")) in world.stock.fulfilled


async def effect(world: Any, task_id: str) -> Any:
    rows = await world.rows(
        "SELECT attempts, next_attempt_time, failure FROM owed_to_stock WHERE task_id = CAST(:id AS uuid)",
        id=task_id,
    )
    return rows[0] if rows else None


async def settled(world: Any, task_id: str) -> bool:
    return await effect(world, task_id) is None


async def test_a_code_works_once_when_twenty_tills_try_at_once(world: Any) -> None:
    task_id, code = await world.ready()
    outcomes = await attempts(world, task_id, *[code] * 20)
    assert sum(isinstance(each, pb.Task) for each in outcomes) == 1
    late = [each for each in outcomes if isinstance(each, WrongState)]
    assert len(late) == 19
    assert all("is COLLECTED: cannot be handed over" in each.message for each in late)
    await world.event(task_id, "task_collected")
    assert world.payloads(task_id).count("task_collected") == 1
    await world.until(lambda: settled(world, task_id))
    assert world.stock.fulfil_calls == 1
    assert not await world.rows("SELECT task_id FROM collection_codes")


async def test_the_same_hand_over_again_gets_the_same_answer(world: Any) -> None:
    task_id, code = await world.ready()
    request_id = str(uuid4())
    answers = await asyncio.gather(
        *(world.do("HandOver", task_id, code=code, request_id=request_id) for _ in range(10))
    )
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].state == pb.Task.STATE_COLLECTED


async def test_wrong_codes_are_counted_though_they_fail_and_then_wait(world: Any) -> None:
    task_id, code = await world.ready()
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongCode) as raised:
            await world.do("HandOver", task_id, code=other_than(code))
        assert raised.value.attempts_left == left
    with pytest.raises(LimitReached, match="5 wrong codes"):
        await world.do("HandOver", task_id, code=code)
    world.clock.ahead = timedelta(minutes=14)
    with pytest.raises(LimitReached):
        await world.do("HandOver", task_id, code=code)
    world.clock.ahead = timedelta(minutes=16)
    assert (await world.do("HandOver", task_id, code=code)).state == pb.Task.STATE_COLLECTED


async def test_a_wrong_code_stores_no_answer_so_that_a_repeat_is_another_attempt(world: Any) -> None:
    task_id, code = await world.ready()
    request_id = str(uuid4())
    for left in (4, 3):
        with pytest.raises(WrongCode) as raised:
            await world.do("HandOver", task_id, code=other_than(code), request_id=request_id)
        assert raised.value.attempts_left == left
    task = await world.do("HandOver", task_id, code=code, request_id=request_id)
    assert task.state == pb.Task.STATE_COLLECTED


async def test_guessing_at_many_tills_at_once_gets_no_more_attempts(world: Any) -> None:
    task_id, code = await world.ready()
    outcomes = await attempts(world, task_id, *[other_than(code)] * 20)
    assert sum(isinstance(each, WrongCode) for each in outcomes) == 5
    assert sum(isinstance(each, LimitReached) for each in outcomes) == 15
    assert await world.state(task_id) == "READY"


async def test_goods_leave_though_stock_is_down_and_it_hears_of_it_once_it_is_back(world: Any) -> None:
    task_id, code = await world.ready()
    await world.stock.stop()
    assert (await world.do("HandOver", task_id, code=code)).state == pb.Task.STATE_COLLECTED

    async def tried_twice() -> bool:
        world.clock.ahead += timedelta(minutes=1)
        return (await effect(world, task_id)).attempts >= 2

    await world.until(tried_twice)
    await world.stock.start()
    world.clock.ahead += timedelta(minutes=1)
    await world.until(lambda: settled(world, task_id))
    assert world.stock.fulfilled.keys() == {str(effect_id(task_id, "fulfil"))}
    assert world.stock.fulfil_calls == 1


async def test_an_answer_of_stock_that_is_lost_does_not_make_goods_leave_twice(world: Any) -> None:
    world.stock.lost_answers = 1
    task_id, code = await world.ready()
    await world.do("HandOver", task_id, code=code)
    await world.until(lambda: told(world, task_id))
    world.clock.ahead += timedelta(minutes=1)
    await world.until(lambda: settled(world, task_id))
    assert world.stock.fulfil_calls == 2
    assert len(world.stock.fulfilled) == 1


async def test_an_effect_left_by_a_process_that_died_is_taken_over_after_its_lease(world: Any) -> None:
    task_id, code = await world.ready()
    await world.stock.stop()
    await world.do("HandOver", task_id, code=code)
    await world.rows(
        "UPDATE owed_to_stock SET attempts = 1, next_attempt_time = :end RETURNING 1",
        end=world.clock.now() + timedelta(seconds=world.settings.effect_lease_s),
    )
    await world.stock.start()
    assert await Sweeps(world.deps).tell_stock() == 0
    world.clock.ahead = timedelta(seconds=world.settings.effect_lease_s + 1)
    await world.until(lambda: settled(world, task_id))
    assert await told(world, task_id)


async def test_what_stock_refuses_for_good_stays_listed_and_is_not_tried_again(world: Any) -> None:
    world.stock.refusal = WrongState("reservation", "r", "RELEASED", "be fulfilled")
    task_id, code = await world.ready()
    await world.do("HandOver", task_id, code=code)

    async def refused() -> bool:
        return (await effect(world, task_id)).failure is not None

    await world.until(refused)
    assert (await effect(world, task_id)).failure == (
        "WRONG_STATE: reservation r is RELEASED: cannot be fulfilled"
    )
    world.clock.ahead = timedelta(days=1)
    assert await Sweeps(world.deps).tell_stock() == 0
    assert world.stock.fulfil_calls == 1
    assert await world.state(task_id) == "COLLECTED"


async def test_goods_that_an_earlier_version_left_to_tell_of_are_told_once_under_the_same_id(
    world: Any,
) -> None:
    task_id, code = await world.ready()
    await world.do("HandOver", task_id, code=code)
    await world.until(lambda: settled(world, task_id))

    async def left_behind(connection: Any) -> None:
        statement = "INSERT INTO stock_effects (task_id, next_attempt_time) VALUES (CAST(:id AS uuid), now())"
        await connection.execute(text(statement), {"id": task_id})

    await world.database.transaction(left_behind)

    async def told_again() -> bool:
        return world.stock.fulfil_calls == 2 and await settled(world, task_id)

    await world.until(told_again)
    assert list(world.stock.fulfilled) == [str(effect_id(task_id, "fulfil"))]
    assert not await world.rows("SELECT task_id FROM stock_effects")
