from collections.abc import AsyncIterator
from typing import Any

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.kit import auth, paging
from onhand.stock import messages
from onhand.stock.domain.model import ReadResult
from onhand.stock.use_cases import Lookups, Reads
from onhand.stock.use_cases.reads import RawRead


class ReadServicer:
    def __init__(self, reads: Reads, lookups: Lookups) -> None:
        self._reads = reads
        self._lookups = lookups

    async def RecordReads(self, request: pb.RecordReadsRequest, _: Any) -> pb.RecordReadsResponse:
        return await self._record(request)

    async def StreamReads(
        self, requests: AsyncIterator[pb.StreamReadsRequest], _: Any
    ) -> AsyncIterator[pb.StreamReadsResponse]:
        async for request in requests:
            # The next batch is read only after this one is durable: gRPC's flow control holds the sender.
            yield pb.StreamReadsResponse(sequence=request.sequence, result=await self._record(request.batch))

    async def _record(self, batch: pb.RecordReadsRequest) -> pb.RecordReadsResponse:
        principal = auth.current()
        points = await self._reads.read_points(batch.reader_id)
        principal.require_location(*{location_id for location_id, _, _ in points.values()})
        raw = [
            RawRead(each.epc, each.antenna, messages.moment(each.read_time), each.rssi_cdbm)
            for each in batch.reads
        ]
        return _response(await self._reads.record(batch.reader_id, raw, principal.subject))

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


def _response(result: ReadResult) -> pb.RecordReadsResponse:
    return pb.RecordReadsResponse(
        accepted_count=result.accepted,
        repeated_count=result.repeated,
        refused_count=result.refused,
        refusals=[
            pb.ReadRefusal(index=index, reason=reason, message=message)
            for index, reason, message in result.refusals
        ],
        unknown_item_count=result.unknown_items,
        revision=result.revision,
    )
