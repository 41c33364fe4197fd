"""How each store works, and how well."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain.rules import Rules
from onhand.pickup.storage import stores as storage
from onhand.pickup.storage.stores import StoredSettings
from onhand.pickup.use_cases.changes import Ask, R, once
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.rules import rules_of


class Stores:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def rules(self, location_id: str) -> Rules:
        """Return by which times a store works."""
        stored = await self._deps.database.read(lambda c: storage.get(c, location_id))
        return rules_of(stored, self._deps.settings)

    async def update(
        self, ask: Ask[R], location_id: str, values: Mapping[str, Any], answer: Callable[[Rules], R]
    ) -> R:
        """Replace what a store has set."""

        async def effect(connection: AsyncConnection) -> R:
            version = await storage.put(connection, location_id, values)
            return answer(rules_of(StoredSettings(values, version), self._deps.settings))

        return await once(self._deps, ask, effect)

    async def measures(self, location_id: str, start: datetime, end: datetime) -> Any:
        """Return the figures of the tasks that a store was given in a span."""
        return await self._deps.database.read(lambda c: storage.measures(c, location_id, start, end))
