"""Cells in arrays against a dictionary."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.stock.domain.model import CellKey
from onhand.stock.view import cells as module
from onhand.stock.view.cells import MOST, NOWHERE, Cells

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
NAMES = st.sampled_from([f"n{number}" for number in range(12)])


@given(st.lists(st.tuples(NAMES, NAMES, st.integers(-5, 5))), st.integers(1, 8))
def test_cells_are_found_again_however_they_were_sorted_in(
    puts: list[tuple[str, str, int]], recent: int
) -> None:
    cells, model = Cells(), dict[tuple[str, str], int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RECENT", recent)
        for location_id, item_id, sellable in puts:
            cells.put(cells.place(location_id, item_id), SECONDS, sellable, 1, 2, 3, 4)
            model[location_id, item_id] = sellable
    assert len(cells) == len(model)
    for number in range(12):
        for other in range(12):
            location_id, item_id = f"n{number}", f"n{other}"
            slot = cells.slot(location_id, item_id)
            if (location_id, item_id) in model:
                assert cells.sellable[slot] == model[location_id, item_id]
                assert cells.key(slot) == CellKey(location_id, item_id)
            else:
                assert slot == NOWHERE
        found = {location for _, location in cells.of_item(f"n{number}")}
        assert found == {location for location, item in model if item == f"n{number}"}


def test_only_cells_touched_since_are_dirty() -> None:
    cells = Cells()
    for number in range(5):
        cells.place("s", f"i{number}")
    cells.touched[3] = 7
    slots = np.array([4, 3, 0], np.int32)
    assert list(cells.dirty(slots, 6)) == [1]
    assert list(cells.dirty(slots, 7)) == []


def test_more_units_than_fit_are_told_as_the_most() -> None:
    cells = Cells()
    slot = cells.place("s", "i")
    cells.put(slot, SECONDS, 10**12, 10**12, 0, 0, 0)
    assert (cells.sellable[slot], cells.unavailable[slot]) == (MOST, MOST)
    assert cells.confirm_time(slot) == NOW


@given(st.sets(st.tuples(NAMES, NAMES)), st.integers(1, 5))
def test_cells_that_come_in_parts_are_as_those_that_come_one_by_one(
    names: set[tuple[str, str]], size: int
) -> None:
    rows = [
        (location_id, item_id, number, 1, 2, 3, 4, SECONDS, 9, 5)
        for number, (location_id, item_id) in enumerate(sorted(names))
    ]
    cells = Cells()
    for start in range(0, len(rows), size):
        cells.extend(rows[start : start + size])
    cells.sort()
    cells.place("new", "new")
    for location_id, item_id, number, *_ in rows:
        slot = cells.slot(location_id, item_id)
        assert (cells.sellable[slot], cells.revision[slot], cells.version[slot]) == (number, 9, 5)
        assert cells.confirm_time(slot) == NOW
    assert cells.slot("new", "new") == len(rows)
