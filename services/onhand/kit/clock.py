"""Time, ids and randomness: the only place that asks the machine for them.

Everything else takes a `Clock`, so that a test or a simulation can be the clock.
"""

import os
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """What code that needs the present or a new name is given."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        ...

    def uuid(self) -> UUID:
        """Return a new id; later ones of one process sort after earlier ones."""
        ...

    def digits(self, count: int) -> str:
        """Return `count` unpredictable decimal digits."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes, for keys."""
        ...


class SystemClock:
    """The machine's time and its cryptographic randomness."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def uuid(self) -> UUID:
        # 12 bits below the millisecond count on where the clock stands still, so that ids of one process
        # always rise (RFC 9562, section 6.2, method 3).
        ticks = (time.time_ns() << 12) // 1_000_000
        self._last = max(ticks, self._last + 1)
        # As `secrets.randbits(62)`, which takes as long as all the rest of this.
        random_bits = int.from_bytes(os.urandom(8)) >> 2
        return uuid7(self._last >> 12, (self._last & 0xFFF) << 62 | random_bits)

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """Build a version 7 UUID from milliseconds since 1970 and 74 random bits (RFC 9562, section 5.7).

    Ids that rise with time keep B-tree inserts at the right edge of their index.
    """
    rand_a, rand_b = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def earliest_id(moment: datetime) -> UUID:
    """Return what no id sorts before that was made at or after `moment`: a bound for index scans by time."""
    return uuid7(int(moment.timestamp() * 1000), 0)
