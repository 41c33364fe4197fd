"""What time does to stock."""

from onhand.stock.use_cases import Reads, Reservations

BATCH = 500
"""Holds or tags changed in one transaction; keeps transactions short."""


class Jobs:
    def __init__(self, reservations: Reservations, reads: Reads) -> None:
        self._reservations = reservations
        self._reads = reads

    async def expire_reservations(self) -> None:
        while await self._reservations.expire_due(BATCH) == BATCH:
            pass

    async def settle_reads(self) -> None:
        await self._reads.settle(BATCH)

    async def doubt_unseen_tags(self) -> None:
        await self._reads.doubt_unseen(BATCH)
