"""Killed between any two steps, with stock away, with answers lost: every order ends right."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from onhand.api.pickup.v1 import tasks_pb2

from .conftest import World, killed_before, states_of
from .peer import WRITES

RECORDS = ("record_plan", "record_assigned")


async def test_an_order_is_taken_while_stock_is_away_and_placed_when_it_is_back(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    await world.stock.stop()
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    assert states_of(order) == ["ACCEPTED"]
    assert not order.HasField("promise_time")
    await world.event(order, "order_accepted")
    await world.stock.start()
    await world.becomes(order.order_id, "ASSIGNED")
    await world.settled(order.order_id)


@pytest.mark.parametrize("fate", ["refused", "lost"])
@pytest.mark.parametrize("method", WRITES)
async def test_a_lost_call_or_answer_leaves_one_live_reservation(
    world: World, method: str, fate: str
) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 2})
    world.stock.failing[method] = [fate, fate]
    order = await world.submit(("1", "shirt", 2))
    order = await world.becomes(order.order_id, "ASSIGNED")
    reject = tasks_pb2.REJECT_REASON_OTHER
    await world.store_says(order, "task_rejected", reason=reject)

    async def moved() -> bool:
        return (await world.get(order.order_id)).lines[0].location_id == "zwolle"

    await world.until(moved)
    await world.settled(order.order_id)
    assert world.stock.failing[method] == []
    assert world.stock.available("utrecht", "shirt") == 2
    assert world.stock.available("zwolle", "shirt") == 0
    await world.event(order, "lines_assigned", count=2)
    assert len(world.events(order, "lines_assigned")) == 2


@pytest.mark.parametrize("record", RECORDS)
async def test_killed_between_two_steps_another_process_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, record: str
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    killed = killed_before(world, monkeypatch, record)
    order = await world.submit(("1", "shirt", 2), collect="zwolle")
    assert killed.is_set()
    assert states_of(order)[0] in {"ACCEPTED", "PLANNED"}
    world.clock.ahead += timedelta(seconds=world.settings.lease_s)
    await world.becomes(order.order_id, "ASSIGNED")
    await world.settled(order.order_id)
    assert len(world.stock.reservations) == 1


STEPS = ("next_step", "record_released", "record_plan", "record_refused", "record_assigned", "rest")


@pytest.mark.parametrize("record", STEPS)
async def test_killed_anywhere_while_a_rejected_order_is_planned_again_it_ends_right(
    world: World, monkeypatch: pytest.MonkeyPatch, record: str
) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shirt"): 1})
    world.stock.pretended["amsterdam", "shirt"] = 1  # so that stock refuses a plan on the way
    order = await world.submit(("1", "shirt", 1), allow_split=True)
    order = await world.becomes(order.order_id, "ASSIGNED")
    killed = killed_before(world, monkeypatch, record)
    first = order.lines[0].location_id
    await world.store_says(order, "task_rejected", reason=tasks_pb2.REJECT_REASON_DAMAGED)

    async def is_killed() -> bool:
        return killed.is_set()

    async def moved() -> bool:
        line = (await world.get(order.order_id)).lines[0]
        return line.location_id not in {"", first} and states_of(await world.get(order.order_id)) == [
            "ASSIGNED"
        ]

    await world.until(is_killed)
    world.clock.ahead += timedelta(seconds=world.settings.lease_s)
    await world.until(moved, lambda: world.get(order.order_id))
    await world.settled(order.order_id)
    assert world.stock.lost[first, "shirt", "DAMAGED"] == 1
    assert len(world.events(order, "lines_assigned")) <= 2


async def test_killed_for_longer_than_the_hold_it_reserves_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    world.stock.failing["CommitReservation"] = ["refused"]
    postponed = killed_before(world, monkeypatch, "postpone")
    order = await world.submit(("1", "shirt", 2), collect="zwolle")
    assert postponed.is_set()
    assert states_of(order) == ["PLANNED"]
    world.clock.ahead += timedelta(seconds=world.settings.hold_s + 1)
    await world.becomes(order.order_id, "ASSIGNED")
    await world.settled(order.order_id)
    assert len(world.stock.reservations) == 2


@pytest.mark.parametrize("method", ["CreateReservation", "CommitReservation"])
@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_cancellation_that_races_with_the_reservation_frees_the_stock(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, *, is_killed: bool
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    order_id = f"order-{uuid4().hex[:12]}"

    async def cancel() -> None:
        await world.cancel(order_id)

    world.stock.before_answer[method] = cancel
    if is_killed:
        killed_before(world, monkeypatch, "record_assigned")
    await world.submit(("1", "shirt", 2), collect="zwolle", order_id=order_id)
    world.clock.ahead += timedelta(seconds=world.settings.lease_s)
    order = await world.settled(order_id)
    assert states_of(order) == ["CANCELLED"]
    assert world.stock.available("zwolle", "shirt") == 2
    assert world.events(order, "lines_assigned") == []


async def test_a_line_cancelled_during_the_reservation_leaves_the_others_assigned(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 2, ("zwolle", "shoes"): 1})
    order_id = f"order-{uuid4().hex[:12]}"

    async def cancel() -> None:
        await world.cancel(order_id, "1")

    world.stock.before_answer["CommitReservation"] = cancel
    await world.submit(("1", "shirt", 2), ("2", "shoes", 1), collect="zwolle", order_id=order_id)
    order = await world.settled(order_id)
    assert states_of(order) == ["CANCELLED", "ASSIGNED"]
    assigned = await world.event(order, "lines_assigned")
    assert [line.line_id for line in assigned.lines] == ["2"]
    assert world.stock.available("zwolle", "shirt") == 2


async def test_a_held_basket_survives_a_lost_commit(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    held = str(uuid4())
    world.stock.hold(held, "zwolle", shirt=1)
    world.stock.failing["CommitReservation"] = ["lost"]
    order = await world.submit(("1", "shirt", 1), collect="zwolle", basket=held)
    order = await world.becomes(order.order_id, "ASSIGNED")
    assert order.lines[0].reservation_id == held
    await world.settled(order.order_id)


async def test_two_processes_never_advance_one_order_at_the_same_time(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 20
    await world.stock.stop()
    orders = [await world.submit(("1", "shirt", 1), collect="zwolle") for _ in range(5)]
    await world.stock.start()
    # Beside the job of this process, as another process would.
    await asyncio.gather(*(world.saga.advance_due() for _ in range(4)))
    for order in orders:
        await world.becomes(order.order_id, "ASSIGNED")
        await world.event(order, "lines_assigned")
    assert world.stock.available("zwolle", "shirt") == 15
    assert all(len(world.events(order, "lines_assigned")) == 1 for order in orders)
