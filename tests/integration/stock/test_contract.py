"""The promise that anyone can check: three replicas, 100 units, 300 callers, and never a unit twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses, open_shop

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.api.stock.v1 import shipments_pb2 as ship
from onhand.client import AsyncStock
from onhand.kit import errors

UNITS = 100
CALLERS = 300
REPLICAS = 3
TRANSFERS, TRANSFERRED = 4, 5
"""Shipments that bring a part of the units, and units of each."""
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


@pytest.mark.parametrize("rounds", [2, pytest.param(25, id="long", marks=pytest.mark.long)])
async def test_exactly_100_of_300_concurrent_reserves_succeed(
    own_processes: StockProcesses, replicas: list[Shop], rounds: int
) -> None:
    for _ in range(rounds):
        shop = await open_shop(replicas[0].client)
        shops = [replace(shop, client=each.client) for each in replicas]
        await shop.receive(UNITS)
        won = await asyncio.gather(*(reserve(shops, index, shop.hold(("i2", 1))) for index in range(CALLERS)))
        assert sum(won) == UNITS
    await own_processes.audited()


async def transferred(shops: list[Shop], first: int) -> None:
    """Send units from the second store to the first one, and receive them there."""
    goods = [ship.ShipmentGoods(product=led.Product(item_id="i2"), quantity=TRANSFERRED)]
    announce = ship.AnnounceShipmentRequest(
        request_id=str(uuid4()), from_location_id=shops[0].s2, to_location_id=shops[0].s1, goods=goods
    )
    announced = await anywhere(shops, first, lambda s: s.client.shipments.AnnounceShipment(announce))
    shipment_id = announced.shipment.shipment_id
    dispatch = ship.DispatchShipmentRequest(request_id=str(uuid4()), shipment_id=shipment_id)
    await anywhere(shops, first, lambda s: s.client.shipments.DispatchShipment(dispatch))
    receive = ship.ReceiveShipmentRequest(request_id=str(uuid4()), shipment_id=shipment_id, all_open=True)
    await anywhere(shops, first, lambda s: s.client.shipments.ReceiveShipment(receive))


@pytest.mark.parametrize("_", [1, *(pytest.param(time, marks=pytest.mark.long) for time in range(2, 11))])
async def test_the_last_unit_is_found_amid_cancels_expiry_bundles_transfers_and_killed_replicas(
    own_processes: StockProcesses, replicas: list[Shop], _: int
) -> None:
    """Some want the item twice, some a bundle, some cancel, some let their hold run out.

    A part of the units comes from another store meanwhile. What is kept in the end is exactly what there was: no
    unit twice, and none lost on the way.
    """
    shops = replicas
    await shops[0].receive(UNITS - TRANSFERS * TRANSFERRED)
    await shops[0].receive(TRANSFERS * TRANSFERRED, location_id=shops[0].s2)
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
    tasks += [asyncio.create_task(transferred(shops, index)) for index in range(TRANSFERS)]
    for dead, after in ((REPLICAS - 1, 1), (REPLICAS - 2, CALLERS // 3)):
        while sum(task.done() for task in tasks) < after:
            await asyncio.sleep(0)
        own_processes.kill(dead)
    await asyncio.gather(*tasks)
    assert kept <= UNITS
    # Once the last hold has run out, what it had can be had, without waiting for a sweep.
    async with asyncio.timeout(WITHIN_S):
        while kept < UNITS:
            kept += await reserve(shops, 0, shops[0].hold(("i2", 1)))
    assert not await reserve(shops, 0, shops[0].hold(("i2", 1)))
    cell = await shops[0].cell()
    assert (cell.reserved, cell.available) == (UNITS, 0)
    await own_processes.audited()
