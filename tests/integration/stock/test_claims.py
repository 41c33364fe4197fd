"""Who may hold how much, who gives way to whom, and holds that move: on real replicas, at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses, open_shop
from tests.integration.stock.test_policies import apply, policy

from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.client import AsyncStock
from onhand.kit import errors

REPLICAS = 2
HELD, RELEASED, BUMPED = (
    res.Reservation.STATE_HELD,
    res.Reservation.STATE_RELEASED,
    res.Reservation.STATE_BUMPED,
)


@pytest.fixture
async def shops(processes: StockProcesses, mint: Callable[..., str]) -> AsyncIterator[list[Shop]]:
    """One shop as seen through two replicas."""
    while len(processes.addresses) < REPLICAS:
        await processes.start()
    clients = [AsyncStock(address, mint()) for address in processes.addresses]
    shop = await open_shop(clients[0])
    yield [replace(shop, client=client) for client in clients]
    for client in clients:
        await client.close()


def ask(shop: Shop, units: int = 1, item_id: str = "i2", **named: Any) -> res.CreateReservationRequest:
    request = shop.hold((item_id, units), seconds=named.pop("seconds", 900))
    for line in request.lines:
        line.location_id = named.pop("at", shop.s1)
    for name, value in named.items():
        setattr(request, name, value)
    return request


async def create(shop: Shop, request: res.CreateReservationRequest) -> res.Reservation:
    return (await shop.client.reservations.CreateReservation(request, timeout=60)).reservation


async def get(shop: Shop, reservation_id: str) -> res.Reservation:
    request = res.GetReservationRequest(reservation_id=reservation_id)
    return (await shop.client.reservations.GetReservation(request)).reservation


async def test_a_customer_who_asks_everywhere_at_once_gets_no_more_than_the_limit(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    """Forty requests, two stores, two replicas: no cell's lock sees them all."""
    shop = shops[0]
    for place in (shop.s1, shop.s2):
        await shop.receive(50, location_id=place)
    limits = [policy(replace(shop, s1=place), item_id="i2", customer_limit=5) for place in (shop.s1, shop.s2)]
    await apply(shop, *limits)
    customer = f"ann-{uuid4().hex}"

    async def one(index: int) -> errors.HoldLimitReached | None:
        at = shop.s1 if index % 4 < 2 else shop.s2
        try:
            await create(shops[index % 2], ask(shop, at=at, customer_id=customer, channel="web"))
        except errors.HoldLimitReached as error:
            return error
        return None

    refused = [each for each in await asyncio.gather(*map(one, range(40))) if each]
    assert len(refused) == 35
    error = refused[0]
    assert (error.limit, error.holder, error.item_id, error.most) == ("customer_limit", customer, "i2", 5)
    partial = ask(shop, 9, customer_id=f"bob-{uuid4().hex}", allow_partial=True)
    assert (await create(shop, partial)).lines[0].quantity == 5
    await processes.audited()


async def test_what_a_customer_gives_back_or_lets_run_out_may_be_held_again(shops: list[Shop]) -> None:
    shop, customer = shops[0], f"ann-{uuid4().hex}"
    await shop.receive(9)
    await apply(shop, policy(shop, customer_limit=1))
    short = await create(shop, ask(shop, customer_id=customer, seconds=1))
    async with asyncio.timeout(60):
        while True:
            try:
                kept = await create(shops[1], ask(shop, customer_id=customer))
                break
            except errors.HoldLimitReached:
                await asyncio.sleep(0.05)
    assert kept.create_time.ToNanoseconds() >= short.expire_time.ToNanoseconds()
    with pytest.raises(errors.HoldLimitReached):
        await create(shop, ask(shop, customer_id=customer))
    await shop.client.reservations.CommitReservation(
        res.CommitReservationRequest(
            request_id=str(uuid4()), reservation_id=kept.reservation_id, order_id="o1"
        )
    )
    with pytest.raises(errors.HoldLimitReached):  # an open order counts as a basket does
        await create(shop, ask(shop, customer_id=customer))
    release = res.ReleaseReservationRequest(request_id=str(uuid4()), reservation_id=kept.reservation_id)
    await shop.client.reservations.ReleaseReservation(release)
    await create(shop, ask(shop, customer_id=customer))


