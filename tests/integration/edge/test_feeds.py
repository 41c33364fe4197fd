"""What shopping sites take."""

import asyncio
import csv
import io
from typing import Any

import httpx
import pytest

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.kit import errors

FEED = "/feeds/local-inventory"


def cell(
    item_id: str, state: int, available: int = 5, location_id: str = "store-1", *, hidden: bool = False
) -> av.Availability:
    return av.Availability(
        item_id=item_id,
        location_id=location_id,
        stock_state=state,
        available=0 if hidden else available,
        quantities_hidden=hidden,
    )


def snapshot(peer: Any, *cells: av.Availability) -> None:
    """Let stock tell a snapshot in parts of one cell."""
    for each in cells:
        peer.changes.put_nowait(av.WatchAvailabilityResponse(cells=[each]))
    peer.changes.put_nowait(av.WatchAvailabilityResponse(snapshot_complete=True, revision=7))


def rows(text: str, delimiter: str = "\t") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


HEADER = ["store_code", "id", "quantity", "availability", "pickup_method", "pickup_sla"]


async def test_every_cell_of_a_store_is_a_line(
    edge: httpx.AsyncClient, world: Any, peer: Any, until: Any
) -> None:
    snapshot(
        peer,
        cell("a", av.STOCK_STATE_IN_STOCK),
        cell("b", av.STOCK_STATE_LOW, 1),
        cell("c", av.STOCK_STATE_OUT, 0),
        cell("d", av.STOCK_STATE_IN_STOCK, hidden=True),
        cell("e", av.STOCK_STATE_IN_STOCK, location_id="warehouse"),  # no store
    )
    response = await edge.get(FEED + "?channel=google", headers=world.bearer())
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/tab-separated-values")
    assert rows(response.text) == [
        HEADER,
        ["store-1", "a", "5", "in_stock", "buy", "same_day"],
        ["store-1", "b", "1", "limited_availability", "buy", "same_day"],
        ["store-1", "c", "0", "out_of_stock", "buy", "same_day"],
        ["store-1", "d", "", "in_stock", "buy", "same_day"],
    ]
    assert peer.watched[0].channel == "google"
    await until(lambda: peer.watching == 0)  # no watcher of what comes then


async def test_how_goods_are_got_and_which_stores_can_be_said(
    edge: httpx.AsyncClient, world: Any, peer: Any, until: Any
) -> None:
    snapshot(peer, cell("a,1", av.STOCK_STATE_IN_STOCK))
    query = "?format=csv&pickup_method=ship_to_store&pickup_sla=multi-week&location_id=store-1"
    response = await edge.get(FEED + query, headers=world.bearer())
    assert response.headers["content-type"].startswith("text/csv")
    assert rows(response.text, ",")[1] == ["store-1", "a,1", "5", "in_stock", "ship_to_store", "multi-week"]
    assert list(peer.watched[0].location_ids) == ["store-1"]
    await until(lambda: peer.watching == 0)
    snapshot(peer, cell("a", av.STOCK_STATE_IN_STOCK))
    response = await edge.get(FEED + "?pickup_method=not_supported", headers=world.bearer())
    assert rows(response.text)[1][4:] == ["not_supported", ""]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pickup_method=drone", "pickup_method"),
        ("pickup_sla=7-day", "pickup_sla"),
        ("format=xml", "format"),
        ("location_id=nowhere", "location_id"),
    ],
)
async def test_what_sites_do_not_take_is_refused(
    query: str, field: str, edge: httpx.AsyncClient, world: Any
) -> None:
    response = await edge.get(f"{FEED}?{query}", headers=world.bearer())
    assert response.status_code == 400
    assert [each["field"] for each in response.json()["violations"]] == [field]


async def test_a_feed_needs_a_token_and_a_place(start_edge: Any, world: Any, peer: Any, until: Any) -> None:
    narrow = await start_edge(max_feeds=1)
    async with narrow.client() as client:
        assert (await client.get(FEED)).status_code == 401
        peer.changes.put_nowait(errors.WrongLocation("store-1"))
        assert (await client.get(FEED, headers=world.bearer())).status_code == 403
        peer.changes.put_nowait(av.WatchAvailabilityResponse(cells=[cell("a", av.STOCK_STATE_OUT)]))
        async with asyncio.timeout(15), client.stream("GET", FEED, headers=world.bearer()) as first:
            assert first.status_code == 200
            second = await client.get(FEED, headers=world.bearer())
            assert second.status_code == 503
        await until(lambda: peer.watching == 0)  # stock is left when the client goes, also when it is silent
        snapshot(peer)
        async with asyncio.timeout(15):  # the place is free again once the first has gone
            while (await client.get(FEED, headers=world.bearer())).status_code != 200:
                pass


async def test_a_feed_that_fails_half_way_is_not_taken_for_whole(
    edge: httpx.AsyncClient, world: Any, peer: Any
) -> None:
    peer.changes.put_nowait(av.WatchAvailabilityResponse(cells=[cell("a", av.STOCK_STATE_OUT)]))
    peer.changes.put_nowait(errors.LimitReached("100,000 cells wait"))
    with pytest.raises(httpx.RemoteProtocolError):
        await edge.get(FEED, headers=world.bearer())


async def test_an_item_at_a_store_is_an_offer(edge: httpx.AsyncClient, world: Any) -> None:
    response = await edge.get("/v1/items/a/offers/store-1?channel=web", headers=world.bearer())
    assert response.headers["content-type"] == "application/ld+json"
    assert response.json() == {
        "@context": "https://schema.org",
        "@type": "Offer",
        "availability": "https://schema.org/InStock",
        "itemOffered": {"@type": "Product", "sku": "a", "name": "Ünderwear"},
        "availableAtOrFrom": {"@type": "Store", "branchCode": "store-1", "name": "Högtorp <b>"},
        "inventoryLevel": {"@type": "QuantitativeValue", "value": 5},
        "availableDeliveryMethod": "https://schema.org/OnSitePickup",
    }


async def test_an_offer_of_nothing_is_not_found(edge: httpx.AsyncClient, world: Any) -> None:
    response = await edge.get("/v1/items/none/offers/store-1", headers=world.bearer())
    assert (response.status_code, response.json()["reason"]) == (404, "UNKNOWN_ITEM")
    assert (await edge.get("/v1/items/a/offers/store-1")).status_code == 401
