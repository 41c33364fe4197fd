"""A process's life: not ready, ready, draining, gone."""

import asyncio
from collections.abc import Callable

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.unit.kit.conftest import HEALTH, Start

from onhand.api.stock.v1 import reads_pb2
from onhand.client import AsyncStock, Settings
from onhand.kit import server

GET = reads_pb2.GetTagRequest
ONCE = Settings(max_attempts=1)


async def test_health_tells_when_it_is_ready(start: Start) -> None:
    async with start(ready=False) as running:
        assert await running.health() == HEALTH.NOT_SERVING
        assert await running.health("onhand.api.stock.v1.TagService") == HEALTH.NOT_SERVING
        assert await running.health(server.LIVENESS) == HEALTH.SERVING
        running.ready.set()
        await running.healthy()
        await running.healthy("onhand.api.stock.v1.TagService")


async def test_calls_under_way_are_answered_before_it_goes(start: Start, mint: Callable[..., str]) -> None:
    async with (
        start() as running,
        AsyncStock(running.address, mint(), ONCE) as stock,
        grpc.aio.insecure_channel(running.address) as channel,
    ):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == HEALTH.SERVING
        under_way = asyncio.create_task(stock.tags.GetTag(GET(epc="slow")))
        await asyncio.wait_for(running.tags.started.wait(), 5)
        running.stop()
        # Load balancers are told first; the call goes on.
        assert (await asyncio.wait_for(watch.read(), 5)).status == HEALTH.NOT_SERVING
        assert not under_way.done()
        running.tags.go_on.set()
        answer = await asyncio.wait_for(under_way, 5)
        assert answer.tags[0].epc_hex == "slow"


async def test_a_call_that_does_not_end_is_cut_after_the_drain(
    start: Start, mint: Callable[..., str]
) -> None:
    async with start(drain_s=0.1) as running, AsyncStock(running.address, mint(), ONCE) as stock:
        under_way = asyncio.create_task(stock.tags.GetTag(GET(epc="slow")))
        await asyncio.wait_for(running.tags.started.wait(), 5)
        running.stop()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(under_way, 5)
        assert raised.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


async def test_background_work_that_fails_starts_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "RESTART_S", 0.01)
    runs, third = 0, asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise RuntimeError("fails twice")
        third.set()
        await asyncio.Event().wait()

    async with start(background=work):
        await asyncio.wait_for(third.wait(), 5)
    assert runs == 3


async def test_a_connection_that_never_begins_is_ended(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_MS", 300)
    async with start() as running:
        host, _, port = running.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(30):
            while await reader.read(4096):  # its own settings, then the end
                pass
        writer.close()


async def test_a_connection_that_grows_old_is_left_for_a_new_one_and_no_call_notices(
    start: Start, mint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTION_AGE_MS", 300)
    async with start() as running, AsyncStock(running.address, mint(), ONCE) as stock:
        port = int(running.address.rpartition(":")[2])
        seen: set[int] = set()
        under_way = asyncio.create_task(stock.tags.GetTag(GET(epc="slow"), timeout=60))
        async with asyncio.timeout(60):
            while len(seen) < 3:
                await stock.tags.GetTag(GET(epc="known"))
                connections = psutil.Process().net_connections("tcp")
                seen |= {each.raddr.port for each in connections if each.raddr and each.laddr.port == port}
        running.tags.go_on.set()
        assert (await under_way).tags[0].epc_hex == "slow"
