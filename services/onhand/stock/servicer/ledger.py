from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import ledger_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import OnhandError
from onhand.kit.idempotency import once
from onhand.kit.status import to_status
from onhand.stock import messages
from onhand.stock.domain.model import Bucket, Document, DocumentLine
from onhand.stock.domain.quantities import Outcome, Quantity, Stocktaking
from onhand.stock.use_cases import Documents, Quantities

R = TypeVar("R", bound=Message)


class LedgerServicer:
    def __init__(
        self, documents: Documents, quantities: Quantities, database: Database, clock: Clock
    ) -> None:
        self._documents = documents
        self._quantities = quantities
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

    async def ImportQuantities(
        self, request: pb.ImportQuantitiesRequest, _: Any
    ) -> pb.ImportQuantitiesResponse:
        principal = auth.current()
        principal.require_location(request.location_id)
        taken = Stocktaking(
            request.location_id,
            request.document,
            messages.moment(request.as_of_time),
            request.counted,
            principal.subject,
        )

        quantities = [_quantity(each) for each in request.lines]

        async def work(connection: AsyncConnection) -> pb.ImportQuantitiesResponse:
            async def effect() -> pb.ImportQuantitiesResponse:
                outcomes, revision = await self._quantities.set(
                    connection, taken, quantities, validate_only=request.validate_only
                )
                return pb.ImportQuantitiesResponse(results=map(_result, outcomes), revision=revision)

            if request.validate_only:
                return await effect()
            return await once(connection, principal.subject, request, pb.ImportQuantitiesResponse, effect)

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


def _quantity(line: pb.QuantityLine) -> Quantity | OnhandError:
    try:
        return Quantity(messages.product(line.product), line.quantity, Bucket(line.bucket or Bucket.SELLABLE))
    except OnhandError as error:
        return error


def _result(outcome: Outcome | OnhandError) -> pb.QuantityResult:
    if isinstance(outcome, OnhandError):
        return pb.QuantityResult(status=to_status(outcome))
    return pb.QuantityResult(
        item_id=outcome.item_id, book_quantity=outcome.booked, difference=outcome.difference
    )
