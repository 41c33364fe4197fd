"""A past to archive: two months of one store, as stock would have written them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from onhand.cli.archive import SETTLED
from onhand.cli.main import app
from onhand.kit.clock import SystemClock, earliest_id, uuid7
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.months import Month
from onhand.stock.use_cases import Deps, Retention


def command(*arguments: object) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output


NOW = datetime.now(UTC) - SETTLED
"""On the first day of a month the one before is written to still, and is the present one."""
PRESENT = Month.of(NOW)


def months_ago(count: int) -> Month:
    month = PRESENT
    for _ in range(count):
        month = Month.of(month.start - timedelta(days=1))
    return month


OLD = months_ago(2)
OLDER = months_ago(3)
INSERT_MOVEMENT = """
    INSERT INTO movements (location_id, movement_id, item_id, from_bucket, to_bucket, quantity, reason, occur_time,
                           record_time, document, epc, actor)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $8, $9, 'test')
"""
INSERT_EVENT = """
    INSERT INTO tag_events (location_id, epc, state_before, state, zone_before, zone_id, occur_time, record_time,
                            movement_id)
    VALUES ($1, $2, NULL, 1, '', 'floor', $3, $3, $4)
"""
INSERT_TAG = """
    WITH tag AS (
        INSERT INTO tags (location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time,
                          rssi_cdbm)
        VALUES ('s1', $1, $2, 1, $3, 'floor', $3, $3, -5500) RETURNING item_id
    )
    UPDATE balances SET unidentified = unidentified - 1 FROM tag WHERE balances.item_id = tag.item_id
"""
TEXTS = ("delivery 7", "", 'quoted "paper", with a comma', "two\nlines", "é\N{SNOWMAN}\\.", "NULL")


class Past:
    """A database with two past months of one store, as stock would have written them."""

    def __init__(self, deps: Deps, connection: asyncpg.Connection) -> None:
        self.deps = deps
        self.url = str(deps.settings.database_url)
        self.connection = connection

    async def fill(self, rows: int = 60) -> None:
        for number in range(rows):
            month = (OLDER, OLD)[number % 2]
            at = month.start + timedelta(hours=number, microseconds=number)
            movement_id = uuid7(int(at.timestamp() * 1000), number << 62)
            await self.move(
                movement_id, at, f"i{number % 3}", 7, 1, 3, TEXTS[number % len(TEXTS)], bytes([number])
            )
            await self.connection.execute(INSERT_EVENT, "s1", bytes([number]), at, movement_id)
            await self.connection.execute(INSERT_TAG, bytes([number]), f"i{number % 3}", at)
        # And the present month, which stays.
        await self.move(uuid7(int(NOW.timestamp() * 1000), 1), NOW, "i0", 1, 8, 2, "basket", None)

    async def move(
        self,
        movement_id: UUID,
        at: datetime,
        item_id: str,
        from_bucket: int,
        to_bucket: int,
        quantity: int,
        document: str,
        epc: bytes | None,
    ) -> None:
        await self.connection.execute(
            INSERT_MOVEMENT, "s1", movement_id, item_id, from_bucket, to_bucket, quantity, at, document, epc
        )
        await self.connection.execute(
            """
            INSERT INTO balances (location_id, item_id) VALUES ('s1', $1) ON CONFLICT DO NOTHING
            """,
            item_id,
        )
        await self.connection.execute(
            "UPDATE balances SET sellable = sellable + $2, unidentified = unidentified + $2 WHERE item_id = $1",
            item_id,
            quantity if to_bucket == 1 else -quantity,
        )

    async def make_months(self) -> None:
        """Give rows that came before their month was made a month."""
        await Retention(self.deps).make_months()

    async def count(self, table: str) -> int:
        return int(await self.connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608

    async def partitions(self, table: str) -> set[str]:
        rows = await self.connection.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass", table
        )
        return {row["name"] for row in rows}

    async def command(self, *arguments: object) -> tuple[int, str]:
        return await asyncio.to_thread(command, *arguments)

    @staticmethod
    def first_id(month: Month) -> UUID:
        return earliest_id(month.start)

    async def audit(self) -> None:
        code, output = await self.command("audit", "--stock-url", self.url)
        assert (code, "audit: 0 findings" in output) == (0, True), output


@pytest.fixture
async def past(settings: StockSettings) -> AsyncIterator[Past]:
    database = Database(settings, "test")
    connection = await asyncpg.connect(str(settings.database_url))
    found = Past(Deps(database, SystemClock(), settings), connection)
    await connection.execute(
        "INSERT INTO locations VALUES ('s1', 1, '', '', NULL, NULL, 'UTC', '', true, true, 0, '[]')"
    )
    await found.fill()
    await found.make_months()
    yield found
    await connection.close()
    await database.close()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
