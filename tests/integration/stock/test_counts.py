"""Counts against a real stock on which business goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import GTIN, Shop, StockProcesses

from onhand.api.stock.v1 import counts_pb2 as cnt
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2
from onhand.kit import errors
from onhand.stock.domain import epc as epc_codec

Kind = cnt.CountLine


class Counting:
    """One count of a shop, and the tags of its item `i1`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.service = shop.client.counts
        base = uuid4().int & (1 << 37) - 1
        self.epcs = [epc_codec.encode_sgtin96(GTIN, 7, base + index) for index in range(6)]
        self.count_id = ""

    def tag(self, index: int) -> bytes:
        return epc_codec.to_binary(self.epcs[index])

    def hex(self, index: int) -> str:
        return self.tag(index).hex().upper()

    async def receive(self, *indexes: int, hours_ago: float = 1) -> None:
        """Receive tags by a paper, so long ago that nothing spares them any more."""
        request = led.RecordReceiptRequest(
            request_id=str(uuid4()),
            location_id=self.shop.s1,
            lines=[led.DocumentLine(product=led.Product(epc=self.hex(each)), quantity=1) for each in indexes],
        )
        request.occur_time.FromDatetime(datetime.now(UTC) - timedelta(hours=hours_ago))
        await self.shop.client.ledger.RecordReceipt(request)

    async def start(
        self, kind: int = cnt.Count.KIND_HANDHELD, zones: Sequence[str] = (), classes: Sequence[str] = ()
    ) -> cnt.Count:
        request = cnt.StartCountRequest(
            request_id=str(uuid4()),
            location_id=self.shop.s1,
            kind=kind,  # type: ignore[arg-type]
            zone_ids=zones,
            item_classes=classes,
        )
        count = (await self.service.StartCount(request)).count
        self.count_id = count.count_id
        return count

    async def see(
        self, *tags: bytes | int, zone: str = "", at: datetime | None = None
    ) -> cnt.RecordCountReadsResponse:
        return await self.service.RecordCountReads(self.batch(*tags, zone=zone, at=at))

    def batch(
        self, *tags: bytes | int, zone: str = "", at: datetime | None = None
    ) -> cnt.RecordCountReadsRequest:
        request = cnt.RecordCountReadsRequest(count_id=self.count_id, zone_id=zone)
        for each in tags:
            read = request.reads.add(epc=self.tag(each) if isinstance(each, int) else each)
            read.read_time.FromDatetime(at or datetime.now(UTC))
        return request

    async def quantity(self, quantity: int, item_id: str = "i2", spot: str = "") -> None:
        line = cnt.CountQuantity(product=led.Product(item_id=item_id), quantity=quantity, spot=spot)
        await self.service.RecordCountQuantities(
            cnt.RecordCountQuantitiesRequest(request_id=str(uuid4()), count_id=self.count_id, lines=[line])
        )

    async def review(self, **options: bool) -> cnt.ReviewCountResponse:
        return await self.service.ReviewCount(cnt.ReviewCountRequest(count_id=self.count_id, **options))

    async def finish(self) -> cnt.Count:
        request = cnt.FinishCountRequest(request_id=str(uuid4()), count_id=self.count_id)
        first = await self.service.FinishCount(request)
        again = await self.service.FinishCount(request)
        assert again.count == first.count
        return first.count

    async def states(self) -> dict[str, int]:
        tags = await self.shop.client.tags.ListTags(reads_pb2.ListTagsRequest(location_id=self.shop.s1))
        return {tag.epc_hex: tag.state for tag in tags.tags}


@pytest.fixture
def counting(shop: Shop) -> Counting:
    return Counting(shop)


def kinds(lines: Sequence[cnt.CountLine]) -> list[tuple[str, int, str]]:
    return sorted((each.epc_hex, each.kind, each.seen_zone_id) for each in lines)


