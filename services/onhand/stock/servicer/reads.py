import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any

import numpy as np

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.stock import messages
from onhand.stock.domain.model import ReadResult
from onhand.stock.domain.reads import RawRead, ReadColumns, in_columns
from onhand.stock.use_cases import Lookups, Reads

MAX_READS = 10_000
"""Of a batch, by the contract."""
FOLLOW_S = 600.0
"""How long a tag is followed, by the contract."""
TIME_BYTES, RSSI_BYTES = 8, 2
"""Of an entry in the columns of the contract."""


class ReadServicer:
    def __init__(self, reads: Reads, lookups: Lookups, ahead: int) -> None:
        self._reads = reads
        self._ahead = ahead
        self._lookups = lookups

    async def RecordReads(self, request: pb.RecordReadsRequest, _: Any) -> pb.RecordReadsResponse:
        return _response(await (await self._begin(request)))

    async def StreamReads(
        self, requests: AsyncIterator[pb.StreamReadsRequest], _: Any
    ) -> AsyncIterator[pb.StreamReadsResponse]:
        """Take batches ahead of their acknowledgements, so that they share transactions with each other.

        When as many wait as may, no more is read: gRPC's flow control holds the sender.
        """
        waiting: asyncio.Queue[tuple[int, Awaitable[ReadResult]] | None] = asyncio.Queue(self._ahead)

        async def take() -> None:
            try:
                async for request in requests:
                    await waiting.put((request.sequence, await self._begin(request.batch)))
            except Exception as error:  # noqa: BLE001  raised below, after what came before it was answered
                failure = asyncio.get_running_loop().create_future()
                failure.set_exception(error)
                await waiting.put((0, failure))
            await waiting.put(None)

        taking = asyncio.create_task(take())
        try:
            while (each := await waiting.get()) is not None:
                sequence, result = each
                response = pb.StreamReadsResponse(sequence=sequence)
                _write(await result, response.result)
                yield response
        finally:
            taking.cancel()

    async def _begin(self, batch: pb.RecordReadsRequest) -> Awaitable[ReadResult]:
        principal = auth.current()
        layout = await self._reads.layout(batch.reader_id)
        principal.require_location(*layout.locations)
        return await self._reads.begin(batch.reader_id, _columns(batch), principal.subject)

    async def ListReaders(self, request: pb.ListReadersRequest, _: Any) -> pb.ListReadersResponse:
        principal = auth.current()
        if request.location_id:
            principal.require_location(request.location_id)
        locations = [request.location_id] if request.location_id else _locations(principal)
        size = paging.size(request.page_size)
        after = paging.key(request.page_token, str) or [""]
        readers, last = paging.cut(
            await self._lookups.readers(locations, after[0], size + 1, only_silent=request.only_silent), size
        )
        return pb.ListReadersResponse(
            readers=map(messages.reader, readers),
            next_page_token=paging.token(last.reader_id) if last else "",
        )


