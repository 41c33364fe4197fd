"""Holds that may run out before anyone sweeps them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID

OPEN = timedelta(minutes=1)
"""No transaction is open for as long: what was created earlier than this before the snapshot is in it."""
REMEMBERED = timedelta(minutes=5)
"""How long an end is remembered at most while its beginning is missing."""

Lines = tuple[tuple[int, int], ...]
"""Slots of cells, each with the units that still count against it."""


@dataclass(slots=True)
class Hold:
    version: int
    missing: int = 0
    """Versions below this one that have not been heard of: their transactions come later."""
    expire_time: datetime | None = None
    """None: it has ended, or holds without end."""
    lines: Lines = ()
    lapsed: bool = False


class Holds:
    """What is known of each hold, by version: events come in the order of transactions, not of locks.

    A hold whose end was heard before its beginning is remembered until the beginning has come, too;
    otherwise the beginning would bring it back.
    """

    def __init__(self, snapshot_time: datetime) -> None:
        self._complete_before = snapshot_time - OPEN
        self._now = snapshot_time
        self._holds: dict[UUID, Hold] = {}
        self._ended: deque[tuple[datetime, UUID]] = deque()
        self._expiries: list[tuple[datetime, UUID]] = []
        self.lapsed: dict[int, int] = {}
        """Units by slot that still stand in `reserved` and no longer count."""

    def __len__(self) -> int:
        return len(self._holds)

    def known(self, reservation_id: UUID, version: int, expire_time: datetime, lines: Lines) -> None:
        """Take a hold from the snapshot, which lacks none of its versions."""
        self._holds[reservation_id] = Hold(version, 0, expire_time, lines)
        heappush(self._expiries, (expire_time, reservation_id))

    def change(
        self,
        reservation_id: UUID,
        version: int,
        create_time: datetime,
        expire_time: datetime | None,
        lines: Lines,
    ) -> Iterator[int]:
        """Take a change of a hold; yields the slots that count differently by it.

        `expire_time` is None when the hold has ended, or no longer runs out.
        """
        hold = self._holds.get(reservation_id)
        if hold is None:
            known = version - 1 if create_time < self._complete_before else 0
            hold = self._holds[reservation_id] = Hold(known)
        if version <= hold.version:
            hold.missing -= version < hold.version
        else:
            hold.missing += version - hold.version - 1
            yield from self._unlapse(hold)
            hold.version, hold.expire_time, hold.lines = version, expire_time, lines
            if expire_time is not None:
                heappush(self._expiries, (expire_time, reservation_id))
        if hold.expire_time is None:
            if hold.missing <= 0:
                del self._holds[reservation_id]
            else:
                self._ended.append((self._now, reservation_id))

    def due(self, now: datetime) -> bool:
        return bool(self._expiries) and self._expiries[0][0] <= now

    def forget(self, now: datetime) -> None:
        """Forget the ends that waited long enough for their beginnings."""
        self._now = now
        while self._ended and self._ended[0][0] + REMEMBERED < now:
            _, reservation_id = self._ended.popleft()
            hold = self._holds.get(reservation_id)
            if hold is not None and hold.expire_time is None:
                del self._holds[reservation_id]

    def lapse(self, now: datetime) -> Iterator[int]:
        """Let holds stop counting that have run out by `now`; yields their slots."""
        while self.due(now):
            _, reservation_id = heappop(self._expiries)
            hold = self._holds.get(reservation_id)
            if hold is None or hold.lapsed or hold.expire_time is None or hold.expire_time > now:
                continue  # ended, committed or extended since
            hold.lapsed = True
            for slot, units in hold.lines:
                self.lapsed[slot] = self.lapsed.get(slot, 0) + units
                yield slot

    def _unlapse(self, hold: Hold) -> Iterator[int]:
        if hold.lapsed:
            for slot, units in hold.lines:
                self.lapsed[slot] -= units
                if not self.lapsed[slot]:
                    del self.lapsed[slot]
                yield slot
        hold.lapsed = False
