"""What people look up: a tag's history, and how readers do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import telemetry
from onhand.kit.errors import OnhandError
from onhand.stock.domain.lookups import ReaderHealth, TagHistoryEvent
from onhand.stock.storage import lookups as rows
from onhand.stock.storage import months
from onhand.stock.use_cases.deps import Deps

RATE_MINUTES = 10
"""Whole minutes over which a reader's rate is told: short enough to show that it stopped."""
KEEP = timedelta(hours=1)
"""How long the minutes of readers are kept."""
ACCURACY_DAYS = 30
"""Counts this old still say how right a location's books are."""

_debt = telemetry.meter.create_gauge(
    "onhand.stock.unidentified", description="Units sold or returned by bar code that no tag has settled yet"
)
_accuracy = telemetry.meter.create_gauge(
    "onhand.stock.accuracy",
    unit="%",
    description="Units that counts of the last 30 days found right, by location",
)


class Lookups:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def tag_history(
        self, epc: bytes, before: int | None, location_ids: Sequence[str] | None, count: int
    ) -> tuple[list[TagHistoryEvent], datetime | None]:
        """Return what happened to a tag, latest first, at all locations or some; and from when on that is all."""

        async def work(connection: AsyncConnection) -> tuple[list[TagHistoryEvent], datetime | None]:
            found = await rows.tag_history(connection, epc, before, location_ids, count)
            # Asked last: what is archived between the two is missing and told so.
            return found, await months.history_start(connection, months.TAG_EVENTS)

        return await self._deps.database.read(work)

    async def readers(
        self, location_ids: Sequence[str] | None, after: str, count: int, *, only_silent: bool
    ) -> list[ReaderHealth]:
        """Return how readers do; of all locations, or some."""
        now = self._deps.clock.now()
        silent_before = now - timedelta(seconds=self._deps.settings.antenna_silent_s)
        return await self._deps.database.read(
            lambda c: rows.readers(
                c,
                location_ids,
                after,
                count,
                until=now.replace(second=0, microsecond=0),
                minutes=RATE_MINUTES,
                silent_before=silent_before,
                only_silent=only_silent,
            )
        )

    async def write_read_counts(self) -> None:
        """Write how much each antenna read since the last time."""
        taken = self._deps.read_counts.take()
        if not taken:
            return
        before = self._deps.clock.now() - KEEP
        try:
            await self._deps.database.transaction(lambda c: rows.add_reads(c, taken, before))
        except OnhandError:
            self._deps.read_counts.give_back(taken)
            raise

    async def measure_books(self) -> None:
        """Measure how far the books are from the tags, and how right counts found them."""
        since = self._deps.clock.now() - timedelta(days=ACCURACY_DAYS)
        _debt.set(await self._deps.database.read(rows.debt))
        accuracy = await self._deps.database.read(lambda c: rows.accuracy(c, since))
        for location_id, percent in accuracy.items():
            _accuracy.set(percent, {"location": location_id})
