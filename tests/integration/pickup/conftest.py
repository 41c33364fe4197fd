"""Pickup on a database of its own, with real events around it and a peer that speaks stock's contract."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from sqlalchemy import text

from onhand.api.pickup.v1 import customers_pb2, events_pb2, picking_pb2, tasks_pb2, tills_pb2
from onhand.api.routing.v1 import events_pb2 as routing_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    ledger_pb2,
    ledger_pb2_grpc,
    reads_pb2,
    reads_pb2_grpc,
    reservations_pb2,
    reservations_pb2_grpc,
)
from onhand.api.stock.v1 import events_pb2 as stock_pb2
from onhand.client import AsyncPickup, AsyncStock
from onhand.client import Settings as ClientSettings
from onhand.kit.auth import Authenticator, TokenFile
from onhand.kit.clock import uuid7
from onhand.kit.db import Database
from onhand.kit.errors import NotFound, OnhandError, UnknownItem
from onhand.kit.events import EVENT_ID_HEADER, Broker, Consumer
from onhand.kit.interceptors import Guard
from onhand.kit.outbox import Relay
from onhand.kit.status import to_trailers
from onhand.pickup.config import PickupSettings
from onhand.pickup.consumer import routing_events, stock_events
from onhand.pickup.jobs import Jobs
from onhand.pickup.servicer import services
from onhand.pickup.stock import Stock
from onhand.pickup.use_cases import Assignments, Deps, TagGuard, Tasks

PATIENCE_S = 15.0
STORE = "store-1"


class ShiftedClock:
    """The machine's clock, moved ahead by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def uuid(self) -> UUID:
        return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class StockPeer:
    """A server of stock's contract: tags and items as told, and each fulfilment taken once."""

    def __init__(self) -> None:
        self.tags: dict[str, list[reads_pb2.Tag]] = {}
        self.gtins: dict[str, list[str]] = {}
        self.followed: dict[str, asyncio.Queue[reads_pb2.FollowTagResponse]] = {}
        """Reads to come of tags that are followed."""
        self.fulfilled: dict[str, reservations_pb2.FulfilReservationRequest] = {}
        self.fulfil_calls = 0
        self.refusal: OnhandError | None = None
        self.lost_answers = 0
        """Fulfilments still to be done whose answer gets lost on the way."""
        self.told: list[tuple[str, Any]] = []
        """What else was told, once each, in order: a word for the method, and the request."""
        self.refusals: dict[str, OnhandError] = {}
        """What the methods of these words refuse with."""
        self.port = 0
        self._server: grpc.aio.Server | None = None

    def tag(
        self,
        epc: str,
        item_id: str,
        location_id: str = STORE,
        state: str = "STATE_PRESENT",
        zone_id: str = "floor",
        seen_s_ago: float = 0,
    ) -> None:
        tag = reads_pb2.Tag(
            epc_hex=epc.upper(), item_id=item_id, location_id=location_id, state=state, zone_id=zone_id
        )
        tag.last_seen_time.FromDatetime(datetime.now(UTC) - timedelta(seconds=seen_s_ago))
        kept = self.tags.setdefault(epc.upper(), [])
        kept[:] = [*(each for each in kept if each.location_id != location_id), tag]

    async def take(self, word: str, request: Any, context: Any, answer: Any) -> Any:
        if word in self.refusals:
            await context.abort(*to_trailers(self.refusals[word]))
        if (word, request) not in self.told:
            self.told.append((word, request))
        return answer

    async def start(self) -> None:  # noqa: C901  one small method for each of stock's
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        peer = self

        class Tags(reads_pb2_grpc.TagServiceServicer):
            async def GetTag(self, request: Any, context: Any) -> Any:
                if found := peer.tags.get(request.epc.upper()):
                    return reads_pb2.GetTagResponse(tags=found)
                return await context.abort(*to_trailers(NotFound("tag", request.epc)))

            async def FollowTag(self, request: Any, _: Any) -> Any:
                reads = peer.followed.setdefault(request.epc.upper(), asyncio.Queue())
                while True:
                    yield await reads.get()

            async def ListTags(self, request: Any, _: Any) -> Any:
                return reads_pb2.ListTagsResponse(
                    tags=[
                        tag
                        for tags in peer.tags.values()
                        for tag in tags
                        if (tag.location_id, tag.item_id, tag.state)
                        == (request.location_id, request.item_id, request.state)
                    ]
                )

        class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
            async def GetItem(self, request: Any, context: Any) -> Any:
                if request.item_id not in peer.gtins:
                    return await context.abort(*to_trailers(UnknownItem(request.item_id)))
                item = catalog_pb2.Item(
                    item_id=request.item_id,
                    gtins=peer.gtins[request.item_id],
                    title=f"a {request.item_id}",
                    picture_uri=f"https://pictures.example/{request.item_id}",
                    tagged=True,
                )
                return catalog_pb2.GetItemResponse(item=item)

            async def GetLocation(self, request: Any, _: Any) -> Any:
                zones = [("back", 2), ("floor", 1), ("window", 1)]
                location = catalog_pb2.Location(
                    location_id=request.location_id,
                    zones=[catalog_pb2.Zone(zone_id=zone_id, kind=kind) for zone_id, kind in zones],
                )
                return catalog_pb2.GetLocationResponse(location=location)

        class Reservations(reservations_pb2_grpc.ReservationServiceServicer):
            async def FulfilReservation(self, request: Any, context: Any) -> Any:
                peer.fulfil_calls += 1
                if peer.refusal is not None:
                    await context.abort(*to_trailers(peer.refusal))
                assert peer.fulfilled.setdefault(request.request_id, request) == request
                if peer.lost_answers:
                    peer.lost_answers -= 1
                    await context.abort(grpc.StatusCode.INTERNAL, "lost")
                return reservations_pb2.FulfilReservationResponse()

            async def CreateReservation(self, request: Any, context: Any) -> Any:
                return await peer.take("hold", request, context, reservations_pb2.CreateReservationResponse())

            async def CommitReservation(self, request: Any, context: Any) -> Any:
                answer = reservations_pb2.CommitReservationResponse()
                return await peer.take("commit", request, context, answer)

            async def ReleaseReservation(self, request: Any, context: Any) -> Any:
                answer = reservations_pb2.ReleaseReservationResponse()
                return await peer.take("release", request, context, answer)

        class Ledger(ledger_pb2_grpc.LedgerServiceServicer):
            async def RecordReturn(self, request: Any, context: Any) -> Any:
                return await peer.take("return", request, context, ledger_pb2.RecordReturnResponse())

        reads_pb2_grpc.add_TagServiceServicer_to_server(Tags(), server)
        ledger_pb2_grpc.add_LedgerServiceServicer_to_server(Ledger(), server)
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(), server)
        reservations_pb2_grpc.add_ReservationServiceServicer_to_server(Reservations(), server)
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        await server.start()
        self._server = server

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


