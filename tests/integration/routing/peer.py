"""A server of stock's contract, as much of it as routing calls: counts, holds and what becomes of them."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf.message import Message
from google.type.latlng_pb2 import LatLng

from onhand.api.stock.v1 import (
    availability_pb2,
    availability_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    ledger_pb2,
    reservations_pb2,
    reservations_pb2_grpc,
    shipments_pb2,
    shipments_pb2_grpc,
)
from onhand.kit.clock import Clock
from onhand.kit.errors import (
    InsufficientStock,
    NotFound,
    OnhandError,
    RequestIdReused,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.kit.status import to_status, to_trailers

_S = reservations_pb2.Reservation
LIVE = (_S.STATE_HELD, _S.STATE_COMMITTED)
WRITES = ("CreateReservation", "CommitReservation", "ReleaseReservation")

PLACES = {
    "amsterdam": (52.37, 4.90),
    "utrecht": (52.09, 5.12),
    "zwolle": (52.51, 6.09),
    "groningen": (53.22, 6.57),
}


@dataclass
class StockPeer:
    clock: Clock
    sellable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units on sale by location and item, those that are held or committed included."""
    lost: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Units by location, item and bucket that were released as damaged or missing."""
    reservations: dict[str, reservations_pb2.Reservation] = field(default_factory=dict)
    locations: dict[str, catalog_pb2.Location] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    failing: dict[str, list[str]] = field(default_factory=dict)
    """By method, what becomes of its next calls: "refused" before their effect, "lost" after it."""
    pretended: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units that the view shows and the books do not have."""
    kept: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Units by channel, location and item that policies keep back."""
    before_answer: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """By method, what happens between the effect of its next call and its answer."""
    on_arrival: Callable[[str, str, int, int, int], Awaitable[None]] | None = None
    """Called with location, item, available before and after, and revision when units become available."""
    shipments: dict[str, shipments_pb2.Shipment] = field(default_factory=dict)
    answers: dict[str, tuple[Message, Message]] = field(default_factory=dict)
    revision: int = 100
    port: int = 0
    server: grpc.aio.Server | None = None

    def __post_init__(self) -> None:
        for location_id, (latitude, longitude) in PLACES.items():
            self.locations[location_id] = catalog_pb2.Location(
                location_id=location_id,
                kind=catalog_pb2.Location.KIND_STORE,
                position=LatLng(latitude=latitude, longitude=longitude),
                time_zone="Europe/Amsterdam",
                collect_enabled=True,
                ship_enabled=True,
            )

    def available(self, location_id: str, item_id: str) -> int:
        taken = 0
        for reservation in self.reservations.values():
            if self.state(reservation) in LIVE:
                taken += sum(
                    line.quantity - line.fulfilled_quantity - line.released_quantity
                    for line in reservation.lines
                    if (line.location_id, line.item_id) == (location_id, item_id)
                )
        return self.sellable[location_id, item_id] - taken

    def state(self, reservation: reservations_pb2.Reservation) -> int:
        expired = reservation.state == _S.STATE_HELD and reservation.expire_time.ToDatetime() <= _naive(
            self.clock.now()
        )
        return _S.STATE_EXPIRED if expired else reservation.state

    def live(self) -> list[reservations_pb2.Reservation]:
        return [each for each in self.reservations.values() if self.state(each) in LIVE]

    def hold(self, reservation_id: str, location_id: str, order_id: str = "", **items: int) -> None:
        """Hold a basket, as a web shop does at checkout."""
        request = reservations_pb2.CreateReservationRequest(request_id=reservation_id, order_id=order_id)
        for item_id, quantity in items.items():
            request.lines.add(item_id=item_id, location_id=location_id, quantity=quantity)
        self.create(request)

    def fulfil(self, reservation_id: str) -> None:
        """Let all that a reservation still has leave, as pickup does at the hand-over."""
        reservation = self.reservations[reservation_id]
        for line in reservation.lines:
            units = line.quantity - line.released_quantity
            self.sellable[line.location_id, line.item_id] -= units
            line.fulfilled_quantity = units
        reservation.state = _S.STATE_FULFILLED

    def create(self, request: reservations_pb2.CreateReservationRequest) -> Message:
        for line in request.lines:
            available = self.available(line.location_id, line.item_id)
            if line.quantity > available:
                raise InsufficientStock(line.item_id, line.location_id, line.quantity, available)
        hold_s = request.hold_duration.seconds or 900
        reservation = _S(
            reservation_id=request.request_id,
            state=_S.STATE_HELD,
            lines=request.lines,
            customer_id=request.customer_id,
            order_id=request.order_id,
            revision=self._next_revision(),
        )
        reservation.expire_time.FromDatetime(self.clock.now() + timedelta(seconds=hold_s))
        self.reservations[request.request_id] = reservation
        return reservations_pb2.CreateReservationResponse(reservation=reservation)

    def commit(self, request: reservations_pb2.CommitReservationRequest) -> Message:
        reservation = self._found(request.reservation_id)
        if self.state(reservation) != _S.STATE_HELD:
            raise self._wrong_state(reservation, "commit it")
        reservation.state = _S.STATE_COMMITTED
        reservation.order_id = request.order_id
        reservation.revision = self._next_revision()
        return reservations_pb2.CommitReservationResponse(reservation=reservation)

    def release(self, request: reservations_pb2.ReleaseReservationRequest) -> Message:
        reservation = self._found(request.reservation_id)
        if self.state(reservation) not in LIVE:
            raise self._wrong_state(reservation, "release it")
        asked = {(each.location_id, each.item_id): (each.quantity, each.to_bucket) for each in request.lines}
        for line in reservation.lines:
            left = line.quantity - line.fulfilled_quantity - line.released_quantity
            quantity, bucket = asked.get(
                (line.location_id, line.item_id), (0 if asked else left, ledger_pb2.BUCKET_SELLABLE)
            )
            if quantity > left:
                raise self._wrong_state(reservation, f"release {quantity} of {left}")
            line.released_quantity += quantity
            if bucket not in {ledger_pb2.BUCKET_UNSPECIFIED, ledger_pb2.BUCKET_SELLABLE}:
                self.sellable[line.location_id, line.item_id] -= quantity
                name = ledger_pb2.Bucket.Name(bucket).removeprefix("BUCKET_")
                self.lost[line.location_id, line.item_id, name] += quantity
        if all(
            line.quantity == line.fulfilled_quantity + line.released_quantity for line in reservation.lines
        ):
            reservation.state = _S.STATE_RELEASED
        reservation.revision = self._next_revision()
        for line in reservation.lines:
            line.cell_version = reservation.revision
        return reservations_pb2.ReleaseReservationResponse(reservation=reservation)

    def announce(self, request: shipments_pb2.AnnounceShipmentRequest) -> Message:
        shipment = shipments_pb2.Shipment(
            shipment_id=str(uuid4()),
            from_location_id=request.from_location_id,
            to_location_id=request.to_location_id,
            document=request.document,
            state=shipments_pb2.Shipment.STATE_ANNOUNCED,
            expected_time=request.expected_time,
        )
        for each in request.goods:
            shipment.lines.add(item_id=each.product.item_id, announced_quantity=each.quantity)
        self.shipments[shipment.shipment_id] = shipment
        return shipments_pb2.AnnounceShipmentResponse(shipment=shipment)

    def call_off(self, request: shipments_pb2.CancelShipmentRequest) -> Message:
        shipment = self.shipments[request.shipment_id]
        if shipment.state != shipments_pb2.Shipment.STATE_ANNOUNCED:
            raise WrongState("shipment", shipment.shipment_id, "DISPATCHED", "cancel it")
        shipment.state = shipments_pb2.Shipment.STATE_CANCELLED
        return shipments_pb2.CancelShipmentResponse(shipment=shipment)

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def _found(self, reservation_id: str) -> reservations_pb2.Reservation:
        if reservation_id not in self.reservations:
            raise NotFound("reservation", reservation_id)
        return self.reservations[reservation_id]

    def _wrong_state(self, reservation: reservations_pb2.Reservation, action: str) -> WrongState:
        name = _S.State.Name(self.state(reservation)).removeprefix("STATE_")
        return WrongState("reservation", reservation.reservation_id, name, action)

    async def start(self) -> None:
        """Listen, on the same port as before."""
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(_Catalog(self), server)
        availability_pb2_grpc.add_AvailabilityServiceServicer_to_server(_Availability(self), server)
        reservations_pb2_grpc.add_ReservationServiceServicer_to_server(_Reservations(self), server)
        shipments_pb2_grpc.add_ShipmentServiceServicer_to_server(_Shipments(self), server)
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        await server.start()
        self.server = server

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.stop(None)
            self.server = None

    async def write(self, method: str, request: Any, context: Any, effect: Callable[[Any], Message]) -> Any:
        """Answer a writing method as stock does: the same request twice has one effect."""
        self.calls[method] += 1
        fate = next(iter(self.failing.get(method, ())), "")
        if fate:
            self.failing[method].pop(0)
        if fate == "refused":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        known = self.answers.get(request.request_id)
        if known is not None and known[0] != request:
            await context.abort(*to_trailers(RequestIdReused(request.request_id, method, "content")))
        if known is None:
            before = {key: self.available(*key) for key in self.sellable}
            try:
                answer = effect(request)
            except OnhandError as error:
                await context.abort(*to_trailers(error))
            kept = type(answer)()
            kept.CopyFrom(answer)
            self.answers[request.request_id] = request, kept
            await self._tell(before)
        if (hook := self.before_answer.pop(method, None)) is not None:
            await hook()
        if fate == "lost":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost")
        return self.answers[request.request_id][1]

    async def _tell(self, before: dict[tuple[str, str], int]) -> None:
        for key, units in before.items():
            now = self.available(*key)
            if now > units and self.on_arrival is not None:
                await self.on_arrival(*key, units, now, self.revision)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


class _Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    def __init__(self, peer: StockPeer) -> None:
        self.peer = peer

    async def GetLocation(self, request: Any, context: Any) -> Any:
        location = self.peer.locations.get(request.location_id)
        if location is None:
            await context.abort(*to_trailers(UnknownLocation(request.location_id)))
        return catalog_pb2.GetLocationResponse(location=location)

    async def ListLocations(self, request: Any, _: Any) -> Any:
        # Two a page, so that there are several.
        start = int(request.page_token or 0)
        page = sorted(self.peer.locations)[start : start + 2]
        more = start + 2 < len(self.peer.locations)
        return catalog_pb2.ListLocationsResponse(
            locations=[self.peer.locations[each] for each in page],
            next_page_token=str(start + 2) if more else "",
        )


class _Availability(availability_pb2_grpc.AvailabilityServiceServicer):
    def __init__(self, peer: StockPeer) -> None:
        self.peer = peer

    async def GetAvailability(self, request: Any, _: Any) -> Any:
        self.peer.calls["GetAvailability"] += 1
        known = {item_id for _, item_id in self.peer.sellable}
        response = availability_pb2.GetAvailabilityResponse()
        for item_id in request.item_ids:
            for location_id in request.location_ids:
                line = response.lines.add()
                line.availability.item_id, line.availability.location_id = item_id, location_id
                if item_id not in known:
                    line.status.CopyFrom(to_status(UnknownItem(item_id)))
                    continue
                units = self.peer.available(location_id, item_id)
                if not request.consistency.fully_consistent:
                    units += self.peer.pretended[location_id, item_id]
                kept = self.peer.kept[request.policy_channel, location_id, item_id]
                line.availability.available = max(0, units - kept)
                line.availability.confidence = 1
        if (hook := self.peer.before_answer.pop("GetAvailability", None)) is not None:
            await hook()
        return response


class _Reservations(reservations_pb2_grpc.ReservationServiceServicer):
    def __init__(self, peer: StockPeer) -> None:
        self.peer = peer

    async def CreateReservation(self, request: Any, context: Any) -> Any:
        return await self.peer.write("CreateReservation", request, context, self.peer.create)

    async def CommitReservation(self, request: Any, context: Any) -> Any:
        return await self.peer.write("CommitReservation", request, context, self.peer.commit)

    async def ReleaseReservation(self, request: Any, context: Any) -> Any:
        return await self.peer.write("ReleaseReservation", request, context, self.peer.release)

    async def GetReservation(self, request: Any, context: Any) -> Any:
        reservation = self.peer.reservations.get(request.reservation_id)
        if reservation is None:
            await context.abort(*to_trailers(NotFound("reservation", request.reservation_id)))
        answer = reservations_pb2.GetReservationResponse(reservation=reservation)
        answer.reservation.state = self.peer.state(reservation)
        return answer


class _Shipments(shipments_pb2_grpc.ShipmentServiceServicer):
    def __init__(self, peer: StockPeer) -> None:
        self.peer = peer

    async def AnnounceShipment(self, request: Any, context: Any) -> Any:
        return await self.peer.write("AnnounceShipment", request, context, self.peer.announce)

    async def CancelShipment(self, request: Any, context: Any) -> Any:
        return await self.peer.write("CancelShipment", request, context, self.peer.call_off)
