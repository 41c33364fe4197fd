"""What grows with time: months are made ahead, and what ended long ago is dropped.

The ledger and the histories of tags are not dropped here: `onhand archive` writes them to files first.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import telemetry
from onhand.kit.telemetry import log
from onhand.stock.domain.months import Month
from onhand.stock.storage import months
from onhand.stock.storage import retention as rows
from onhand.stock.use_cases.deps import Deps

_ahead = telemetry.meter.create_gauge(
    "onhand.stock.months.ahead", description="Months after the present one that have a partition, by table"
)
_stray = telemetry.meter.create_gauge(
    "onhand.stock.months.stray",
    description="Rows found in no month's partition, by table: it was not made in time, or a clock is wrong",
)

LOCK_S = 2
"""How long to wait for a table's lock to make a month; everybody else waits behind it. The next run tries again."""


class Retention:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def make_months(self) -> None:
        """Make the partitions of this month and the next, and of months whose rows came without one."""
        await self._deps.database.transaction(self._make_months)

    async def _make_months(self, connection: AsyncConnection) -> None:
        if not await months.claim_making(connection, LOCK_S):
            return  # another replica does it
        present = Month.of(self._deps.clock.now())
        wanted = [present]
        for _ in range(self._deps.settings.months_ahead):
            wanted.append(wanted[-1].next())
        for each in months.CHRONICLES:
            stray = await months.stray_months(connection, each)
            if stray:
                log.error(
                    "rows without a month", table=each.name, months={str(k): v for k, v in stray.items()}
                )
            made = await months.partitions(connection, each)
            for month in sorted({*wanted, *stray} - made.keys()):
                await months.add_partition(connection, each, month)
                log.info("month made", table=each.name, month=str(month))
            _ahead.set(len(wanted) - 1, {"table": each.name})
            _stray.set(sum(stray.values()), {"table": each.name})

    async def drop_old(self, limit: int) -> None:
        """Drop what ended, or was last seen, long enough ago; `limit` in one transaction."""
        settings, now = self._deps.settings, self._deps.clock.now()
        history = now - timedelta(days=settings.history_retention_days)
        gone = now - timedelta(days=settings.gone_tag_retention_days)
        unknown = now - timedelta(days=settings.unknown_retention_days)
        dropped = {
            "reservations": await self._drop(rows.drop_reservations, history, limit),
            "reservation_changes": await self._drop(rows.drop_reservation_changes, history, limit),
            "counts": await self._drop(rows.drop_counts, history, limit),
            "shipments": await self._drop(rows.drop_shipments, history, limit),
            "gone_tags": await self._drop(rows.drop_gone_tags, gone, limit),
            "unknown_tags": await self._drop(rows.drop_unknown_tags, unknown, limit),
            "unadopted_antennas": await self._deps.database.transaction(
                partial(rows.drop_unadopted_readers, before=unknown)
            ),
        }
        if any(dropped.values()):
            log.info("old rows dropped", **dropped)

    async def _drop(
        self,
        drop: Callable[[AsyncConnection, datetime, int], Awaitable[int]],
        before: datetime,
        limit: int,
    ) -> int:
        total = 0
        while True:
            went = await self._deps.database.transaction(lambda c: drop(c, before, limit))
            total += went
            if went < limit:
                return total
