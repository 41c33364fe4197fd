"""The edge as a process of its own, and a gRPC server in place of the services that records what it is asked."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from tests.integration.edge.peers import Peers

from onhand.api.pickup.v1 import customers_pb2, picking_pb2, tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, reads_pb2
from onhand.api.stock.v1.availability_pb2_grpc import AvailabilityServiceServicer
from onhand.api.stock.v1.catalog_pb2_grpc import CatalogServiceServicer
from onhand.api.stock.v1.reads_pb2_grpc import ReadServiceServicer
from onhand.cli import keys
from onhand.kit import auth
from onhand.kit.config import Auth
from onhand.kit.errors import UnknownItem
from onhand.kit.interceptors import Guard
from onhand.kit.status import to_status
from onhand.kit.trail import FORWARDED

START_S = 60.0
SCOPES = ("reads.write", "stock.read", "catalog.read")


STORE = catalog_pb2.Location(
    location_id="store-1",
    kind=catalog_pb2.Location.KIND_STORE,
    title="Högtorp <b>",
    collect_enabled=True,
    time_zone="Europe/Oslo",
    opening_hours=[catalog_pb2.OpeningHours(day_of_week=1, open_minute=540, close_minute=1080)],
)


class StockPeer(ReadServiceServicer, AvailabilityServiceServicer, CatalogServiceServicer):
    """Answers as stock's contract says, by the rules that a test sets, behind the kit's own guard."""

    def __init__(self) -> None:
        self.watching = 0
        self.forget()

    def forget(self) -> None:
        self.batches: list[reads_pb2.RecordReadsRequest] = []
        self.subjects: list[str] = []
        self.traceparents: list[str] = []
        self.origins: list[str] = []
        self.failures: dict[str, Exception] = {}
        """By reader; "" for every one."""
        self.result = lambda request: reads_pb2.RecordReadsResponse(
            accepted_count=len(request.reads), revision=7
        )
        self.changes: asyncio.Queue[availability_pb2.WatchAvailabilityResponse | Exception] = asyncio.Queue()
        self.watched: list[availability_pb2.WatchAvailabilityRequest] = []
        self.asked: list[availability_pb2.GetAvailabilityRequest] = []

    async def RecordReads(self, request: Any, context: Any) -> reads_pb2.RecordReadsResponse:
        self.subjects.append(auth.current().subject)
        metadata = dict(context.invocation_metadata())
        self.traceparents.append(metadata.get("traceparent", ""))
        self.origins.append(metadata.get(FORWARDED, ""))
        if failure := self.failures.get(request.reader_id, self.failures.get("")):
            raise failure
        self.batches.append(request)
        return self.result(request)

    async def GetAvailability(self, request: Any, _: Any) -> Any:
        self.asked.append(request)
        lines = []
        for item_id in request.item_ids:
            for location_id in request.location_ids:
                cell = availability_pb2.Availability(item_id=item_id, location_id=location_id)
                line = availability_pb2.AvailabilityLine(availability=cell)
                if item_id == "none":
                    line.status.CopyFrom(to_status(UnknownItem("none")))
                else:
                    line.availability.MergeFrom(cell_of(item_id, location_id, 5))
                    if request.channel:
                        line.availability.stock_state = availability_pb2.STOCK_STATE_IN_STOCK
                lines.append(line)
        return availability_pb2.GetAvailabilityResponse(lines=lines, revision=41)

    async def WatchAvailability(self, request: Any, _: Any) -> AsyncIterator[Any]:
        self.watched.append(request)
        self.watching += 1
        try:
            while True:
                change = await self.changes.get()
                if isinstance(change, Exception):
                    raise change
                yield change
        finally:
            self.watching -= 1

    async def ListLocations(self, request: Any, _: Any) -> Any:
        return catalog_pb2.ListLocationsResponse(locations=[STORE], next_page_token=request.page_token)

    async def GetLocation(self, _: Any, __: Any) -> Any:
        return catalog_pb2.GetLocationResponse(location=STORE)

    async def GetItem(self, request: Any, _: Any) -> Any:
        if request.item_id == "none":
            raise UnknownItem("none")
        return catalog_pb2.GetItemResponse(item=catalog_pb2.Item(item_id=request.item_id, title="Ünderwear"))


def cell_of(item_id: str, location_id: str, available: int, revision: int = 40) -> Any:
    cell = availability_pb2.Availability(
        item_id=item_id,
        location_id=location_id,
        on_hand=available + 3,
        reserved=3,
        available=available,
        confidence=0.5,
        revision=revision,
    )
    cell.as_of.FromDatetime(datetime(2026, 3, 4, 12, tzinfo=UTC))
    return cell


@dataclass
class World:
    """What every edge of these tests shares."""

    folder: Path
    keys_dir: Path
    stock_target: str = ""
    peer: StockPeer = field(default_factory=StockPeer)
    peers: Peers = field(default_factory=Peers)
    """Of routing and pickup; at `stock_target` too."""

    def token(
        self,
        scopes: Sequence[str] = SCOPES,
        subject: str = "reader-7",
        ttl: timedelta = timedelta(minutes=10),
        keys_dir: Path | None = None,
        locations: Sequence[str] = ("store-1",),
    ) -> str:
        return keys.mint(keys_dir or self.keys_dir, subject, scopes, locations, ttl, datetime.now(UTC))

    def bearer(self, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**claims)}"}


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("edge")
    world = World(folder, folder / "keys")
    keys.ensure_keys(world.keys_dir)
    server = grpc.aio.server()
    settings = Auth(auth_issuer=keys.ISSUER, auth_jwks_file=keys.jwks_file(world.keys_dir))
    guard = Guard(auth.Authenticator(settings), default_deadline_s=10)
    for file, name in (
        (reads_pb2.DESCRIPTOR, "ReadService"),
        (availability_pb2.DESCRIPTOR, "AvailabilityService"),
        (catalog_pb2.DESCRIPTOR, "CatalogService"),
    ):
        guard.register(server, file.services_by_name[name], world.peer)
    for file, name in (
        (orders_pb2.DESCRIPTOR, "OrderService"),
        (tasks_pb2.DESCRIPTOR, "TaskService"),
        (tasks_pb2.DESCRIPTOR, "CollectionService"),
        (customers_pb2.DESCRIPTOR, "CustomerService"),
        (picking_pb2.DESCRIPTOR, "PickingService"),
    ):
        guard.register(server, file.services_by_name[name], world.peers)
    health = HealthServicer()
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    world.stock_target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield world
    await server.stop(0)


@pytest.fixture(autouse=True)
async def peer(world: World) -> AsyncIterator[StockPeer]:
    world.peer.forget()
    world.peers.forget()
    yield world.peer
    await until(lambda: world.peer.watching == 0)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class EdgeProcess:
    url: str
    process: asyncio.subprocess.Process
    log: Path

    def client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=15, trust_env=False, **options)


async def start(world: World, **settings: object) -> EdgeProcess:
    """Run `onhand serve edge` until it answers; `settings` by their names without ONHAND_."""
    port = free_port()
    log = world.folder / f"edge-{port}.log"
    nowhere = f"127.0.0.1:{free_port()}"
    values = {
        "listen": f"127.0.0.1:{port}",
        "auth_issuer": keys.ISSUER,
        "auth_jwks_file": keys.jwks_file(world.keys_dir),
        "stock_target": world.stock_target,
        "routing_target": nowhere,
        "pickup_target": world.stock_target,
        "notifications_target": nowhere,
    } | settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONHAND_")}
    environment |= {f"ONHAND_{name.upper()}": str(value) for name, value in values.items()}
    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "onhand", "serve", "edge", env=environment, stdout=out, stderr=out
        )
    scheme = "https" if "tls_certificate_file" in settings else "http"
    edge = EdgeProcess(f"{scheme}://127.0.0.1:{port}", process, log)
    deadline = time.monotonic() + START_S
    async with edge.client(verify=False) as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/healthz")).is_success:
                    return edge
            if process.returncode is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text())
            await asyncio.sleep(0.05)


async def stop(edge: EdgeProcess) -> int:
    if edge.process.returncode is None:
        edge.process.terminate()
    try:
        async with asyncio.timeout(START_S):
            return await edge.process.wait()
    except TimeoutError:
        edge.process.kill()
        raise


@pytest.fixture(scope="session")
async def shared_edge(world: World) -> AsyncIterator[EdgeProcess]:
    edge = await start(world)
    yield edge
    assert await stop(edge) == 0, edge.log.read_text()


@pytest.fixture
async def edge(shared_edge: EdgeProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with shared_edge.client() as client:
        yield client


StartEdge = Callable[..., Awaitable[EdgeProcess]]


@pytest.fixture
async def start_edge(world: World) -> AsyncIterator[StartEdge]:
    started: list[EdgeProcess] = []

    async def start_one(**settings: object) -> EdgeProcess:
        started.append(await start(world, **settings))
        return started[-1]

    yield start_one
    for each in started:
        await stop(each)


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Awaitable[None]]:
    return until


@pytest.fixture
def make_cell() -> Callable[..., Any]:
    return cell_of
