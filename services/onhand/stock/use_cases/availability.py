"""Availability straight from the database, for callers who ask for the truth of this moment."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.stock.domain.model import Cell, CellKey, Standing
from onhand.stock.storage import books as storage
from onhand.stock.storage import reservations as rows
from onhand.stock.use_cases.deps import Deps


class Availability:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def read_now(
        self, item_ids: Sequence[str], location_ids: Sequence[str], channel: str = ""
    ) -> tuple[dict[CellKey, Standing], datetime, int]:
        """Return cells as committed now, the moment, and a revision that all of them are at or below."""
        now = self._deps.clock.now()

        async def work(connection: AsyncConnection) -> tuple[dict[CellKey, Cell], int]:
            cells = await storage.read_cells(connection, location_ids, item_ids)
            ids = await rows.expired_on(connection, list(cells), now)
            for reservation in await rows.read(connection, ids):
                for line in reservation.lines:
                    if line.key in cells:
                        cells[line.key].reserved -= line.open
            return cells, await outbox.read_revision(connection)

        cells, revision = await self._deps.database.read(work)
        return {key: Standing.of(cell, channel) for key, cell in cells.items()}, now, revision
