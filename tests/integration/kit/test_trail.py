"""The trail of writes: a row if and only if something changed, and whoever tampers with one is found out."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.kit.conftest import World

from onhand.api.stock.v1 import ledger_pb2
from onhand.kit import chain, trail
from onhand.kit.errors import NotFound

METHOD = "onhand.api.stock.v1.LedgerService.RecordSale"


def call(actor: str = "till-1") -> trail.Call:
    request = ledger_pb2.RecordSaleRequest(request_id=str(uuid4()), location_id="s1")
    return trail.Call(actor, METHOD, trail.origin("ipv4:10.0.0.7:41000", "192.0.2.9"), request)


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    trail.act_for([])
    yield
    trail.act_for([])


async def add(world: World, name: str = "a") -> None:
    await world.execute("UPDATE counters SET value = value + 1 WHERE name = :name", name=name)


async def written(world: World, count: int = 3) -> None:
    """Write some rows and chain each by itself."""
    for number in range(count):
        trail.act_for([call(f"till-{number}")])
        await add(world)
        trail.act_for([])
        await until_chained(world, number + 1)


async def until_chained(world: World, count: int) -> None:
    """Chain until so many rows are: other tests' transactions may hold the snapshot back for a moment."""
    async with asyncio.timeout(30):
        while await world.value("SELECT coalesce(sum(row_count), 0) FROM trail_links") < count:
            await chain.extend(world.database)
            await asyncio.sleep(0.01)


async def findings(world: World, seen: chain.Trail | None = None, noted: bytes = b"") -> list[str]:
    async with world.database.engine.connect() as connection:
        return [each async for each in chain.verify(connection, seen or chain.Trail(), noted)]


async def test_a_write_says_who_what_when_and_from_where(world: World) -> None:
    mine = call()
    trail.act_for([mine])
    before = datetime.now(UTC)
    await add(world)

    async def rows(connection: AsyncConnection) -> list[object]:
        return list((await connection.execute(text("SELECT * FROM trail"))).all())

    (row,) = await world.database.read(rows)
    assert row.actor == "till-1"  # type: ignore[attr-defined]
    assert row.method == METHOD  # type: ignore[attr-defined]
    assert row.request_id == mine.request_id  # type: ignore[attr-defined]
    assert row.digest == mine.digest() != b""  # type: ignore[attr-defined]
    assert row.origin == "ipv4:10.0.0.7:41000 for 192.0.2.9"  # type: ignore[attr-defined]
    assert abs((row.record_time - before).total_seconds()) < 60  # type: ignore[attr-defined]


async def test_what_changed_nothing_leaves_nothing(world: World) -> None:
    trail.act_for([call()])
    await world.database.transaction(lambda c: c.execute(text("SELECT value FROM counters")))

    async def refused(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE counters SET value = 9"))
        raise NotFound("counter", "c")

    with pytest.raises(NotFound):
        await world.database.transaction(refused)
    trail.act_for([])
    await add(world)  # background work
    assert await world.value("SELECT count(*) FROM trail") == 0


async def test_an_untouched_trail_is_unbroken_and_its_head_moves(world: World) -> None:
    await written(world)
    seen = chain.Trail()
    assert await findings(world, seen) == []
    assert seen.rows == 3
    await written(world, 1)
    await until_chained(world, 4)
    assert await findings(world, later := chain.Trail(), noted=seen.head) == []
    assert later.head != seen.head


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE trail SET actor = 'somebody else' WHERE actor = 'till-1'",
        "UPDATE trail SET method = 'till-1', actor = method WHERE actor = 'till-1'",
        "UPDATE trail SET record_time = record_time - interval '1 microsecond' WHERE actor = 'till-1'",
        "UPDATE trail SET digest = digest || '\\x00' WHERE actor = 'till-1'",
        "UPDATE trail SET actor = actor || left(method, 1), method = substr(method, 2) WHERE actor = 'till-1'",
        "DELETE FROM trail WHERE actor = 'till-1'",
        "DELETE FROM trail WHERE actor = 'till-2'",
        """
        INSERT INTO trail (xact_id, trail_id, actor, method, request_id, digest, origin, record_time)
        OVERRIDING SYSTEM VALUE SELECT xact_id, trail_id + 1000, actor, method, request_id, digest, origin, record_time
        FROM trail WHERE actor = 'till-1'
        """,
        "DELETE FROM trail_links WHERE trail_id = (SELECT trail_id FROM trail WHERE actor = 'till-1')",
        "UPDATE trail_links SET link = sha256(link) WHERE trail_id = (SELECT max(trail_id) FROM trail)",
    ],
    ids=lambda each: " ".join(each.split())[:60],
)
async def test_what_was_tampered_with_is_found(world: World, tampering: str) -> None:
    await written(world)
    assert await findings(world) == []
    await world.execute(tampering)
    assert await findings(world) != []


async def test_a_trail_written_anew_is_found_by_a_head_that_was_noted(world: World) -> None:
    await written(world)
    seen = chain.Trail()
    await findings(world, seen)
    await world.execute("UPDATE trail SET actor = 'somebody else' WHERE actor = 'till-1'")
    await world.execute("DELETE FROM trail_links")
    await until_chained(world, 3)
    assert await findings(world) == []
    assert await findings(world, noted=seen.head) != []


async def test_a_transaction_that_ends_late_is_chained_in_its_place(world: World) -> None:
    """The lower transaction id commits after the higher one: nothing may be chained past it meanwhile."""
    async with world.database.engine.connect() as slow:
        await slow.execute(text("UPDATE counters SET value = 1 WHERE name = 'b'"))
        trail.act_for([call("slow")])
        await trail.record(slow)
        trail.act_for([call("quick")])
        await add(world)
        trail.act_for([])
        assert await chain.extend(world.database) == 0
        await slow.commit()
    await until_chained(world, 2)
    seen = chain.Trail()
    assert await findings(world, seen) == []
    assert seen.rows == 2


async def test_many_writers_and_many_chainers_make_one_chain(world: World) -> None:
    async def writer(number: int) -> None:
        for _ in range(10):
            trail.act_for([call(f"till-{number}")])
            await add(world, "ab"[number % 2])
            trail.act_for([])
            await chain.extend(world.database)

    await asyncio.gather(*(asyncio.create_task(writer(number)) for number in range(8)))
    await until_chained(world, 80)
    seen = chain.Trail()
    assert await findings(world, seen) == []
    assert seen.rows == 80


async def test_what_is_dropped_by_age_leaves_an_unbroken_rest(world: World) -> None:
    await written(world)
    await world.execute("UPDATE trail_links SET link_time = now() - interval '2 days' WHERE trail_id < 3")
    assert await world.database.transaction(lambda c: chain.forget(c, 86_400)) == 2
    seen = chain.Trail()
    assert await findings(world, seen) == []
    assert seen.rows == 1
    assert await world.database.transaction(lambda c: chain.forget(c, 0)) == 0, "the last link stays"
