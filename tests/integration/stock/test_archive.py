"""Months of the ledger leave the database for files, and the books stay true."""

import asyncio
import hashlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pyarrow.parquet as pq
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.stock.conftest import Shop, StockProcesses
from typer.testing import CliRunner

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2
from onhand.cli.embedded import EmbeddedServers
from onhand.cli.main import app
from onhand.kit import schema
from onhand.kit.clock import SystemClock, earliest_id, uuid7
from onhand.kit.db import Database
from onhand.kit.migrations import migrate
from onhand.stock.archive import ArchiveError, Archiver
from onhand.stock.config import StockSettings
from onhand.stock.domain.months import Month
from onhand.stock.storage.months import ARCHIVE_LOCK, MOVEMENTS, Archive, Chronicle
from onhand.stock.use_cases import Deps, Retention


def command(*arguments: object) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output


PRESENT = Month.of(datetime.now(UTC))


def months_ago(count: int) -> Month:
    month = PRESENT
    for _ in range(count):
        month = Month.of(month.start - timedelta(days=1))
    return month


OLD, OLDER = months_ago(2), months_ago(3)
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
        # And the present month, which stays.
        now = datetime.now(UTC)
        await self.move(uuid7(int(now.timestamp() * 1000), 1), now, "i0", 1, 8, 2, "basket", None)

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
def settings(fresh_settings: Callable[..., Any]) -> StockSettings:
    made: StockSettings = fresh_settings("stock", StockSettings)
    return made


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


