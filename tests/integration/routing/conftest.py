"""Routing on a database of its own, with real events around it and a peer that speaks stock's contract."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress

from onhand.api.pickup.v1 import events_pb2 as pickup_events_pb2
from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import events_pb2, network_pb2, orders_pb2, policies_pb2, quotes_pb2, reports_pb2
from onhand.api.stock.v1 import events_pb2 as stock_events_pb2
from onhand.api.stock.v1 import shipments_pb2
from onhand.client import AsyncRouting, AsyncStock
from onhand.client import Settings as ClientSettings
from onhand.kit.auth import Authenticator, TokenFile
from onhand.kit.clock import uuid7
from onhand.kit.db import Database
from onhand.kit.events import EVENT_ID_HEADER, Broker, Consumer
from onhand.kit.interceptors import Guard
from onhand.kit.outbox import Relay
from onhand.routing.config import RoutingSettings
from onhand.routing.consumer import Consumers
from onhand.routing.jobs import Jobs
from onhand.routing.placer import Placer
from onhand.routing.promiser import Promiser
from onhand.routing.quoter import Quoter
from onhand.routing.saga import Saga
from onhand.routing.servicer import (
    NetworkServicer,
    OrderServicer,
    PolicyServicer,
    QuoteServicer,
    ReportServicer,
)
from onhand.routing.stock import StockGateway
from onhand.routing.use_cases.networks import Networks
from onhand.routing.use_cases.orders import Orders
from onhand.routing.use_cases.policies import Policies
from onhand.routing.use_cases.reports import Reports
from onhand.routing.watchers import Watchers

from .peer import StockPeer

PATIENCE_S = 15.0
NEAR_UTRECHT = LatLng(latitude=52.1, longitude=5.1)
WITH_TASK = {"ASSIGNED", "PICKING", "READY"}


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


@dataclass
class World:
    """A running routing and all that is around it."""

    settings: RoutingSettings
    clock: ShiftedClock
    stock: StockPeer
    database: Database
    broker: Broker
    orders: Orders
    saga: Saga
    reports: Reports
    client: AsyncRouting
    target: str
    """Where it listens, with a token that opens it, for clients of a test's own."""
    token: str
    published: list[events_pb2.RoutingEvent] = field(default_factory=list)

    def order(self, *lines: tuple[str, str, int], **fields: Any) -> orders_pb2.Order:
        """Make an order of (line id, item id, quantity) lines, to ship near Utrecht by default."""
        order = orders_pb2.Order(
            order_id=f"order-{uuid4().hex[:12]}",
            channel="web",
            customer=orders_pb2.Customer(customer_id="ana", display_name="Ana", email="ana@example.com"),
            lines=[
                orders_pb2.OrderLine(line_id=line_id, item_id=item_id, quantity=quantity)
                for line_id, item_id, quantity in lines
            ],
        )
        if store := fields.pop("collect", ""):
            order.method = orders_pb2.FULFILMENT_METHOD_COLLECT
            order.collect_location_id = store
        else:
            order.method = orders_pb2.FULFILMENT_METHOD_SHIP
            order.shipping_address.CopyFrom(PostalAddress(region_code="NL", postal_code="3511"))
            order.shipping_position.CopyFrom(NEAR_UTRECHT)
        for name, value in fields.items():
            setattr(order, name, value)
        return order

    def request(self, order: orders_pb2.Order) -> orders_pb2.SubmitOrderRequest:
        return orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)

    async def submit(self, *lines: tuple[str, str, int], basket: str = "", **fields: Any) -> orders_pb2.Order:
        request = self.request(self.order(*lines, **fields))
        request.reservation_id = basket
        return (await self.client.orders.SubmitOrder(request)).order

    async def get(self, order_id: str) -> orders_pb2.Order:
        return (await self.client.orders.GetOrder(orders_pb2.GetOrderRequest(order_id=order_id))).order

    async def cancel(self, order_id: str, *line_ids: str) -> orders_pb2.Order:
        request = orders_pb2.CancelOrderRequest(
            request_id=str(uuid4()), order_id=order_id, line_ids=line_ids, detail="changed my mind"
        )
        return (await self.client.orders.CancelOrder(request)).order

    async def plans(self, order_id: str) -> list[orders_pb2.Plan]:
        request = orders_pb2.ExplainRoutingRequest(order_id=order_id)
        return list((await self.client.orders.ExplainRouting(request)).plans)

    async def becomes(self, order_id: str, *states: str) -> orders_pb2.Order:
        """Return the order once its lines are in these states, in their order."""

        async def there() -> orders_pb2.Order | None:
            order = await self.get(order_id)
            return order if states_of(order) == list(states) else None

        return await self.until(there, lambda: self.get(order_id))

    async def until(
        self, condition: Callable[[], Awaitable[Any]], else_show: Callable[[], Awaitable[Any]] | None = None
    ) -> Any:
        """Return what `condition` answers once that is true; fails when it does not become so."""
        deadline = time.monotonic() + PATIENCE_S
        while not (answer := await condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"it did not become so: {await else_show() if else_show else ''}")
            await asyncio.sleep(0.02)
        return answer

    async def event(self, order: orders_pb2.Order, payload: str, count: int = 1) -> Any:
        """Return the payload of an order's event of this kind, once so many are published: the last."""

        async def found() -> Any:
            mine = self.events(order, payload)
            return mine[count - 1] if len(mine) >= count else None

        return await self.until(found)

    def events(self, order: orders_pb2.Order, payload: str) -> list[Any]:
        """Return the payloads of this kind that were published of an order so far."""
        mine = [getattr(each, payload) for each in self.published if each.WhichOneof("payload") == payload]
        return [each for each in mine if order.order_id in str(each)]

    async def tell(self, envelope: Any, service: str) -> None:
        """Publish an event as its service's relay does."""
        jetstream = await self.broker.jetstream()
        subject = f"onhand.{service}.{envelope.WhichOneof('payload')}"
        headers = {EVENT_ID_HEADER: envelope.event_id}
        await jetstream.publish(subject, envelope.SerializeToString(), headers=headers)

    async def store_says(
        self, order: orders_pb2.Order, payload: str, line: int = 0, **content: Any
    ) -> pickup_events_pb2.PickupEvent:
        """Publish an event of the task that the order's line number `line` has."""
        picked, refused = content.pop("picked", {}), content.pop("refused", {})
        short = content.pop("short", {})
        of = order.lines[line]
        task = tasks_pb2.Task(task_id=of.task_id, order_id=order.order_id, location_id=of.location_id)
        for each in order.lines:
            if each.task_id == of.task_id:
                task.lines.add(
                    line_id=each.line_id,
                    item_id=each.item_id,
                    quantity=each.quantity,
                    picked_quantity=picked.get(each.line_id, 0),
                    short_quantity=short.get(each.line_id, 0),
                    refused_quantity=refused.get(each.line_id, 0),
                )
        event = pickup_events_pb2.PickupEvent(event_id=str(uuid4()), actor="bo", task=task)
        kind = type(getattr(event, payload))
        getattr(event, payload).CopyFrom(kind(**content))
        await self.tell(event, "pickup")
        return event

    async def arrive(self, location_id: str, item_id: str, units: int) -> None:
        """Let units come to a location."""
        before = self.stock.available(location_id, item_id)
        self.stock.sellable[location_id, item_id] += units
        self.stock.revision += 1
        await self.balance_changed(location_id, item_id, before, before + units, self.stock.revision)

    async def arrive_together(self, *cells: tuple[str, str, int]) -> None:
        """Let units come to several cells in one transaction of stock."""
        event = stock_events_pb2.StockEvent(event_id=str(uuid4()), revision=self.stock.revision + 1)
        self.stock.revision += 1
        for location_id, item_id, units in cells:
            before = self.stock.available(location_id, item_id)
            self.stock.sellable[location_id, item_id] += units
            event.balances_changed.changes.add(
                location_id=location_id,
                item_id=item_id,
                available_before=before,
                available_after=before + units,
                version=self.stock.revision,
            )
        await self.tell(event, "stock")

    async def carried(self, shipment_id: str, state: str, received: int = 0) -> None:
        """Let a shipment of one item leave, arrive or end, and tell of it as stock does."""
        shipment = self.stock.shipments[shipment_id]
        (line,) = shipment.lines
        if state == "DISPATCHED":
            self.stock.sellable[shipment.from_location_id, line.item_id] -= line.announced_quantity
            line.dispatched_quantity = line.announced_quantity
        line.received_quantity += received
        shipment.state = shipments_pb2.Shipment.State.Value(f"STATE_{state}")
        event = stock_events_pb2.StockEvent(event_id=str(uuid4()))
        event.shipment_changed.shipment.CopyFrom(shipment)
        if received:
            await self.arrive(shipment.to_location_id, line.item_id, received)
        await self.tell(event, "stock")

    async def balance_changed(
        self, location_id: str, item_id: str, before: int, after: int, revision: int
    ) -> None:
        event = stock_events_pb2.StockEvent(event_id=str(uuid4()), revision=revision)
        event.balance_changed.location_id, event.balance_changed.item_id = location_id, item_id
        event.balance_changed.available_before, event.balance_changed.available_after = before, after
        event.balance_changed.version = revision  # both rise with every change here
        await self.tell(event, "stock")

    async def settled(self, order_id: str) -> orders_pb2.Order:
        """Return the order once nothing is under way for it, and check its books against stock's."""

        async def idle() -> orders_pb2.Order | None:
            async def busy(connection: Any) -> Any:
                return (
                    await connection.exec_driver_sql(
                        "SELECT (SELECT count(*) FROM releases) + (SELECT count(*) FROM assignments"
                        " WHERE state = 1) + (SELECT count(*) FROM order_lines WHERE state IN (1, 2, 3))"
                    )
                ).scalar_one()

            return await self.get(order_id) if await self.database.read(busy) == 0 else None

        order = await self.until(idle, lambda: self.get(order_id))
        backed: Counter[tuple[str, str, str]] = Counter()
        for line in order.lines:
            if state_of(line) in WITH_TASK or (line.reservation_id and state_of(line) == "TRANSFERRING"):
                backed[line.reservation_id, line.location_id, line.item_id] += line.quantity
        live: Counter[tuple[str, str, str]] = Counter()
        for reservation in self.stock.live():
            assert reservation.state == reservation.STATE_COMMITTED, "something is held for ever"
            for line in reservation.lines:
                units = line.quantity - line.fulfilled_quantity - line.released_quantity
                live[reservation.reservation_id, line.location_id, line.item_id] += units
        assert +live == backed
        return order


