"""Changes of an order under way, substitutes, bundles and dates after which it is of no use."""

from datetime import timedelta
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress

from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.kit.errors import InvalidField, WrongState

from .conftest import World, states_of

GRONINGEN = LatLng(latitude=53.2, longitude=6.5)


async def change(world: World, order_id: str, **fields: object) -> orders_pb2.Order:
    request = orders_pb2.ChangeOrderRequest(
        request_id=str(uuid4()),
        order_id=order_id,
        detail="moved",
        **fields,  # type: ignore[arg-type]
    )
    first = await world.client.orders.ChangeOrder(request)
    again = await world.client.orders.ChangeOrder(request)
    assert again.order.version >= first.order.version
    return again.order


async def test_the_customer_collects_elsewhere(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shirt"): 1})
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    order = await world.becomes(order.order_id, "ASSIGNED")
    await change(world, order.order_id, collect_location_id="zwolle")
    assigned = await world.event(order, "lines_assigned", count=2)
    withdrawn = [
        each.assignment_cancelled
        for each in world.published
        if each.assignment_cancelled.task_id == order.lines[0].task_id
    ]
    assert [(each.task_id, each.detail) for each in withdrawn] == [(order.lines[0].task_id, "moved")]
    assert assigned.location_id == "zwolle"
    moved = await world.settled(order.order_id)
    assert moved.collect_location_id == "zwolle"
    assert world.stock.available("utrecht", "shirt") == 1
    who = [(each.actor, each.detail) for each in moved.history if not each.line_id]
    assert who == [("shop", "moved")]


async def test_a_collect_order_is_shipped_instead_and_another_address_gets_another_store(
    world: World,
) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("groningen", "shirt"): 1})
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(order.order_id, "ASSIGNED")
    address = PostalAddress(region_code="NL", postal_code="9711")
    await change(world, order.order_id, shipping_address=address, shipping_position=GRONINGEN)
    assigned = await world.event(order, "lines_assigned", count=2)
    assert (assigned.location_id, assigned.shipping_address) == ("groningen", address)
    assert assigned.method == orders_pb2.FULFILMENT_METHOD_SHIP
    await world.settled(order.order_id)


async def test_a_parked_order_is_planned_where_it_goes_now(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 0, ("zwolle", "shirt"): 1})
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(order.order_id, "PARKED")
    await change(world, order.order_id, collect_location_id="zwolle")
    await world.becomes(order.order_id, "ASSIGNED")
    await world.settled(order.order_id)


async def test_nothing_is_changed_once_it_is_collected_or_without_a_place(world: World) -> None:
    world.stock.sellable["utrecht", "shirt"] = 1
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    order = await world.becomes(order.order_id, "ASSIGNED")
    with pytest.raises(InvalidField):
        await change(world, order.order_id)
    world.stock.fulfil(order.lines[0].reservation_id)
    await world.store_says(order, "task_collected")
    await world.becomes(order.order_id, "COLLECTED")
    with pytest.raises(WrongState):
        await change(world, order.order_id, collect_location_id="zwolle")


async def test_a_change_while_stock_is_asked_leaves_one_reservation(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shirt"): 1})
    order_id = f"order-{uuid4().hex[:12]}"

    async def meanwhile() -> None:
        await change(world, order_id, collect_location_id="zwolle")

    world.stock.before_answer["CommitReservation"] = meanwhile
    await world.submit(("1", "shirt", 1), collect="utrecht", order_id=order_id)
    order = await world.settled(order_id)
    assert (states_of(order), order.lines[0].location_id) == (["ASSIGNED"], "zwolle")
    assert world.stock.available("utrecht", "shirt") == 1
    await world.event(order, "lines_assigned")
    assert len(world.events(order, "lines_assigned")) == 1


async def test_a_substitute_is_sent_by_consent_and_wakes_who_waits_for_it(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 0, ("utrecht", "blouse"): 0})
    order = world.order(("1", "shirt", 2))
    order.lines[0].substitute_item_ids.append("blouse")
    request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)
    await world.client.orders.SubmitOrder(request)
    await world.becomes(order.order_id, "PARKED")
    await world.arrive("utrecht", "blouse", 2)
    got = await world.becomes(order.order_id, "ASSIGNED")
    assert (got.lines[0].item_id, got.lines[0].ordered_item_id) == ("blouse", "shirt")
    assert "blouse instead of shirt" in [each.detail for each in got.history]
    assigned = await world.event(got, "lines_assigned")
    assert assigned.lines[0].item_id == "blouse"
    await world.settled(order.order_id)


async def test_a_bundle_is_reserved_whole_or_not_at_all(world: World) -> None:
    world.stock.sellable.update({("utrecht", "top"): 1, ("zwolle", "skirt"): 1})
    order = world.order(("1", "top", 1), ("2", "skirt", 1), allow_split=True)
    for line in order.lines:
        line.bundle_id = "suit"
    request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)
    await world.client.orders.SubmitOrder(request)
    await world.becomes(order.order_id, "PARKED", "PARKED")
    await world.arrive("utrecht", "skirt", 1)
    got = await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED")
    assert {line.location_id for line in got.lines} == {"utrecht"}
    # A part that cannot be found takes the rest with it.
    reason = tasks_pb2.REJECT_REASON_NOT_FOUND
    await world.store_says(got, "line_short_picked", line_id="1", quantity=1, reason=reason)
    await world.becomes(order.order_id, "PARKED", "PARKED")
    await world.settled(order.order_id)
    assert world.stock.available("utrecht", "skirt") == 1


async def test_no_location_that_needs_longer_than_the_latest_time_is_chosen(world: World) -> None:
    world.stock.sellable["utrecht", "shirt"] = 2
    now = world.clock.now()
    orders = []
    for hours in (1, 3):
        latest = Timestamp()
        latest.FromDatetime(now + timedelta(hours=hours))
        order = world.order(("1", "shirt", 1), collect="utrecht")
        order.latest_time.CopyFrom(latest)
        request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)
        orders.append((await world.client.orders.SubmitOrder(request)).order)
    await world.becomes(orders[0].order_id, "PARKED")
    await world.becomes(orders[1].order_id, "ASSIGNED")
    (plan,) = await world.plans(orders[0].order_id)
    assert plan.candidates[0].excluded_by == "too_late"
    world.clock.ahead += timedelta(hours=1)
    await world.becomes(orders[0].order_id, "CANCELLED")
