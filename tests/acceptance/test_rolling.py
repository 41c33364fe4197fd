"""Two replicas of each service behind one list of addresses, restarted one after another: no call fails."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import psutil
import pytest
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress
from grpc_health.v1 import health_pb2, health_pb2_grpc

from onhand.api.notifications.v1 import contacts_pb2
from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, ledger_pb2, reads_pb2, reservations_pb2
from onhand.cli import keys
from onhand.cli.audit import run as audit
from onhand.cli.embedded import EmbeddedServers
from onhand.cli.ports import free_ports
from onhand.client import AsyncNotifications, AsyncPickup, AsyncRouting, AsyncStock
from onhand.kit.migrations import migrate

SERVICES = ("stock", "routing", "pickup", "notifications")
STORE, ITEM = "utrecht", "shirt"
Line = orders_pb2.OrderLine


@dataclass
class Replica:
    service: str
    address: str
    environment: dict[str, str]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns once it says that it serves."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "onhand", "serve", self.service, env={**os.environ, **self.environment}
        )
        async with asyncio.timeout(120), grpc.aio.insecure_channel(self.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            status = None
            while status != health_pb2.HealthCheckResponse.SERVING:
                answer = await stub.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True)
                status = answer.status
                await asyncio.sleep(0.05)

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            return await self.process.wait()

    def connections(self) -> int:
        """Count the channels that are connected to it."""
        assert self.process is not None
        port = int(self.address.rpartition(":")[2])
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in connections)


@dataclass
class Chain:
    """All services twice."""

    replicas: list[Replica]
    database_urls: dict[str, str]
    targets: dict[str, str]


@pytest.fixture
async def twice(
    servers: EmbeddedServers, keys_dir: Path, mint: Callable[..., str], tmp_path: Path
) -> AsyncIterator[Chain]:
    urls = {service: servers.create_database(f"{service}_{uuid4().hex[:12]}") for service in SERVICES}
    ports = free_ports(2 * len(SERVICES))
    addresses = {
        service: [f"127.0.0.1:{ports[2 * n + replica]}" for replica in range(2)]
        for n, service in enumerate(SERVICES)
    }
    # As `dns:///` of a headless Service is on Kubernetes: one name for the addresses of all replicas.
    targets = {service: f"ipv4:{','.join(each)}" for service, each in addresses.items()}
    replicas = []
    for service in SERVICES:
        await asyncio.to_thread(migrate, service, urls[service])
        token_file, folder = tmp_path / f"{service}.token", tmp_path / service
        token_file.write_text(mint(service))
        folder.mkdir()
        replicas += [
            Replica(
                service,
                address,
                {
                    "ONHAND_ENVIRONMENT": "development",
                    "ONHAND_DATABASE_URL": urls[service],
                    "ONHAND_NATS_URL": servers.nats_url,
                    "ONHAND_LISTEN": address,
                    "ONHAND_AUTH_ISSUER": keys.ISSUER,
                    "ONHAND_AUTH_JWKS_FILE": str(keys.jwks_file(keys_dir)),
                    "ONHAND_TOKEN_FILE": str(token_file),
                    "ONHAND_DATA_DIR": str(folder),
                    "ONHAND_LOG_LEVEL": "warning",
                    **{f"ONHAND_{name.upper()}_TARGET": target for name, target in targets.items()},
                },
            )
            for address in addresses[service]
        ]
    try:
        *others, last = replicas  # of notifications: it finds the key that its other replica makes
        await asyncio.gather(*(each.start() for each in others))
        await last.start()
        yield Chain(replicas, urls, targets)
    finally:
        await asyncio.gather(
            *(each.stop() for each in replicas if each.process and each.process.returncode is None)
        )
    for url in urls.values():
        servers.drop_database(url.rpartition("/")[2])


@dataclass
class Load:
    """Callers who go on and on, each with a channel of its own and the settings that a channel has by default."""

    chain: Chain
    token: str
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    received: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self.stock, self.routing, self.pickup, self.notifications = [
                await stack.enter_async_context(kind(self.chain.targets[service], self.token))
                for kind, service in zip(
                    (AsyncStock, AsyncRouting, AsyncPickup, AsyncNotifications), SERVICES, strict=True
                )
            ]
            await self.open_store()
            going = asyncio.Event()
            callers = (self.look, self.read, self.receive, self.hold, self.order, self.tasks, self.contact)
            tasks = [asyncio.create_task(self.repeat(each, going)) for each in callers]
            try:
                yield
            finally:
                going.set()
                await asyncio.gather(*tasks)

    async def open_store(self) -> None:
        store = catalog_pb2.Location(
            location_id=STORE,
            kind=catalog_pb2.Location.KIND_STORE,
            time_zone="Europe/Amsterdam",
            position=LatLng(latitude=52.1, longitude=5.1),
            collect_enabled=True,
            ship_enabled=True,
            zones=[catalog_pb2.Zone(zone_id="floor", kind=catalog_pb2.Zone.KIND_SALES_FLOOR)],
        )
        point = catalog_pb2.ReadPoint(reader_id="gate", antenna=1, location_id=STORE, zone_id="floor")
        catalog = self.stock.catalog
        await catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=[store]))
        await catalog.BatchUpsertReadPoints(catalog_pb2.BatchUpsertReadPointsRequest(read_points=[point]))
        items = [catalog_pb2.Item(item_id=ITEM, title="Shirt")]
        await catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items))
        await self.receive()

    async def repeat(self, call: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await call()
                self.done[call.__name__] += 1
            except Exception as error:  # noqa: BLE001 - whatever a caller would see
                self.failed.append(f"{call.__name__}: {error!r}")
            await asyncio.sleep(0.01)

    async def look(self) -> None:
        await self.stock.availability.GetAvailability(
            availability_pb2.GetAvailabilityRequest(item_ids=[ITEM], location_ids=[STORE])
        )

    async def read(self) -> None:
        read = reads_pb2.Read(epc=bytes.fromhex("3074257BF7194E4000001A85"), antenna=1, rssi_cdbm=-5_000)
        read.read_time.FromDatetime(datetime.now(UTC))
        await self.stock.reads.RecordReads(reads_pb2.RecordReadsRequest(reader_id="gate", reads=[read]))

    async def receive(self) -> None:
        line = ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=ITEM), quantity=10)
        await self.stock.ledger.RecordReceipt(
            ledger_pb2.RecordReceiptRequest(request_id=str(uuid4()), location_id=STORE, lines=[line])
        )
        self.received += 10

    async def hold(self) -> None:
        line = reservations_pb2.ReservationLine(item_id=ITEM, location_id=STORE, quantity=1)
        held = await self.stock.reservations.CreateReservation(
            reservations_pb2.CreateReservationRequest(request_id=str(uuid4()), lines=[line])
        )
        await self.stock.reservations.ReleaseReservation(
            reservations_pb2.ReleaseReservationRequest(
                request_id=str(uuid4()), reservation_id=held.reservation.reservation_id
            )
        )

    async def order(self) -> None:
        order = orders_pb2.Order(
            order_id=f"O-{uuid4().hex[:10]}",
            channel="web",
            method=orders_pb2.FULFILMENT_METHOD_SHIP,
            shipping_address=PostalAddress(region_code="NL", locality="Amsterdam"),
            shipping_position=LatLng(latitude=52.37, longitude=4.9),
            lines=[Line(line_id="1", item_id=ITEM, quantity=1)],
        )
        request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)
        await self.routing.orders.SubmitOrder(request)
        self.orders.append(order.order_id)
        await asyncio.sleep(0.2)

    async def tasks(self) -> None:
        await self.pickup.tasks.ListTasks(tasks_pb2.ListTasksRequest(location_id=STORE))

    async def contact(self) -> None:
        request = contacts_pb2.ListMergeReviewsRequest()
        await self.notifications.contacts.ListMergeReviews(request)


@pytest.mark.long
async def test_all_are_replaced_one_after_another_under_load_and_no_call_fails(
    twice: Chain, mint: Callable[..., str]
) -> None:
    load = Load(twice, mint())
    async with load.running():
        for replica in twice.replicas:
            channels = replica.connections()
            before = load.done.copy()
            async with asyncio.timeout(120):
                while not all(load.done[each] > before[each] + 3 for each in load.done):
                    await asyncio.sleep(0.05)
            assert await replica.stop() == 0, replica.service
            await replica.start()
            # As a rollout does: the next goes when whoever calls has found the new one.
            async with asyncio.timeout(120):
                while replica.connections() < channels:
                    await asyncio.sleep(0.05)
    assert load.failed == []
    assert len(load.done) == 7

    async def assigned(order_id: str) -> bool:
        answer = await client.orders.GetOrder(orders_pb2.GetOrderRequest(order_id=order_id))
        return bool(answer.order.lines[0].state == Line.STATE_ASSIGNED)

    async with AsyncRouting(twice.targets["routing"], mint()) as client, asyncio.timeout(120):
        for order_id in load.orders:
            while not await assigned(order_id):
                await asyncio.sleep(0.1)
    async with AsyncStock(twice.targets["stock"], mint()) as stock:
        answer = await stock.availability.GetAvailability(
            availability_pb2.GetAvailabilityRequest(
                item_ids=[ITEM],
                location_ids=[STORE],
                consistency=availability_pb2.Consistency(fully_consistent=True),
            )
        )
    cell: Any = answer.lines[0].availability
    assert (cell.on_hand, cell.committed, cell.reserved) == (load.received, len(load.orders), 0)
    assert (await audit(twice.database_urls)).findings == []
