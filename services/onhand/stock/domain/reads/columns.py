"""Reads as arrays: what makes a batch cheap is that no read of it becomes an object."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from onhand.stock.domain.model import ZoneKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
_STRONGEST = 32_767
"""Strengths are kept in 16 bits, in 0.01 dBm; no reader tells what goes beyond."""
# The secret of this process that Python salts its hashes with: nobody can make EPCs that share a row.
_SALT = np.uint64(hash("EPC") & 0xFFFF_FFFF_FFFF_FFFF)

Ints = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]


class RawRead(NamedTuple):
    """One read as a reader posts it."""

    epc: bytes
    antenna: int
    read_time: datetime
    rssi_cdbm: int


@dataclass(frozen=True, slots=True)
class ReadColumns:
    """n reads as a reader posts them. Their EPCs have one length."""

    epcs: Octets  # shape (n, length)
    antennas: Octets  # shape (n,)
    times_us: Ints  # shape (n,), microseconds since 1970
    rssi_cdbm: npt.NDArray[np.int16]  # shape (n,), 0 when unknown
    indexes: Ints  # shape (n,), where each was in its batch

    def __len__(self) -> int:
        return len(self.antennas)


@dataclass(frozen=True, slots=True)
class Placed:
    """Reads of one reader at one location, of one or several of its batches."""

    reader_id: str
    location_id: str
    zones: Sequence[tuple[str, ZoneKind]]
    """The zones that its antennas see."""
    batches: Ints  # shape (n,), rising: which batch each read is of
    epcs: Octets  # shape (n, length)
    zone: npt.NDArray[Any]  # shape (n,), index in `zones`
    times_us: Ints  # shape (n,)
    rssi_cdbm: npt.NDArray[np.int16]  # shape (n,)

    def __len__(self) -> int:
        return len(self.batches)


def in_columns(reads: Iterable[RawRead]) -> list[ReadColumns]:
    """Put reads into columns, those of one EPC length together."""
    by_length: dict[int, list[tuple[int, RawRead]]] = {}
    for index, read in enumerate(reads):
        by_length.setdefault(len(read.epc), []).append((index, read))
    columns = []
    for length, found in by_length.items():
        strengths = np.fromiter((read.rssi_cdbm for _, read in found), np.int64, len(found))
        columns.append(
            ReadColumns(
                np.frombuffer(b"".join(read.epc for _, read in found), np.uint8).reshape(-1, length),
                np.fromiter((read.antenna for _, read in found), np.uint8, len(found)),
                np.fromiter((to_us(read.read_time) for _, read in found), np.int64, len(found)),
                np.clip(strengths, -_STRONGEST, _STRONGEST).astype(np.int16),
                np.fromiter((index for index, _ in found), np.int64, len(found)),
            )
        )
    return columns


def to_us(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def hashes(epcs: Octets) -> Ints:
    """Hash n EPCs of one length to 64 bits each, with the finaliser of SplitMix64 (Steele and others, 2014)."""
    count, length = epcs.shape
    words = np.zeros((count, -(-length // 8) * 8), dtype=np.uint8)
    words[:, :length] = epcs
    mixed = np.full(count, _SALT ^ np.uint64(length), dtype=np.uint64)
    for word in words.view(np.uint64).T:
        mixed ^= word
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed.view(np.int64)


def hashes_of(epcs: Sequence[bytes]) -> Ints:
    """Hash EPCs of any lengths."""
    found = np.empty(len(epcs), dtype=np.int64)
    by_length: dict[int, list[int]] = {}
    for index, epc in enumerate(epcs):
        by_length.setdefault(len(epc), []).append(index)
    for length, indexes in by_length.items():
        octets = np.frombuffer(b"".join([epcs[index] for index in indexes]), np.uint8)
        found[indexes] = hashes(octets.reshape(-1, length))
    return found
