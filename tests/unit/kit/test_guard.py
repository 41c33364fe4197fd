"""What is around every method, and in which order, by what a caller sees."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from opentelemetry import trace
from tests.unit.kit.conftest import Reads, Running, Start

from onhand.api.stock.v1 import reads_pb2
from onhand.client import AsyncStock, Settings
from onhand.kit import errors
from onhand.kit.interceptors import Guard

GET = reads_pb2.GetTagRequest
INVALID = GET(epc="")
ONCE = Settings(max_attempts=1)
Code = grpc.StatusCode


@pytest.fixture
async def served(start: Start) -> AsyncIterator[Running]:
    async with start() as running:
        yield running


async def failure(call: Any) -> tuple[errors.OnhandError, grpc.StatusCode]:
    """Return the typed error of a call, and the code that it came with."""
    with pytest.raises(errors.OnhandError) as raised:
        await call
    cause = raised.value.__cause__
    assert isinstance(cause, grpc.aio.AioRpcError)
    return raised.value, cause.code()


async def test_who_is_asked_before_what_and_what_before_how(
    served: Running, mint: Callable[..., str]
) -> None:
    """The same malformed request fails by the first step that it does not pass."""
    for token in ("", "not.a.token", mint(ttl=timedelta(hours=-1))):
        async with AsyncStock(served.address, token) as stock:
            error, code = await failure(stock.tags.GetTag(INVALID))
        assert isinstance(error, errors.InvalidToken)
        assert code is Code.UNAUTHENTICATED
    async with AsyncStock(served.address, mint(granted=["reads.write"])) as stock:
        error, code = await failure(stock.tags.GetTag(INVALID))
        assert error == errors.MissingScope("stock.read")
        assert code is Code.PERMISSION_DENIED
    async with AsyncStock(served.address, mint(granted=["stock.read"])) as stock:
        error, code = await failure(stock.tags.GetTag(INVALID))
        assert isinstance(error, errors.InvalidField)
        assert [each.field for each in error.violations] == ["epc"]
        assert code is Code.INVALID_ARGUMENT
    assert served.tags.calls == 0


@pytest.fixture
async def stock(served: Running, mint: Callable[..., str]) -> AsyncIterator[AsyncStock]:
    async with AsyncStock(served.address, mint(), ONCE) as client:
        yield client


async def test_a_good_call_is_answered(stock: AsyncStock) -> None:
    answer = await stock.tags.GetTag(GET(epc="known"))
    assert answer.tags[0].epc_hex == "known"


async def test_an_error_of_ours_keeps_its_fields(stock: AsyncStock) -> None:
    error, code = await failure(stock.tags.GetTag(GET(epc="unknown")))
    assert error == errors.UnknownItem("Größe £")
    assert code is Code.NOT_FOUND
    error, code = await failure(stock.tags.GetTag(GET(epc="busy")))
    assert error == errors.LimitReached("2 holds of a customer")
    assert code is Code.RESOURCE_EXHAUSTED


async def test_a_fault_tells_nothing_but_where_to_look(stock: AsyncStock) -> None:
    ours = trace.SpanContext(trace_id=0xABCDEF, span_id=0x123, is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(ours)):
        error, code = await failure(stock.tags.GetTag(GET(epc="fault")))
    assert isinstance(error, errors.Internal)
    assert code is Code.INTERNAL
    assert error.trace_id == f"{0xABCDEF:032x}"
    assert "hunter2" not in repr(error.__cause__)


async def test_every_violation_is_named_by_its_path(stock: AsyncStock) -> None:
    reads = [
        reads_pb2.Read(epc=b"1234", read_time=Timestamp(seconds=1)),
        reads_pb2.Read(epc=b"1234", antenna=300),
    ]
    error, _ = await failure(stock.reads.RecordReads(reads_pb2.RecordReadsRequest(reader_id="", reads=reads)))
    assert isinstance(error, errors.InvalidField)
    assert sorted(each.field for each in error.violations) == [
        "reader_id",
        "reads[1].antenna",
        "reads[1].read_time",
    ]


async def test_ten_thousand_violations_still_make_an_answer(stock: AsyncStock) -> None:
    reads = [reads_pb2.Read(antenna=300)] * 10_000  # each without EPC and time, too
    error, code = await failure(
        stock.reads.RecordReads(reads_pb2.RecordReadsRequest(reader_id="r", reads=reads))
    )
    assert code is Code.INVALID_ARGUMENT
    assert isinstance(error, errors.InvalidField)
    listed = len(error.violations) - 1
    assert listed > 10
    assert error.violations[-1] == errors.FieldViolation("", f"and {30_000 - listed} more")


async def test_the_longest_text_that_a_contract_takes_still_makes_an_answer(stock: AsyncStock) -> None:
    error, code = await failure(stock.tags.GetTag(GET(epc="€" * 512)))
    assert isinstance(error, errors.InvalidEpc)
    assert error.epc == "€" * 299 + "…"
    assert code is Code.INVALID_ARGUMENT


async def test_a_message_over_the_limit_is_refused_with_the_limit(
    start: Start, mint: Callable[..., str]
) -> None:
    read = reads_pb2.Read(epc=b"0" * 62, read_time=Timestamp(seconds=1))
    request = reads_pb2.RecordReadsRequest(reader_id="r", reads=[read] * 1_000)
    async with (
        start(max_message_bytes=65_536) as running,
        AsyncStock(running.address, mint(), ONCE) as client,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await client.reads.RecordReads(request)
        assert raised.value.code() is Code.RESOURCE_EXHAUSTED
        assert "65536" in str(raised.value.details())
        # The connection is as good as before.
        assert (await client.tags.GetTag(GET(epc="known"))).tags


async def test_the_services_limit_holds_for_callers_that_set_none(
    start: Start, mint: Callable[..., str]
) -> None:
    async with (
        start(default_deadline_s=0.1) as running,
        AsyncStock(running.address, mint(), ONCE) as client,
    ):
        error, code = await failure(client.tags.GetTag(GET(epc="slow")))
        assert isinstance(error, errors.DeadlineExceeded)
        assert code is Code.DEADLINE_EXCEEDED
        await asyncio.wait_for(running.tags.cancelled.wait(), 5)


async def test_work_for_a_caller_that_is_gone_is_dropped(served: Running, stock: AsyncStock) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stock.tags.GetTag(GET(epc="slow"), timeout=0.2)
    assert raised.value.code() is Code.DEADLINE_EXCEEDED
    await asyncio.wait_for(served.tags.cancelled.wait(), 5)


async def batches(*readers: str) -> AsyncIterator[reads_pb2.StreamReadsRequest]:
    for sequence, reader in enumerate(readers):
        batch = reads_pb2.RecordReadsRequest(reader_id=reader)
        yield reads_pb2.StreamReadsRequest(sequence=sequence, batch=batch)


async def test_each_message_of_a_stream_is_checked(stock: AsyncStock) -> None:
    answers = aiter(stock.reads.StreamReads(batches("r", "r", "")))
    assert [(await anext(answers)).sequence, (await anext(answers)).sequence] == [0, 1]
    with pytest.raises(errors.InvalidField):
        await anext(answers)


async def test_a_fault_inside_a_stream_tells_nothing(stock: AsyncStock) -> None:
    with pytest.raises(errors.Internal) as raised:
        await anext(aiter(stock.reads.StreamReads(batches("fault"))))
    assert "hunter2" not in repr(raised.value.__cause__)


async def test_a_stream_needs_a_token_too(served: Running) -> None:
    async with AsyncStock(served.address, "") as client:
        with pytest.raises(errors.InvalidToken):
            await anext(aiter(client.reads.StreamReads(batches("r"))))


async def test_a_servicer_that_lacks_a_method_is_not_registered(served: Running) -> None:
    service = reads_pb2.DESCRIPTOR.services_by_name["TagService"]
    guard: Guard = served.server._guard
    with pytest.raises(ValueError, match=r"Reads lacks onhand\.api\.stock\.v1\.TagService\.GetTag"):
        guard.register(grpc.aio.server(), service, Reads())
