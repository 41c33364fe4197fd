"""The pure core driven as stock's use cases drive it, with dicts for tables."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol
from uuid import UUID

import numpy as np
from tests.simulation.world import GTINS, START, ZONES, Batch, Till, _checked

from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    COUNTED,
    INSIDE,
    Bucket,
    Cell,
    CellKey,
    Movement,
    Reason,
    Tag,
    TagEvent,
    TagState,
)
from onhand.stock.domain.reads import (
    ELSEWHERE,
    News,
    Placed,
    RawRead,
    Rules,
    Tracker,
    confirm_exit,
    doubt,
    in_columns,
    record,
)

SETTLE_S = 5
"""How often the jobs run: what a second is to the service."""
DOUBT_S = 60
ITEMS = {_checked(gtin): f"item-{index}" for index, gtin in enumerate(GTINS)}


class Wired(Protocol):
    """Something with readers."""

    def read_points(self) -> list[tuple[str, int, str, str]]:
        """Return reader, antenna, location and zone of each read point."""


class PureShop:
    def __init__(self, world: Wired, rules: Rules, items: Mapping[str, str] = ITEMS) -> None:
        self.rules = rules
        self._items_of = items
        """By GTIN."""
        self.tracker = Tracker(rules, 1_000_000)
        self.points = {(reader, port): (place, zone) for reader, port, place, zone in world.read_points()}
        self.kinds = {(place, zone): ZONES[zone] for place, zone in self.points.values()}
        self.cells: dict[CellKey, Cell] = {}
        self.tags: dict[tuple[str, bytes], Tag] = {}
        self.by_epc: dict[bytes, list[Tag]] = {}
        self.movements: list[Movement] = []
        self.tag_events: list[TagEvent] = []
        self._ids = count(1)
        self._items: dict[bytes, str | None] = {}
        self._settled = self._doubted = START - timedelta(days=1)

    def play(self, arrivals: Iterable[tuple[datetime, Batch | Till]]) -> None:
        for now, what in arrivals:
            self.take(what, now)
            self.tick(now)

    def take(self, what: Batch | Till, now: datetime) -> None:
        if isinstance(what, Till):
            self._book(what, now)
            return
        found = []
        for columns in in_columns(RawRead(*read) for read in what.reads):
            points = [self.points[what.reader_id, port] for port in columns.antennas.tolist()]
            zones = sorted({(zone, ZONES[zone]) for _, zone in points})
            (place,) = {place for place, _ in points}
            zone = np.array([zones.index((zone, ZONES[zone])) for _, zone in points])
            found.append(
                Placed(
                    what.reader_id,
                    place,
                    zones,
                    np.zeros_like(zone),
                    columns.epcs,
                    zone,
                    columns.times_us,
                    columns.rssi_cdbm,
                )
            )
        news, _ = self.tracker.take(found, now)
        if news.sights or news.beliefs:
            self._write(news, now)

    def tick(self, now: datetime) -> None:
        """Do what the jobs do."""
        if now - self._settled >= timedelta(seconds=SETTLE_S):
            self._settled = now
            self.settle(now)
        if now - self._doubted >= timedelta(seconds=DOUBT_S):
            self._doubted = now
            self._doubt(now)

    def settle(self, now: datetime) -> None:
        if beliefs := self.tracker.settle(now):
            self._write(News(beliefs=beliefs), now)
        waiting = [tag for tag in self.tags.values() if tag.exit_time is not None]
        due = [
            tag
            for tag in sorted(waiting, key=lambda each: (each.exit_time, each.epc))
            if self.tracker.has_left(tag, self.tracker.location_time(tag.location_id, now))
        ]
        self._change(due, now, lambda books, tag: confirm_exit(books, tag, self.rules))

    def _doubt(self, now: datetime) -> None:
        least = timedelta(seconds=min(self.rules.unconfirmed_least_s, self.rules.missing_least_s))
        old = [
            tag
            for tag in self.tags.values()
            if tag.item_id
            and tag.state in COUNTED
            and self.tracker.location_time(tag.location_id, now) - tag.last_seen_time >= least
        ]
        for tag in old:
            state = self.tracker.absence(tag, now)
            if state not in (None, tag.state):
                here = self.tracker.location_time(tag.location_id, now)
                self._change(
                    [tag], now, lambda books, tag, state=state, here=here: doubt(books, tag, state, here)
                )

    def _change(self, tags: list[Tag], now: datetime, change: Callable[[Books, Tag], None]) -> None:
        if not tags:
            return
        books = self._books(now, [(tag.location_id, tag.epc) for tag in tags])
        for tag in tags:
            change(books, tag)
        self._save(books)
        self.tracker.forget((tag.location_id, tag.epc) for tag in tags)

    def _write(self, news: News, now: datetime) -> None:
        here = {each.epc: each.location_id for each in (*news.sights, *news.beliefs)}
        elsewhere = {
            epc: tag
            for epc, place in here.items()
            for tag in sorted(self.by_epc.get(epc, ()), key=lambda each: each.state in COUNTED)
            if tag.location_id != place and tag.item_id and tag.state in ELSEWHERE
        }
        keys = {(place, epc) for epc, place in here.items()}
        keys |= {(tag.location_id, tag.epc) for tag in elsewhere.values()}
        books = self._books(now, keys)
        record(books, news, {epc: self.item(epc) for epc in here}, elsewhere, self.tracker)
        self._save(books)
        self.tracker.recorded(books, news.sights)

    def _book(self, till: Till, now: datetime) -> None:
        keys = [(till.location_id, till.epc)] if till.epc else []
        books = self._books(now, keys, [self._items_of[till.gtin]] if till.gtin else [], till.location_id)
        if till.gtin:
            key = CellKey(till.location_id, self._items_of[till.gtin])
            books.move(key, Bucket.SELLABLE, Bucket.CUSTOMER, 1, Reason.SOLD, occur_time=till.time)
        else:
            item = self.item(till.epc)
            assert item is not None
            tag = books.tags.get(keys[0]) or books.add_tag(
                Tag(*keys[0], None, TagState.PRESENT, till.time, "", till.time, till.time)
            )
            if till.kind == "sold":
                books.take_out(tag, item, Reason.SOLD, till.time)
            elif tag.item_id is None or tag.state not in COUNTED:
                books.enter(tag, item, till.time, Reason.RETURNED)
        self._save(books)
        self.tracker.forget(keys)

    def item(self, epc: bytes) -> str | None:
        if epc not in self._items:
            try:
                self._items[epc] = self._items_of.get(epc_codec.decode_binary(epc).gs1_key)
            except epc_codec.EpcError:
                self._items[epc] = None
        return self._items[epc]

    def _books(
        self,
        now: datetime,
        keys: Iterable[tuple[str, bytes]],
        items: Iterable[str] = (),
        location_id: str = "",
    ) -> Books:
        keys = list(keys)
        cells = {CellKey(place, item) for place, epc in keys if (item := self.item(epc))}
        cells |= {CellKey(location_id, item) for item in items}
        for key in cells - self.cells.keys():
            self.cells[key] = Cell(key, dict.fromkeys(INSIDE, 0), 0, 0, 0, 0, now, 0)
        return Books(
            [self.cells[key] for key in sorted(cells)],
            [self.tags[key] for key in sorted(keys) if key in self.tags],
            actor="simulation",
            document="",
            occur_time=now,
            new_id=lambda: UUID(int=next(self._ids)),
        )

    def _save(self, books: Books) -> None:
        for key in sorted(books.added_tags):
            self.tags[key] = books.tags[key]
            self.by_epc.setdefault(key[1], []).append(books.tags[key])
        self.movements += books.movements
        self.tag_events += books.tag_events

    # What it came to

    def balances(self) -> dict[tuple[str, str], tuple[int, ...]]:
        return {
            (key.location_id, key.item_id): (*(cell.buckets[each] for each in INSIDE), cell.unidentified)
            for key, cell in self.cells.items()
            if any(cell.buckets.values()) or cell.unidentified
        }

    def states(self) -> dict[tuple[str, bytes], tuple[TagState, str | None, str]]:
        return {key: (tag.state, tag.item_id, tag.zone_id) for key, tag in self.tags.items()}
