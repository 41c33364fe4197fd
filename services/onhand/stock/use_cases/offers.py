"""What merchants say about offering, and what is asked about it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import FieldViolation, InvalidField, NotFound, UnknownItem
from onhand.stock import events
from onhand.stock.domain.display import DisplayPolicy
from onhand.stock.domain.places import postal_key
from onhand.stock.storage import catalog
from onhand.stock.storage import offers as storage
from onhand.stock.use_cases.deps import Deps


class Offers:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def set_policy(self, policy: DisplayPolicy) -> int:
        """Show availability to a channel by `policy` from now on; returns the revision."""
        if policy.low_quantity < policy.out_quantity:
            raise InvalidField([FieldViolation("policy.low_quantity", "must be at least out_quantity")])

        async def work(connection: AsyncConnection) -> int:
            await storage.save_policy(connection, policy)
            changed = events.catalog_changed(self._deps.clock, channels=[policy.channel])
            return await outbox.add(connection, [changed])

        return await self._deps.database.transaction(work)

    async def policies(self) -> list[DisplayPolicy]:
        return await self._deps.database.read(storage.policies)

    async def set_substitutes(self, item_id: str, substitutes: Sequence[str]) -> None:
        """Offer these items, best first, in the place of another."""

        async def work(connection: AsyncConnection) -> None:
            known = await catalog.known_items(connection, {item_id, *substitutes})
            for each in (item_id, *substitutes):
                if each not in known:
                    raise UnknownItem(each)
            await storage.save_substitutes(connection, item_id, substitutes)

        if item_id in substitutes:
            raise InvalidField([FieldViolation("substitute_item_ids", "an item does not stand for itself")])
        await self._deps.database.transaction(work)

    async def substitutes(self, item_id: str, count: int) -> list[str]:
        return await self._deps.database.read(lambda c: storage.substitutes(c, item_id, count))

    async def variants(self, style_id: str, count: int) -> list[tuple[str, str, str]]:
        return await self._deps.database.read(lambda c: storage.variants(c, style_id, count))

    async def save_places(self, places: Sequence[storage.Place]) -> None:
        """Keep where postal codes are."""
        kept = [
            (region, postal_key(code), latitude, longitude) for region, code, latitude, longitude in places
        ]
        await self._deps.database.transaction(lambda c: storage.save_places(c, kept))

    async def place(self, region_code: str, postal_code: str) -> tuple[float, float]:
        """Return where a postal code is: latitude and longitude. Raises NotFound."""
        key = postal_key(postal_code)
        found = await self._deps.database.read(lambda c: storage.place(c, region_code, key))
        if found is None:
            raise NotFound("postal code", f"{region_code} {key}")
        return found

    async def incoming(
        self, item_id: str, location_ids: Sequence[str]
    ) -> dict[str, list[tuple[datetime | None, int]]]:
        return await self._deps.database.read(lambda c: storage.incoming(c, item_id, location_ids))
