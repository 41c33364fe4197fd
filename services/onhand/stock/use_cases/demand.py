"""What sales tell: how much to keep back, and which cells to count."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import LimitReached, NotFound, UnknownItem, UnknownLocation, WrongState
from onhand.stock.domain import demand as domain
from onhand.stock.domain.demand import Replenishment, Suggestion, SuggestionState
from onhand.stock.domain.doubt import Doubt, Witnesses, ranked
from onhand.stock.domain.model import Bucket, CellKey
from onhand.stock.domain.policies import Rule, Scope
from onhand.stock.storage import books, catalog, months
from onhand.stock.storage import demand as storage
from onhand.stock.storage import policies as rules
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.policies import Policies

MOST_ITEMS = 5_000
"""Items that suggestions are computed for at once; keeps the transaction short."""


class Demand:
    def __init__(self, deps: Deps, policies: Policies) -> None:
        self._deps = deps
        self._policies = policies

    async def suggest(
        self,
        connection: AsyncConnection,
        location_id: str,
        item_ids: Sequence[str],
        replenishment: Replenishment,
        actor: str,
    ) -> tuple[int, int]:
        """Propose safety stocks; returns how many, and of how many items the sales tell too little.

        Raises UnknownLocation, UnknownItem, LimitReached.
        """
        now, least = self._deps.clock.now(), self._deps.settings.demand_days_least
        found = await catalog.locations(connection, [location_id])
        if not found:
            raise UnknownLocation(location_id)
        known = await catalog.known_items(connection, item_ids)
        for item_id in item_ids:
            if item_id not in known:
                raise UnknownItem(item_id)
        zone = ZoneInfo(found[0].time_zone)
        since = await self._since(connection, now)
        # Whole days of the location only: neither the first, cut by `since`, nor today.
        first = since.astimezone(zone).date() + timedelta(days=1)
        last = now.astimezone(zone).date() - timedelta(days=1)
        told = await storage.days(connection, location_id, found[0].time_zone, item_ids, since)
        sold = [each for each, days in told.items() if any(units for units, _ in days.values())]
        wanted = list(dict.fromkeys(item_ids)) or sorted(sold)
        if len(wanted) > MOST_ITEMS:
            raise LimitReached(f"{MOST_ITEMS} items of one location")
        cells = await books.read_cells(connection, [location_id], wanted)
        proposed = []
        for item_id in wanted:
            key = CellKey(location_id, item_id)
            cell = cells.get(key)
            if cell is None:
                continue
            learned = domain.demand_of(told.get(item_id, {}), cell.buckets[Bucket.SELLABLE], first, last)
            if learned is None or learned.days < least:
                continue
            proposed.append(
                Suggestion(
                    self._deps.clock.uuid(),
                    key,
                    SuggestionState.PROPOSED,
                    domain.whole_units(domain.safety_stock(learned, replenishment)),
                    cell.terms("").safety_stock,
                    learned,
                    replenishment,
                    actor,
                    now,
                )
            )
        if proposed:
            await storage.propose(connection, location_id, proposed)
        return len(proposed), len(wanted) - len(proposed)

    async def list_page(
        self, location_id: str, state: int, before: UUID | None, count: int
    ) -> list[Suggestion]:
        return await self._deps.database.read(
            lambda c: storage.list_page(c, location_id=location_id, state=state, before=before, count=count)
        )

    async def decide(
        self,
        connection: AsyncConnection,
        suggestion_ids: Sequence[UUID],
        state: SuggestionState,
        note: str,
        actor: str,
    ) -> tuple[list[Suggestion], int]:
        """Accept or reject proposals, all or none; returns them and the revision.

        Raises NotFound, WrongState.
        """
        # The policies' lock first, as all who change them: two who decide at once wait here.
        await rules.lock(connection)
        found = {each.suggestion_id: each for each in await storage.lock(connection, suggestion_ids)}
        for each in suggestion_ids:
            if each not in found:
                raise NotFound("suggestion", str(each))
            if (at := found[each].state) is not SuggestionState.PROPOSED:
                raise WrongState("suggestion", str(each), at.name, "decide it")
        await storage.decide(connection, suggestion_ids, state, actor, self._deps.clock.now())
        if state is not SuggestionState.ACCEPTED:
            return list(found.values()), await outbox.revision(connection)
        scopes = {
            Scope(item_id=each.key.item_id, location_id=each.key.location_id): each.safety_stock
            for each in found.values()
        }
        present = await rules.rules_of(connection, list(scopes))
        accepted = [
            (replace(present.get(scope, Rule(scope)), safety_stock=units), note or "suggested from sales")
            for scope, units in scopes.items()
        ]
        return list(found.values()), await self._policies.set_in(connection, accepted, actor)

    async def doubtful(self, location_id: str, min_score: float, count: int) -> list[tuple[Doubt, str]]:
        """Return the cells of a location most worth counting, with their item classes."""
        settings, now = self._deps.settings, self._deps.clock.now()
        witnesses = Witnesses(
            settings.phantom_prior, settings.short_pick_odds, settings.unconfirmed_miss_probability
        )

        async def work(connection: AsyncConnection) -> list[tuple[Doubt, str]]:
            if not await catalog.known_locations(connection, [location_id]):
                raise UnknownLocation(location_id)
            since = await self._since(connection, now)
            found = await storage.evidence(connection, location_id, since, now)
            classes = {each.key: item_class for each, item_class in found}
            doubts = ranked([each for each, _ in found], witnesses, min_score, count)
            return [(each, classes[each.evidence.key]) for each in doubts]

        return await self._deps.database.read(work)

    async def _since(self, connection: AsyncConnection, now: datetime) -> datetime:
        """Return from when on sales are looked at: as far back as movements are here."""
        since = now - timedelta(days=self._deps.settings.demand_history_days)
        start = await months.history_start(connection, months.MOVEMENTS)
        return max(since, start) if start else since
