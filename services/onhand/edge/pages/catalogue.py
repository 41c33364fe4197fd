"""What items and locations are called, remembered for a moment: every page names the same ones again."""

import asyncio
from collections.abc import Iterable

from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import UnknownItem

KEEP_S = 60.0
"""How late a new title shows."""
MAX_KEPT = 20_000
"""Items and locations remembered; protects memory: one takes about 1 KB."""
AT_ONCE = 16
"""Questions to stock at a time, of one page; protects stock."""


class Catalogue:
    """Whoever asks has shown a token with the scope catalog.read before."""

    def __init__(self, stock: AsyncStock) -> None:
        self._stock = stock
        self._kept: dict[tuple[str, str], tuple[float, object]] = {}

    async def items(self, item_ids: Iterable[str]) -> dict[str, catalog_pb2.Item]:
        """Return each item by its id; one that stock does not know has its id as title."""
        wanted = sorted(set(item_ids))
        turns = asyncio.Semaphore(AT_ONCE)

        async def item(item_id: str) -> catalog_pb2.Item:
            async with turns:
                return await self._item(item_id)

        return dict(zip(wanted, await asyncio.gather(*map(item, wanted)), strict=True))

    async def _item(self, item_id: str) -> catalog_pb2.Item:
        kept = self._find("item", item_id)
        if isinstance(kept, catalog_pb2.Item):
            return kept
        try:
            item = (await self._stock.catalog.GetItem(catalog_pb2.GetItemRequest(item_id=item_id))).item
        except UnknownItem:
            item = catalog_pb2.Item(item_id=item_id)
        item.title = item.title or item_id
        self._keep("item", item_id, item)
        return item

    async def location(self, location_id: str) -> catalog_pb2.Location:
        """Return a location; raises UnknownLocation."""
        kept = self._find("location", location_id)
        if isinstance(kept, catalog_pb2.Location):
            return kept
        request = catalog_pb2.GetLocationRequest(location_id=location_id)
        location = (await self._stock.catalog.GetLocation(request)).location
        location.title = location.title or location_id
        self._keep("location", location_id, location)
        return location

    def _find(self, kind: str, name: str) -> object:
        time, value = self._kept.get((kind, name), (0.0, None))
        return value if asyncio.get_running_loop().time() - time < KEEP_S else None

    def _keep(self, kind: str, name: str, value: object) -> None:
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[kind, name] = (asyncio.get_running_loop().time(), value)
