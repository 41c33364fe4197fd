"""Ship orders of a channel with waves wait for theirs, and are planned at least cost together."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from google.type.latlng_pb2 import LatLng

from onhand.api.routing.v1 import policies_pb2 as pb
from onhand.routing.domain.placing import wave_time

from .conftest import World, killed_before, states_of

WAVE_S = 3600
NEAR = {
    "utrecht": LatLng(latitude=52.1, longitude=5.1),
    "zwolle": LatLng(latitude=52.5, longitude=6.1),
    "groningen": LatLng(latitude=53.2, longitude=6.5),
}


async def with_waves(world: World) -> None:
    """Let the channel have waves, the next of which begins in `WAVE_S`: none begins while orders come in."""
    now = world.clock.now()
    world.clock.ahead += wave_time(now, WAVE_S) - now
    policy = pb.Policy(channel="web", wave_seconds=WAVE_S)
    await world.client.policies.ApplyPolicy(pb.ApplyPolicyRequest(request_id=str(uuid4()), policy=policy))


async def submit_near(world: World, place: str) -> str:
    order = world.order(("1", "shirt", 1))
    order.shipping_position.CopyFrom(NEAR[place])
    request = world.request(order)
    assert states_of((await world.client.orders.SubmitOrder(request)).order) == ["ACCEPTED"]
    return order.order_id


async def test_a_wave_serves_both_where_one_by_one_the_first_takes_what_the_second_needs(
    world: World,
) -> None:
    await with_waves(world)
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "shirt"): 1, ("groningen", "hat"): 1})
    # Nearest to Groningen is Zwolle; alone the first order would take what is next door to the second.
    orders = [await submit_near(world, "groningen"), await submit_near(world, "zwolle")]
    assert world.stock.calls["CreateReservation"] == 0
    world.clock.ahead += timedelta(seconds=WAVE_S)
    placed = [(await world.becomes(each, "ASSIGNED")).lines[0].location_id for each in orders]
    assert sorted(placed) == ["utrecht", "zwolle"]
    (plan,) = await world.plans(orders[0])
    assert "in a wave of 2, at most 0.00% above the least cost" in plan.outcome
    assert plan.policy_channel == "web"


async def test_others_do_not_wait_for_a_wave(world: World) -> None:
    await with_waves(world)
    world.stock.sellable.update({("utrecht", "shirt"): 5})
    collected = await world.submit(("1", "shirt", 1), collect="utrecht")
    other_channel = await world.submit(("1", "shirt", 1), channel="app")
    await asyncio.gather(*(world.becomes(each.order_id, "ASSIGNED") for each in (collected, other_channel)))


async def test_an_order_is_cancelled_before_its_wave(world: World) -> None:
    await with_waves(world)
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    first, second = await submit_near(world, "utrecht"), await submit_near(world, "utrecht")
    assert states_of(await world.cancel(first)) == ["CANCELLED"]
    world.clock.ahead += timedelta(seconds=WAVE_S)
    await world.becomes(second, "ASSIGNED")


async def test_killed_in_a_wave_its_orders_are_planned_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_waves(world)
    world.stock.sellable.update({("utrecht", "shirt"): 3})
    orders = [await submit_near(world, "utrecht") for _ in range(3)]
    killed = killed_before(world, monkeypatch, "record_plan")
    world.clock.ahead += timedelta(seconds=WAVE_S)

    async def is_killed() -> bool:
        return killed.is_set()

    await world.until(is_killed)
    world.clock.ahead += timedelta(seconds=world.settings.wave_lease_s)
    for each in orders:
        await world.becomes(each, "ASSIGNED")
    assert len(world.stock.reservations) == 3


async def test_a_wave_waits_while_stock_is_away_and_no_order_is_lost(world: World) -> None:
    await with_waves(world)
    world.stock.sellable.update({("utrecht", "shirt"): 2})
    orders = [await submit_near(world, "utrecht") for _ in range(2)]
    await world.stock.stop()
    world.clock.ahead += timedelta(seconds=WAVE_S)
    await asyncio.sleep(0)
    await world.stock.start()
    for each in orders:
        await world.becomes(each, "ASSIGNED")
