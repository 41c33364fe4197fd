from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import ledger_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.idempotency import once
from onhand.stock import messages
from onhand.stock.domain.model import Bucket, Document, DocumentLine
from onhand.stock.use_cases import Documents

R = TypeVar("R", bound=Message)


class LedgerServicer:
    def __init__(self, documents: Documents, database: Database, clock: Clock) -> None:
        self._documents = documents
        self._database = database
        self._clock = clock

    async def RecordReceipt(self, request: pb.RecordReceiptRequest, _: Any) -> pb.RecordReceiptResponse:
        lines = [DocumentLine(messages.product(each.product), each.quantity) for each in request.lines]
        return await self._record(request, lines, self._documents.receive, pb.RecordReceiptResponse)

    async def RecordSale(self, request: pb.RecordSaleRequest, _: Any) -> pb.RecordSaleResponse:
        lines = [DocumentLine(messages.product(each.product), each.quantity) for each in request.lines]
        return await self._record(request, lines, self._documents.sell, pb.RecordSaleResponse)

    async def RecordReturn(self, request: pb.RecordReturnRequest, _: Any) -> pb.RecordReturnResponse:
        to_bucket = Bucket(request.to_bucket or Bucket.SELLABLE)
        lines = [
            DocumentLine(messages.product(each.product), each.quantity, to_bucket=to_bucket)
            for each in request.lines
        ]
        return await self._record(request, lines, self._documents.take_back, pb.RecordReturnResponse)

    async def RecordAdjustment(
        self, request: pb.RecordAdjustmentRequest, _: Any
    ) -> pb.RecordAdjustmentResponse:
        lines = [
            DocumentLine(
                messages.product(each.product),
                each.quantity,
                Bucket(each.from_bucket),
                Bucket(each.to_bucket),
            )
            for each in request.lines
        ]
        return await self._record(request, lines, self._documents.adjust, pb.RecordAdjustmentResponse)

    async def _record(
        self,
        request: Any,
        lines: list[DocumentLine],
        record: Callable[[AsyncConnection, Document], Awaitable[int]],
        response_type: type[R],
    ) -> R:
        principal = auth.current()
        principal.require_location(request.location_id)
        occur_time = (
            messages.moment(request.occur_time) if request.HasField("occur_time") else self._clock.now()
        )
        document = Document(request.location_id, request.document, occur_time, lines, principal.subject)

        async def work(connection: AsyncConnection) -> R:
            async def effect() -> R:
                return response_type(revision=await record(connection, document))

            return await once(connection, principal.subject, request, response_type, effect)

        return await self._database.transaction(work)

    async def ListMovements(self, request: pb.ListMovementsRequest, _: Any) -> pb.ListMovementsResponse:
        auth.current().require_location(request.location_id)
        count = paging.size(request.page_size)
        before = paging.key(request.page_token, str)
        found, history_start = await self._documents.list_movements(
            request.location_id, request.item_id, before[0] if before else None, count + 1
        )
        movements, last = paging.cut(found, count)
        return pb.ListMovementsResponse(
            movements=map(messages.movement, movements),
            next_page_token=paging.token(str(last.movement_id)) if last else "",
            history_start_time=messages.timestamp(history_start),
        )
