"""Stock, PostgreSQL and the gateway are killed at any moment of a stream: what was acknowledged is there, once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import grpc
import pytest
from tests.integration.gateway.conftest import (
    GatewayProcess,
    Line,
    Shop,
    StockProcesses,
    counted,
    epcs,
    known_tags,
)
from tests.integration.gateway.test_mqtt import Broker, impinj, readers, reading
from tests.integration.stock.test_streams import batch

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.cli.embedded import EmbeddedServers
from onhand.client import AsyncStock, Settings
from onhand.client.packing import packed
from onhand.kit.errors import OnhandError

SEED = int(os.environ.get("ONHAND_KILL_SEED", "1"))
MESSAGE_TAGS = 5
REPEATS = 20


class Handheld:
    """Streams batches of never-seen tags and repeats by itself, and sends again what was not acknowledged."""

    def __init__(self, client: AsyncStock, reader_id: str, tags: list[str]) -> None:
        self._client = client
        self._reader_id = reader_id
        self._batches = [tags[at : at + MESSAGE_TAGS] for at in range(0, len(tags), MESSAGE_TAGS)]
        self.acknowledged: set[int] = set()

    async def run(self, seconds: float) -> None:
        """Send all batches, spread over a time, until each is acknowledged."""
        begun = asyncio.get_running_loop().time()
        while len(self.acknowledged) < len(self._batches):
            try:
                async for answer in self._client.reads.StreamReads(self._waiting(begun, seconds)):
                    result = answer.result
                    assert result.accepted_count + result.repeated_count == MESSAGE_TAGS + REPEATS
                    self.acknowledged.add(answer.sequence)
            except (grpc.RpcError, OnhandError):
                await asyncio.sleep(0.1)

    async def _waiting(self, begun: float, seconds: float) -> AsyncIterator[pb.StreamReadsRequest]:
        for number, tags in enumerate(self._batches):
            if number in self.acknowledged:
                continue
            due = begun + seconds * number / len(self._batches)
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
            found = batch(self._reader_id, [bytes.fromhex(each) for each in tags + self._batches[0] * 4])
            yield pb.StreamReadsRequest(sequence=number, batch=packed(found))


async def kill_now_and_then(
    random: Random,
    seconds: float,
    servers: EmbeddedServers,
    processes: StockProcesses,
    gateway: GatewayProcess,
    line: Line,
) -> dict[str, int]:
    """Kill one of the three after another, each at a random moment, and start it again."""
    kills = dict.fromkeys(("stock", "postgres", "gateway"), 0)
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        for victim in random.sample(list(kills), 3):
            await asyncio.sleep(random.uniform(0.2, 2))
            kills[victim] += 1
            if victim == "stock":
                processes.kill(len(processes.addresses) - 1)
                line.target = await processes.start()
            elif victim == "postgres":
                servers.postgres.kill()
                await asyncio.to_thread(servers.postgres.start)
            else:
                gateway.kill()
                gateway.start()
    return kills


@pytest.mark.parametrize(
    "seconds", [pytest.param(8, id="short"), pytest.param(300, id="5-minutes", marks=pytest.mark.long)]
)
async def test_no_acknowledged_read_is_lost_and_none_is_counted_twice(
    seconds: float,
    servers: EmbeddedServers,
    processes: StockProcesses,
    make_gateway: Callable[..., GatewayProcess],
    shop: Shop,
    line: Line,
    mint: Callable[..., str],
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path / "broker")
    await broker.start()
    half = round(seconds * 40)
    tags = epcs(shop, 2 * half)
    entry = f'name = "reader-{shop.s1}"\nkind = "mqtt-impinj"\ntopic = "dock/events"\n'
    gateway = make_gateway(readers(tmp_path, broker.port, entry), [shop.s1])
    gateway.start()
    await reading(gateway)

    async def publish() -> None:
        for at in range(half, 2 * half, MESSAGE_TAGS):
            await broker.publish("dock/events", [impinj(each) for each in tags[at : at + MESSAGE_TAGS]])

    try:
        async with AsyncStock(line.address, mint()) as client, asyncio.timeout(seconds * 3 + 90):
            handheld = Handheld(client, f"reader-{shop.s1}", tags[:half])
            kills, _, _ = await asyncio.gather(
                kill_now_and_then(Random(SEED), seconds, servers, processes, gateway, line),
                handheld.run(seconds),
                publish(),
            )
        assert min(kills.values()) >= 1
        # What was killed last may be looked for again only after a while.
        patient = Settings(max_attempts=20)
        async with AsyncStock(line.address, mint(), patient) as client, asyncio.timeout(90):
            alive = Shop(client, shop.s1, shop.s2, shop.epc)
            assert await known_tags(alive) >= set(tags[:half])  # as soon as it was acknowledged
            await counted(alive, len(tags))
            assert await known_tags(alive) == set(tags)
        await processes.audited()
    finally:
        broker.close()
