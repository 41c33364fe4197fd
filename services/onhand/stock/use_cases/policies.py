"""What merchants keep back, and from whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import FieldViolation, InvalidField, LimitReached, UnknownItem, UnknownLocation
from onhand.kit.outbox import Event
from onhand.stock import events
from onhand.stock.domain import policies as domain
from onhand.stock.domain.model import Bucket, Cell, CellKey
from onhand.stock.domain.policies import Rule, Scope
from onhand.stock.storage import books, catalog
from onhand.stock.storage import policies as storage
from onhand.stock.storage.policies import Change, Policy
from onhand.stock.use_cases.deps import Deps


@dataclass(frozen=True, slots=True)
class Explanation:
    terms: dict[str, tuple[Any, Rule | None]]
    """By name: the value, and the rule that gave it."""
    kept: int
    """Units of the cell that are kept back."""
    cell: Cell
    rules: Sequence[Rule]
    """Those that apply, most specific first."""


class Policies:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def set(self, rules: Sequence[tuple[Rule, str]], actor: str) -> int:
        """Set rules, each with a note, all or none; returns the revision.

        Raises InvalidField when a scope is named twice, UnknownItem, UnknownLocation, LimitReached.
        """
        scopes = [rule.scope for rule, _ in rules]
        for index, scope in enumerate(scopes):
            if scope in scopes[:index]:
                raise InvalidField([FieldViolation(f"policies[{index}].scope", "is named a second time")])
        return await self._deps.database.transaction(lambda c: self.set_in(c, rules, actor))

    async def set_in(self, connection: AsyncConnection, rules: Sequence[tuple[Rule, str]], actor: str) -> int:
        scopes = [rule.scope for rule, _ in rules]
        await _require_known(connection, scopes)
        limit = self._deps.settings.stock_policy_limit
        present = await storage.lock(connection)
        new = len(scopes) - len(await storage.rules_of(connection, scopes))
        if new and present + new > limit:
            raise LimitReached(f"{limit} stock policies")
        changed = await storage.save(connection, rules, actor, self._deps.clock.now())
        return await outbox.add(connection, self._changed(changed))

    def _changed(self, scopes: Sequence[Scope]) -> list[Event]:
        return [events.catalog_changed(self._deps.clock, policy_scopes=scopes)] if scopes else []

    async def delete(self, scopes: Sequence[Scope], note: str, actor: str) -> tuple[int, int]:
        """Delete the rules of some scopes; returns how many there were, and the revision."""

        async def work(connection: AsyncConnection) -> tuple[int, int]:
            await storage.lock(connection)
            gone = await storage.delete(connection, scopes, note, actor, self._deps.clock.now())
            return len(gone), await outbox.add(connection, self._changed(gone))

        return await self._deps.database.transaction(work)

    async def list_page(
        self, after: tuple[str, str, str, str], count: int, scope: Scope, *, first: bool
    ) -> list[Policy]:
        """Return policies that name what `scope` names, in the order of item, location, class, channel.

        `first`: from the beginning; `after` says nothing then.
        """
        return await self._deps.database.read(
            lambda c: storage.list_page(
                c,
                after,
                first=first,
                item_id=scope.item_id,
                item_class=scope.item_class,
                location_id=scope.location_id,
                channel=scope.channel,
                count=count,
            )
        )

    async def changes(self, scope: Scope | None, before: int | None, count: int) -> list[Change]:
        return await self._deps.database.read(lambda c: storage.changes(c, scope, before, count))

    async def explain(self, key: CellKey, channel: str) -> Explanation:
        """Say which rule gives each term of a cell. Raises UnknownItem, UnknownLocation."""

        async def work(connection: AsyncConnection) -> Cell:
            found = await books.read_cells(connection, [key.location_id], [key.item_id])
            if key in found:
                return found[key]
            cell = books.empty_cell(key, self._deps.clock.now())
            await _require_known(connection, [Scope(item_id=key.item_id, location_id=key.location_id)])
            (location,) = await catalog.locations(connection, [key.location_id])
            cell.safety_stock = location.safety_stock
            cell.rules = (await storage.rulebook(connection)).of(key.location_id, key.item_id)
            return cell

        cell = await self._deps.database.read(work)
        applying = [each for each in cell.rules if each.scope.channel in ("", channel)]
        return Explanation(
            domain.explain(cell.rules, channel, cell.safety_stock),
            cell.terms(channel).kept(cell.buckets[Bucket.SELLABLE]),
            cell,
            sorted(applying, key=lambda each: -each.scope.rank),
        )


async def _require_known(connection: AsyncConnection, scopes: Sequence[Scope]) -> None:
    """Raise UnknownItem or UnknownLocation for the first scope that names one there is not."""
    items = {each.item_id for each in scopes} - {""}
    locations = {each.location_id for each in scopes} - {""}
    known_items = await catalog.known_items(connection, items)
    known_locations = await catalog.known_locations(connection, locations)
    for each in scopes:
        if each.item_id and each.item_id not in known_items:
            raise UnknownItem(each.item_id)
        if each.location_id and each.location_id not in known_locations:
            raise UnknownLocation(each.location_id)
