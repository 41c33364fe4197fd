"""Passes, hand-overs in parts and without the line, refusals and returns, on real gRPC and database."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import customers_pb2, tasks_pb2, tills_pb2
from onhand.api.stock.v1 import ledger_pb2
from onhand.kit.errors import (
    InvalidField,
    LimitReached,
    MissingScope,
    WrongCode,
    WrongLocation,
    WrongProduct,
    WrongState,
)

STORE = "store-1"
Result = tills_pb2.OfflineHandOverResult


class Till:
    """A till that knows the keys and nothing else, as the contract tells one to be."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.keys: dict[str, jwt.PyJWK] = {}
        self.given: list[str] = []
        self.kept: list[tills_pb2.OfflineHandOver] = []

    async def fetch(self) -> None:
        answer = await self.world.client.tills.GetCollectionKeys(tills_pb2.GetCollectionKeysRequest())
        self.keys = {key.key_id or "": key for key in jwt.PyJWKSet.from_json(answer.jwks).keys}

    def hand_over(self, shown: str) -> bool:
        """Verify a pass without the network, and keep the hand-over to tell."""
        key = self.keys[jwt.get_unverified_header(shown)["kid"]]
        claims = jwt.decode(
            shown, key, algorithms=["ES256"], issuer="onhand-pickup", leeway=60, options={"verify_iat": False}
        )
        if claims["loc"] != STORE or claims["jti"] in self.given:
            return False
        self.given.append(claims["jti"])
        told = tills_pb2.OfflineHandOver(request_id=str(uuid4()), collection_pass=shown, till_id="till 1")
        told.hand_over_time.FromDatetime(self.world.clock.now())
        self.kept.append(told)
        return True

    async def tell(self) -> list[Result]:
        request = tills_pb2.RecordOfflineHandOversRequest(location_id=STORE, hand_overs=self.kept)
        return list((await self.world.client.tills.RecordOfflineHandOvers(request)).results)


async def pass_of(world: Any, task_id: str) -> str:
    request = customers_pb2.GetCollectionPassRequest(task_id=task_id)
    return (await world.client.customers.GetCollectionPass(request)).collection_pass


async def told(world: Any, count: int) -> list[tuple[str, Any]]:
    async def find() -> Any:
        return len(world.stock.told) + len(world.stock.fulfilled) >= count

    await world.until(find)
    return list(world.stock.told)


async def test_a_pass_works_once_also_at_two_tills_at_once(world: Any) -> None:
    task_id, code = await world.ready()
    shown = await pass_of(world, task_id)
    outcomes = await asyncio.gather(
        *(world.do("HandOver", task_id, collection_pass=shown) for _ in range(5)),
        *(world.do("HandOver", task_id, code=code) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, tasks_pb2.Task) for each in outcomes) == 1
    assert sum(isinstance(each, WrongState) for each in outcomes) == 9
    with pytest.raises(WrongState):
        await pass_of(world, task_id)


async def test_a_pass_that_is_forged_old_or_anothers_is_a_wrong_code(world: Any) -> None:
    task_id, _ = await world.ready()
    other_id, _ = await world.ready()
    shown = await pass_of(world, task_id)
    head, body, signature = shown.split(".")
    forged = jwt.encode(jwt.decode(shown, options={"verify_signature": False}), "x" * 32, "HS256")
    for bad in (f"{head}.{body}.{signature[::-1]}", forged, "no pass", await pass_of(world, other_id)):
        with pytest.raises(WrongCode):
            await world.do("HandOver", task_id, collection_pass=bad)
    world.clock.ahead = timedelta(seconds=world.settings.pass_lifetime_s + 61)
    with pytest.raises(WrongCode, match="0 attempts left"):
        await world.do("HandOver", task_id, collection_pass=shown)
    with pytest.raises(LimitReached):
        await world.do("HandOver", task_id, collection_pass=await pass_of(world, task_id))


async def test_a_till_hands_over_without_the_line_and_tells_it_once(world: Any) -> None:
    task_id, _ = await world.ready()
    till = Till(world)
    await till.fetch()
    shown = await pass_of(world, task_id)
    assert till.hand_over(shown)
    assert not till.hand_over(shown)
    first, second = await asyncio.gather(till.tell(), till.tell())
    assert [each.outcome for each in first + second] == [Result.OUTCOME_RECORDED] * 2
    task = await world.task(task_id)
    assert task.state == tasks_pb2.Task.STATE_COLLECTED
    assert [(each.offline, each.till_id, each.given_quantity) for each in task.hand_overs] == [
        (True, "till 1", 2)
    ]
    await world.event(task_id, "task_collected")
    assert world.payloads(task_id).count("task_collected") == 1
    await told(world, 1)
    assert world.stock.fulfil_calls == 1


