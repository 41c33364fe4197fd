"""Nothing grows for ever: every table of stock has somebody who prunes it, and that somebody works."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from onhand.cli.audit import run as audit
from onhand.kit import housekeeping
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.counts import CountState
from onhand.stock.domain.model import ReservationState, TagState
from onhand.stock.domain.months import Month
from onhand.stock.use_cases import Deps, Retention
from onhand.stock.use_cases.reads import RawRead, Reads

PAGE = Path(__file__).resolve().parents[3] / "docs" / "retention.md"
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=800)
COMMITTED, FULFILLED, EXPIRED = (
    ReservationState.COMMITTED,
    ReservationState.FULFILLED,
    ReservationState.EXPIRED,
)
OPEN, FINISHED = CountState.OPEN, CountState.FINISHED
PRESENT, MISSING, SOLD = TagState.PRESENT, TagState.MISSING, TagState.SOLD


@pytest.fixture
async def deps(settings: StockSettings) -> AsyncIterator[Deps]:
    database = Database(settings, "test")
    yield Deps(database, SystemClock(), settings)
    await database.close()


@pytest.fixture
async def connection(settings: StockSettings) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(str(settings.database_url))
    yield opened
    await opened.close()


async def test_every_table_is_on_the_page_that_says_who_prunes_it(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        """
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
        """
    )
    tables = {row["relname"] for row in rows}
    cells = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    named = {name.strip(" `") for cell in cells for name in cell.split(",")}
    assert named == tables


async def test_the_job_makes_the_months_to_come_and_those_that_rows_came_for(
    deps: Deps, connection: asyncpg.Connection
) -> None:
    async def partitions(table: str) -> set[str]:
        rows = await connection.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass", table
        )
        return {row[0].removeprefix(f"{table}_") for row in rows}

    await connection.execute("DROP TABLE tag_events_default")
    await connection.execute("CREATE TABLE tag_events_default PARTITION OF tag_events DEFAULT")
    months = [Month.of(NOW)]
    for _ in range(2):
        months.append(months[-1].next())
    for month in months:
        await connection.execute(f"DROP TABLE tag_events_{str(month).replace('-', '_')}")
    add = """
        INSERT INTO tag_events (location_id, epc, state, zone_before, zone_id, occur_time, record_time)
        VALUES ('s', $1, 1, '', '', $2, $2) RETURNING tag_event_id
    """
    ids = [await connection.fetchval(add, b"x", at) for at in (NOW, LONG_AGO, NOW)]
    assert await partitions("tag_events") == {"default"}

    for _ in range(2):
        await Retention(deps).make_months()
    wanted = {str(month).replace("-", "_") for month in [*months, Month.of(LONG_AGO)]}
    assert await partitions("tag_events") == {"default", *wanted}
    assert await connection.fetchval("SELECT count(*) FROM tag_events_default") == 0
    kept = await connection.fetch("SELECT tag_event_id FROM tag_events ORDER BY tag_event_id")
    assert [row[0] for row in kept] == ids
    # Ids go on where they were, also in months that were made from rows.
    assert await connection.fetchval(add, b"x", NOW) == ids[-1] + 1


async def add_reservation(connection: asyncpg.Connection, state: int, at: datetime, fulfilled: int) -> UUID:
    key = uuid4()
    expire_time = LONG_AGO if state == EXPIRED and not fulfilled else None
    add = "INSERT INTO reservations VALUES ($1, '', '', $2, '', '', '', $3, $4)"
    await connection.execute(add, key, state, at, expire_time)
    await connection.execute("INSERT INTO reservation_lines VALUES ('s', $1, 'i', 2, $2)", key, fulfilled)
    return key


async def add_count(connection: asyncpg.Connection, state: int, end_time: datetime | None) -> UUID:
    key = uuid4()
    await connection.execute(
        """
        INSERT INTO counts (count_id, location_id, kind, zone_ids, item_classes, zones, classes, state, title,
                            actor, start_time, expire_time, end_time)
        VALUES ($1, 's', 1, '{}', '{}', '{(,)}', '{(,)}', $2, '', '', $3, $3, $4)
        """,
        key,
        state,
        LONG_AGO,
        end_time,
    )
    for add in (
        "INSERT INTO count_lines VALUES ('s', $1, 'i', '', 2, 1, '', '')",
        "INSERT INTO count_quantities VALUES ('s', $1, 'i', '', '', 1, now())",
        "INSERT INTO count_results VALUES ('s', $1, '', 0, 1, 0, 0, 0, 1, 0, now())",
    ):
        await connection.execute(add, key)
    return key


async def add_shipment(connection: asyncpg.Connection, settled: UUID | None) -> UUID:
    """Add one that closed long ago, or one that is under way, without a settled movement."""
    key = uuid4()
    add = "INSERT INTO shipments VALUES ($1, '', 's', '', '', $2, '', $3, NULL, $3, $4)"
    await connection.execute(add, key, 4 if settled else 2, LONG_AGO, LONG_AGO if settled else None)
    add = "INSERT INTO shipment_lines VALUES ('s', $1, 'j', 1, 1, 1, $2, $3)"
    await connection.execute(add, key, int(settled is not None), int(settled is None))
    await connection.execute("INSERT INTO shipment_tags VALUES ('s', $1, 'x', 'j', true, true)", key)
    if settled:
        await connection.execute("INSERT INTO shipment_settlements VALUES ('s', $1, $2)", settled, key)
    return key


async def add_tag(
    connection: asyncpg.Connection, epc: bytes, item_id: str | None, state: int, at: datetime
) -> bytes:
    await connection.execute(
        """
        INSERT INTO tags (location_id, epc, item_id, state, state_time, zone_id, first_seen_time, last_seen_time,
                          rssi_cdbm) VALUES ('s', $1, $2, $3, $4, '', $4, $4, 0)
        """,
        epc,
        item_id,
        state,
        at,
    )
    return epc


async def test_what_ended_long_ago_goes_and_the_rest_stays(
    deps: Deps, settings: StockSettings, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        """
        INSERT INTO locations VALUES ('s', 1, '', '', NULL, NULL, 'UTC', '', true, true, 0, '[]');
        INSERT INTO balances (location_id, item_id, reserved, committed, shortfall) VALUES ('s', 'i', 2, 1, 3);
        INSERT INTO balances (location_id, item_id, in_transit) VALUES ('s', 'j', 1);
        """
    )
    await add_reservation(connection, FULFILLED, LONG_AGO, 2)
    reservations = {
        await add_reservation(connection, EXPIRED, LONG_AGO, 0),  # not swept yet
        await add_reservation(connection, COMMITTED, LONG_AGO, 1),
        await add_reservation(connection, FULFILLED, NOW, 2),
    }
    counted = await add_count(connection, FINISHED, LONG_AGO)
    # Its sights are still there, which another job drops: without their count nobody would.
    seen, live = await add_count(connection, FINISHED, LONG_AGO), await add_count(connection, OPEN, None)
    await connection.execute("INSERT INTO count_sights VALUES ('s', $1, 'x', NULL, '', now(), 0)", seen)
    # What a receipt settled might be settled again as long as it is in the ledger.
    movement = uuid4()
    add = "INSERT INTO movements VALUES ('s', $1, 'j', 7, 6, 1, 5, now(), now(), '', 'x', '')"
    await connection.execute(add, movement)
    await add_shipment(connection, settled=uuid4())
    shipments = {
        await add_shipment(connection, settled=movement),
        await add_shipment(connection, settled=None),
    }
    await add_tag(connection, b"sold", "i", SOLD, LONG_AGO)
    await add_tag(connection, b"stray", None, PRESENT, LONG_AGO)
    tags = {
        await add_tag(connection, b"sold now", "i", SOLD, NOW),
        await add_tag(connection, b"lost", "i", MISSING, LONG_AGO),
        await add_tag(connection, b"stray now", None, PRESENT, NOW),
    }
    for reader, at in (("old", LONG_AGO), ("new", NOW)):
        add = "INSERT INTO read_points (reader_id, antenna, last_read_time) VALUES ($1, 1, $2)"
        await connection.execute(add, reader, at)

    await Retention(deps).drop_old(1)

    async def left(column: str, *tables: str) -> list[set[Any]]:
        queries = (f"SELECT DISTINCT {column} FROM {table}" for table in tables)  # noqa: S608
        return [{row[0] for row in await connection.fetch(query)} for query in queries]

    assert await left("reservation_id", "reservations", "reservation_lines") == [reservations] * 2
    assert await left("count_id", "counts", "count_lines", "count_quantities") == [{seen, live}] * 3
    assert await left("count_id", "count_results") == [{counted, seen, live}]
    assert await left("shipment_id", "shipments", "shipment_lines", "shipment_tags") == [shipments] * 3
    assert await left("movement_id", "shipment_settlements") == [{movement}]
    assert await left("epc", "tags") == [tags]
    assert await left("reader_id", "read_points") == [{"new"}]
    report = await audit({"stock": str(settings.database_url)})
    assert report.findings == []


async def test_a_tag_that_was_forgotten_is_taken_up_again_when_it_is_read(
    deps: Deps, connection: asyncpg.Connection
) -> None:
    """Also by the process that remembers to have read it."""
    await connection.execute(
        """
        INSERT INTO locations VALUES ('s', 1, '', '', NULL, NULL, 'UTC', '', true, true, 0, '[]');
        INSERT INTO zones VALUES ('s', 'floor', 1);
        INSERT INTO read_points VALUES ('r', 1, 's', 'floor', NULL);
        """
    )
    reads = Reads(deps)
    for minutes in (10, 5):
        at = NOW - timedelta(minutes=minutes)
        await reads.record("r", [RawRead(bytes.fromhex("0102030405060708090A0B0C"), 1, at, -5000)], "test")
        assert await connection.fetchval("SELECT count(*) FROM tags") == 1
        await connection.execute("DELETE FROM tags")


async def test_what_every_service_keeps_for_days_goes_after_them(
    deps: Deps, settings: StockSettings, connection: asyncpg.Connection
) -> None:
    for at in (LONG_AGO, NOW):
        await connection.execute("INSERT INTO inbox VALUES ('c', $1, $2)", uuid4(), at)
        await connection.execute("INSERT INTO idempotency VALUES ('a', $1, 'm', '', '', $2)", uuid4(), at)
        await connection.execute(
            "INSERT INTO outbox (event_id, subject, payload, trace, record_time) VALUES ($1, '', '', '', $2)",
            uuid4(),
            at,
        )
    await connection.execute("UPDATE outbox_cursor SET xact_id = pg_current_xact_id()")
    await housekeeping.run(deps.database, settings)
    for table in ("inbox", "idempotency", "outbox"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1, table  # noqa: S608
