"""Shipments against a real stock: papers and reads in every order, and each unit counted once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import GTIN, Shop, StockProcesses

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2
from onhand.api.stock.v1 import shipments_pb2 as shp
from onhand.kit import errors
from onhand.stock.domain import epc as epc_codec

Request = shp.ReceiveShipmentRequest


class Dock:
    """Shipments of a shop's item `i1`, with its tags."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.service = shop.client.shipments
        base = uuid4().int & (1 << 37) - 1
        self.epcs = [epc_codec.to_hex(epc_codec.encode_sgtin96(GTIN, 7, base + index)) for index in range(6)]
        self.shipment_id = ""

    async def announce(self, *tags: int, quantity: int = 0, origin: str = "", sscc: str = "") -> shp.Shipment:
        request = shp.AnnounceShipmentRequest(
            request_id=str(uuid4()),
            from_location_id=origin,
            to_location_id=self.shop.s1,
            sscc=sscc,
            goods=self.goods(*tags, quantity=quantity),
        )
        request.send_time.FromDatetime(datetime.now(UTC) - timedelta(hours=2))
        shipment = (await self.service.AnnounceShipment(request)).shipment
        self.shipment_id = shipment.shipment_id
        return shipment

    def goods(self, *tags: int, quantity: int = 0) -> list[shp.ShipmentGoods]:
        goods = []
        if tags:
            goods.append(shp.ShipmentGoods(epcs=[self.epcs[each] for each in tags]))
        if quantity:
            goods.append(shp.ShipmentGoods(product=led.Product(item_id="i1"), quantity=quantity))
        return goods

    async def dispatch(self, *tags: int, quantity: int = 0) -> shp.Shipment:
        request = shp.DispatchShipmentRequest(
            request_id=str(uuid4()),
            shipment_id=self.shipment_id,
            goods=self.goods(*tags, quantity=quantity),
        )
        return (await self.service.DispatchShipment(request)).shipment

    async def receive(
        self, *tags: int, quantity: int = 0, all_open: bool = False, shortage: int = 0
    ) -> shp.Shipment:
        request = Request(
            request_id=str(uuid4()),
            shipment_id=self.shipment_id,
            goods=self.goods(*tags, quantity=quantity),
            all_open=all_open,
            shortage=shortage,  # type: ignore[arg-type]
        )
        first, again = await asyncio.gather(*(self.service.ReceiveShipment(request) for _ in range(2)))
        assert first == again
        return first.shipment

    async def appear(self, *tags: int, minutes_ago: int = 60, store: str = "") -> None:
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        request = reads_pb2.RecordReadsRequest(reader_id=f"reader-{store or self.shop.s1}")
        for each in tags:
            for _ in range(2):  # enough to be believed of a tag of another location
                read = request.reads.add(epc=bytes.fromhex(self.epcs[each]), antenna=2, rssi_cdbm=-5000)
                read.read_time.FromDatetime(at)
        await self.shop.client.reads.RecordReads(request)

    async def stock(self, store: str = "") -> tuple[int, int]:
        """Return units on hand and in transit."""
        cell = await self.shop.cell("i1", store or self.shop.s1)
        return cell.on_hand, cell.in_transit


@pytest.fixture
def dock(shop: Shop) -> Dock:
    return Dock(shop)


def line(shipment: shp.Shipment) -> shp.ShipmentLine:
    assert len(shipment.lines) == 1
    return shipment.lines[0]


@pytest.mark.parametrize("by_tag", [True, False], ids=["by tag", "by quantity"])
@pytest.mark.parametrize("order", list(permutations(("reads", "receipt", "late reads"))))
async def test_a_suppliers_goods_count_once_whichever_of_reads_and_receipt_comes_first(
    dock: Dock, processes: StockProcesses, order: Sequence[str], *, by_tag: bool
) -> None:
    await dock.announce(*((0, 1, 2) if by_tag else ()), quantity=0 if by_tag else 3)
    minutes = iter((60, 50, 40))
    for step in order:
        match step:
            case "reads":
                await dock.appear(0, 1, minutes_ago=next(minutes))
            case "late reads":
                await dock.appear(2, minutes_ago=next(minutes))
            case _:
                shipment = await dock.receive(all_open=True)
                assert shipment.state == shp.Shipment.STATE_CLOSED
    assert await dock.stock() == (3, 0)
    await processes.audited()


