"""What else becomes of a wish: alternatives, what was there before, who passes by, what is erased or refused."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.integration.notifications.alerts.conftest import PLACES, WINDOW, Shop, person, queue, states, wish
from tests.integration.notifications.conftest import World, eventually, served

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.api.notifications.v1 import contacts_pb2
from onhand.kit.errors import DependencyUnavailable, InvalidField, LimitReached, NotFound, WrongState
from onhand.notifications.domain.messages import SENT, Channel, Message


async def test_alternatives_are_offered_once_where_nothing_comes_and_then_it_ends(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    async with served(shop.world) as client:
        blue = f"{shop.item_id}-blue"
        request = wish(await person(shop.world), shop, "utrecht", alternative_item_ids=[blue], offer="€ 9.95")
        request.wait_duration.FromTimedelta(timedelta(days=30))
        answers = [await client.alerts.CreateAlert(request) for _ in range(2)]
        assert answers[0] == answers[1]
        await shop.receive(2, "groningen", blue)
        shop.world.clock.ahead += timedelta(seconds=11)
        await shop.jobs.survey()
        shop.world.clock.ahead += timedelta(days=14)
        await shop.jobs.work()
        assert await shop.told() == [], "it is not where they want it"
        await shop.receive(1, "utrecht", blue)

        async def offered() -> list[Message]:
            shop.world.clock.ahead += timedelta(days=1, minutes=1)
            return await shop.until_told(1)

        await eventually(lambda: _known(shop.world, blue, shop.at("utrecht")))
        (message,) = await offered()
        assert message.subject == f"{shop.item_id} has not come, but this is there"
        (attempt,) = await shop.world.notifications.claim(Channel.EMAIL, 10)
        assert blue.encode() in attempt.body
        assert b"9.95" in attempt.body
        await shop.world.notifications.conclude(attempt, SENT)
        shop.world.clock.ahead += timedelta(days=30)
        await shop.jobs.work()
        assert await shop.told() == []
        assert await states(client, [answers[0].alert.alert_id]) == ["EXPIRED"]


async def _known(world: World, item_id: str, location_id: str) -> bool:
    query = text("SELECT true FROM supply WHERE item_id = :item_id AND location_id = :location_id")
    found = await world.database.read(
        lambda c: c.scalar(query, {"item_id": item_id, "location_id": location_id})
    )
    return bool(found)


async def test_what_was_there_before_anybody_waited_is_found_by_the_survey(open_shop: Any) -> None:
    shop: Shop = await open_shop()
    await shop.receive(1)
    async with queue(shop, 1):
        shop.world.clock.ahead += timedelta(seconds=11)
        await shop.jobs.survey()
        await shop.until_told(1)


async def test_who_passes_a_store_that_has_it_is_told_once_and_their_position_is_kept_nowhere(
    open_shop: Any,
) -> None:
    shop: Shop = await open_shop(nearby_radius_m=1_000)
    async with served(shop.world) as client:
        await shop.receive(1, "utrecht")
        await shop.receive(1, "houten")
        agreed, silent = await person(shop.world, 1), await person(shop.world, 2, agrees=False)
        for contact_id in (agreed, silent):
            look_up = pb.RecordLookUpRequest(
                contact_id=contact_id, item_id=shop.item_id, location_id=shop.at("utrecht"), was_out=True
            )
            for _ in range(2):
                await client.alerts.RecordLookUp(look_up)
        shop.world.clock.ahead += timedelta(seconds=11)
        await shop.jobs.survey()

        async def passes(contact_id: str, town: str) -> bool:
            request = pb.ReportPositionRequest(contact_id=contact_id)
            latitude, longitude = PLACES[town]
            request.position.latitude, request.position.longitude = latitude + 0.00123, longitude
            return (await client.alerts.ReportPosition(request)).told

        assert not await passes(agreed, "utrecht"), "that is where it was out"
        assert not await passes(agreed, "groningen"), "which has none"
        assert not await passes(silent, "houten")
        assert await passes(agreed, "houten")
        assert not await passes(agreed, "houten")
        (message,) = await shop.told()
        assert message.subject == f"{shop.item_id} is at {shop.at('houten')}, near you"
        dump = await shop.world.dump()
        assert "52.03523" not in dump
        erase = contacts_pb2.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=agreed)
        await client.contacts.EraseContact(erase)
        query = text("SELECT count(*) FROM look_ups")
        assert await shop.world.database.read(lambda c: c.scalar(query)) == 1


async def test_an_erased_persons_unit_goes_to_the_next_and_the_tables_forget_what_they_wanted(
    open_shop: Any,
) -> None:
    shop: Shop = await open_shop()
    await shop.jobs.locate()
    async with queue(shop, 2) as (client, ids):
        near_by = wish(await person(shop.world, 7), shop)
        near_by.near.position.latitude, near_by.near.position.longitude = 52.08765, 5.12345
        made = (await client.alerts.CreateAlert(near_by)).alert
        assert {shop.at("utrecht"), shop.at("houten")} <= set(made.location_ids)
        assert shop.at("groningen") not in made.location_ids
        await shop.receive(1)
        await shop.until_told(1)
        alert = (await client.alerts.GetAlert(pb.GetAlertRequest(alert_id=ids[0]))).alert
        erase = contacts_pb2.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=alert.contact_id)
        await client.contacts.EraseContact(erase)
        with pytest.raises(NotFound):
            await client.alerts.ClaimAlert(pb.ClaimAlertRequest(alert_id=ids[0]))
        shop.world.clock.ahead += WINDOW + timedelta(seconds=1)
        await shop.until_told(1)
        assert await states(client, [ids[1], made.alert_id]) == ["OFFERED", "WAITING"]
        dump = await shop.world.dump()
        left = text("SELECT count(*) FROM alerts WHERE alert_id = CAST(:alert_id AS uuid)")
        assert await shop.world.database.read(lambda c: c.scalar(left, {"alert_id": ids[0]})) == 0
        assert f"['{shop.item_id}']" in dump, "of the others it is still known what they want"
        assert "52.08765" not in dump
        exported = await client.contacts.ExportContact(
            contacts_pb2.ExportContactRequest(contact_id=made.contact_id)
        )
        assert [each.alert_id for each in exported.alerts] == [made.alert_id]


async def test_an_alert_is_refused_where_it_cannot_be(open_shop: Any, world: World) -> None:
    shop: Shop = await open_shop(max_alerts_per_contact=2)
    async with served(shop.world) as client:
        contact_id = await person(shop.world)
        with pytest.raises(NotFound):
            await client.alerts.CreateAlert(wish(str(uuid.uuid4()), shop))
        with pytest.raises(NotFound):
            await client.alerts.CreateAlert(wish(contact_id, shop, address_id=str(uuid.uuid4())))
        far = wish(contact_id, shop)
        far.near.position.latitude = -80
        with pytest.raises(InvalidField, match="no store is there"):
            await client.alerts.CreateAlert(far)
        far.near.position.latitude = 91
        with pytest.raises(InvalidField, match="latitude"):
            await client.alerts.CreateAlert(far)
        ids = [(await client.alerts.CreateAlert(wish(contact_id, shop))).alert.alert_id for _ in range(2)]
        with pytest.raises(LimitReached):
            await client.alerts.CreateAlert(wish(contact_id, shop))
        with pytest.raises(WrongState, match="WAITING"):
            await client.alerts.ClaimAlert(pb.ClaimAlertRequest(alert_id=ids[0]))
        for _ in range(2):
            await client.alerts.CancelAlert(pb.CancelAlertRequest(alert_id=ids[0]))
        assert await states(client, ids) == ["CANCELLED", "WAITING"]
        listed = (await client.alerts.ListAlerts(pb.ListAlertsRequest(contact_id=contact_id))).alerts
        assert [each.alert_id for each in listed] == list(reversed(ids))
    async with served(world) as client:
        with pytest.raises(DependencyUnavailable):
            await client.alerts.CreateAlert(wish(await person(world, 2), shop))
