from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import counts_pb2 as pb
from onhand.api.stock.v1 import reads_pb2
from onhand.kit import auth, paging
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.idempotency import once
from onhand.stock import messages
from onhand.stock.domain.counts import Count, CountState
from onhand.stock.servicer import keys
from onhand.stock.use_cases import Counts, Reckoning
from onhand.stock.use_cases.counts import CountedProduct, CountRead

R = TypeVar("R", bound=Message)


class CountServicer:
    def __init__(self, counts: Counts, reckoning: Reckoning, database: Database) -> None:
        self._counts = counts
        self._reckoning = reckoning
        self._database = database

    async def StartCount(self, request: pb.StartCountRequest, _: Any) -> pb.StartCountResponse:
        principal = auth.current()
        principal.require_location(request.location_id)
        count = self._counts.new(
            request.location_id,
            request.kind,
            request.zone_ids,
            request.item_classes,
            request.title,
            principal.subject,
        )

        async def effect(connection: AsyncConnection) -> pb.StartCountResponse:
            return pb.StartCountResponse(count=messages.count(await self._counts.start(connection, count)))

        return await self._once(request, pb.StartCountResponse, effect)

    async def RecordCountReads(
        self, request: pb.RecordCountReadsRequest, _: Any
    ) -> pb.RecordCountReadsResponse:
        return await self._record_reads(await self._visible(request.count_id), request)

    async def StreamCountReads(
        self, requests: AsyncIterator[pb.StreamCountReadsRequest], _: Any
    ) -> AsyncIterator[pb.StreamCountReadsResponse]:
        async for request in requests:
            count = await self._visible(request.batch.count_id)
            response = pb.StreamCountReadsResponse(
                sequence=request.sequence, result=await self._record_reads(count, request.batch)
            )
            if request.with_progress and count.state is CountState.OPEN:
                response.progress.CopyFrom(await self._progress(count))
            yield response

    async def _record_reads(
        self, count: Count, request: pb.RecordCountReadsRequest
    ) -> pb.RecordCountReadsResponse:
        reads = [
            CountRead(each.epc, messages.moment(each.read_time), each.rssi_cdbm) for each in request.reads
        ]
        result, refusals = await self._counts.record_reads(count.count_id, request.zone_id, reads)
        return pb.RecordCountReadsResponse(
            new_count=result.new,
            repeated_count=result.repeated,
            refused_count=result.refused,
            refusals=[
                reads_pb2.ReadRefusal(index=index, reason=reason, message=message)
                for index, reason, message in refusals
            ],
            unknown_item_count=result.unknown_items,
        )

    async def RecordCountQuantities(
        self, request: pb.RecordCountQuantitiesRequest, _: Any
    ) -> pb.RecordCountQuantitiesResponse:
        count = await self._visible(request.count_id)
        lines = []
        for index, each in enumerate(request.lines):
            product = messages.product(each.product)
            if product.epc:
                field = f"lines[{index}].product.epc"
                raise InvalidField([FieldViolation(field, "is a read, not a quantity")])
            count_time = messages.moment(each.count_time) if each.HasField("count_time") else None
            lines.append(CountedProduct(product, each.quantity, each.zone_id, each.spot, count_time))

        async def effect(connection: AsyncConnection) -> pb.RecordCountQuantitiesResponse:
            await self._counts.record_quantities(connection, count.count_id, lines)
            return pb.RecordCountQuantitiesResponse()

        return await self._once(request, pb.RecordCountQuantitiesResponse, effect)

    async def GetCount(self, request: pb.GetCountRequest, _: Any) -> pb.GetCountResponse:
        count = await self._visible(request.count_id)
        response = pb.GetCountResponse(count=messages.count(count))
        if count.state is CountState.OPEN:
            response.progress.CopyFrom(await self._progress(count))
        return response

    async def _progress(self, count: Count) -> pb.CountProgress:
        expected, matched, unexpected, unknown, seen, counted = await self._counts.progress(count)
        return pb.CountProgress(
            expected_count=expected,
            matched_count=matched,
            unexpected_count=unexpected,
            unknown_count=unknown,
            seen_count=seen,
            counted_quantity=counted,
        )

    async def ListCounts(self, request: pb.ListCountsRequest, _: Any) -> pb.ListCountsResponse:
        auth.current().require_location(request.location_id)
        size = paging.size(request.page_size)
        key = paging.key(request.page_token, str, str)
        counts, last = paging.cut(
            await self._counts.list_page(
                request.location_id, request.state, keys.moment_and_id(key) if key else None, size + 1
            ),
            size,
        )
        return pb.ListCountsResponse(
            counts=map(messages.count, counts),
            next_page_token=paging.token(last.start_time.isoformat(), str(last.count_id)) if last else "",
        )

    async def ReviewCount(self, request: pb.ReviewCountRequest, _: Any) -> pb.ReviewCountResponse:
        count = await self._visible(request.count_id)
        size = paging.size(request.page_size)
        item_id, epc, kind = paging.key(request.page_token, str, str, int) or ("", "", 0)
        lines, last = paging.cut(
            await self._reckoning.review(
                count,
                (item_id, keys.octets(epc), kind),
                size + 1,
                include_matched=request.include_matched,
            ),
            size,
        )
        response = pb.ReviewCountResponse(lines=map(messages.count_line, lines))
        if not request.page_token:
            response.result.CopyFrom(messages.count_result(await self._reckoning.preview(count)))
        if last:
            response.next_page_token = paging.token(last.item_id, (last.epc or b"").hex(), int(last.kind))
        return response

    async def FinishCount(self, request: pb.FinishCountRequest, _: Any) -> pb.FinishCountResponse:
        count = await self._visible(request.count_id)

        async def effect(connection: AsyncConnection) -> pb.FinishCountResponse:
            await self._counts.close(connection, count.count_id)
            return pb.FinishCountResponse()

        # What is stored under the request_id is that it was decided; a repeat waits for the rest again.
        await self._once(request, pb.FinishCountResponse, effect)
        finished, revision = await self._counts.finish(count.count_id)
        return pb.FinishCountResponse(count=messages.count(finished), revision=revision)

    async def AbandonCount(self, request: pb.AbandonCountRequest, _: Any) -> pb.AbandonCountResponse:
        count = await self._visible(request.count_id)

        async def effect(connection: AsyncConnection) -> pb.AbandonCountResponse:
            ended = await self._counts.abandon(connection, count.count_id)
            return pb.AbandonCountResponse(count=messages.count(ended))

        return await self._once(request, pb.AbandonCountResponse, effect)

    async def ListCountAccuracy(
        self, request: pb.ListCountAccuracyRequest, _: Any
    ) -> pb.ListCountAccuracyResponse:
        auth.current().require_location(request.location_id)
        size = paging.size(request.page_size)
        key = paging.key(request.page_token, str, str, str)
        found, last = paging.cut(
            await self._counts.accuracy(
                request.location_id,
                request.item_class,
                messages.moment(request.after_time) if request.HasField("after_time") else None,
                (*keys.moment_and_id(key), key[2]) if key else None,
                size + 1,
            ),
            size,
        )
        return pb.ListCountAccuracyResponse(
            accuracies=[
                pb.CountAccuracy(
                    count_id=str(count_id),
                    item_class=item_class,
                    end_time=messages.timestamp(end_time),
                    result=messages.count_result(result),
                )
                for count_id, item_class, end_time, result in found
            ],
            next_page_token=paging.token(last[2].isoformat(), str(last[0]), last[1]) if last else "",
        )

    async def _visible(self, count_id: str) -> Count:
        """Return a count of a location that the caller speaks for."""
        count = await self._counts.get(UUID(count_id))
        auth.current().require_location(count.location_id)
        return count

    async def _once(
        self,
        request: Any,
        response_type: type[R],
        effect: Callable[[AsyncConnection], Awaitable[R]],
    ) -> R:
        actor = auth.current().subject
        return await self._database.transaction(
            lambda c: once(c, actor, request, response_type, lambda: effect(c))
        )
