"""Transactions: what runs again, what does not, and what a caller hears when PostgreSQL is away."""

import asyncio
import subprocess
import sys
from uuid import uuid4

import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.kit.conftest import World, until

from onhand.cli.embedded import EmbeddedServers
from onhand.kit.db import MAX_ATTEMPTS
from onhand.kit.errors import Contention, DatabaseUnavailable

ADD = text("UPDATE counters SET value = value + 1 WHERE name = :name")
LOCK = text("SELECT value FROM counters WHERE name = :name FOR UPDATE")


async def value(world: World, name: str) -> int:
    return int(await world.value("SELECT value FROM counters WHERE name = :name", name=name))


class Meeting:
    """Lets each of two transactions go on, at its first run, only when the other is as far."""

    def __init__(self) -> None:
        self._barrier = asyncio.Barrier(2)
        self.runs: dict[str, int] = {}

    def run(self, who: str) -> None:
        self.runs[who] = self.runs.get(who, 0) + 1

    async def wait(self, who: str) -> None:
        if self.runs[who] == 1:
            async with asyncio.timeout(10):
                await self._barrier.wait()


async def test_a_serialization_failure_runs_again(world: World) -> None:
    meeting = Meeting()

    async def add(who: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            meeting.run(who)
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            await connection.execute(text("SELECT value FROM counters"))
            await meeting.wait(who)
            await connection.execute(ADD, {"name": "a"})

        await world.database.transaction(work)

    await asyncio.gather(add("first"), add("second"))
    assert await value(world, "a") == 2
    assert sorted(meeting.runs.values()) == [1, 2]


async def test_a_deadlock_runs_again(world: World) -> None:
    meeting = Meeting()

    async def add(first: str, second: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            meeting.run(first)
            await connection.execute(LOCK, {"name": first})
            await meeting.wait(first)
            await connection.execute(LOCK, {"name": second})
            await connection.execute(ADD, {"name": first})

        await world.database.transaction(work)

    await asyncio.gather(add("a", "b"), add("b", "a"))
    assert (await value(world, "a"), await value(world, "b")) == (1, 1)
    assert sorted(meeting.runs.values()) == [1, 2]


async def test_contention_that_does_not_settle_ends(world: World) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(ADD, {"name": "a"})
        await connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    with pytest.raises(Contention):
        await world.database.transaction(work)
    assert runs == MAX_ATTEMPTS
    assert await value(world, "a") == 0


async def test_another_failure_does_not_run_again_and_leaves_nothing(world: World) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(ADD, {"name": "a"})
        await connection.execute(text("INSERT INTO counters VALUES ('b', 0)"))

    with pytest.raises(exc.IntegrityError):
        await world.database.transaction(work)
    assert runs == 1
    assert await value(world, "a") == 0


async def test_a_cancelled_transaction_leaves_nothing_and_its_connection_is_good(world: World) -> None:
    inside = asyncio.Event()

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(ADD, {"name": "a"})
        inside.set()
        await connection.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(world.database.transaction(work))
    await asyncio.wait_for(inside.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(world.settings.database_pool_size + 1):
        assert await value(world, "a") == 0


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_callers_hear_that_the_database_is_away_and_it_works_again_after(
    servers: EmbeddedServers, world: World, how: str
) -> None:
    said, away = 0, 0
    stop = asyncio.Event()

    async def write() -> None:
        nonlocal said, away
        while not stop.is_set():
            try:
                await world.execute("UPDATE counters SET value = value + 1 WHERE name = 'a'")
                said += 1
            except DatabaseUnavailable:
                away += 1
                await asyncio.sleep(0.01)

    writers = [asyncio.create_task(write()) for _ in range(8)]

    async def wrote(more: int) -> None:
        goal = said + more

        async def there() -> bool:
            for each in writers:
                if each.done():
                    each.result()
            return said >= goal

        await until(there)

    await wrote(20)
    await asyncio.to_thread(getattr(servers.postgres, how))
    try:
        before = away
        await until(lambda: _true(away >= before + 20))
    finally:
        await asyncio.to_thread(servers.postgres.start)
    await wrote(20)
    stop.set()
    await asyncio.gather(*writers)
    rows = await value(world, "a")
    # What was acknowledged is there. A commit that was cut off may be there too, one a writer.
    assert said <= rows <= said + len(writers)


async def _true(value: bool) -> bool:  # noqa: FBT001
    return value


def test_migrations_may_run_at_once(servers: EmbeddedServers) -> None:
    url = servers.create_database(f"migrated_{uuid4().hex[:8]}")
    command = [sys.executable, "-m", "onhand", "migrate", "stock", "--database-url", url]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(3)]
    said = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
