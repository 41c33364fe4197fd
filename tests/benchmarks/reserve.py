"""Figures of reservations beside the one over gRPC: gathering, batches, hot items, workers, age."""

import asyncio
import time
from collections.abc import Sequence
from itertools import cycle
from uuid import uuid4

from benchmarks import load, world
from benchmarks.chain import make_chain, make_past
from benchmarks.harness import Bench
from benchmarks.rows import Measured
from onhand.api.stock.v1 import reservations_pb2
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import CellKey
from onhand.stock.use_cases import Deps, Reservations
from onhand.stock.use_cases.reservations import Hold

CREATE = "/onhand.api.stock.v1.ReservationService/CreateReservation"
BATCH_CREATE = "/onhand.api.stock.v1.ReservationService/BatchCreateReservations"
MOST_PER_S = 10_000
"""Messages prepared for a second."""
BATCH = 100
CONNECTIONS = 16
PAST = 1_000_000
ITEMS, LOCATIONS = 100, 50


def gathered_against_one(bench: Bench) -> Measured:
    """Below gRPC: 64 callers gathered, against one transaction each on one connection."""
    return _gathered(bench, 1)


def gathered_against_sixteen(bench: Bench) -> Measured:
    """Below gRPC: 64 callers gathered, against one transaction each on sixteen connections."""
    return _gathered(bench, CONNECTIONS)


def batch(bench: Bench) -> Measured:
    """A hundred in a call, against one in a call."""

    def batches(seconds: float) -> float:
        holds = [_request(number) for number in range(round(MOST_PER_S * seconds))]
        messages = [
            reservations_pb2.BatchCreateReservationsRequest(
                requests=holds[start : start + BATCH]
            ).SerializeToString()
            for start in range(0, len(holds), BATCH)
        ]
        return BATCH * bench.stock_client.distinct(BATCH_CREATE, [messages], seconds, callers=4).calls_per_s

    return bench.measured(
        bench.turns(batches, lambda seconds: unary(bench.stock_client, seconds)),
        "reservations/s",
        f"CreateReservation, {load.CALLERS} callers; ours: batches of {BATCH}, 4 callers",
    )


def hot(bench: Bench) -> Measured:
    """All want one cell, against spread over 5,000."""
    return bench.measured(
        bench.turns(
            lambda seconds: unary(bench.stock_client, seconds, spread=False),
            lambda seconds: unary(bench.stock_client, seconds),
        ),
        "calls/s",
        f"spread over {ITEMS * LOCATIONS} cells, {load.CALLERS} callers",
    )


def workers(bench: Bench) -> Measured:
    """Two processes on one port, against one."""
    url = bench.migrated("bench_workers")
    asyncio.run(make_chain(url, ITEMS, LOCATIONS))
    two = bench.client(bench.serve("two_workers", "serve", "stock", "--workers", "2", database=url))
    one = bench.client(bench.serve("one_worker", "serve", "stock", database=url))
    return bench.measured(
        bench.turns(lambda seconds: unary(two, seconds), lambda seconds: unary(one, seconds)),
        "calls/s",
        f"one process, {load.CALLERS} callers; two need two free cores beside client, database and broker",
    )


def past(bench: Bench) -> Measured:
    """With a million reservations that ended, against none."""
    old, new = bench.migrated("bench_past"), bench.migrated("bench_no_past")
    for url in (old, new):
        asyncio.run(make_chain(url, ITEMS, LOCATIONS))
    asyncio.run(make_past(old, PAST, ITEMS, LOCATIONS))
    with_past = bench.client(bench.serve("past", "serve", "stock", database=old))
    without = bench.client(bench.serve("no_past", "serve", "stock", database=new))
    return bench.measured(
        bench.turns(lambda seconds: unary(with_past, seconds), lambda seconds: unary(without, seconds)),
        "calls/s",
        f"none; ours: {PAST:,} past reservations, {load.CALLERS} callers",
    )


def unary(client: load.Client, seconds: float, *, spread: bool = True) -> float:
    messages = [
        _request(number if spread else 0).SerializeToString() for number in range(round(MOST_PER_S * seconds))
    ]
    return client.distinct(CREATE, [messages], seconds).calls_per_s


def _request(number: int) -> reservations_pb2.CreateReservationRequest:
    item_id, location_id = world.cell(number)
    line = reservations_pb2.ReservationLine(item_id=item_id, location_id=location_id, quantity=1)
    return reservations_pb2.CreateReservationRequest(request_id=str(uuid4()), lines=[line], channel="web")


def _gathered(bench: Bench, connections: int) -> Measured:
    settings = bench.settings("bench_gathered", database_pool_size=CONNECTIONS)

    def rate(group: int, gatherers: int, seconds: float) -> float:
        kind = settings.model_copy(update={"reservation_group": group})
        return asyncio.run(_decide(kind, gatherers, seconds))

    return bench.measured(
        bench.turns(lambda s: rate(64, 1, s), lambda s: rate(1, connections, s)),
        "reservations/s",
        f"one transaction each on {connections} connection(s), below gRPC, {load.CALLERS} callers",
    )


async def _decide(settings: StockSettings, gatherers: int, seconds: float) -> float:
    database, clock = Database(settings, "bench"), SystemClock()
    made = [Reservations(Deps(database, clock, settings)) for _ in range(gatherers)]
    numbers = cycle(range(ITEMS * LOCATIONS))
    begun, count = time.perf_counter(), 0

    async def caller(reservations: Reservations) -> None:
        nonlocal count
        while time.perf_counter() - begun < seconds:
            await reservations.create(_hold(next(numbers)))
            count += 1

    callers: Sequence[Reservations] = [made[number % gatherers] for number in range(load.CALLERS)]
    try:
        await asyncio.gather(*map(caller, callers))
        return count / (time.perf_counter() - begun)
    finally:
        await database.close()


def _hold(number: int) -> Hold:
    item_id, location_id = world.cell(number)
    key = CellKey(location_id, item_id)
    return Hold(uuid4(), [(key, 1)], 900, "web", "", "", False, False, "bench", b"", lambda _: "")
