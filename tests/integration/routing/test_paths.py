"""What becomes of orders: collect, ship, split, and what stores and customers do to them."""

from datetime import timedelta

import pytest

from onhand.api.pickup.v1 import tasks_pb2
from onhand.kit.errors import InsufficientStock

from .conftest import World, states_of

NOT_FOUND = tasks_pb2.REJECT_REASON_NOT_FOUND
NO_CAPACITY = tasks_pb2.REJECT_REASON_NO_CAPACITY


async def test_a_collect_order_is_assigned_to_its_store_at_once_and_collected(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 5
    order = await world.submit(("1", "shirt", 2), collect="zwolle")
    assert states_of(order) == ["ASSIGNED"]
    assert order.promise_time.ToDatetime() - order.create_time.ToDatetime() >= timedelta(hours=2)
    assert [each.state for each in order.history] == [1, 2, 3, 4]
    assert [each.actor for each in order.history] == ["shop", "routing", "routing", "routing"]

    assigned = await world.event(order, "lines_assigned")
    assert (assigned.task_id, assigned.location_id) == (order.lines[0].task_id, "zwolle")
    assert assigned.reservation_id == order.lines[0].reservation_id
    assert [(line.line_id, line.quantity) for line in assigned.lines] == [("1", 2)]
    assert assigned.customer_display_name == "Ana"
    await world.settled(order.order_id)

    await world.store_says(order, "task_started")
    await world.becomes(order.order_id, "PICKING")
    await world.store_says(order, "task_ready", code="12345678")
    await world.becomes(order.order_id, "READY")
    world.stock.fulfil(order.lines[0].reservation_id)
    await world.store_says(order, "task_collected")
    order = await world.becomes(order.order_id, "COLLECTED")
    assert order.history[-1].actor == "bo"
    assert world.stock.available("zwolle", "shirt") == 3


async def test_a_ship_order_goes_to_the_nearest_that_has_all_and_says_why(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("amsterdam", "shirt"): 5, ("zwolle", "shirt"): 5})
    world.stock.locations["groningen"].ship_enabled = False
    order = await world.submit(("1", "shirt", 2))
    assert order.lines[0].location_id == "amsterdam"

    (plan,) = await world.plans(order.order_id)
    verdicts = {each.location_id: (each.chosen, each.excluded_by) for each in plan.candidates}
    assert verdicts == {
        "amsterdam": (True, ""),
        "zwolle": (False, ""),
        "utrecht": (False, "insufficient_stock"),
        "groningen": (False, "ship_disabled"),
    }
    assert plan.candidates[0].location_id == "amsterdam"
    assert plan.candidates[0].cost == pytest.approx(sum(term.cost for term in plan.candidates[0].terms))
    assert plan.candidates[1].cost > plan.candidates[0].cost

    await world.store_says(order, "task_shipped", carrier="PostNL", tracking_number="3S1")
    order = await world.becomes(order.order_id, "SHIPPED")
    assert (order.lines[0].carrier, order.lines[0].tracking_number) == ("PostNL", "3S1")


async def test_an_order_is_split_only_with_consent_and_a_line_divided_only_if_it_must(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 2, ("zwolle", "shoes"): 1})
    whole = await world.submit(("1", "shirt", 3), ("2", "shoes", 1))
    assert states_of(whole) == ["PARKED", "PARKED"]
    await world.cancel(whole.order_id)

    order = await world.submit(("1", "shirt", 3), ("2", "shoes", 1), allow_split=True)
    placed = {line.line_id: (line.location_id, line.quantity) for line in order.lines}
    assert placed["2"] == ("zwolle", 1)
    assert placed.keys() == {"1", "1/2", "2"}
    assert sorted((placed["1"], placed["1/2"])) in (
        [("utrecht", 1), ("zwolle", 2)],
        [("utrecht", 2), ("zwolle", 1)],
    )
    assert len({line.task_id for line in order.lines}) == 2
    await world.settled(order.order_id)