async def test_what_matches_misses_is_found_misplaced_or_unknown_is_told_and_then_done(
    counting: Counting, processes: StockProcesses
) -> None:
    shop = counting.shop
    at = datetime.now(UTC) - timedelta(hours=1)
    await counting.receive(0, 1)
    await shop.read(2, at)  # one more tag, by its read in the back room
    moved = bytes.fromhex(shop.epc)
    stranger = bytes.fromhex("E28068940000400177")

    await counting.start()
    seen = await counting.see(0, 2, stranger)
    assert (seen.new_count, seen.unknown_item_count) == (3, 1)
    assert (await counting.see(0, moved, zone="floor")).repeated_count == 1
    progress = (await counting.service.GetCount(cnt.GetCountRequest(count_id=counting.count_id))).progress
    assert (progress.expected_count, progress.matched_count, progress.unexpected_count) == (3, 2, 2)
    assert (progress.unknown_count, progress.seen_count) == (1, 4)

    expected = sorted(
        [
            (counting.hex(1), Kind.KIND_MISSING, ""),
            (counting.hex(2), Kind.KIND_FOUND, ""),
            (shop.epc, Kind.KIND_MISPLACED, "floor"),
            (stranger.hex().upper(), Kind.KIND_UNKNOWN, ""),
        ]
    )
    review = await counting.review()
    assert kinds(review.lines) == expected
    assert (review.result.matched_quantity, review.result.unit_accuracy_percent) == (2, 50)
    assert len((await counting.review(include_matched=True)).lines) == 5
    assert (await shop.cell("i1")).on_hand == 3  # nothing has changed yet

    count = await counting.finish()
    assert count.result == review.result
    assert kinds((await counting.review()).lines) == expected
    cell = await shop.cell("i1")
    assert (cell.on_hand, cell.unavailable) == (4, 1)
    assert await counting.states() == {
        counting.hex(0): reads_pb2.Tag.STATE_PRESENT,
        counting.hex(1): reads_pb2.Tag.STATE_MISSING,
        counting.hex(2): reads_pb2.Tag.STATE_PRESENT,
        shop.epc: reads_pb2.Tag.STATE_PRESENT,
        stranger.hex().upper(): reads_pb2.Tag.STATE_PRESENT,
    }
    accuracy = await counting.service.ListCountAccuracy(cnt.ListCountAccuracyRequest(location_id=shop.s1))
    assert [each.result.unit_accuracy_percent for each in accuracy.accuracies] == [50]
    with pytest.raises(errors.WrongState):
        await counting.see(1)
    await processes.audited()


async def test_a_handheld_that_stays_connected_is_answered_batch_by_batch_and_told_how_far_it_is(
    counting: Counting,
) -> None:
    await counting.receive(0, 1, 2)
    await counting.start()

    async def walk() -> AsyncIterator[cnt.StreamCountReadsRequest]:
        for number, seen in enumerate([(0,), (0, 1), (1, 3), ()]):
            batch = counting.batch(*seen)
            yield cnt.StreamCountReadsRequest(sequence=number, batch=batch, with_progress=number > 1)

    answers = [each async for each in counting.service.StreamCountReads(walk())]
    assert [each.sequence for each in answers] == [0, 1, 2, 3]
    assert [(each.result.new_count, each.result.repeated_count) for each in answers] == [
        (1, 0),
        (1, 1),
        (1, 1),
        (0, 0),
    ]
    assert [each.HasField("progress") for each in answers] == [False, False, True, True]
    progress = answers[-1].progress
    assert (progress.expected_count, progress.matched_count, progress.unexpected_count) == (3, 2, 1)

    async def late() -> AsyncIterator[cnt.StreamCountReadsRequest]:
        yield cnt.StreamCountReadsRequest(batch=counting.batch(2))

    await counting.finish()
    with pytest.raises(errors.WrongState):
        _ = [each async for each in counting.service.StreamCountReads(late())]


async def test_what_was_sold_or_came_after_the_count_looked_is_not_corrected(
    counting: Counting, processes: StockProcesses
) -> None:
    shop = counting.shop
    await counting.receive(0, 1, 2)
    await counting.start()
    await counting.see(0, 1)
    await shop.sell(epc=counting.hex(0))  # seen, then sold
    await shop.sell(epc=counting.hex(2))  # sold before anybody came to it
    await counting.receive(3, hours_ago=0)  # came meanwhile, not seen
    await shop.read(1, datetime.now(UTC))  # seen by a fixed reader only
    count = await counting.finish()
    assert (count.result.missing_quantity, count.result.found_quantity) == (0, 0)
    assert (await shop.cell("i1")).on_hand == 3
    await processes.audited()


async def test_a_debt_of_a_sale_by_bar_code_is_settled_by_the_tag_that_the_count_misses(
    counting: Counting, processes: StockProcesses
) -> None:
    await counting.receive(0, 1)
    await counting.shop.sell(gtin=GTIN)
    await counting.start()
    await counting.see(0)
    await counting.finish()
    cell = await counting.shop.cell("i1")
    assert (cell.on_hand, cell.unavailable) == (1, 0)
    assert (await counting.states())[counting.hex(1)] == reads_pb2.Tag.STATE_SOLD
    await processes.audited()


