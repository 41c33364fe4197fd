"""What other systems are known to get wrong, each told in a sentence."""

import asyncio
from collections import Counter

from onhand.api.routing.v1 import orders_pb2, quotes_pb2

from .conftest import NEAR_UTRECHT, World, states_of


async def test_what_is_available_in_several_stores_is_reserved_in_several_stores(world: World) -> None:
    """Availability summed over stores, but reserved from the first only."""
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 1})
    order = await world.submit(("1", "shirt", 3), allow_split=True)
    order = await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED")
    assert {line.location_id: line.quantity for line in order.lines} == {"utrecht": 2, "zwolle": 1}
    await world.settled(order.order_id)
    assert sum(world.stock.available(each, "shirt") for each in ("utrecht", "zwolle")) == 0


async def test_without_consent_to_split_nothing_is_reserved_of_an_order_that_fits_nowhere(
    world: World,
) -> None:
    """The same, when the customer wants one parcel."""
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 1})
    order = await world.submit(("1", "shirt", 3))
    await world.becomes(order.order_id, "PARKED")
    assert world.stock.live() == []


async def test_collection_is_not_offered_where_the_store_has_none(world: World) -> None:
    """Pickup offered because the chain has it, and found missing once it is paid for."""
    world.stock.sellable.update({("zwolle", "shirt"): 9, ("utrecht", "shirt"): 0})
    request = quotes_pb2.CreateQuoteRequest(
        channel="web",
        position=NEAR_UTRECHT,
        store_count=2,
        lines=[orders_pb2.OrderLine(line_id="1", item_id="shirt", quantity=1)],
    )
    answer = await world.client.quotes.CreateQuote(request)
    offered = {
        each.location_ids[0]: (bool(each.quote_token), each.impossible_because) for each in answer.options
    }
    assert offered["utrecht"] == (False, "insufficient_stock")
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(order.order_id, "PARKED")
    assert world.stock.live() == []


async def test_a_cancelled_line_does_not_block_the_rest(world: World) -> None:
    """A refunded line that keeps the order from being fulfilled."""
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("utrecht", "shoes"): 1})
    order = await world.submit(("1", "shirt", 1), ("2", "shoes", 1), ("3", "hat", 1), collect="utrecht")
    await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED", "PARKED")
    order = await world.cancel(order.order_id, "1", "3")
    await world.settled(order.order_id)
    assert world.stock.available("utrecht", "shirt") == 1
    world.stock.fulfil(order.lines[1].reservation_id)
    await world.store_says(order, "task_collected", line=1, short={"1": 1})  # which it was relieved of
    await world.becomes(order.order_id, "CANCELLED", "COLLECTED", "CANCELLED")


async def test_the_collect_stores_stock_is_not_taken_by_web_orders(world: World) -> None:
    """An order to collect that was accepted, and whose goods a web order then took."""
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    collected = await world.submit(("1", "shirt", 1), collect="utrecht")
    shipped = await world.submit(("1", "shirt", 1))
    await world.becomes(collected.order_id, "ASSIGNED")
    await world.becomes(shipped.order_id, "PARKED")


async def test_a_race_for_the_last_unit_leaves_one_reservation_and_nobody_without_a_deadline(
    world: World,
) -> None:
    """The last unit sold twice, or an order left behind without a reservation."""
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    orders = await asyncio.gather(*(world.submit(("1", "shirt", 1)) for _ in range(12)))

    async def settled() -> bool:
        states = Counter([states_of(await world.get(each.order_id))[0] for each in orders])
        return states == {"ASSIGNED": 1, "PARKED": 11}

    await world.until(settled)
    assert len(world.stock.live()) == 1
    assert world.stock.available("utrecht", "shirt") == 0
    # Whoever waits is looked at again: the unit that comes goes to one of them.
    await world.arrive("utrecht", "shirt", 1)

    async def woken() -> bool:
        states = Counter([states_of(await world.get(each.order_id))[0] for each in orders])
        return states == {"ASSIGNED": 2, "PARKED": 10}

    await world.until(woken)
    oldest = [each.order_id for each in orders]
    placed = [each for each in oldest if states_of(await world.get(each)) == ["ASSIGNED"]]
    assert len(placed) == 2


async def test_carts_with_the_same_items_in_another_order_do_not_wait_for_each_other(world: World) -> None:
    """Two carts that lock the same items in opposite orders."""
    items = ["shirt", "shoes", "hat"]
    for item in items:
        world.stock.sellable["utrecht", item] = 20
    carts = [items, items[::-1], [items[1], items[2], items[0]]] * 4
    lines = [[(str(number), item, 1) for number, item in enumerate(cart)] for cart in carts]
    orders = await asyncio.gather(*(world.submit(*each) for each in lines))
    for order in orders:
        await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED", "ASSIGNED")
    assert {world.stock.available("utrecht", item) for item in items} == {8}
