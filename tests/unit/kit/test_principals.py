"""How much a caller may ask: counted by principal, told with when to come again."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.kit.conftest import Start

from onhand.api.stock.v1 import reads_pb2, reads_pb2_grpc
from onhand.client import AsyncStock, Settings
from onhand.kit import principals
from onhand.kit.errors import RateLimited
from onhand.kit.principals import BURST_S, DAY_S, Principals

NOON = 20_000 * DAY_S + 43_200.0


@given(st.lists(st.floats(0, 3), max_size=60), st.sampled_from([1.0, 3.0, 50.0]))
def test_never_more_than_the_rate_and_its_burst_and_never_less(pauses: list[float], rate: float) -> None:
    counted = Principals(None, rate)
    now, admitted = NOON, list[float]()
    for pause in pauses:
        now += pause
        try:
            counted.count("shop", now)
        except RateLimited as error:
            # It may come again then, and not before.
            with pytest.raises(RateLimited):
                counted.count("shop", now + error.retry_after_ms / 1000 - 0.01)
            now += error.retry_after_ms / 1000
            counted.count("shop", now)
        admitted.append(now)
    for first, start in enumerate(admitted):
        for last, end in enumerate(admitted[first:], first):
            assert last - first + 1 <= (end - start) * rate + BURST_S * rate + 1 + 1e-3


def test_one_callers_haste_is_nobody_elses_harm() -> None:
    counted = Principals(None, 1)
    for _ in range(3):
        counted.count("hasty", NOON)
    with pytest.raises(RateLimited):
        counted.count("hasty", NOON)
    counted.count("calm", NOON)


def test_a_quota_ends_with_the_day(tmp_path: Path) -> None:
    file = tmp_path / "principals.toml"
    file.write_text("[principals.shop]\ncalls_per_day = 2\n")
    counted = Principals(file, 0)
    counted.count("shop", NOON)
    counted.count("shop", NOON)
    with pytest.raises(RateLimited) as raised:
        counted.count("shop", NOON)
    assert raised.value.limit == "2 calls a day"
    assert raised.value.retry_after_ms == pytest.approx(43_200_000, abs=2)
    counted.count("other", NOON)
    counted.count("shop", NOON + 43_200)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principals, "MAX_CALLERS", 10)
    counted = Principals(None, 1)
    for number in range(1_000):
        counted.count(f"caller-{number}", NOON + number)
    assert len(counted._counts) <= 10


@pytest.mark.parametrize(
    "text",
    [
        "[principals.a]\ncalls_per_s = -1",
        "[principals.a]\ncals_per_s = 1",
        "[principals.a]\nscopes = ['reads.write']",
        "[principals.a]\ncertificate = 'x'\n[principals.b]\ncertificate = 'x'",
        "[principals",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_at_the_start_and_ignored_later(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "FILE_CHECK_S", -1)
    file = tmp_path / "principals.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        Principals(file, 0)
    file.write_text("[principals.shop]\ncalls_per_s = 1")
    counted = Principals(file, 0)
    file.unlink()
    file.write_text(text)
    counted.look(NOON)
    for _ in range(3):
        counted.count("shop", NOON)
    with pytest.raises(RateLimited):
        counted.count("shop", NOON)
    file.unlink()
    file.write_text("[default]\ncalls_per_s = 0")
    counted.look(NOON + 1)
    for _ in range(10):
        counted.count("shop", NOON)


async def test_a_hasty_caller_is_told_when_to_come_again_and_the_client_does(
    start: Start, mint: Callable[..., str]
) -> None:
    async with start(calls_per_s=10) as served, grpc.aio.insecure_channel(served.address) as channel:
        stub = reads_pb2_grpc.TagServiceStub(channel)
        metadata = [("authorization", f"Bearer {mint()}")]
        request = reads_pb2.GetTagRequest(epc="known")

        async def hurry() -> None:
            for _ in range(500):
                await stub.GetTag(request, metadata=metadata)

        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await hurry()
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        status = rpc_status.from_call(raised.value)
        kinds = {each.type_url.rpartition(".")[2]: each for each in status.details}
        retry = error_details_pb2.RetryInfo()
        kinds["RetryInfo"].Unpack(retry)
        assert 0 < retry.retry_delay.ToTimedelta().total_seconds() <= 1
        async with AsyncStock(served.address, mint(), Settings(max_attempts=10)) as client:
            await client.tags.GetTag(request)
        async with AsyncStock(served.address, mint(), Settings(max_attempts=1)) as client:
            answers = await asyncio.gather(
                *(client.tags.GetTag(request) for _ in range(100)), return_exceptions=True
            )
        told = [each for each in answers if isinstance(each, RateLimited)]
        assert told
        assert told[0].limit == "10 calls a second"
        async with AsyncStock(served.address, mint(subject="other"), Settings(max_attempts=1)) as client:
            await client.tags.GetTag(request)
