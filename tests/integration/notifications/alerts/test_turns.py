"""Who waits for something is told in their turn, with a unit held for them by a real stock."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.notifications.alerts.conftest import (
    WINDOW,
    Shop,
    add_person,
    person,
    queue,
    states,
    wish,
)
from tests.integration.notifications.conftest import World, eventually, served

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.api.stock.v1 import reservations_pb2
from onhand.kit.errors import WrongState
from onhand.notifications.domain.alerts import Alert, AlertState, HoldState
from onhand.notifications.domain.messages import Channel, State
from onhand.notifications.stock import Stock
from onhand.notifications.storage import alerts, contacts, supply


async def test_of_a_thousand_who_wait_three_units_wake_the_first_three_and_then_the_next(
    open_shop: Any,
) -> None:
    shop: Shop = await open_shop()
    world = shop.world

    async def thousand(connection: AsyncConnection) -> list[uuid.UUID]:
        now, ids = world.clock.now(), []
        for number in range(1_000):
            contact_id = await add_person(connection, world, number)
            contact = await contacts.get(connection, world.vault, contact_id)
            assert contact is not None
            alert = Alert(
                world.clock.uuid(),
                contact_id,
                contact.identities[0].identity_id,
                None,
                (shop.item_id,),
                (shop.at("utrecht"),),
                (),
                "",
                AlertState.WAITING,
                now + timedelta(milliseconds=number),
                now + timedelta(days=90),
            )
            await alerts.add(connection, world.vault, alert, alert.expire_time)
            ids.append(alert.alert_id)
        await supply.watch(connection, [shop.item_id], now)
        return ids

    asked = await world.database.transaction(thousand)
    world.clock.ahead += timedelta(seconds=1)
    await shop.receive(3)
    first = await shop.until_told(3)
    await shop.jobs.work()
    assert len(await shop.told()) == 3
    assert await shop.available() == 0, "a unit is held for each of them"
    assert {each.masked_address for each in first} == {"p***@shop.example"}

    async def in_state(state: AlertState) -> list[uuid.UUID]:
        query = text("SELECT alert_id FROM alerts WHERE state = :state ORDER BY create_time, alert_id")
        rows = await world.database.read(lambda c: c.execute(query, {"state": state}))
        return list(rows.scalars())

    assert await in_state(AlertState.OFFERED) == asked[:3]
    taken, unit = await world.alerts.claim(asked[1])
    assert taken.state is AlertState.CLAIMED
    order = reservations_pb2.CommitReservationRequest(
        request_id=str(uuid.uuid4()), reservation_id=str(unit.hold_id), order_id="WEB-1"
    )
    held = (await shop.stock.reservations.CommitReservation(order)).reservation
    assert [(each.item_id, each.quantity) for each in held.lines] == [(shop.item_id, 1)]

    world.clock.ahead += WINDOW + timedelta(seconds=1)
    await shop.until_told(5)
    assert await in_state(AlertState.OFFERED) == asked[3:5]
    assert await in_state(AlertState.LAPSED) == [asked[0], asked[2]]
    assert await in_state(AlertState.CLAIMED) == [asked[1]]
    assert len(await in_state(AlertState.WAITING)) == 995
    assert await shop.available() == 0
    assert await shop.reservations() == 3, "the units went on to the next without being let go"
    with pytest.raises(WrongState, match="LAPSED"):
        await world.alerts.claim(asked[0])


async def test_what_nobody_takes_is_given_back(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    async with queue(shop, 1) as (client, ids):
        await shop.receive(5)
        (message,) = await shop.until_told(1)
        assert message.subject == f"{shop.item_id} is there again"
        assert await shop.available() == 4
        shop.world.clock.ahead += WINDOW + timedelta(seconds=1)
        await shop.until_available(5)
        assert await states(client, ids) == ["LAPSED"]


async def test_of_several_told_of_one_unit_the_first_gets_it_and_the_others_keep_their_place(
    open_shop: Any,
) -> None:
    shop: Shop = await open_shop(alert_people_per_unit=2)
    async with queue(shop, 3) as (client, ids):
        await shop.receive(1)
        await shop.until_told(2)
        assert await states(client, ids) == ["OFFERED", "OFFERED", "WAITING"]
        claims = [client.alerts.ClaimAlert(pb.ClaimAlertRequest(alert_id=each)) for each in ids[:2] * 2]
        answers = await asyncio.gather(*claims, return_exceptions=True)
        won = [each for each in answers if isinstance(each, pb.ClaimAlertResponse)]
        assert len(won) == 2, "the same person twice"
        assert won[0] == won[1]
        winner = ids.index(won[0].alert.alert_id)
        loser = ids[1 - winner]
        assert await states(client, [ids[winner], loser, ids[2]]) == ["CLAIMED", "WAITING", "WAITING"]
        await shop.receive(1)
        await shop.until_told(4)
        assert await states(client, [loser, ids[2]]) == ["OFFERED", "OFFERED"]


async def test_a_process_that_dies_after_stock_has_held_a_unit_holds_no_second_one(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    async with queue(shop, 2) as (client, ids):
        await shop.receive(1)
        await eventually(shop.world.offers.want_units)
        (unit,) = await shop.world.offers.due_units(10)
        assert unit.state is HoldState.WANTED
        assert await Stock(shop.stock, 5).hold([unit], shop.world.settings.alert_hold_s)
        # It dies here. The next process waits for the lease and asks for the same unit.
        await shop.jobs.work()
        assert await shop.told() == []
        shop.world.clock.ahead += timedelta(seconds=shop.world.settings.alert_lease_s + 1)
        await asyncio.gather(*(shop.jobs.work() for _ in range(4)))
        assert len(await shop.told()) == 1
        assert await states(client, ids) == ["OFFERED", "WAITING"]
        assert await shop.reservations() == 1


async def test_who_cannot_be_told_is_passed_over_and_nothing_is_held_for_nobody(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    async with served(shop.world) as client:
        silent = wish(await person(shop.world, 1, agrees=False), shop, "utrecht")
        first = (await client.alerts.CreateAlert(silent)).alert.alert_id
        await shop.receive(1)
        await eventually(lambda: _refused(shop.world))
        await shop.until_available(1)
        reservations = await shop.reservations()
        # What was given back wakes nobody who cannot be told: not again and again.
        second = (await client.alerts.CreateAlert(wish(await person(shop.world, 2), shop, "utrecht"))).alert
        await shop.until_told(1)
        assert await states(client, [first, second.alert_id]) == ["WAITING", "OFFERED"]
        assert await shop.reservations() == reservations + 1


async def _refused(world: World) -> bool:
    await world.offers.want_units()
    found = await world.messages(State.SUPPRESSED)
    if found:
        assert found[0].failure == "they have not agreed to it"
        return True
    for unit in await world.offers.due_units(10):
        await world.offers.unit_held(unit, world.clock.now() + WINDOW * 2)
    return False


async def test_a_unit_waits_for_the_end_of_the_night(open_shop: Any) -> None:
    shop: Shop = await open_shop(quiet_hours="00:00-23:59", default_time_zone="UTC")
    journey = next(
        each for each in await shop.world.notifications.journeys.list_in_use() if each.name == "back_in_stock"
    )
    assert Channel.EMAIL not in journey.quiet
    async with queue(shop, 1) as (client, ids):
        await shop.receive(1)
        await shop.until_told(1)
        (alert_id,) = ids
        alert = (await client.alerts.GetAlert(pb.GetAlertRequest(alert_id=alert_id))).alert
        claimed = await client.alerts.ClaimAlert(pb.ClaimAlertRequest(alert_id=alert_id))
        # Stock holds it through the longest night, the window and the checkout.
        assert claimed.expire_time.seconds - alert.claim_deadline.seconds > 23 * 3_600


async def test_who_cancels_gives_the_unit_to_the_next_at_once(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    async with queue(shop, 2) as (client, ids):
        await shop.receive(1)
        await shop.until_told(1)
        await client.alerts.CancelAlert(pb.CancelAlertRequest(alert_id=ids[0]))
        await shop.until_told(2)
        assert await states(client, ids) == ["CANCELLED", "OFFERED"]
        assert await shop.reservations() == 1
        # A hold that stock has let go of is forgotten, and the person behind it waits on.
        query = "SELECT hold_id FROM unit_holds"
        (hold_id,) = (await shop.world.database.read(lambda c: c.execute(text(query)))).scalars()
        held = await shop.world.database.transaction(lambda c: alerts.get_hold(c, hold_id))
        assert held is not None
        assert held.round == 2
