"""A tag that one store sold and another one sees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2

Tag = reads_pb2.Tag


def line(**named: str) -> led.DocumentLine:
    return led.DocumentLine(product=led.Product(**named), quantity=1)


async def sold_at_s1(shop: Shop, at: datetime) -> None:
    when = Timestamp()
    when.FromDatetime(at)
    await shop.read(1, at - timedelta(minutes=10))
    await shop.client.ledger.RecordSale(
        led.RecordSaleRequest(
            request_id=str(uuid4()), location_id=shop.s1, occur_time=when, lines=[line(epc=shop.epc)]
        )
    )


async def on_hand(shop: Shop) -> tuple[int, int]:
    cells = [await shop.cell("i1", store) for store in (shop.s1, shop.s2)]
    return cells[0].on_hand, cells[1].on_hand


@pytest.mark.parametrize("was_there", [False, True])
async def test_a_customer_in_what_they_bought_elsewhere_brings_no_stock(
    shop: Shop, processes: StockProcesses, *, was_there: bool
) -> None:
    now = datetime.now(UTC)
    if was_there:  # it came from there to where it was sold
        await shop.read(1, now - timedelta(hours=5), store=shop.s2)
        for minutes in range(0, 30, 3):
            await shop.read(1, now - timedelta(hours=3, minutes=-minutes), times=3)
        await shop.until_tag_is(Tag.STATE_PRESENT, Tag.STATE_DEPARTED)
        # Others are read there meanwhile: it is not that nobody looked.
        other = replace(shop, epc=shop.epc[:-4] + "0000")
        for minutes in range(0, 180, 2):
            await other.read(1, now - timedelta(hours=4, minutes=-minutes), store=shop.s2)
    await sold_at_s1(shop, now - timedelta(hours=2))
    for seconds in range(0, 600, 30):
        at = now - timedelta(hours=1) + timedelta(seconds=seconds)
        await shop.read(1, at, store=shop.s2, times=3, rssi=-4500)
    await shop.until_tag_is(Tag.STATE_SOLD, Tag.STATE_SOLD)
    assert await on_hand(shop) == (0, int(was_there))  # the other one
    await processes.audited()


async def test_what_is_returned_to_another_store_counts_there_once(
    shop: Shop, processes: StockProcesses
) -> None:
    now = datetime.now(UTC)
    await sold_at_s1(shop, now - timedelta(minutes=20))
    await shop.client.ledger.RecordReturn(
        led.RecordReturnRequest(request_id=str(uuid4()), location_id=shop.s2, lines=[line(item_id="i1")])
    )
    assert await on_hand(shop) == (0, 1)
    await shop.read(1, now, store=shop.s2)
    await shop.until_tag_is(Tag.STATE_PRESENT, Tag.STATE_SOLD)
    assert await on_hand(shop) == (0, 1)
    await processes.audited()


async def test_what_lies_in_another_store_for_long_was_brought_back(
    shop: Shop, processes: StockProcesses
) -> None:
    now = datetime.now(UTC)
    await sold_at_s1(shop, now - timedelta(hours=3))
    for seconds in range(0, 3600, 20):
        at = now - timedelta(hours=1) + timedelta(seconds=seconds)
        await shop.read(1, at, store=shop.s2, rssi=-4500)
    await shop.until_tag_is(Tag.STATE_PRESENT, Tag.STATE_SOLD)
    assert await on_hand(shop) == (0, 1)
    history = await shop.client.tags.GetTagHistory(reads_pb2.GetTagHistoryRequest(epc=shop.epc))
    assert (history.events[0].location_id, history.events[0].reason) == (
        shop.s2,
        led.MOVEMENT_REASON_RETURNED,
    )
    await processes.audited()
