"""Figures of the view: memory and latency at a million cells, and how soon a watcher hears of a read."""

import asyncio
import statistics
import time
from itertools import count

from benchmarks import load, world
from benchmarks.chain import make_chain
from benchmarks.harness import Bench
from benchmarks.rows import Measured
from onhand.api.stock.v1 import availability_pb2, reads_pb2
from onhand.client import AsyncStock

GET_AVAILABILITY = "/onhand.api.stock.v1.AvailabilityService/GetAvailability"
MILLION = (10_000, 100)
SMALL = (100, 100)
"""Items, locations."""
MOST_MB = 150
READS_PER_S = 1_000
BATCH_READS = 10


def memory(bench: Bench) -> Measured:
    """What a replica takes with a million cells, after it has answered for a while."""
    client = bench.client(_chain(bench, "million", *MILLION))
    for number in range(10):
        messages = _requests(*MILLION, 500, number)
        client.distinct(GET_AVAILABILITY, [messages], 0.5)
    megabytes = bench.resident_bytes("million") / 1e6
    return Measured(megabytes, "MB", f"{MOST_MB} MB", MOST_MB / megabytes)


def latency(bench: Bench) -> Measured:
    """Calls for ten random cells among a million, against among ten thousand."""
    million = bench.client(_chain(bench, "million", *MILLION))
    small = bench.client(_chain(bench, "small", *SMALL))

    def rate(client: load.Client, items: int, locations: int, seconds: float) -> float:
        messages = _requests(items, locations, round(5_000 * seconds), 0)
        return client.distinct(GET_AVAILABILITY, [messages], seconds, callers=4).calls_per_s

    turns = bench.turns(
        lambda seconds: rate(million, *MILLION, seconds), lambda seconds: rate(small, *SMALL, seconds)
    )
    return bench.measured(
        turns, "calls/s", "10,000 cells; distinct calls for 10 cells, 4 callers, own client"
    )


def distinct(bench: Bench) -> Measured:
    """The shopper's page when every call asks for other cells: nothing that was made before serves."""
    bench.world()
    messages = _requests(len(world.ITEMS), len(world.LOCATIONS), 20_000, 0)
    response = bench.call(bench.stock, GET_AVAILABILITY, messages[0])
    bench.keep(response)
    return bench.measured(
        bench.turns(
            lambda seconds: (
                bench.stock_client.distinct(GET_AVAILABILITY, [messages], seconds, repeat=True).calls_per_s
            ),
            lambda seconds: (
                bench.bare_client.distinct(bench.constant, [messages], seconds, repeat=True).calls_per_s
            ),
        ),
        "calls/s",
        f"empty handler, {len(response)} bytes, {load.CALLERS} callers, own client; 1 item × 10 locations",
    )


def read_to_watcher(bench: Bench) -> Measured:
    """From a read accepted to the delta at a watcher, under 1,000 reads a second: the 99th percentile."""
    bench.world()
    lags = asyncio.run(_lags(bench.stock, bench.token, max(3.0, bench.size.seconds * bench.size.rounds)))
    p99 = statistics.quantiles(lags, n=100)[98]
    limit = 10 * (bench.median_call_s() + bench.median_commit_s())
    return Measured(
        p99 * 1e3, "ms", f"{limit * 1e3:.1f} ms: 10 × (median empty call + median commit)", limit / p99
    )


async def _lags(target: str, token: str, seconds: float) -> list[float]:
    tags = world.Tags()
    waiting: list[tuple[int, float]] = []
    lags: list[float] = []
    async with AsyncStock(target, token) as stock:
        request = availability_pb2.WatchAvailabilityRequest(item_ids=world.TAGGED)
        ready = asyncio.Event()

        async def watch() -> None:
            async for part in stock.availability.WatchAvailability(request):
                if part.snapshot_complete:
                    ready.set()
                now = time.perf_counter()
                while waiting and waiting[0][0] <= part.revision:
                    lags.append(now - waiting.pop(0)[1])

        watcher = asyncio.create_task(watch())
        await ready.wait()
        begun = time.perf_counter()
        for number in count():
            due = begun + number * BATCH_READS / READS_PER_S
            if due > begun + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            batch = world.batch(world.READERS[number % len(world.READERS)], tags.take(BATCH_READS))
            answer: reads_pb2.RecordReadsResponse = await stock.reads.RecordReads(batch)
            waiting.append((answer.revision, time.perf_counter()))
        async with asyncio.timeout(10):
            while waiting:
                await asyncio.sleep(0.01)
        watcher.cancel()
    return lags


def _chain(bench: Bench, name: str, items: int, locations: int) -> str:
    def build(url: str) -> None:
        asyncio.run(make_chain(url, items, locations))

    return bench.served(name, build)


def _requests(items: int, locations: int, amount: int, first: int) -> list[bytes]:
    """Ten neighbouring locations of an item, scattered over all by a stride that hits each item."""
    found = []
    for number in range(first * amount, (first + 1) * amount):
        start = number * 7 % max(1, locations - 10)
        request = availability_pb2.GetAvailabilityRequest(
            item_ids=[f"item-{number * 7_919 % items:03}"],
            location_ids=[f"store-{each:02}" for each in range(start, start + 10)],
        )
        found.append(request.SerializeToString())
    return found
