"""How orders end, are cancelled, asked for and watched."""

from datetime import timedelta
from uuid import uuid4

import pytest

from onhand.api.routing.v1 import orders_pb2
from onhand.kit.errors import AlreadyExists, InvalidField, NotFound, RequestIdReused, WrongState

from .conftest import World, states_of


async def test_an_order_without_stock_is_cancelled_at_its_time(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    order = await world.submit(("1", "shirt", 2), ("2", "socks", 1))
    assert states_of(order) == ["PARKED", "PARKED"]
    assert order.auto_cancel_time.ToDatetime() - order.create_time.ToDatetime() == timedelta(days=3)
    world.clock.ahead += timedelta(days=3, seconds=1)
    order = await world.becomes(order.order_id, "CANCELLED", "CANCELLED")
    cancelled = await world.event(order, "lines_cancelled")
    assert list(cancelled.line_ids) == ["1", "2"]
    await world.settled(order.order_id)


async def test_nobody_came_gives_the_units_back(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    await world.store_says(order, "task_ready")
    await world.becomes(order.order_id, "READY")
    await world.store_says(order, "task_expired")
    await world.becomes(order.order_id, "EXPIRED")
    await world.settled(order.order_id)
    assert world.stock.available("zwolle", "shirt") == 1


async def test_a_missed_promise_is_moved_and_the_customer_told(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    world.clock.ahead += timedelta(hours=3)
    delayed = await world.event(order, "order_delayed")
    assert delayed.promise_time_before == order.promise_time
    order = await world.get(order.order_id)
    assert order.promise_time == delayed.promise_time
    assert states_of(order) == ["ASSIGNED"]


@pytest.mark.parametrize("news", ["", "task_accepted", "task_ready"])
async def test_cancelling_takes_the_task_back_and_frees_the_stock(world: World, news: str) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 2, ("zwolle", "shoes"): 1})
    order = await world.submit(("1", "shirt", 2), ("2", "shoes", 1), collect="zwolle")
    if news:
        state = {"task_accepted": "PICKING", "task_ready": "READY"}[news]
        await world.store_says(order, news)
        await world.becomes(order.order_id, state, state)
    after = await world.cancel(order.order_id, "1")
    assert states_of(after)[0] == "CANCELLED"
    relieved = await world.until(lambda: _relieved(world, order.lines[0].task_id))
    assert list(relieved.line_ids) == ["1"]
    await world.settled(order.order_id)
    assert world.stock.available("zwolle", "shirt") == 2
    assert world.stock.available("zwolle", "shoes") == 0

    await world.cancel(order.order_id)
    again = await world.cancel(order.order_id)
    assert states_of(again) == ["CANCELLED", "CANCELLED"]
    await world.settled(order.order_id)
    assert world.stock.available("zwolle", "shoes") == 1


async def _relieved(world: World, task_id: str) -> object:
    found = [each.assignment_cancelled for each in world.published]
    return next((each for each in found if each.task_id == task_id), None)


async def test_what_has_left_cannot_be_cancelled_and_then_nothing_is(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shoes"): 1})
    order = await world.submit(("1", "shirt", 1), ("2", "shoes", 1), allow_split=True)
    world.stock.fulfil(order.lines[0].reservation_id)
    await world.store_says(order, "task_shipped", line=0)
    await world.becomes(order.order_id, "SHIPPED", "ASSIGNED")
    with pytest.raises(WrongState):
        await world.cancel(order.order_id)
    assert states_of(await world.get(order.order_id)) == ["SHIPPED", "ASSIGNED"]
    with pytest.raises(NotFound):
        await world.cancel(order.order_id, "3")
    assert states_of(await world.cancel(order.order_id, "2")) == ["SHIPPED", "CANCELLED"]
    await world.settled(order.order_id)


async def test_goods_handed_over_before_the_store_heard_of_the_cancellation_are_gone(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    world.stock.fulfil(order.lines[0].reservation_id)
    await world.cancel(order.order_id)
    await world.settled(order.order_id)
    await world.store_says(order, "task_collected")
    order = await world.becomes(order.order_id, "COLLECTED")
    assert "had not heard" in order.history[-1].detail
    assert world.stock.available("zwolle", "shirt") == 0


async def test_a_held_basket_is_taken_over_or_replaced(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    held, small, late, others = (str(uuid4()) for _ in range(4))
    world.stock.hold(held, "zwolle", shirt=2)
    order = await world.submit(("1", "shirt", 2), collect="zwolle", basket=held)
    assert (states_of(order), order.lines[0].reservation_id) == (["ASSIGNED"], held)
    await world.settled(order.order_id)
    await world.cancel(order.order_id)
    await world.settled(order.order_id)

    world.stock.hold(small, "zwolle", shirt=1)
    order = await world.submit(("1", "shirt", 2), collect="zwolle", basket=small)
    assert order.lines[0].reservation_id not in {"", small}
    await world.settled(order.order_id)
    await world.cancel(order.order_id)
    await world.settled(order.order_id)

    world.stock.hold(late, "zwolle", shirt=2)
    world.clock.ahead += timedelta(minutes=20)
    order = await world.submit(("1", "shirt", 2), collect="zwolle", basket=late)
    assert (states_of(order), order.lines[0].reservation_id == late) == (["ASSIGNED"], False)
    await world.cancel(order.order_id)
    await world.settled(order.order_id)

    world.stock.hold(others, "zwolle", order_id="of-another", shirt=1)
    order = await world.submit(("1", "shirt", 1), collect="zwolle", basket=others)
    assert order.lines[0].reservation_id != others
    assert world.stock.reservations[others].state == orders_held(world, others)


def orders_held(world: World, reservation_id: str) -> int:
    return type(world.stock.reservations[reservation_id]).STATE_HELD


async def test_the_same_request_twice_is_one_order(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 5
    request = orders_pb2.SubmitOrderRequest(
        request_id=str(uuid4()), order=world.order(("1", "shirt", 1), collect="zwolle")
    )
    first = (await world.client.orders.SubmitOrder(request)).order
    second = (await world.client.orders.SubmitOrder(request)).order
    assert first == second
    assert world.stock.available("zwolle", "shirt") == 4

    other = orders_pb2.SubmitOrderRequest()
    other.CopyFrom(request)
    other.order.lines[0].quantity = 2
    with pytest.raises(RequestIdReused):
        await world.client.orders.SubmitOrder(other)
    other.request_id = str(uuid4())
    with pytest.raises(AlreadyExists):
        await world.client.orders.SubmitOrder(other)


async def test_bad_requests_are_refused_with_what_is_wrong(world: World) -> None:
    past = world.order(("1", "shirt", 1), collect="zwolle")
    past.auto_cancel_time.FromDatetime(world.clock.now() - timedelta(days=1))
    nowhere = world.order(("1", "shirt", 1))
    nowhere.ClearField("shipping_position")
    twice = world.order(("1", "shirt", 1), ("1", "shoes", 1))
    for order in (past, nowhere, twice):
        request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)
        with pytest.raises(InvalidField):
            await world.client.orders.SubmitOrder(request)
    with pytest.raises(NotFound):
        await world.get("unknown")
    with pytest.raises(NotFound):
        await world.plans("unknown")
    for token in ("!", "bm8=", "WzEsMl0="):
        with pytest.raises(InvalidField):
            await world.client.orders.ListOrders(orders_pb2.ListOrdersRequest(page_token=token))


async def test_orders_are_listed_latest_first_page_by_page(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 3
    orders = [await world.submit(("1", "shirt", 1), collect="zwolle") for _ in range(5)]
    token, pages = "", []
    while True:
        request = orders_pb2.ListOrdersRequest(customer_id="ana", page_size=2, page_token=token)
        answer = await world.client.orders.ListOrders(request)
        pages.append([each.order_id for each in answer.orders])
        token = answer.next_page_token
        if not token:
            break
    assert pages == [[orders[i].order_id for i in page] for page in ((4, 3), (2, 1), (0,))]
    parked = orders_pb2.ListOrdersRequest(state=orders_pb2.OrderLine.STATE_PARKED)
    found = (await world.client.orders.ListOrders(parked)).orders
    assert {each.order_id for each in found} == {orders[3].order_id, orders[4].order_id}
    other = orders_pb2.ListOrdersRequest(customer_id="ben")
    assert not (await world.client.orders.ListOrders(other)).orders


async def test_a_watched_order_is_seen_at_every_change_until_it_ends(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    seen = []
    async for answer in world.client.orders.WatchOrder(
        orders_pb2.WatchOrderRequest(order_id=order.order_id), timeout=15
    ):
        seen.append(states_of(answer.order)[0])
        if seen == ["ASSIGNED"]:
            await world.store_says(order, "task_ready")
        elif seen[-1] == "READY":
            await world.store_says(order, "task_collected")
    assert seen == ["ASSIGNED", "READY", "COLLECTED"]


async def test_what_the_counter_tells_of_refusals_and_returns_reaches_the_order(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 3, ("zwolle", "shoes"): 1})
    order = await world.submit(("1", "shirt", 2), ("2", "shoes", 1), collect="zwolle")
    await world.store_says(order, "task_ready", code="12345678")
    await world.becomes(order.order_id, "READY", "READY")
    await world.store_says(order, "line_refused", line_id="2", quantity=1, detail="too small")
    order = await world.becomes(order.order_id, "READY", "CANCELLED")
    assert order.history[-1].detail == "refused at the counter (too small)"
    await world.store_says(order, "task_collected", refused={"2": 1})
    order = await world.becomes(order.order_id, "COLLECTED", "CANCELLED")
    await world.store_says(order, "goods_returned", line_id="1", quantity=1, location_id="utrecht")
    order = await world.becomes(order.order_id, "COLLECTED", "CANCELLED", "RETURNED")
    assert [line.quantity for line in order.lines] == [1, 1, 1]
    assert not world.events(order, "lines_cancelled")  # its customer was there


async def test_a_substitute_that_its_customer_took_and_then_refused_is_not_collected(world: World) -> None:
    """It is a line of the task's own, with a name that the order does not know."""
    world.stock.sellable.update({("zwolle", "shirt"): 3, ("zwolle", "hat"): 1})
    order = await world.submit(("1", "shirt", 1), ("2", "hat", 1), collect="zwolle")
    event = await world.store_says(order, "substitution_decided")
    offer = event.task.substitutions.add(
        line_id="1", item_id="shirt-blue", quantity=1, substitute_line_id="s1", state="STATE_ACCEPTED"
    )
    event.task.lines.add(
        line_id="s1", item_id="shirt-blue", quantity=1, picked_quantity=1, refused_quantity=1
    )
    event.substitution_decided.substitution.CopyFrom(offer)
    event.event_id = str(uuid4())
    await world.tell(event, "pickup")

    async def noted() -> bool:
        history = (await world.get(order.order_id)).history
        return history[-1].detail == "the customer takes 1 of shirt-blue instead"

    await world.until(noted)
    event.line_refused.line_id, event.line_refused.quantity = "s1", 1
    event.event_id = str(uuid4())
    await world.tell(event, "pickup")
    await world.becomes(order.order_id, "CANCELLED", "ASSIGNED")
    event.task_collected.SetInParent()
    event.event_id = str(uuid4())
    await world.tell(event, "pickup")
    await world.becomes(order.order_id, "CANCELLED", "COLLECTED")