@dataclass
class World:
    """A running pickup and all that is around it."""

    settings: PickupSettings
    clock: ShiftedClock
    stock: StockPeer
    database: Database
    broker: Broker
    deps: Deps
    tasks: Tasks
    jobs: Jobs
    client: AsyncPickup
    open_client: Callable[..., AsyncPickup]
    telling: asyncio.Task[None] | None = None
    """What tells stock in the background."""
    published: list[events_pb2.PickupEvent] = field(default_factory=list)

    async def tell(self, event_id: str = "", **payload: Any) -> None:
        """Publish an event of routing, as its relay does."""
        event = routing_pb2.RoutingEvent(event_id=event_id or str(uuid4()), **payload)
        jetstream = await self.broker.jetstream()
        subject = f"onhand.routing.{event.WhichOneof('payload')}"
        headers = {EVENT_ID_HEADER: event.event_id}
        await jetstream.publish(subject, event.SerializeToString(), headers=headers)

    async def stock_tells(self, **payload: Any) -> None:
        """Publish an event of stock, as its relay does."""
        event = stock_pb2.StockEvent(event_id=str(uuid4()), **payload)
        jetstream = await self.broker.jetstream()
        subject = f"onhand.stock.{event.WhichOneof('payload')}"
        headers = {EVENT_ID_HEADER: event.event_id}
        await jetstream.publish(subject, event.SerializeToString(), headers=headers)

    def assignment(self, *lines: tuple[str, str, int], **fields: Any) -> routing_pb2.LinesAssigned:
        """Make an assignment of (line id, item id, quantity) lines; by default to collect two shirts."""
        values = {
            "task_id": str(uuid4()),
            "order_id": "order-1",
            "location_id": STORE,
            "method": orders_pb2.FULFILMENT_METHOD_COLLECT,
            "reservation_id": str(uuid4()),
            "promise_time": self.clock.now() + timedelta(hours=2),
            "customer_display_name": "Ana",
            "lines": [
                routing_pb2.AssignedLine(line_id=line_id, item_id=item_id, quantity=quantity)
                for line_id, item_id, quantity in lines or [("1", "shirt", 2)]
            ],
            **fields,
        }
        return routing_pb2.LinesAssigned(**values)

    async def assigned(self, *lines: tuple[str, str, int], **fields: Any) -> str:
        """Have a task made by routing's event, and return its id once it is there."""
        assignment = self.assignment(*lines, **fields)
        await self.tell(lines_assigned=assignment)
        await self.until(lambda: self.task(assignment.task_id))
        return assignment.task_id

    async def task(self, task_id: str) -> tasks_pb2.Task | None:
        try:
            answer = await self.client.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=task_id))
        except NotFound:
            return None
        return answer.task

    async def state(self, task_id: str) -> str:
        task = await self.task(task_id)
        return "" if task is None else tasks_pb2.Task.State.Name(task.state).removeprefix("STATE_")

    async def do(self, method: str, task_id: str, client: AsyncPickup | None = None, **fields: Any) -> Any:
        """Call a method of any service on a task, and return the task after it."""
        at = client or self.client
        fields.setdefault("request_id", str(uuid4()))
        module, service = next(
            (module, service)
            for module, service in (
                (tasks_pb2, at.tasks),
                (tasks_pb2, at.collection),
                (customers_pb2, at.customers),
                (tills_pb2, at.tills),
                (picking_pb2, at.picking),
            )
            if hasattr(service, method)
        )
        request = getattr(module, f"{method}Request")(task_id=task_id, **fields)
        return (await getattr(service, method)(request)).task

    async def ready(self, **fields: Any) -> tuple[str, str]:
        """Bring a task to READY by count; return its id and the code of its customer."""
        task_id = await self.assigned(**fields)
        await self.do("AcceptTask", task_id)
        await self.do("PickLine", task_id, line_id="1", quantity=2)
        await self.do("StageTask", task_id, staging_place="rack 1")
        return task_id, (await self.event(task_id, "task_ready")).task_ready.code

    async def event(self, task_id: str, payload: str) -> events_pb2.PickupEvent:
        """Return the event of a task with this payload, once it is published."""

        async def find() -> events_pb2.PickupEvent | None:
            return next(
                (each for each in self.events(task_id) if each.WhichOneof("payload") == payload), None
            )

        return await self.until(find)

    def events(self, task_id: str) -> list[events_pb2.PickupEvent]:
        return [each for each in self.published if each.task.task_id == task_id]

    def payloads(self, task_id: str) -> list[str | None]:
        return [each.WhichOneof("payload") for each in self.events(task_id)]

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async def work(connection: Any) -> list[Any]:
            return list(await connection.execute(text(statement), values))

        return await self.database.read(work)

    async def until(self, condition: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `condition` answers once that is true; fails when it does not become so."""
        deadline = time.monotonic() + PATIENCE_S
        while not (answer := await condition()):
            assert time.monotonic() < deadline, "it did not become so"
            await asyncio.sleep(0.02)
        return answer


@pytest.fixture
def settings(fresh_settings: Callable[..., PickupSettings]) -> PickupSettings:
    return fresh_settings(
        "pickup",
        PickupSettings,
        stock_target="127.0.0.1:0",
        stock_timeout_s=1,
        effect_interval_s=0.1,
        find_interval_s=0.05,
        sweep_interval_s=0.1,
    )


@pytest.fixture
def token(mint: Callable[..., str]) -> Iterator[str]:
    return mint(subject="ana")


@pytest.fixture
async def world(settings: PickupSettings, token: str) -> AsyncIterator[World]:
    stock = StockPeer()
    await stock.start()
    clock = ShiftedClock()
    database, broker = Database(settings, "pickup"), Broker(settings.nats_url, "pickup")
    quick = ClientSettings(max_attempts=1)
    stock_client = AsyncStock(f"127.0.0.1:{stock.port}", TokenFile(settings.token_file), quick)
    deps = Deps(database, clock, settings, Stock(stock_client, settings))
    tasks, jobs = Tasks(deps), Jobs(deps)

    server = grpc.aio.server()
    guard = Guard(Authenticator(settings), settings.default_deadline_s)
    for descriptor, servicer in services(deps):
        guard.register(server, descriptor, servicer)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    clients: list[AsyncPickup] = []

    def open_client(token: str) -> AsyncPickup:
        clients.append(AsyncPickup(f"127.0.0.1:{port}", token))
        return clients[-1]

    world = World(
        settings, clock, stock, database, broker, deps, tasks, jobs, open_client(token), open_client
    )
    jetstream = await broker.jetstream()

    async def listen(message: Any) -> None:
        if message.subject != "onhand.pickup.watermark":
            world.published.append(events_pb2.PickupEvent.FromString(message.data))

    listening = await jetstream.subscribe("onhand.pickup.>", cb=listen, ordered_consumer=True)
    work = [
        asyncio.create_task(each)
        for each in (
            Relay(database, broker, "pickup").run(),
            Consumer(broker, database, "pickup", routing_events(Assignments(deps))).run(),
            Consumer(broker, database, "pickup", stock_events(TagGuard(deps))).run(),
            jobs.tell_stock(),
        )
    ]
    world.telling = work[-1]
    yield world
    pending = set(work)
    while pending:
        for each in pending:
            each.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
    await listening.unsubscribe()
    for client in clients:
        await client.close()
    await server.stop(None)
    await stock_client.close()
    await stock.stop()
    await broker.close()
    await database.close()
