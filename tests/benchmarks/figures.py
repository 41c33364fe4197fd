"""The figures. A new one is a function here and a line in FIGURES.

Targets are the project's aims, not what is reached: a row that falls short says so.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice

import asyncpg

from benchmarks import bare, load, memory, notify, reserve, routing, sizing, views, waves, world
from benchmarks.harness import Bench
from benchmarks.load import LoadFailedError
from benchmarks.rows import Measured
from onhand.api.stock.v1 import availability_pb2, reads_pb2
from onhand.kit.clock import SystemClock

GET_AVAILABILITY = "/onhand.api.stock.v1.AvailabilityService/GetAvailability"
CREATE_RESERVATION = "/onhand.api.stock.v1.ReservationService/CreateReservation"
RECORD_READS = "/onhand.api.stock.v1.ReadService/RecordReads"
STREAM_READS = "/onhand.api.stock.v1.ReadService/StreamReads"
CONSTANT = f"/{bare.SERVICE}/Constant"
COUNT = f"/{bare.SERVICE}/Count"

BULK_CALLERS = 8
"""Fewer: a call of 5,000 cells keeps the server busy for long."""
MOST_RESERVATIONS_PER_S = 10_000
"""Messages prepared for a round; more than the empty handler can take."""
BATCH_READS = 100
"""Reads in a batch of a stream: what a busy portal sees in about a tenth of a second."""
NEW_IN_BATCH = 1
"""Of these, tags never seen before; the others repeat."""
REPEATED_TAGS = 500
"""Tags that a reader keeps seeing."""
STREAM_BATCHES = 1_000
"""Distinct batches a reader and second that are prepared; beyond them the stream ends early."""
UNACKNOWLEDGED = 64
"""Batches that a sender has under way on a stream: as many as our gateway."""
NEW_TAGS = 500
"""Never-seen tags in a batch: a pallet through the door."""
NEW_TAG_SENDERS = 4
NEW_TAG_BATCHES = 50
"""Batches a sender and second that are prepared."""

TAG_MEMORY_MB = 150
READ_COST_GROWTH = 1.3

_UPSERT = """
    INSERT INTO tags (location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time,
                      rssi_cdbm)
    SELECT $1, epc, ($3::text[])[n % cardinality($3::text[]) + 1], 1, $4, 'floor', $4, $4, -5500
    FROM unnest($2::bytea[]) WITH ORDINALITY AS t (epc, n)
    ON CONFLICT (location_id, epc) DO UPDATE
    SET last_seen_time = excluded.last_seen_time, rssi_cdbm = excluded.rssi_cdbm
"""
_UPSERT_ALL = """
    WITH new AS (
        SELECT epc, id, ($3::text[])[n % cardinality($3::text[]) + 1] AS item_id
        FROM unnest($2::bytea[], $5::uuid[]) WITH ORDINALITY AS t (epc, id, n)
    ),
    added_tags AS (
        INSERT INTO tags (location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time,
                          rssi_cdbm)
        SELECT $1, epc, item_id, 1, $4::timestamptz, 'floor', $4, $4, -5500 FROM new
        ON CONFLICT (location_id, epc) DO UPDATE
        SET last_seen_time = excluded.last_seen_time, rssi_cdbm = excluded.rssi_cdbm
    ),
    added_movements AS (
        INSERT INTO movements (location_id, movement_id, item_id, from_bucket, to_bucket, quantity, reason,
                               occur_time, document, epc, actor)
        SELECT $1, id, item_id, 7, 1, 1, 5, $4, 'reader-0', epc, 'bench' FROM new
    ),
    added_events AS (
        INSERT INTO tag_events (location_id, epc, state, zone_before, zone_id, occur_time, movement_id)
        SELECT $1, epc, 1, 'floor', 'floor', $4, id FROM new
    ),
    changed_balances AS (
        INSERT INTO balances (location_id, item_id, sellable)
        SELECT $1, item_id, count(*) FROM new GROUP BY item_id ORDER BY item_id
        ON CONFLICT (location_id, item_id) DO UPDATE
        SET sellable = balances.sellable + excluded.sellable, revision = excluded.revision,
            version = balances.version + 1
        RETURNING item_id
    )
    INSERT INTO outbox (event_id, subject, payload, trace)
    SELECT gen_random_uuid(), 'onhand.stock.balance_changed', substr($6::bytea, 1, 100), '{}' FROM changed_balances
    UNION ALL SELECT gen_random_uuid(), 'onhand.stock.tags_changed', $6::bytea, '{}'
