"""Stock as its callers see it: a real process, a real database, a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import GTIN, Shop, StockProcesses

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2, reads_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.client import AsyncStock
from onhand.kit import errors


def request_id() -> str:
    return str(uuid4())


async def test_a_write_is_seen_by_a_read_that_asks_to_be_as_fresh(shop: Shop) -> None:
    revision = await shop.receive(5)
    answer = await shop.client.availability.GetAvailability(
        av.GetAvailabilityRequest(
            item_ids=["i2", "nothing"],
            location_ids=[shop.s1, "nowhere"],
            consistency=av.Consistency(at_least_as_fresh=revision),
        )
    )
    assert [line.availability.available for line in answer.lines] == [5, 0, 0, 0]
    assert [line.status.code for line in answer.lines] == [0, 5, 5, 5]
    assert answer.revision >= revision


async def test_an_item_is_found_by_its_bar_code_in_any_of_its_lengths(shop: Shop) -> None:
    async def item_of(**asked: str) -> str:
        return (await shop.client.catalog.GetItem(catalog_pb2.GetItemRequest(**asked))).item.item_id

    known = await item_of(gtin=GTIN)
    assert await item_of(gtin=GTIN.zfill(14)) == await item_of(item_id=known) == known
    with pytest.raises(errors.UnknownItem):
        await item_of(gtin="4006381333931")
    with pytest.raises(errors.InvalidGtin):
        await item_of(gtin="4006381333932")
    for asked in ({}, {"gtin": GTIN, "item_id": known}, {"gtin": "12"}):
        with pytest.raises(errors.InvalidField):
            await item_of(**asked)


async def test_nearby_locations_are_found_nearest_first_and_the_others_say_why_not(shop: Shop) -> None:
    await shop.receive(1, location_id=shop.s1)
    revision = await shop.receive(5, location_id=shop.s2)

    async def find(quantity: int, radius_metres: int = 60_000, **asked: bool) -> list[tuple[str, int]]:
        request = av.FindNearbyRequest(
            radius_metres=radius_metres,
            items=[av.ItemQuantity(item_id="i2", quantity=quantity)],
            max_count=500,
            consistency=av.Consistency(at_least_as_fresh=revision),
            **asked,
        )
        request.position.latitude, request.position.longitude = 52.3740, 4.8897
        found = (await shop.client.availability.FindNearby(request)).locations
        return [
            (each.location_id, each.exclusion) for each in found if each.location_id in (shop.s1, shop.s2)
        ]

    nearby = av.NearbyLocation
    assert await find(1) == [(shop.s1, 0), (shop.s2, 0)]
    assert await find(2) == [(shop.s2, 0)]
    assert await find(1, 30_000) == [(shop.s1, 0)]
    assert await find(1, ship_only=True) == [(shop.s1, 0)]
    assert await find(2, ship_only=True, include_excluded=True) == [
        (shop.s1, nearby.EXCLUSION_INSUFFICIENT_STOCK),
        (shop.s2, nearby.EXCLUSION_SHIP_DISABLED),
    ]


async def test_a_watch_tells_the_snapshot_then_each_change(shop: Shop) -> None:
    await shop.receive(5)
    seen: list[int] = []

    async def follow() -> None:
        async for part in shop.client.availability.WatchAvailability(
            av.WatchAvailabilityRequest(item_ids=["i2"], location_ids=[shop.s1])
        ):
            seen.extend(each.available for each in part.cells)
            if seen and seen[-1] == 4:
                return

    async with asyncio.timeout(20):
        task = asyncio.create_task(follow())
        while not seen:
            await asyncio.sleep(0.01)
        await shop.sell(item_id="i2")
        await task
    assert seen == [5, 4]


async def test_a_tags_life_is_one_unit(shop: Shop, processes: StockProcesses) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    answer = await shop.read(2, at, times=3)
    assert (answer.accepted_count, answer.repeated_count, answer.refused_count) == (1, 2, 0)
    assert (await shop.cell("i1")).on_hand == 1
    assert (await shop.read(2, at)).repeated_count == 1
    await shop.read(1, at + timedelta(minutes=1))
    await shop.sell(gtin=GTIN)
    assert (await shop.cell("i1")).on_hand == 0
    await shop.read(3, at + timedelta(minutes=2))
    await shop.until_tag_is(reads_pb2.Tag.STATE_SOLD)
    left = await shop.cell("i1")
    assert (left.on_hand, left.unavailable) == (0, 0)
    await processes.audited()


async def test_a_tag_that_leaves_unsold_is_missing_and_is_found_again(
    shop: Shop, processes: StockProcesses
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    await shop.read(1, at)
    await shop.read(3, at + timedelta(minutes=1))
    await shop.until_tag_is(reads_pb2.Tag.STATE_MISSING)
    gone = await shop.cell("i1")
    assert (gone.on_hand, gone.unavailable, gone.available) == (1, 1, 0)
    await shop.read(1, at + timedelta(minutes=2))
    back = await shop.cell("i1")
    assert (back.on_hand, back.unavailable, back.available) == (1, 0, 1)
    await processes.audited()


async def test_a_stray_read_of_another_stores_tag_moves_nothing_and_a_real_arrival_does(
    shop: Shop, processes: StockProcesses
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    await shop.read(1, at)
    await shop.read(1, at + timedelta(seconds=5), store=shop.s2)
    assert [(await shop.cell("i1", store)).on_hand for store in (shop.s1, shop.s2)] == [1, 0]
    await shop.read(1, at + timedelta(minutes=5), store=shop.s2, times=4)
    await shop.until_tag_is(reads_pb2.Tag.STATE_PRESENT, reads_pb2.Tag.STATE_DEPARTED)
    assert [(await shop.cell("i1", store)).on_hand for store in (shop.s1, shop.s2)] == [0, 1]
    await processes.audited()


async def test_reads_that_cannot_be_are_refused_one_by_one_and_unknown_readers_are_listed(
    shop: Shop,
) -> None:
    now = datetime.now(UTC)
    reads = [
        reads_pb2.Read(epc=bytes.fromhex("E28068940000400177"), antenna=antenna) for antenna in (1, 1, 9)
    ]
    for each, at in zip(reads, (now, now - timedelta(days=30), now), strict=True):
        each.read_time.FromDatetime(at)
    answer = await shop.client.reads.RecordReads(
        reads_pb2.RecordReadsRequest(reader_id=f"reader-{shop.s1}", reads=reads)
    )
    assert (answer.accepted_count, answer.refused_count, answer.unknown_item_count) == (1, 2, 1)
    assert [(each.index, each.reason) for each in answer.refusals] == [
        (1, "INVALID_FIELD"),
        (2, "UNKNOWN_READER"),
    ]
    listed = await shop.client.catalog.ListReadPoints(catalog_pb2.ListReadPointsRequest(only_unadopted=True))
    assert [(point.reader_id, point.antenna) for point in listed.read_points] == [(f"reader-{shop.s1}", 9)]
    unknown = await shop.client.tags.ListTags(
        reads_pb2.ListTagsRequest(location_id=shop.s1, only_unknown=True)
    )
    assert [tag.epc_hex for tag in unknown.tags] == ["E28068940000400177"]


async def test_stream_reads_acknowledges_each_batch_in_order(shop: Shop) -> None:
    async def batches() -> Any:
        for sequence in range(1, 4):
            each = reads_pb2.Read(epc=bytes.fromhex(shop.epc), antenna=1)
            each.read_time.FromDatetime(datetime.now(UTC))
            batch = reads_pb2.RecordReadsRequest(reader_id=f"reader-{shop.s1}", reads=[each])
            yield reads_pb2.StreamReadsRequest(sequence=sequence, batch=batch)

    answers = [answer async for answer in shop.client.reads.StreamReads(batches())]
    assert [answer.sequence for answer in answers] == [1, 2, 3]
    assert [answer.result.accepted_count + answer.result.repeated_count for answer in answers] == [1, 1, 1]


async def test_a_hold_expires_exactly_and_its_units_go_to_the_next(
    shop: Shop, processes: StockProcesses
) -> None:
    await shop.receive(1)

    first = (await shop.client.reservations.CreateReservation(shop.hold(("i2", 1), seconds=1))).reservation
    with pytest.raises(errors.InsufficientStock):
        await shop.client.reservations.CreateReservation(shop.hold(("i2", 1)))
    expire_time = first.expire_time.ToDatetime(UTC)
    async with asyncio.timeout(10):
        while datetime.now(UTC) < expire_time:
            await asyncio.sleep(0.01)
    second = (await shop.client.reservations.CreateReservation(shop.hold(("i2", 1)))).reservation
    assert second.state == res.Reservation.STATE_HELD
    with pytest.raises(errors.WrongState):
        await shop.client.reservations.CommitReservation(
            res.CommitReservationRequest(
                request_id=request_id(), reservation_id=first.reservation_id, order_id="o1"
            )
        )
    await processes.audited()


async def test_the_same_item_twice_in_a_basket_is_held_as_its_sum(shop: Shop) -> None:
    await shop.receive(3)
    with pytest.raises(errors.InsufficientStock) as raised:
        await shop.client.reservations.CreateReservation(shop.hold(("i2", 2), ("i2", 2)))
    assert (raised.value.asked, raised.value.available) == (4, 3)


async def test_a_request_again_gets_its_first_answer_and_another_one_under_its_id_is_told(
    shop: Shop, processes: StockProcesses
) -> None:
    await shop.receive(1)
    request = shop.hold(("i2", 1))
    request.channel = "web"
    answers = await asyncio.gather(*(shop.client.reservations.CreateReservation(request) for _ in range(10)))
    assert len({answer.reservation.SerializeToString(deterministic=True) for answer in answers}) == 1
    other = res.CreateReservationRequest()
    other.CopyFrom(request)
    other.channel = "app"
    with pytest.raises(errors.RequestIdReused) as raised:
        await shop.client.reservations.CreateReservation(other)
    assert raised.value.differs == "channel"
    sale = led.RecordSaleRequest(
        request_id=request_id(),
        location_id=shop.s1,
        lines=[led.DocumentLine(product=led.Product(item_id="i3"), quantity=1)],
    )
    sales = await asyncio.gather(*(shop.client.ledger.RecordSale(sale) for _ in range(10)))
    assert len({answer.revision for answer in sales}) == 1
    assert (await shop.cell("i3")).on_hand == -1
    await processes.audited()


BAD: list[tuple[str, Callable[[Shop], Awaitable[Any]], type[errors.OnhandError]]] = [
    ("malformed EPC", lambda s: s.sell(epc="urn:epc:id:sgtin:0614141.812345"), errors.InvalidEpc),
    ("malformed EPC on a tag", lambda s: s.sell(epc="30FFFFFFFFFFFFFFFFFFFFFF"), errors.InvalidEpc),
    ("GTIN with a wrong check digit", lambda s: s.sell(gtin="80614141123459"), errors.InvalidGtin),
    ("unknown item", lambda s: s.sell(item_id="nothing"), errors.UnknownItem),
    ("unknown GTIN", lambda s: s.sell(gtin="00000000000017"), errors.UnknownItem),
    ("unknown location", lambda s: s.receive(1, location_id="nowhere"), errors.UnknownLocation),
    ("negative count", lambda s: s.receive(-1), errors.InvalidField),
    ("tag with a quantity", lambda s: s.sell(2, epc=s.epc), errors.InvalidField),
    ("text with NUL", lambda s: s.receive(1, "i2", "a\0b"), errors.InvalidField),
    (
        "too many lines",
        lambda s: s.client.ledger.RecordSale(
            led.RecordSaleRequest(
                request_id=request_id(),
                location_id=s.s1,
                lines=[led.DocumentLine(product=led.Product(item_id="i2"), quantity=1)] * 501,
            )
        ),
        errors.InvalidField,
    ),
    (
        "too many cells",
        lambda s: s.client.availability.GetAvailability(
            av.GetAvailabilityRequest(item_ids=["i2"] * 101, location_ids=[s.s1] * 100)
        ),
        errors.InvalidField,
    ),
    (
        "page token of nobody",
        lambda s: s.client.catalog.ListItems(catalog_pb2.ListItemsRequest(page_token="bm9wZQ==")),
        errors.InvalidField,
    ),
]


@pytest.mark.parametrize(("call", "error"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
async def test_bad_input_is_told_clearly_and_changes_nothing(
    shop: Shop, processes: StockProcesses, call: Callable[..., Any], error: type[errors.OnhandError]
) -> None:
    await shop.receive(2)
    with pytest.raises(error):
        await call(shop)
    assert (await shop.cell()).on_hand == 2
    await processes.audited()


async def test_a_token_speaks_only_for_its_scopes_and_locations(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    async def as_holder_of(token: str) -> AsyncIterator[Shop]:
        async with AsyncStock(processes.addresses[0], token) as client:
            yield replace(shop, client=client)

    async for reader in as_holder_of(mint(granted=["stock.read"])):
        with pytest.raises(errors.MissingScope):
            await reader.sell(item_id="i2")
    async for elsewhere in as_holder_of(mint(locations=[shop.s2])):
        with pytest.raises(errors.WrongLocation):
            await elsewhere.sell(item_id="i2")
        with pytest.raises(errors.WrongLocation):
            await elsewhere.cell()
        await elsewhere.cell(location_id=shop.s2)
    async for late in as_holder_of(mint(ttl=timedelta(hours=-1))):
        with pytest.raises(errors.InvalidToken):
            await late.sell(item_id="i2")
