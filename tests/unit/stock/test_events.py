"""What a transaction did, as events."""

from datetime import UTC, datetime

from onhand.kit.clock import SystemClock
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import INSIDE, Cell, CellKey, Tag, TagState

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


def test_tags_of_a_location_that_change_together_are_one_event_up_to_its_limit() -> None:
    made = events.of_books(appeared(s1=1, s2=3, s3=events.MAX_TAGS + 2), SystemClock())
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
    everything = [("s3", number.to_bytes(12).hex().upper()) for number in range(events.MAX_TAGS + 2)]
    assert told == [
        [("s2", number.to_bytes(12).hex().upper()) for number in range(3)],
        everything[: events.MAX_TAGS],
        everything[events.MAX_TAGS :],
    ]
