"""Migrations on a real database: their phases, and who waits for them."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from onhand.cli.embedded import EmbeddedServers
from onhand.cli.main import app
from onhand.kit import schema
from onhand.kit.config import ServiceSettings
from onhand.kit.db import Database
from onhand.kit.migrations import migrate
from onhand.kit.schema import Phase, current, revisions, wait_until_migrated


@pytest.fixture
def url(servers: EmbeddedServers) -> str:
    return servers.create_database(f"migrations_{uuid4().hex[:12]}")


@pytest.fixture
def settings(url: str, make_settings: Callable[..., Any]) -> ServiceSettings:
    made: ServiceSettings = make_settings("stock", ServiceSettings, database_url=url)
    return made


def test_a_plan_changes_nothing_and_a_migration_happens_once(url: str) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["migrate", "stock", "--database-url", url, *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    planned = run("--plan")
    assert planned.startswith("stock 0001 pre books\n")
    assert asyncio.run(current(url)) == ""
    assert run("--phase", "pre") == planned
    assert asyncio.run(current(url)) == revisions("stock")[-1].number
    assert run() == run("--plan") == "stock: nothing to do\n"


def test_a_database_ahead_of_the_code_is_left_as_it_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate("stock", url)
    ahead = asyncio.run(current(url))
    older = revisions("stock")[:1]
    monkeypatch.setattr(schema, "revisions", lambda _: older)
    assert migrate("stock", url) == []
    assert asyncio.run(current(url)) == ahead


async def test_a_service_waits_for_the_last_of_its_revisions(
    url: str, settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = revisions("stock")
    monkeypatch.setattr(schema, "revisions", lambda _: known[:1])
    await asyncio.to_thread(migrate, "stock", url, Phase.PRE)
    monkeypatch.undo()
    database = Database(settings, "test")
    try:
        waiting = asyncio.create_task(wait_until_migrated(database, "stock"))
        await asyncio.wait([waiting], timeout=0.5)
        assert not waiting.done()
        await asyncio.to_thread(migrate, "stock", url)
        async with asyncio.timeout(10):
            await waiting
    finally:
        await database.close()
