"""Stock's use cases on a real database, and stock as real processes."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.type.latlng_pb2 import LatLng
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.stack import serve_environment

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2, reads_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.cli.audit import run as audit
from onhand.cli.ports import free_ports
from onhand.client import AsyncStock
from onhand.stock.config import StockSettings
from onhand.stock.domain import epc as epc_codec

GTIN = "80614141123458"
FULLY = av.Consistency(fully_consistent=True)


@dataclass(frozen=True)
class Shop:
    """Two stores, three items and one tag that no other test has, and a client of stock."""

    client: AsyncStock
    s1: str
    s2: str
    epc: str
    """Hexadecimal SGTIN-96 of item `i1`."""

    async def receive(self, quantity: int, item_id: str = "i2", location_id: str = "") -> int:
        answer = await self.client.ledger.RecordReceipt(
            led.RecordReceiptRequest(
                request_id=str(uuid4()),
                location_id=location_id or self.s1,
                lines=[led.DocumentLine(product=led.Product(item_id=item_id), quantity=quantity)],
            )
        )
        return answer.revision

    async def sell(self, quantity: int = 1, **named: str) -> None:
        await self.client.ledger.RecordSale(
            led.RecordSaleRequest(
                request_id=str(uuid4()),
                location_id=self.s1,
                lines=[led.DocumentLine(product=led.Product(**named), quantity=quantity)],
            )
        )

    async def cell(self, item_id: str = "i2", location_id: str = "") -> av.Availability:
        answer = await self.client.availability.GetAvailability(
            av.GetAvailabilityRequest(
                item_ids=[item_id], location_ids=[location_id or self.s1], consistency=FULLY
            )
        )
        return answer.lines[0].availability

    async def read(
        self, antenna: int, at: datetime, *, store: str = "", times: int = 1, rssi: int = -5000
    ) -> reads_pb2.RecordReadsResponse:
        reads = []
        for _ in range(times):
            each = reads_pb2.Read(epc=bytes.fromhex(self.epc), antenna=antenna, rssi_cdbm=rssi)
            each.read_time.FromDatetime(at)
            reads.append(each)
        return await self.client.reads.RecordReads(
            reads_pb2.RecordReadsRequest(reader_id=f"reader-{store or self.s1}", reads=reads)
        )

    async def until_tag_is(self, *states: int) -> None:
        """Wait for what is decided only some time after a read: latest sight first."""
        found: list[int] = []
        async with asyncio.timeout(20):
            while found != list(states):
                tags = await self.client.tags.GetTag(reads_pb2.GetTagRequest(epc=self.epc))
                found = [tag.state for tag in tags.tags]
                await asyncio.sleep(0.05)

    def hold(self, *lines: tuple[str, int], seconds: int = 900) -> res.CreateReservationRequest:
        request = res.CreateReservationRequest(
            request_id=str(uuid4()),
            lines=[
                res.ReservationLine(item_id=item, location_id=self.s1, quantity=count)
                for item, count in lines
            ],
        )
        request.hold_duration.FromSeconds(seconds)
        return request


class StockProcesses:
    """Some replicas of stock on one database."""

    def __init__(self, settings: StockSettings) -> None:
        self.settings = settings
        self.addresses: list[str] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    async def start(self, *arguments: str, **environment: str) -> str:
        """Start a replica and return its address once it is healthy."""
        address = f"127.0.0.1:{free_ports(1)[0]}"
        settings = self.settings
        process = subprocess.Popen(
            [sys.executable, "-m", "onhand", "serve", "stock", *arguments],
            env={
                **serve_environment(settings, address),
                # What stock waits for, it waits for here in seconds: tests do too.
                "ONHAND_EPOCH_S": "0.5",
                "ONHAND_LATENESS_S": "0.5",
                "ONHAND_EXIT_CONFIRM_S": "0.5",
                "ONHAND_EXIT_MOST_S": "1",
                "ONHAND_CROSS_QUIET_S": "120",
                "ONHAND_SETTLE_INTERVAL_S": "0.2",
                "ONHAND_EPCIS_FILTER_VALUE": "0",  # as the tags of the tests have
                **environment,
            },
        )
        self._processes.append(process)
        self.addresses.append(address)
        await healthy(address)
        return address

    def pid(self, index: int) -> int:
        return self._processes[index].pid

    def kill(self, index: int) -> None:
        self._processes[index].send_signal(signal.SIGKILL)
        self._processes[index].wait(10)

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)

    async def audited(self) -> None:
        """Assert that the books are true."""
        report = await audit({"stock": str(self.settings.database_url)})
        assert report.findings == []


async def healthy(address: str) -> None:
    async with asyncio.timeout(120), grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        while True:
            try:
                answer = await stub.Check(request, wait_for_ready=True)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.aio.AioRpcError:
                pass
            await asyncio.sleep(0.05)


@pytest.fixture
def settings(fresh_settings: Callable[..., Any]) -> StockSettings:
    """Settings of a database of the test's own."""
    made: StockSettings = fresh_settings("stock", StockSettings)
    return made


