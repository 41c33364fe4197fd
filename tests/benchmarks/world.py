"""The little chain that the figures ask about."""

import os
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.latlng_pb2 import LatLng

from onhand.api.stock.v1 import (
    availability_pb2,
    catalog_pb2,
    events_pb2,
    ledger_pb2,
    reads_pb2,
    reservations_pb2,
)
from onhand.client import Stock
from onhand.stock.domain.epc import check_digit, encode_sgtin96, to_binary

ITEMS = [f"item-{number:03}" for number in range(100)]
LOCATIONS = [f"store-{number:02}" for number in range(50)]
TAGGED = [f"tagged-{number:02}" for number in range(20)]
UNITS = 1_000_000
"""Of each item at each location: no reservation of a run may fail for want of stock."""
READERS = [f"reader-{number}" for number in range(8)]
"""Each hangs in a store of its own."""
_PREFIX = "0614141"
_EPC_BYTES = 12


def build(stock: Stock) -> None:
    """Make the chain and fill its stores."""
    catalog = catalog_pb2
    items = [catalog.Item(item_id=each, title=each) for each in ITEMS]
    items += [
        catalog.Item(item_id=each, title=each, tagged=True, gtins=[_gtin(number)])
        for number, each in enumerate(TAGGED)
    ]
    floor = catalog.Zone(zone_id="floor", kind=catalog.Zone.KIND_SALES_FLOOR)
    locations = [
        catalog.Location(
            location_id=each,
            kind=catalog.Location.KIND_STORE,
            time_zone="Europe/Amsterdam",
            position=LatLng(latitude=51.5 + number / len(LOCATIONS), longitude=5.1),
            collect_enabled=True,
            ship_enabled=True,
            zones=[floor],
        )
        for number, each in enumerate(LOCATIONS)
    ]
    points = [
        catalog.ReadPoint(reader_id=reader, antenna=1, location_id=location, zone_id="floor")
        for reader, location in zip(READERS, LOCATIONS, strict=False)
    ]
    for statuses in (
        stock.catalog.BatchUpsertItems(catalog.BatchUpsertItemsRequest(items=items)).statuses,
        stock.catalog.BatchUpsertLocations(catalog.BatchUpsertLocationsRequest(locations=locations)).statuses,
        stock.catalog.BatchUpsertReadPoints(
            catalog.BatchUpsertReadPointsRequest(read_points=points)
        ).statuses,
    ):
        if any(status.code for status in statuses):
            raise ValueError(f"the chain is refused: {statuses}")
    revision = 0
    for location in LOCATIONS:
        lines = [
            ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=each), quantity=UNITS)
            for each in ITEMS
        ]
        request = ledger_pb2.RecordReceiptRequest(request_id=str(uuid4()), location_id=location, lines=lines)
        revision = stock.ledger.RecordReceipt(request).revision
    # What follows asks the view: it must have all of this.
    stock.availability.GetAvailability(
        availability_pb2.GetAvailabilityRequest(
            item_ids=ITEMS[:1],
            location_ids=LOCATIONS[:1],
            consistency=availability_pb2.Consistency(at_least_as_fresh=revision),
        )
    )


def availability(items: int, locations: int) -> bytes:
    """Ask for items × locations cells."""
    request = availability_pb2.GetAvailabilityRequest(
        item_ids=ITEMS[:items], location_ids=LOCATIONS[:locations]
    )
    return request.SerializeToString()


def cell(number: int) -> tuple[str, str]:
    """Return item and location of a cell, all of them in turn."""
    return ITEMS[number % len(ITEMS)], LOCATIONS[number // len(ITEMS) % len(LOCATIONS)]


def reservations(count: int) -> Iterator[bytes]:
    """One unit each, spread over all cells, each with its own request_id."""
    for number in range(count):
        item_id, location_id = cell(number)
        line = reservations_pb2.ReservationLine(item_id=item_id, location_id=location_id, quantity=1)
        request = reservations_pb2.CreateReservationRequest(
            request_id=str(uuid4()), lines=[line], channel="web"
        )
        yield request.SerializeToString()


class Tags:
    """EPCs that nobody has seen yet, one serial number after another."""

    def __init__(self) -> None:
        self._bases = [
            int.from_bytes(to_binary(encode_sgtin96(_gtin(number), len(_PREFIX), 0)), "big")
            for number in range(len(TAGGED))
        ]
        # Serials of another run must not come back where a database is kept.
        self._serial = int.from_bytes(os.urandom(3), "big") << 13

    def take(self, count: int) -> list[bytes]:
        """Make `count` new EPCs, of all tagged items in turn."""
        first, self._serial = self._serial, self._serial + count
        return [
            (self._bases[serial % len(self._bases)] | serial).to_bytes(_EPC_BYTES, "big")
            for serial in range(first, first + count)
        ]


def batch(reader_id: str, epcs: Iterable[bytes]) -> reads_pb2.RecordReadsRequest:
    """Reads of these tags by one reader, now."""
    now = Timestamp()
    now.FromDatetime(datetime.now(UTC))
    reads = [reads_pb2.Read(epc=epc, antenna=1, read_time=now, rssi_cdbm=-5500) for epc in epcs]
    return reads_pb2.RecordReadsRequest(reader_id=reader_id, reads=reads)


def in_columns(reader_id: str, epcs: Sequence[bytes]) -> reads_pb2.RecordReadsRequest:
    """The same, in columns."""
    columns = reads_pb2.ReadColumns(
        epc_length=_EPC_BYTES,
        epcs=b"".join(epcs),
        antennas=b"\1" * len(epcs),
        read_times=struct.pack("<q", time.time_ns() // 1_000) * len(epcs),
        rssis_cdbm=struct.pack("<h", -5500) * len(epcs),
    )
    return reads_pb2.RecordReadsRequest(reader_id=reader_id, columns=[columns])


def tags_changed(epcs: Iterable[bytes]) -> bytes:
    """The event of these tags' appearance, as stock writes it."""
    now = Timestamp()
    now.FromDatetime(datetime.now(UTC))
    changes = [
        events_pb2.TagChanged(
            tag=reads_pb2.Tag(
                epc_hex=epc.hex().upper(),
                item_id=TAGGED[number % len(TAGGED)],
                location_id=LOCATIONS[0],
                zone_id="floor",
                state=reads_pb2.Tag.STATE_PRESENT,
                first_seen_time=now,
                last_seen_time=now,
                bucket=ledger_pb2.BUCKET_SELLABLE,
            ),
            zone_id_before="floor",
        )
        for number, epc in enumerate(epcs)
    ]
    event = events_pb2.StockEvent(
        event_id=str(uuid4()), record_time=now, tags_changed=events_pb2.TagsChanged(changes=changes)
    )
    return event.SerializeToString()


def _gtin(number: int) -> str:
    # Indicator digit 0, then prefix and item reference of 12 digits together.
    body = f"0{_PREFIX}{number:05}"
    return body + check_digit(body)