"""


@dataclass(frozen=True)
class Figure:
    name: str
    group: str
    """Names several figures at once on the command line."""
    measure: Callable[[Bench], Measured]
    target: float | None = None


def grpc_empty(bench: Bench) -> Measured:
    """What this machine's gRPC in Python can do at all."""
    request, response = _availability(bench, 1, 10)
    bench.keep(response)
    value = bench.alone(
        lambda seconds: bench.bare_client.same(CONSTANT, request, len(response), seconds).calls_per_s
    )
    against = f"itself: {len(response)} constant bytes, {load.CALLERS} callers, {load.name()}"
    return Measured(value, "calls/s", against)


def commit_one(bench: Bench) -> Measured:
    """What this machine's disk and PostgreSQL can do one by one."""
    url = bench.servers.create_database("bench_commit")

    async def commits(seconds: float) -> float:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS one (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"
            )
            statement = await connection.prepare("INSERT INTO one DEFAULT VALUES")
            begun, count = time.perf_counter(), 0
            while time.perf_counter() - begun < seconds:
                await statement.fetch()
                count += 1
            return count / (time.perf_counter() - begun)
        finally:
            await connection.close()

    value = bench.alone(lambda seconds: asyncio.run(commits(seconds)))
    return Measured(value, "commits/s", "itself: one row, one connection, asyncpg")


def get_availability(bench: Bench) -> Measured:
    """The shopper's page: one item, ten stores."""
    return _against_constant(bench, 1, 10, load.CALLERS)


def get_availability_bulk(bench: Bench) -> Measured:
    """A feed or a listing page: 5,000 cells in one call."""
    return _against_constant(bench, 100, 50, BULK_CALLERS)


def create_reservation(bench: Bench) -> Measured:
    """Holds for 64 shoppers at a time, spread over 5,000 cells."""
    bench.world()
    (first,) = world.reservations(1)
    response = bench.call(bench.stock, CREATE_RESERVATION, first)
    bench.keep(response)

    def ours(seconds: float) -> float:
        messages = list(world.reservations(round(MOST_RESERVATIONS_PER_S * seconds)))
        return bench.stock_client.distinct(CREATE_RESERVATION, [messages], seconds).calls_per_s

    def limit(seconds: float) -> float:
        messages = list(world.reservations(round(MOST_RESERVATIONS_PER_S * seconds)))
        return bench.bare_client.distinct(CONSTANT, [messages], seconds, repeat=True).calls_per_s

    return bench.measured(
        bench.turns(ours, limit),
        "calls/s",
        f"empty handler, {len(response)} bytes, distinct messages on both sides, {load.CALLERS} callers, "
        "own client",
    )


def stream_reads(bench: Bench) -> Measured:
    """A chain's gateways, whose readers mostly see what they saw before."""
    return _streamed(bench, world.in_columns, STREAM_BATCHES, "in columns")


