"""What a chain costs, by what it does: processor seconds, and bytes that stay.

These are no rates, so that what else a machine does moves them little. docs/sizing.md calculates with them.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

import asyncpg
import nats
import psutil
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress

from benchmarks import world
from benchmarks.harness import Bench
from benchmarks.load import LoadFailedError
from benchmarks.rows import Measured
from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, ledger_pb2
from onhand.client import Pickup, Routing, Settings, Stock
from onhand.kit.errors import NotFound

T = TypeVar("T")

MILLION = 1_000_000
BATCH = 500
"""Reads that an edge or a gateway sends at once."""
REPEATED_BATCHES = 1_000
NEW_BATCHES = 20
LOOK_UPS = 5_000
SALES = 1_000
ORDERS = 200
STARTED_S = 10.0
"""After which what a process does at its start is over."""
IDLE_S = 10.0
"""How long it is watched what processes do when nobody calls; taken off."""
EPCIS_S = 5.0
"""If so long none is published, all are."""
WITHIN_S = 300.0
PATIENT = Settings(timeout_s=60)
TABLES_NAMED = 5
_TABLES = """
    SELECT coalesce(pg_partition_root(c.oid), c.oid::regclass)::text AS name,
           sum(pg_total_relation_size(c.oid)) AS bytes
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1
"""
_LEFT = """
    SELECT count(*) FROM outbox o, outbox_cursor c WHERE (o.xact_id, o.outbox_id) > (c.xact_id, c.outbox_id)
