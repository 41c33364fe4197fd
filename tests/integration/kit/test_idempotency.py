"""The same request twice has one effect and one answer, also when both come at once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.kit.conftest import World, until

from onhand.api.stock.v1.ledger_pb2 import RecordSaleResponse
from onhand.api.stock.v1.reservations_pb2 import (
    CreateReservationRequest,
    CreateReservationResponse,
    ExtendReservationRequest,
    Reservation,
)
from onhand.kit import idempotency
from onhand.kit.errors import InsufficientStock, RequestIdReused

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO idempotency%'
"""


def request(**fields: Any) -> CreateReservationRequest:
    return CreateReservationRequest(**{"request_id": str(uuid4()), "channel": "web", **fields})


class Reserving:
    """A use case whose effect counts, and waits in its first run if told to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.inside = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.failure: Exception | None = None

    async def __call__(self, asked: Any, actor: str = "shop", answer: Any = None) -> Any:
        async def work(connection: AsyncConnection) -> Any:
            async def effect() -> CreateReservationResponse:
                counted = await connection.execute(
                    text("UPDATE counters SET value = value + 1 WHERE name = 'a' RETURNING value")
                )
                self.inside.set()
                async with asyncio.timeout(10):
                    await self.go_on.wait()
                if self.failure is not None:
                    raise self.failure
                reservation = Reservation(reservation_id=f"number {counted.scalar_one()}")
                return CreateReservationResponse(reservation=reservation)

            kind = answer or CreateReservationResponse
            return await idempotency.once(connection, actor, asked, kind, effect)

        return await self._world.database.transaction(work)

    async def effects(self) -> int:
        return int(await self._world.value("SELECT value FROM counters WHERE name = 'a'"))


@pytest.fixture
def reserve(world: World) -> Reserving:
    return Reserving(world)


async def test_a_repeat_gets_the_first_answer(reserve: Reserving) -> None:
    asked = request()
    first = await reserve(asked)
    assert await reserve(asked) == first
    assert await reserve.effects() == 1


async def test_two_at_once_have_one_effect_and_one_answer(world: World, reserve: Reserving) -> None:
    asked = request()
    reserve.go_on.clear()
    first = asyncio.create_task(reserve(asked))
    await asyncio.wait_for(reserve.inside.wait(), 5)
    second = asyncio.create_task(reserve(asked))
    await until(lambda: world.value(WAITING))  # really in the database, behind the first
    reserve.go_on.set()
    assert await first == await second
    assert await reserve.effects() == 1


async def test_when_the_first_of_two_fails_the_second_is_the_first(world: World, reserve: Reserving) -> None:
    asked = request()
    reserve.go_on.clear()
    reserve.failure = InsufficientStock("i1", "s1", 2, 1)
    first = asyncio.create_task(reserve(asked))
    await asyncio.wait_for(reserve.inside.wait(), 5)
    second = asyncio.create_task(reserve(asked))
    await until(lambda: world.value(WAITING))
    reserve.go_on.set()
    with pytest.raises(InsufficientStock):
        await first
    with pytest.raises(InsufficientStock):
        await second
    assert await reserve.effects() == 0
    reserve.failure = None
    assert (await reserve(asked)).reservation.reservation_id == "number 1"


async def test_many_at_once_have_one_effect(reserve: Reserving) -> None:
    asked = request()
    answers = await asyncio.gather(*(reserve(asked) for _ in range(20)))
    assert all(each == answers[0] for each in answers)
    assert await reserve.effects() == 1


async def test_other_content_is_refused_and_says_what_differs(reserve: Reserving) -> None:
    asked = request(customer_id="c1")
    await reserve(asked)
    with pytest.raises(RequestIdReused) as raised:
        await reserve(request(request_id=asked.request_id, customer_id="c2", channel="pos"))
    assert raised.value.differs == "channel,customer_id"
    assert raised.value.request_id == asked.request_id
    assert await reserve.effects() == 1


async def test_another_method_is_refused(reserve: Reserving) -> None:
    asked = request()
    await reserve(asked)
    other = ExtendReservationRequest(request_id=asked.request_id)
    with pytest.raises(RequestIdReused) as raised:
        await reserve(other, answer=RecordSaleResponse)
    assert raised.value.differs == "method"


async def test_another_callers_id_is_another_request(reserve: Reserving) -> None:
    asked = request()
    assert await reserve(asked, actor="shop") != await reserve(asked, actor="till")
    assert await reserve.effects() == 2