async def test_offline_then_online_and_the_other_way_round_is_noticed(world: Any) -> None:
    task_id, code = await world.ready()
    till = Till(world)
    await till.fetch()
    assert till.hand_over(await pass_of(world, task_id))
    await world.do("HandOver", task_id, code=code)  # at another till, which has its line
    (result,) = await till.tell()
    assert result.outcome == Result.OUTCOME_REPLAYED
    assert [each.kind for each in result.task.alerts] == [tasks_pb2.TaskAlert.KIND_HAND_OVER_DISPUTED]
    assert (await till.tell())[0].outcome == Result.OUTCOME_REPLAYED
    await world.event(task_id, "hand_over_disputed")
    assert world.payloads(task_id).count("hand_over_disputed") == 1
    late_id, late_code = await world.ready()
    assert till.hand_over(await pass_of(world, late_id))
    await till.tell()
    with pytest.raises(WrongState):
        await world.do("HandOver", late_id, code=late_code)
    await told(world, 2)
    assert world.stock.fulfil_calls == 2


async def test_a_hand_over_told_for_a_task_that_ended_or_by_a_pass_not_ours_is_said_so(world: Any) -> None:
    task_id, _ = await world.ready()
    till = Till(world)
    await till.fetch()
    assert till.hand_over(await pass_of(world, task_id))
    await world.tell(assignment_cancelled={"task_id": task_id})

    async def cancelled() -> bool:
        return await world.state(task_id) == "CANCELLED"

    await world.until(cancelled)
    (result,) = await till.tell()
    assert (result.outcome, result.detail) == (Result.OUTCOME_ENDED, "the task was CANCELLED")
    till.kept[0].request_id = str(uuid4())
    till.kept[0].hand_over_time.FromDatetime(world.clock.now() + timedelta(days=3))
    assert (await till.tell())[0].outcome == Result.OUTCOME_INVALID
    till.kept[0].collection_pass = "not a pass"  # noqa: S105  it is none
    assert (await till.tell())[0].outcome == Result.OUTCOME_INVALID


async def test_keys_are_published_an_epoch_ahead_and_kept_for_passes_that_are_good(world: Any) -> None:
    async def epochs() -> list[int]:
        answer = await world.client.tills.GetCollectionKeys(tills_pb2.GetCollectionKeysRequest())
        keys = json.loads(answer.jwks)["keys"]
        assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)
        assert answer.refresh_time.ToDatetime(UTC) > world.clock.now() + timedelta(
            seconds=world.settings.key_epoch_s
        )
        return [int(key["kid"]) for key in keys]

    present, ahead = await epochs()
    assert ahead == present + 1
    world.clock.ahead = timedelta(seconds=world.settings.key_epoch_s)
    assert await epochs() == [present, present + 1, present + 2]
    world.clock.ahead = timedelta(seconds=10 * world.settings.key_epoch_s)
    assert present not in await epochs()
    await world.jobs.forget()
    rows = await world.rows("SELECT epoch FROM collection_keys ORDER BY epoch")
    assert present not in {row.epoch for row in rows}


async def test_a_hand_over_in_parts_refuses_some_and_tells_stock_of_each(world: Any) -> None:
    task_id = await world.assigned(("a", "shirt", 2), ("b", "belt", 2))
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="a", quantity=2)
    await world.do("PickLine", task_id, line_id="b", quantity=2)
    await world.do("StageTask", task_id, staging_place="rack 1")
    code = (await world.event(task_id, "task_ready")).task_ready.code
    part = await world.do("HandOver", task_id, code=code, lines=[{"line_id": "a", "given_quantity": 1}])
    assert part.state == tasks_pb2.Task.STATE_READY
    with pytest.raises(WrongCode):
        await world.do("HandOver", task_id, code=code)
    next_code = (await world.event(task_id, "task_partly_collected")).task_partly_collected.code
    done = await world.do(
        "HandOver",
        task_id,
        code=next_code,
        proof_reference="photo 7",
        lines=[
            {"line_id": "a", "given_quantity": 1},
            {
                "line_id": "b",
                "given_quantity": 1,
                "refused_quantity": 1,
                "refused_condition": tasks_pb2.GOODS_CONDITION_DAMAGED,
                "detail": "torn",
            },
        ],
    )
    assert done.state == tasks_pb2.Task.STATE_COLLECTED
    assert [each.proof_reference for each in done.hand_overs] == ["", "photo 7"]
    refused = (await world.event(task_id, "line_refused")).line_refused
    assert (refused.line_id, refused.quantity, refused.detail) == ("b", 1, "torn")
    ((word, release),) = await told(world, 3)
    assert (word, release.lines[0].item_id, release.lines[0].quantity) == ("release", "belt", 1)
    assert release.lines[0].to_bucket == ledger_pb2.BUCKET_DAMAGED
    left = [{line.item_id: line.quantity for line in each.lines} for each in world.stock.fulfilled.values()]
    assert left == [{"shirt": 1}, {"belt": 1, "shirt": 1}]
    shelved = await world.do("ReshelveTask", task_id)
    assert all(line.shelve_quantity == 0 for line in shelved.lines)


