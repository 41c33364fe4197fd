"""The evidence for where each tag of one location is, summed over settled epochs.

All of it is arrays, a row a tag: some 95 bytes and 4 for each zone. What a read asks of its tag lies together, so
that among a million tags it is one look into memory that is far away. Losing it costs precision, never a fact:
what the books need is in the tag's row in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from onhand.stock.domain.model import COUNTED, Tag, TagState, ZoneKind
from onhand.stock.domain.reads.columns import SECOND_US, Octets, from_us, hashes, hashes_of, to_us
from onhand.stock.domain.reads.index import Ints, TagIndex, grow
from onhand.stock.domain.reads.openepoch import OpenEpoch, Seen
from onhand.stock.domain.reads.rules import (
    FIRST_AGE,
    FIRST_RATE,
    LEAST_WINDOW,
    MOST_STRENGTH_DB,
    MOST_WINDOW,
    UNKNOWN_STRENGTH_DB,
    Flags,
    Floats,
    Rules,
    cautious,
    has_departed,
    rate_memory,
    window_epochs,
)
from onhand.stock.domain.reads.sights import Belief, Sight

ANYWHERE = 0
"""Stands in the zone columns for the location as a whole, and for a zone that nothing was read in."""
ON_THE_WAY = 0.5
"""What evidence for a place is still worth once a tag was seen in a transition zone."""
FRESH_EPOCHS = 30
"""After so many a tag is not fresh any more, however weakly it is read."""
TICK_US = 100_000
SGTIN_96_BYTES = 12
NEVER = -(2**31)
_COLUMNS: dict[str, tuple[type[np.generic], float]] = {
    "due": (np.int32, NEVER),  # from this epoch on a read inside must be written
    "seen": (np.int32, NEVER),  # tick of the last read inside, in its row or not
    "passed": (np.int32, NEVER),  # tick of the last passage of a transition zone, in its row or not
    "exit_written": (np.int32, NEVER),  # tick of the last exit in its row
    "written": (np.int32, NEVER),  # epoch of the last sight in its row
    "told": (np.int32, NEVER),  # epoch in which belief was last handed on
    "last": (np.int32, NEVER),  # last epoch with evidence
    "run": (np.int32, NEVER),  # since when it is seen without a break
    "awake_zone": (np.int32, 0),  # epochs its zone had been awake at `last`
    "awake": (np.int32, 0),  # the same of the location
    "rate": (np.float32, FIRST_RATE),  # of being read anywhere, an epoch in which its zone is awake
    "rate_here": (np.float32, FIRST_RATE),  # of being read in its zone, over as many epochs as `rate`
    "rate_now": (np.float32, FIRST_RATE),  # the same over its window
    "level": (np.float32, 0),  # strength in its zone, in dBm
    "age": (np.int16, FIRST_AGE),  # epochs that its rates rest on
    "zone": (np.int8, ANYWHERE),  # where the evidence says it is
    "recorded": (np.int8, ANYWHERE),  # where its row says it is
    # Too little is known of it to tell: its first epochs decide, without hysteresis.
    "fresh": (np.bool_, True),
    "known": (np.bool_, False),  # its row is as the columns say
    "watched": (np.bool_, False),  # its row counts nothing: evidence may change that
}
"""Largest first: a tag's are 64 bytes without gaps."""
_NEW = np.array(
    [tuple(default for _, default in _COLUMNS.values())],
    dtype=np.dtype([(name, kind) for name, (kind, _) in _COLUMNS.items()], align=True),
)
_LEAST = 1024


