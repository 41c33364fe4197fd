"""What people look up: a tag's history, and how readers do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onhand.stock.domain.model import Reason, TagState


@dataclass(frozen=True, slots=True)
class TagHistoryEvent:
    location_id: str
    tag_event_id: int
    state_before: TagState | None
    state: TagState
    zone_before: str
    zone_id: str
    occur_time: datetime
    record_time: datetime
    movement_id: UUID | None
    reason: Reason | None
    document: str


@dataclass(frozen=True, slots=True)
class AntennaHealth:
    antenna: int
    location_id: str
    zone_id: str
    last_read_time: datetime | None
    reads_per_minute: float
    silent: bool


@dataclass(frozen=True, slots=True)
class ReaderHealth:
    reader_id: str
    antennas: tuple[AntennaHealth, ...]

    @property
    def last_read_time(self) -> datetime | None:
        return max((each.last_read_time for each in self.antennas if each.last_read_time), default=None)

    @property
    def reads_per_minute(self) -> float:
        return sum(each.reads_per_minute for each in self.antennas)


class ReadCounts:
    """Reads by antenna and minute since they were last written.

    Only a memory: a process that is killed forgets a minute of a figure that people look at.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int, datetime], int] = {}

    def add(self, reader_id: str, antennas: Iterable[tuple[int, int]], now: datetime) -> None:
        """Count reads: antennas and how many of each."""
        minute = now.replace(second=0, microsecond=0)
        for antenna, reads in antennas:
            key = (reader_id, antenna, minute)
            self._counts[key] = self._counts.get(key, 0) + reads

    def take(self) -> dict[tuple[str, int, datetime], int]:
        """Return what was counted, and start again."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[tuple[str, int, datetime], int]) -> None:
        """Count again what could not be written."""
        for key, reads in taken.items():
            self._counts[key] = self._counts.get(key, 0) + reads
