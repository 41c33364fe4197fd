"""What is known before the day begins: items, stores, readers, and the untagged goods on the shelves."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from google.rpc import status_pb2
from google.type import latlng_pb2, postal_address_pb2

from onhand.api.stock.v1 import catalog_pb2, ledger_pb2
from onhand.client import AsyncStock
from onhand.demo.gateway import exit_id
from onhand.demo.readers import ZEBRA_ANTENNAS, reader_ids
from onhand.demo.shelf import BACK_ROOM, EXIT, FLOOR, STAGING
from onhand.demo.tally import Tally
from onhand.demo.world import Item, Place, Store, World
from onhand.kit.clock import Clock

T = TypeVar("T")

ITEMS_A_CALL = 1000
LOCATIONS_A_CALL = 500
READ_POINTS_A_CALL = 1000
LINES_A_RECEIPT = 500
RECEIPTS_AT_ONCE = 4
_Kind = catalog_pb2.Zone
ZONES = {
    FLOOR: _Kind.KIND_SALES_FLOOR,
    BACK_ROOM: _Kind.KIND_BACK_ROOM,
    STAGING: _Kind.KIND_STAGING,
    EXIT: _Kind.KIND_EXIT,
}


async def upsert(stock: AsyncStock, world: World, tally: Tally) -> None:
    """Make the world known, in bulk."""
    for items in parts(list(world.items.values()), ITEMS_A_CALL):
        answer = await stock.catalog.BatchUpsertItems(
            catalog_pb2.BatchUpsertItemsRequest(items=map(item_message, items))
        )
        _check(answer.statuses, tally)
    for stores in parts(list(world.stores.values()), LOCATIONS_A_CALL):
        located = await stock.catalog.BatchUpsertLocations(
            catalog_pb2.BatchUpsertLocationsRequest(locations=map(location_message, stores))
        )
        _check(located.statuses, tally)
    points = [point for location_id in world.stores for point in read_points(location_id)]
    for some in parts(points, READ_POINTS_A_CALL):
        placed = await stock.catalog.BatchUpsertReadPoints(
            catalog_pb2.BatchUpsertReadPointsRequest(read_points=some)
        )
        _check(placed.statuses, tally)


async def close(stock: AsyncStock, store: Store, tally: Tally) -> None:
    """Take a store out of the choice: nobody collects there or has anything shipped from it."""
    location = location_message(store)
    location.collect_enabled = location.ship_enabled = False
    answer = await stock.catalog.BatchUpsertLocations(
        catalog_pb2.BatchUpsertLocationsRequest(locations=[location])
    )
    _check(answer.statuses, tally)


async def receive(
    tills: Mapping[str, AsyncStock], untagged: Mapping[tuple[str, str], int], clock: Clock
) -> None:
    """Record the morning's untagged goods as receipts, each store's by its own token."""
    lines: defaultdict[str, list[ledger_pb2.DocumentLine]] = defaultdict(list)
    for (location_id, item_id), units in untagged.items():
        product = ledger_pb2.Product(item_id=item_id)
        lines[location_id].append(ledger_pb2.DocumentLine(product=product, quantity=units))
    free = asyncio.Semaphore(RECEIPTS_AT_ONCE)

    async def record(location_id: str, number: int, some: Sequence[ledger_pb2.DocumentLine]) -> None:
        async with free:
            await tills[location_id].ledger.RecordReceipt(
                ledger_pb2.RecordReceiptRequest(
                    request_id=str(clock.uuid()),
                    location_id=location_id,
                    document=f"morning-{location_id}-{number}",
                    lines=some,
                )
            )

    async with asyncio.TaskGroup() as group:
        for location_id, of_store in lines.items():
            for number, some in enumerate(parts(of_store, LINES_A_RECEIPT), 1):
                group.create_task(record(location_id, number, some))


def item_message(item: Item) -> catalog_pb2.Item:
    return catalog_pb2.Item(
        item_id=item.item_id,
        gtins=[item.gtin],
        title=item.title,
        style_id=item.style_id,
        size=item.size,
        item_class=item.item_class,
        tagged=item.tagged,
    )


def location_message(store: Store) -> catalog_pb2.Location:
    return catalog_pb2.Location(
        location_id=store.location_id,
        kind=catalog_pb2.Location.KIND_STORE,
        title=f"{store.place.city} {store.location_id}",
        address=address_of(store.place, f"Store {store.location_id}"),
        position=position_of(store.place),
        time_zone=store.place.time_zone,
        collect_enabled=True,
        ship_enabled=True,
        zones=[catalog_pb2.Zone(zone_id=zone_id, kind=kind) for zone_id, kind in ZONES.items()],
    )


def read_points(location_id: str) -> Iterator[catalog_pb2.ReadPoint]:
    """Yield a store's antennas: all of the R700 see the floor, the Zebra's one zone each."""
    impinj_id, zebra_id = reader_ids(location_id)
    places = [(impinj_id, 0, FLOOR), (exit_id(location_id), 0, EXIT)]
    places += [(zebra_id, antenna, zone) for zone, antenna in ZEBRA_ANTENNAS.items()]
    for reader_id, antenna, zone_id in places:
        yield catalog_pb2.ReadPoint(
            reader_id=reader_id, antenna=antenna, location_id=location_id, zone_id=zone_id
        )


def address_of(place: Place, line: str) -> postal_address_pb2.PostalAddress:
    return postal_address_pb2.PostalAddress(
        region_code="US",
        postal_code=place.postal_code,
        administrative_area=place.state,
        locality=place.city,
        address_lines=[line],
    )


def position_of(place: Place) -> latlng_pb2.LatLng:
    return latlng_pb2.LatLng(latitude=place.latitude, longitude=place.longitude)


def parts(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _check(statuses: Iterable[status_pb2.Status], tally: Tally) -> None:
    for status in statuses:
        if status.code:
            tally.fail(f"upsert: {status.message}")