def state_of(line: orders_pb2.OrderLine) -> str:
    return orders_pb2.OrderLine.State.Name(line.state).removeprefix("STATE_")


def states_of(order: orders_pb2.Order) -> list[str]:
    return [state_of(line) for line in order.lines]


def killed_before(world: World, monkeypatch: pytest.MonkeyPatch, record: str) -> asyncio.Event:
    """Let the next process that is about to record something die instead."""
    killed = asyncio.Event()
    real: Callable[..., Any] = getattr(world.orders, record)

    async def die(*arguments: Any, **named: Any) -> Any:
        if killed.is_set():
            return await real(*arguments, **named)
        killed.set()
        raise asyncio.CancelledError

    monkeypatch.setattr(world.orders, record, die)
    return killed


@pytest.fixture
def settings(fresh_settings: Callable[..., RoutingSettings]) -> RoutingSettings:
    return fresh_settings(
        "routing",
        RoutingSettings,
        stock_target="127.0.0.1:0",
        stock_timeout_s=1,
        stock_attempts=1,
        catalog_cache_s=0.001,
        job_interval_s=0.05,
        first_backoff_s=0.05,
        max_backoff_s=0.1,
        watch_interval_s=0.05,
    )


@pytest.fixture
async def world(settings: RoutingSettings, mint: Callable[..., str]) -> AsyncIterator[World]:
    clock = ShiftedClock()
    stock = StockPeer(clock)
    await stock.start()
    database, broker = Database(settings, "routing"), Broker(settings.nats_url, "routing")
    assert settings.token_file is not None
    stock_client = AsyncStock(
        f"127.0.0.1:{stock.port}",
        TokenFile(settings.token_file),
        ClientSettings(timeout_s=settings.stock_timeout_s, max_attempts=settings.stock_attempts),
    )
    gateway = StockGateway(stock_client, settings.catalog_cache_s, timedelta(seconds=settings.hold_s))
    watchers = Watchers()
    orders = Orders(database, clock, settings, watchers)
    policies, networks = Policies(database, clock), Networks(database, clock)
    promiser = Promiser(networks, gateway, clock, settings)
    placer = Placer(gateway, policies, networks, promiser, clock, settings)
    quoter = Quoter(placer, promiser, networks, clock, settings)
    reports = Reports(database, networks, gateway, clock, settings)
    saga = Saga(orders, placer, promiser, gateway, clock, settings)

    server = grpc.aio.server()
    guard = Guard(Authenticator(settings), settings.default_deadline_s)
    for file, name, servicer in (
        (orders_pb2, "OrderService", OrderServicer(orders, policies, saga, watchers, clock, settings)),
        (policies_pb2, "PolicyService", PolicyServicer(policies)),
        (network_pb2, "NetworkService", NetworkServicer(networks)),
        (quotes_pb2, "QuoteService", QuoteServicer(quoter)),
        (reports_pb2, "ReportService", ReportServicer(reports)),
    ):
        guard.register(server, file.DESCRIPTOR.services_by_name[name], servicer)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    target, token = f"127.0.0.1:{port}", mint(subject="shop")
    client = AsyncRouting(target, token)

    world = World(settings, clock, stock, database, broker, orders, saga, reports, client, target, token)
    stock.on_arrival = world.balance_changed
    jetstream = await broker.jetstream()

    async def listen(message: Any) -> None:
        if message.subject != "onhand.routing.watermark":
            world.published.append(events_pb2.RoutingEvent.FromString(message.data))

    listening = await jetstream.subscribe("onhand.routing.>", cb=listen, ordered_consumer=True)
    work = [
        asyncio.create_task(each)
        for each in (
            Relay(database, broker, "routing").run(),
            *(
                Consumer(broker, database, "routing", each).run()
                for each in Consumers(orders).subscriptions()
            ),
            Jobs(saga, settings).advance_orders(),
            Jobs(saga, settings).plan_waves(),
        )
    ]
    yield world
    pending = set(work)
    while pending:
        # Again where a library took a cancellation for its own time-out and went on.
        for each in pending:
            each.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
    await saga.finish()
    await listening.unsubscribe()
    await client.close()
    await server.stop(None)
    await stock_client.close()
    await stock.stop()
    await broker.close()
    await database.close()