async def test_quantities_are_held_against_what_the_books_had_when_they_were_counted(
    counting: Counting, processes: StockProcesses
) -> None:
    shop = counting.shop
    await shop.receive(10)
    await counting.start(cnt.Count.KIND_QUANTITIES)
    await counting.quantity(5, spot="shelf")
    await counting.quantity(3, spot="box")
    await counting.quantity(4, spot="box")  # counted again
    await shop.sell(2, item_id="i2")
    review = await counting.review()
    assert [(each.kind, each.quantity) for each in review.lines] == [(Kind.KIND_MISSING, 1)]
    await counting.finish()
    cell = await shop.cell()
    assert (cell.on_hand, cell.unavailable) == (8, 1)
    await counting.start(cnt.Count.KIND_QUANTITIES)
    await counting.quantity(9)
    await counting.finish()
    cell = await shop.cell()
    assert (cell.on_hand, cell.unavailable) == (9, 0)
    await processes.audited()


async def test_two_counts_of_the_same_goods_are_refused_also_when_they_start_at_once(
    counting: Counting, processes: StockProcesses
) -> None:
    async def attempt() -> str:
        try:
            return (await Counting(counting.shop).start()).count_id
        except errors.WrongState:
            return ""

    started = [each for each in await asyncio.gather(*(attempt() for _ in range(8))) if each]
    assert len(started) == 1
    with pytest.raises(errors.WrongState, match=started[0]):
        await counting.start(zones=["floor"], classes=["shoes"])
    await counting.service.AbandonCount(cnt.AbandonCountRequest(request_id=str(uuid4()), count_id=started[0]))
    await counting.start(zones=["floor"])
    await counting.start(zones=["back"])
    with pytest.raises(errors.WrongState):
        await counting.start(classes=["shoes"])
    with pytest.raises(errors.NotFound):
        await counting.start(zones=["cellar"])
    await processes.audited()


async def test_an_abandoned_count_changes_nothing(counting: Counting, processes: StockProcesses) -> None:
    await counting.receive(0)
    await counting.start()
    await counting.see(1)
    request = cnt.AbandonCountRequest(request_id=str(uuid4()), count_id=counting.count_id)
    assert (await counting.service.AbandonCount(request)).count.state == cnt.Count.STATE_ABANDONED
    assert (await counting.service.AbandonCount(request)).count.state == cnt.Count.STATE_ABANDONED
    with pytest.raises(errors.WrongState):
        await counting.finish()
    assert (await counting.shop.cell("i1")).on_hand == 1
    await processes.audited()


async def test_a_count_of_a_zone_speaks_of_that_zone_only(
    counting: Counting, processes: StockProcesses
) -> None:
    shop = counting.shop
    await shop.read(2, datetime.now(UTC) - timedelta(hours=1))  # lies in the back room
    await counting.start(zones=["floor"])
    assert (await counting.finish()).result.item_count == 0
    await counting.start(zones=["back"])
    count = await counting.finish()
    assert (count.result.missing_quantity, count.result.item_accuracy_percent) == (1, 0)
    await counting.start(zones=["floor"])
    await counting.see(bytes.fromhex(shop.epc))
    await counting.finish()
    cell = await shop.cell("i1")
    assert (cell.on_hand, cell.unavailable) == (1, 0)
    await processes.audited()


async def test_a_review_is_paged_without_loss(counting: Counting) -> None:
    await counting.receive(0, 1, 2)
    await counting.start()
    await counting.see(3, 4, bytes.fromhex("E28068940000400178"))
    lines, token = [], ""
    while True:
        page = await counting.service.ReviewCount(
            cnt.ReviewCountRequest(count_id=counting.count_id, page_size=2, page_token=token)
        )
        assert len(page.lines) <= 2
        lines += page.lines
        token = page.next_page_token
        if not token:
            break
    assert kinds(lines) == kinds((await counting.review()).lines)
    assert len(lines) == 6


async def test_sales_at_every_moment_of_a_count_leave_each_unit_counted_once(
    counting: Counting, processes: StockProcesses
) -> None:
    """Half of the tags are sold while the count sees them all and is finished: none comes back."""
    shop = counting.shop
    await counting.receive(*range(6))
    await counting.start()

    async def sell(index: int) -> None:
        await shop.sell(epc=counting.hex(index))

    async def count() -> None:
        for index in range(6):
            await counting.see(index)
        await counting.finish()

    await asyncio.gather(count(), *(sell(index) for index in (0, 2, 4)))
    cell = await shop.cell("i1")
    assert (cell.on_hand, cell.unavailable) == (3, 0)
    await processes.audited()