async def test_months_go_to_files_that_say_what_the_database_said_and_the_audit_adds_them_up(
    past: Past, tmp_path: Path
) -> None:
    query = "SELECT movement_id::text, document, quantity, occur_time FROM movements WHERE movement_id < $1"
    before = await past.connection.fetch(query, past.first_id(PRESENT))
    assert await past.partitions("movements") >= {
        f"movements_{each.year}_{each.month:02}" for each in (OLDER, OLD, PRESENT)
    }
    await past.audit()

    code, output = await past.command(
        "archive", "--before", PRESENT, "--to", tmp_path, "--dry-run", "--stock-url", past.url
    )
    assert (code, output.count("MB")) == (0, 4)
    assert files(tmp_path) == set()
    code, output = await past.command(
        "archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url
    )
    assert (code, output.count("30 rows verified")) == (0, 4), output
    assert files(tmp_path) == {
        f"{table}-{month}.parquet" for table in ("movements", "tag_events") for month in (OLD, OLDER)
    }

    told = [
        (row["movement_id"], row["document"], row["quantity"], row["occur_time"])
        for month in (OLDER, OLD)
        for row in pq.read_table(tmp_path / f"movements-{month}.parquet").to_pylist()
    ]
    assert sorted(told) == sorted(tuple(row) for row in before)
    assert (await past.count("movements"), await past.count("tag_events")) == (1, 0)
    assert await past.count("archived_sums") == 0
    await past.audit()

    code, output = await past.command("archive", "--verify", tmp_path, "--stock-url", past.url)
    assert (code, "4 files archived, 0 wrong or missing" in output) == (0, True)
    assert (
        "nothing before"
        in (await past.command("archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url))[1]
    )

    await past.connection.execute(
        "UPDATE opening_balances SET quantity = quantity + 1 WHERE item_id = 'i1' AND bucket = 1"
    )
    code, output = await past.command("audit", "--stock-url", past.url)
    assert code == 1
    assert "s1 i1 has 60, expected 61" in output
    assert "opening balances of a cell cancel out" in output


def spoil(folder: Path) -> tuple[set[str], str]:
    """Damage, rewrite and lose files and add a strange one; returns the wrong ones and the one that is left."""
    movements, events = (sorted(folder.glob(f"{each}-*")) for each in ("movements", "tag_events"))
    damaged = bytearray(movements[0].read_bytes())
    damaged[200] ^= 1
    movements[0].write_bytes(damaged)
    pq.write_table(pq.read_table(movements[1]).slice(1), movements[1])  # a row less, its checksum as it was
    events[0].unlink()
    (folder / "other.parquet").write_text("no")
    return {movements[0].name, movements[1].name, events[0].name, "other.parquet"}, events[1].name


async def test_files_that_were_changed_exchanged_or_lost_are_found(past: Past, tmp_path: Path) -> None:
    code, _ = await past.command("archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url)
    assert code == 0
    wrong, good = spoil(tmp_path)
    code, output = await past.command("archive", "--verify", tmp_path, "--stock-url", past.url)
    assert (code, "4 files archived, 4 wrong or missing" in output) == (1, True), output
    assert ({name for name in wrong if name in output}, good in output) == (wrong, False)


KILLED_AFTER = (
    "onhand.stock.storage.months.add_sums",
    "onhand.stock.archive._name",
    "onhand.stock.storage.months.drop",
    "onhand.stock.archive.Archiver._drop",
)
"""The steps of a month: its sums are there, its file has its name, its partition is dropped, and that is committed."""
KILL = """
import inspect, os, signal, sys
from pkgutil import resolve_name
import onhand.cli.main as cli
import onhand.stock.archive
owner, _, attribute = sys.argv[1].rpartition(".")
owner = resolve_name(owner)
step, rounds = getattr(owner, attribute), int(sys.argv[2])

def done(result):
    global rounds
    rounds -= 1
    if rounds == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

def killing(*arguments):
    result = step(*arguments)
    if not inspect.isawaitable(result):
        return done(result)

    async def whole():
        return done(await result)

    return whole()

setattr(owner, attribute, killing)
sys.argv = ["onhand", *sys.argv[3:]]
cli.main()
"""


@pytest.mark.parametrize("step", KILLED_AFTER)
async def test_a_run_that_is_killed_leaves_true_books_and_can_be_repeated(
    past: Past, tmp_path: Path, step: str
) -> None:
    arguments = ["archive", "--before", str(PRESENT), "--to", str(tmp_path), "--stock-url", past.url]
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILL, step, "2", *arguments], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    await past.audit()
    code, output = await past.command(*arguments)
    assert code == 0, output
    await past.audit()
    assert (await past.count("movements"), await past.count("tag_events")) == (1, 0)
    assert (await past.count("archived_sums"), await past.count("archives")) == (0, 4)
    code, output = await past.command("archive", "--verify", tmp_path, "--stock-url", past.url)
    assert (code, "4 files archived, 0 wrong" in output) == (0, True), output
    assert len([name for name in files(tmp_path) if not name.startswith(".")]) == 4


async def test_a_second_run_at_once_is_refused(past: Past, tmp_path: Path) -> None:
    holder = await asyncpg.connect(past.url)
    await holder.execute("SELECT pg_advisory_lock($1)", ARCHIVE_LOCK)
    code, output = await past.command(
        "archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url
    )
    await holder.close()
    assert (code, "another archive run is under way" in output) == (1, True), output


async def test_a_row_that_comes_meanwhile_keeps_its_month_in_the_ledger(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = Archiver._drop

    async def late(self: Archiver, chronicle: Chronicle, archive: Archive) -> None:
        if chronicle is MOVEMENTS:
            at = OLDER.start + timedelta(days=3)
            await past.move(uuid7(int(at.timestamp() * 1000), 5), at, "i1", 7, 1, 1, "late", None)
        await drop(self, chronicle, archive)

    async with Archiver(past.url) as archiver:
        tasks = [each for each in (await archiver.plan(PRESENT)).tasks if each.month == OLDER]
        monkeypatch.setattr(Archiver, "_drop", late)
        *others, last = tasks
        for each in others:
            await archiver.archive(each, tmp_path, lambda _: None)
        with pytest.raises(ArchiveError, match="changed while it was archived"):
            await archiver.archive(last, tmp_path, lambda _: None)
        await past.audit()
        monkeypatch.setattr(Archiver, "_drop", drop)
        archived = await archiver.archive(last, tmp_path, lambda _: None)
    assert archived.rows == 31
    await past.audit()


async def test_who_reads_the_ledger_for_long_is_waited_for_and_others_go_on(
    past: Past, tmp_path: Path
) -> None:
    reader = await asyncpg.connect(past.url)
    reading = reader.transaction()
    await reading.start()
    await reader.execute("SELECT FROM movements LIMIT 1")
    run = asyncio.create_task(
        past.command("archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url)
    )
    async with asyncio.timeout(20):
        while await past.count("archived_sums") == 0:
            await asyncio.sleep(0.05)
        for _ in range(3):
            assert await past.count("movements") == 61
            await asyncio.sleep(0.5)
    await reading.rollback()
    await reader.close()
    code, output = await run
    assert code == 0, output
    await past.audit()


async def test_rows_of_an_archived_month_that_come_late_get_a_part_of_their_own(
    past: Past, tmp_path: Path
) -> None:
    arguments = ("archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url)
    assert (await past.command(*arguments))[0] == 0
    at = OLD.start + timedelta(days=20)  # a process whose clock is two months behind
    await past.move(uuid7(int(at.timestamp() * 1000), 5), at, "i1", 7, 1, 4, "late", None)
    assert await past.count("movements_default") == 1
    await past.audit()
    await past.make_months()
    assert await past.count("movements_default") == 0
    await past.audit()
    assert (await past.command(*arguments))[0] == 0
    assert f"movements-{OLD}.2.parquet" in files(tmp_path)
    await past.audit()
    code, output = await past.command("archive", "--verify", tmp_path, "--stock-url", past.url)
    assert (code, "5 files archived, 0 wrong" in output) == (0, True), output


async def test_what_an_open_paper_may_need_stays(past: Past, tmp_path: Path) -> None:
    await past.connection.execute(
        """
        INSERT INTO shipments (shipment_id, from_location_id, to_location_id, sscc, document, state, actor, send_time,
                               create_time) VALUES ($1, '', 's1', '', '', 1, 'test', $2, $2)
        """,
        uuid4(),
        OLD.start + timedelta(days=1),
    )
    code, output = await past.command(
        "archive", "--before", PRESENT, "--to", tmp_path, "--stock-url", past.url
    )
    assert code == 1
    assert "is open and may need what happened since" in output
    assert files(tmp_path) == {f"movements-{OLDER}.parquet", f"tag_events-{OLDER}.parquet"}


async def test_months_that_are_still_written_to_are_refused(past: Past, tmp_path: Path) -> None:
    for month in (PRESENT.next(), "2026-13", "soon"):
        assert (await past.command("archive", "--before", month, "--stock-url", past.url))[0] == 2
    assert (await past.command("archive", "--stock-url", past.url))[0] == 2


async def test_sales_and_reads_of_long_ago_are_recorded_when_they_come_and_history_says_where_it_starts(
    shop: Shop, processes: StockProcesses, tmp_path: Path
) -> None:
    """What happened in an archived month is a row of the month in which it was told."""
    await shop.read(2, datetime.now(UTC) - timedelta(days=6))
    await shop.receive(5)
    url = str(processes.settings.database_url)
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO archives (table_name, month, part, file, rows, sha256) VALUES ('movements', $1, 1, '', 0, ''),"
        " ('tag_events', $1, 1, '', 0, '')",
        OLD.start.date(),
    )
    when = Timestamp()
    when.FromDatetime(OLD.start + timedelta(days=2))
    await shop.client.ledger.RecordSale(
        led.RecordSaleRequest(
            request_id=str(uuid4()),
            location_id=shop.s1,
            occur_time=when,
            lines=[led.DocumentLine(product=led.Product(item_id="i2"), quantity=2)],
        )
    )
    assert (await shop.cell()).on_hand == 3
    listed = await shop.client.ledger.ListMovements(led.ListMovementsRequest(location_id=shop.s1))
    assert [each.occur_time for each in listed.movements if each.reason == led.MOVEMENT_REASON_SOLD] == [when]
    assert listed.history_start_time.ToDatetime(UTC) == OLD.end
    history = await shop.client.tags.GetTagHistory(reads_pb2.GetTagHistoryRequest(epc=shop.epc))
    assert len(history.events) == 1
    assert history.history_start_time.ToDatetime(UTC) == OLD.end
    assert await connection.fetchval("SELECT count(*) FROM movements_default") == 0
    await connection.execute("DELETE FROM archives")
    await connection.close()
    listed = await shop.client.ledger.ListMovements(led.ListMovementsRequest(location_id=shop.s1))
    assert not listed.HasField("history_start_time")


async def test_a_ledger_from_before_months_keeps_every_row(
    servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"stock_{uuid4().hex[:12]}"
    url = servers.create_database(name)
    before_months = [each for each in schema.revisions("stock") if each.number < "0003"]
    months = [each for each in schema.revisions("stock") if each.number <= "0003"]
    monkeypatch.setattr(schema, "revisions", lambda _: before_months)
    await asyncio.to_thread(migrate, "stock", url)
    connection = await asyncpg.connect(url)
    await connection.execute("SET TimeZone = 'America/New_York'")
    for number in range(100):
        at = OLDER.start + timedelta(days=number * 0.9, microseconds=number)
        key = uuid7(int(at.timestamp() * 1000), number)
        await connection.execute(INSERT_MOVEMENT, "s1", key, "i1", 7, 1, 1, at, TEXTS[number % 6], b"x")
        await connection.execute(INSERT_EVENT, "s1", b"x", at, key)
    await connection.execute(INSERT_MOVEMENT, "s1", uuid4(), "i1", 7, 1, 1, OLD.start, "", None)

    async def digest(table: str, key: str) -> tuple[int, str]:
        rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t ORDER BY {key}")  # noqa: S608
        return len(rows), hashlib.sha256("\n".join(row["row"] for row in rows).encode()).hexdigest()

    tables = (("movements", "movement_id"), ("tag_events", "tag_event_id"))
    before = [await digest(*each) for each in tables]
    monkeypatch.setattr(schema, "revisions", lambda _: months)
    await asyncio.to_thread(migrate, "stock", url)
    assert [await digest(*each) for each in tables] == before
    assert [each[0] for each in before] == [101, 100]
    # Only the row whose id tells no time is in no month.
    assert await connection.fetchval("SELECT count(*) FROM movements_default") == 1
    assert await connection.fetchval("SELECT count(*) FROM tag_events_default") == 0
    at = datetime.now(UTC)
    await connection.execute(INSERT_EVENT, "s1", b"x", at, None)
    assert await connection.fetchval("SELECT max(tag_event_id) FROM tag_events") == 101
    await connection.close()
    servers.drop_database(name)


HOT = {
    "of an item": (
        "SELECT * FROM movements WHERE location_id = 's7' AND item_id = 'i3' ORDER BY movement_id DESC LIMIT 100"
    ),
    "of a location": "SELECT * FROM movements WHERE location_id = 's7' ORDER BY movement_id DESC LIMIT 100",
    "one movement": "SELECT * FROM movements WHERE location_id = 's7' AND movement_id = '{id}'",
    "of an item, since": (
        "SELECT * FROM movements WHERE location_id = 's7' AND item_id = 'i3' AND movement_id >= '{id}'"
    ),
    "history of a tag": (
        "SELECT * FROM tag_events e LEFT JOIN movements m USING (location_id, movement_id) WHERE e.epc = '\\x07' "
        "ORDER BY e.tag_event_id DESC LIMIT 100"
    ),
}


async def test_what_is_asked_often_is_answered_by_indexes_and_from_the_months_it_is_about(past: Past) -> None:
    for month in (OLDER, OLD):
        await past.connection.execute(
            """
            INSERT INTO movements
            SELECT 's' || n % 20, gen.id, 'i' || n % 50, 7, 1, 1, 1, $1, $1, '', int4send(n % 1000), 'test', '5'
            FROM generate_series(1, 8000) AS n,
                 LATERAL (SELECT (lpad(to_hex((extract(epoch FROM $1::timestamptz) * 1000)::bigint + n), 12, '0')
                                  || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid AS id) AS gen
            """,
            month.start,
        )
        await past.connection.execute(
            """
            INSERT INTO tag_events (location_id, epc, state, zone_before, zone_id, occur_time, record_time)
            SELECT 's' || n % 20, int4send(n % 1000), 1, '', '', $1, $1 FROM generate_series(1, 8000) AS n
            """,
            month.start,
        )
    await past.connection.execute("VACUUM ANALYZE")
    first = past.first_id(OLD)
    for name, query in HOT.items():
        rows = await past.connection.fetch(f"EXPLAIN {query.format(id=first)}")
        plan = "\n".join(row[0] for row in rows)
        large = [
            f"{table}_{each.year}_{each.month:02}"
            for table in ("movements", "tag_events")
            for each in (OLD, OLDER)
        ]
        assert [each for each in large if f"Seq Scan on {each}" in plan] == [], (name, plan)
        if "{id}" in query:
            assert f"movements_{OLDER.year}_{OLDER.month:02}" not in plan, (name, plan)
