"""The promise that anyone can check: three replicas, 100 units, 300 callers, and never a unit twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses, open_shop

from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.client import AsyncStock
from onhand.kit import errors

UNITS = 100
CALLERS = 300
REPLICAS = 3
WITHIN_S = 60

Call = Callable[[Shop], Any]


@pytest.fixture
async def replicas(own_processes: StockProcesses, mint: Callable[..., str]) -> AsyncIterator[list[Shop]]:
    """One shop as seen through three replicas."""
    await asyncio.gather(*(own_processes.start() for _ in range(REPLICAS)))
    clients = [AsyncStock(address, mint()) for address in own_processes.addresses]
    shop = await open_shop(clients[0])
    yield [replace(shop, client=client) for client in clients]
    for client in clients:
        await client.close()


async def anywhere(shops: list[Shop], first: int, call: Call) -> Any:
    """Make one call, at another replica when one has gone: safe, as it carries its request_id."""
    for turn in range(REPLICAS):
        try:
            return await call(shops[(first + turn) % REPLICAS])
        except errors.InsufficientStock:
            raise
        except Exception:
            if turn == REPLICAS - 1:
                raise
    return None


async def reserve(shops: list[Shop], first: int, request: res.CreateReservationRequest) -> bool:
    try:
        await anywhere(shops, first, lambda s: s.client.reservations.CreateReservation(request, timeout=20))
    except errors.InsufficientStock:
        return False
    return True


async def test_exactly_100_of_300_concurrent_reserves_succeed(
    own_processes: StockProcesses, replicas: list[Shop]
) -> None:
    shops = replicas
    await shops[0].receive(UNITS)
    won = await asyncio.gather(*(reserve(shops, index, shops[0].hold(("i2", 1))) for index in range(CALLERS)))
    assert sum(won) == UNITS
    await own_processes.audited()


async def test_the_last_unit_is_found_amid_cancels_expiry_bundles_and_a_killed_replica(
    own_processes: StockProcesses, replicas: list[Shop]
) -> None:
    """Some want the item twice, some a bundle, some cancel, some let their hold run out.

    What is kept in the end is exactly what there was: no unit twice, and none lost on the way.
    """
    shops = replicas
    await shops[0].receive(UNITS)
    await shops[0].receive(UNITS, "i3")
    kept = 0

    async def caller(index: int) -> None:
        nonlocal kept
        kind = index % 6
        lines = {1: (("i2", 1), ("i2", 1)), 2: (("i3", 1), ("i2", 1))}.get(kind, (("i2", 1),))
        request = shops[0].hold(*lines, seconds=1 if kind == 3 else 900)
        if not await reserve(shops, index, request):
            return
        if kind == 4:
            release = res.ReleaseReservationRequest(
                request_id=str(uuid4()), reservation_id=request.request_id
            )
            await anywhere(shops, index, lambda s: s.client.reservations.ReleaseReservation(release))
        elif kind != 3:
            kept += 2 if kind == 1 else 1

    tasks = [asyncio.create_task(caller(index)) for index in range(CALLERS)]
    while not any(task.done() for task in tasks):
        await asyncio.sleep(0)
    own_processes.kill(REPLICAS - 1)
    await asyncio.gather(*tasks)
    assert kept <= UNITS
    # Once the last hold has run out, what it had can be had, without waiting for a sweep.
    async with asyncio.timeout(WITHIN_S):
        while kept < UNITS:
            kept += await reserve(shops, kept % 2, shops[0].hold(("i2", 1)))
    assert not await reserve(shops, 0, shops[0].hold(("i2", 1)))
    cell = await shops[0].cell()
    assert (cell.reserved, cell.available) == (UNITS, 0)
    await own_processes.audited()
