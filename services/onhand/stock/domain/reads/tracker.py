"""The memory of what was read: repeats are dropped here, and evidence is weighed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Read, Tag, TagState, ZoneKind
from onhand.stock.domain.reads.clocks import LocationClock, ReaderClock
from onhand.stock.domain.reads.evidence import Evidence
from onhand.stock.domain.reads.rules import Rules, window_epochs
from onhand.stock.domain.reads.sights import Belief, Sight, is_passage, latest, reduce

Kinds = dict[tuple[str, str], ZoneKind]
Key = tuple[str, bytes]


@dataclass(slots=True)
class News:
    """What of a batch must be written."""

    sights: list[Sight] = field(default_factory=list)
    beliefs: list[Belief] = field(default_factory=list)


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

    def take(self, reader_id: str, reads: Sequence[Read], kinds: Kinds, now: datetime) -> News:
        """Take a batch of one reader and return what of it is news."""
        news = News()
        if not reads:
            return news
        by_location: dict[str, list[Read]] = {}
        for read in reads:
            by_location.setdefault(read.location_id, []).append(read)
        for location_id, here in by_location.items():
            place = self._places.pop(location_id, None) or _Place(location_id, self.rules)
            self._places[location_id] = place
            timed = self._on_time(place, reader_id, here, now)
            news.sights += self._news(place.evidence, timed, kinds)
            place.clock.advance(max(each.read_time for each in timed), now)
            news.beliefs += place.evidence.settle(place.clock.now(now))
        self._forget_oldest()
        return news

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
            place = self._places.get(location_id)
            if place is None:
                continue
            rows = place.evidence.rows([tag.epc for tag in tags], add=False).tolist()
            for tag, row in zip(tags, rows, strict=True):
                if row >= 0:
                    key = (location_id, tag.epc)
                    place.evidence.load(tag, row, sighted.get(key), entered=key in entered)

    def forget(self, keys: Iterable[Key]) -> None:
        """Tags whose state changed by other than reads: their next read counts."""
        for location_id, epc in keys:
            place = self._places.get(location_id)
            if place is not None and (row := int(place.evidence.rows([epc], add=False)[0])) >= 0:
                place.evidence.columns["known"][row] = False

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

    def _on_time(self, place: _Place, reader_id: str, reads: list[Read], now: datetime) -> list[Read]:
        """Correct the times of a reader whose clock is off."""
        reader = self._readers.get(reader_id)
        if reader is None:
            reader = self._readers[reader_id] = ReaderClock(self.rules.lateness_s, self.rules.max_skew_s)
        newest = max(each.read_time for each in reads)
        location_now = place.clock.now(now) if place.clock.read_time is not None else None
        correction = reader.correction(newest, location_now, now)
        if not correction:
            return reads
        return [replace(each, read_time=each.read_time + correction) for each in reads]

    def _news(self, evidence: Evidence, reads: list[Read], kinds: Kinds) -> list[Sight]:
        """Weigh reads, and return the sights that must be written now."""
        rules = self.rules
        numbers = {
            zone: (evidence.zone(zone, kinds[location, zone]), kinds[location, zone])
            for location, zone in {(each.location_id, each.zone_id) for each in reads}
        }
        epcs = [each.epc for each in reads]
        rows = evidence.rows(epcs, add=True)
        zones = np.array([numbers[each.zone_id][0] for each in reads], dtype=np.int64)
        rssi = np.array([each.rssi_cdbm for each in reads], dtype=np.int64)
        times = np.array([each.read_time.timestamp() for each in reads])
        epochs = evidence.add(rows, zones, rssi / 100, times, epcs)
        is_exit = np.array([numbers[each.zone_id][1] is ZoneKind.EXIT for each in reads])
        strong = np.array([is_passage(each, rules.passage_rssi_cdbm) for each in rssi.tolist()])
        passes = is_exit & strong
        c = evidence.columns
        refresh = max(1, round(rules.sight_refresh_s / rules.epoch_s))
        due = ~is_exit & (epochs - c["written"][rows] >= refresh)
        due |= ~is_exit & c["pending"][rows]
        ticks = evidence.ticks(times)
        due |= passes & (ticks > c["exit_written"][rows])
        moves = strong & np.array([numbers[each.zone_id][1] is ZoneKind.TRANSITION for each in reads])
        np.maximum.at(c["seen"], rows[~is_exit], ticks[~is_exit].astype(np.int32))
        np.maximum.at(c["passed"], rows[moves], ticks[moves].astype(np.int32))
        due |= ~c["known"][rows] & (~is_exit | passes)
        if not due.any():
            return []
        news = set(rows[due].tolist())
        number_of = {epc: row for epc, row in zip(epcs, rows.tolist(), strict=True) if row in news}
        sights = reduce((read for read in reads if read.epc in number_of), kinds, rules.passage_rssi_cdbm)
        for sight in sights.values():
            row = number_of[sight.epc]
            if not c["fresh"][row]:
                sight.read_rate = float(c["rate"][row])
                sight.level_cdbm = round(float(c["level"][row]) * 100)
            if sight.exit_time is not None:
                # What came before it, and was not worth a row then, may be later than it.
                sight.seen_time = latest(sight.seen_time, evidence.time(int(c["seen"][row])))
                sight.passage_time = latest(sight.passage_time, evidence.time(int(c["passed"][row])))
        return list(sights.values())

    def _forget_oldest(self) -> None:
        """Keep below the limit of memory by forgetting the location that was heard longest ago."""
        total = sum(len(place.evidence) for place in self._places.values())
        while total > self._max_tags and len(self._places) > 1:
            oldest = next(iter(self._places))
            total -= len(self._places.pop(oldest).evidence)
