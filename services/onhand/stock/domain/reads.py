"""From reads to what they mean.

A batch is reduced to one sight a tag; a sight that repeats what is known is dropped; the others are held
against the tag's state. Read rates of 60-70 % a pass are normal, so that not being read means nothing here:
absence is the business of time (`onhand.stock.jobs`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import COUNTED, CellKey, Read, Reason, Tag, TagState, ZoneKind

UNKNOWN_RSSI = -20_000
"""Stands for a strength that the reader did not tell: weaker than any that one did, in 0.01 dBm."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters of the decisions, and what each trades against another."""

    smoothing_window: timedelta
    """Longer drops more repeats, and notices a change of zone later."""
    sight_refresh: timedelta
    """Longer writes less, and knows the last sight less exactly."""
    zone_hysteresis_cdb: int
    """Higher flaps less between two antennas that both see a tag, and follows a real move later."""
    sold_grace: timedelta
    """Longer ignores a sold tag that lingers at the till, and notices an undocumented return later."""
    cross_quiet: timedelta
    """Longer ignores a stray read through a wall, and notices a tag in its new location later."""
    cross_reads: int
    """More reads needed before a tag of another location is believed to be here."""


@dataclass(slots=True)
class Sight:
    """All reads of one tag at one location in a batch, reduced."""

    location_id: str
    epc: bytes
    zone_id: str
    """Of the strongest read."""
    read_time: datetime
    """Of the latest read."""
    rssi_cdbm: int
    count: int
    exit_read: bool
    """Any read was at an exit: the last thing that is seen of a tag."""


def reduce(
    reads: Iterable[Read], zone_kinds: dict[tuple[str, str], ZoneKind]
) -> dict[tuple[str, bytes], Sight]:
    """Reduce reads to one sight a tag and location: strongest zone, latest time.

    A read at an exit wins over a stronger one inside when it is the latest.
    """
    sights: dict[tuple[str, bytes], Sight] = {}
    for read in reads:
        rssi = read.rssi_cdbm or UNKNOWN_RSSI
        is_exit = zone_kinds.get((read.location_id, read.zone_id)) is ZoneKind.EXIT
        sight = sights.get((read.location_id, read.epc))
        if sight is None:
            sights[read.location_id, read.epc] = Sight(
                read.location_id, read.epc, read.zone_id, read.read_time, rssi, 1, is_exit
            )
            continue
        sight.count += 1
        later = read.read_time >= sight.read_time
        wins = (
            later
            if is_exit or sight.exit_read
            else rssi > sight.rssi_cdbm or (rssi == sight.rssi_cdbm and later)
        )
        if wins:
            sight.zone_id, sight.rssi_cdbm, sight.exit_read = read.zone_id, rssi, is_exit
        sight.read_time = max(sight.read_time, read.read_time)
    return sights


class RecentSights:
    """What was last written of each tag, to drop repeats without asking the database.

    Only a memory: losing it costs some writes, never a fact.
    """

    def __init__(self, rules: Rules, max_tags: int) -> None:
        self._rules = rules
        self._max_tags = max_tags
        self._known: dict[tuple[str, bytes], tuple[str, datetime]] = {}

    def is_repeat(self, sight: Sight) -> bool:
        """Tell whether this sight says nothing that is not written already."""
        known = self._known.get((sight.location_id, sight.epc))
        if known is None:
            return False
        zone_id, written = known
        age = sight.read_time - written
        if zone_id != sight.zone_id:
            return age < timedelta(0)
        return age < self._rules.sight_refresh

    def remember(self, sights: Iterable[Sight]) -> None:
        """Note what has been written. Call after the commit."""
        if len(self._known) > self._max_tags:
            self._known.clear()
        for sight in sights:
            self._known[sight.location_id, sight.epc] = (sight.zone_id, sight.read_time)

    def forget(self, epcs: Iterable[tuple[str, bytes]]) -> None:
        """Tags whose state changed by other than reads: their next read counts."""
        for key in epcs:
            self._known.pop(key, None)


def observe(
    books: Books,
    sight: Sight,
    item_id: str | None,
    kind: ZoneKind,
    elsewhere: Tag | None,
    rules: Rules,
) -> None:
    """Hold one sight against what is known of its tag.

    `elsewhere` is the tag's row at another location where it still counts; its cell is loaded too.
    """
    tag = books.tags.get((sight.location_id, sight.epc))
    seen_before = tag is not None
    if tag is None:
        tag = books.add_tag(
            Tag(
                sight.location_id,
                sight.epc,
                None,
                TagState.PRESENT,
                sight.read_time,
                sight.zone_id,
                sight.read_time,
                sight.read_time,
                sight.rssi_cdbm,
            )
        )
    elif sight.read_time <= tag.last_seen_time:
        return  # late or sent twice: what came after it has been taken already
    last_seen = tag.last_seen_time
    zone_id = _zone(tag, sight, kind, rules) if seen_before else sight.zone_id
    books.sight(tag, zone_id, sight.read_time, sight.rssi_cdbm)
    if item_id is None:
        return
    if kind is ZoneKind.EXIT:
        books.leave(tag, Reason.LEFT, sight.read_time)
        return
    if tag.item_id is not None and tag.state in COUNTED:
        return
    if _lingers(books, tag, sight, kind, item_id, rules):
        return
    if elsewhere is not None:
        if not _believed(sight, elsewhere, last_seen if seen_before else None, rules):
            tag.item_id, tag.state = item_id, TagState.DEPARTED
            return
        books.leave(elsewhere, Reason.CROSSED, sight.read_time)
        if tag.item_id is None:
            tag.item_id, tag.state = item_id, TagState.DEPARTED
    books.enter(tag, item_id, sight.read_time)


def _lingers(books: Books, tag: Tag, sight: Sight, kind: ZoneKind, item_id: str, rules: Rules) -> bool:
    """Tell whether a tag that was sold is only on its way out, as against brought back."""
    if tag.item_id is None or tag.state not in (TagState.SOLD, TagState.SHIPPED):
        return False
    if books.cells[CellKey(tag.location_id, item_id)].unidentified > 0:
        return False  # a return by bar code waits for its tag
    recent = sight.read_time - tag.state_time < rules.sold_grace
    return recent or kind not in (ZoneKind.SALES_FLOOR, ZoneKind.BACK_ROOM)


def _believed(sight: Sight, elsewhere: Tag, last_seen: datetime | None, rules: Rules) -> bool:
    """Tell whether a tag that counts elsewhere has come here, as against a stray read through a wall."""
    again = last_seen is not None and sight.read_time - last_seen < rules.cross_quiet * 10
    quiet = sight.read_time - elsewhere.last_seen_time >= rules.cross_quiet
    return quiet and (again or sight.count >= rules.cross_reads)


def _zone(tag: Tag, sight: Sight, kind: ZoneKind, rules: Rules) -> str:
    """Decide between the zone that is known and the one that was seen."""
    if kind is ZoneKind.TRANSITION:
        return tag.zone_id  # seen on the way; it rests where it was, or where it is seen next
    recent = sight.read_time - tag.last_seen_time < rules.smoothing_window
    stronger = sight.rssi_cdbm - tag.rssi_cdbm >= rules.zone_hysteresis_cdb
    if kind is ZoneKind.EXIT or not recent or stronger:
        return sight.zone_id
    return tag.zone_id
