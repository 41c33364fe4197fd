"""Counts: what people and readers saw, held against the books while business goes on.

Nothing is frozen during a count. Each tag is judged by times instead:

- A tag that the count did not see is missing only if nothing else saw it since the count began either:
  receipts, returns and readers all renew `last_seen_time`.
- A tag that the count saw and that does not count here was sold, shipped or lost after that sight, and then
  nothing is corrected; or before it, and then it is found.
- A quantity was true when it was counted; movements after that are taken back out of the books before the
  two are compared. Quantities of one item counted at several moments leave a span in which it is not known
  which shelf a sale came from: what such a sale can explain is no difference.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import COUNTED, Bucket, CellKey, Reason, Tag, TagState
from onhand.stock.domain.reads import UNKNOWN_RSSI


class CountKind(IntEnum):
    HANDHELD = 1
    FULL_PASS = 2
    QUANTITIES = 3


class CountState(IntEnum):
    OPEN = 1
    FINISHING = 2
    FINISHED = 3
    ABANDONED = 4
    EXPIRED = 5


class LineKind(IntEnum):
    MATCHED = 1
    MISSING = 2
    FOUND = 3
    MISPLACED = 4
    UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How exactly times are known, each from the setting of its name."""

    sight_refresh: timedelta
    """Sights that repeat one another are written this often: one of so long before the start stands for later
    ones."""
    sold_grace: timedelta
    """A sold tag may still be seen on its way out for this long, and the tags of a delivery on their way in."""
    cross_quiet: timedelta
    """A tag must have been unseen this long where it was before it is believed to be here."""


