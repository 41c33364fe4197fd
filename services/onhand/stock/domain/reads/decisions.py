"""What the tracker lets through, held against the books.

Whatever is kept of a tag's sights is the latest time of each kind, so that reads within the lateness limit
may come in any order, and twice, and lead to the same books.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import COUNTED, CellKey, Reason, Tag, TagState, ZoneKind
from onhand.stock.domain.reads.rules import (
    MOST_STRENGTH_DB,
    UNKNOWN_STRENGTH_DB,
    Rules,
    window_epochs,
)
from onhand.stock.domain.reads.sights import UNKNOWN_RSSI, Belief, Sight, latest
from onhand.stock.domain.reads.tracker import News, Tracker

ELSEWHERE = COUNTED | {TagState.MISSING}
"""States in which another location has a claim to a tag."""
SETTLED = ("stock", "settled")
"""Actor and paper of what rests on the evidence of many reads."""
GONE = frozenset({TagState.SOLD, TagState.SHIPPED})


def record(
    books: Books,
    news: News,
    items: Mapping[bytes, str | None] | Mapping[bytes, str],
    elsewhere: Mapping[bytes, Tag],
    tracker: Tracker,
    actors: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Hold all news against the books, in the order in which it happened.

    `actors` says who posted for each reader, whose name stands for a paper. `items` gives the item of each
    EPC of a known one. `elsewhere` has the rows, among those of `books`, of tags to which another location
    than the one that reads them now has a claim.
    """
    for sight in sorted(news.sights, key=lambda each: (latest(each.seen_time, each.exit_time), each.epc)):
        books.actor, books.document = actors.get(sight.reader_id, ""), sight.reader_id
        observe(books, sight, items.get(sight.epc), _still(books, elsewhere.get(sight.epc)), tracker)
    books.actor, books.document = SETTLED
    for belief in news.beliefs:
        admit(books, belief, items.get(belief.epc), _still(books, elsewhere.get(belief.epc)), tracker)


def _is_weak(sight: Sight, rules: Rules) -> bool:
    """Tell whether a sight may be through a wall."""
    return UNKNOWN_RSSI < sight.rssi_cdbm < rules.stray_rssi_cdbm


def _still(books: Books, elsewhere: Tag | None) -> Tag | None:
    """Return the locked row of a tag elsewhere; None when it ceased to be there before the lock."""
    tag = books.tags.get((elsewhere.location_id, elsewhere.epc)) if elsewhere is not None else None
    return tag if tag is not None and tag.item_id is not None and tag.state in ELSEWHERE else None


def observe(books: Books, sight: Sight, item_id: str | None, elsewhere: Tag | None, tracker: Tracker) -> None:
    """Hold one sight against what is known of its tag."""
    rules = tracker.rules
    tag = books.tags.get((sight.location_id, sight.epc))
    if tag is None:
        _meet(books, sight, item_id, elsewhere, rules)
        return
    if sight.seen_time is not None and tracker.has_left(tag, sight.seen_time):
        confirm_exit(books, tag, rules)  # it had left, and is here again
    seen, last_seen = sight.seen_time, tag.last_seen_time
    is_later = seen is not None and seen > last_seen
    if is_later and seen is not None:
        books.sight(tag, tag.zone_id or sight.zone_id, seen, sight.level_cdbm or tag.rssi_cdbm)
    if sight.read_rate is not None:
        tag.read_rate = sight.read_rate
    _pass(books, tag, sight, rules)
    if not is_later or item_id is None or (tag.item_id is not None and tag.state in COUNTED):
        return
    if elsewhere is not None and tag.item_id is None:
        tag.item_id, tag.state = item_id, TagState.DEPARTED
    if elsewhere is not None or not _counts_at_once(books, tag, sight, last_seen, rules):
        return  # evidence decides, not one sight
    if sight.rest_time is not None:
        books.sight(tag, sight.zone_id, tag.last_seen_time, sight.rssi_cdbm)
    books.enter(tag, item_id, tag.last_seen_time)


def _counts_at_once(books: Books, tag: Tag, sight: Sight, last_seen: datetime, rules: Rules) -> bool:
    """Tell whether one sight is enough for a tag that does not count here."""
    if tag.item_id is None:
        return True  # its item has become known
    if _is_weak(sight, rules) or tag.state is TagState.DEPARTED:
        return False
    if tag.state is TagState.MISSING:
        # Sooner, it was seen at the exit then, and the reader inside only has another clock.
        return tag.last_seen_time > last_seen + _skew(rules)
    return _may_return(books, tag, sight, rules)


def admit(
    books: Books,
    belief: Belief,
    item_id: str | None,
    elsewhere: Tag | None,
    tracker: Tracker,
) -> None:
    """A tag is in another zone by the evidence, or is here and was not counted."""
    rules = tracker.rules
    tag = books.tags.get((belief.location_id, belief.epc))
    if tag is None:
        return
    tag.read_rate = belief.read_rate
    books.sight(tag, belief.zone_id, belief.time, belief.rssi_cdbm)
    if not belief.is_here or item_id is None or tag.state in COUNTED:
        return
    if _is_old(tag, belief, rules) or (tag.state in GONE and not _is_back(tag, belief, rules)):
        return
    if elsewhere is not None:
        if elsewhere.state in COUNTED and not _has_crossed(elsewhere, belief, rules):
            return
        books.leave(elsewhere, Reason.CROSSED, belief.time)
    elif tag.state is TagState.DEPARTED:
        tag.item_id = None  # nobody has parted with it: it appears
    books.enter(tag, item_id, belief.time)


