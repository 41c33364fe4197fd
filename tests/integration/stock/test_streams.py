"""Streams of reads: many at once, in both forms, with bad ones among them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import count

import pytest

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.client.packing import packed
from onhand.kit.errors import InvalidField
from onhand.stock.domain import epc as epc_codec

from .conftest import GTIN, Shop, StockProcesses

_SERIALS = count(int(datetime.now(UTC).timestamp()) * 1_000)


def new_epcs(number: int) -> list[bytes]:
    """Tags of item `i1` that nobody has seen yet."""
    return [
        epc_codec.to_binary(epc_codec.encode_sgtin96(GTIN, 7, next(_SERIALS) & (1 << 38) - 1))
        for _ in range(number)
    ]


def batch(reader_id: str, epcs: Sequence[bytes], antenna: int = 1) -> pb.RecordReadsRequest:
    found = pb.RecordReadsRequest(reader_id=reader_id)
    for epc in epcs:
        found.reads.add(epc=epc, antenna=antenna, rssi_cdbm=-5000).read_time.FromDatetime(datetime.now(UTC))
    return found


async def numbered(batches: Sequence[pb.RecordReadsRequest]) -> AsyncIterator[pb.StreamReadsRequest]:
    for sequence, each in enumerate(batches):
        yield pb.StreamReadsRequest(sequence=sequence, batch=each)


async def test_many_streams_share_transactions_and_each_is_answered_in_order(
    shop: Shop, processes: StockProcesses
) -> None:
    known = new_epcs(50)
    readers = [f"reader-{shop.s1}", f"reader-{shop.s2}"] * 3
    new = [[new_epcs(2) for _ in range(40)] for _ in readers]

    async def stream(reader_id: str, tags: list[list[bytes]], *, in_columns: bool) -> list[int]:
        epcs = known if reader_id.endswith(shop.s1) else []
        made = [batch(reader_id, [*epcs, *each]) for each in tags]
        batches = [packed(each) for each in made] if in_columns else made
        found = []
        async with asyncio.timeout(30):
            async for answer in shop.client.reads.StreamReads(numbered(batches)):
                result = answer.result
                assert result.accepted_count + result.repeated_count == len(epcs) + 2
                assert result.refused_count == 0
                found.append(answer.sequence)
        return found

    orders = await asyncio.gather(
        *(
            stream(reader, tags, in_columns=bool(n % 2))
            for n, (reader, tags) in enumerate(zip(readers, new, strict=True))
        )
    )
    assert orders == [list(range(40))] * len(readers)
    assert (await shop.cell("i1")).on_hand == 50 + 3 * 80
    assert (await shop.cell("i1", shop.s2)).on_hand == 3 * 80
    await processes.audited()


async def test_columns_that_disagree_are_refused_and_nothing_of_their_batch_is_recorded(shop: Shop) -> None:
    good = packed(batch(f"reader-{shop.s1}", new_epcs(3)))
    for name, value in (("epcs", b"x" * 35), ("read_times", b"x" * 23), ("rssis_cdbm", b"xx")):
        bad = pb.RecordReadsRequest()
        bad.CopyFrom(good)
        setattr(bad.columns[0], name, value)
        with pytest.raises(InvalidField) as refused:
            await shop.client.reads.RecordReads(bad)
        assert [each.field for each in refused.value.violations] == [f"columns[0].{name}"]
    assert (await shop.cell("i1")).on_hand == 0


async def test_both_forms_of_a_batch_mean_the_same(shop: Shop) -> None:
    epcs = [*new_epcs(2), bytes.fromhex("E280689400004001"), bytes.fromhex("E2806894000040017711")]
    mixed = packed(batch(f"reader-{shop.s1}", epcs))
    mixed.MergeFrom(batch(f"reader-{shop.s1}", [*epcs, *new_epcs(1)]))
    mixed.reads.append(batch("", new_epcs(1), antenna=9).reads[0])
    answer = await shop.client.reads.RecordReads(mixed)
    assert (answer.accepted_count, answer.repeated_count, answer.refused_count) == (5, 4, 1)
    assert answer.unknown_item_count == 2
    assert [(each.index, each.reason) for each in answer.refusals] == [(5, "UNKNOWN_READER")]
    assert (await shop.cell("i1")).on_hand == 3


async def test_a_bad_batch_fails_alone(shop: Shop) -> None:
    """Its reader's name holds what PostgreSQL's texts cannot."""
    good = batch(f"reader-{shop.s1}", new_epcs(3))
    bad = batch("reader\0", new_epcs(3))
    answers = await asyncio.gather(
        *(shop.client.reads.RecordReads(each) for each in (good, bad, good)), return_exceptions=True
    )
    assert isinstance(answers[1], InvalidField)
    assert [answer.refused_count for answer in answers[::2]] == [0, 0]
    assert (await shop.cell("i1")).on_hand == 3


async def test_tags_that_two_stores_read_at_once_count_in_one(shop: Shop, processes: StockProcesses) -> None:
    """Through a wall, say: each store's news is written in transactions of its own."""
    epcs = new_epcs(300)
    parts = [epcs[start : start + 30] for start in range(0, len(epcs), 30)]

    async def stream(store: str) -> None:
        batches = [batch(f"reader-{store}", each) for each in parts]
        async with asyncio.timeout(60):
            async for answer in shop.client.reads.StreamReads(numbered(batches)):
                assert answer.result.refused_count == 0

    await asyncio.gather(stream(shop.s1), stream(shop.s2))
    counted = [(await shop.cell("i1", store)).on_hand for store in (shop.s1, shop.s2)]
    assert sum(counted) == len(epcs)
    await processes.audited()
