"""Availability straight from the database: the truth of this moment, or of a past one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import BeforeHistory, FieldViolation, InvalidField, TooMany
from onhand.stock.domain.explanations import undo
from onhand.stock.domain.model import Cell, CellKey, Standing
from onhand.stock.storage import books as storage
from onhand.stock.storage import history, months
from onhand.stock.storage import reservations as rows
from onhand.stock.use_cases.deps import Deps

PAST_CELLS = 1_000
"""Cells of one question about the past; each costs what has happened to it since."""


class Availability:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def read_now(
        self, item_ids: Sequence[str], location_ids: Sequence[str], channel: str = ""
    ) -> tuple[dict[CellKey, Standing], datetime, int]:
        """Return cells as committed now, the moment, and a revision that all of them are at or below."""
        now = self._deps.clock.now()

        async def work(connection: AsyncConnection) -> tuple[dict[CellKey, Cell], int]:
            cells = await cells_now(connection, location_ids, item_ids, now)
            return cells, await outbox.read_revision(connection)

        cells, revision = await self._deps.database.read(work)
        return {key: Standing.of(cell, channel) for key, cell in cells.items()}, now, revision

    async def read_past(
        self, item_ids: Sequence[str], location_ids: Sequence[str], at: datetime, channel: str = ""
    ) -> dict[CellKey, Standing]:
        """Return cells as they stood at a past moment, with the policies of today and no revision.

        Raises BeforeHistory; TooMany; InvalidField for a moment to come.
        """
        count = len(item_ids) * len(location_ids)
        if count > PAST_CELLS:
            raise TooMany("item_ids × location_ids", count, PAST_CELLS)
        now = self._deps.clock.now()
        if at > now:
            raise InvalidField([FieldViolation("consistency.read_time", "is still to come")])

        await require_history(self._deps, at)

        async def work(connection: AsyncConnection) -> dict[CellKey, Cell]:
            await months.take_snapshot(connection)
            cells = await cells_now(connection, location_ids, item_ids, now)
            for key, step in (await history.steps_since(connection, list(cells), at, now)).items():
                undo(cells[key], step)
            return cells

        cells = await self._deps.database.transaction(work)
        await require_history(self._deps, at)  # what was archived meanwhile is missing, and told so
        for cell in cells.values():
            if cell.confirm_time > at:
                cell.confirm_time = datetime.min.replace(tzinfo=at.tzinfo)  # since when is not known
            cell.revision = 0
        return {key: Standing.of(cell, channel) for key, cell in cells.items()}


async def cells_now(
    connection: AsyncConnection, location_ids: Sequence[str], item_ids: Sequence[str], now: datetime
) -> dict[CellKey, Cell]:
    """Read cells without the holds that ran out and wait for their sweep."""
    cells = await storage.read_cells(connection, location_ids, item_ids)
    ids = await rows.expired_on(connection, list(cells), now)
    for reservation in await rows.read(connection, ids):
        for line in reservation.lines:
            if line.key in cells:
                cells[line.key].reserved -= line.open
    return cells


async def require_history(deps: Deps, at: datetime) -> None:
    """Raise BeforeHistory for a moment whose movements were archived, or whose reservations are not known."""
    start = await deps.database.read(lambda c: _history_start(c, deps))
    if at < start:
        raise BeforeHistory(start.isoformat().replace("+00:00", "Z"))


async def _history_start(connection: AsyncConnection, deps: Deps) -> datetime:
    kept = deps.clock.now() - timedelta(days=deps.settings.history_retention_days)
    archived = await history.archived_before(connection)
    return max(filter(None, (kept, archived, await history.changes_start(connection))))
