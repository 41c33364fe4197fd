"""What people look up, against a real stock."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reads_pb2
from onhand.client import AsyncStock
from onhand.kit import errors
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.stock.domain.reads import RawRead
from onhand.stock.use_cases import Deps, Lookups, Reads

Tag = reads_pb2.Tag


async def test_a_tags_history_is_whole_over_all_locations_that_the_caller_speaks_for(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    await shop.read(2, at)
    for step in range(40):
        await shop.read(1, at + timedelta(minutes=10, seconds=10 * step))
    for step in range(10):
        await shop.read(1, at + timedelta(minutes=30, seconds=10 * step), store=shop.s2)
    await shop.client.ledger.RecordSale(
        led.RecordSaleRequest(
            request_id="6a57e6b8-7c0c-4d3b-9a38-0d5f6f2b9d11",
            location_id=shop.s2,
            document="basket 7",
            lines=[led.DocumentLine(product=led.Product(epc=shop.epc), quantity=1)],
        )
    )
    events, token = [], ""
    while True:
        page = await shop.client.tags.GetTagHistory(
            reads_pb2.GetTagHistoryRequest(epc=shop.epc, page_size=2, page_token=token)
        )
        events += page.events
        if not (token := page.next_page_token):
            break
    told = [(each.location_id, each.zone_id, each.state, each.reason) for each in events]
    assert told[0] == (shop.s2, "floor", Tag.STATE_SOLD, led.MOVEMENT_REASON_SOLD)
    assert events[0].document == "basket 7"
    assert sorted(told[1:3]) == sorted(
        [
            (shop.s1, "floor", Tag.STATE_DEPARTED, led.MOVEMENT_REASON_CROSSED),
            (shop.s2, "floor", Tag.STATE_PRESENT, led.MOVEMENT_REASON_CROSSED),
        ]
    )
    assert told[3:] == [
        (shop.s1, "floor", Tag.STATE_PRESENT, led.MOVEMENT_REASON_UNSPECIFIED),
        (shop.s1, "back", Tag.STATE_PRESENT, led.MOVEMENT_REASON_APPEARED),
    ]
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s1])) as client:
        partial = await client.tags.GetTagHistory(reads_pb2.GetTagHistoryRequest(epc=shop.epc))
        assert {each.location_id for each in partial.events} == {shop.s1}


async def test_tags_that_nobody_saw_for_long_are_found(shop: Shop) -> None:
    at = datetime.now(UTC) - timedelta(days=3)
    await shop.read(2, at)

    async def unseen_for(days: int) -> list[str]:
        request = reads_pb2.ListTagsRequest(location_id=shop.s1)
        request.not_seen_since.FromDatetime(datetime.now(UTC) - timedelta(days=days))
        return [each.epc_hex for each in (await shop.client.tags.ListTags(request)).tags]

    assert await unseen_for(2) == [shop.epc]
    assert await unseen_for(4) == []


async def test_readers_tell_their_rate_and_their_silent_antennas(
    shop: Shop, processes: StockProcesses
) -> None:
    await shop.read(1, datetime.now(UTC), times=20)
    # The figures of a minute are told when it is over: written here as of five minutes ago.
    database = Database(processes.settings, "test")
    clock = SystemClock()
    deps = Deps(database, clock, processes.settings)
    deps.read_counts.add(f"reader-{shop.s1}", [(1, 30), (2, 10)], clock.now() - timedelta(minutes=5))
    await asyncio.gather(*(Lookups(deps).write_read_counts() for _ in range(2)))
    raw = [RawRead(bytes.fromhex(shop.epc), 2, clock.now(), -5000)]
    await Reads(deps).record(f"reader-{shop.s2}", raw, "test")
    assert sum(deps.read_counts.take().values()) == 1
    await database.close()

    async def readers(**wanted: bool) -> list[reads_pb2.Reader]:
        request = reads_pb2.ListReadersRequest(location_id=shop.s1, **wanted)
        return list((await shop.client.reads.ListReaders(request)).readers)

    (reader,) = await readers()
    assert (reader.reader_id, reader.reads_per_minute) == (f"reader-{shop.s1}", 4)
    assert [(each.zone_id, each.reads_per_minute, each.silent) for each in reader.antennas] == [
        ("floor", 3, False),
        ("back", 1, True),
        ("exit", 0, True),
    ]
    assert len(await readers(only_silent=True)) == 1


async def test_readers_of_other_locations_are_not_told(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s2])) as client:
        elsewhere = replace(shop, client=client)
        answer = await elsewhere.client.reads.ListReaders(reads_pb2.ListReadersRequest())
        assert [each.reader_id for each in answer.readers] == [f"reader-{shop.s2}"]
        with pytest.raises(errors.WrongLocation):
            await elsewhere.client.reads.ListReaders(reads_pb2.ListReadersRequest(location_id=shop.s1))


async def test_reads_of_a_followed_tag_are_told_repeats_too_and_only_to_who_speaks_for_the_place(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    await shop.read(2, datetime.now(UTC))
    here = reads_pb2.FollowTagRequest(location_id=shop.s1, epc=shop.epc)
    elsewhere = reads_pb2.FollowTagRequest(location_id=shop.s2, epc=shop.epc)
    told: list[reads_pb2.FollowTagResponse] = []
    at_s2: list[reads_pb2.FollowTagResponse] = []

    async def follow(request: reads_pb2.FollowTagRequest, into: list[reads_pb2.FollowTagResponse]) -> None:
        async for each in shop.client.tags.FollowTag(request):
            into.append(each)  # noqa: PERF401  as they come, not at the end

    following = [asyncio.create_task(follow(here, told)), asyncio.create_task(follow(elsewhere, at_s2))]
    async with asyncio.timeout(20):
        for zone_antenna, zone_id in ((2, "back"), (1, "floor")):
            while not told or told[-1].zone_id != zone_id:
                # Repeats, of which no word is kept, and too few for a move.
                await shop.read(zone_antenna, datetime.now(UTC), rssi=-4_200)
    assert (told[-1].reader_id, told[-1].rssi_cdbm) == (f"reader-{shop.s1}", -4_200)
    assert at_s2 == []
    (known,) = (await shop.client.tags.GetTag(reads_pb2.GetTagRequest(epc=shop.epc))).tags
    assert known.zone_id == "back"
    for each in following:
        each.cancel()
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s2])) as other:
        with pytest.raises(errors.WrongLocation):
            await anext(aiter(other.tags.FollowTag(here)))


async def test_reads_that_another_replica_takes_are_told_to_who_follows_the_tag(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    other = processes.addresses[1] if len(processes.addresses) > 1 else await processes.start()
    request = reads_pb2.FollowTagRequest(location_id=shop.s1, epc=shop.epc)
    told: list[reads_pb2.FollowTagResponse] = []

    async def follow(client: AsyncStock) -> None:
        async for each in client.tags.FollowTag(request):
            told.append(each)  # noqa: PERF401  as they come, not at the end

    async with AsyncStock(other, mint()) as there:
        following = asyncio.create_task(follow(there))
        async with asyncio.timeout(30):
            while not told:
                await shop.read(1, datetime.now(UTC), rssi=-4_100)
                await asyncio.sleep(0.05)
        following.cancel()
    assert (told[0].zone_id, told[0].reader_id, told[0].rssi_cdbm) == ("floor", f"reader-{shop.s1}", -4_100)