class Evidence:
    def __init__(self, location_id: str, rules: Rules) -> None:
        self._location_id = location_id
        self._rules = rules
        self._index = TagIndex()
        self._base: int | None = None
        """The epoch that the columns count from."""
        self._settled = NEVER
        self._open: dict[int, OpenEpoch] = {}
        self._epoch_us = round(rules.epoch_s * SECOND_US)
        self._refresh = max(1, round(rules.sight_refresh_s / rules.epoch_s))
        self.zone_ids = [""]
        self._kinds = [ZoneKind.TRANSITION]
        self._rests = np.zeros(1, dtype=np.bool_)
        self._in_name_order = np.zeros(1, dtype=np.int64)
        self._awake = np.zeros(1, dtype=np.int64)
        self._heard = np.full(1, NEVER, dtype=np.int64)
        self._cadence = np.ones(1)
        """Epochs from one in which the zone is awake to the next."""
        self.columns: npt.NDArray[Any] = np.repeat(_NEW, _LEAST)
        """A structure a tag, whose fields are read as columns."""
        self._scores = np.zeros((_LEAST, 1), dtype=np.float32)
        self._epcs = np.zeros((_LEAST, SGTIN_96_BYTES), dtype=np.uint8)
        self._other_epcs: dict[int, bytes] = {}
        """Of the rows whose EPC has another length."""

    def __len__(self) -> int:
        return self._index.count

    @property
    def nbytes(self) -> int:
        columns = sum(each.nbytes for each in (self.columns, self._scores, self._epcs))
        return columns + self._index.nbytes + sum(each.nbytes for each in self._open.values())

    # Names to numbers

    def rows_of(self, epcs: Sequence[bytes]) -> Ints:
        """Return the row of each EPC; -1 for those that were never read."""
        return self._index.rows(hashes_of(epcs), add=False)

    def rows(self, epcs: Octets) -> Ints:
        """Return the row of each EPC, of shape (n, length); those that were never read get one."""
        known = self._index.count
        rows = self._index.rows(hashes(epcs), add=True)
        if (count := self._index.count) == known:
            return rows
        if (size := len(self._scores)) < count:
            for name in ("columns", "_scores", "_epcs"):
                grow(self, name, count)
            self.columns[size:] = _NEW
        new = np.flatnonzero(rows >= known)
        if epcs.shape[1] == SGTIN_96_BYTES:
            self._epcs[rows[new]] = epcs[new]
        else:
            self._other_epcs.update((int(rows[each]), epcs[each].tobytes()) for each in new)
        return rows

    def epc(self, row: int) -> bytes:
        return self._other_epcs.get(row) or self._epcs[row].tobytes()

    def zone(self, zone_id: str, kind: ZoneKind | None = None) -> int:
        """Return the number of a zone; one that was never read has that of anywhere."""
        if zone_id in self.zone_ids:
            return self.zone_ids.index(zone_id)
        if kind is None:
            return ANYWHERE
        self.zone_ids.append(zone_id)
        self._kinds.append(kind)
        self._rests = np.array([each not in (ZoneKind.EXIT, ZoneKind.TRANSITION) for each in self._kinds])
        self._in_name_order = np.argsort(self.zone_ids)
        self._awake = np.append(self._awake, 0)
        self._heard = np.append(self._heard, NEVER)
        self._cadence = np.append(self._cadence, 1.0)
        self._scores = np.pad(self._scores, ((0, 0), (0, 1)))
        return len(self.zone_ids) - 1

    def epoch(self, time_us: int) -> int:
        """Return the epoch of a time, counted from the first that this location had."""
        absolute = time_us // self._epoch_us
        if self._base is None:
            self._base = absolute
        return absolute - self._base

    def _epochs(self, times_us: Ints) -> Ints:
        epochs: Ints = times_us // self._epoch_us - (self._base or 0)
        return epochs

    def ticks(self, times_us: Ints) -> Ints:
        """Return tenths of a second, counted from where epochs are."""
        self.epoch(int(times_us[0]))
        ticks: Ints = times_us // TICK_US - self._base_tick
        return ticks

    def time(self, tick: int) -> datetime | None:
        """Return the time of a tick; None for never."""
        return None if tick == NEVER else from_us((tick + self._base_tick) * TICK_US)

    @property
    def _base_tick(self) -> int:
        return (self._base or 0) * self._epoch_us // TICK_US

    # Evidence in

    def add(self, rows: Ints, zones: Ints, rssi_cdbm: Ints, times_us: Ints) -> Ints:
        """Keep reads until their epoch is settled; returns their epochs. Those too late are let go."""
        self.epoch(int(times_us[0]))
        epochs = self._epochs(times_us)
        is_exit = np.array([kind is ZoneKind.EXIT for kind in self._kinds])
        first, last = int(epochs.min()), int(epochs.max())
        for epoch in [first] if first == last else np.unique(epochs).tolist():
            if epoch <= self._settled:
                continue
            of: Any = slice(None) if first == last else epochs == epoch
            if is_exit.any():
                of = np.flatnonzero((epochs == epoch) & ~is_exit[zones])
                if not len(of):
                    continue
            kept = self._open.get(epoch)
            if kept is None:
                kept = self._open[epoch] = OpenEpoch(
                    (epoch + (self._base or 0)) * self._epoch_us, self._epoch_us
                )
            kept.add(rows[of], zones[of], rssi_cdbm[of], times_us[of])
        return epochs

    def settle(self, location_time: datetime) -> list[Belief]:
        """Decide on the epochs that no read can be late for any more, and say what changed."""
        if self._base is None:
            return []
        last = self.epoch(to_us(location_time) - round(self._rules.lateness_s * SECOND_US)) - 1
        beliefs: list[Belief] = []
        for epoch in sorted(each for each in self._open if each <= last):
            seen = self._open.pop(epoch).reduced()
            if told := self._fold(epoch, seen):
                beliefs += self._beliefs(told, seen, epoch)
        self._settled = max(self._settled, last)
        return sorted(beliefs, key=lambda each: (each.time, each.epc))

    def _fold(self, epoch: int, seen: Seen) -> dict[int, bool]:
        """Add one epoch to the evidence; returns the rows to tell of, and whether it is belief."""
        rows, zones, rssi = seen.rows, seen.zones, seen.rssi_cdbm / 100
        self._hear(epoch, np.unique(zones))
        resting = self._rests[zones]
        passing = ~resting & ((rssi == 0) | (rssi >= self._rules.passage_rssi_cdbm / 100))
        self._scores[np.unique(rows[passing])] *= ON_THE_WAY
        rows, zones, rssi = rows[resting], zones[resting], rssi[resting]
        if not len(rows):
            return {}
        tags = np.unique(rows)
        level = np.full((len(tags), self._scores.shape[1]), np.nan, dtype=np.float32)
        level[np.searchsorted(tags, rows), zones] = rssi
        fresh = self._weigh(epoch, tags, level)
        return self._told(epoch, tags, fresh)

    def _weigh(self, epoch: int, tags: Ints, level: Floats) -> Flags:
        """Add what was seen of some tags, and move those that were elsewhere; returns who is still fresh.

        `level` has a row a tag and a column a zone: the strongest read in dBm, NaN for none.
        """
        c, rules = self.columns, self._rules
        seen = np.where(np.isnan(level), 0, self._strength(level))
        fresh = c["fresh"][tags]
        begins = fresh & (self._scores[tags].sum(axis=1) == 0)
        here = np.where(begins, self._strongest(seen), c["zone"][tags]).astype(np.int64)
        each = np.arange(len(tags))
        gap = np.where(begins, 1, self._awake[here] - c["awake_zone"][tags])
        gap_anywhere = np.where(begins, 1, self._awake[ANYWHERE] - c["awake"][tags])
        window = np.clip(window_epochs(c["rate"][tags], rules.miss_probability), LEAST_WINDOW, MOST_WINDOW)
        keep = 1 - 1 / window
        decay = np.repeat((keep**gap_anywhere)[:, None], len(self.zone_ids), axis=1)
        decay[each, here] = keep**gap
        hit = seen[each, here] > 0
        rate_here = self._rate(tags, gap, hit)
        rate_now = np.where(gap > 0, c["rate_now"][tags] * keep**gap + hit / window, c["rate_now"][tags])

        total = self._scores[tags] * decay + seen
        self._scores[tags] = total
        others = total.copy()
        others[each, here] = -1
        best = self._strongest(others)
        # What a zone that is silent would say is what it usually does.
        quiet = np.maximum(rules.silent_after_s / rules.epoch_s, 3 * self._cadence[here])
        silent = epoch - self._heard[here] > quiet
        usual = self._strength(c["level"][tags]) * rate_here * window
        own = np.where(silent, np.maximum(total[each, here], usual), total[each, here])
        departed = has_departed(rate_now * window, window, rate_here) & ~silent
        needed = own * np.where(departed, 1, rules.hysteresis) + rules.move_margin_db
        moves = others[each, best] > np.where(fresh, own, needed)

        now, anew = np.where(moves, best, here), moves | begins
        smooth = c["level"][tags] * 0.75 + level[each, here] * 0.25
        c["zone"][tags] = now
        c["rate_here"][tags] = np.where(anew, c["rate"][tags], rate_here)
        c["rate_now"][tags] = np.where(anew, c["rate"][tags], rate_now)
        c["level"][tags] = np.where(anew, level[each, now], np.where(hit, smooth, c["level"][tags]))
        c["level"][tags] = np.nan_to_num(c["level"][tags])
        c["awake_zone"][tags], c["awake"][tags] = self._awake[now], self._awake[ANYWHERE]
        broken = begins | (gap_anywhere > 2 * window) | (c["run"][tags] == NEVER)
        c["run"][tags] = np.where(broken, epoch, c["run"][tags])
        c["last"][tags] = epoch
        fresh &= (total.sum(axis=1) < rules.belief_db) & (c["age"][tags] < FRESH_EPOCHS)
        c["fresh"][tags] = fresh
        return fresh

    def _rate(self, tags: Ints, gap: Ints, hit: Flags) -> Floats:
        """Average the read rates on, over `gap` awake epochs; returns that of being read where the tag is.

        A zone that was silent says nothing of how often its tags are read.
        """
        c = self.columns
        memory = rate_memory(c["rate"][tags])
        age = c["age"][tags] + gap
        # While a tag is new, its rates are plain averages.
        slow = np.where(age > memory, (1 - 1 / memory) ** gap, c["age"][tags] / age)
        share = 1 / np.minimum(age, memory)
        rate_here = c["rate_here"][tags] * slow + hit * share
        averaged: Floats = np.where(gap > 0, rate_here, c["rate_here"][tags])
        c["rate"][tags] = np.where(gap > 0, c["rate"][tags] * slow + share, c["rate"][tags])
        c["age"][tags] = np.minimum(age, memory)
        return averaged

    def _told(self, epoch: int, tags: Ints, fresh: Flags) -> dict[int, bool]:
        c, rules = self.columns, self._rules
        dwelled = epoch - c["run"][tags].astype(np.int64) >= rules.belief_dwell_s / rules.epoch_s
        believed = c["watched"][tags] & ((self._scores[tags].sum(axis=1) >= rules.belief_db) | dwelled)
        believed &= epoch - c["told"][tags].astype(np.int64) >= rules.sight_refresh_s / rules.epoch_s
        changed = (c["zone"][tags] != c["recorded"][tags]) & c["known"][tags] & ~fresh
        c["told"][tags[believed]] = epoch
        told = believed | changed
        return dict(zip(tags[told].tolist(), believed[told].tolist(), strict=True))

    def _hear(self, epoch: int, zones: Ints) -> None:
        for zone in {ANYWHERE, *zones.tolist()}:
            if self._heard[zone] != NEVER:
                gap = min(epoch - self._heard[zone], self._rules.silent_after_s / self._rules.epoch_s)
                self._cadence[zone] += (gap - self._cadence[zone]) / 16
            self._awake[zone] += 1
            self._heard[zone] = epoch

    def _strength(self, rssi_dbm: Floats) -> Floats:
        """Return what a read of a strength is worth as evidence; 0 dBm stands for an unknown one."""
        known = np.clip(rssi_dbm - self._rules.rssi_floor_cdbm / 100, 1, MOST_STRENGTH_DB)
        return np.where(rssi_dbm == 0, UNKNOWN_STRENGTH_DB, known)

    def _strongest(self, scores: Floats) -> Ints:
        """Return the zone of each row's highest score; of equal ones the first by name, on every run."""
        first: Ints = self._in_name_order[np.argmax(scores[:, self._in_name_order], axis=1)]
        return first

    def _beliefs(self, told: dict[int, bool], seen: Seen, epoch: int) -> list[Belief]:
        c = self.columns
        rows = np.fromiter(told, np.int64, len(told))
        times = seen.last_us[np.searchsorted(seen.last_rows, rows)]
        return [
            Belief(
                self._location_id,
                self.epc(row),
                self.zone_ids[int(c["zone"][row])],
                self._kinds[int(c["zone"][row])],
                from_us(time),
                round(float(c["level"][row]) * 100),
                told[row],
                float(c["rate"][row]),
                float(epoch - int(c["run"][row])) * self._rules.epoch_s,
            )
            for row, time in zip(rows.tolist(), times.tolist(), strict=True)
        ]

    # What the rows in the database say

    def load(self, found: Sequence[tuple[Tag, Sight | None, bool]]) -> None:
        """Note what the rows of some tags say now.

        With each tag come the sight that was written with it, and whether it was seen here for the first time, or
        again after it did not count.
        """
        rows = self.rows_of([tag.epc for tag, _, _ in found])
        if (rows < 0).any():  # never read here, or forgotten meanwhile
            found = [each for each, row in zip(found, rows.tolist(), strict=True) if row >= 0]
            rows = rows[rows >= 0]
        if not found:
            return
        tags = [tag for tag, _, _ in found]
        c = self.columns
        self._place(tags, rows, np.array([entered for _, _, entered in found]))
        known = np.array([tag.state is not TagState.MISSING for tag in tags])
        c["known"][rows] = known
        c["watched"][rows] = [tag.item_id is not None and tag.state not in COUNTED for tag in tags]
        seen = _moments([sight.seen_time if sight else None for _, sight, _ in found])
        written = np.maximum(c["written"][rows], np.where(seen < 0, NEVER, self._epochs(seen)))
        c["written"][rows] = written
        exits = _moments([sight.exit_time if sight else None for _, sight, _ in found])
        passed = np.where(exits < 0, NEVER, self.ticks(exits))
        c["exit_written"][rows] = np.maximum(c["exit_written"][rows], passed)
        # While it is waited for after an exit, each sight counts.
        waits = np.array([tag.exit_time is not None for tag in tags])
        settled = known & ~waits & (written != NEVER)
        c["due"][rows] = np.where(settled, written + self._refresh, NEVER)

    def forget(self, rows: Ints) -> None:
        """What their rows in the database say is no longer known."""
        self.columns["known"][rows] = False
        self.columns["due"][rows] = NEVER

    def _place(self, tags: Sequence[Tag], rows: Ints, entered: Flags) -> None:
        """Take over where the rows of tags say they are, unless the evidence knows better."""
        c = self.columns
        zones = np.array([self.zone(tag.zone_id) for tag in tags])
        recorded, fresh = c["recorded"][rows], c["fresh"][rows]
        c["recorded"][rows] = zones
        doubtful = (recorded != zones) & (fresh | (c["zone"][rows] != zones))
        # What was known of those that came again is of their time before.
        for at in np.flatnonzero(doubtful & entered & (recorded != ANYWHERE)).tolist():
            if c["last"][rows[at]] < self.epoch(to_us(tags[at].last_seen_time)):
                c["fresh"][rows[at]] = True
                self._scores[rows[at]] = 0
        # Somebody else recorded the others, or this is their first sight since the service began.
        for at in np.flatnonzero(doubtful & ~entered & (fresh | (recorded != ANYWHERE))).tolist():
            self._take_over(tags[at], int(rows[at]), int(zones[at]))

    def _take_over(self, tag: Tag, row: int, zone: int) -> None:
        c = self.columns
        c["zone"][row], c["fresh"][row] = zone, zone == ANYWHERE
        c["rate"][row] = c["rate_here"][row] = c["rate_now"][row] = tag.read_rate
        c["awake_zone"][row], c["awake"][row] = self._awake[zone], self._awake[ANYWHERE]
        self._scores[row] = 0
        if zone != ANYWHERE:
            self._scores[row, zone] = self._usual_score(tag)

    def _usual_score(self, tag: Tag) -> float:
        """What a tag that lies in its zone, read as its row says, has there after a while."""
        strength = float(self._strength(np.array([tag.rssi_cdbm / 100]))[0])
        window = float(window_epochs(tag.read_rate, self._rules.miss_probability))
        return strength * tag.read_rate * min(max(window, LEAST_WINDOW), MOST_WINDOW)

    # Absence

    def unread(self, tag: Tag) -> "Unread":
        """Return for how long a tag was not read, measured by how often its zone was."""
        row = int(self.rows_of([tag.epc])[0])
        c = self.columns
        if row < 0 or c["last"][row] == NEVER:
            zone, since, rate, age = self.zone(tag.zone_id), 0, tag.read_rate, float(FIRST_AGE)
        else:
            zone, since = int(c["zone"][row]), int(c["awake_zone"][row])
            rate, age = float(c["rate"][row]), float(c["age"][row])
        cadence_s = float(self._cadence[zone]) * self._rules.epoch_s
        return Unread(float(self._awake[zone] - since), cautious(rate, age), cadence_s)


@dataclass(frozen=True, slots=True)
class Unread:
    epochs: float
    """In which the zone of the tag was awake and the tag was not read."""
    rate: float
    """What it is read in one at least."""
    cadence_s: float
    """From one to the next."""


def _moments(times: Sequence[datetime | None]) -> Ints:
    """Return times in microseconds since 1970, -1 for none."""
    return np.array([-1 if each is None else to_us(each) for each in times])
