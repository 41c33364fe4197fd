"""Watchers that are many, slow, or cut."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.client import AsyncStock

PART = 1_000
"""Cells of one message to a watcher."""
WATCHERS = 1_000


async def fill(shop: Shop, count: int, name: str) -> int:
    """Give a store five of each of some items; returns the revision."""
    revision = 0
    for start in range(0, count, PART):
        ids = [f"{name}-{number:05}" for number in range(start, min(start + PART, count))]
        items = [catalog_pb2.Item(item_id=each, title="Watched") for each in ids]
        await shop.client.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items))
        request = led.ImportQuantitiesRequest(
            request_id=str(uuid4()),
            location_id=shop.s1,
            lines=[led.QuantityLine(product=led.Product(item_id=each), quantity=5) for each in ids],
        )
        request.as_of_time.FromDatetime(datetime.now(UTC))
        revision = (await shop.client.ledger.ImportQuantities(request)).revision
    await shop.client.availability.GetAvailability(
        av.GetAvailabilityRequest(
            item_ids=[ids[-1]],
            location_ids=[shop.s1],
            consistency=av.Consistency(at_least_as_fresh=revision),
        )
    )
    return revision


async def test_a_cut_between_two_parts_of_a_snapshot_loses_nothing(shop: Shop) -> None:
    await fill(shop, 2 * PART + 10, f"cut-{uuid4()}")
    request = av.WatchAvailabilityRequest(location_ids=[shop.s1])
    seen: set[str] = set()
    async with asyncio.timeout(30):
        async for part in shop.client.availability.WatchAvailability(request):
            assert not part.snapshot_complete
            seen |= {cell.item_id for cell in part.cells}
            assert part.revision == 0  # from here it cannot go on
            break
        assert len(seen) == PART
        request.resume_revision = part.revision
        seen.clear()
        async for part in shop.client.availability.WatchAvailability(request):
            seen |= {cell.item_id for cell in part.cells}
            if part.snapshot_complete:
                break
    assert len(seen) == 2 * PART + 10
    assert part.revision > 0


async def test_a_cut_between_two_parts_of_a_change_loses_nothing(shop: Shop) -> None:
    name = f"many-{uuid4()}"
    await fill(shop, PART + 10, name)
    request = av.WatchAvailabilityRequest(location_ids=[shop.s1])
    told: dict[str, int] = {}
    async with asyncio.timeout(30):
        known = 0
        async for part in shop.client.availability.WatchAvailability(request):
            if not part.snapshot_complete:
                continue
            if known and part.cells:
                told |= {cell.item_id: cell.available for cell in part.cells}
                break
            if not known:
                known = part.revision
                # One transaction after the other, of more cells together than a message holds.
                for start in (0, PART):
                    lines = [
                        led.QuantityLine(product=led.Product(item_id=f"{name}-{number:05}"), quantity=9)
                        for number in range(start, min(start + PART, PART + 10))
                    ]
                    change = led.ImportQuantitiesRequest(
                        request_id=str(uuid4()), location_id=shop.s1, lines=lines
                    )
                    change.as_of_time.FromDatetime(datetime.now(UTC))
                    revision = (await shop.client.ledger.ImportQuantities(change)).revision
        # Wherever it was cut: what it may go on from leaves nothing out.
        request.resume_revision = part.revision
        async for part in shop.client.availability.WatchAvailability(request):
            told |= {cell.item_id: cell.available for cell in part.cells}
            if part.snapshot_complete and part.revision >= revision:
                break
    changed = {f"{name}-{number:05}" for number in range(PART + 10)}
    assert {item_id: told.get(item_id) for item_id in changed} == dict.fromkeys(changed, 9)


@pytest.mark.long
async def test_a_thousand_watch_one_replica(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    """Each of 100 items has ten watchers; every item is sold once, and all thousand must hear of theirs."""
    name = f"popular-{uuid4()}"
    await fill(shop, 100, name)
    items = [f"{name}-{number:05}" for number in range(100)]
    sold: dict[str, float] = {}
    delays: list[float] = []
    watching = asyncio.Event()
    ready = 0

    async def watch(client: AsyncStock, item_id: str) -> None:
        nonlocal ready
        request = av.WatchAvailabilityRequest(item_ids=[item_id], location_ids=[shop.s1])
        async for part in client.availability.WatchAvailability(request):
            if part.cells and part.cells[-1].available == 5:
                ready += 1
                if ready == WATCHERS:
                    watching.set()
            elif part.cells:
                assert part.cells[-1].available == 4
                delays.append(time.perf_counter() - sold[item_id])
                return

    async with AsyncExitStack() as stack, asyncio.timeout(120):
        clients = [
            await stack.enter_async_context(AsyncStock(processes.addresses[0], mint())) for _ in range(10)
        ]
        watchers = [asyncio.create_task(watch(client, each)) for client in clients for each in items]
        await watching.wait()
        for item_id in items:
            sold[item_id] = time.perf_counter()
            await shop.sell(1, item_id=item_id)
        await asyncio.gather(*watchers)
    delays.sort()
    median, last = delays[len(delays) // 2], delays[-1]
    print(f"{WATCHERS} watchers: from a sale to its delta median {median:.3f} s, last {last:.3f} s")  # noqa: T201
    assert len(delays) == WATCHERS
