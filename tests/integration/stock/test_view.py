"""The view says what the database says, whatever order events come in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.stock.conftest import Shop, StockProcesses, open_shop

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.client import AsyncStock
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.errors import ViewBehind
from onhand.stock.use_cases import Deps, Reservations

WITHIN_S = 20
WATCHERS = 1_000


@pytest.fixture
async def database(processes: StockProcesses) -> AsyncIterator[Database]:
    database = Database(processes.settings, "test")
    yield database
    await database.close()


async def seen(shop: Shop, revision: int, item_id: str = "i2") -> av.Availability:
    """Ask the view, once it has a revision."""
    request = av.GetAvailabilityRequest(
        item_ids=[item_id],
        location_ids=[shop.s1],
        consistency=av.Consistency(at_least_as_fresh=revision),
    )
    return (await shop.client.availability.GetAvailability(request)).lines[0].availability


async def test_a_change_with_the_lower_revision_that_came_later_counts(
    shop: Shop, database: Database, processes: StockProcesses
) -> None:
    """A transaction takes its revision before it waits for the lock of the reservation."""
    await shop.receive(5)
    request = shop.hold(("i2", 2))
    await shop.client.reservations.CreateReservation(request)
    reservations = Reservations(Deps(database, SystemClock(), processes.settings))
    identity = UUID(request.request_id)

    async def later(connection: AsyncConnection) -> int:
        low = int((await connection.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one())
        shorten = res.ExtendReservationRequest(request_id=str(uuid4()), reservation_id=request.request_id)
        shorten.hold_duration.FromSeconds(1)
        answer = await shop.client.reservations.ExtendReservation(shorten)
        assert answer.reservation.revision > low
        extended = await reservations.extend(connection, identity, 900, "test")
        assert extended.revision == low
        return answer.reservation.revision

    revision = await database.transaction(later)
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    async with asyncio.timeout(WITHIN_S):
        while (cell := await seen(shop, revision)).as_of.ToDatetime(UTC) < until:
            assert (cell.reserved, cell.available) == (2, 3)
            await asyncio.sleep(0.05)
    assert (cell.reserved, cell.available) == (2, 3)


async def test_a_release_with_a_lower_revision_than_its_creation_ends_the_hold(
    shop: Shop, database: Database, processes: StockProcesses
) -> None:
    await shop.receive(5)
    reservations = Reservations(Deps(database, SystemClock(), processes.settings))

    async def later(connection: AsyncConnection) -> int:
        await connection.execute(text("SELECT pg_current_xact_id()"))
        request = shop.hold(("i2", 2), seconds=1)
        created = await shop.client.reservations.CreateReservation(request)
        await reservations.release(connection, UUID(request.request_id), (), "test")
        return created.reservation.revision

    revision = await database.transaction(later)
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    async with asyncio.timeout(WITHIN_S):
        while (cell := await seen(shop, revision)).as_of.ToDatetime(UTC) < until:
            assert (cell.reserved, cell.available) == (0, 5)
            await asyncio.sleep(0.05)
    assert (cell.reserved, cell.available) == (0, 5)


async def test_a_release_says_the_version_of_its_cell_so_that_others_know_what_came_after(shop: Shop) -> None:
    await shop.receive(5)
    holds = [shop.hold(("i2", 1)) for _ in range(2)]
    for hold in holds:
        await shop.client.reservations.CreateReservation(hold)
    versions = []
    for hold in holds:
        release = res.ReleaseReservationRequest(request_id=str(uuid4()), reservation_id=hold.request_id)
        answers = [await shop.client.reservations.ReleaseReservation(release) for _ in range(2)]
        assert answers[0] == answers[1]  # its repeat says the same
        versions += [line.cell_version for line in answers[0].reservation.lines]
        await shop.receive(1)  # one version more
    assert versions[1] == versions[0] + 2
    request = res.GetReservationRequest(reservation_id=holds[0].request_id)
    later = (await shop.client.reservations.GetReservation(request)).reservation
    assert later.lines[0].cell_version == 0


async def test_a_replica_that_is_behind_says_so_and_is_not_ready(
    own_processes: StockProcesses, mint: Callable[..., str]
) -> None:
    """A writing transaction that stays open holds back what is committed after it."""
    address = await own_processes.start(ONHAND_VIEW_MAX_LAG_S="1")
    connection = await asyncpg.connect(str(own_processes.settings.database_url))
    async with asyncio.timeout(3 * WITHIN_S), AsyncStock(address, mint()) as client:
        shop = await open_shop(client)
        revision = await shop.receive(5)
        assert (await seen(shop, revision)).available == 5
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_current_xact_id()")
        revision = await shop.receive(1)
        while await serving(address):
            await asyncio.sleep(0.05)
        with pytest.raises(ViewBehind):
            await seen(shop, revision)
        request = av.GetAvailabilityRequest(item_ids=["i2"], location_ids=[shop.s1])
        old = (await client.availability.GetAvailability(request)).lines[0].availability
        assert old.available == 5
        assert (datetime.now(UTC) - old.as_of.ToDatetime(UTC)).total_seconds() > 1
        await transaction.rollback()
        while not await serving(address):
            await asyncio.sleep(0.05)
        assert (await seen(shop, revision)).available == 6
    await connection.close()


async def serving(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.long
async def test_a_thousand_watchers_of_one_replica_all_hear_of_a_change(shop: Shop) -> None:
    await shop.receive(5)
    request = av.WatchAvailabilityRequest(item_ids=["i2"], location_ids=[shop.s1])
    started = 0

    async def watch() -> None:
        nonlocal started
        async for part in shop.client.availability.WatchAvailability(request):
            started += part.snapshot_complete and started < WATCHERS
            if any(cell.available == 6 for cell in part.cells):
                return

    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for _ in range(WATCHERS):
            group.create_task(watch())
        while started < WATCHERS:
            await asyncio.sleep(0.1)
        await shop.receive(1)
