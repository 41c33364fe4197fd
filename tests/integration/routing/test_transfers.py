"""Ship-to-store: what the store lacks comes there first, and its pickup waits for it."""

import asyncio
from datetime import UTC, timedelta
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.routing.v1 import orders_pb2, quotes_pb2
from onhand.api.stock.v1 import shipments_pb2

from .conftest import NEAR_UTRECHT, World, killed_before

ANNOUNCED, CANCELLED = shipments_pb2.Shipment.STATE_ANNOUNCED, shipments_pb2.Shipment.STATE_CANCELLED


async def sent(world: World, *lines: tuple[str, str, int]) -> orders_pb2.Order:
    """Submit an order to collect in Utrecht whose goods come from Zwolle."""
    order = world.order(*lines, collect="utrecht", allow_transfer=True)
    # Later than the goods may come, at whatever time of the day and week this runs.
    order.auto_cancel_time.FromDatetime(world.clock.now() + timedelta(days=14))
    order = (await world.client.orders.SubmitOrder(world.request(order))).order
    order = await world.becomes(order.order_id, *["TRANSFERRING"] * len(lines))
    return await world.settled(order.order_id)


async def test_goods_come_to_the_store_and_are_collected_there(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 3
    order = await sent(world, ("1", "shirt", 2))
    (line,) = order.lines
    (shipment,) = world.stock.shipments.values()
    assert (line.location_id, line.shipment_id) == ("zwolle", shipment.shipment_id)
    assert (shipment.from_location_id, shipment.to_location_id) == ("zwolle", "utrecht")
    assert (shipment.document, shipment.lines[0].announced_quantity) == (order.order_id, 2)
    assert world.stock.available("zwolle", "shirt") == 1  # the others are its own
    promised = line.promise_time.ToDatetime(UTC)
    assert promised > shipment.expected_time.ToDatetime(UTC) > world.clock.now()
    assert not world.events(order, "lines_assigned")  # nobody picks anything yet

    await world.carried(line.shipment_id, "DISPATCHED")

    async def left() -> bool:
        return not world.stock.live()

    await world.until(left)
    assert world.stock.available("zwolle", "shirt") == 1
    await world.carried(line.shipment_id, "CLOSED", received=2)
    order = await world.becomes(order.order_id, "ASSIGNED")
    assert order.lines[0].location_id == "utrecht"
    assert order.lines[0].promise_time.ToDatetime(UTC) == promised  # what was said holds
    assert (await world.event(order, "lines_assigned")).location_id == "utrecht"
    assert not world.events(order, "order_delayed")
    await world.settled(order.order_id)


async def test_without_consent_nothing_is_sent_and_what_the_store_has_comes_from_there(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 3, ("utrecht", "hat"): 1, ("zwolle", "hat"): 0})
    parked = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(parked.order_id, "PARKED")
    assert world.stock.shipments == {}
    await world.cancel(parked.order_id)
    order = await world.submit(("1", "shirt", 1), ("2", "hat", 1), collect="utrecht", allow_transfer=True)
    order = await world.becomes(order.order_id, "TRANSFERRING", "ASSIGNED")
    assert [line.location_id for line in order.lines] == ["zwolle", "utrecht"]
    await world.settled(order.order_id)


async def test_a_quote_by_transfer_says_where_from_and_is_taken_with_its_date(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 3
    request = quotes_pb2.CreateQuoteRequest(
        channel="web",
        customer_id="ana",
        position=NEAR_UTRECHT,
        store_count=1,
        allow_transfer=True,
        lines=[orders_pb2.OrderLine(line_id="1", item_id="shirt", quantity=2)],
    )
    at_store, by_transfer = (await world.client.quotes.CreateQuote(request)).options
    assert (at_store.impossible_because, at_store.quote_token) == ("insufficient_stock", "")
    assert list(by_transfer.location_ids) == ["utrecht"]
    assert list(by_transfer.transfer_from_location_ids) == ["zwolle"]
    order = world.order(("1", "shirt", 2), collect="utrecht")
    submit = orders_pb2.SubmitOrderRequest(
        request_id=str(uuid4()), order=order, quote_token=by_transfer.quote_token
    )
    await world.client.orders.SubmitOrder(submit)
    order = await world.becomes(order.order_id, "TRANSFERRING")
    assert order.promise_time == by_transfer.promise_time


async def test_a_cancelled_line_calls_its_transfer_off_and_the_others_are_sent_again(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 3, ("zwolle", "hat"): 3})
    order = await sent(world, ("1", "shirt", 2), ("2", "hat", 1))
    (first,) = world.stock.shipments.values()
    await world.cancel(order.order_id, "1")
    order = await world.becomes(order.order_id, "CANCELLED", "TRANSFERRING")
    await world.settled(order.order_id)
    assert first.state == CANCELLED
    (again,) = [each for each in world.stock.shipments.values() if each.state == ANNOUNCED]
    assert [(each.item_id, each.announced_quantity) for each in again.lines] == [("hat", 1)]
    assert world.stock.available("zwolle", "shirt") == 3
    await world.cancel(order.order_id)
    await world.settled(order.order_id)
    assert {each.state for each in world.stock.shipments.values()} == {CANCELLED}


