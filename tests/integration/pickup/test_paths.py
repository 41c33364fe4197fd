"""The two ways of a task through the doors of the service."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from google.type import postal_address_pb2

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import reservations_pb2
from onhand.kit.errors import (
    DependencyUnavailable,
    InvalidField,
    InvalidGtin,
    MissingScope,
    NotFound,
    RequestIdReused,
    UnknownItem,
    WrongLocation,
    WrongProduct,
    WrongState,
)

Manner = reservations_pb2.FulfilReservationRequest


async def test_an_order_is_picked_by_scan_and_collected(world: Any) -> None:
    assignment = world.assignment(("1", "shirt", 2), ("2", "hat", 1), ("3", "belt", 3))
    await world.tell(lines_assigned=assignment)
    task_id = assignment.task_id
    await world.until(lambda: world.task(task_id))
    world.stock.tag("30aa", "shirt")
    world.stock.tag("30ab", "shirt", state="STATE_MISSING")
    world.stock.gtins["hat"] = ["00614141007349"]

    task = await world.do("AcceptTask", task_id)
    assert (task.assignee, task.state) == ("ana", pb.Task.STATE_ACCEPTED)
    task = await world.do("PickLine", task_id, line_id="1", quantity=2, epcs=["30aa", "30AB"])
    assert list(task.lines[0].epcs) == ["30AA", "30AB"]
    await world.do("PickLine", task_id, line_id="2", quantity=1, gtin="614141007349")
    await world.do("PickLine", task_id, line_id="3", quantity=2)
    task = await world.do("ShortPickLine", task_id, line_id="3", reason="REJECT_REASON_NOT_FOUND")
    assert task.state == pb.Task.STATE_PICKED
    task = await world.do("StageTask", task_id, staging_place="rack B 3")
    assert (task.state, task.staging_place) == (pb.Task.STATE_READY, "rack B 3")
    ready = await world.event(task_id, "task_ready")
    assert ready.task_ready.collect_deadline == task.collect_deadline
    await world.do("CheckIn", task_id, note="bay 4")
    task = await world.do("HandOver", task_id, code=ready.task_ready.code)
    assert task.state == pb.Task.STATE_COLLECTED

    await world.event(task_id, "task_collected")
    assert world.payloads(task_id) == [
        "task_opened",
        "task_accepted",
        "task_started",
        "line_picked",
        "line_picked",
        "line_picked",
        "line_short_picked",
        "task_ready",
        "customer_checked_in",
        "task_collected",
    ]
    assert [each.task.version for each in world.events(task_id)] == [1, 2, 3, 3, 4, 5, 6, 7, 8, 9]
    assert [each.actor for each in world.events(task_id)] == ["routing", *["ana"] * 9]
    assert world.events(task_id)[-1].task == task

    (fulfilment,) = (await world.until(lambda: fulfilments(world))).values()
    assert fulfilment.reservation_id == assignment.reservation_id
    assert fulfilment.manner == Manner.MANNER_COLLECTED
    assert [(each.item_id, each.quantity, list(each.epcs)) for each in fulfilment.lines] == [
        ("belt", 2, []),
        ("hat", 1, []),
        ("shirt", 2, ["30AA", "30AB"]),
    ]
    history = await world.rows(
        "SELECT what, actor, detail::text FROM task_events WHERE task_id = CAST(:id AS uuid) ORDER BY event_id",
        id=task_id,
    )
    assert sorted(row.what for row in history) == sorted(world.payloads(task_id))
    assert all(ready.task_ready.code not in row.detail for row in history)


async def fulfilments(world: Any) -> dict[str, Any]:
    """Answer what stock was told, once nothing is left to tell."""
    waiting = await world.rows("SELECT task_id FROM owed_to_stock")
    return {} if waiting else dict(world.stock.fulfilled)


async def test_an_order_is_packed_and_shipped(world: Any) -> None:
    address = postal_address_pb2.PostalAddress(region_code="NL", postal_code="1012 JS")
    task_id = await world.assigned(method=orders_pb2.FULFILMENT_METHOD_SHIP, shipping_address=address)
    await world.do("AcceptTask", task_id)
    await world.do("PickLine", task_id, line_id="1", quantity=2)
    with pytest.raises(WrongState, match="a SHIP task: cannot be staged"):
        await world.do("StageTask", task_id, staging_place="rack")
    with pytest.raises(WrongState, match="is PICKED: cannot be shipped"):
        await world.do("ShipTask", task_id, carrier="PostNL", tracking_number="3S1")
    task = await world.do("PackTask", task_id)
    assert (task.state, task.shipping_address) == (pb.Task.STATE_PACKED, address)
    task = await world.do("ShipTask", task_id, carrier="PostNL", tracking_number="3S1")
    assert (task.state, task.carrier, task.tracking_number) == (pb.Task.STATE_SHIPPED, "PostNL", "3S1")
    assert (await world.event(task_id, "task_shipped")).task_shipped.tracking_number == "3S1"
    (fulfilment,) = (await world.until(lambda: fulfilments(world))).values()
    assert fulfilment.manner == Manner.MANNER_SHIPPED


async def test_a_rejected_task_says_why_and_tells_stock_nothing(world: Any) -> None:
    task_id = await world.assigned()
    task = await world.do("RejectTask", task_id, reason="REJECT_REASON_NO_CAPACITY", detail="two of us")
    assert task.state == pb.Task.STATE_REJECTED
    rejected = (await world.event(task_id, "task_rejected")).task_rejected
    assert (rejected.reason, rejected.detail) == (pb.REJECT_REASON_NO_CAPACITY, "two of us")
    assert not await world.rows("SELECT task_id FROM owed_to_stock")


@pytest.mark.parametrize(
    ("scan", "error", "says"),
    [
        ({"epcs": ["30AA"]}, WrongProduct, "item trousers"),
        ({"epcs": ["30BB"]}, WrongProduct, "not in stock here"),
        ({"epcs": ["30CC"]}, WrongProduct, "of store-2"),
        ({"epcs": ["30DD"]}, WrongProduct, "not in stock here"),
        ({"gtin": "4006381333931"}, WrongProduct, "4006381333931 was scanned, shirt is asked for"),
        ({"gtin": "4006381333932"}, InvalidGtin, "check digit"),
        ({"epcs": ["30EE"], "gtin": "4006381333931"}, InvalidField, "tags are given already"),
        ({"epcs": ["30EE", "30FF"]}, InvalidField, "1 units with 2 tags"),
        ({"epcs": [""]}, InvalidField, r"epcs\[0\]"),
        ({"quantity": 3}, InvalidField, "3 picked, 2 of 2 are left to pick"),
    ],
    ids=["other item", "sold", "other store", "never seen", "other gtin", "bad gtin", "both", "count", "empty",
         "too many"],
)  # fmt: skip
async def test_a_scan_of_something_else_is_refused_and_changes_nothing(
    world: Any, scan: dict[str, Any], error: type[Exception], says: str
) -> None:
    world.stock.tag("30AA", "trousers")
    world.stock.tag("30BB", "shirt", state="STATE_SOLD")
    world.stock.tag("30CC", "shirt", location_id="store-2")
    world.stock.tag("30EE", "shirt")
    world.stock.tag("30FF", "shirt")
    world.stock.gtins["shirt"] = ["00614141007349"]
    task_id = await world.assigned()
    before = await world.do("AcceptTask", task_id)
    with pytest.raises(error, match=says):
        await world.do("PickLine", task_id, line_id="1", **{"quantity": 1, **scan})
    assert await world.task(task_id) == before


async def test_an_item_that_stock_does_not_know_is_said_to_be_unknown(world: Any) -> None:
    task_id = await world.assigned()
    await world.do("AcceptTask", task_id)
    with pytest.raises(UnknownItem):
        await world.do("PickLine", task_id, line_id="1", quantity=1, gtin="614141007349")
    with pytest.raises(NotFound, match="no line has the id '7'"):
        await world.do("PickLine", task_id, line_id="7", quantity=1)


async def test_one_tag_is_picked_for_one_task_also_at_the_same_moment(world: Any) -> None:
    world.stock.tag("30AA", "shirt")
    task_ids = [await world.assigned() for _ in range(4)]
    for task_id in task_ids:
        await world.do("AcceptTask", task_id)
    outcomes = await asyncio.gather(
        *(world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30AA"]) for task_id in task_ids),
        return_exceptions=True,
    )
    winners = [each for each in outcomes if isinstance(each, pb.Task)]
    assert len(winners) == 1
    losers = [each for each in outcomes if each is not winners[0]]
    assert all(isinstance(each, WrongProduct) and "another task" in each.message for each in losers)

    await world.tell(assignment_cancelled={"task_id": winners[0].task_id})
    await world.event(winners[0].task_id, "task_cancelled")
    free = next(task_id for task_id in task_ids if task_id != winners[0].task_id)
    task = await world.do("PickLine", free, line_id="1", quantity=1, epcs=["30AA"])
    assert list(task.lines[0].epcs) == ["30AA"]


async def test_without_stock_units_are_counted_and_what_was_answered_is_answered_again(world: Any) -> None:
    world.stock.tag("30AA", "shirt")
    task_id = await world.assigned()
    await world.do("AcceptTask", task_id)
    pick = {"line_id": "1", "quantity": 1, "epcs": ["30AA"], "request_id": str(uuid4())}
    answer = await world.do("PickLine", task_id, **pick)
    await world.stock.stop()
    with pytest.raises(DependencyUnavailable, match="stock does not answer"):
        await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=["30AB"])
    assert await world.do("PickLine", task_id, **pick) == answer
    assert (await world.do("PickLine", task_id, line_id="1", quantity=1)).state == pb.Task.STATE_PICKED


async def test_a_request_has_one_effect_and_another_under_its_id_is_refused(world: Any) -> None:
    task_id = await world.assigned()
    await world.do("AcceptTask", task_id)
    pick = {"line_id": "1", "request_id": str(uuid4())}
    answers = await asyncio.gather(*(world.do("PickLine", task_id, quantity=1, **pick) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert (await world.task(task_id)).lines[0].picked_quantity == 1
    with pytest.raises(RequestIdReused, match="quantity"):
        await world.do("PickLine", task_id, quantity=2, **pick)


async def test_a_token_sees_and_changes_only_what_it_speaks_for(world: Any, mint: Any) -> None:
    task_id = await world.assigned()
    elsewhere = world.open_client(mint(locations=["store-2"]))
    for call in (
        elsewhere.tasks.GetTask(pb.GetTaskRequest(task_id=task_id)),
        elsewhere.tasks.ListTasks(pb.ListTasksRequest(location_id="store-1")),
        elsewhere.tasks.WatchTasks(pb.WatchTasksRequest(location_id="store-1")).__anext__(),
        world.do("AcceptTask", task_id, elsewhere),
        world.do("HandOver", task_id, elsewhere, code="12345678"),
    ):
        with pytest.raises(WrongLocation):
            await call
    reader = world.open_client(mint(granted=["tasks.read"]))
    with pytest.raises(MissingScope, match=r"tasks\.write"):
        await world.do("AcceptTask", task_id, reader)
    with pytest.raises(NotFound, match="no task"):
        await world.do("AcceptTask", str(uuid4()))