"""


@dataclass(frozen=True)
class Reading:
    """What was used up to a moment."""

    time: float
    cpu_s: dict[str, float]
    """By process; `postgres` is all of its own."""
    table_bytes: Counter[str]
    """Of all databases, with indexes."""
    log_bytes: int
    """Of the write-ahead log, which standbys and backups take too."""
    stream_bytes: int


@dataclass(frozen=True)
class Cost:
    cpu_s: dict[str, float]
    table_bytes: dict[str, float]
    log_bytes: float
    stream_bytes: float

    def measured(self, first: str, what: str) -> Measured:
        others = " + ".join(f"{seconds:,.0f} {name}" for name, seconds in self.cpu_s.items() if name != first)
        largest = sorted(self.table_bytes.items(), key=lambda each: -each[1])[:TABLES_NAMED]
        tables = ", ".join(f"{name} {size:,.0f}" for name, size in largest if size >= 1)
        stays = (
            f"each {sum(self.table_bytes.values()):,.0f} bytes of tables ({tables or 'none'}), "
            f"{self.stream_bytes:,.0f} of streams, {self.log_bytes:,.0f} of log"
        )
        return Measured(self.cpu_s[first], "CPU s/million", f"{what}; + {others}; {stays}")


class Meter:
    """Reads what some services, their databases and the servers used."""

    def __init__(self, bench: Bench, services: Sequence[str], databases: Sequence[str]) -> None:
        self._bench = bench
        self._services = services
        self._databases = databases

    def cost(self, work: Callable[[], int]) -> Cost:
        """Do something so many times as `work` says, and return what a million of it cost; bytes of one."""
        time.sleep(STARTED_S)
        asyncio.run(self._quiet())
        before = self.read()
        time.sleep(IDLE_S)
        idle, begun = _less(self.read(), before), self.read()
        times = work()
        asyncio.run(self._quiet())
        used = _less(self.read(), begun)
        share = used.time / idle.time
        return Cost(
            {
                name: max(0.0, seconds - idle.cpu_s[name] * share) * MILLION / times
                for name, seconds in used.cpu_s.items()
            },
            {name: size / times for name, size in used.table_bytes.items()},
            (used.log_bytes - idle.log_bytes * share) / times,
            used.stream_bytes / times,
        )

    def read(self) -> Reading:
        table_bytes, log_bytes = asyncio.run(self._stored())
        stream_bytes = asyncio.run(self._streams())
        servers = self._bench.servers
        cpu_s = {name: _cpu_s(self._bench.pid(name)) for name in self._services}
        cpu_s |= {"postgres": _cpu_s(servers.postgres.pid), "nats": _cpu_s(servers.nats.pid)}
        return Reading(time.perf_counter(), cpu_s, table_bytes, log_bytes, stream_bytes)

    async def _stored(self) -> tuple[Counter[str], int]:
        tables: Counter[str] = Counter()
        for url in self._databases:
            connection = await asyncpg.connect(url)
            tables.update({row["name"]: int(row["bytes"]) for row in await connection.fetch(_TABLES)})
            log_bytes = int(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
            await connection.close()
        return tables, log_bytes

    async def _streams(self) -> int:
        client = await nats.connect(self._bench.servers.nats_url)
        streams = await client.jetstream().streams_info()
        await client.close()
        return sum(each.state.bytes for each in streams)

    async def _quiet(self) -> None:
        """Return when nothing waits to be published any more."""
        deadline = time.monotonic() + WITHIN_S
        for url in self._databases:
            connection = await asyncpg.connect(url)
            while await connection.fetchval(_LEFT):
                if time.monotonic() > deadline:
                    raise LoadFailedError("the relay does not catch up")
                await asyncio.sleep(0.1)
            published = -1
            while url == self._bench.stock_database and published != (
                published := await connection.fetchval("SELECT count(*) FROM epcis_events")
            ):
                await asyncio.sleep(EPCIS_S)
            await connection.close()
        await asyncio.sleep(2)  # what hears of it last has its turn


def _less(after: Reading, before: Reading) -> Reading:
    return replace(
        after,
        time=after.time - before.time,
        cpu_s={name: seconds - before.cpu_s[name] for name, seconds in after.cpu_s.items()},
        table_bytes=Counter(
            {name: size - before.table_bytes[name] for name, size in after.table_bytes.items()}
        ),
        log_bytes=after.log_bytes - before.log_bytes,
        stream_bytes=after.stream_bytes - before.stream_bytes,
    )


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process and its children, those that ended too."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    return float(own + sum(sum(each.cpu_times()[:2]) for each in process.children(recursive=True)))


def _stock(bench: Bench) -> Meter:
    bench.world()
    return Meter(bench, ["stock"], [bench.stock_database])


def repeated_reads(bench: Bench) -> Measured:
    """Reads of tags that lie where they lay: nearly all there are."""
    meter, tags = _stock(bench), world.Tags()
    known = {reader: tags.take(BATCH) for reader in world.READERS}
    with Stock(bench.stock, bench.token, PATIENT) as stock:
        for reader, epcs in known.items():
            stock.reads.RecordReads(world.in_columns(reader, epcs))

        def work() -> int:
            for number in range(REPEATED_BATCHES):
                reader = world.READERS[number % len(world.READERS)]
                stock.reads.RecordReads(world.in_columns(reader, known[reader]))
            return REPEATED_BATCHES * BATCH

        return meter.cost(work).measured("stock", f"reads in batches of {BATCH}")


def new_tags(bench: Bench) -> Measured:
    """Tags that appear: each a row, a movement, an event of its history and its part of what is published."""
    meter, tags = _stock(bench), world.Tags()
    with Stock(bench.stock, bench.token, PATIENT) as stock:

        def work() -> int:
            for number in range(NEW_BATCHES):
                reader = world.READERS[number % len(world.READERS)]
                answer = stock.reads.RecordReads(world.in_columns(reader, tags.take(BATCH)))
                if answer.accepted_count != BATCH:
                    raise LoadFailedError(f"not all tags were new: {answer}")
            return NEW_BATCHES * BATCH

        return meter.cost(work).measured("stock", f"tags in batches of {BATCH}")


def look_ups(bench: Bench) -> Measured:
    """The shopper's page: one item at ten stores."""
    meter = _stock(bench)
    with Stock(bench.stock, bench.token, PATIENT) as stock:

        def work() -> int:
            for number in range(LOOK_UPS):
                item_id, _ = world.cell(number)
                request = availability_pb2.GetAvailabilityRequest(
                    item_ids=[item_id], location_ids=world.LOCATIONS[:10]
                )
                stock.availability.GetAvailability(request)
            return LOOK_UPS

        return meter.cost(work).measured("stock", "calls of 10 cells, one at a time")


