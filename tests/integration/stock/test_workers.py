"""Several processes of one service on one port."""

import asyncio
import os
import signal
from collections.abc import Callable

import psutil
from tests.integration.stock.conftest import StockProcesses, healthy

from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncStock

WITHIN_S = 30


def workers(processes: StockProcesses) -> set[int]:
    """Return those of the processes below the first one that listen."""
    below = psutil.Process(processes.pid(0)).children(recursive=True)
    port = int(processes.addresses[0].rpartition(":")[2])
    found = set()
    for each in below:
        try:
            found |= {each.pid} if any(c.laddr.port == port for c in each.net_connections("tcp")) else set()
        except psutil.NoSuchProcess:
            continue
    return found


async def test_a_worker_that_dies_is_started_again_and_the_port_is_served_meanwhile(
    own_processes: StockProcesses, mint: Callable[..., str]
) -> None:
    address = await own_processes.start("--workers", "2")
    async with asyncio.timeout(WITHIN_S):
        while len(first := workers(own_processes)) < 2:
            await asyncio.sleep(0.1)
    os.kill(min(first), signal.SIGKILL)
    async with asyncio.timeout(WITHIN_S), AsyncStock(address, mint()) as client:
        await client.catalog.ListItems(catalog_pb2.ListItemsRequest())
        while len(workers(own_processes) - {min(first)}) < 2:
            await asyncio.sleep(0.1)
    await healthy(address)
