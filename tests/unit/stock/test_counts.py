"""The rules of counts, one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.unit.stock.test_books import KEY, books, cell

from onhand.stock.domain.counts import (
    Change,
    Count,
    CountKind,
    CountState,
    ItemFacts,
    Line,
    LineKind,
    Sight,
    Tally,
    Tolerance,
    difference,
    judge,
    settle,
    tally,
)
from onhand.stock.domain.model import Bucket, Tag, TagState

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EPC = b"\x30" * 12
TOLERANCE = Tolerance(sight_refresh=MINUTE, sold_grace=30 * MINUTE, cross_quiet=timedelta(seconds=30))
COUNT = Count(UUID(int=1), "s1", CountKind.HANDHELD, (), (), CountState.OPEN, "", "test", START, START + HOUR)
FLOOR_ONLY = replace(COUNT, zone_ids=("floor",))


def tag(
    state: TagState = TagState.PRESENT,
    *,
    seen: timedelta = -2 * HOUR,
    since: timedelta = -2 * HOUR,
    zone: str = "floor",
) -> Tag:
    return Tag("s1", EPC, "i1", state, START + since, zone, START + seen, START + seen)


def sight(at: timedelta = MINUTE, zone: str = "") -> Sight:
    return Sight(EPC, "i1", zone, START + at, -5000)


ELSEWHERE = replace(tag(seen=-HOUR), location_id="s2")
SEEN_THERE_SINCE = replace(tag(seen=2 * MINUTE), location_id="s2")
CASES = [
    ("seen where it is", COUNT, tag(), sight(), None, LineKind.MATCHED),
    ("seen in another zone", COUNT, tag(), sight(zone="back"), None, LineKind.MISPLACED),
    ("moved on after it was seen", COUNT, tag(seen=2 * MINUTE), sight(zone="back"), None, LineKind.MATCHED),
    ("not seen", COUNT, tag(), None, None, LineKind.MISSING),
    ("not seen, doubted before", COUNT, tag(TagState.UNCONFIRMED), None, None, LineKind.MISSING),
    ("not seen but by a fixed reader", COUNT, tag(seen=MINUTE), None, None, LineKind.MATCHED),
    ("not seen, in a zone not counted", FLOOR_ONLY, tag(zone="back"), None, None, None),
    ("unknown and seen", COUNT, None, sight(), None, LineKind.FOUND),
    ("counts elsewhere and seen", COUNT, None, sight(), ELSEWHERE, LineKind.FOUND),
    ("seen elsewhere after that", COUNT, None, sight(), SEEN_THERE_SINCE, None),
    ("missing and seen", COUNT, tag(TagState.MISSING), sight(), None, LineKind.FOUND),
    ("left after it was seen", COUNT, tag(TagState.MISSING, seen=2 * MINUTE), sight(), None, None),
    ("sold after it was seen", COUNT, tag(TagState.SOLD, since=2 * MINUTE), sight(), None, None),
    ("sold just before", COUNT, tag(TagState.SOLD, since=-MINUTE), sight(), None, None),
    ("sold long before", COUNT, tag(TagState.SOLD), sight(), None, LineKind.FOUND),
    ("sold and not seen", COUNT, tag(TagState.SOLD), None, None, None),
    ("dispatched after it was seen", COUNT, tag(TagState.DEPARTED, since=2 * MINUTE), sight(), None, None),
    ("dispatched and still here", COUNT, tag(TagState.DEPARTED), sight(), None, LineKind.FOUND),
]


@pytest.mark.parametrize(
    ("count", "known", "seen", "elsewhere", "kind"),
    [each[1:] for each in CASES],
    ids=[each[0] for each in CASES],
)
def test_a_tag_is_judged_by_when_it_was_seen_and_when_it_changed(
    count: Count, known: Tag | None, seen: Sight | None, elsewhere: Tag | None, kind: LineKind | None
) -> None:
    assert judge(count, known, seen, elsewhere, 0, TOLERANCE) is kind


def test_a_sold_tag_is_found_at_once_when_a_return_by_bar_code_waits_for_it() -> None:
    assert judge(COUNT, tag(TagState.SOLD, since=-MINUTE), sight(), None, 1, TOLERANCE) is LineKind.FOUND


def change(at: timedelta, units: int) -> Change:
    return Change(START + at, units, units, by_tag=False)


@pytest.mark.parametrize(
    ("counted", "booked", "changes", "surplus"),
    [
        (10, 10, [], 0),
        (8, 10, [], -2),
        (10, 8, [change(5 * MINUTE, -2)], 0),  # sold after the counting
        (10, 8, [change(-MINUTE, -2)], 2),  # sold before it
        (10, 13, [change(5 * MINUTE, 3)], 0),
        (10, 8, [change(MINUTE, -2)], 0),  # sold between the two shelves: before or after it was counted
        (8, 8, [change(MINUTE, -2)], 0),
        (7, 8, [change(MINUTE, -2)], -1),
        (11, 8, [change(MINUTE, -2)], 1),
        (10, 12, [change(MINUTE, 2)], 0),
    ],
)
def test_only_what_no_movement_explains_is_a_difference(
    counted: int, booked: int, changes: list[Change], surplus: int
) -> None:
    """Two shelves were counted, at the start and two minutes later."""
    assert difference(counted, booked, changes, START, START + 2 * MINUTE) == surplus


def test_a_found_tag_is_one_of_the_units_that_had_no_tag_when_it_was_seen() -> None:
    sold_since = Change(START + 2 * MINUTE, -1, -1, by_tag=False)
    facts = ItemFacts(KEY, "", tagged=True, sights={EPC: sight()}, changes=[sold_since])
    counted = books(
        cell(0, unidentified=0)
    )  # one was received by bar code; it was sold after its tag was seen
    lines = settle(counted, COUNT, facts, TOLERANCE, START + HOUR)
    assert [line.kind for line in lines] == [LineKind.FOUND]
    assert counted.movements == []
    assert counted.cells[KEY].unidentified == -1


def test_units_whose_tags_nobody_saw_are_missing_after_a_count_of_everything() -> None:
    facts = ItemFacts(KEY, "", tagged=True)
    counted = books(cell(3))
    lines = settle(counted, COUNT, facts, TOLERANCE, START + HOUR)
    assert [(line.kind, line.quantity) for line in lines] == [(LineKind.MISSING, 3)]
    assert counted.cells[KEY].buckets[Bucket.MISSING] == 3
    untouched = books(cell(3))
    assert settle(untouched, FLOOR_ONLY, facts, TOLERANCE, START + HOUR) == []


def test_accuracy_is_told_in_units_and_in_items() -> None:
    def line(kind: LineKind, quantity: int) -> Line:
        return Line(kind, "i1", None, quantity, "", "")

    result = Tally()
    result.add(tally([line(LineKind.MATCHED, 7), line(LineKind.MISPLACED, 1), line(LineKind.MISSING, 2)]))
    result.add(tally([line(LineKind.MATCHED, 10)]))
    assert (result.matched, result.misplaced, result.items, result.right_items) == (18, 1, 2, 1)
    assert (result.unit_accuracy_percent, result.item_accuracy_percent) == (90, 50)
    assert (Tally().unit_accuracy_percent, Tally().item_accuracy_percent) == (100, 100)
