"""Who waits for something: people, an item, stores and a real stock that holds units."""

import asyncio
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
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.notifications.conftest import World, eventually, served
from tests.stack import serve_environment

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, ledger_pb2, reservations_pb2
from onhand.cli.ports import free_ports
from onhand.cli.probes import grpc_serves
from onhand.client import AsyncNotifications, AsyncStock
from onhand.kit.events import Broker, Consumer
from onhand.notifications.consumer import WatchList, stock_events
from onhand.notifications.domain.alerts import AlertState
from onhand.notifications.domain.contacts import Consent, Kind, NewAddress, Profile, Proof, Topic
from onhand.notifications.domain.messages import Channel, Message, State
from onhand.notifications.jobs import AlertJobs
from onhand.notifications.stock import Stock
from onhand.notifications.storage import contacts
from onhand.stock.config import StockSettings

WINDOW = timedelta(hours=2)
PLACES = {"utrecht": (52.090, 5.122), "houten": (52.034, 5.168), "groningen": (53.219, 6.568)}


@pytest.fixture(scope="module")
def stock_address(make_settings: Callable[..., StockSettings]) -> Iterator[str]:
    """A stock of its own, in a process of its own."""
    settings = make_settings("stock", StockSettings)
    address = f"127.0.0.1:{free_ports(1)[0]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "onhand", "serve", "stock"],
        env=serve_environment(settings, address),
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
