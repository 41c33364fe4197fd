"""All cells in arrays: some 60 bytes a cell, where an object would take ten times as much."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from onhand.stock.domain.model import CellKey

MOST = 2**31 - 1
"""Quantities are kept in 32 bits: more units than this in one cell are told as this many."""
RECENT = 50_000
"""New cells kept in a dictionary before they are sorted in; bounds what the dictionary takes."""
_COLUMN_BITS = 20
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NOWHERE = -1
"""The slot of a cell that was never counted."""


class Cells:
    """Each cell has a slot, which it keeps; a number of it stands at that slot in the number's array."""

    def __init__(self) -> None:
        self.sellable = array("i")
        self.unavailable = array("i")
        self.in_transit = array("i")
        self.reserved = array("i")
        self.committed = array("i")
        self.confirmed = array("I")
        """Seconds since 1970."""
        self.revision = array("q")
        self.version = array("I")
        self.touched = array("q")
        """The number of the view's change that last touched the cell."""
        self._rows: dict[str, int] = {}
        self._columns: dict[str, int] = {}
        self._items: list[str] = []
        self._locations: list[str] = []
        self._keys = array("q")
        """Sorted; the slot of each stands at the same place of `_slots`."""
        self._slots = array("i")
        self._recent: dict[int, int] = {}
        self._keys_of = array("q")
        """By slot."""

    def __len__(self) -> int:
        return len(self.touched)

    def slot(self, location_id: str, item_id: str) -> int:
        """Return where a cell stands, or NOWHERE."""
        row, column = self._rows.get(item_id), self._columns.get(location_id)
        return NOWHERE if row is None or column is None else self._find(row << _COLUMN_BITS | column)

    def _find(self, key: int) -> int:
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            return self._slots[at]
        return self._recent.get(key, NOWHERE)

    def place(self, location_id: str, item_id: str) -> int:
        """Return where a cell stands, making room for one that is new; its version is 0 then."""
        key = self._row(item_id) << _COLUMN_BITS | self._column(location_id)
        slot = self._find(key)
        if slot == NOWHERE:
            slot = self._recent[key] = len(self.touched)
            self._keys_of.append(key)
            for numbers in self._numbers():
                numbers.append(0)
            if len(self._recent) > RECENT:
                self.sort()
        return slot

    def extend(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add cells of which none is here yet: location, item, five quantities, then as the arrays say.

        They are found after the next `sort`.
        """
        location_ids, item_ids, *values = zip(*rows, strict=True)
        keys = np.array(
            [
                self._row(item_id) << _COLUMN_BITS | self._column(location_id)
                for location_id, item_id in zip(location_ids, item_ids, strict=True)
            ],
            np.int64,
        )
        self._keys_of.frombytes(keys.tobytes())
        for numbers, column in zip(self._numbers(), (*values, [0] * len(keys)), strict=True):
            least = 0 if numbers is self.confirmed else -MOST
            most = 2**62 if numbers.itemsize == 8 else MOST  # noqa: PLR2004 - bytes of a 64-bit number
            numbers.frombytes(
                np.clip(np.array(column, np.int64), least, most).astype(numbers.typecode).tobytes()
            )

    def put(
        self,
        slot: int,
        confirmed: int,
        sellable: int,
        unavailable: int,
        in_transit: int,
        reserved: int,
        committed: int,
    ) -> None:
        self.sellable[slot] = max(-MOST, min(sellable, MOST))
        self.unavailable[slot] = min(unavailable, MOST)
        self.in_transit[slot] = min(in_transit, MOST)
        self.reserved[slot] = min(reserved, MOST)
        self.committed[slot] = min(committed, MOST)
        self.confirmed[slot] = max(0, confirmed)

    def sort(self) -> None:
        """Make the cells that came since findable by search, and empty the dictionary of recent ones."""
        keys = np.frombuffer(self._keys_of, np.int64)
        order = np.argsort(keys, kind="stable")
        self._keys = array("q", keys[order].tobytes())
        self._slots = array("i", order.astype(np.int32).tobytes())
        self._recent = {}

    def every(self) -> Iterator[tuple[int, CellKey]]:
        """Yield all slots with their cells."""
        for slot in range(len(self)):
            yield slot, self.key(slot)

    def key(self, slot: int) -> CellKey:
        key = self._keys_of[slot]
        return CellKey(self._locations[key & _COLUMN_MASK], self._items[key >> _COLUMN_BITS])

    def of_item(self, item_id: str) -> Iterator[tuple[int, str]]:
        """Yield the slots of an item, each with its location."""
        row = self._rows.get(item_id)
        if row is None:
            return
        first = bisect_left(self._keys, row << _COLUMN_BITS)
        for at in range(first, bisect_left(self._keys, (row + 1) << _COLUMN_BITS)):
            yield self._slots[at], self._locations[self._keys[at] & _COLUMN_MASK]
        for key, slot in self._recent.items():
            if key >> _COLUMN_BITS == row:
                yield slot, self._locations[key & _COLUMN_MASK]

    def dirty(self, slots: "np.ndarray[tuple[int], np.dtype[np.int32]]", since: int) -> Iterable[int]:
        """Return the positions in `slots` of cells that were touched after the change `since`."""
        if not self.touched:
            return ()
        touched = np.frombuffer(self.touched, np.int64)
        return np.flatnonzero(touched[slots] > since).tolist()

    def confirm_time(self, slot: int) -> datetime:
        return _EPOCH + timedelta(seconds=self.confirmed[slot])

    def _row(self, item_id: str) -> int:
        row = self._rows.get(item_id)
        if row is None:
            row = self._rows[item_id] = len(self._items)
            self._items.append(item_id)
        return row

    def _column(self, location_id: str) -> int:
        column = self._columns.get(location_id)
        if column is None:
            column = self._columns[location_id] = len(self._locations)
            self._locations.append(location_id)
        return column

    def _numbers(self) -> tuple["array[int]", ...]:
        return (
            self.sellable,
            self.unavailable,
            self.in_transit,
            self.reserved,
            self.committed,
            self.confirmed,
            self.revision,
            self.version,
            self.touched,
        )
