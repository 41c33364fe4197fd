"""The figures. A new one is a function here and a line in FIGURES.

Targets are the project's aims, not what is reached: a row that falls short says so.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice

import asyncpg

from benchmarks import bare, load, routing, waves, world
from benchmarks.harness import Bench, Turns
from benchmarks.load import LoadFailedError
from benchmarks.rows import Measured
from onhand.api.stock.v1 import availability_pb2, reads_pb2
from onhand.client import Stock

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
STREAM_BATCHES = 200
"""Distinct batches a reader and second that are prepared; beyond them the stream ends early."""
UNACKNOWLEDGED = 16
"""Batches that a sender has under way on a stream."""
NEW_TAGS = 500
"""Never-seen tags in a batch: a pallet through the door."""
NEW_TAG_SENDERS = 4
NEW_TAG_BATCHES = 50
"""Batches a sender and second that are prepared."""

_UPSERT = """
    INSERT INTO tags (location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time,
                      rssi_cdbm)
    SELECT $1, epc, $3, 1, $4, 'floor', $4, $4, -5500 FROM unnest($2::bytea[]) AS epc
    ON CONFLICT (location_id, epc) DO UPDATE
    SET last_seen_time = excluded.last_seen_time, rssi_cdbm = excluded.rssi_cdbm
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
    _world(bench)
    (first,) = world.reservations(1)
    response = bench.call(bench.stock, CREATE_RESERVATION, first)
    bench.keep(response)

    def ours(seconds: float) -> float:
        messages = list(world.reservations(round(MOST_RESERVATIONS_PER_S * seconds)))
        return bench.stock_client.distinct(CREATE_RESERVATION, [messages], seconds).calls_per_s

    def limit(seconds: float) -> float:
        messages = list(world.reservations(round(MOST_RESERVATIONS_PER_S * seconds)))
        return bench.bare_client.distinct(CONSTANT, [messages], seconds, repeat=True).calls_per_s

    return _measured(
        bench.turns(ours, limit),
        "calls/s",
        f"empty handler, {len(response)} bytes, distinct messages on both sides, {load.CALLERS} callers, "
        "own client",
    )


def stream_reads(bench: Bench) -> Measured:
    """A chain's readers that mostly see what they saw before."""
    _world(bench)
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
                        batch=world.batch(
                            reader,
                            [*islice(repeats, BATCH_READS - NEW_IN_BATCH), *tags.take(NEW_IN_BATCH)],
                        ),
                    ).SerializeToString()
                    for sequence in range(1, round(STREAM_BATCHES * seconds) + 1)
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

    return _measured(
        bench.turns(ours, limit),
        "reads/s",
        f"bare stream that counts the bytes, {len(world.READERS)} streams, batches of {BATCH_READS}, "
        f"{100 - 100 * NEW_IN_BATCH // BATCH_READS} % repeats, own client",
    )


def record_new_tags(bench: Bench) -> Measured:
    """A delivery: every tag new, each with its movement, balance and event."""
    _world(bench)
    tags = world.Tags()
    url = bench.migrated("bench_tags")

    def ours(seconds: float) -> float:
        messages = [
            [
                world.batch(reader, tags.take(NEW_TAGS)).SerializeToString()
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
        return asyncio.run(_upserts(url, tags, seconds))

    return _measured(
        bench.turns(ours, limit),
        "tags/s",
        f"upsert of the same rows into the same table, batches of {NEW_TAGS}, {NEW_TAG_SENDERS} senders, "
        "asyncpg; ours: own client",
    )


FIGURES = (
    Figure("grpc_empty", "limits", grpc_empty),
    Figure("commit_one", "limits", commit_one),
    Figure("get_availability", "availability", get_availability, 0.85),
    Figure("get_availability_bulk", "availability", get_availability_bulk, 0.5),
    Figure("create_reservation", "reserve", create_reservation, 0.5),
    Figure("stream_reads", "ingest", stream_reads, 0.5),
    Figure("record_new_tags", "ingest", record_new_tags, 0.4),
    Figure("plan_order", "routing", routing.single_plan, 0.1),
    *(Figure(f"wave_{kind}", "routing", routing.wave(kind), 0.99) for kind in waves.KINDS),
    *(Figure(f"greedy_{kind}", "routing", routing.greedy_wave(kind), 1 / 1.05) for kind in waves.KINDS),
)


def _measured(turns: Turns, unit: str, limit: str) -> Measured:
    return Measured(turns.ours, unit, f"{turns.limit:,.0f}: {limit}", turns.ratio)


def _world(bench: Bench) -> None:
    """Build the chain, once a run."""
    if not hasattr(bench, "world_built"):
        with Stock(bench.stock, bench.token) as stock:
            world.build(stock)
        bench.world_built = True  # type: ignore[attr-defined]


def _availability(bench: Bench, items: int, locations: int) -> tuple[bytes, bytes]:
    """Return a request and its answer, looked into."""
    _world(bench)
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
    return _measured(bench.turns(ours, limit), "calls/s", against)


async def _upserts(url: str, tags: world.Tags, seconds: float) -> float:
    """Upsert batches from as many connections as ours has senders; returns tags a second."""
    batches: list[list[list[bytes]]] = [
        [tags.take(NEW_TAGS) for _ in range(max(1, round(2 * NEW_TAG_BATCHES * seconds)))]
        for _ in range(NEW_TAG_SENDERS)
    ]
    pool = await asyncpg.create_pool(url, min_size=NEW_TAG_SENDERS, max_size=NEW_TAG_SENDERS)
    begun = time.perf_counter()
    done = 0

    async def send(number: int) -> None:
        nonlocal done
        async with pool.acquire() as connection:
            for each in batches[number]:
                now = datetime.now(UTC)
                await connection.execute(_UPSERT, world.LOCATIONS[number], each, world.TAGGED[0], now)
                done += len(each)
                if time.perf_counter() - begun > seconds:
                    return

    try:
        await asyncio.gather(*map(send, range(NEW_TAG_SENDERS)))
        return done / (time.perf_counter() - begun)
    finally:
        await pool.close()