def sales(bench: Bench) -> Measured:
    """A basket of three lines at a till."""
    meter = _stock(bench)
    with Stock(bench.stock, bench.token, PATIENT) as stock:

        def work() -> int:
            for number in range(SALES):
                _, location_id = world.cell(number * len(world.ITEMS))
                lines = [
                    ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=1)
                    for item_id in world.ITEMS[number % 50 : number % 50 + 3]
                ]
                stock.ledger.RecordSale(
                    ledger_pb2.RecordSaleRequest(
                        request_id=str(uuid4()), location_id=location_id, lines=lines
                    )
                )
            return SALES

        return meter.cost(work).measured("stock", "baskets of three lines, one at a time")


def orders(bench: Bench) -> Measured:
    """Orders of one line that a store ships, by all services: from submission to the parcel."""
    bench.world()
    urls = {name: bench.migrated(f"bench_sizing_{name}", name) for name in ("routing", "pickup")}
    pickup = bench.serve(
        "pickup", "serve", "pickup", database=urls["pickup"], ONHAND_STOCK_TARGET=bench.stock
    )
    routing = bench.serve(
        "routing", "serve", "routing", database=urls["routing"], ONHAND_STOCK_TARGET=bench.stock
    )
    notifications = bench.serve_notifications()
    assert notifications
    meter = Meter(
        bench,
        ["stock", "routing", "pickup", "notifications"],
        [bench.stock_database, *urls.values(), bench.notifications_database],
    )
    with Routing(routing, bench.token, PATIENT) as channel, Pickup(pickup, bench.token, PATIENT) as stores:

        def work() -> int:
            ids = [f"O-{uuid4().hex[:10]}" for _ in range(ORDERS)]
            for number, order_id in enumerate(ids):
                channel.orders.SubmitOrder(_submission(order_id, world.ITEMS[number % len(world.ITEMS)]))
            for order_id in ids:
                _ship(stores, _until(channel, order_id, orders_pb2.OrderLine.STATE_ASSIGNED))
            for order_id in ids:
                _until(channel, order_id, orders_pb2.OrderLine.STATE_SHIPPED)
            return ORDERS

        return meter.cost(work).measured("stock", "orders of one line, shipped")


def _submission(order_id: str, item_id: str) -> orders_pb2.SubmitOrderRequest:
    order = orders_pb2.Order(
        order_id=order_id,
        channel="web",
        customer=orders_pb2.Customer(display_name="Ada", email=f"{order_id}@customer.example"),
        method=orders_pb2.FULFILMENT_METHOD_SHIP,
        shipping_address=PostalAddress(region_code="NL", locality="Amsterdam"),
        shipping_position=LatLng(latitude=52.37, longitude=4.9),
        lines=[orders_pb2.OrderLine(line_id="1", item_id=item_id, quantity=1)],
    )
    return orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order)


def _until(channel: Routing, order_id: str, state: int) -> orders_pb2.OrderLine:
    deadline = time.monotonic() + WITHIN_S
    while True:
        line: orders_pb2.OrderLine = channel.orders.GetOrder(
            orders_pb2.GetOrderRequest(order_id=order_id)
        ).order.lines[0]
        if line.state == state:
            return line
        if time.monotonic() > deadline:
            raise LoadFailedError(f"{order_id} does not get on: {line}")
        time.sleep(0.2)


def _ship(stores: Pickup, line: orders_pb2.OrderLine) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not _known(stores, line.task_id):
        if time.monotonic() > deadline:
            raise LoadFailedError(f"there is no task {line.task_id}")
        time.sleep(0.2)
    named = {"task_id": line.task_id}
    stores.tasks.AcceptTask(tasks_pb2.AcceptTaskRequest(request_id=str(uuid4()), **named))
    stores.tasks.PickLine(
        tasks_pb2.PickLineRequest(
            request_id=str(uuid4()), line_id=line.line_id, quantity=line.quantity, **named
        )
    )
    stores.tasks.PackTask(tasks_pb2.PackTaskRequest(request_id=str(uuid4()), **named))
    stores.tasks.ShipTask(
        tasks_pb2.ShipTaskRequest(
            request_id=str(uuid4()), carrier="PostNL", tracking_number=f"3S{uuid4().hex[:10]}", **named
        )
    )


def _known(stores: Pickup, task_id: str) -> bool:
    try:
        stores.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=task_id))
    except NotFound:
        return False
    return True
