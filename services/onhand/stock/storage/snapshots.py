"""Everything that a view starts from, as one transaction sees it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LOAD_ROWS = 5_000
"""Rows taken in one go; keeps calls from waiting, and what rows take of memory for a moment from staying taken."""

_STILL = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_PATIENT = text("SET LOCAL idle_in_transaction_session_timeout = '60s'")
"""It only reads, and so holds no relay back; between two parts of a snapshot calls are answered."""
_SNAPSHOT = text("SELECT pg_current_snapshot()::text, now()")
_ALL_CELLS = """
    SELECT location_id, item_id, sellable, damaged + quality_control + quarantined + missing,
           in_transit, reserved, committed, extract(epoch FROM confirm_time)::bigint,
           revision::text::bigint, version
    FROM balances
"""
_HELD = """
    SELECT r.reservation_id, r.version, r.expire_time, l.location_id, l.item_id,
           l.quantity - l.fulfilled - l.released AS open
    FROM reservations r JOIN reservation_lines l USING (reservation_id)
    WHERE r.expire_time IS NOT NULL
    ORDER BY r.reservation_id
"""
_ITEM_IDS = text("SELECT item_id FROM items")


@dataclass(frozen=True)
class Snapshot:
    """Which transactions a snapshot has (`pg_current_snapshot`)."""

    first_open: int
    first_unborn: int
    open: frozenset[int]
    time: datetime

    @classmethod
    def read(cls, written: str, time: datetime) -> "Snapshot":
        first_open, first_unborn, open_ones = written.split(":")
        return cls(
            int(first_open), int(first_unborn), frozenset(map(int, filter(None, open_ones.split(",")))), time
        )

    def has(self, revision: int) -> bool:
        return revision < self.first_open or (revision < self.first_unborn and revision not in self.open)


async def begin(connection: AsyncConnection) -> Snapshot:
    """Have all that follows in this transaction see the same; must come first in it."""
    await connection.execute(_STILL)
    await connection.execute(_PATIENT)
    return Snapshot.read(*(await connection.execute(_SNAPSHOT)).one())


def cells(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    """Yield all cells in parts.

    A row is location, item, sellable, unavailable, in transit, reserved, committed, when it was confirmed in
    seconds since 1970, revision, version.
    """
    return _parts(connection, _ALL_CELLS)


def holds(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    """Yield the lines of holds that may run out, in parts, those of a hold one after the other.

    A row is the hold's id, version and expire_time, and the line's location, item and open units.
    """
    return _parts(connection, _HELD)


async def item_ids(connection: AsyncConnection) -> set[str]:
    return set((await connection.execute(_ITEM_IDS)).scalars())


async def _parts(connection: AsyncConnection, query: str) -> AsyncIterator[Sequence[Any]]:
    """Yield rows in parts, without holding all of them."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    cursor = await raw.cursor(query)
    while part := await cursor.fetch(LOAD_ROWS):
        yield part
        await asyncio.sleep(0)  # lets calls through
