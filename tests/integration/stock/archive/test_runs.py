"""Months of the ledger leave the database for files, whole and once, and the books stay true."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pyarrow.parquet as pq
import pytest
from tests.integration.stock.archive.conftest import OLD, OLDER, PRESENT, Past, files

from onhand.stock.storage.months import ARCHIVE_LOCK


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
