"""Two customers, one unit never happens: real races between real processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses, open_shop

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.client import AsyncStock
from onhand.kit import errors

CALLERS = 300
REPLICAS = 2


async def outcomes(shops: list[Shop], requests: list[res.CreateReservationRequest]) -> list[bool]:
    async def one(index: int, request: res.CreateReservationRequest) -> bool:
        try:
            await shops[index % len(shops)].client.reservations.CreateReservation(request, timeout=60)
        except errors.InsufficientStock:
            return False
        return True

    return list(await asyncio.gather(*(one(index, request) for index, request in enumerate(requests))))


@pytest.fixture
async def shops(processes: StockProcesses, mint: Callable[..., str]) -> AsyncIterator[list[Shop]]:
    """One shop as seen through two replicas."""
    while len(processes.addresses) < REPLICAS:
        await processes.start()
    clients = [AsyncStock(address, mint()) for address in processes.addresses[-REPLICAS:]]
    shop = await open_shop(clients[0])
    yield [replace(shop, client=client) for client in clients]
    for client in clients:
        await client.close()


async def test_300_callers_over_two_processes_get_the_last_unit_once(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    await shops[0].receive(1)
    won = await outcomes(shops, [shops[0].hold(("i2", 1)) for _ in range(CALLERS)])
    assert won.count(True) == 1
    await processes.audited()


async def test_300_callers_get_100_units_exactly_whatever_their_baskets_look_like(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    """The same item twice, bundles, and carts with the same items in another order, which must not deadlock."""
    for item in ("i1", "i2", "i3"):
        await shops[0].receive(100, item)
    shapes = [(("i1", 1),), (("i1", 1), ("i2", 1)), (("i2", 1), ("i1", 1)), (("i3", 1), ("i1", 1))]
    won = await outcomes(shops, [shops[0].hold(*shapes[index % len(shapes)]) for index in range(CALLERS)])
    assert won.count(True) == 100
    first = await shops[0].cell("i1")
    assert (first.reserved, first.available) == (100, 0)
    await processes.audited()


async def test_sales_returns_holds_and_releases_at_once_keep_the_books_true(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    await shops[0].receive(50)

    async def caller(index: int) -> None:
        client = shops[index % 2].client
        document = {
            "location_id": shops[0].s1,
            "lines": [led.DocumentLine(product=led.Product(item_id="i2"), quantity=1)],
        }
        match index % 3:
            case 0:
                await client.ledger.RecordSale(led.RecordSaleRequest(request_id=str(uuid4()), **document))
            case 1:
                await client.ledger.RecordReturn(led.RecordReturnRequest(request_id=str(uuid4()), **document))
            case _:
                request = shops[0].hold(("i2", 1))
                await client.reservations.CreateReservation(request, timeout=60)
                await client.reservations.ReleaseReservation(
                    res.ReleaseReservationRequest(request_id=str(uuid4()), reservation_id=request.request_id)
                )

    await asyncio.gather(*(caller(index) for index in range(120)))
    after = await shops[1].cell()
    assert (after.on_hand, after.reserved) == (50, 0)
    await processes.audited()


async def test_a_replica_killed_among_its_callers_neither_oversells_nor_leaves_a_hold_without_owner(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    await shops[0].receive(30)

    async def caller(index: int) -> bool:
        request = shops[0].hold(("i2", 1))
        for client in (shops[index % 2].client, shops[0].client):
            try:
                await client.reservations.CreateReservation(request, timeout=30)
            except errors.InsufficientStock:
                return False
            except Exception as error:  # noqa: BLE001  the killed replica's callers ask the other one
                last = error
            else:
                return True
        raise last

    tasks = [asyncio.create_task(caller(index)) for index in range(100)]
    while not any(task.done() for task in tasks):
        await asyncio.sleep(0)
    processes.kill(REPLICAS - 1)
    won = list(await asyncio.gather(*tasks))
    assert won.count(True) == 30
    assert (await shops[0].cell()).reserved == 30
    await processes.audited()
