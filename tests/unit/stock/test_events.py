"""What a transaction did, as events."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from onhand.api.stock.v1 import events_pb2 as pb
from onhand.kit.clock import SystemClock
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    INSIDE,
    Bucket,
    Cell,
    CellKey,
    Reservation,
    ReservationLine,
    ReservationState,
    Tag,
    TagState,
)
from onhand.stock.domain.reservations import hold

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def appeared(**counts: int) -> Books:
    """Have so many tags appear at each location."""
    cells = [
        Cell(CellKey(location, "i1"), dict.fromkeys(INSIDE, 0), 0, 0, 0, 0, NOW, 0) for location in counts
    ]
    books = Books(cells, [], actor="a", document="d", occur_time=NOW, new_id=SystemClock().uuid)
    for number in range(max(counts.values())):
        for location, count in counts.items():
            if number < count:
                epc = number.to_bytes(12)
                tag = books.add_tag(Tag(location, epc, None, TagState.PRESENT, NOW, "floor", NOW, NOW))
                books.enter(tag, "i1", NOW)
    return books


def held(count: int) -> tuple[Books, list[Reservation]]:
    """Have so many reservations hold a unit each, of a cell each."""
    keys = [CellKey("s1", f"i{number:03}") for number in range(count)]
    cells = [Cell(key, {**dict.fromkeys(INSIDE, 0), Bucket.SELLABLE: 5}, 0, 0, 0, 0, NOW, 0) for key in keys]
    books = Books(cells, [], actor="a", document="d", occur_time=NOW, new_id=SystemClock().uuid)
    return books, [
        Reservation(UUID(int=number), ReservationState.HELD, hold_units(books, key), "web", "", "", NOW, NOW)
        for number, key in enumerate(keys)
    ]


def hold_units(books: Books, key: CellKey) -> list[ReservationLine]:
    return hold(books, [(key, 1)], allow_partial=False, ignore_safety_stock=False)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, [("reservation_changed", 1), ("balance_changed", 1)]),
        (3, [("reservations_changed", 3), ("balances_changed", 3)]),
        (
            events.MAX_CHANGES + 1,
            [
                ("reservations_changed", events.MAX_CHANGES),
                ("reservation_changed", 1),
                ("balances_changed", events.MAX_CHANGES),
                ("balance_changed", 1),
            ],
        ),
    ],
)
def test_what_changes_together_is_one_event_up_to_its_limit_and_reservations_come_before_their_cells(
    count: int, told: list[tuple[str, int]]
) -> None:
    books, reservations = held(count)
    made = events.of_books(books, SystemClock(), reservations)
    names = [each.subject.removeprefix("onhand.stock.") for each in made]
    payloads = [getattr(each.message, name) for name, each in zip(names, made, strict=True)]
    assert [
        (name, len(getattr(each, "changes", "1"))) for name, each in zip(names, payloads, strict=True)
    ] == told
    changes = [list(getattr(each, "changes", [each])) for each in payloads]
    cells = [each for part in changes for each in part if isinstance(each, pb.BalanceChanged)]
    assert [each.item_id for each in cells] == [f"i{number:03}" for number in range(count)]
    assert {(each.available_before, each.available_after, each.reserved) for each in cells} == {(5, 4, 1)}


def test_tags_of_a_location_that_change_together_are_one_event_up_to_its_limit() -> None:
    made = events.of_books(appeared(s1=1, s2=3, s3=events.MAX_CHANGES + 2), SystemClock())
    said = [each.message for each in made if "tag" in each.subject]
    assert [each.subject for each in made if "tag" in each.subject] == [
        "onhand.stock.tag_changed",
        *["onhand.stock.tags_changed"] * 3,
    ]
    alone, *several = said
    assert alone.tag_changed.tag.location_id == "s1"  # type: ignore[attr-defined]
    told = [
        [(each.tag.location_id, each.tag.epc_hex) for each in event.tags_changed.changes]  # type: ignore[attr-defined]
        for event in several
    ]
    everything = [("s3", number.to_bytes(12).hex().upper()) for number in range(events.MAX_CHANGES + 2)]
    assert told == [
        [("s2", number.to_bytes(12).hex().upper()) for number in range(3)],
        everything[: events.MAX_CHANGES],
        everything[events.MAX_CHANGES :],
    ]
