"""What is decided in groups is recorded call by call: for those that wrote, and only for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import reads_pb2
from onhand.kit.errors import InsufficientStock

CREATE = "onhand.api.stock.v1.ReservationService.CreateReservation"


@asynccontextmanager
async def connected(processes: StockProcesses) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(str(processes.settings.database_url))
    yield connection
    await connection.close()


async def test_of_those_who_ask_at_once_the_ones_that_got_something_are_recorded(
    shop: Shop, processes: StockProcesses
) -> None:
    await shop.receive(20)
    requests = [shop.hold(("i2", 1)) for _ in range(60)]
    answers = await asyncio.gather(
        *(shop.client.reservations.CreateReservation(each) for each in requests), return_exceptions=True
    )
    got = {
        each.request_id
        for each, answer in zip(requests, answers, strict=True)
        if not isinstance(answer, InsufficientStock)
    }
    assert len(got) == 20
    await shop.client.reservations.CreateReservation(
        next(each for each in requests if each.request_id in got)
    )
    ids = [each.request_id for each in requests]
    async with connected(processes) as connection:
        rows = await connection.fetch("SELECT * FROM trail WHERE request_id = ANY($1)", ids)
    assert sorted(row["request_id"] for row in rows) == sorted(got), "once each, also when asked again"
    assert {row["method"] for row in rows} == {CREATE}
    assert all(row["origin"].startswith("ipv4:127.0.0.1:") for row in rows)


async def test_reads_are_recorded_once_a_batch(shop: Shop, processes: StockProcesses) -> None:
    when = datetime.now(UTC) - timedelta(seconds=5)
    reads = []
    for serial in range(50):
        epc = int(shop.epc, 16) + 1_000 + serial
        read = reads_pb2.Read(epc=epc.to_bytes(12, "big"), antenna=1, rssi_cdbm=-5000)
        read.read_time.FromDatetime(when)
        reads.append(read)
    batch = reads_pb2.RecordReadsRequest(reader_id=f"reader-{shop.s1}", reads=reads)
    async with connected(processes) as connection:
        counting = "SELECT count(*) FROM trail WHERE method LIKE '%RecordReads'"
        before = await connection.fetchval(counting)
        assert (await shop.client.reads.RecordReads(batch)).accepted_count == 50
        once = await connection.fetchval(counting)
        await shop.client.reads.RecordReads(batch)  # repeats: nothing is written
        assert await connection.fetchval(counting) == once
    assert 1 <= once - before <= 2, "the tags, and the antenna that was noted"


async def test_a_refused_write_is_not_recorded(shop: Shop, processes: StockProcesses) -> None:
    actor_rows = "SELECT count(*) FROM trail WHERE request_id = $1"
    request = shop.hold(("i2", 10**6))
    request.request_id = str(uuid4())
    answer = await asyncio.gather(shop.client.reservations.CreateReservation(request), return_exceptions=True)
    assert isinstance(answer[0], InsufficientStock)
    async with connected(processes) as connection:
        assert await connection.fetchval(actor_rows, request.request_id) == 0