class TagServicer:
    def __init__(self, reads: Reads, lookups: Lookups) -> None:
        self._reads = reads
        self._lookups = lookups

    async def GetTag(self, request: pb.GetTagRequest, _: Any) -> pb.GetTagResponse:
        tags = await self._reads.get_tag(messages.epc_bytes(request.epc))
        visible = auth.current().visible(tag.location_id for tag in tags)
        return pb.GetTagResponse(tags=[messages.tag(tag) for tag in tags if tag.location_id in visible])

    async def FollowTag(self, request: pb.FollowTagRequest, _: Any) -> AsyncIterator[pb.FollowTagResponse]:
        auth.current().require_location(request.location_id)
        with (
            self._reads.follows.follow(request.location_id, messages.epc_bytes(request.epc)) as follow,
            suppress(TimeoutError),
        ):
            async with asyncio.timeout(FOLLOW_S):
                while True:
                    sight = await follow.next()
                    yield pb.FollowTagResponse(
                        read_time=messages.timestamp(sight.read_time),
                        zone_id=sight.zone_id,
                        reader_id=sight.reader_id,
                        rssi_cdbm=sight.rssi_cdbm,
                    )

    async def ListTags(self, request: pb.ListTagsRequest, _: Any) -> pb.ListTagsResponse:
        auth.current().require_location(request.location_id)
        count = paging.size(request.page_size)
        after = paging.key(request.page_token, str)
        tags, last = paging.cut(
            await self._reads.list_tags(
                request.location_id,
                request.item_id,
                request.state,
                bytes.fromhex(after[0]) if after else b"",
                count + 1,
                only_unknown=request.only_unknown,
                not_seen_since=messages.moment(request.not_seen_since)
                if request.HasField("not_seen_since")
                else None,
            ),
            count,
        )
        return pb.ListTagsResponse(
            tags=map(messages.tag, tags), next_page_token=paging.token(last.epc.hex()) if last else ""
        )

    async def GetTagHistory(self, request: pb.GetTagHistoryRequest, _: Any) -> pb.GetTagHistoryResponse:
        size = paging.size(request.page_size)
        before = paging.key(request.page_token, int)
        found, history_start = await self._lookups.tag_history(
            messages.epc_bytes(request.epc),
            before[0] if before else None,
            _locations(auth.current()),
            size + 1,
        )
        events, last = paging.cut(found, size)
        return pb.GetTagHistoryResponse(
            events=map(messages.tag_history_event, events),
            next_page_token=paging.token(last.tag_event_id) if last else "",
            history_start_time=messages.timestamp(history_start),
        )


def _locations(principal: auth.Principal) -> list[str] | None:
    """Return the locations that the caller speaks for; None for all."""
    return None if principal.locations is None else sorted(principal.locations)


def _columns(batch: pb.RecordReadsRequest) -> list[ReadColumns]:
    """Read what a batch has in either form; raises InvalidField."""
    found = (
        in_columns(
            RawRead(each.epc, each.antenna, messages.moment(each.read_time), each.rssi_cdbm)
            for each in batch.reads
        )
        if batch.reads
        else []
    )
    total = len(batch.reads)
    for position, each in enumerate(batch.columns):
        count = len(each.antennas)
        if len(each.epcs) != count * each.epc_length:
            raise _uneven(position, "epcs", count * each.epc_length)
        if len(each.read_times) != count * TIME_BYTES:
            raise _uneven(position, "read_times", count * TIME_BYTES)
        if each.rssis_cdbm and len(each.rssis_cdbm) != count * RSSI_BYTES:
            raise _uneven(position, "rssis_cdbm", count * RSSI_BYTES)
        found.append(
            ReadColumns(
                np.frombuffer(each.epcs, np.uint8).reshape(count, each.epc_length),
                np.frombuffer(each.antennas, np.uint8),
                np.frombuffer(each.read_times, "<i8"),
                np.frombuffer(each.rssis_cdbm, "<i2") if each.rssis_cdbm else np.zeros(count, np.int16),
                np.arange(total, total + count),
            )
        )
        total += count
    if total > MAX_READS:
        raise InvalidField([FieldViolation("columns", f"{total} reads are more than {MAX_READS}")])
    return found


def _uneven(position: int, name: str, wanted: int) -> InvalidField:
    field = f"columns[{position}].{name}"
    return InvalidField([FieldViolation(field, f"must have {wanted} bytes to agree with antennas")])


def _response(result: ReadResult) -> pb.RecordReadsResponse:
    response = pb.RecordReadsResponse()
    _write(result, response)
    return response


def _write(result: ReadResult, response: pb.RecordReadsResponse) -> None:
    response.accepted_count = result.accepted
    response.repeated_count = result.repeated
    response.refused_count = result.refused
    for index, reason, message in result.refusals:
        response.refusals.add(index=index, reason=reason, message=message)
    response.unknown_item_count = result.unknown_items
    response.revision = result.revision
