"""Stock as shopping sites take it: Google's local product inventory, and schema.org's Offer.

Google's attributes and values: Merchant Center help, "Local product inventory data specification"
(support.google.com/merchants/answer/3061342), as files name them. What a channel's display policy hides stays
hidden: then there is a state and no number.
"""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.message import Message

from onhand.api.stock.v1 import availability_pb2, catalog_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.interceptors import check

COLUMNS = ("store_code", "id", "quantity", "availability", "pickup_method", "pickup_sla")
AVAILABILITY = {
    availability_pb2.STOCK_STATE_IN_STOCK: "in_stock",
    availability_pb2.STOCK_STATE_LOW: "limited_availability",
    availability_pb2.STOCK_STATE_OUT: "out_of_stock",
}
PICKUP_METHODS = ("buy", "reserve", "ship_to_store", "not_supported")
PICKUP_SLAS = ("same_day", "next_day", "2-day", "3-day", "4-day", "5-day", "6-day", "multi-week")
FORMATS = {"tsv": "text/tab-separated-values", "csv": "text/csv"}
PAGE = 1_000
"""Locations asked for at once."""
ITEM_AVAILABILITY = {
    availability_pb2.STOCK_STATE_IN_STOCK: "https://schema.org/InStock",
    availability_pb2.STOCK_STATE_LOW: "https://schema.org/LimitedAvailability",
    availability_pb2.STOCK_STATE_OUT: "https://schema.org/OutOfStock",
}


@dataclass(frozen=True)
class Feed:
    """What a feed is asked to hold. Raises InvalidField for values that Google does not take."""

    channel: str = ""
    location_ids: Sequence[str] = ()
    """Empty: every store that the caller speaks for."""
    pickup_method: str = "buy"
    """How goods of stores where customers may collect are got."""
    pickup_sla: str = "same_day"
    format: str = "tsv"

    def __post_init__(self) -> None:
        values = (
            ("pickup_method", self.pickup_method, PICKUP_METHODS),
            ("pickup_sla", self.pickup_sla, PICKUP_SLAS),
            ("format", self.format, tuple(FORMATS)),
        )
        wrong = [
            FieldViolation(name, f"is one of {', '.join(allowed)}")
            for name, value, allowed in values
            if value not in allowed
        ]
        if wrong:
            raise InvalidField(wrong)


async def local_inventory(stock: AsyncStock, feed: Feed) -> AsyncGenerator[str]:
    """Yield the feed in parts, by store and item: the header, and a line for each cell that was ever counted.

    It is the snapshot that a watch begins with, and no watcher of what comes then.
    """
    stores = await _stores(stock, feed.location_ids)
    query = availability_pb2.WatchAvailabilityRequest(location_ids=feed.location_ids, channel=feed.channel)
    parts = cast(
        "AsyncGenerator[availability_pb2.WatchAvailabilityResponse]",
        stock.availability.WatchAvailability(check(query)),
    )
    rows: list[Sequence[str | int]] = [COLUMNS]
    async with aclosing(parts):
        async for part in parts:
            rows += [
                _row(feed, store, each) for each in part.cells if (store := stores.get(each.location_id))
            ]
            yield _lines(feed, rows)
            rows = []
            if part.snapshot_complete:
                return


def _row(
    feed: Feed, store: catalog_pb2.Location, cell: availability_pb2.Availability
) -> tuple[str | int, ...]:
    collects = store.collect_enabled and feed.pickup_method != "not_supported"
    return (
        cell.location_id,
        cell.item_id,
        "" if cell.quantities_hidden else cell.available,
        AVAILABILITY[cell.stock_state],
        feed.pickup_method if collects else "not_supported",
        feed.pickup_sla if collects else "",
    )


def _lines(feed: Feed, rows: Sequence[Sequence[str | int]]) -> str:
    text = io.StringIO()
    delimiter = "\t" if feed.format == "tsv" else ","
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


async def _stores(stock: AsyncStock, location_ids: Sequence[str]) -> dict[str, catalog_pb2.Location]:
    """Return all stores by id; goods of a distribution centre are in no shop.

    Raises InvalidField when one that was asked for is none.
    """
    found: dict[str, catalog_pb2.Location] = {}
    request = catalog_pb2.ListLocationsRequest(page_size=PAGE)
    while True:
        page = await stock.catalog.ListLocations(request)
        found |= {
            each.location_id: each for each in page.locations if each.kind == catalog_pb2.Location.KIND_STORE
        }
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    if unknown := [each for each in location_ids if each not in found]:
        raise InvalidField([FieldViolation("location_id", f"{unknown[0]!r} is no store")])
    return found


def offer(
    item: catalog_pb2.Item, store: catalog_pb2.Location, cell: availability_pb2.Availability
) -> dict[str, Any]:
    """Say what a store has of an item as a schema.org Offer. It has no price: stock knows none."""
    members: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Offer",
        "availability": ITEM_AVAILABILITY[cell.stock_state],
        "itemOffered": _product(item),
        "availableAtOrFrom": _place(store),
    }
    if not cell.quantities_hidden:
        members["inventoryLevel"] = {"@type": "QuantitativeValue", "value": cell.available}
    if store.collect_enabled:
        members["availableDeliveryMethod"] = "https://schema.org/OnSitePickup"
    return members


def _product(item: catalog_pb2.Item) -> dict[str, Any]:
    named = {
        "sku": item.item_id,
        "name": item.title,
        "gtin": item.gtins[0] if item.gtins else "",
        "size": item.size,
        "color": item.colour,
        "image": item.picture_uri,
    }
    return {"@type": "Product"} | _given(named)


def _place(store: catalog_pb2.Location) -> dict[str, Any]:
    address = store.address
    place: dict[str, Any] = {"@type": "Store", "branchCode": store.location_id}
    place |= _given({"name": store.title, "globalLocationNumber": store.gln})
    if _is_set(address):
        postal = {
            "streetAddress": ", ".join(address.address_lines),
            "postalCode": address.postal_code,
            "addressLocality": address.locality,
            "addressRegion": address.administrative_area,
            "addressCountry": address.region_code,
        }
        place["address"] = {"@type": "PostalAddress"} | _given(postal)
    if store.HasField("position"):
        at = store.position
        place["geo"] = {"@type": "GeoCoordinates", "latitude": at.latitude, "longitude": at.longitude}
    return place


def _is_set(message: Message) -> bool:
    return message.ByteSize() > 0


def _given(members: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}
