"""The line to stock, against a real gRPC server that answers as each test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
from tests.unit.gateway.conftest import batch, read

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.api.stock.v1 import reads_pb2_grpc
from onhand.client import AsyncStock
from onhand.gateway.config import GatewaySettings
from onhand.gateway.sender import Sender, token_of
from onhand.gateway.spool.store import inspect
from onhand.gateway.spool.writer import SpoolWriter
from onhand.kit.clock import SystemClock
from onhand.kit.errors import Internal, InvalidToken, OnhandError, WrongLocation
from onhand.kit.status import to_trailers

Answer = Callable[["Stock", pb.StreamReadsRequest], Awaitable[bool]]


class Stock(reads_pb2_grpc.ReadServiceServicer):
    """Acknowledges what `decide` agrees to; raises what it raises, ends the stream where it waits."""

    def __init__(self) -> None:
        self.streams: list[list[int]] = []
        """Sequences that came, by stream."""
        self.taken: list[tuple[int, str]] = []
        self.recorded = 0
        self.authorizations: list[str] = []
        self.refuse: Callable[[pb.StreamReadsRequest], OnhandError | None] = lambda _: None
        self.answer_limit: Callable[[int], int | None] = lambda _: None
        """How many batches the n-th stream acknowledges before it is cut; None: all."""
        self.silent_streams = 0
        """How many of the first streams take everything and acknowledge nothing."""
        self.knows_columns = True

    async def StreamReads(  # type: ignore[override]
        self, request_iterator: AsyncIterator[pb.StreamReadsRequest], context: Any
    ) -> AsyncIterator[pb.StreamReadsResponse]:
        number = len(self.streams)
        self.streams.append([])
        metadata = dict(context.invocation_metadata())
        self.authorizations.append(metadata["authorization"])
        async for request in request_iterator:
            self.streams[number].append(request.sequence)
            if number < self.silent_streams:
                continue
            if error := self.refuse(request):
                await context.abort(*to_trailers(error))
            limit = self.answer_limit(number)
            if limit is not None and len(self.streams[number]) > limit:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
            self.taken.append((request.sequence, request.batch.reader_id))
            seen = len(request.batch.reads)
            if self.knows_columns:
                seen += sum(len(each.antennas) for each in request.batch.columns)
            self.recorded += seen
            yield pb.StreamReadsResponse(
                sequence=request.sequence, result=pb.RecordReadsResponse(accepted_count=seen)
            )


class Bench:
    """A stock, and a gateway's line to it."""

    def __init__(self, stock: Stock, writer: SpoolWriter, sender: Sender, settings: GatewaySettings) -> None:
        self.stock = stock
        self.writer = writer
        self.sender = sender
        self.settings = settings

    async def spool(self, *tags: int, reader: str = "dock") -> None:
        """Take each tag as a batch of its own."""
        for tag in tags:
            await self.writer.take(reader, [read(tag)])

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    async def empty(self) -> None:
        """Wait until nothing waits in the spool any more."""
        async with asyncio.timeout(20):
            while await self.writer.oldest_ms() is not None:
                await asyncio.sleep(0.01)

    def counters(self) -> dict[str, int]:
        summary = inspect(self.settings.spool_dir)
        assert summary is not None
        return dict(summary.counters)


Open = Callable[..., Any]


