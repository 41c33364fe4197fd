"""The reads of an epoch until it is settled, at 16 bytes each and few of each tag."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

COMPACT = 1 << 15
"""Reads kept before repeats among them are dropped for the first time."""
_RSSI_BITS, _ZONE_BITS, _TIME_BITS = 16, 7, 32
_LEAST_RSSI = -(1 << _RSSI_BITS - 1)
_MILLISECOND_US = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What an epoch's reads come to."""

    rows: Ints  # shape (n,), rising
    zones: Ints  # shape (n,)
    rssi_cdbm: Ints  # shape (n,); strongest read of that tag in that zone
    last_rows: Ints  # shape (m,), rising
    last_us: Ints  # shape (m,); time of the last read of that tag, in whole milliseconds


class OpenEpoch:
    """Keeps the strongest read of each tag in each zone, and the time of the last of each tag.

    Each read is two numbers that sort by tag, zone and strength, and by tag and time: repeats are dropped by
    sorting, which costs the less a read the more there are.
    """

    def __init__(self, start_us: int) -> None:
        self._start_us = start_us
        self._strengths: list[Ints] = []
        self._times: list[Ints] = []
        self._kept = 0
        self._limit = COMPACT

    @property
    def nbytes(self) -> int:
        return 16 * self._kept

    def add(self, rows: Ints, zones: Ints, rssi_cdbm: Ints, times_us: Ints) -> None:
        places = rows << _ZONE_BITS | zones
        self._strengths.append(places << _RSSI_BITS | rssi_cdbm - _LEAST_RSSI)
        self._times.append(rows << _TIME_BITS | (times_us - self._start_us) // _MILLISECOND_US)
        self._kept += len(rows)
        if self._kept > self._limit:
            self._compact()

    def reduced(self) -> Seen:
        self._compact()
        (strengths,), (times,) = self._strengths, self._times
        places = strengths >> _RSSI_BITS
        return Seen(
            places >> _ZONE_BITS,
            places & (1 << _ZONE_BITS) - 1,
            (strengths & (1 << _RSSI_BITS) - 1) + _LEAST_RSSI,
            times >> _TIME_BITS,
            self._start_us + (times & (1 << _TIME_BITS) - 1) * _MILLISECOND_US,
        )

    def _compact(self) -> None:
        self._strengths = [_last_of_each(self._strengths, _RSSI_BITS)]
        self._times = [_last_of_each(self._times, _TIME_BITS)]
        self._kept = max(len(self._strengths[0]), len(self._times[0]))
        self._limit = self._kept + max(COMPACT, self._kept // 2)


def _last_of_each(chunks: list[Ints], bits: int) -> Ints:
    """Sort, and keep of the numbers that are equal above some bits the highest."""
    numbers = np.sort(np.concatenate(chunks))
    heads = numbers >> bits
    ends = np.append(heads[1:] != heads[:-1], True)
    kept: Ints = numbers[ends]
    return kept
