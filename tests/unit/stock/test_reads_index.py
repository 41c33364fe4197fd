from datetime import UTC, datetime

import numpy as np

from onhand.stock.domain.model import Read, ZoneKind
from onhand.stock.domain.reads import Rules, Tracker
from onhand.stock.domain.reads.index import TagIndex


def test_an_index_gives_each_hash_one_row_as_a_dict_would() -> None:
    random = np.random.default_rng(1)
    index, model = TagIndex(), {}
    for _ in range(60):
        # Few distinct values, many of them equal in the bits that choose the place.
        hashes = (random.integers(0, 3000, 200) << random.integers(0, 30)) * 1024 + 7
        rows = index.rows(hashes, add=True)
        for each, row in zip(hashes.tolist(), rows.tolist(), strict=True):
            assert model.setdefault(each, row) == row
    assert sorted(model.values()) == list(range(len(model))) == list(range(index.count))
    assert index.rows(np.array([-5, -6]), add=False).tolist() == [-1, -1]


def test_a_million_tags_fit_into_little_memory() -> None:
    index = TagIndex()
    index.rows(np.random.default_rng(1).integers(-(2**63), 2**63, 1_000_000), add=True)
    assert index.count == 1_000_000
    assert index.nbytes <= 30_000_000


def test_what_is_remembered_of_a_tag_is_small() -> None:
    zones = {
        "floor": ZoneKind.SALES_FLOOR,
        "back": ZoneKind.BACK_ROOM,
        "staging": ZoneKind.STAGING,
        "exit": ZoneKind.EXIT,
    }
    tracker, now, tags = Tracker(Rules(), 1_000_000), datetime(2026, 3, 1, tzinfo=UTC), 40_000
    for start in range(0, tags, 10_000):
        reads = [
            Read(index, (start + index).to_bytes(12), "s", list(zones)[index % 4], now, -5500)
            for index in range(10_000)
        ]
        tracker.take("reader", reads, {("s", zone): kind for zone, kind in zones.items()}, now)
    assert tracker.nbytes() <= 150 * tags
