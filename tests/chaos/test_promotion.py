"""The standby takes the primary's place while many write."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.cli.audit import run as audit
from onhand.cli.embedded import Passwords
from onhand.cli.scopes import scopes
from onhand.kit.clock import SystemClock
from onhand.kit.config import ServiceSettings
from onhand.kit.db import Database
from onhand.kit.errors import DatabaseUnavailable
from tests.chaos.cluster import Cluster, Primary
from tests.chaos.prober import Prober

CALLERS = 16
PROMOTIONS = 2
BETWEEN = 500
"""Writes that are acknowledged before each promotion, and after the last."""


@pytest.mark.long
async def test_a_promoted_standby_has_every_write_that_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster, clock = Cluster(), SystemClock()
    async with cluster.running(tmp_path, scopes=scopes(), clock=clock, env={}, say=lambda _: None) as runtime:
        probers = [Prober(runtime, clock, f"prober-{number}") for number in range(CALLERS)]

        async def acknowledge(count: int) -> None:
            wanted = count + sum(len(each.acknowledged) for each in probers)
            while sum(len(each.acknowledged) for each in probers) < wanted:
                assert not any(each.done() for each in writing)
                await asyncio.sleep(0.05)

        writing = [asyncio.create_task(each.run()) for each in probers]
        for _ in range(PROMOTIONS):
            await acknowledge(BETWEEN)
            await cluster.fail_over()
        await acknowledge(BETWEEN)
        for each in writing:
            each.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        lost = sum([await each.lost() for each in probers])
        report = await audit(runtime.database_urls)
    written = sum(len(each.acknowledged) for each in probers)
    with capsys.disabled():
        print(f"\n{written:,} writes of {CALLERS} callers acknowledged, {lost} lost")
        for began, ended in cluster.promotions:
            silent_s = max(each.silence_s(began, ended) for each in probers)
            print(f"promoted in {ended - began:.1f} s; nobody had to wait for more than {silent_s:.1f} s")
    assert len(cluster.promotions) == PROMOTIONS
    assert lost == 0
    assert report.findings == []


@pytest.mark.long
async def test_what_only_the_primary_has_is_shown_to_nobody_also_when_its_caller_has_gone(
    tmp_path: Path,
) -> None:
    """PostgreSQL ends the wait for a standby when the caller cancels, and shows what the standby does not have."""
    (tmp_path / "logs").mkdir()
    primary = Primary(tmp_path, Passwords.of_folder(tmp_path))
    await primary.start(["noted"])
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        database_url=primary.url("noted"),
        nats_url="nats://127.0.0.1",
        auth_issuer="test",
        auth_jwks_file=tmp_path / "jwks.json",
    )
    database = Database(settings, "test")

    async def create(connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE notes (note text)"))

    async def note(connection: AsyncConnection) -> None:
        await connection.execute(text("INSERT INTO notes VALUES ('kept')"))

    async def notes(connection: AsyncConnection) -> int:
        return int((await connection.execute(text("SELECT count(*) FROM notes"))).scalar_one())

    async def waits(connection: AsyncConnection) -> bool:
        waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"
        return bool((await connection.execute(text(waiting))).scalar_one())

    try:
        await database.transaction(create)
        await database.transaction(note)
        await primary.lose_standby()
        writing = asyncio.create_task(database.transaction(note))
        while not await database.read(waits):
            await asyncio.sleep(0.05)
        writing.cancel()
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert await database.read(notes) == 1
        await primary.fail_over()
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with asyncio.timeout(60):
            while await counted(database, notes) != 1:
                await asyncio.sleep(0.05)
    finally:
        await database.close()
        await primary.stop()


async def counted(database: Database, count: Callable[[AsyncConnection], Awaitable[int]]) -> int | None:
    try:
        return await database.read(count)
    except DatabaseUnavailable:
        return None