@pytest.fixture
def bench(make_settings: Callable[..., GatewaySettings]) -> Open:
    @asynccontextmanager
    async def open_bench(stock: Stock, **overrides: Any) -> AsyncIterator[Bench]:
        server = grpc.aio.server()
        reads_pb2_grpc.add_ReadServiceServicer_to_server(stock, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        settings = make_settings(stock_target=f"127.0.0.1:{port}", max_backoff_s=1, **overrides)
        writer = await SpoolWriter.open(settings, SystemClock())
        client = AsyncStock(settings.stock_target, token_of(settings))
        sender = Sender(client, writer, settings, Random(1))
        tasks = [asyncio.create_task(writer.run()), asyncio.create_task(sender.run())]
        try:
            yield Bench(stock, writer, sender, settings)
        finally:
            writer.close()
            async with asyncio.timeout(10):
                await tasks[0]
            tasks[1].cancel()
            await asyncio.wait(tasks)
            await client.close()
            await server.stop(None)

    return open_bench


async def test_batches_arrive_in_order_and_leave_the_spool(bench: Open) -> None:
    stock = Stock()
    async with bench(stock) as running:
        await running.spool(*range(20))
        await running.empty()
        sequences = [sequence for sequence, _ in stock.taken]
        assert sequences == sorted(set(sequences))
        assert len(stock.streams) == 1
        await running.until(lambda: running.counters().get("acknowledged_reads") == 20)
        assert running.counters()["accepted_reads"] == 20


async def test_after_a_cut_the_first_without_acknowledgement_comes_first(bench: Open) -> None:
    stock = Stock()
    stock.answer_limit = lambda number: 3 if number == 0 else None
    async with bench(stock) as running:
        await running.spool(*range(8))
        await running.empty()
    assert stock.streams[1][0] == 4
    assert [sequence for sequence, _ in stock.taken] == list(range(1, 9))


async def test_no_more_than_the_window_is_in_flight(bench: Open) -> None:
    stock = Stock()
    stock.silent_streams = 1
    async with bench(stock, max_in_flight_batches=4, ack_timeout_s=1) as running:
        await running.spool(*range(10))
        await running.until(lambda: len(stock.streams) > 1)
        assert stock.streams[0] == [1, 2, 3, 4]
        await running.empty()
    assert [sequence for sequence, _ in stock.taken] == list(range(1, 11))


async def test_a_batch_that_stock_will_never_take_does_not_hold_back_others(bench: Open) -> None:
    stock = Stock()
    stock.refuse = lambda request: WrongLocation("s2") if request.batch.reader_id == "stranger" else None
    async with bench(stock) as running:
        await running.spool(1)
        await running.spool(2, 3, reader="stranger")
        await running.spool(4, 5)
        await running.empty()
        # One whose acknowledgement was cut off by the refusal may have come twice.
        assert sorted(set(stock.taken)) == [(1, "dock"), (4, "dock"), (5, "dock")]
        summary = inspect(running.settings.spool_dir)
        assert summary is not None
        assert summary.set_aside_batches == 2
        # One refusal was enough: the second of the stranger was not even sent.
        assert len(stock.streams) == 2
        assert await running.writer.retry_set_aside() == 2


async def test_a_batch_that_makes_stock_fail_is_set_aside_after_some_attempts(bench: Open) -> None:
    stock = Stock()
    stock.refuse = lambda request: Internal("trace") if request.sequence == 2 else None
    async with bench(stock, max_batch_attempts=2) as running:
        await running.spool(1, 2, 3)
        await running.empty()
        assert [sequence for sequence, _ in stock.taken] == [1, 3]
        # More often when the failure overtook the first one's acknowledgement: the blame was on that one then.
        assert 2 <= sum(2 in stream for stream in stock.streams) <= 4


async def test_a_new_token_is_taken_without_a_restart(bench: Open) -> None:
    stock = Stock()
    async with bench(stock) as running:
        stock.refuse = lambda _: None if stock.authorizations[-1] == "Bearer new" else InvalidToken("expired")
        await running.spool(1)
        await running.until(lambda: running.sender.status.state == "down")
        running.settings.token_file.unlink()
        await running.until(lambda: "No such file" in running.sender.status.detail)
        running.settings.token_file.write_text("new\n")
        await running.empty()
    assert [sequence for sequence, _ in stock.taken] == [1]


async def test_what_is_taken_while_stock_is_away_waits(bench: Open, tmp_path: Path) -> None:
    stock = Stock()
    stock.answer_limit = lambda number: 0 if number < 2 else None
    async with bench(stock) as running:
        await running.spool(1)
        await running.until(lambda: running.sender.status.state == "down")
        await running.spool(2, 3)
        await running.empty()
    assert [sequence for sequence, _ in stock.taken] == [1, 2, 3]


async def test_reads_taken_at_once_are_written_together(bench: Open) -> None:
    stock = Stock()
    async with bench(stock, commit_interval_s=0.5, max_batch_reads=30) as running:
        await asyncio.gather(*(running.writer.take("dock", batch(*range(5)).reads) for _ in range(4)))
        await running.empty()
        assert len(stock.taken) == 1
        await asyncio.gather(*(running.writer.take("dock", batch(*range(5)).reads) for _ in range(13)))
        await running.empty()
    assert len(stock.taken) == 1 + 3


async def test_a_stock_that_is_older_than_columns_gets_every_read_a_message_each(bench: Open) -> None:
    stock = Stock()
    stock.knows_columns = False
    async with bench(stock) as running:
        await running.spool(*range(5))
        await running.empty()
        assert stock.recorded == 5
        assert running.counters()["acknowledged_reads"] == 5
