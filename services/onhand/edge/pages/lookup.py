"""Looking up stock: an item by bar code, tag or id, here and in the stores near."""

import asyncio
from typing import Any

from starlette.datastructures import QueryParams

from onhand.api.stock.v1 import availability_pb2, catalog_pb2, reads_pb2
from onhand.client import AsyncStock
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.floor import Action, is_gtin
from onhand.kit.errors import InvalidField, UnknownItem

NEARBY_METRES = 100_000
"""How far away another store's stock is worth telling a customer."""
SHOWN_NEARBY = 5
TAGS_LOOKED_AT = 200
"""Tags of one item whose zones are told; more are no help to who looks for one."""


class LookUp:
    def __init__(self, stock: AsyncStock, catalogue: Catalogue) -> None:
        self._stock = stock
        self._catalogue = catalogue

    def actions(self) -> dict[str, Action]:
        return {}

    async def show(self, location: catalog_pb2.Location, _: str, asked: QueryParams) -> str:
        """Answer what is here and near of an item. Raises UnknownItem and its like."""
        scanned = asked.get("q", "").strip()
        if not scanned:
            return ""
        item_id, epc = await self._item_of(scanned)
        item = (await self._catalogue.items([item_id]))[item_id]
        request = availability_pb2.GetAvailabilityRequest(
            item_ids=[item_id], location_ids=[location.location_id]
        )
        (line,) = (await self._stock.availability.GetAvailability(request)).lines
        if line.HasField("status"):
            raise UnknownItem(scanned)
        zones, nearby = await asyncio.gather(
            self._zones(location.location_id, item_id), self._nearby(location, item_id)
        )
        return rendering.fragment(
            "look_up.html", item=item, here=line.availability, epc=epc, zones=zones, nearby=nearby
        )

    async def _item_of(self, scanned: str) -> tuple[str, str]:
        """Return the item of a bar code, an EPC, or its own id, and the EPC if it was one.

        Raises UnknownItem.
        """
        if is_gtin(scanned):
            asked = catalog_pb2.GetItemRequest(gtin=scanned)
            return (await self._stock.catalog.GetItem(asked)).item.item_id, ""
        try:
            asked = catalog_pb2.GetItemRequest(item_id=scanned)
            return (await self._stock.catalog.GetItem(asked)).item.item_id, ""
        except (UnknownItem, InvalidField):
            tags = (await self._stock.tags.GetTag(reads_pb2.GetTagRequest(epc=scanned))).tags
            item_id = next((tag.item_id for tag in tags if tag.item_id), "")
            if not item_id:
                raise UnknownItem(scanned) from None
            return item_id, scanned

    async def _zones(self, location_id: str, item_id: str) -> list[tuple[str, int, str]]:
        """Return how many tags of an item were last seen in which zone, most first, with one to look for."""
        request = reads_pb2.ListTagsRequest(
            location_id=location_id, item_id=item_id, page_size=TAGS_LOOKED_AT
        )
        tags = (await self._stock.tags.ListTags(request)).tags
        here = {reads_pb2.Tag.STATE_PRESENT, reads_pb2.Tag.STATE_UNCONFIRMED}
        zones: dict[str, list[reads_pb2.Tag]] = {}
        for tag in tags:
            if tag.state in here:
                zones.setdefault(tag.zone_id, []).append(tag)
        ordered = sorted(zones.items(), key=lambda each: -len(each[1]))
        return [(zone_id or "somewhere", len(found), latest(found).epc_hex) for zone_id, found in ordered]

    async def _nearby(self, location: catalog_pb2.Location, item_id: str) -> list[dict[str, Any]]:
        """Return other stores that have the item, nearest first; none when this one's place is not known."""
        if not location.HasField("position"):
            return []
        request = availability_pb2.FindNearbyRequest(
            position=location.position,
            radius_metres=NEARBY_METRES,
            items=[availability_pb2.ItemQuantity(item_id=item_id, quantity=1)],
            max_count=SHOWN_NEARBY + 1,
        )
        found = (await self._stock.availability.FindNearby(request)).locations
        return [
            {
                "title": (await self._catalogue.location(each.location_id)).title,
                "kilometres": f"{each.distance_metres / 1000:.0f}",
                "available": each.items[0].available,
            }
            for each in found
            if each.location_id != location.location_id
        ][:SHOWN_NEARBY]


def latest(tags: list[reads_pb2.Tag]) -> reads_pb2.Tag:
    """Return the tag that was seen last."""
    return max(tags, key=lambda tag: tag.last_seen_time.seconds)
