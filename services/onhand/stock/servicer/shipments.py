from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import shipments_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import WrongLocation
from onhand.kit.idempotency import once
from onhand.stock import messages
from onhand.stock.domain.shipments import Shipment, Shortage
from onhand.stock.servicer import keys
from onhand.stock.use_cases import Shipments
from onhand.stock.use_cases.shipments import Goods

R = TypeVar("R", bound=Message)


class ShipmentServicer:
    def __init__(self, shipments: Shipments, database: Database, clock: Clock) -> None:
        self._shipments = shipments
        self._database = database
        self._clock = clock

    async def AnnounceShipment(
        self, request: pb.AnnounceShipmentRequest, _: Any
    ) -> pb.AnnounceShipmentResponse:
        _require_either(request.from_location_id, request.to_location_id)
        shipment = self._shipments.new(
            request.from_location_id,
            request.to_location_id,
            request.sscc,
            request.document,
            auth.current().subject,
            messages.moment(request.send_time) if request.HasField("send_time") else None,
            messages.moment(request.expected_time) if request.HasField("expected_time") else None,
        )
        goods = _goods(request.goods)

        async def effect(connection: AsyncConnection) -> pb.AnnounceShipmentResponse:
            announced = await self._shipments.announce(connection, shipment, goods)
            return pb.AnnounceShipmentResponse(shipment=messages.shipment(announced))

        return await self._once(request, pb.AnnounceShipmentResponse, effect)

    async def DispatchShipment(
        self, request: pb.DispatchShipmentRequest, _: Any
    ) -> pb.DispatchShipmentResponse:
        shipment = await self._shipments.get(UUID(request.shipment_id))
        auth.current().require_location(shipment.from_location_id or shipment.to_location_id)
        goods = _goods(request.goods)

        async def effect(connection: AsyncConnection) -> pb.DispatchShipmentResponse:
            changed, revision = await self._shipments.dispatch(
                connection, shipment.shipment_id, goods, self._occur_time(request), auth.current().subject
            )
            return pb.DispatchShipmentResponse(shipment=messages.shipment(changed), revision=revision)

        return await self._once(request, pb.DispatchShipmentResponse, effect)

    async def ReceiveShipment(self, request: pb.ReceiveShipmentRequest, _: Any) -> pb.ReceiveShipmentResponse:
        shipment = await self._shipments.get(UUID(request.shipment_id))
        auth.current().require_location(shipment.to_location_id)
        goods = _goods(request.goods)

        async def effect(connection: AsyncConnection) -> pb.ReceiveShipmentResponse:
            changed, revision = await self._shipments.receive(
                connection,
                shipment.shipment_id,
                goods,
                Shortage(request.shortage),
                self._occur_time(request),
                auth.current().subject,
                all_open=request.all_open,
            )
            return pb.ReceiveShipmentResponse(shipment=messages.shipment(changed), revision=revision)

        return await self._once(request, pb.ReceiveShipmentResponse, effect)

    async def CancelShipment(self, request: pb.CancelShipmentRequest, _: Any) -> pb.CancelShipmentResponse:
        shipment = await self._visible(request.shipment_id)

        async def effect(connection: AsyncConnection) -> pb.CancelShipmentResponse:
            ended = await self._shipments.cancel(connection, shipment.shipment_id)
            return pb.CancelShipmentResponse(shipment=messages.shipment(ended))

        return await self._once(request, pb.CancelShipmentResponse, effect)

    async def GetShipment(self, request: pb.GetShipmentRequest, _: Any) -> pb.GetShipmentResponse:
        return pb.GetShipmentResponse(shipment=messages.shipment(await self._visible(request.shipment_id)))

    async def ListShipments(self, request: pb.ListShipmentsRequest, _: Any) -> pb.ListShipmentsResponse:
        auth.current().require_location(request.location_id)
        size = paging.size(request.page_size)
        key = paging.key(request.page_token, str, str)
        shipments, last = paging.cut(
            await self._shipments.list_page(
                request.location_id,
                request.sscc,
                keys.moment_and_id(key) if key else None,
                size + 1,
                outgoing=request.outgoing,
                only_open=request.only_open,
            ),
            size,
        )
        return pb.ListShipmentsResponse(
            shipments=[messages.shipment(each, with_tags=False) for each in shipments],
            next_page_token=paging.token(last.create_time.isoformat(), str(last.shipment_id)) if last else "",
        )

    def _occur_time(self, request: Any) -> datetime:
        return messages.moment(request.occur_time) if request.HasField("occur_time") else self._clock.now()

    async def _visible(self, shipment_id: str) -> Shipment:
        """Return a shipment to or from a location that the caller speaks for."""
        shipment = await self._shipments.get(UUID(shipment_id))
        _require_either(shipment.from_location_id, shipment.to_location_id)
        return shipment

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


def _require_either(from_location_id: str, to_location_id: str) -> None:
    """Raise WrongLocation unless the caller speaks for one of the two ends."""
    if not auth.current().visible(each for each in (from_location_id, to_location_id) if each):
        raise WrongLocation(to_location_id)


def _goods(goods: Iterable[pb.ShipmentGoods]) -> list[Goods]:
    read = []
    for each in goods:
        product = messages.product(each.product) if each.HasField("product") else None
        epcs = [messages.epc_bytes(text) for text in each.epcs]
        if product is not None and product.epc:
            epcs.append(product.epc)
            product = None
        read.append(Goods(product, each.quantity, epcs))
    return read