async def test_the_baskets_of_a_channel_together_hold_no_more_than_its_limit(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    shop = shops[0]
    await shop.receive(50)
    await apply(shop, policy(shop, item_id="i2", channel="web", channel_limit=8))

    async def one(index: int) -> tuple[str, ...]:
        try:
            await create(shops[index % 2], ask(shop, channel="web"))
        except errors.HoldLimitReached as error:
            return error.limit, error.holder, error.location_id
        return ()

    made = await asyncio.gather(*map(one, range(30)))
    assert made.count(()) == 8
    assert set(made) == {(), ("channel_limit", "web", shop.s1)}
    await create(shop, ask(shop, 3, channel="app"))
    await create(shop, ask(shop, 3, channel="web", order_id="o1"))
    await processes.audited()


async def test_an_order_takes_the_latest_baskets_and_their_owners_are_told(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    shop = shops[0]
    await shop.receive(3)
    await shop.receive(5, "i3")
    first = await create(shop, ask(shop))
    second = shop.hold(("i2", 1), ("i3", 2))
    await create(shop, second)
    third = await create(shop, ask(shop))
    with pytest.raises(errors.InsufficientStock):
        await create(shop, ask(shop, 2, order_id="o1"))
    await apply(shop, policy(shop, item_id="i2", orders_first=True))
    with pytest.raises(errors.InsufficientStock):  # a basket takes from nobody
        await create(shops[1], ask(shop, 1))
    with pytest.raises(errors.InsufficientStock):  # all of them would not be enough: none is taken
        await create(shops[1], ask(shop, 4, order_id="o1"))
    order = await create(shops[1], ask(shop, 2, order_id="o1"))
    assert order.state == HELD
    states = [
        (await get(shop, each)).state
        for each in (first.reservation_id, second.request_id, third.reservation_id)
    ]
    assert states == [HELD, BUMPED, BUMPED]
    # The bundle's other half is free at once, and by the sweep in the books too.
    assert (await shop.cell("i3")).available == 5
    with pytest.raises(errors.WrongState, match="BUMPED"):
        await shop.client.reservations.CommitReservation(
            res.CommitReservationRequest(
                request_id=str(uuid4()), reservation_id=second.request_id, order_id="o2"
            )
        )
    listed = await shop.client.reservations.ListReservations(
        res.ListReservationsRequest(location_id=shop.s1, states=[BUMPED])
    )
    assert {each.reservation_id for each in listed.reservations} == {second.request_id, third.reservation_id}
    await processes.audited()


async def test_orders_and_baskets_at_once_leave_every_unit_with_one_and_orders_first(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    shop = shops[0]
    await shop.receive(20)
    await apply(shop, policy(shop, item_id="i2", orders_first=True))

    async def one(index: int) -> str:
        order_id = f"o{index}" if index % 2 else ""
        try:
            return (await create(shops[index // 2 % 2], ask(shop, order_id=order_id))).reservation_id
        except errors.InsufficientStock:
            return ""

    made = await asyncio.gather(*map(one, range(60)))
    orders = [each for each in made[1::2] if each]
    assert len(orders) == 20  # thirty orders wanted twenty units: no basket kept one from them
    baskets = [(await get(shop, each)).state for each in made[::2] if each]
    assert set(baskets) <= {BUMPED}
    cell = await shop.cell()
    assert (cell.reserved, cell.available) == (20, 0)
    await processes.audited()


async def move(shop: Shop, reservation_id: str, **fields: Any) -> res.Reservation:
    fields = {"from_location_id": shop.s1, "to_location_id": shop.s2} | fields
    request = res.TransferReservationRequest(request_id=str(uuid4()), reservation_id=reservation_id, **fields)
    return (await shop.client.reservations.TransferReservation(request)).reservation


async def test_a_hold_moves_to_another_store_whole_in_part_and_back(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    shop = shops[0]
    await shop.receive(5)
    await shop.receive(2, location_id=shop.s2)
    request = ask(shop, 3)
    held = await create(shop, request)
    with pytest.raises(errors.InsufficientStock) as raised:
        await move(shop, held.reservation_id)
    assert (raised.value.location_id, raised.value.available) == (shop.s2, 2)
    moved = await move(shop, held.reservation_id, allow_partial=True)
    assert {each.location_id: each.quantity - each.released_quantity for each in moved.lines} == {
        shop.s1: 1,
        shop.s2: 2,
    }
    assert [(await shop.cell(location_id=each)).available for each in (shop.s1, shop.s2)] == [4, 0]
    assert (await create(shop, request)).lines == held.lines  # the first answer, wherever the units are now
    await shop.client.reservations.CommitReservation(
        res.CommitReservationRequest(
            request_id=str(uuid4()), reservation_id=held.reservation_id, order_id="o1"
        )
    )
    line = res.TransferLine(item_id="i2", quantity=1)
    back = await move(
        shop, held.reservation_id, from_location_id=shop.s2, to_location_id=shop.s1, lines=[line]
    )
    assert back.state == res.Reservation.STATE_COMMITTED
    committed = [(await shop.cell(location_id=each)).committed for each in (shop.s1, shop.s2)]
    assert committed == [2, 1]
    for wrong, error in (
        ({"lines": [res.TransferLine(item_id="i2", quantity=9)]}, errors.WrongState),
        ({"to_location_id": "nowhere"}, errors.UnknownLocation),
        ({"to_location_id": shop.s1}, errors.InvalidField),
    ):
        with pytest.raises(error):
            await move(shop, held.reservation_id, **wrong)
    fulfil = res.FulfilReservationRequest(
        request_id=str(uuid4()),
        reservation_id=held.reservation_id,
        manner=res.FulfilReservationRequest.MANNER_SHIPPED,
    )
    done = (await shop.client.reservations.FulfilReservation(fulfil)).reservation
    assert done.state == res.Reservation.STATE_FULFILLED
    assert [(await shop.cell(location_id=each)).on_hand for each in (shop.s1, shop.s2)] == [3, 1]
    await processes.audited()


async def test_holds_that_cross_between_two_stores_at_once_neither_deadlock_nor_oversell(
    processes: StockProcesses, shops: list[Shop]
) -> None:
    shop = shops[0]
    for place in (shop.s1, shop.s2):
        await shop.receive(10, location_id=place)
    there = [await create(shop, ask(shop, at=shop.s1)) for _ in range(8)]
    back = [await create(shop, ask(shop, at=shop.s2)) for _ in range(8)]

    async def one(index: int, held: res.Reservation, frm: str, to: str) -> bool:
        try:
            await move(shops[index % 2], held.reservation_id, from_location_id=frm, to_location_id=to)
        except errors.InsufficientStock:
            return False
        return True

    moves = [one(index, held, shop.s1, shop.s2) for index, held in enumerate(there)]
    moves += [one(index, held, shop.s2, shop.s1) for index, held in enumerate(back)]
    await asyncio.gather(*moves)
    reserved = [(await shop.cell(location_id=each)).reserved for each in (shop.s1, shop.s2)]
    assert sum(reserved) == 16
    assert max(reserved) <= 10
    await processes.audited()


async def test_a_move_keeps_to_what_policies_keep_back_at_the_other_store(shops: list[Shop]) -> None:
    shop = shops[0]
    await shop.receive(4)
    await shop.receive(4, location_id=shop.s2)
    await apply(shop, policy(replace(shop, s1=shop.s2), channel="web", safety_stock=3, channel_limit=2))
    held = await create(shop, ask(shop, 4, channel="web"))
    with pytest.raises(errors.HoldLimitReached):
        await move(shop, held.reservation_id)
    moved = await move(shop, held.reservation_id, allow_partial=True)
    assert [each.quantity for each in moved.lines if each.location_id == shop.s2] == [1]
    line = res.TransferLine(item_id="i2", quantity=1)
    await move(shop, held.reservation_id, lines=[line], ignore_safety_stock=True)
    assert (await shop.cell(location_id=shop.s2)).reserved == 2


async def test_staff_find_holds_by_what_they_know_and_release_them_at_once(
    processes: StockProcesses, shops: list[Shop], mint: Callable[..., str]
) -> None:
    shop, channel = shops[0], f"kiosk-{uuid4().hex}"
    await shop.receive(9)
    await shop.receive(9, location_id=shop.s2)
    held = [await create(shop, ask(shop, channel=channel)) for _ in range(3)]
    elsewhere = await create(shop, ask(shop, channel=channel, at=shop.s2))
    await shop.client.reservations.CommitReservation(
        res.CommitReservationRequest(
            request_id=str(uuid4()), reservation_id=held[0].reservation_id, order_id="o1"
        )
    )

    async def ids(**wanted: Any) -> set[str]:
        request = res.ListReservationsRequest(channel=channel, **wanted)
        answer = await shop.client.reservations.ListReservations(request)
        return {each.reservation_id for each in answer.reservations}

    every = {each.reservation_id for each in held} | {elsewhere.reservation_id}
    assert await ids() == every
    assert await ids(states=[HELD]) == every - {held[0].reservation_id}
    assert await ids(location_id=shop.s2, item_id="i2") == {elsewhere.reservation_id}
    assert await ids(item_id="i3") == set()
    assert await ids(create_time_from=held[2].create_time) == {
        held[2].reservation_id,
        elsewhere.reservation_id,
    }
    assert await ids(create_time_before=held[1].create_time) == {held[0].reservation_id}

    def bulk(**fields: Any) -> res.BulkReleaseReservationsRequest:
        return res.BulkReleaseReservationsRequest(request_id=str(uuid4()), channel=channel, **fields)

    client = shop.client.reservations
    told = await client.BulkReleaseReservations(bulk(validate_only=True, max_count=2))
    assert ([each.reservation_id for each in told.reservations], told.more) == (
        [each.reservation_id for each in held[1:]],
        True,
    )
    assert await ids(states=[HELD]) == every - {held[0].reservation_id}
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s1])) as one_store:
        released = await one_store.reservations.BulkReleaseReservations(bulk())
    assert [each.reservation_id for each in released.reservations] == [
        each.reservation_id for each in held[1:]
    ]
    assert {each.state for each in released.reservations} == {RELEASED}
    again = bulk()
    answers = [await client.BulkReleaseReservations(again) for _ in range(2)]
    assert answers[0] == answers[1]
    assert [each.reservation_id for each in answers[0].reservations] == [elsewhere.reservation_id]
    cells = [await shop.cell(location_id=each) for each in (shop.s1, shop.s2)]
    assert [(each.reserved, each.committed) for each in cells] == [(0, 1), (0, 0)]
    with pytest.raises(errors.InvalidField):
        await client.BulkReleaseReservations(res.BulkReleaseReservationsRequest(request_id=str(uuid4())))
    await processes.audited()


CALLERS, UNITS, THIRD = 300, 100, 3
LIMITED, BASKETS_OF_KIOSK = 2, 10


async def persist(shops: list[Shop], first: int, call: Callable[[Shop], Any]) -> Any:
    """Make one call, at another replica when one has gone: safe, as it carries its request_id."""
    for turn in range(THIRD):
        try:
            return await call(shops[(first + turn) % THIRD])
        except (errors.InsufficientStock, errors.HoldLimitReached, errors.WrongState):
            raise
        except Exception:
            if turn == THIRD - 1:
                raise
    return None


async def test_100_units_stay_100_amid_moves_limits_bumps_cancels_and_a_killed_replica(
    own_processes: StockProcesses, mint: Callable[..., str]
) -> None:
    """Two stores, three replicas, 300 callers: in the end each unit is held once, and no limit is passed."""
    await asyncio.gather(*(own_processes.start() for _ in range(THIRD)))
    clients = [AsyncStock(address, mint()) for address in own_processes.addresses]
    shop = await open_shop(clients[0])
    shops = [replace(shop, client=client) for client in clients]
    await shop.receive(60)
    await shop.receive(40, location_id=shop.s2)
    stores = (shop.s1, shop.s2)
    await apply(
        shop,
        *(policy(replace(shop, s1=each), customer_limit=LIMITED, orders_first=True) for each in stores),
        policy(shop, channel="kiosk", channel_limit=BASKETS_OF_KIOSK),
    )

    async def caller(index: int) -> None:
        kind, at = index % 6, stores[index // 6 % 2]
        named = {
            1: {"order_id": f"o{index}"},
            2: {"customer_id": "ann"},
            5: {"channel": "kiosk"},
        }.get(kind, {})
        request = ask(shop, at=at, **named)
        moving = res.TransferReservationRequest(
            request_id=str(uuid4()),
            reservation_id=request.request_id,
            from_location_id=at,
            to_location_id=next(each for each in stores if each != at),
        )
        giving_back = res.ReleaseReservationRequest(
            request_id=str(uuid4()), reservation_id=request.request_id
        )
        try:
            await persist(
                shops, index, lambda s: s.client.reservations.CreateReservation(request, timeout=30)
            )
            if kind == 3:
                await persist(
                    shops, index, lambda s: s.client.reservations.TransferReservation(moving, timeout=30)
                )
            if kind == 4:
                await persist(
                    shops, index, lambda s: s.client.reservations.ReleaseReservation(giving_back, timeout=30)
                )
        except (errors.InsufficientStock, errors.HoldLimitReached, errors.WrongState):
            return  # none left, past a limit, or bumped meanwhile

    tasks = [asyncio.create_task(caller(index)) for index in range(CALLERS)]
    while not any(task.done() for task in tasks):
        await asyncio.sleep(0)
    own_processes.kill(THIRD - 1)
    await asyncio.gather(*tasks)
    for at in stores:  # what was given back late is taken now
        while (left := (await shop.cell(location_id=at)).available) > 0:
            await create(shop, ask(shop, left, at=at))
    cells = [await shop.cell(location_id=at) for at in stores]
    assert [(each.on_hand, each.reserved, each.available) for each in cells] == [(60, 60, 0), (40, 40, 0)]

    async def held_by(**wanted: Any) -> int:
        """Return the units that live holds have, by the reservations themselves."""
        request = res.ListReservationsRequest(item_id="i2", states=[HELD], page_size=1000, **wanted)
        found = (await shop.client.reservations.ListReservations(request)).reservations
        lines = [line for each in found for line in each.lines if line.location_id in stores]
        return sum(line.quantity - line.fulfilled_quantity - line.released_quantity for line in lines)

    assert await held_by() == UNITS
    assert await held_by(customer_id="ann") <= LIMITED
    assert await held_by(channel="kiosk", location_id=shop.s1) <= BASKETS_OF_KIOSK
    for client in clients:
        await client.close()
    await own_processes.audited()