async def test_partial_receipts_tell_what_is_over_and_short(dock: Dock, processes: StockProcesses) -> None:
    shipment = await dock.announce(0, 1, quantity=3, sscc="106141412345678908")
    assert line(shipment).announced_quantity == 5
    first = await dock.receive(0, quantity=1)
    assert (first.state, line(first).short_quantity) == (shp.Shipment.STATE_RECEIVING, 3)
    assert list(line(first).open_epc_hexes) == [dock.epcs[1]]
    assert list(line(first).unlisted_epc_hexes) == []
    more = await dock.receive(0, 5)  # the same tag again is nothing new, and one that nobody expected
    assert list(line(more).unlisted_epc_hexes) == [dock.epcs[5]]
    last = await dock.receive(shortage=Request.SHORTAGE_LOST)
    assert (last.state, line(last).received_quantity) == (shp.Shipment.STATE_CLOSED, 3)
    assert (line(last).short_quantity, line(last).over_quantity) == (2, 0)
    assert await dock.stock() == (3, 0)
    with pytest.raises(errors.WrongState):
        await dock.receive(quantity=1)
    listed = await dock.service.ListShipments(
        shp.ListShipmentsRequest(location_id=dock.shop.s1, sscc="106141412345678908")
    )
    assert [each.shipment_id for each in listed.shipments] == [dock.shipment_id]
    await processes.audited()


@pytest.mark.parametrize("reads", ["before the receipt", "after the receipt"])
@pytest.mark.parametrize("by_tag", [True, False], ids=["by tag", "by quantity"])
async def test_a_transfer_leaves_one_store_and_arrives_in_another_once(
    dock: Dock, processes: StockProcesses, reads: str, *, by_tag: bool
) -> None:
    origin = dock.shop.s2
    await dock.appear(0, 1, 2, minutes_ago=90, store=origin)
    await dock.announce(*((0, 1) if by_tag else ()), quantity=0 if by_tag else 2, origin=origin)
    shipment = await dock.dispatch()
    assert line(shipment).in_transit_quantity == 2
    assert (await dock.stock(), await dock.stock(origin)) == ((0, 2), (1, 0))
    if reads.startswith("before"):
        await dock.appear(0, 1, minutes_ago=30)
        await dock.receive(*((0, 1) if by_tag else ()), quantity=0 if by_tag else 2)
    else:
        await dock.receive(*((0, 1) if by_tag else ()), quantity=0 if by_tag else 2)
        await dock.appear(0, 1, minutes_ago=30)
    assert (await dock.stock(), await dock.stock(origin)) == ((2, 0), (1, 0))
    await processes.audited()


@pytest.mark.parametrize(
    ("shortage", "at_origin"), [(Request.SHORTAGE_LOST, 0), (Request.SHORTAGE_BACK, 2)], ids=["lost", "back"]
)
async def test_what_does_not_arrive_is_lost_or_back(
    dock: Dock, processes: StockProcesses, shortage: int, at_origin: int
) -> None:
    origin = dock.shop.s2
    await dock.appear(0, minutes_ago=90, store=origin)
    await dock.shop.receive(2, "i1", origin)
    await dock.announce(0, quantity=2, origin=origin)
    await dock.dispatch()
    assert await dock.stock(origin) == (0, 0)
    shipment = await dock.receive(quantity=1, shortage=shortage)
    assert (shipment.state, line(shipment).short_quantity) == (shp.Shipment.STATE_CLOSED, 2)
    assert (await dock.stock(), await dock.stock(origin)) == ((1, 0), (at_origin, 0))
    await processes.audited()


