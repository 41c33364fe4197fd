"""Waves, the walk, scans of whatever is in hand, the find mode, and substitutes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from onhand.api.pickup.v1 import picking_pb2, stores_pb2, tasks_pb2
from onhand.api.stock.v1 import ledger_pb2, reads_pb2, reservations_pb2
from onhand.kit.errors import InsufficientStock, NotFound, WrongProduct, WrongState

STORE = "store-1"
GTIN = "00614141007349"
State = tasks_pb2.Substitution.State


async def wave_of(world: Any, *task_ids: str, request_id: str = "") -> picking_pb2.Wave:
    request = picking_pb2.CreateWaveRequest(
        request_id=request_id or str(uuid4()), location_id=STORE, task_ids=task_ids, assignee="ana"
    )
    return (await world.client.picking.CreateWave(request)).wave


async def scan(world: Any, scanned: str, request_id: str = "", **whom: Any) -> tuple[str, str]:
    request = picking_pb2.PickScanRequest(request_id=request_id or str(uuid4()), scanned=scanned, **whom)
    answer = await world.client.picking.PickScan(request)
    return answer.task.task_id, answer.line_id


async def refusal(world: Any, scanned: str, **whom: Any) -> str:
    with pytest.raises(WrongProduct) as raised:
        await scan(world, scanned, **whom)
    return raised.value.refusal


async def two_orders(world: Any) -> tuple[str, str]:
    now = world.clock.now()
    late = await world.assigned(("1", "shirt", 1), promise_time=now + timedelta(hours=3))
    urgent = await world.assigned(
        ("1", "shirt", 1), ("2", "belt", 1), order_id="order-2", promise_time=now + timedelta(hours=1)
    )
    return late, urgent


async def test_one_walk_picks_several_orders_the_urgent_one_first(world: Any) -> None:
    late, urgent = await two_orders(world)
    world.stock.gtins.update(shirt=[GTIN], belt=["04006381333931"])
    world.stock.tag("30AA", "belt")
    request_id = str(uuid4())
    wave = await wave_of(world, late, urgent, request_id=request_id)
    assert wave == await wave_of(world, late, urgent, request_id=request_id)
    assert [each.task_id for each in wave.tasks] == [urgent, late]
    assert {each.state for each in wave.tasks} == {tasks_pb2.Task.STATE_ACCEPTED}
    scan_id = str(uuid4())
    first = await scan(world, "614141007349", scan_id, wave_id=wave.wave_id)
    assert first == (urgent, "1") == await scan(world, "614141007349", scan_id, wave_id=wave.wave_id)
    assert await scan(world, GTIN, wave_id=wave.wave_id) == (late, "1")
    assert await refusal(world, GTIN, wave_id=wave.wave_id) == "NOT_WANTED_ANY_MORE"
    assert await scan(world, "30aa", wave_id=wave.wave_id) == (urgent, "2")
    answer = await world.client.picking.GetWave(picking_pb2.GetWaveRequest(wave_id=wave.wave_id))
    assert not answer.wave.tasks
    assert [await world.state(late), await world.state(urgent)] == ["PICKED", "PICKED"]


async def test_a_wave_is_whole_or_not_at_all_and_comes_apart(world: Any) -> None:
    late, urgent = await two_orders(world)
    await world.do("AcceptTask", late)
    await world.do("RejectTask", late, reason=tasks_pb2.REJECT_REASON_NO_CAPACITY)
    with pytest.raises(WrongState, match="REJECTED: cannot join a wave"):
        await wave_of(world, late, urgent)
    assert await world.state(urgent) == "OPEN"
    wave = await wave_of(world, urgent)
    with pytest.raises(WrongState, match="in wave"):
        await wave_of(world, urgent)
    request = picking_pb2.DissolveWaveRequest(request_id=str(uuid4()), wave_id=wave.wave_id)
    assert not (await world.client.picking.DissolveWave(request)).wave.tasks
    assert (await world.task(urgent)).wave_id == ""
    await wave_of(world, urgent)
    with pytest.raises(NotFound):
        await wave_of(world, await world.assigned(location_id="store-2"))


async def test_each_wrong_scan_says_what_is_wrong(world: Any) -> None:
    world.stock.gtins["shirt"] = [GTIN]
    for epc, fields in {
        "30AA": {"item_id": "hat"},
        "30BB": {"item_id": "shirt", "location_id": "store-2"},
        "30CC": {"item_id": "shirt", "state": "STATE_SOLD"},
        "30DD": {"item_id": "shirt"},
    }.items():
        world.stock.tag(epc, **fields)
    mine, other = await world.assigned(("1", "shirt", 2)), await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", mine)
    await world.do("AcceptTask", other)
    await scan(world, "30DD", task_id=other)
    expected = {
        "30AA": "WRONG_ITEM",
        "30BB": "OTHER_LOCATION",
        "30CC": "NOT_HERE",
        "30DD": "HELD_FOR_ANOTHER",
        "4006381333931": "WRONG_ITEM",
    }
    assert {epc: await refusal(world, epc, task_id=mine) for epc in expected} == expected
    world.stock.tag("30EE", "shirt")
    await scan(world, "30EE", task_id=mine)
    assert await refusal(world, "30EE", task_id=mine) == "NOT_WANTED_ANY_MORE"
    with pytest.raises(WrongProduct) as raised:
        await world.do("PickLine", mine, line_id="1", quantity=1, epcs=["30DD"])
    assert raised.value.refusal == "HELD_FOR_ANOTHER"


async def test_two_scans_of_the_last_wanted_unit_pick_it_once(world: Any) -> None:
    world.stock.gtins["shirt"] = [GTIN]
    task_id = await world.assigned(("1", "shirt", 1), ("2", "hat", 1))
    await world.do("AcceptTask", task_id)
    outcomes = await asyncio.gather(
        *(scan(world, GTIN, task_id=task_id) for _ in range(8)), return_exceptions=True
    )
    assert outcomes.count((task_id, "1")) == 1
    refused = [each.refusal for each in outcomes if isinstance(each, WrongProduct)]
    assert refused == ["NOT_WANTED_ANY_MORE"] * 7


async def test_the_walk_names_where_things_were_last_seen_but_not_what_is_taken(world: Any) -> None:
    world.stock.gtins.update(shirt=[GTIN], belt=[])
    world.stock.tag("30A1", "shirt", zone_id="floor", seen_s_ago=60)
    world.stock.tag("30A2", "shirt", zone_id="floor", seen_s_ago=5)
    world.stock.tag("30A3", "shirt", zone_id="back", state="STATE_UNCONFIRMED", seen_s_ago=90_000)
    world.stock.tag("30A4", "shirt", zone_id="floor", state="STATE_SOLD")
    world.stock.tag("30B1", "belt", zone_id="back")
    other = await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", other)
    await scan(world, "30A1", task_id=other)
    task_id = await world.assigned(("1", "shirt", 2), ("2", "belt", 1), ("3", "gone", 1), ("4", "shirt", 1))

    async def walk() -> Any:
        request = picking_pb2.GetPickListRequest(location_id=STORE, task_ids=[task_id])
        return (await world.client.picking.GetPickList(request)).stops

    stops = await walk()
    assert [(each.item_id, each.quantity) for each in stops] == [("belt", 1), ("shirt", 3), ("gone", 1)]
    shirt = stops[1]
    assert (shirt.title, shirt.picture_uri) == ("a shirt", "https://pictures.example/shirt")
    assert [each.line_id for each in shirt.lines] == ["1", "4"]
    assert [
        (place.zone_id, place.zone_kind, list(place.epcs), place.unconfirmed) for place in shirt.places
    ] == [
        ("floor", 1, ["30A2"], False),
        ("back", 2, ["30A3"], True),
    ]
    own = stores_pb2.StoreSettings(location_id=STORE, walk_zone_ids=["floor", "back"])
    await world.client.stores.UpdateStoreSettings(
        stores_pb2.UpdateStoreSettingsRequest(request_id=str(uuid4()), settings=own)
    )
    assert [each.item_id for each in await walk()] == ["shirt", "belt", "gone"]
    with pytest.raises(NotFound):
        await world.client.picking.GetPickList(
            picking_pb2.GetPickListRequest(location_id="store-2", task_ids=[task_id])
        )


async def test_the_find_mode_follows_a_tag_from_sight_to_sight(world: Any) -> None:
    request = picking_pb2.FindTagRequest(location_id=STORE, epc="30aa")
    with pytest.raises(NotFound):
        await anext(world.client.picking.FindTag(request))
    world.stock.tag("30AA", "shirt", zone_id="floor", seen_s_ago=30)
    traces = world.client.picking.FindTag(request)
    async with asyncio.timeout(15):
        cold = await anext(traces)
        assert (cold.epc_hex, cold.item_id, cold.zone_id, cold.here) == ("30AA", "shirt", "floor", True)
        assert 0.3 < cold.heat < 0.6
        world.stock.tag("30AA", "shirt", zone_id="back")
        warm = await anext(traces)
        assert warm.zone_id == "back"
        assert warm.heat > 0.9
        world.stock.tag("30AA", "shirt", zone_id="back", state="STATE_SOLD")
        assert not (await anext(traces)).here
    await traces.aclose()


async def test_the_find_mode_tells_reads_that_stock_keeps_no_word_of(world: Any) -> None:
    world.stock.tag("30AB", "shirt", zone_id="floor", seen_s_ago=50)
    traces = world.client.picking.FindTag(picking_pb2.FindTagRequest(location_id=STORE, epc="30ab"))
    async with asyncio.timeout(15):
        assert (await anext(traces)).nearness == 0

        async def followed() -> bool:
            return "30AB" in world.stock.followed

        await world.until(followed)
        near = reads_pb2.FollowTagResponse(zone_id="back", rssi_cdbm=-3_000)
        near.read_time.FromDatetime(datetime.now(UTC))
        await world.stock.followed["30AB"].put(near)
        async for trace in traces:
            if trace.zone_id == "back":
                break
        assert trace.heat > 0.9
        assert trace.nearness == trace.heat
        near.rssi_cdbm = -5_500
        near.read_time.FromDatetime(datetime.now(UTC))
        await world.stock.followed["30AB"].put(near)
        async for trace in traces:
            if trace.nearness < 0.6:
                break
        assert trace.nearness > 0.4
    await traces.aclose()


async def propose(world: Any, task_id: str, **fields: Any) -> tuple[str, tasks_pb2.Task]:
    request_id = str(uuid4())
    values = {"line_id": "1", "item_id": "cardigan", "reason": tasks_pb2.REJECT_REASON_NOT_FOUND, **fields}
    return request_id, await world.do("ProposeSubstitution", task_id, request_id=request_id, **values)


async def substitution(world: Any, task_id: str) -> tasks_pb2.Substitution:
    return (await world.task(task_id)).substitutions[-1]


async def is_in(world: Any, task_id: str, state: int) -> None:
    async def reached() -> bool:
        return (await substitution(world, task_id)).state == state

    await world.until(reached)


async def test_a_substitute_is_held_asked_for_taken_and_handed_over(world: Any) -> None:
    task_id = await world.assigned(("1", "shirt", 2))
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=1)
    offer_id, task = await propose(world, task_id)
    assert (task.lines[0].substituted_quantity, task.state) == (1, tasks_pb2.Task.STATE_PICKING)
    offered = (await world.event(task_id, "substitution_offered")).substitution_offered.substitution
    assert (offered.substitution_id, offered.item_id, offered.quantity) == (offer_id, "cardigan", 1)
    after = await world.do("AnswerSubstitution", task_id, substitution_id=offer_id, accepted=True)
    line = after.lines[1]
    assert (line.line_id, line.item_id) == (after.substitutions[0].substitute_line_id, "cardigan")
    await world.do("PickLine", task_id, line_id=line.line_id, quantity=1)
    await world.do("StageTask", task_id, staging_place="rack 1")
    code = (await world.event(task_id, "task_ready")).task_ready.code
    await world.do("HandOver", task_id, code=code)

    async def both_left() -> bool:
        return len(world.stock.fulfilled) == 2 and len(world.stock.told) == 3

    await world.until(both_left)
    left = {each.reservation_id: each.lines[0].item_id for each in world.stock.fulfilled.values()}
    assert left.pop(offer_id) == "cardigan"
    assert list(left.values()) == ["shirt"]
    words = [(word, type(request)) for word, request in world.stock.told]
    assert words == [
        ("hold", reservations_pb2.CreateReservationRequest),
        ("commit", reservations_pb2.CommitReservationRequest),
        ("release", reservations_pb2.ReleaseReservationRequest),
    ]
    replaced = world.stock.told[-1][1]
    assert (replaced.lines[0].item_id, replaced.lines[0].quantity) == ("shirt", 1)
    assert replaced.lines[0].to_bucket == ledger_pb2.BUCKET_MISSING


async def test_a_substitute_that_is_not_taken_is_given_back_and_the_line_is_to_be_picked(world: Any) -> None:
    task_id = await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", task_id)
    offer_id, _ = await propose(world, task_id)
    await is_in(world, task_id, State.STATE_OFFERED)
    with pytest.raises(WrongState, match="without units left"):
        await propose(world, task_id)
    after = await world.do("AnswerSubstitution", task_id, substitution_id=offer_id, accepted=False)
    assert after.lines[0].substituted_quantity == 0
    with pytest.raises(WrongState, match="DECLINED"):
        await world.do("AnswerSubstitution", task_id, substitution_id=offer_id, accepted=True)
    late_id, _ = await propose(world, task_id)
    await is_in(world, task_id, State.STATE_OFFERED)
    world.clock.ahead = timedelta(seconds=world.settings.substitution_timeout_s)
    with pytest.raises(WrongState, match="past its deadline"):
        await world.do("AnswerSubstitution", task_id, substitution_id=late_id, accepted=True)
    await world.jobs.pass_deadlines()
    assert (await substitution(world, task_id)).state == State.STATE_LAPSED
    await propose(world, task_id)
    await world.tell(assignment_cancelled={"task_id": task_id})
    await is_in(world, task_id, State.STATE_FAILED)

    async def all_given_back() -> bool:
        released = [each.reservation_id for word, each in world.stock.told if word == "release"]
        return released[:2] == [offer_id, late_id] and len(released) == 3

    await world.until(all_given_back)


async def test_a_substitute_that_stock_cannot_hold_fails_without_a_word_to_the_customer(world: Any) -> None:
    world.stock.refusals["hold"] = InsufficientStock("cardigan", STORE, 1, 0)
    world.stock.refusals["release"] = NotFound("reservation", "x")
    task_id = await world.assigned(("1", "shirt", 1))
    await world.do("AcceptTask", task_id)
    await propose(world, task_id)
    await is_in(world, task_id, State.STATE_FAILED)
    decided = (await world.event(task_id, "substitution_decided")).substitution_decided
    assert decided.substitution.state == State.STATE_FAILED
    assert "substitution_offered" not in world.payloads(task_id)

    async def nothing_owed() -> bool:
        return not await world.rows("SELECT task_id FROM owed_to_stock")

    await world.until(nothing_owed)
    short = await world.do("ShortPickLine", task_id, line_id="1", reason=tasks_pb2.REJECT_REASON_NOT_FOUND)
    assert short.state == tasks_pb2.Task.STATE_REJECTED