@pytest.fixture(scope="module")
def processes(make_settings: Callable[..., Any]) -> Iterator[StockProcesses]:
    """Replicas that the tests of a module share."""
    running = StockProcesses(make_settings("stock", StockSettings))
    yield running
    running.stop()


@pytest.fixture
def own_processes(make_settings: Callable[..., Any]) -> Iterator[StockProcesses]:
    """Replicas of one test alone, for it kills some."""
    running = StockProcesses(make_settings("stock", StockSettings))
    yield running
    running.stop()


@pytest.fixture
async def shop(processes: StockProcesses, mint: Callable[..., str]) -> AsyncIterator[Shop]:
    """A shop of its own on a replica that the module shares."""
    address = processes.addresses[0] if processes.addresses else await processes.start()
    async with AsyncStock(address, mint()) as client:
        yield await open_shop(client)


async def open_shop(client: AsyncStock) -> Shop:
    serial = uuid4().int & (1 << 38) - 1
    shop = Shop(
        client, f"s1-{serial}", f"s2-{serial}", epc_codec.to_hex(epc_codec.encode_sgtin96(GTIN, 7, serial))
    )
    zone = catalog_pb2.Zone
    zones = [
        zone(zone_id="floor", kind=zone.KIND_SALES_FLOOR),
        zone(zone_id="back", kind=zone.KIND_BACK_ROOM),
        zone(zone_id="exit", kind=zone.KIND_EXIT),
    ]
    stores = (shop.s1, shop.s2)
    # Two real places, 35 km apart: Amsterdam and Utrecht.
    places = {
        shop.s1: LatLng(latitude=52.3740, longitude=4.8897),
        shop.s2: LatLng(latitude=52.0907, longitude=5.1214),
    }
    locations = [
        catalog_pb2.Location(
            location_id=each,
            kind=catalog_pb2.Location.KIND_STORE,
            time_zone="Europe/Amsterdam",
            position=places[each],
            collect_enabled=True,
            ship_enabled=each == shop.s1,
            zones=zones,
        )
        for each in stores
    ]
    points = [
        catalog_pb2.ReadPoint(
            reader_id=f"reader-{store}", antenna=antenna, location_id=store, zone_id=zone_id
        )
        for store in stores
        for antenna, zone_id in ((1, "floor"), (2, "back"), (3, "exit"))
    ]
    items = [
        catalog_pb2.Item(item_id="i1", gtins=[GTIN], title="One", tagged=True),
        catalog_pb2.Item(item_id="i2", title="Two"),
        catalog_pb2.Item(item_id="i3", title="Three"),
    ]
    upserts: list[Awaitable[Any]] = [
        client.catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=locations)),
        client.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items)),
        client.catalog.BatchUpsertReadPoints(catalog_pb2.BatchUpsertReadPointsRequest(read_points=points)),
    ]
    for upsert in upserts:
        answer = await upsert
        assert not any(status.code for status in answer.statuses), answer
    return shop
