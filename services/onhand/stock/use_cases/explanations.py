"""Why a number is what it is, and how it came to be."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import UnknownItem, UnknownLocation
from onhand.stock.domain.explanations import Counted, Held, Policy, Term, terms, undo
from onhand.stock.domain.model import Bucket, Cell, CellKey, Movement, Standing
from onhand.stock.domain.policies import explain
from onhand.stock.storage import books, catalog, history, months
from onhand.stock.use_cases.availability import cells_now, require_history
from onhand.stock.use_cases.deps import Deps


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of sources begins: after a line of a reservation, or after a movement."""

    held: tuple[datetime, UUID] | None = None
    movement_id: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    standing: Standing
    terms: Sequence[Term]
    policies: Sequence[Policy]
    """On the first page only, as are the counts."""
    counts: Sequence[Counted]
    held: Sequence[Held]
    movements: Sequence[Movement]
    as_of: datetime
    history_start: datetime | None


class Explanations:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def explain(self, key: CellKey, channel: str, after: After | None, count: int) -> Explanation:
        """Return the terms of a cell for a channel, and up to `count` reservations and movements behind them.

        Raises UnknownItem, UnknownLocation.
        """
        now = self._deps.clock.now()

        async def work(connection: AsyncConnection) -> Explanation:
            await months.take_snapshot(connection)
            cell = await _cell(connection, key, now)
            policies = _policies(cell, channel)
            held: list[Held] = []
            movements: list[Movement] = []
            if after is None or after.movement_id is None:
                before = after.held if after else None
                held = await history.held_lines(connection, key, now, before, count)
            if len(held) < count:
                movements = await books.list_movements(
                    connection,
                    location_id=key.location_id,
                    item_id=key.item_id,
                    before=after.movement_id if after else None,
                    count=count - len(held),
                )
            return Explanation(
                Standing.of(cell, channel),
                terms(cell, policies, await history.tally(connection, key, now), channel),
                [] if after else policies,
                [] if after else await history.counts_of(connection, key),
                held,
                movements,
                now,
                await history.archived_before(connection),
            )

        return await self._deps.database.transaction(work)

    async def list_history(
        self, key: CellKey, start: datetime, end: datetime, count: int
    ) -> tuple[list[tuple[datetime, Standing]], datetime | None]:
        """Return how a cell stood from when on, latest first, and where the next page ends.

        Raises BeforeHistory, UnknownItem, UnknownLocation.
        """
        now = self._deps.clock.now()
        end = min(end, now)
        await require_history(self._deps, start)

        async def work(
            connection: AsyncConnection,
        ) -> tuple[list[tuple[datetime, Standing]], datetime | None]:
            await months.take_snapshot(connection)
            cell = await _cell(connection, key, now)
            steps = await history.steps(connection, key, start, end, now, count + 1)
            since = await history.steps_since(connection, [key], steps[0].time if steps else start, now)
            for each in since.values():  # what came after the page
                undo(cell, each)
            points = []
            for each in steps[:count]:
                points.append((each.time, _standing(cell)))
                undo(cell, each)
            if len(steps) > count:
                return points, points[-1][0]
            return [*points, (start, _standing(cell))], None

        found = await self._deps.database.transaction(work)
        await require_history(self._deps, start)  # what was archived meanwhile is missing, and told so
        return found


def _policies(cell: Cell, channel: str) -> list[Policy]:
    """Return the rule that keeps units of a cell back from a channel."""
    found = explain(cell.rules, channel, cell.safety_stock)
    sellable = cell.buckets[Bucket.SELLABLE]
    kept = cell.terms(channel).kept(sellable)
    by_share = kept > found["safety_stock"][0]
    _, rule = found["kept_percent" if by_share else "safety_stock"]
    return [Policy(str(rule.scope) if rule else "location", kept)] if kept else []


def _standing(cell: Cell) -> Standing:
    past = deepcopy(cell)
    past.confirm_time, past.revision = datetime.min.replace(tzinfo=cell.confirm_time.tzinfo), 0
    return Standing.of(past)


async def _cell(connection: AsyncConnection, key: CellKey, now: datetime) -> Cell:
    """Read a cell without its lapsed holds; an empty one when it was never counted."""
    if not await catalog.known_locations(connection, [key.location_id]):
        raise UnknownLocation(key.location_id)
    if not await catalog.known_items(connection, [key.item_id]):
        raise UnknownItem(key.item_id)
    found = await cells_now(connection, [key.location_id], [key.item_id], now)
    return found.get(key) or books.empty_cell(key, now)
