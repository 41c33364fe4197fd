"""What time does to stock."""

from onhand.stock.use_cases import Counts, Epcis, Lookups, Reads, Reservations, Retention

BATCH = 500
"""Holds or tags changed in one transaction; keeps transactions short."""
PURGE_BATCH = 10_000
"""Rows that ended dropped in one transaction."""


class Jobs:
    def __init__(
        self,
        reservations: Reservations,
        reads: Reads,
        counts: Counts,
        lookups: Lookups,
        retention: Retention,
        epcis: Epcis,
    ) -> None:
        self._reservations = reservations
        self._reads = reads
        self._counts = counts
        self._lookups = lookups
        self._retention = retention
        self._epcis = epcis

    async def expire_reservations(self) -> None:
        while await self._reservations.expire_due(BATCH) == BATCH:
            pass

    async def settle_reads(self) -> None:
        await self._reads.settle(BATCH)

    async def doubt_unseen_tags(self) -> None:
        await self._reads.doubt_unseen(BATCH)

    async def tend_counts(self) -> None:
        while await self._counts.tend(BATCH) == BATCH:
            pass
        while await self._counts.purge(PURGE_BATCH) == PURGE_BATCH:
            pass

    async def write_read_counts(self) -> None:
        await self._lookups.write_read_counts()

    async def measure_books(self) -> None:
        await self._lookups.measure_books()

    async def make_months(self) -> None:
        await self._retention.make_months()

    async def drop_old(self) -> None:
        await self._retention.drop_old(PURGE_BATCH)

    async def publish_changes(self) -> None:
        await self._epcis.publish()

    async def forget_captures(self) -> None:
        while await self._epcis.forget(BATCH) == BATCH:
            pass
