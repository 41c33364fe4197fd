"""The memory of what was read: repeats are dropped here, and evidence is weighed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Tag, TagState, ZoneKind
from onhand.stock.domain.reads.clocks import LocationClock, ReaderClock
from onhand.stock.domain.reads.columns import MICROSECOND, Ints, Placed, from_us
from onhand.stock.domain.reads.evidence import Evidence
from onhand.stock.domain.reads.rules import Flags, Rules, window_epochs
from onhand.stock.domain.reads.sights import Belief, Sight, latest, reduce

Key = tuple[str, bytes]


@dataclass(slots=True)
class News:
    """What must be written."""

    sights: list[Sight] = field(default_factory=list)
    beliefs: list[Belief] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Due:
    """Which of some reads must be written before they are acknowledged."""

    reads: Flags  # shape (n,)
    first: Flags  # shape (n,); the first of each tag


class _Place:
    """What is remembered of one location."""

    def __init__(self, location_id: str, rules: Rules) -> None:
        self.clock = LocationClock()
        self.evidence = Evidence(location_id, rules)


class Tracker:
    """Only a memory: losing it costs some writes and precision, never a fact."""

    def __init__(self, rules: Rules, max_tags: int) -> None:
        self.rules = rules
        self._max_tags = max_tags
        self._places: dict[str, _Place] = {}
        """The location that was heard last is the last."""
        self._readers: dict[str, ReaderClock] = {}

    def take(self, found: Sequence[Placed], now: datetime) -> tuple[News, list[Due]]:
        """Take reads, and return what of them is news; for each of `found`, which of its reads are.

        To take them again changes nothing but that their tags are due again until `recorded` was called.
        """
        news, dues = News(), []
        locations = dict.fromkeys(each.location_id for each in found)
        for location_id in locations:
            place = self._places.pop(location_id, None) or _Place(location_id, self.rules)
            self._places[location_id] = place
        for each in found:
            place = self._places[each.location_id]
            due, sights = self._news(place.evidence, each, self._on_time(place, each, now))
            news.sights += sights
            dues.append(due)
        for location_id in locations:
            place = self._places[location_id]
            news.beliefs += place.evidence.settle(place.clock.now(now))
        self._forget_oldest()
        return news, dues

    def settle(self, now: datetime) -> list[Belief]:
        """Return what the passing of time has settled, without a read."""
        return [
            each for place in self._places.values() for each in place.evidence.settle(place.clock.now(now))
        ]

    def recorded(self, books: Books, sights: Iterable[Sight]) -> None:
        """Note what the rows of tags say now. Call after the commit."""
        sighted = {(each.location_id, each.epc): each for each in sights}
        entered = books.entered_tags()
        by_location: dict[str, list[Tag]] = {}
        for tag in books.tags.values():
            by_location.setdefault(tag.location_id, []).append(tag)
        for location_id, tags in by_location.items():
            if (place := self._places.get(location_id)) is not None:
                keys = [(location_id, tag.epc) for tag in tags]
                place.evidence.load(
                    [(tag, sighted.get(key), key in entered) for tag, key in zip(tags, keys, strict=True)]
                )

    def forget(self, keys: Iterable[Key]) -> None:
        """Tags whose state changed by other than reads: their next read counts."""
        by_location: dict[str, list[bytes]] = {}
        for location_id, epc in keys:
            by_location.setdefault(location_id, []).append(epc)
        for location_id, epcs in by_location.items():
            if (place := self._places.get(location_id)) is not None:
                rows = place.evidence.rows_of(epcs)
                place.evidence.forget(rows[rows >= 0])

    def location_time(self, location_id: str, now: datetime) -> datetime:
        """Return the time that the reads of a location have come to."""
        place = self._places.get(location_id)
        return place.clock.now(now) if place is not None else now

    def locations(self) -> list[str]:
        return list(self._places)

    def has_left(self, tag: Tag, time: datetime) -> bool:
        """Tell whether a tag that was seen at an exit has left, when it was not seen inside until `time`.

        A tag that lies near the door is read there too: the readers inside must have had their chance.
        """
        if tag.exit_time is None:
            return False
        rules = self.rules
        if rules.exit_confirm_s == 0:
            return True
        waited_s = (time - tag.exit_time).total_seconds() - rules.lateness_s
        place = self._places.get(tag.location_id)
        if waited_s < rules.exit_confirm_s or place is None:
            return waited_s >= rules.exit_confirm_s
        unread = place.evidence.unread(tag)
        epochs = min(unread.epochs, waited_s / unread.cadence_s)
        window = float(window_epochs(unread.rate, rules.exit_miss_probability))
        return epochs >= window or waited_s >= rules.exit_most_s

    def absence(self, tag: Tag, now: datetime) -> TagState | None:
        """Return what a counted tag has become by not being read; None while it may only have been missed.

        What counts is the time in which the readers of its zone saw something, in terms of how often they
        see this tag: a silent reader makes no tag missing, and a shielded tag is given longer.
        """
        place = self._places.get(tag.location_id)
        if place is None:
            return None
        rules = self.rules
        age_s = (place.clock.now(now) - tag.last_seen_time).total_seconds()
        unread = place.evidence.unread(tag)

        def is_over(miss_probability: float, least_s: float, most_s: float) -> bool:
            window = min(float(window_epochs(unread.rate, miss_probability)), most_s / unread.cadence_s)
            return age_s >= least_s and unread.epochs >= window

        if is_over(rules.missing_miss_probability, rules.missing_least_s, rules.missing_most_s):
            return TagState.MISSING
        if is_over(rules.unconfirmed_miss_probability, rules.unconfirmed_least_s, rules.unconfirmed_most_s):
            return TagState.UNCONFIRMED
        return None

    def nbytes(self) -> int:
        return sum(place.evidence.nbytes for place in self._places.values())

    def _on_time(self, place: _Place, found: Placed, now: datetime) -> Ints:
        """Return the times of reads as a right clock would have told them, and set the location's clock."""
        reader = self._readers.get(found.reader_id)
        if reader is None:
            reader = self._readers[found.reader_id] = ReaderClock(
                self.rules.lateness_s, self.rules.max_skew_s
            )
        starts = np.flatnonzero(np.diff(found.batches, prepend=-1))
        corrections = []
        for each in np.maximum.reduceat(found.times_us, starts).tolist():
            newest = from_us(each)
            location_now = place.clock.now(now) if place.clock.read_time is not None else None
            correction = reader.correction(newest, location_now, now)
            place.clock.advance(newest + correction, now)
            corrections.append(correction)
        if not any(corrections):
            return found.times_us
        by_us = np.array([each // MICROSECOND for each in corrections])
        corrected: Ints = found.times_us + np.repeat(by_us, np.diff(starts, append=len(found)))
        return corrected

    def _news(self, evidence: Evidence, found: Placed, times_us: Ints) -> tuple[Due, list[Sight]]:
        """Weigh reads; returns which must be written now, and the sights that they come to."""
        rows = evidence.rows(found.epcs)
        zones = np.array([evidence.zone(zone, kind) for zone, kind in found.zones])[found.zone]
        rssi = found.rssi_cdbm.astype(np.int64)
        epochs = evidence.add(rows, zones, rssi, times_us)
        ticks = evidence.ticks(times_us).astype(np.int32)
        c = evidence.columns
        due: Flags = epochs >= c["due"][rows]
        kinds = {kind for _, kind in found.zones}
        if not kinds & {ZoneKind.EXIT, ZoneKind.TRANSITION}:
            np.maximum.at(c["seen"], rows, ticks)
        else:
            passes = (rssi == 0) | (rssi >= self.rules.passage_rssi_cdbm)
            is_exit = np.array([kind is ZoneKind.EXIT for _, kind in found.zones])[found.zone]
            is_way = np.array([kind is ZoneKind.TRANSITION for _, kind in found.zones])[found.zone]
            np.maximum.at(c["seen"], rows[~is_exit], ticks[~is_exit])
            np.maximum.at(c["passed"], rows[is_way & passes], ticks[is_way & passes])
            leaves = is_exit & passes & ((ticks > c["exit_written"][rows]) | ~c["known"][rows])
            due = due & ~is_exit | leaves
        first = np.zeros(len(rows), dtype=np.bool_)
        if not due.any():
            return Due(due, first), []
        news, positions = np.unique(rows[due], return_index=True)
        first[np.flatnonzero(due)[positions]] = True
        # All reads of a tag that is due make its sight.
        of = np.flatnonzero(np.isin(rows, news)) if len(news) < len(rows) else np.arange(len(rows))
        sights = self._sights(evidence, found, rows[of], of, times_us[of])
        for row, batch in zip(
            news.tolist(), found.batches[first][np.argsort(rows[first])].tolist(), strict=True
        ):
            sights[row].batch = batch
        return Due(due, first), list(sights.values())

    def _sights(
        self, evidence: Evidence, found: Placed, rows: Ints, of: Ints, times_us: Ints
    ) -> dict[int, Sight]:
        """Reduce the reads at the places `of` to a sight a row."""
        c = evidence.columns
        sights = reduce(
            found.location_id,
            zip(
                rows.tolist(),
                [found.zones[zone] for zone in found.zone[of].tolist()],
                times_us.tolist(),
                found.rssi_cdbm[of].tolist(),
                strict=True,
            ),
            self.rules.passage_rssi_cdbm,
        )
        for row, sight in sights.items():
            sight.epc = evidence.epc(row)
            sight.reader_id = found.reader_id
            if not c["fresh"][row]:
                sight.read_rate = float(c["rate"][row])
                sight.level_cdbm = round(float(c["level"][row]) * 100)
            if sight.exit_time is not None:
                # What came before it, and was not worth a row then, may be later than it.
                sight.seen_time = latest(sight.seen_time, evidence.time(int(c["seen"][row])))
                sight.passage_time = latest(sight.passage_time, evidence.time(int(c["passed"][row])))
        return sights

    def _forget_oldest(self) -> None:
        """Keep below the limit of memory by forgetting the location that was heard longest ago."""
        total = sum(len(place.evidence) for place in self._places.values())
        while total > self._max_tags and len(self._places) > 1:
            oldest = next(iter(self._places))
            total -= len(self._places.pop(oldest).evidence)