def stream_reads_one_by_one(bench: Bench) -> Measured:
    """The same, a message a read."""
    return _streamed(bench, world.batch, STREAM_BATCHES // 10, "a message a read")


def _streamed(
    bench: Bench, form: Callable[[str, list[bytes]], reads_pb2.RecordReadsRequest], most: int, form_name: str
) -> Measured:
    bench.world()
    tags = world.Tags()
    known = {reader: tags.take(REPEATED_TAGS) for reader in world.READERS}

    def messages(seconds: float) -> list[list[bytes]]:
        streams = []
        for reader in world.READERS:
            repeats = cycle(known[reader])
            streams.append(
                [
                    reads_pb2.StreamReadsRequest(
                        sequence=sequence,
                        batch=form(
                            reader,
                            [*islice(repeats, BATCH_READS - NEW_IN_BATCH), *tags.take(NEW_IN_BATCH)],
                        ),
                    ).SerializeToString()
                    for sequence in range(1, round(most * seconds) + 1)
                ]
            )
        return streams

    def rate(client: load.Client, path: str, seconds: float, *, repeat: bool) -> load.Rate:
        callers = len(world.READERS) * UNACKNOWLEDGED
        return client.distinct(
            path, messages(seconds), seconds, repeat=repeat, callers=callers, streaming=True
        )

    def ours(seconds: float) -> float:
        for reader in world.READERS:  # so that what repeats does repeat, also after the last round
            bench.call(bench.stock, RECORD_READS, world.batch(reader, known[reader]).SerializeToString())
        measured = rate(bench.stock_client, STREAM_READS, seconds, repeat=False)
        for answer in measured.responses:
            result = reads_pb2.StreamReadsResponse.FromString(answer).result
            if (result.accepted_count, result.refused_count) != (NEW_IN_BATCH, 0):
                raise LoadFailedError(f"a batch was not {NEW_IN_BATCH} new read and repeats: {result}")
        return measured.calls_per_s * BATCH_READS

    def limit(seconds: float) -> float:
        return rate(bench.bare_client, COUNT, seconds, repeat=True).calls_per_s * BATCH_READS

    return bench.measured(
        bench.turns(ours, limit),
        "reads/s",
        f"bare stream that counts the bytes, {len(world.READERS)} streams, batches of {BATCH_READS} "
        f"{form_name}, "
        f"{100 - 100 * NEW_IN_BATCH // BATCH_READS} % repeats, own client",
    )


def record_new_tags(bench: Bench) -> Measured:
    """A delivery: every tag new, each with its movement, balance and event."""
    limit = (
        "bulk upsert of the same rows (tags, movements, tag events, balances, outbox) into the same tables"
    )
    return _recorded(bench, _UPSERT_ALL, limit)


def record_new_tags_alone(bench: Bench) -> Measured:
    """The same against a limit that writes the tags alone."""
    return _recorded(bench, _UPSERT, "bulk upsert of the tags' rows alone")


def _recorded(bench: Bench, statement: str, limit_name: str) -> Measured:
    bench.world()
    tags = world.Tags()
    url = bench.migrated("bench_tags")

    def ours(seconds: float) -> float:
        messages = [
            [
                world.in_columns(reader, tags.take(NEW_TAGS)).SerializeToString()
                for _ in range(max(1, round(NEW_TAG_BATCHES * seconds)))
            ]
            for reader in world.READERS[:NEW_TAG_SENDERS]
        ]
        measured = bench.stock_client.distinct(RECORD_READS, messages, seconds, callers=NEW_TAG_SENDERS)
        for answer in measured.responses:
            result = reads_pb2.RecordReadsResponse.FromString(answer)
            if result.accepted_count != NEW_TAGS or result.unknown_item_count:
                raise LoadFailedError(f"a batch was not {NEW_TAGS} new tags: {result}")
        return measured.calls_per_s * NEW_TAGS

    def limit(seconds: float) -> float:
        return asyncio.run(_upserts(url, statement, tags, seconds))

    return bench.measured(
        bench.turns(ours, limit),
        "tags/s",
        f"{limit_name}, batches of {NEW_TAGS}, {NEW_TAG_SENDERS} senders, asyncpg; ours: own client",
    )


def tag_memory(bench: Bench) -> Measured:
    """What a million tags take of the memory of a process that has read and recorded them."""
    megabytes = _memory(bench).megabytes
    limit = f"{TAG_MEMORY_MB}: resident, a million tags of one location in 4 zones, an epoch open"
    return Measured(megabytes, "MB", limit, TAG_MEMORY_MB / megabytes)


def read_cost_at_scale(bench: Bench) -> Measured:
    """What a read costs where a million tags are known, as against ten thousand."""
    costs = _memory(bench)
    growth = statistics.median(many / few for few, many in zip(costs.few_ns, costs.many_ns, strict=True))
    few = statistics.median(costs.few_ns)
    limit = f"{few:,.0f} x {READ_COST_GROWTH}: where 10,000 are known; random repeats, batches of 10,000"
    return Measured(statistics.median(costs.many_ns), "ns/read", limit, READ_COST_GROWTH / growth)


def _memory(bench: Bench) -> memory.Costs:
    """Measure once a run."""
    if not hasattr(bench, "memory_costs"):
        bench.memory_costs = memory.measured(bench.size.rounds)  # type: ignore[attr-defined]
    costs: memory.Costs = bench.memory_costs  # type: ignore[attr-defined]
    return costs


FIGURES = (
    Figure("grpc_empty", "limits", grpc_empty),
    Figure("commit_one", "limits", commit_one),
    Figure("get_availability", "availability", get_availability, 0.85),
    Figure("get_availability_bulk", "availability", get_availability_bulk, 0.5),
    Figure("get_availability_distinct", "availability", views.distinct),
    Figure("view_memory", "availability", views.memory, 1),
    Figure("view_latency", "availability", views.latency, 1 / 1.2),
    Figure("read_to_watcher", "availability", views.read_to_watcher, 1),
    Figure("create_reservation", "reserve", create_reservation, 0.5),
    Figure("reserve_gathered_1", "reserve", reserve.gathered_against_one, 5),
    Figure("reserve_gathered_16", "reserve", reserve.gathered_against_sixteen, 2),
    Figure("reserve_batch", "reserve", reserve.batch, 3),
    Figure("reserve_hot", "reserve", reserve.hot, 0.9),
    Figure("reserve_workers", "reserve", reserve.workers, 1.5),
    Figure("reserve_past", "reserve", reserve.past, 1 / 1.3),
    Figure("stream_reads", "ingest", stream_reads, 0.5),
    Figure("stream_reads_one_by_one", "ingest", stream_reads_one_by_one),
    Figure("record_new_tags", "ingest", record_new_tags, 0.4),
    Figure("record_new_tags_alone", "ingest", record_new_tags_alone),
    Figure("tag_memory", "ingest", tag_memory, 1),
    Figure("read_cost_at_scale", "ingest", read_cost_at_scale, 1),
    Figure("plan_order", "routing", routing.single_plan, 0.1),
    *(Figure(f"wave_{kind}", "routing", routing.wave(kind), 0.99) for kind in waves.KINDS),
    Figure("cost_of_repeats", "sizing", sizing.repeated_reads),
    Figure("cost_of_new_tags", "sizing", sizing.new_tags),
    Figure("cost_of_look_ups", "sizing", sizing.look_ups),
    Figure("cost_of_sales", "sizing", sizing.sales),
    Figure("cost_of_orders", "sizing", sizing.orders),
    Figure("mails_of_events", "notifications", notify.told, 0.5),
    *(Figure(f"greedy_{kind}", "routing", routing.greedy_wave(kind), 1 / 1.05) for kind in waves.KINDS),
)


def _availability(bench: Bench, items: int, locations: int) -> tuple[bytes, bytes]:
    """Return a request and its answer, looked into."""
    bench.world()
    request = world.availability(items, locations)
    response = bench.call(bench.stock, GET_AVAILABILITY, request)
    lines = availability_pb2.GetAvailabilityResponse.FromString(response).lines
    if len(lines) != items * locations or any(line.availability.on_hand != world.UNITS for line in lines):
        raise LoadFailedError("stock does not answer what the chain was given")
    return request, response


def _against_constant(bench: Bench, items: int, locations: int, callers: int) -> Measured:
    request, response = _availability(bench, items, locations)
    bench.keep(response)

    def ours(seconds: float) -> float:
        return bench.stock_client.same(GET_AVAILABILITY, request, len(response), seconds, callers).calls_per_s

    def limit(seconds: float) -> float:
        return bench.bare_client.same(CONSTANT, request, len(response), seconds, callers).calls_per_s

    against = f"empty handler, {len(response)} bytes, {callers} callers, {load.name()}"
    return bench.measured(bench.turns(ours, limit), "calls/s", against)


async def _upserts(url: str, statement: str, tags: world.Tags, seconds: float) -> float:
    """Upsert batches from as many connections as ours has senders; returns tags a second."""
    clock = SystemClock()
    count = max(1, round(2 * NEW_TAG_BATCHES * seconds))
    event = world.tags_changed(tags.take(NEW_TAGS))
    batches = [
        [(tags.take(NEW_TAGS), [clock.uuid() for _ in range(NEW_TAGS)]) for _ in range(count)]
        for _ in range(NEW_TAG_SENDERS)
    ]
    all_rows = "outbox" in statement
    pool = await asyncpg.create_pool(url, min_size=NEW_TAG_SENDERS, max_size=NEW_TAG_SENDERS)
    begun = time.perf_counter()
    done = 0

    async def send(number: int) -> None:
        nonlocal done
        async with pool.acquire() as connection:
            for epcs, ids in batches[number]:
                given = [world.LOCATIONS[number], epcs, world.TAGGED, clock.now()]
                await connection.execute(statement, *given, *((ids, event) if all_rows else ()))
                done += len(epcs)
                if time.perf_counter() - begun > seconds:
                    return

    try:
        await asyncio.gather(*map(send, range(NEW_TAG_SENDERS)))
        return done / (time.perf_counter() - begun)
    finally:
        await pool.close()
