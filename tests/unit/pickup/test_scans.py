"""What may be picked for a line, and what stock is told of it afterwards."""

from datetime import UTC, datetime

import pytest

from onhand.kit.errors import InvalidGtin, WrongProduct
from onhand.pickup.domain.departure import MAX_EPCS, Goods, whole_departure
from onhand.pickup.domain.scans import Sighting, check_gtin, gtin14, tag_of
from onhand.pickup.domain.task import Assignment, Kind, State, Task, TaskLine

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LINE = TaskLine("1", "shirt", 2)
HERE = Sighting("30AB", "shirt", "store", here=True)


def test_a_tag_of_the_item_in_this_store_is_the_one() -> None:
    elsewhere = Sighting("30AB", "shirt", "other", here=False)
    assert tag_of("urn:epc:…", [elsewhere, HERE], "store", LINE) == "30AB"


@pytest.mark.parametrize(
    ("sightings", "says"),
    [
        ([], "not in stock here"),
        ([Sighting("30AB", "shirt", "other", here=True)], "of other"),
        ([Sighting("30AB", "shirt", "store", here=False)], "not in stock here"),
        ([Sighting("30AB", "trousers", "store", here=True)], "item trousers"),
        ([Sighting("30AB", "", "store", here=True)], "item unknown"),
    ],
)
def test_any_other_tag_is_the_wrong_product(sightings: list[Sighting], says: str) -> None:
    with pytest.raises(WrongProduct, match=says) as raised:
        tag_of("30ab", sightings, "store", LINE)
    assert raised.value.expected == "shirt"


def test_a_bar_code_in_any_length_means_its_item() -> None:
    item_gtins = ["00614141007349", "00000096385074"]
    for scanned in ("614141007349", "0614141007349", "00614141007349", "96385074", " 96385074\n"):
        check_gtin(scanned, item_gtins, LINE)
    with pytest.raises(WrongProduct):
        check_gtin("4006381333931", item_gtins, LINE)


@pytest.mark.parametrize(
    "scanned", ["", "123", "61414100734X", "614141007348", "614141007349" * 2, "٦١٤١٤١٠٠٧٣٤٩"]
)
def test_a_malformed_bar_code_is_said_to_be_one(scanned: str) -> None:
    with pytest.raises(InvalidGtin):
        gtin14(scanned)


def collected(*lines: TaskLine) -> Task:
    assignment = Assignment("t", "o", "store", Kind.COLLECT, "r", NOW, "", b"")
    return Task(assignment, State.COLLECTED, lines, NOW, NOW)


def test_what_left_adds_up_by_item() -> None:
    task = collected(
        TaskLine("1", "shirt", 3, picked=2, short=1, epcs=("B",)),
        TaskLine("2", "hat", 1, cancelled=1),
        TaskLine("3", "shirt", 1, picked=1, epcs=("A",)),
        TaskLine("4", "belt", 1, picked=1),
    )
    assert whole_departure(task).goods == (Goods("belt", 1), Goods("shirt", 3, ("A", "B")))


def test_no_line_names_more_tags_than_stock_takes() -> None:
    epcs = tuple(f"{number:08X}" for number in range(MAX_EPCS + 5))
    parts = whole_departure(collected(TaskLine("1", "shirt", 2_000, picked=1_500, epcs=epcs))).goods
    assert [(part.quantity, len(part.epcs)) for part in parts] == [(MAX_EPCS, MAX_EPCS), (500, 5)]
    assert sum((part.epcs for part in parts), ()) == epcs
