"""Who waits for something is told in their turn, with a unit held for them by a real stock."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.api.notifications.v1 import contacts_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, ledger_pb2, reservations_pb2
from onhand.cli.ports import free_ports
from onhand.cli.probes import grpc_serves
from onhand.client import AsyncNotifications, AsyncStock
from onhand.kit.errors import DependencyUnavailable, InvalidField, LimitReached, NotFound, WrongState
from onhand.kit.events import Broker, Consumer
from onhand.notifications.consumer import WatchList, stock_events
from onhand.notifications.domain.alerts import Alert, AlertState, HoldState
from onhand.notifications.domain.contacts import Consent, Kind, NewAddress, Profile, Proof, Topic
from onhand.notifications.domain.messages import SENT, Channel, Message, State
from onhand.notifications.jobs import AlertJobs
from onhand.notifications.stock import Stock
from onhand.notifications.storage import alerts, contacts, supply
from onhand.stock.config import StockSettings

from .conftest import World, eventually, served

WINDOW = timedelta(hours=2)
PLACES = {"utrecht": (52.090, 5.122), "houten": (52.034, 5.168), "groningen": (53.219, 6.568)}


@pytest.fixture(scope="module")
def stock_address(make_settings: Callable[..., StockSettings]) -> Iterator[str]:
    """A stock of its own, in a process of its own."""
    settings = make_settings("stock", StockSettings)
    address = f"127.0.0.1:{free_ports(1)[0]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "onhand", "serve", "stock"],
        env={
            **os.environ,
            "ONHAND_DATABASE_URL": str(settings.database_url),
            "ONHAND_NATS_URL": settings.nats_url,
            "ONHAND_LISTEN": address,
            "ONHAND_AUTH_ISSUER": settings.auth_issuer,
            "ONHAND_AUTH_JWKS_FILE": str(settings.auth_jwks_file),
            "ONHAND_LOG_LEVEL": "warning",
        },
    )
    yield address
    process.terminate()
    process.wait(20)


@dataclass
class Shop:
    """Three stores with an item of this test alone."""

    world: World
    stock: AsyncStock
    item_id: str
    jobs: AlertJobs

    def at(self, town: str) -> str:
        return f"{town}-{self.item_id}"

    async def receive(self, quantity: int, town: str = "utrecht", item_id: str = "") -> None:
        await self.stock.ledger.RecordReceipt(
            ledger_pb2.RecordReceiptRequest(
                request_id=str(uuid.uuid4()),
                location_id=self.at(town),
                lines=[
                    ledger_pb2.DocumentLine(
                        product=ledger_pb2.Product(item_id=item_id or self.item_id), quantity=quantity
                    )
                ],
            )
        )

    async def available(self, town: str = "utrecht") -> int:
        answer = await self.stock.availability.GetAvailability(
            availability_pb2.GetAvailabilityRequest(
                item_ids=[self.item_id],
                location_ids=[self.at(town)],
                consistency=availability_pb2.Consistency(fully_consistent=True),
            )
        )
        return answer.lines[0].availability.available

    async def reservations(self) -> int:
        """Return how many reservations stock has ever made for the item."""
        request = reservations_pb2.ListReservationsRequest(page_size=1_000)
        found = (await self.stock.reservations.ListReservations(request)).reservations
        return sum(each.lines[0].item_id == self.item_id for each in found)

    async def told(self) -> list[Message]:
        """Return what is to be said, in the order in which it was decided."""
        return list(reversed(await self.world.messages(State.WAITING)))

    async def until_told(self, count: int) -> list[Message]:
        async def enough() -> list[Message]:
            await self.jobs.work()
            found = await self.told()
            return found if len(found) >= count else []

        found: list[Message] = await eventually(enough)
        return found

    async def until_available(self, quantity: int) -> None:
        async def there() -> bool:
            await self.jobs.work()
            return await self.available() == quantity

        await eventually(there)


@pytest.fixture
async def open_shop(
    make_world: Any, stock_address: str, mint: Callable[..., str], tmp_path: Any
) -> AsyncIterator[Callable[..., Any]]:
    """Give a function that opens a shop, with settings changed; stock's events reach it."""
    token_file = tmp_path / "stock.token"
    token_file.write_text(mint("notifications"))
    async with AsyncStock(stock_address, mint()) as client:
        await eventually(lambda: grpc_serves(stock_address))
        running: list[asyncio.Task[None]] = []
        brokers: list[Broker] = []

        async def make(**changes: Any) -> Shop:
            world: World = make_world(
                **{
                    "stock_target": stock_address,
                    "token_file": token_file,
                    "quiet_hours": "00:00-00:00",
                    **changes,
                }
            )
            shop = Shop(
                world, client, f"sku-{uuid.uuid4().hex[:8]}", AlertJobs(world.offers, Stock(client, 5))
            )
            locations = []
            for town, (latitude, longitude) in PLACES.items():
                location = catalog_pb2.Location(
                    location_id=shop.at(town), kind="KIND_STORE", time_zone="Europe/Amsterdam"
                )
                location.position.latitude, location.position.longitude = latitude, longitude
                locations.append(location)
            await client.catalog.BatchUpsertLocations(
                catalog_pb2.BatchUpsertLocationsRequest(locations=locations)
            )
            await client.catalog.BatchUpsertItems(
                catalog_pb2.BatchUpsertItemsRequest(
                    items=[
                        catalog_pb2.Item(item_id=each, title=each)
                        for each in (shop.item_id, f"{shop.item_id}-blue")
                    ]
                )
            )
            broker = Broker(world.settings.nats_url, "notifications")
            brokers.append(broker)
            subscription = stock_events(world.offers, WatchList(world.offers))
            running.append(
                asyncio.create_task(
                    Consumer(broker, world.database, "notifications-alerts", subscription).run()
                )
            )
            await eventually(lambda: _listens(broker))
            return shop

        yield make
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for broker in brokers:
            await broker.close()


