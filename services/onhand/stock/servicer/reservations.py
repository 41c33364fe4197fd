import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from google.rpc import status_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import reservations_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField, OnhandError
from onhand.kit.idempotency import difference, once
from onhand.kit.status import to_status
from onhand.stock import messages
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import Bucket, CellKey, Reason, Reservation
from onhand.stock.domain.reservations import state_at
from onhand.stock.storage.reservations import Filter
from onhand.stock.use_cases import Desk, Reservations
from onhand.stock.use_cases.desk import Move
from onhand.stock.use_cases.reservations import Hold

R = TypeVar("R", bound=Message)

DEFAULT_RELEASES = 100
"""Reservations that support staff give back at once when they do not say."""

_MANNERS = {
    pb.FulfilReservationRequest.MANNER_COLLECTED: Reason.COLLECTED,
    pb.FulfilReservationRequest.MANNER_SHIPPED: Reason.SHIPPED,
}


class ReservationServicer:
    def __init__(
        self,
        reservations: Reservations,
        desk: Desk,
        database: Database,
        settings: StockSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._reservations = reservations
        self._desk = desk
        self._database = database
        self._settings = settings
        self._now = now

    async def CreateReservation(
        self, request: pb.CreateReservationRequest, _: Any
    ) -> pb.CreateReservationResponse:
        created = await self._reservations.create(self._hold(request))
        fields: Any = messages.reservation_fields(created)
        return pb.CreateReservationResponse(reservation=fields)

    async def BatchCreateReservations(
        self, request: pb.BatchCreateReservationsRequest, _: Any
    ) -> pb.BatchCreateReservationsResponse:
        async def one(each: pb.CreateReservationRequest) -> pb.BatchCreateReservationsResult:
            try:
                created = await self._reservations.create(self._hold(each))
            except OnhandError as error:
                return pb.BatchCreateReservationsResult(status=to_status(error))
            return pb.BatchCreateReservationsResult(
                reservation=messages.reservation(created), status=status_pb2.Status()
            )

        results = await asyncio.gather(*(one(each) for each in request.requests))
        return pb.BatchCreateReservationsResponse(results=results)

    def _hold(self, request: pb.CreateReservationRequest) -> Hold:
        principal = auth.current()
        principal.require_location(*(line.location_id for line in request.lines))

        def differs(first: bytes) -> str:
            return difference(pb.CreateReservationRequest.FromString(first), request)

        return Hold(
            UUID(request.request_id),
            [(CellKey(line.location_id, line.item_id), line.quantity) for line in request.lines],
            request.hold_duration.ToTimedelta().total_seconds()
            if request.HasField("hold_duration")
            else self._settings.default_hold_s,
            request.channel,
            request.customer_id,
            request.order_id,
            request.allow_partial,
            request.ignore_safety_stock,
            principal.subject,
            request.SerializeToString(deterministic=True),
            differs,
        )

    async def GetReservation(self, request: pb.GetReservationRequest, _: Any) -> pb.GetReservationResponse:
        found = await self._reservations.get(UUID(request.reservation_id))
        auth.current().require_location(*(line.key.location_id for line in found.lines))
        return pb.GetReservationResponse(reservation=self._as_of_now(found))

    async def ListReservations(
        self, request: pb.ListReservationsRequest, _: Any
    ) -> pb.ListReservationsResponse:
        count = paging.size(request.page_size)
        token = paging.key(request.page_token, str, str)
        before = (datetime.fromisoformat(token[0]), UUID(token[1])) if token else None
        wanted = Filter(
            request.order_id,
            request.customer_id,
            request.channel,
            request.location_id,
            request.item_id,
            list(request.states),
            messages.moment(request.create_time_from) if request.HasField("create_time_from") else None,
            messages.moment(request.create_time_before) if request.HasField("create_time_before") else None,
        )
        found, last = paging.cut(await self._desk.list_page(wanted, before, count + 1), count)
        principal = auth.current()
        return pb.ListReservationsResponse(
            reservations=[
                self._as_of_now(each)
                for each in found
                if principal.visible(line.key.location_id for line in each.lines)
            ],
            next_page_token=paging.token(last.create_time.isoformat(), str(last.reservation_id))
            if last
            else "",
        )

    def _as_of_now(self, reservation: Reservation) -> pb.Reservation:
        reservation.state = state_at(reservation, self._now())
        return messages.reservation(reservation)

    async def ExtendReservation(
        self, request: pb.ExtendReservationRequest, _: Any
    ) -> pb.ExtendReservationResponse:
        def change(connection: AsyncConnection, actor: str) -> Awaitable[Reservation]:
            seconds = request.hold_duration.ToTimedelta().total_seconds()
            return self._reservations.extend(connection, UUID(request.reservation_id), seconds, actor)

        return await self._change(request, pb.ExtendReservationResponse, change)

    async def CommitReservation(
        self, request: pb.CommitReservationRequest, _: Any
    ) -> pb.CommitReservationResponse:
        def change(connection: AsyncConnection, actor: str) -> Awaitable[Reservation]:
            return self._reservations.commit(
                connection, UUID(request.reservation_id), request.order_id, actor
            )

        return await self._change(request, pb.CommitReservationResponse, change)

    async def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, _: Any
    ) -> pb.ReleaseReservationResponse:
        lines = [
            (
                CellKey(line.location_id, line.item_id),
                line.quantity,
                Bucket(line.to_bucket or Bucket.SELLABLE),
            )
            for line in request.lines
        ]

        def change(connection: AsyncConnection, actor: str) -> Awaitable[Reservation]:
            return self._reservations.release(connection, UUID(request.reservation_id), lines, actor)

        return await self._change(request, pb.ReleaseReservationResponse, change)

    async def FulfilReservation(
        self, request: pb.FulfilReservationRequest, _: Any
    ) -> pb.FulfilReservationResponse:
        lines = [
            (
                CellKey(line.location_id, line.item_id),
                line.quantity,
                [messages.epc_bytes(epc) for epc in line.epcs],
            )
            for line in request.lines
        ]

        for index, line in enumerate(request.lines):
            if len(line.epcs) > line.quantity:
                raise InvalidField([FieldViolation(f"lines[{index}].epcs", "more tags than units")])

        def change(connection: AsyncConnection, actor: str) -> Awaitable[Reservation]:
            return self._reservations.fulfil(
                connection, UUID(request.reservation_id), lines, _MANNERS[request.manner], actor
            )

        return await self._change(request, pb.FulfilReservationResponse, change)

    async def TransferReservation(
        self, request: pb.TransferReservationRequest, _: Any
    ) -> pb.TransferReservationResponse:
        move = Move(
            UUID(request.reservation_id),
            request.from_location_id,
            request.to_location_id,
            [(line.item_id, line.quantity) for line in request.lines],
            request.allow_partial,
            request.ignore_safety_stock,
        )

        def change(connection: AsyncConnection, actor: str) -> Awaitable[Reservation]:
            return self._desk.transfer(connection, move, actor)

        return await self._change(request, pb.TransferReservationResponse, change)

    async def BulkReleaseReservations(
        self, request: pb.BulkReleaseReservationsRequest, _: Any
    ) -> pb.BulkReleaseReservationsResponse:
        principal = auth.current()
        wanted = Filter(
            customer_id=request.customer_id,
            channel=request.channel,
            location_id=request.location_id,
            item_id=request.item_id,
            create_before=messages.moment(request.create_time_before)
            if request.HasField("create_time_before")
            else None,
        )

        def may(reservation: Reservation) -> bool:
            places = [line.key.location_id for line in reservation.lines]
            return len(principal.visible(places)) == len(places)

        async def work(connection: AsyncConnection) -> pb.BulkReleaseReservationsResponse:
            async def effect() -> pb.BulkReleaseReservationsResponse:
                released, more = await self._desk.release_many(
                    connection,
                    wanted,
                    request.max_count or DEFAULT_RELEASES,
                    principal.subject,
                    may,
                    only_tell=request.validate_only,
                )
                return pb.BulkReleaseReservationsResponse(
                    reservations=map(messages.reservation, released), more=more
                )

            response_type = pb.BulkReleaseReservationsResponse
            return await once(connection, principal.subject, request, response_type, effect)

        return await self._database.transaction(work)

    async def _change(
        self,
        request: Any,
        response_type: type[R],
        change: Callable[[AsyncConnection, str], Awaitable[Reservation]],
    ) -> R:
        principal = auth.current()

        async def work(connection: AsyncConnection) -> R:
            async def effect() -> R:
                changed = await change(connection, principal.subject)
                principal.require_location(*(line.key.location_id for line in changed.lines))
                return response_type(reservation=messages.reservation(changed))

            return await once(connection, principal.subject, request, response_type, effect)

        return await self._database.transaction(work)