async def test_a_tag_that_appeared_and_was_sold_before_its_receipt_does_not_come_back(
    dock: Dock, processes: StockProcesses
) -> None:
    await dock.announce(0, quantity=1)
    await dock.appear(0, 1)
    await dock.shop.sell(epc=dock.epcs[0])
    await dock.shop.sell(gtin=GTIN)
    await dock.receive(all_open=True)
    assert await dock.stock() == (0, 0)
    await processes.audited()


async def test_an_appearance_is_settled_by_one_shipment_only(dock: Dock, processes: StockProcesses) -> None:
    other = Dock(dock.shop)
    await dock.announce(quantity=1)
    await other.announce(quantity=1)
    await dock.appear(0)
    await asyncio.gather(dock.receive(quantity=1), other.receive(quantity=1))
    assert await dock.stock() == (2, 0)
    await processes.audited()


async def test_only_what_has_not_moved_is_called_off(dock: Dock, processes: StockProcesses) -> None:
    await dock.announce(quantity=1, origin=dock.shop.s2)
    with pytest.raises(errors.WrongState):
        await dock.receive(quantity=1)
    request = shp.CancelShipmentRequest(request_id=str(uuid4()), shipment_id=dock.shipment_id)
    assert (await dock.service.CancelShipment(request)).shipment.state == shp.Shipment.STATE_CANCELLED
    with pytest.raises(errors.WrongState):
        await dock.dispatch()
    await dock.announce(quantity=1, origin=dock.shop.s2)
    await dock.dispatch()
    with pytest.raises(errors.WrongState):
        await dock.service.CancelShipment(
            shp.CancelShipmentRequest(request_id=str(uuid4()), shipment_id=dock.shipment_id)
        )
    await processes.audited()


async def test_goods_that_cannot_be_are_refused(dock: Dock) -> None:
    with pytest.raises(errors.InvalidField):
        await dock.announce(quantity=1, sscc="106141412345678901")
    with pytest.raises(errors.InvalidField):
        await dock.announce(0, 0)
    with pytest.raises(errors.UnknownLocation):
        await dock.announce(0, origin="nowhere")
    with pytest.raises(errors.InvalidField):
        await dock.announce(0, origin=dock.shop.s1)


async def test_one_tag_is_damaged_quarantined_sold_from_there_or_put_back(
    dock: Dock, processes: StockProcesses
) -> None:
    shop = dock.shop
    await dock.appear(0, 1)

    async def move(index: int, from_bucket: led.Bucket, to_bucket: led.Bucket) -> None:
        adjusted = led.AdjustmentLine(
            product=led.Product(epc=dock.epcs[index]),
            quantity=1,
            from_bucket=from_bucket,
            to_bucket=to_bucket,
        )
        await shop.client.ledger.RecordAdjustment(
            led.RecordAdjustmentRequest(request_id=str(uuid4()), location_id=shop.s1, lines=[adjusted])
        )

    await move(0, led.BUCKET_SELLABLE, led.BUCKET_DAMAGED)
    await move(1, led.BUCKET_SELLABLE, led.BUCKET_QUARANTINED)
    cell = await shop.cell("i1")
    assert (cell.on_hand, cell.unavailable, cell.available) == (2, 2, 0)
    with pytest.raises(errors.WrongState):
        await move(0, led.BUCKET_SELLABLE, led.BUCKET_QUALITY_CONTROL)
    await move(1, led.BUCKET_QUARANTINED, led.BUCKET_SELLABLE)
    await shop.sell(epc=dock.epcs[0])  # the damaged one, at a discount
    cell = await shop.cell("i1")
    assert (cell.on_hand, cell.unavailable, cell.available) == (1, 0, 1)
    await move(1, led.BUCKET_SELLABLE, led.BUCKET_SHRINK)
    await processes.audited()
    await move(1, led.BUCKET_SHRINK, led.BUCKET_SELLABLE)
    assert await dock.stock() == (1, 0)
    await processes.audited()