async def _listens(broker: Broker) -> bool:
    with suppress(NotFoundError):
        await (await broker.jetstream()).consumer_info("STOCK", "notifications-alerts-stock")
        return True
    return False


async def person(world: World, number: int = 1, *, agrees: bool = True) -> str:
    """Make a person with an address; returns their contact's id."""

    async def work(connection: AsyncConnection) -> uuid.UUID:
        return await add_person(connection, world, number, agrees=agrees)

    return str(await world.database.transaction(work))


async def add_person(
    connection: AsyncConnection, world: World, number: int, *, agrees: bool = True
) -> uuid.UUID:
    clock, vault, now = world.clock, world.vault, world.clock.now()
    contact_id, identity_id, address_id = clock.uuid(), clock.uuid(), clock.uuid()
    await contacts.add(connection, contact_id, now)
    await contacts.put_identity(connection, vault, identity_id, contact_id, Profile("crm", f"p{number}"), now)
    address = NewAddress(Kind.EMAIL, f"person{number}@shop.example")
    await contacts.add_addresses(connection, vault, identity_id, [(address_id, address)])
    if agrees:
        consent = Consent(
            clock.uuid(),
            address_id,
            Channel.EMAIL,
            Topic.ALERT,
            granted=True,
            proof=Proof("test", "", ""),
            give_time=now,
            record_time=now,
            actor="test",
        )
        await contacts.add_consent(connection, vault, consent)
    return contact_id


def wish(contact_id: str, shop: Shop, *towns: str, **more: Any) -> pb.CreateAlertRequest:
    alert = pb.Alert(
        contact_id=contact_id, item_ids=[shop.item_id], location_ids=[shop.at(each) for each in towns], **more
    )
    return pb.CreateAlertRequest(request_id=str(uuid.uuid4()), alert=alert)


@asynccontextmanager
async def queue(shop: Shop, count: int) -> AsyncIterator[tuple[AsyncNotifications, list[str]]]:
    """Let so many people wait for the item at Utrecht; gives their alerts' ids in the order in which they asked."""
    async with served(shop.world) as client:
        ids = []
        for number in range(count):
            request = wish(await person(shop.world, number), shop, "utrecht")
            ids.append((await client.alerts.CreateAlert(request)).alert.alert_id)
        yield client, ids


async def states(client: AsyncNotifications, alert_ids: list[str]) -> list[str]:
    found = [await client.alerts.GetAlert(pb.GetAlertRequest(alert_id=each)) for each in alert_ids]
    return [AlertState(each.alert.state).name for each in found]


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
