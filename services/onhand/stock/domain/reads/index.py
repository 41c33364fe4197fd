"""EPC → row in a fifth of what a dict takes: a million tags must fit into little memory."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_EMPTY = -1


class TagIndex:
    """An open-addressed table from 64-bit hashes to rows, numbered from 0 in the order of their coming.

    Two EPCs of one hash would share a row; among a million tags that happens once in tens of millions of
    such stores, and then costs them precision.
    """

    def __init__(self) -> None:
        self._resize(1024)
        self.count = 0

    @property
    def nbytes(self) -> int:
        return self._keys.nbytes + self._rows.nbytes

    def rows(self, hashes: Ints, *, add: bool) -> Ints:
        """Return the row of each hash; unknown ones get new rows if `add`, else -1."""
        found = self._find(hashes)
        if not add or not (new := found < 0).any():
            return found
        fresh = np.unique(hashes[new])
        if (self.count + len(fresh)) * 10 > len(self._keys) * 7:
            self._grow(self.count + len(fresh))
        self._insert(fresh, np.arange(self.count, self.count + len(fresh), dtype=np.int32))
        self.count += len(fresh)
        return self._find(hashes)

    def _find(self, hashes: Ints) -> Ints:
        places = hashes & self._mask
        found = np.full(len(hashes), _EMPTY, dtype=np.int64)
        open_ = np.arange(len(hashes))
        while len(open_):
            rows = self._rows[places[open_]]
            hit = (rows != _EMPTY) & (self._keys[places[open_]] == hashes[open_])
            found[open_[hit]] = rows[hit]
            open_ = open_[(rows != _EMPTY) & ~hit]
            places[open_] = (places[open_] + 1) & self._mask
        return found

    def _insert(self, hashes: Ints, rows: npt.NDArray[np.int32]) -> None:
        """Insert hashes that are not there yet, each once."""
        places = hashes & self._mask
        open_ = np.arange(len(hashes))
        while len(open_):
            free = open_[self._rows[places[open_]] == _EMPTY]
            self._rows[places[free]] = rows[free]  # of several that want a place, the last gets it
            won = free[self._rows[places[free]] == rows[free]]
            self._keys[places[won]] = hashes[won]
            open_ = np.setdiff1d(open_, won, assume_unique=True)
            places[open_] = (places[open_] + 1) & self._mask

    def _grow(self, count: int) -> None:
        used = self._rows != _EMPTY
        hashes, rows = self._keys[used], self._rows[used]
        self._resize(1 << int(np.ceil(np.log2(count * 2))))
        self._insert(hashes, rows)

    def _resize(self, size: int) -> None:
        self._mask = size - 1
        self._keys = np.zeros(size, dtype=np.int64)
        self._rows = np.full(size, _EMPTY, dtype=np.int32)
