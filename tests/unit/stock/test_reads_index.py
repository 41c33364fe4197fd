from datetime import UTC, datetime

import numpy as np

from onhand.stock.domain.model import ZoneKind
from onhand.stock.domain.reads import Placed, RawRead, Rules, Tracker, in_columns
from onhand.stock.domain.reads.columns import hashes_of
from onhand.stock.domain.reads.index import TagIndex
from onhand.stock.domain.reads.openepoch import OpenEpoch


def test_an_index_gives_each_hash_one_row_as_a_dict_would() -> None:
    random = np.random.default_rng(1)
    index, model = TagIndex(), {}
    for _ in range(12):
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
    assert index.nbytes <= 17_000_000


def test_what_is_remembered_of_a_tag_is_small() -> None:
    kinds = (ZoneKind.BACK_ROOM, ZoneKind.EXIT, ZoneKind.SALES_FLOOR, ZoneKind.STAGING)
    zones = [(kind.name, kind) for kind in kinds]
    tracker, now, tags = Tracker(Rules(), 1_000_000), datetime(2026, 3, 1, tzinfo=UTC), 40_000
    for start in range(0, tags, 10_000):
        (columns,) = in_columns(
            RawRead((start + index).to_bytes(12), 1, now, -5500) for index in range(10_000)
        )
        zone = np.arange(10_000) % 4
        found = Placed(
            "reader", "s", zones, np.zeros_like(zone), columns.epcs, zone, columns.times_us, columns.rssi_cdbm
        )
        tracker.take([found], now)
    assert tracker.nbytes() <= 140 * tags


def test_an_epc_has_one_hash_in_whatever_company() -> None:
    random = np.random.default_rng(1)
    epcs = [random.bytes(length) for length in (4, 12, 12, 16, 17, 62) for _ in range(50)]
    alone = [int(hashes_of([epc])[0]) for epc in epcs]
    assert hashes_of(epcs).tolist() == alone
    assert len(set(alone)) == len(epcs)
    # One that is longer by zeros is another.
    assert len({int(hashes_of([b"epc" + bytes(zeros)])[0]) for zeros in range(20)}) == 20


def test_an_open_epoch_keeps_the_strongest_read_of_each_zone_and_the_last_of_each_tag() -> None:
    random = np.random.default_rng(1)
    epoch, strongest, last = OpenEpoch(10_000_000, 10_000_000), {}, {}
    for _ in range(40):
        rows, zones = random.integers(0, 500, 3_000), random.integers(0, 5, 3_000)
        rssi, times = (
            random.integers(-9_000, 1, 3_000),
            10_000_000 + random.integers(0, 10_000, 3_000) * 1_000,
        )
        epoch.add(rows, zones, rssi, times)
        for row, zone, level, time in zip(
            *(each.tolist() for each in (rows, zones, rssi, times)), strict=True
        ):
            strongest[row, zone] = max(strongest.get((row, zone), level), level)
            last[row] = max(last.get(row, time), time)
    seen = epoch.reduced()
    found = dict(
        zip(zip(seen.rows.tolist(), seen.zones.tolist(), strict=True), seen.rssi_cdbm.tolist(), strict=True)
    )
    assert found == strongest
    assert dict(zip(seen.last_rows.tolist(), seen.last_us.tolist(), strict=True)) == last
    assert epoch.nbytes <= 8 * 2_500
