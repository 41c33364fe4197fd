"""What time it is where reads come from."""

from collections import deque
from datetime import datetime, timedelta

MEMORY = 16
"""Batches of a reader from which its clock is judged: it is off when all of them are."""
TOLERANCE_S = 1.0
"""A reader that is ahead by less is not: its batch was only timed at its end."""


class LocationClock:
    """The latest time that was read at a location, running on with ours while nothing comes.

    Decisions wait for this clock, not for ours, so that a backlog or a replay is decided as it happened.
    """

    def __init__(self) -> None:
        self._read: datetime | None = None
        self._heard: datetime | None = None
        """When `_read` came, by our clock."""

    def advance(self, read_time: datetime, now: datetime) -> None:
        if self._read is None or read_time > self._read:
            self._read, self._heard = read_time, now

    def now(self, now: datetime) -> datetime:
        if self._read is None or self._heard is None:
            return now
        return min(max(self._read, self._read + (now - self._heard)), max(self._read, now))

    @property
    def read_time(self) -> datetime | None:
        """The latest time that was read."""
        return self._read


class ReaderClock:
    """How far a reader's clock is off.

    One that is ahead of ours is off for certain. One that is behind cannot be told from a slow line, but
    when every batch is later than reads may be, then taking its times as they are would lose all of them.
    """

    def __init__(self, lateness_s: float, max_skew_s: float) -> None:
        self._lags: deque[float] = deque(maxlen=MEMORY)
        self._lateness_s = lateness_s
        self._max_skew_s = max_skew_s

    def correction(self, newest: datetime, location_now: datetime | None, now: datetime) -> timedelta:
        """Return what to add to the times of a batch whose newest read is `newest`."""
        ahead = (newest - now).total_seconds()
        behind = (location_now - newest).total_seconds() if location_now is not None else 0.0
        self._lags.append(-ahead if ahead > TOLERANCE_S else max(0.0, behind))
        least = min(self._lags)
        if least < 0:
            return timedelta(seconds=least)
        if len(self._lags) == MEMORY and self._lateness_s < least <= self._max_skew_s:
            return timedelta(seconds=least)
        return timedelta(0)
