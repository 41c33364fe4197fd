"""What the memory of reads costs: bytes a tag and time a read, in a process that does nothing else.

Usage: memory.py ROUNDS   (prints the fields of `Costs` as JSON)
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Tag, TagState, ZoneKind
from onhand.stock.domain.reads import Placed, Rules, Tracker
from onhand.stock.domain.reads.columns import to_us

TAGS = 1_000_000
FEW_TAGS = 10_000
CHUNK = 10_000
BATCHES = 100
ZONES = [
    ("back", ZoneKind.BACK_ROOM),
    ("fitting", ZoneKind.FITTING_ROOM),
    ("floor", ZoneKind.SALES_FLOOR),
    ("staging", ZoneKind.STAGING),
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Costs:
    megabytes: float
    """Resident, of a million tags."""
    few_ns: list[float]
    """A repeat, where ten thousand tags are known; by round."""
    many_ns: list[float]
    """The same where a million are."""


def measured(rounds: int) -> Costs:
    """Measure in a process of its own."""
    argv = [sys.executable, str(Path(__file__)), str(rounds)]
    output = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600).stdout
    return Costs(**json.loads(output))


def main() -> None:
    few, many = Tracker(Rules(), TAGS), Tracker(Rules(), TAGS)
    _fill(few, FEW_TAGS)  # first, so that only what tags take is counted
    before = _resident_bytes()
    _fill(many, TAGS)
    megabytes = (_resident_bytes() - before) / 1e6
    pairs = [(_cost_ns(few, FEW_TAGS), _cost_ns(many, TAGS)) for _ in range(int(sys.argv[1]))]
    costs = Costs(megabytes, [each for each, _ in pairs], [each for _, each in pairs])
    print(json.dumps(asdict(costs)))  # noqa: T201


def _fill(tracker: Tracker, tags: int) -> None:
    """Read all tags once, and note that all were recorded."""
    for first in range(0, tags, CHUNK):
        numbers = np.arange(first, first + CHUNK)
        news, _ = tracker.take([_placed(numbers, NOW)], NOW)
        rows = [
            Tag("s", each.epc, "item", TagState.PRESENT, NOW, each.zone_id, NOW, NOW) for each in news.sights
        ]
        books = Books([], rows, actor="", document="", occur_time=NOW, new_id=_no_id)
        tracker.recorded(books, news.sights)


def _cost_ns(tracker: Tracker, tags: int) -> float:
    random = np.random.default_rng(1)
    now = NOW + timedelta(seconds=12)
    batches = [_placed(random.integers(0, tags, CHUNK), now) for _ in range(BATCHES)]
    tracker.take(batches[:10], now)
    begun = time.process_time()
    for each in batches:
        news, _ = tracker.take([each], now)
        if news.sights:
            raise AssertionError("repeats were news")
    return (time.process_time() - begun) * 1e9 / (BATCHES * CHUNK)


def _placed(numbers: np.ndarray, now: datetime) -> Placed:
    epcs = np.zeros((len(numbers), 12), dtype=np.uint8)
    epcs[:, 4:] = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)
    times = np.full(len(numbers), to_us(now))
    batches = np.zeros(len(numbers), dtype=np.int64)
    return Placed(
        "reader", "s", ZONES, batches, epcs, numbers % 4, times, np.full(len(numbers), -5500, np.int16)
    )


def _no_id() -> None:
    raise AssertionError("nothing moves here")


def _resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmRSS here")


if __name__ == "__main__":
    main()
