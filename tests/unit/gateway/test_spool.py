"""The spool keeps what it took, in order, within its limit."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.gateway.conftest import T0_NS, batch, read

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway.spool.store import FILE, Spool, SpoolInUseError, SpoolTooNewError, inspect

MIB = 1 << 20
FULL = 2 * MIB


def positions(spool: Spool, position: int = 0) -> list[int]:
    return [each.position for each in spool.after(position, 1_000_000)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def opened(folder: Path, max_bytes: int = FULL) -> Spool:
    return Spool(folder, max_bytes, thin_window_s=60)


def test_batches_come_back_as_taken_and_in_order(folder: Path) -> None:
    spool = opened(folder)
    taken = [batch(tag, reader=f"reader-{tag}") for tag in range(5)]
    spool.write(1, taken[:3])
    spool.write(2, taken[3:])
    assert [each.request for each in spool.after(0, 100)] == taken
    assert [each.request for each in spool.after(2, 2)] == taken[2:4]
    spool.close()


def test_only_what_is_acknowledged_goes(folder: Path) -> None:
    spool = opened(folder)
    spool.write(1, [batch(tag) for tag in range(5)])
    spool.write(2, acknowledged=[1, 3])
    assert positions(spool) == [2, 4, 5]
    spool.close()
    again = opened(folder)
    assert positions(again) == [2, 4, 5]
    again.close()


def test_a_position_is_never_given_twice(folder: Path) -> None:
    spool = opened(folder)
    spool.write(1, [batch(1), batch(2)])
    spool.write(2, acknowledged=[1, 2])
    spool.close()
    again = opened(folder)
    again.write(3, [batch(3)])
    assert positions(again) == [3]
    again.close()


def test_what_is_set_aside_waits_for_the_next_start(folder: Path) -> None:
    spool = opened(folder)
    spool.write(1, [batch(1), batch(2)])
    spool.set_aside(1, "WRONG_LOCATION: not yours")
    assert positions(spool) == [2]
    summary = inspect(folder)
    assert summary is not None
    assert (summary.waiting_batches, summary.set_aside_batches) == (1, 1)
    assert summary.refusals == {"WRONG_LOCATION: not yours": 1}
    assert spool.retry_set_aside() == 1
    assert positions(spool) == [1, 2]
    spool.close()


def test_a_full_spool_drops_repeats_before_anything_else(folder: Path) -> None:
    spool = opened(folder)
    # One tag seen 2,000 times a batch: first and last of the minute say it all.
    crowd = pb.RecordReadsRequest(
        reader_id="dock", reads=[read(7, T0_NS + ms * 1_000_000) for ms in range(2_000)]
    )
    distinct = [batch(*range(start, start + 100)) for start in range(1_000, 6_000, 100)]
    spool.write(1, distinct)
    thinned = 0
    for _ in range(60):
        cleared = spool.write(2, [crowd])
        thinned += cleared.thinned_reads
        assert cleared.dropped_batches == 0
        assert spool.used_bytes() <= FULL
    assert thinned > 0
    found = {each.epc for kept in spool.after(0, 1_000_000) for each in kept.request.reads}
    assert len(found) == 5_001
    summary = inspect(folder)
    assert summary is not None
    assert summary.counters == {"thinned_reads": thinned}
    spool.close()


def test_a_spool_full_of_news_drops_the_oldest_and_counts_them(folder: Path) -> None:
    spool = opened(folder)
    tags = itertools.count()
    given = 0
    for number in range(50):
        spool.write(number, [batch(*itertools.islice(tags, 2_000))])
        given += 2_000
        assert spool.used_bytes() <= FULL
    kept = positions(spool)
    assert kept == list(range(kept[0], 51))
    summary = inspect(folder)
    assert summary is not None
    assert summary.counters["dropped_reads"] == given - summary.waiting_reads > 0
    assert summary.counters["dropped_batches"] == kept[0] - 1
    # The whole file keeps within the limit, its log beside it within its own.
    assert (folder / FILE).stat().st_size <= FULL + MIB
    spool.close()


def test_what_stock_refuses_is_dropped_before_what_it_would_take(folder: Path) -> None:
    spool = opened(folder)
    tags = itertools.count()
    for number in range(15):
        spool.write(number, [batch(*itertools.islice(tags, 2_000))])
    for position in range(10, 12):
        spool.set_aside(position, "WRONG_LOCATION: not yours")
    while not (cleared := spool.write(1, [batch(*itertools.islice(tags, 2_000))])):
        pass
    assert cleared.dropped_batches > 0
    summary = inspect(folder)
    assert summary is not None
    assert summary.set_aside_batches == 0
    spool.close()


def test_a_second_gateway_is_refused(folder: Path) -> None:
    spool = opened(folder)
    with pytest.raises(SpoolInUseError):
        opened(folder)
    spool.close()
    opened(folder).close()


def test_a_damaged_spool_is_kept_and_a_new_one_begun(folder: Path) -> None:
    spool = opened(folder)
    spool.write(1, [batch(1)])
    spool.close()
    (folder / FILE).write_bytes(b"no database at all" * 1_000)
    again = opened(folder)
    assert again.damaged is not None
    assert again.damaged.exists()
    again.write(1, [batch(2)])
    assert len(positions(again)) == 1
    again.close()


def test_a_spool_of_a_later_version_is_left_alone(folder: Path) -> None:
    opened(folder).close()
    db = sqlite3.connect(folder / FILE)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(SpoolTooNewError):
        opened(folder)


WRITER = """
import sys
from pathlib import Path
from onhand.gateway.spool.store import Spool
from tests.unit.gateway.conftest import batch

spool = Spool(Path(sys.argv[1]), 64 << 20, 60)
for number in range(1_000_000):
    spool.write(number, [batch(number)])
    print(number, flush=True)
"""


def test_what_a_killed_process_had_taken_is_there(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": "."},
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 200:
            break
    process.send_signal(signal.SIGKILL)
    said = [int(line) for line in process.stdout.read().split("\n") if line.endswith(tuple("0123456789"))]
    process.wait(10)
    process.stdout.close()
    last = max(said, default=200)
    spool = opened(folder, 64 * MIB)
    assert spool.damaged is None
    taken = [int.from_bytes(each.request.reads[0].epc, "big") for each in spool.after(0, 1_000_000)]
    assert taken == list(range(len(taken)))
    assert len(taken) in {last + 1, last + 2}
    spool.close()
