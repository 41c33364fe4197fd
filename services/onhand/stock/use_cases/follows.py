"""Who follows a tag: reads of it as they come, before anything is decided about them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from onhand.kit.errors import LimitReached
from onhand.stock.domain.model import ZoneKind
from onhand.stock.domain.reads import ReadColumns
from onhand.stock.domain.reads.columns import from_us

MAX_FOLLOWS = 1_000
"""Of one process; protects the way in, where each batch is looked through for each tag that is followed."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One read of a tag that is followed."""

    epc: bytes
    location_id: str
    read_time: datetime
    zone_id: str
    reader_id: str
    rssi_cdbm: int


class Follow:
    """One who follows; keeps the latest sight until it is asked for."""

    def __init__(self, location_id: str) -> None:
        self.location_id = location_id
        self._latest: Sight | None = None
        self._seen = asyncio.Event()

    def tell(self, sight: Sight) -> None:
        self._latest = sight
        self._seen.set()

    async def next(self) -> Sight:
        """Return the latest sight once there is one that was not told."""
        while self._latest is None:
            self._seen.clear()
            await self._seen.wait()
        sight, self._latest = self._latest, None
        return sight


class Follows:
    """All who follow tags in this process, and the tags that are followed in others."""

    def __init__(self) -> None:
        self._by_epc: dict[bytes, list[Follow]] = {}
        self._elsewhere = frozenset[bytes]()
        self._tell_others: Callable[[Sight], None] = lambda _: None
        self.begun = asyncio.Event()
        """Set when somebody begins to follow."""

    @property
    def epcs(self) -> list[bytes]:
        """The tags that are followed in this process."""
        return list(self._by_epc)

    def share(self, epcs: Iterable[bytes], tell: Callable[[Sight], None]) -> None:
        """Tell of reads of these tags too, which are followed in other processes."""
        self._elsewhere, self._tell_others = frozenset(epcs), tell

    @contextmanager
    def follow(self, location_id: str, epc: bytes) -> Iterator[Follow]:
        """Follow a tag; raises LimitReached when too many do."""
        if sum(map(len, self._by_epc.values())) >= MAX_FOLLOWS:
            raise LimitReached(f"{MAX_FOLLOWS} followed tags of one process")
        follow = Follow(location_id)
        self._by_epc.setdefault(epc, []).append(follow)
        self.begun.set()
        try:
            yield follow
        finally:
            self._by_epc[epc].remove(follow)
            if not self._by_epc[epc]:
                del self._by_epc[epc]

    def see(
        self,
        reader_id: str,
        points: Mapping[int, tuple[str, str, ZoneKind]],
        columns: Sequence[ReadColumns],
    ) -> None:
        """Tell of the latest read of each tag that is followed; `points` are a reader's antennas, 0 the others."""
        for epc in self._by_epc.keys() | self._elsewhere:
            for each in columns:
                if each.epcs.shape[1] != len(epc):
                    continue
                (rows,) = np.nonzero((each.epcs == np.frombuffer(epc, np.uint8)).all(axis=1))
                if not len(rows):
                    continue
                row = rows[np.argmax(each.times_us[rows])]
                location_id, zone_id, _ = (
                    points.get(int(each.antennas[row])) or points.get(0) or ("", "", None)
                )
                read_time = from_us(int(each.times_us[row]))
                sight = Sight(epc, location_id, read_time, zone_id, reader_id, int(each.rssi_cdbm[row]))
                self.tell(sight)
                if epc in self._elsewhere:
                    self._tell_others(sight)

    def tell(self, sight: Sight) -> None:
        """Tell who follows the tag at that location here."""
        for follow in self._by_epc.get(sight.epc, ()):
            if follow.location_id == sight.location_id:
                follow.tell(sight)