async def test_what_was_cancelled_after_it_left_is_on_sale_where_it_arrives(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    order = await sent(world, ("1", "shirt", 2))
    await world.carried(order.lines[0].shipment_id, "DISPATCHED")

    async def left() -> bool:
        return not world.stock.live()

    await world.until(left)
    await world.cancel(order.order_id)
    await world.carried(order.lines[0].shipment_id, "CLOSED", received=2)
    await world.settled(order.order_id)
    assert world.stock.available("utrecht", "shirt") == 2


async def test_what_was_not_sent_is_planned_without_that_location(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 2, ("groningen", "shirt"): 2})
    order = await sent(world, ("1", "shirt", 2))
    assert order.lines[0].location_id == "zwolle"
    await world.carried(order.lines[0].shipment_id, "DISPATCHED")
    await world.carried(order.lines[0].shipment_id, "CLOSED", received=1)

    async def both() -> bool:
        lines = (await world.get(order.order_id)).lines
        return sorted((line.quantity, line.location_id) for line in lines) == [
            (1, "groningen"),
            (1, "utrecht"),
        ]

    await world.until(both, lambda: world.get(order.order_id))
    await world.settled(order.order_id)


@pytest.mark.parametrize("state", ["ANNOUNCED", "DISPATCHED"])
async def test_a_transfer_that_does_not_arrive_in_time_is_given_up(world: World, state: str) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 2, ("groningen", "shirt"): 2})
    order = await sent(world, ("1", "shirt", 2))
    if state == "DISPATCHED":
        await world.carried(order.lines[0].shipment_id, "DISPATCHED")
    (first,) = world.stock.shipments.values()
    expected = first.expected_time.ToDatetime(UTC)
    world.clock.ahead += expected - world.clock.now() + timedelta(days=1, minutes=1)

    async def moved() -> bool:
        return (await world.get(order.order_id)).lines[0].location_id == "groningen"

    await world.until(moved)
    await world.settled(order.order_id)
    assert first.state == (CANCELLED if state == "ANNOUNCED" else first.state)
    delayed = await world.event(order, "order_delayed")
    assert delayed.promise_time.ToDatetime() > delayed.promise_time_before.ToDatetime()


async def test_a_transfer_that_its_stores_call_off_is_planned_elsewhere(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 2, ("groningen", "shirt"): 2})
    order = await sent(world, ("1", "shirt", 2))
    await world.carried(order.lines[0].shipment_id, "CANCELLED")

    async def moved() -> bool:
        return (await world.get(order.order_id)).lines[0].location_id == "groningen"

    await world.until(moved)
    await world.settled(order.order_id)
    assert world.stock.available("zwolle", "shirt") == 2


async def test_a_transfer_that_would_be_too_late_is_not_begun(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    soon = Timestamp()
    soon.FromDatetime(world.clock.now() + timedelta(hours=5))
    order = world.order(("1", "shirt", 1), collect="utrecht", allow_transfer=True)
    order.latest_time.CopyFrom(soon)
    await world.client.orders.SubmitOrder(world.request(order))
    await world.becomes(order.order_id, "PARKED")
    assert world.stock.shipments == {}


@pytest.mark.parametrize("record", ["record_plan", "record_sent"])
@pytest.mark.parametrize("then", ["goes on", "is cancelled"])
async def test_a_process_that_dies_while_it_sends_leaves_one_transfer_or_none(
    world: World, monkeypatch: pytest.MonkeyPatch, record: str, then: str
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    killed = killed_before(world, monkeypatch, record)
    order = await world.submit(("1", "shirt", 2), collect="utrecht", allow_transfer=True)
    await asyncio.wait_for(killed.wait(), 15)
    if then == "is cancelled":
        await world.cancel(order.order_id)
    world.clock.ahead += timedelta(seconds=world.settings.lease_s + 1)
    await world.becomes(order.order_id, "CANCELLED" if then == "is cancelled" else "TRANSFERRING")
    await world.settled(order.order_id)
    live = [each for each in world.stock.shipments.values() if each.state == ANNOUNCED]
    assert len(live) == (0 if then == "is cancelled" else 1)


@pytest.mark.parametrize("fate", ["refused", "lost"])
@pytest.mark.parametrize("method", ["AnnounceShipment", "CancelShipment"])
async def test_a_lost_call_or_answer_leaves_one_transfer_and_none_once_it_is_called_off(
    world: World, method: str, fate: str
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 2
    world.stock.failing[method] = [fate, fate]
    order = await sent(world, ("1", "shirt", 2))
    assert [each.state for each in world.stock.shipments.values()] == [ANNOUNCED]
    await world.cancel(order.order_id)
    await world.settled(order.order_id)
    assert world.stock.failing[method] == []
    assert [each.state for each in world.stock.shipments.values()] == [CANCELLED]
    assert world.stock.available("zwolle", "shirt") == 2
