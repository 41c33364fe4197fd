"""What stays in the ledger, what comes late, and what is asked of months."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.stock.archive.conftest import (
    INSERT_EVENT,
    INSERT_MOVEMENT,
    OLD,
    OLDER,
    PRESENT,
    TEXTS,
    Past,
    files,
)
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2
from onhand.cli.embedded import EmbeddedServers
from onhand.kit import schema
from onhand.kit.clock import uuid7
from onhand.kit.migrations import migrate
from onhand.stock.archive import ArchiveError, Archiver
from onhand.stock.storage.months import MOVEMENTS, Archive, Chronicle


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