@dataclass(slots=True)
class Tally:
    """What a count found, in units."""

    matched: int = 0
    """Misplaced ones included."""
    missing: int = 0
    found: int = 0
    misplaced: int = 0
    unknown: int = 0
    items: int = 0
    right_items: int = 0
    """Items of which nothing was missing and nothing found."""

    @property
    def unit_accuracy_percent(self) -> float:
        units = self.matched + self.missing + self.found
        return 100 * self.matched / units if units else 100.0

    @property
    def item_accuracy_percent(self) -> float:
        return 100 * self.right_items / self.items if self.items else 100.0

    def add(self, other: "Tally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Count:
    count_id: UUID
    location_id: str
    kind: CountKind
    zone_ids: tuple[str, ...]
    """Empty: the whole location."""
    item_classes: tuple[str, ...]
    """Empty: every item."""
    state: CountState
    title: str
    actor: str
    start_time: datetime
    expire_time: datetime
    """When it expires unless it is touched."""
    close_time: datetime | None = None
    """When it was decided to finish it."""
    end_time: datetime | None = None
    progress_item_id: str = ""
    """While finishing: the last item whose differences are applied."""
    result: Tally | None = None

    @property
    def reads_tags(self) -> bool:
        return self.kind is not CountKind.QUANTITIES

    @property
    def whole_location(self) -> bool:
        return not self.zone_ids


@dataclass(frozen=True, slots=True)
class Sight:
    """A tag as the count saw it."""

    epc: bytes
    item_id: str | None
    zone_id: str
    """Empty: nobody said."""
    sight_time: datetime
    rssi_cdbm: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """Units of an item that a person counted in one spot."""

    item_id: str
    zone_id: str
    spot: str
    quantity: int
    count_time: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A movement of a cell."""

    occur_time: datetime
    units: int
    """Into (above 0) or out of (below 0) the sellable units."""
    here: int
    """Into or out of the units that lie in the location, set aside or not."""
    by_tag: bool


@dataclass(slots=True)
class ItemFacts:
    """Everything known about one item of a count."""

    key: CellKey
    item_class: str
    tagged: bool
    tags: list[Tag] = field(default_factory=list)
    """Tags of the item that count at the location, and rows of those that were seen."""
    sights: dict[bytes, Sight] = field(default_factory=dict)
    elsewhere: dict[bytes, Tag] = field(default_factory=dict)
    """Where tags that were seen count, if that is another location."""
    quantities: list[Quantity] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """At least those since the earliest moment that matters."""


@dataclass(frozen=True, slots=True)
class Line:
    """A difference, or a match."""

    kind: LineKind
    item_id: str
    epc: bytes | None
    quantity: int
    book_zone_id: str
    seen_zone_id: str


def settle(books: Books, count: Count, facts: ItemFacts, tolerance: Tolerance, now: datetime) -> list[Line]:
    """Bring one item's books to what the count saw, and say what differed.

    The item's cell is in `books`, and so are its tags.
    """
    lines: list[Line] = []
    if count.reads_tags:
        lines += _settle_tags(books, count, facts, tolerance, now)
    if facts.quantities:
        lines += _settle_quantity(books, count, facts, now)
    elif count.reads_tags and count.whole_location and facts.tagged:
        lines += _settle_untagged(books, count, facts, tolerance, now)
    if _confirms(count, facts):
        _confirm(books, facts.key, now)
    return lines


def tally(lines: Iterable[Line]) -> Tally:
    """Add up the lines of one item."""
    result = Tally(items=1)
    for line in lines:
        match line.kind:
            case LineKind.MISSING:
                result.missing += line.quantity
            case LineKind.FOUND:
                result.found += line.quantity
            case LineKind.UNKNOWN:
                result.unknown += line.quantity
            case _:
                result.matched += line.quantity
                result.misplaced += line.quantity * (line.kind is LineKind.MISPLACED)
    result.right_items = int(not result.missing and not result.found)
    return result


# Tags


def _settle_tags(
    books: Books, count: Count, facts: ItemFacts, tolerance: Tolerance, now: datetime
) -> list[Line]:
    tags = {tag.epc: tag for tag in facts.tags}
    lines = []
    # What came in goes first: a tag that is found may be the unit that another tag's absence would settle.
    for epc in sorted(tags.keys() | facts.sights.keys(), key=lambda each: (each not in facts.sights, each)):
        tag, sight, other = tags.get(epc), facts.sights.get(epc), facts.elsewhere.get(epc)
        owes = books.cells[facts.key].unidentified
        kind = judge(count, tag, sight, other, owes, tolerance)
        if kind is None:
            continue
        before = tag.zone_id if tag is not None else ""
        lines.append(Line(kind, facts.key.item_id, epc, 1, before, sight.zone_id if sight else ""))
        if kind is LineKind.MISSING and tag is not None:
            books.leave(tag, Reason.COUNTED, now)
        elif kind is LineKind.FOUND and sight is not None:
            _find(books, facts, tag, sight, other)
        elif tag is not None and sight is not None and sight.sight_time > tag.last_seen_time:
            books.sight(tag, sight.zone_id or tag.zone_id, sight.sight_time, sight.rssi_cdbm or UNKNOWN_RSSI)
    return lines


def judge(
    count: Count,
    tag: Tag | None,
    sight: Sight | None,
    elsewhere: Tag | None,
    unidentified: int,
    tolerance: Tolerance,
) -> LineKind | None:
    """Say what one tag is to the count; None when it is none of the count's business.

    `tag` is its row at this location, `elsewhere` its row at another one where it counts now.
    """
    if tag is not None and tag.item_id is not None and tag.state in COUNTED:
        return _judge_counted(count, tag, sight, tolerance)
    if sight is None:
        return None
    if elsewhere is not None:
        here = sight.sight_time - elsewhere.last_seen_time >= tolerance.cross_quiet
        return LineKind.FOUND if here else None
    if tag is None or tag.item_id is None:
        return LineKind.FOUND
    match tag.state:
        case TagState.MISSING:
            found = sight.sight_time > tag.last_seen_time
        case TagState.DEPARTED:
            found = sight.sight_time > tag.state_time
        case _:  # sold or shipped: it may linger before it goes, unless a return by bar code waits for it
            grace = tolerance.sold_grace if unidentified <= 0 else tolerance.sold_grace * 0
            found = sight.sight_time - tag.state_time > grace
    return LineKind.FOUND if found else None


def _judge_counted(count: Count, tag: Tag, sight: Sight | None, tolerance: Tolerance) -> LineKind | None:
    if sight is not None:
        moved = sight.zone_id and tag.zone_id and sight.zone_id != tag.zone_id
        return LineKind.MISPLACED if moved and sight.sight_time > tag.last_seen_time else LineKind.MATCHED
    if count.zone_ids and tag.zone_id not in count.zone_ids:
        return None
    # Sights that repeat one another are written once in a while only: one of just before the start stands
    # for those after it.
    seen_since = tag.last_seen_time > count.start_time - tolerance.sight_refresh
    return LineKind.MATCHED if seen_since else LineKind.MISSING


def _find(books: Books, facts: ItemFacts, tag: Tag | None, sight: Sight, elsewhere: Tag | None) -> None:
    """A tag is here that does not count here: as a unit that had no tag when it was seen, or as one more."""
    key, at, zone_id = facts.key, sight.sight_time, sight.zone_id
    rssi = sight.rssi_cdbm or UNKNOWN_RSSI
    if tag is None:
        tag = books.add_tag(
            Tag(key.location_id, sight.epc, None, TagState.PRESENT, at, zone_id, at, at, rssi)
        )
    else:
        books.sight(tag, zone_id or tag.zone_id, at, rssi)
    if elsewhere is not None:
        books.leave(elsewhere, Reason.CROSSED, at)
        if tag.item_id is None:
            tag.item_id, tag.state = key.item_id, TagState.DEPARTED
    since = sum(each.here for each in facts.changes if not each.by_tag and each.occur_time > at)
    unidentified = books.cells[key].unidentified - since
    books.enter(tag, key.item_id, at, Reason.COUNTED, unidentified=unidentified)


# Units without a tag


def _settle_quantity(books: Books, count: Count, facts: ItemFacts, now: datetime) -> list[Line]:
    cell = books.cells[facts.key]
    booked = cell.buckets[Bucket.SELLABLE]
    changes: Sequence[Change] = facts.changes
    if count.reads_tags:  # then people counted by hand what has no tag
        booked -= sum(
            1
            for tag in books.tags.values()
            if CellKey(tag.location_id, tag.item_id or "") == facts.key
            and tag.state in COUNTED
            and books.bucket_of(tag, facts.key.item_id) is Bucket.SELLABLE
        )
        changes = [each for each in changes if not each.by_tag]
    counted = sum(each.quantity for each in facts.quantities)
    times = [each.count_time for each in facts.quantities]
    surplus = difference(counted, booked, changes, min(times), max(times))
    _correct(books, facts.key, surplus, now)
    zones = {each.zone_id for each in facts.quantities}
    zone_id = zones.pop() if len(zones) == 1 else ""
    return [
        Line(kind, facts.key.item_id, None, units, "", zone_id)
        for kind, units in (
            (LineKind.MATCHED, counted - max(0, surplus)),
            (LineKind.MISSING, -surplus),
            (LineKind.FOUND, surplus),
        )
        if units > 0
    ]


def difference(counted: int, booked: int, changes: Iterable[Change], first: datetime, last: datetime) -> int:
    """Return how many units more than the books had were counted; below 0, fewer.

    `booked` is what the books have now. The counting took from `first` to `last`; of what moved between the
    two nobody knows whether it was counted, and as much of it is taken as makes the difference smallest.
    """
    least = most = booked
    for each in changes:
        if each.occur_time > last:
            least -= each.units
            most -= each.units
        elif each.occur_time > first:
            # It is in `booked`; counted may be what was there before it.
            least -= max(0, each.units)
            most -= min(0, each.units)
    return counted - min(max(counted, least), most)


def _settle_untagged(
    books: Books, count: Count, facts: ItemFacts, tolerance: Tolerance, now: datetime
) -> list[Line]:
    """All tags of an item whose every unit has one were looked for: what remains without a tag is not there.

    Below 0, more tags are there than units: what was sold by bar code is still here. What moved by quantity
    during the count, or so shortly before that its tags may still be on their way, may remain.
    """
    cell = books.cells[facts.key]
    since = count.start_time - tolerance.sold_grace
    moved = [each.here for each in facts.changes if not each.by_tag and each.occur_time > since]
    least = sum(units for units in moved if units < 0)
    most = sum(units for units in moved if units > 0)
    surplus = min(max(cell.unidentified, least), most) - cell.unidentified
    surplus = max(surplus, -max(0, cell.buckets[Bucket.SELLABLE]))
    if not surplus:
        return []
    _correct(books, facts.key, surplus, now)
    kind = LineKind.FOUND if surplus > 0 else LineKind.MISSING
    return [Line(kind, facts.key.item_id, None, abs(surplus), "", "")]


def _correct(books: Books, key: CellKey, surplus: int, now: datetime) -> None:
    """Move units without a tag: found ones come out of the missing ones first, then out of nowhere."""
    if surplus < 0:
        books.move(key, Bucket.SELLABLE, Bucket.MISSING, -surplus, Reason.COUNTED, occur_time=now)
        return
    missing = min(surplus, books.cells[key].buckets[Bucket.MISSING])
    for source, units in ((Bucket.MISSING, missing), (Bucket.SHRINK, surplus - missing)):
        if units:
            books.move(key, source, Bucket.SELLABLE, units, Reason.COUNTED, occur_time=now)


def _confirms(count: Count, facts: ItemFacts) -> bool:
    """Tell whether the count speaks of the whole cell, as against some zones of it."""
    if count.whole_location:
        return count.reads_tags or bool(facts.quantities)
    return all(
        tag.zone_id in count.zone_ids
        for tag in facts.tags
        if tag.item_id is not None and tag.state in COUNTED
    )


def _confirm(books: Books, key: CellKey, confirm_time: datetime) -> None:
    cell = books.cells[key]
    if confirm_time > cell.confirm_time:
        cell.confirm_time = confirm_time
        books.changed_cells.add(key)
