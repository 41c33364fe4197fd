"""A store's own times, no-shows, goods that leave, slots that run over, and what is measured."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import slots_pb2, stores_pb2, tasks_pb2
from onhand.api.stock.v1 import events_pb2 as stock_pb2
from onhand.kit.errors import InvalidField, LimitReached, WrongLocation

STORE = "store-1"
HOUR = timedelta(hours=1)
Alert = tasks_pb2.TaskAlert


async def settle(world: Any, **settings: Any) -> stores_pb2.StoreSettings:
    durations = {
        name: Duration(seconds=int(value.total_seconds())) if isinstance(value, timedelta) else value
        for name, value in settings.items()
    }
    request = stores_pb2.UpdateStoreSettingsRequest(
        request_id=str(uuid4()), settings=stores_pb2.StoreSettings(location_id=STORE, **durations)
    )
    return (await world.client.stores.UpdateStoreSettings(request)).settings


async def settings_of(world: Any) -> stores_pb2.StoreSettings:
    request = stores_pb2.GetStoreSettingsRequest(location_id=STORE)
    return (await world.client.stores.GetStoreSettings(request)).settings


def alerts(task: tasks_pb2.Task) -> list[str]:
    return [Alert.Kind.Name(each.kind).removeprefix("KIND_") for each in task.alerts]


async def test_a_store_has_the_services_times_until_it_sets_its_own(world: Any, mint: Any) -> None:
    default = await settings_of(world)
    assert default.collect_duration.seconds == world.settings.collect_window_s
    assert (default.version, default.max_extensions) == (0, world.settings.max_extensions)
    own = await settle(world, collect_duration=48 * HOUR, max_extensions=0, walk_zone_ids=["floor", "back"])
    assert own == await settings_of(world)
    assert (own.version, own.max_extensions, own.collect_duration.seconds) == (1, 0, 48 * 3600)
    assert own.wait_duration == default.wait_duration
    assert (await settle(world)).collect_duration == default.collect_duration
    other = world.open_client(mint(locations=["store-2"]))
    with pytest.raises(WrongLocation):
        await other.stores.GetStoreSettings(stores_pb2.GetStoreSettingsRequest(location_id=STORE))


async def seconds_to_accept(world: Any) -> float:
    task = await world.task(await world.assigned(promise_time=world.clock.now() + 48 * HOUR))
    return (task.accept_deadline.ToDatetime() - task.create_time.ToDatetime()).total_seconds()


async def seconds_to_answer(world: Any) -> float:
    task_id = await world.assigned(promise_time=world.clock.now() + 48 * HOUR)
    await world.do("AcceptTask", task_id)
    asked = world.clock.now().replace(tzinfo=None)
    fields = {"line_id": "1", "item_id": "coat", "reason": tasks_pb2.REJECT_REASON_NOT_FOUND}
    (offer,) = (await world.do("ProposeSubstitution", task_id, **fields)).substitutions
    return (offer.decide_deadline.ToDatetime() - asked).total_seconds()


async def seconds_of_an_extension(world: Any) -> float:
    task_id, _ = await world.ready()
    before = (await world.task(task_id)).collect_deadline.ToDatetime()
    after = (await world.do("ExtendCollection", task_id)).collect_deadline.ToDatetime()
    return (after - before).total_seconds()


async def extensions(world: Any) -> int:
    task_id, _ = await world.ready()
    for count in range(3):
        try:
            await world.do("ExtendCollection", task_id)
        except LimitReached:
            return count
    return 3


async def waits_after_20_minutes(world: Any) -> bool:
    task_id, _ = await world.ready()
    await world.do("CheckIn", task_id, note="bay 1")
    world.clock.ahead += timedelta(minutes=20)
    await world.jobs.pass_deadlines()
    return "CUSTOMER_WAITS" in alerts(await world.task(task_id))


async def checks_identity(world: Any) -> bool:
    task_id, code = await world.ready()
    try:
        await world.do("HandOver", task_id, code=code)
    except InvalidField:
        return (await world.do("HandOver", task_id, code=code, identity_checked=True)).version > 0
    return False


@pytest.mark.parametrize(
    ("name", "values", "effect"),
    [
        ("accept_duration", (11 * HOUR, 3 * HOUR), seconds_to_accept),
        ("substitution_duration", (5 * HOUR, 7 * HOUR), seconds_to_answer),
        ("extension_duration", (5 * HOUR, 7 * HOUR), seconds_of_an_extension),
        ("max_extensions", (0, 2), extensions),
        ("wait_duration", (timedelta(minutes=15), timedelta(minutes=25)), waits_after_20_minutes),
        ("identity_check_required", (True, False), checks_identity),
    ],
)
async def test_what_a_store_has_set_is_what_it_works_by(
    world: Any, name: str, values: tuple[Any, Any], effect: Any
) -> None:
    for value in values:
        await settle(world, **{name: value})
        seen = await effect(world)
        if name == "wait_duration":
            assert seen is (value < timedelta(minutes=20))
        elif isinstance(value, timedelta):
            assert seen == pytest.approx(value.total_seconds(), abs=60)
        else:
            assert seen == value


async def test_a_customer_who_does_not_come_is_reminded_then_missed_and_the_goods_go_back(world: Any) -> None:
    await settle(
        world,
        collect_duration=10 * HOUR,
        reminder_duration=2 * HOUR,
        grace_duration=HOUR,
        shelve_duration=3 * HOUR,
    )
    task_id, _ = await world.ready()
    world.clock.ahead = 8 * HOUR + timedelta(minutes=1)
    await world.jobs.pass_deadlines()
    await world.event(task_id, "collection_reminded")
    world.clock.ahead = 10.5 * HOUR
    await world.jobs.pass_deadlines()
    assert await world.state(task_id) == "READY"
    world.clock.ahead = 11 * HOUR + timedelta(minutes=1)
    await world.jobs.pass_deadlines()
    assert await world.state(task_id) == "EXPIRED"
    await world.event(task_id, "task_expired")
    assert world.payloads(task_id).count("collection_reminded") == 1
    to_shelve = await world.client.tasks.ListTasks(
        tasks_pb2.ListTasksRequest(location_id=STORE, only_to_shelve=True)
    )
    assert [each.task_id for each in to_shelve.tasks] == [task_id]
    assert to_shelve.tasks[0].lines[0].shelve_quantity == 2
    world.clock.ahead = 15 * HOUR
    await world.jobs.pass_deadlines()
    assert alerts(await world.task(task_id)) == ["SHELVE_LATE"]
    back = await world.do("ReshelveTask", task_id)
    assert (alerts(back), back.HasField("shelve_deadline")) == ([], False)
    assert (await world.event(task_id, "task_reshelved")).task_reshelved.quantity == 2


async def test_a_late_step_is_told_of_until_somebody_else_gets_the_order(world: Any) -> None:
    await settle(world, step_duration=HOUR, escalation_interval=HOUR, max_escalations=1)
    task_id = await world.assigned(promise_time=world.clock.now() + timedelta(minutes=10))
    await world.do("AssignTask", task_id, assignee="bob")
    world.clock.ahead = HOUR + timedelta(minutes=1)
    await world.jobs.pass_deadlines()
    task = await world.task(task_id)
    assert (alerts(task), task.assignee, task.escalation_count) == (["STEP_LATE"], "bob", 1)
    seen = await world.do("AcknowledgeAlert", task_id, alert_id=task.alerts[0].alert_id)
    assert not seen.alerts
    world.clock.ahead = 3 * HOUR
    await world.jobs.pass_deadlines()
    assert await world.state(task_id) == "REJECTED"
    rejected = (await world.event(task_id, "task_rejected")).task_rejected
    assert rejected.reason == tasks_pb2.REJECT_REASON_TIMED_OUT


@pytest.mark.parametrize("told_by", ["stock_alerted", "tag_changed", "tags_changed"])
async def test_a_staged_tag_that_leaves_is_told_at_once_and_its_task_reopened(
    world: Any,
    told_by: str,
) -> None:
    world.stock.tag("30AA", "shirt")
    task_id = await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30aa"])
    await world.do("StageTask", task_id, staging_place="rack 1")
    changes = [
        {"tag": {"epc_hex": "30AA", "location_id": location_id, "state": state}}
        for location_id, state in (
            ("store-2", "STATE_SOLD"),
            (STORE, "STATE_PRESENT"),
            (STORE, "STATE_SOLD"),
        )
    ]
    if told_by == "stock_alerted":
        kind = stock_pb2.StockAlerted.KIND_EXIT_WITHOUT_SALE
        alerted = {"kind": kind, "location_id": STORE, "item_id": "shirt", "epc_hex": "30AA", "quantity": 1}
        await world.stock_tells(stock_alerted=alerted)
    elif told_by == "tags_changed":
        await world.stock_tells(tags_changed={"changes": changes})
    else:
        for each in changes:
            await world.stock_tells(tag_changed=each)

    async def reopened() -> bool:
        return await world.state(task_id) == "PICKING"

    await world.until(reopened)
    task = await world.task(task_id)
    assert [(each.epc, each.line_id) for each in task.alerts] == [("30AA", "1")]
    assert not await world.rows("SELECT epc FROM held_tags")
    assert not await world.rows("SELECT task_id FROM collection_codes")
    await world.event(task_id, "task_reopened")
    await world.event(task_id, "task_alerted")
    world.stock.tag("30BB", "shirt")
    await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30bb"])
    await world.do("StageTask", task_id, staging_place="rack 2")
    assert await world.state(task_id) == "READY"


async def test_what_is_promised_and_not_there_is_told_to_who_was_promised_the_latest(world: Any) -> None:
    """Two of three shirts are gone: of those who still pick shirts here the last promised go without."""

    async def promised(hours: int, *lines: tuple[str, str, int], **fields: Any) -> str:
        return await world.assigned(*lines, promise_time=world.clock.now() + hours * HOUR, **fields)

    first = await promised(1, ("1", "shirt", 1))
    second = await promised(2, ("1", "coat", 1), ("2", "shirt", 1))
    third = await promised(3, ("1", "shirt", 1))
    picked = await promised(4, ("1", "shirt", 1))
    given_up = await promised(5, ("1", "shirt", 1))
    coat = await promised(6, ("1", "coat", 1))
    await world.do("AcceptTask", picked)
    await world.do("PickLine", picked, line_id="1", quantity=1)
    await world.do("RejectTask", given_up, reason=tasks_pb2.REJECT_REASON_NO_CAPACITY)
    kind = stock_pb2.StockAlerted.KIND_SHORTFALL
    await world.stock_tells(
        stock_alerted={"kind": kind, "location_id": STORE, "item_id": "shirt", "quantity": 2}
    )
    await world.event(second, "task_alerted")
    (alert,) = (await world.task(second)).alerts
    assert (alert.kind, alert.line_id, alert.epc) == (Alert.KIND_STOCK_SHORT, "2", "")
    assert alert.detail == "shirt: 2 promised and not there"
    assert alerts(await world.task(third)) == ["STOCK_SHORT"]
    for other in (first, picked, given_up, coat):
        assert alerts(await world.task(other)) == []


async def test_goods_that_were_handed_over_may_be_seen_to_leave(world: Any) -> None:
    world.stock.tag("30AA", "shirt")
    task_id = await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30aa"])
    await world.do("StageTask", task_id, staging_place="rack 1")
    code = (await world.event(task_id, "task_ready")).task_ready.code
    done = await world.do("HandOver", task_id, code=code)
    await world.stock_tells(
        tag_changed={"tag": {"epc_hex": "30AA", "location_id": STORE, "state": "STATE_SOLD"}}
    )

    async def taken() -> Any:
        return await world.rows("SELECT event_id FROM inbox WHERE consumer = 'pickup-stock'")

    await world.until(taken)
    assert await world.task(task_id) == done


async def booked(world: Any, order_id: str, **plan: Any) -> Any:
    every_day = [
        slots_pb2.SlotWindow(day_of_week=day, start_minute=0, end_minute=1440) for day in range(1, 8)
    ]
    plan = slots_pb2.SlotPlan(
        location_id=STORE,
        kind="SLOT_KIND_LOCKER",
        time_zone="UTC",
        slot_minutes=60,
        windows=every_day,
        **plan,
    )
    await world.client.slots.UpdateSlotPlan(
        slots_pb2.UpdateSlotPlanRequest(request_id=str(uuid4()), plan=plan)
    )
    start = Timestamp()
    start.FromDatetime(world.clock.now().replace(minute=0, second=0, microsecond=0) + HOUR)
    held = await world.client.slots.HoldSlot(
        slots_pb2.HoldSlotRequest(
            request_id=str(uuid4()), location_id=STORE, kind="SLOT_KIND_LOCKER", start_time=start
        )
    )
    request = slots_pb2.BookSlotRequest(
        request_id=str(uuid4()), slot_booking_id=held.booking.slot_booking_id, order_id=order_id
    )
    return (await world.client.slots.BookSlot(request)).booking


async def locker(world: Any) -> slots_pb2.Slot:
    request = slots_pb2.ListSlotsRequest(location_id=STORE, kind="SLOT_KIND_LOCKER")
    return (await world.client.slots.ListSlots(request)).slots[0]


async def test_a_slot_that_runs_over_keeps_its_locker_until_the_customer_came(world: Any) -> None:
    task_id, code = await world.ready()
    booking = await booked(world, "order-1", capacity=2, overrun_occupies=True)
    assert (await world.task(task_id)).slot.slot_booking_id == booking.slot_booking_id
    world.clock.ahead = 2 * HOUR
    await world.jobs.pass_deadlines()
    assert "SLOT_OVERRUN" in alerts(await world.task(task_id))
    slot = await locker(world)
    assert (slot.overrun_count, slot.available_count) == (1, 1)
    await world.do("HandOver", task_id, code=code)
    assert (await locker(world)).available_count == 2


async def test_a_slot_of_an_order_that_never_came_here_ends_with_its_time(world: Any) -> None:
    booking = await booked(world, "order-9", capacity=1, overrun_occupies=True)
    world.clock.ahead = 2 * HOUR
    await world.jobs.pass_deadlines()
    request = slots_pb2.GetSlotBookingRequest(slot_booking_id=booking.slot_booking_id)
    ended = (await world.client.slots.GetSlotBooking(request)).booking
    assert ended.state == slots_pb2.SlotBooking.STATE_ENDED


async def test_a_store_is_measured(world: Any) -> None:
    promise = world.clock.now() + HOUR
    task_id = await world.assigned(("1", "shirt", 2), promise_time=promise)
    other_id = await world.assigned(("1", "shirt", 3), promise_time=promise)
    world.clock.ahead = timedelta(minutes=5)
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=1)
    await world.do("ShortPickLine", task_id, line_id="1", reason=tasks_pb2.REJECT_REASON_NOT_FOUND)
    await world.do("CheckIn", task_id, note="bay 1")
    world.clock.ahead = timedelta(minutes=20)
    await world.do("StageTask", task_id, staging_place="rack 1")
    code = (await world.event(task_id, "task_ready")).task_ready.code
    world.clock.ahead = timedelta(minutes=27)
    await world.do("HandOver", task_id, code=code)
    await world.do("RejectTask", other_id, reason=tasks_pb2.REJECT_REASON_NO_CAPACITY)
    found = await world.client.stores.GetStoreMeasures(stores_pb2.GetStoreMeasuresRequest(location_id=STORE))
    assert (found.task_count, found.done_count, found.on_time_count, found.rejected_count) == (2, 1, 1, 1)
    assert (found.asked_quantity, found.short_quantity) == (5, 4)
    assert found.short_pick_rate == pytest.approx(0.8)
    minutes = [
        round(each.median_duration.ToTimedelta().total_seconds() / 60)
        for each in (found.time_to_accept, found.time_to_ready, found.waiting_time)
    ]
    assert minutes == [5, 20, 7]
    assert [found.time_to_accept.count, found.time_to_ready.count, found.waiting_time.count] == [1, 1, 1]