def confirm_exit(books: Books, tag: Tag, rules: Rules) -> None:
    """A tag that was seen at an exit was waited for: it has left unless it was seen inside since."""
    if tag.exit_time is None:
        return
    exit_time = tag.exit_time
    if not _is_inside_again(tag, rules):
        # A later read inside by a clock that is a little off must not find it again.
        tag.last_seen_time = max(tag.last_seen_time, exit_time)
        books.leave(tag, Reason.LEFT, exit_time)
    books.clear_exit(tag)


def doubt(books: Books, tag: Tag, state: TagState, now: datetime) -> None:
    """A tag was not read for so long that it is now in `state`."""
    if state is TagState.MISSING and tag.state in COUNTED:
        books.leave(tag, Reason.VANISHED, now)
    elif state is TagState.UNCONFIRMED and tag.state is TagState.PRESENT:
        books.doubt(tag, now)


def _meet(books: Books, sight: Sight, item_id: str | None, elsewhere: Tag | None, rules: Rules) -> None:
    """A tag is seen here for the first time."""
    time = latest(sight.seen_time, sight.exit_time)
    if time is None:
        return
    rssi = 0 if sight.rssi_cdbm == UNKNOWN_RSSI else sight.rssi_cdbm
    tag = books.add_tag(
        Tag(sight.location_id, sight.epc, None, TagState.PRESENT, time, sight.zone_id, time, time, rssi)
    )
    if item_id is None:
        return
    if elsewhere is not None or _is_weak(sight, rules) or sight.seen_time is None:
        tag.item_id, tag.state = item_id, TagState.DEPARTED  # counts nothing until evidence says more
        return
    books.enter(tag, item_id, sight.seen_time)
    _pass(books, tag, sight, rules)


def _pass(books: Books, tag: Tag, sight: Sight, rules: Rules) -> None:
    """Note that a tag passed an exit, or the inner side of one."""
    if sight.passage_time is not None:
        tag.passage_time = latest(tag.passage_time, sight.passage_time)
    if tag.state in COUNTED and tag.item_id is not None and sight.exit_time is not None:
        books.pass_exit(tag, max(tag.exit_time or sight.exit_time, sight.exit_time))
    if tag.exit_time is not None:
        if _is_inside_again(tag, rules):
            books.clear_exit(tag)
        elif rules.exit_confirm_s == 0:
            confirm_exit(books, tag, rules)


def _is_inside_again(tag: Tag, rules: Rules) -> bool:
    """Tell whether a tag was seen inside after the exit.

    The two antennas of a portal are of one reader and one clock: there the order is the direction. Another
    reader's clock may be a little off.
    """
    assert tag.exit_time is not None  # noqa: S101  - callers have looked
    inwards = tag.passage_time is not None and tag.passage_time > tag.exit_time
    return inwards or tag.last_seen_time > tag.exit_time + _skew(rules)


def _may_return(books: Books, tag: Tag, sight: Sight, rules: Rules) -> bool:
    """Tell whether a sold tag that is seen once was brought back, as against only being on its way out."""
    assert tag.item_id is not None  # noqa: S101  - only what counted was sold
    if books.cells[CellKey(tag.location_id, tag.item_id)].unidentified > 0:
        return True  # a return by bar code waits for its tag
    seen = sight.rest_time
    grace = timedelta(seconds=rules.sold_grace_s)
    return rules.return_dwell_s == 0 and seen is not None and seen - tag.state_time >= grace


def _is_old(tag: Tag, belief: Belief, rules: Rules) -> bool:
    """Tell whether the evidence is of before the tag ceased to count here."""
    if tag.state is TagState.MISSING:
        return belief.time <= tag.state_time + _skew(rules)
    return belief.time < tag.state_time


def _is_back(tag: Tag, belief: Belief, rules: Rules) -> bool:
    """Tell whether a sold tag was brought back: it lies where goods lie, and has for long."""
    since_grace_s = (belief.time - tag.state_time).total_seconds() - rules.sold_grace_s
    rests = belief.kind in (ZoneKind.SALES_FLOOR, ZoneKind.BACK_ROOM)
    return rests and min(belief.dwell_s, since_grace_s) >= rules.return_dwell_s


def _has_crossed(elsewhere: Tag, belief: Belief, rules: Rules) -> bool:
    """Tell whether a tag that counts elsewhere has come here.

    Either it is read much better here than there, or it has not been read there for as long as it never
    goes unread, and is not read much worse here.
    """
    here = _quality(belief.rssi_cdbm, belief.read_rate, rules)
    there = _quality(elsewhere.rssi_cdbm, elsewhere.read_rate, rules)
    if here >= rules.cross_ratio * there:
        return True
    window_s = float(window_epochs(elsewhere.read_rate, rules.miss_probability)) * rules.epoch_s
    quiet_s = max(rules.cross_quiet_s, min(window_s, rules.missing_least_s))
    quiet = (belief.time - elsewhere.last_seen_time).total_seconds() >= quiet_s
    return quiet and here * rules.cross_ratio >= there


def _quality(rssi_cdbm: int, read_rate: float, rules: Rules) -> float:
    """Return how well a tag is read: strength above the floor, an epoch in which readers looked."""
    strength = UNKNOWN_STRENGTH_DB if rssi_cdbm == 0 else (rssi_cdbm - rules.rssi_floor_cdbm) / 100
    return min(max(strength, 1.0), MOST_STRENGTH_DB) * read_rate


def _skew(rules: Rules) -> timedelta:
    return timedelta(seconds=rules.reader_skew_s)
