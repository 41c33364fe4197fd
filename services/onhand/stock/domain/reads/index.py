"""EPC → row in a tenth of what a dict takes: a million tags must fit into little memory."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_ROW_BITS = 24
MAX_ROWS = 1 << _ROW_BITS
"""Tags that an index can tell apart."""
_ROW = np.uint32(MAX_ROWS - 1)
_EMPTY = np.uint32((1 << 32) - 1)
_UNKNOWN = -1
_LEAST = 1024
_AHEAD = np.arange(1, 5)


class TagIndex:
    """An open-addressed table from 64-bit hashes to rows, numbered from 0 in the order of their coming.

    An entry is a row and eight bits of its hash, in four bytes: the table of a million tags stays in a
    processor's cache. The hashes themselves are in order of the rows, and are looked at only where those eight
    bits agree.

    Two EPCs of one hash would share a row; among a million tags that happens once in tens of millions of
    such stores.
    """

    def __init__(self) -> None:
        self._hashes = np.zeros(_LEAST, dtype=np.int64)
        self._resize(_LEAST)
        self.count = 0

    @property
    def nbytes(self) -> int:
        return self._hashes.nbytes + self._entries.nbytes

    def rows(self, hashes: Ints, *, add: bool) -> Ints:
        """Return the row of each hash; unknown ones get new rows if `add`, else -1. Raises OverflowError."""
        found = self._find(hashes)
        if not add or not (new := found == _UNKNOWN).any():
            return found
        fresh, of = np.unique(hashes[new], return_inverse=True)
        if self.count + len(fresh) > MAX_ROWS - 1:
            raise OverflowError(f"more than {MAX_ROWS - 1} tags at one location")
        rows = np.arange(self.count, self.count + len(fresh))
        found[new] = rows[of]
        self.count += len(fresh)
        if self.count > len(self._hashes):
            grow(self, "_hashes", self.count)
        self._hashes[rows] = fresh
        if self.count * 2 > len(self._entries):  # fuller, and some would be looked for in very many places
            self._resize(1 << (2 * self.count - 1).bit_length())
            rows = np.arange(self.count)
        self._insert(rows)
        return found

    def _find(self, hashes: Ints) -> Ints:
        places = hashes & self._mask
        entries = self._entries[places]
        rows = (entries & _ROW).astype(np.int64)
        used = entries != _EMPTY
        # Most are where they begin to look: that is worth no look at the eight bits.
        hit = used & (self._hashes.take(rows, mode="clip") == hashes)
        found = np.where(hit, rows, _UNKNOWN)
        open_ = np.flatnonzero(used ^ hit)
        places, hashes = places[open_], hashes[open_]
        marks, steps = _marks(hashes)[:, None], _steps(hashes)[:, None]
        while len(open_):
            # A few places at once: most need but one or two more, and each look costs as much as some places.
            entries = self._entries[(places[:, None] + steps * _AHEAD) & self._mask]
            empty = entries == _EMPTY
            which, at = np.nonzero((entries ^ marks <= _ROW) & ~empty)
            rows = (entries[which, at] & _ROW).astype(np.int64)
            same = self._hashes[rows] == hashes[which]
            found[open_[which[same]]] = rows[same]
            # A hash that is there was found before the first empty place, for nothing is ever taken out.
            on = ~empty.any(axis=1)
            on[which[same]] = False
            places = places + steps[:, 0] * len(_AHEAD)
            open_, places, hashes, marks, steps = (each[on] for each in (open_, places, hashes, marks, steps))
        return found

    def _insert(self, rows: Ints) -> None:
        """Insert rows that are not there yet."""
        entries = _marks(self._hashes[rows]) | rows.astype(np.uint32)
        places, steps = self._hashes[rows] & self._mask, _steps(self._hashes[rows])
        open_ = np.arange(len(rows))
        while len(open_):
            free = open_[self._entries[places[open_]] == _EMPTY]
            self._entries[places[free]] = entries[free]  # of several that want a place, the last gets it
            open_ = open_[self._entries[places[open_]] != entries[open_]]
            places[open_] = (places[open_] + steps[open_]) & self._mask

    def _resize(self, size: int) -> None:
        self._mask = size - 1
        self._entries = np.full(size, _EMPTY, dtype=np.uint32)


def _marks(hashes: Ints) -> npt.NDArray[np.uint32]:
    """Return the eight bits of each hash that its entry has above the row."""
    return (hashes.view(np.uint64) >> np.uint64(56)).astype(np.uint32) << np.uint32(_ROW_BITS)


def _steps(hashes: Ints) -> Ints:
    """Return how far each hash goes on to its next place.

    By odd numbers it comes to all places of a power of 2, and hashes that begin at one place part there.
    """
    return hashes >> 24 | 1


def grow(holder: object, name: str, count: int) -> None:
    """Give an array more rows where it lies: a copy would leave holes in memory as large as itself.

    Nothing may look at the array meanwhile, which is why it is named: there is no view of it between reads.
    """
    array: npt.NDArray[np.generic] = getattr(holder, name)
    more = max(count - len(array), len(array) // 8)
    array.resize((len(array) + more, *array.shape[1:]), refcheck=False)