async def test_a_customer_who_wants_nothing_of_it_ends_the_task_refused(world: Any) -> None:
    task_id, code = await world.ready()
    sellable = tasks_pb2.GOODS_CONDITION_SELLABLE
    lines = [{"line_id": "1", "refused_quantity": 2, "refused_condition": sellable}]
    task = await world.do("HandOver", task_id, code=code, lines=lines)
    assert task.state == tasks_pb2.Task.STATE_REFUSED
    await world.event(task_id, "task_refused")
    ((word, release),) = await told(world, 1)
    assert (word, release.lines[0].quantity) == ("release", 2)
    assert not world.stock.fulfilled


async def test_who_collects_and_what_they_show(world: Any) -> None:
    task_id, code = await world.ready()
    named = await world.do("NameCollector", task_id, display_name="Bob")
    assert named.alternate_collector_name == "Bob"
    await world.do("RequireChecks", task_id, identity_check_required=True, minimum_age=18)
    claims = jwt.decode(await pass_of(world, task_id), options={"verify_signature": False})
    assert (claims["name"], claims["idc"], claims["age"], claims["qty"]) == ("Bob", True, 18, 2)
    with pytest.raises(InvalidField, match="identity_checked"):
        await world.do("HandOver", task_id, code=code)
    with pytest.raises(InvalidField, match="18 or older"):
        await world.do("HandOver", task_id, code=code, identity_checked=True)
    task = await world.do(
        "HandOver", task_id, code=code, identity_checked=True, age_checked=True, collector_name="Bob"
    )
    assert task.hand_overs[0].collector_name == "Bob"


async def test_a_customer_on_the_way_and_here_sees_their_order_and_may_extend(world: Any) -> None:
    task_id, _ = await world.ready()
    arrive = Timestamp()
    arrive.FromDatetime(datetime(2026, 3, 2, 12, tzinfo=UTC))
    await world.do("AnnounceArrival", task_id, arrive_time=arrive)
    await world.do("CheckIn", task_id, note="bay 4, blue car")
    before = await world.task(task_id)
    after = await world.do("ExtendCollection", task_id)
    moved = after.collect_deadline.ToDatetime() - before.collect_deadline.ToDatetime()
    assert moved == timedelta(seconds=world.settings.collect_extension_s)
    with pytest.raises(LimitReached, match="1 extensions"):
        await world.do("ExtendCollection", task_id)
    listed = await world.client.customers.ListOrderTasks(
        customers_pb2.ListOrderTasksRequest(order_id=after.order_id)
    )
    assert list(listed.tasks) == [after]
    assert (after.check_in_note, after.arrive_time) == ("bay 4, blue car", arrive)


async def test_who_acts_for_customers_may_say_that_they_are_here_and_not_hand_over(
    world: Any, mint: Any
) -> None:
    task_id, code = await world.ready()
    page = world.open_client(mint(granted=["customers.read", "customers.write"]))
    note = customers_pb2.CustomerServiceCheckInRequest(request_id=str(uuid4()), task_id=task_id, note="bay 4")
    first = (await page.customers.CheckIn(note)).task
    assert (first.check_in_note, first.HasField("check_in_time")) == ("bay 4", True)
    assert (await page.customers.CheckIn(note)).task == first
    with pytest.raises(MissingScope):
        await world.do("HandOver", task_id, client=page, code=code)


async def test_goods_come_back_to_another_store_by_tag_and_without(world: Any, mint: Any) -> None:
    world.stock.tag("30AA", "shirt")
    task_id = await world.assigned()
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30aa"])
    await world.do("PickLine", task_id, line_id="1", quantity=1)
    await world.do("StageTask", task_id, staging_place="rack 1")
    code = (await world.event(task_id, "task_ready")).task_ready.code
    await world.do("HandOver", task_id, code=code)
    world.stock.tag("30BB", "shirt")
    damaged, sellable = tasks_pb2.GOODS_CONDITION_DAMAGED, tasks_pb2.GOODS_CONDITION_SELLABLE
    other = world.open_client(mint(locations=["store-2"], subject="bob"))

    async def back(condition: int, *epcs: str, location_id: str = "store-2") -> Any:
        line = {"line_id": "1", "quantity": 1, "epcs": epcs, "condition": condition}
        return await world.do("ReturnGoods", task_id, other, location_id=location_id, lines=[line])

    with pytest.raises(WrongLocation):
        await back(sellable, location_id=STORE)
    with pytest.raises(WrongProduct) as raised:
        await back(sellable, "30bb")
    assert raised.value.refusal == "NOT_GIVEN"
    await back(damaged, "30aa")
    task = await back(sellable)
    assert task.lines[0].returned_quantity == 2
    with pytest.raises(InvalidField, match="1 back, 0 are out"):
        await back(sellable)
    (_, first), (_, second) = await told(world, 3)
    assert (first.location_id, first.lines[0].product.epc) == ("store-2", "30AA")
    assert first.to_bucket == ledger_pb2.BUCKET_DAMAGED
    assert second.lines[0].product.item_id == "shirt"
    returned = (await world.event(task_id, "goods_returned")).goods_returned
    assert (returned.location_id, list(returned.epcs)) == ("store-2", ["30AA"])
