"""The reads of an epoch until it is settled, at 8 bytes each and few of each tag."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

COMPACT = 1 << 15
"""Reads kept before repeats among them are dropped for the first time."""
_ROW_BITS, _ZONE_BITS, _RSSI_BITS, _TIME_BITS = 26, 7, 16, 14
_LEAST_RSSI = -(1 << _RSSI_BITS - 1)
_PLACE_SHIFT = _RSSI_BITS + _TIME_BITS
_TIMES = (1 << _TIME_BITS) - 1
_MILLISECOND_US = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What an epoch's reads come to."""

    rows: Ints  # shape (n,), rising
    zones: Ints  # shape (n,)
    rssi_cdbm: Ints  # shape (n,); strongest read of that tag in that zone
    last_rows: Ints  # shape (m,), rising
    last_us: Ints  # shape (m,); time of the last read of that tag, in whole milliseconds or coarser


class OpenEpoch:
    """Keeps the strongest read of each tag in each zone, and the time of the last one there.

    Each read is a number that sorts by tag, zone and strength: repeats are dropped by sorting, which costs the
    less a read the more there are.
    """

    def __init__(self, start_us: int, length_us: int) -> None:
        self._start_us = start_us
        # An epoch of up to 16 s in milliseconds; of a longer one the times are coarser.
        self._unit_us = _MILLISECOND_US * max(1, -(-length_us // (_TIMES * _MILLISECOND_US)))
        self._reads: list[Ints] = []
        self._kept = 0
        self._limit = COMPACT

    @property
    def nbytes(self) -> int:
        return 8 * self._kept

    def add(self, rows: Ints, zones: Ints, rssi_cdbm: Ints, times_us: Ints) -> None:
        places = rows << _ZONE_BITS | zones
        times = (times_us - self._start_us) // self._unit_us
        self._reads.append((places << _RSSI_BITS | rssi_cdbm - _LEAST_RSSI) << _TIME_BITS | times)
        self._kept += len(rows)
        if self._kept > self._limit:
            self._compact()

    def reduced(self) -> Seen:
        self._compact()
        (reads,) = self._reads
        places = reads >> _PLACE_SHIFT
        rows = places >> _ZONE_BITS
        starts = _starts(rows)
        last = np.maximum.reduceat(reads & _TIMES, starts) if len(starts) else starts
        return Seen(
            rows,
            places & (1 << _ZONE_BITS) - 1,
            (reads >> _TIME_BITS & (1 << _RSSI_BITS) - 1) + _LEAST_RSSI,
            rows[starts],
            self._start_us + last * self._unit_us,
        )

    def _compact(self) -> None:
        """Keep of each tag in each zone one number: of its strongest read, with the time of its last."""
        reads = np.concatenate(self._reads)
        self._reads = []
        reads.sort()
        starts = _starts(reads >> _PLACE_SHIFT)
        if len(starts) < len(reads):
            last = np.maximum.reduceat(reads & _TIMES, starts)
            ends = np.append(starts[1:], len(reads)) - 1
            reads = reads[ends] & ~_TIMES | last
        self._reads = [reads]
        self._kept = len(reads)
        self._limit = self._kept + max(COMPACT, self._kept)


def _starts(sorted_: Ints) -> Ints:
    """Return where each value begins."""
    begins = np.ones(len(sorted_), dtype=np.bool_)
    np.not_equal(sorted_[1:], sorted_[:-1], out=begins[1:])
    return np.flatnonzero(begins)