async def test_a_lagging_view_costs_a_second_plan_and_nothing_else(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shirt"): 5})
    world.stock.pretended["utrecht", "shirt"] = 9
    order = await world.submit(("1", "shirt", 2))
    assert (states_of(order), order.lines[0].location_id) == (["ASSIGNED"], "zwolle")
    first, second = await world.plans(order.order_id)
    assert "stock refused at utrecht" in first.outcome
    assert second.outcome == "chosen: zwolle"
    await world.settled(order.order_id)


async def test_an_order_that_stock_refuses_again_and_again_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in world.stock.locations:
        world.stock.sellable[place, "shirt"] = 9

    def refuse(_: object) -> None:
        raise InsufficientStock("shirt", "utrecht", 1, 0)

    monkeypatch.setattr(world.stock, "create", refuse)
    order = await world.submit(("1", "shirt", 1))
    await world.becomes(order.order_id, "PARKED")
    assert world.stock.calls["CreateReservation"] == world.settings.max_conflicts
    assert len(await world.plans(order.order_id)) == world.settings.max_conflicts
    assert world.stock.live() == []


async def test_a_rejection_moves_the_lines_elsewhere_and_tells_stock_and_customer(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 2})
    order = await world.submit(("1", "shirt", 2))
    assert order.lines[0].location_id == "utrecht"
    world.clock.ahead += timedelta(minutes=30)
    event = await world.store_says(order, "task_rejected", reason=NOT_FOUND, picked={"1": 1})

    async def moved() -> bool:
        return (await world.get(order.order_id)).lines[0].location_id == "zwolle"

    await world.until(moved)
    moved_order = await world.settled(order.order_id)
    assert states_of(moved_order) == ["ASSIGNED"]
    assert list(moved_order.lines[0].failed_location_ids) == ["utrecht"]
    assert moved_order.lines[0].task_id != order.lines[0].task_id
    # The unit that had been picked is there; only the other one is missing.
    assert world.stock.lost == {("utrecht", "shirt", "MISSING"): 1}
    assert world.stock.available("utrecht", "shirt") == 1
    delayed = await world.event(order, "order_delayed")
    assert delayed.promise_time.ToDatetime() - delayed.promise_time_before.ToDatetime() >= timedelta(
        minutes=30
    )

    # The same news again, and news of the old task, change nothing.
    await world.tell(event, "pickup")
    await world.store_says(order, "task_collected")
    await world.store_says(moved_order, "task_started")
    await world.becomes(order.order_id, "PICKING")
    await world.event(order, "lines_assigned", count=2)
    assert len(world.events(order, "lines_assigned")) == 2


async def test_units_picked_short_become_a_line_of_their_own_elsewhere(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 3, ("zwolle", "shirt"): 3})
    order = await world.submit(("1", "shirt", 3), allow_split=True)
    damaged = tasks_pb2.REJECT_REASON_DAMAGED
    await world.store_says(
        order, "line_short_picked", line_id="1", quantity=1, reason=damaged, short={"1": 1}, picked={"1": 2}
    )
    divided = await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED")
    assert [(line.line_id, line.quantity, line.location_id) for line in divided.lines] == [
        ("1", 2, "utrecht"),
        ("1/2", 1, "zwolle"),
    ]
    await world.settled(order.order_id)
    assert world.stock.lost == {("utrecht", "shirt", "DAMAGED"): 1}
    await world.store_says(order, "task_shipped", short={"1": 1})
    await world.becomes(order.order_id, "SHIPPED", "ASSIGNED")


async def test_without_consent_a_short_line_waits_for_the_others_location(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 9})
    order = await world.submit(("1", "shirt", 2))
    await world.store_says(
        order, "line_short_picked", line_id="1", quantity=1, reason=NOT_FOUND, short={"1": 1}
    )
    await world.becomes(order.order_id, "ASSIGNED", "PARKED")
    last = (await world.plans(order.order_id))[-1]
    assert {each.location_id: each.excluded_by for each in last.candidates}["zwolle"] == "no_split_consent"
    await world.arrive("utrecht", "shirt", 1)
    order = await world.becomes(order.order_id, "ASSIGNED", "ASSIGNED")
    assert order.lines[1].location_id == "utrecht"
    await world.settled(order.order_id)


async def test_what_a_store_keeps_back_from_a_channel_is_not_planned_for_its_orders(world: World) -> None:
    world.stock.sellable.update({("amsterdam", "shirt"): 5, ("zwolle", "shirt"): 5})
    world.stock.kept["web", "amsterdam", "shirt"] = 4
    order = await world.submit(("1", "shirt", 2))
    assert order.lines[0].location_id == "zwolle"
    await world.settled(order.order_id)


async def test_a_rejected_collect_order_waits_for_new_stock_in_its_store_only(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 1, ("utrecht", "shirt"): 9})
    order = await world.submit(("1", "shirt", 1), collect="zwolle")
    await world.store_says(order, "task_rejected", reason=NO_CAPACITY)
    await world.becomes(order.order_id, "PARKED")
    await world.event(order, "order_delayed")
    # Its own unit, given back to sale, is no news; nor is the passing of time.
    assert world.stock.available("zwolle", "shirt") == 1
    world.clock.ahead += timedelta(seconds=2 * world.settings.park_retry_s)
    calls = world.stock.calls["GetAvailability"]

    async def tried_again() -> bool:
        return world.stock.calls["GetAvailability"] > calls

    await world.until(tried_again)
    assert states_of(await world.settled(order.order_id)) == ["PARKED"]
    await world.arrive("zwolle", "shirt", 1)
    await world.becomes(order.order_id, "ASSIGNED")
    await world.settled(order.order_id)


async def test_parked_orders_wake_in_the_order_they_came_when_stock_arrives(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 0
    orders = [await world.submit(("1", "shirt", 2)) for _ in range(3)]
    assert [states_of(order) for order in orders] == [["PARKED"]] * 3
    assert orders[0].promise_time.seconds == 0
    delayed = await world.event(orders[0], "order_delayed")
    assert not delayed.HasField("promise_time")
    await world.arrive("zwolle", "shirt", 4)
    await world.becomes(orders[0].order_id, "ASSIGNED")
    await world.becomes(orders[1].order_id, "ASSIGNED")
    assert states_of(await world.get(orders[2].order_id)) == ["PARKED"]


async def test_all_wake_for_whom_something_comes_in_one_delivery(world: World) -> None:
    world.stock.sellable["amsterdam", "shirt"] = 0
    orders = [await world.submit(("1", item, 1)) for item in ("shirt", "skirt", "blouse")]
    assert [states_of(order) for order in orders] == [["PARKED"]] * 3
    await world.arrive_together(("amsterdam", "shirt", 1), ("zwolle", "skirt", 2))
    for order in orders[:2]:
        await world.becomes(order.order_id, "ASSIGNED")
    assert states_of(await world.get(orders[2].order_id)) == ["PARKED"]


async def test_nobody_waits_because_the_view_is_behind(world: World) -> None:
    world.stock.sellable["zwolle", "shirt"] = 1
    world.stock.pretended["zwolle", "shirt"] = -1
    order = await world.submit(("1", "shirt", 1))
    assert states_of(order) == ["ASSIGNED"]
    await world.settled(order.order_id)


async def test_what_arrives_while_an_order_is_being_parked_is_found_though_it_woke_nobody(
    world: World,
) -> None:
    world.stock.sellable["zwolle", "shirt"] = 0

    async def arrives_unheard() -> None:
        if world.stock.calls["GetAvailability"] == 1:
            world.stock.before_answer["GetAvailability"] = arrives_unheard
        else:
            world.stock.sellable["zwolle", "shirt"] = 1  # without an event: that one came before the parking

    world.stock.before_answer["GetAvailability"] = arrives_unheard
    order = await world.submit(("1", "shirt", 1))
    await world.becomes(order.order_id, "ASSIGNED")
    await world.event(order, "order_delayed")
    await world.settled(order.order_id)
