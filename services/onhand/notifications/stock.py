"""What notifications asks of stock: units held for people who wait, and where things are.

Only jobs call it, outside of any transaction. What a message says and to whom is decided from this service's own
tables: what is looked up here is what an event would have told.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from onhand.api.stock.v1 import availability_pb2, catalog_pb2, reservations_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import DependencyUnavailable, NotFound, OnhandError, WrongState
from onhand.kit.telemetry import log
from onhand.notifications.domain.alerts import Cell, UnitHold

CHANNEL = "alerts"
CELLS_AT_ONCE = 10_000
"""Items × locations that stock answers in one call."""
LOCATIONS_AT_ONCE = 1_000

Located = tuple[str, float | None, float | None]


class Stock:
    """Stock as notifications knows it. Where stock does not answer, methods raise DependencyUnavailable."""

    def __init__(self, client: AsyncStock, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s

    async def hold(self, units: Sequence[UnitHold], seconds: int) -> dict[UUID, datetime]:
        """Hold units; returns until when, of those that stock holds. The same again has no second effect."""
        requests = [
            reservations_pb2.CreateReservationRequest(
                request_id=str(each.hold_id),
                lines=[
                    reservations_pb2.ReservationLine(
                        item_id=each.item_id, location_id=each.location_id, quantity=1
                    )
                ],
                hold_duration=Duration(seconds=seconds),
                channel=CHANNEL,
            )
            for each in units
        ]
        try:
            answer = await self._client.reservations.BatchCreateReservations(
                reservations_pb2.BatchCreateReservationsRequest(requests=requests), timeout=self._timeout_s
            )
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return {
            unit.hold_id: result.reservation.expire_time.ToDatetime(UTC)
            for unit, result in zip(units, answer.results, strict=True)
            if result.status.code == 0 and result.reservation.state == reservations_pb2.Reservation.STATE_HELD
        }

    async def extend(self, unit: UnitHold, seconds: int) -> datetime | None:
        """Hold a unit for longer; returns until when, None when it is not held any more."""
        request = reservations_pb2.ExtendReservationRequest(
            request_id=str(uuid5(unit.hold_id, f"extend {unit.round}")),
            reservation_id=str(unit.hold_id),
            hold_duration=Duration(seconds=seconds),
        )
        try:
            answer = await self._client.reservations.ExtendReservation(request, timeout=self._timeout_s)
        except (WrongState, NotFound):
            return None
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return answer.reservation.expire_time.ToDatetime(UTC)

    async def release(self, unit: UnitHold) -> None:
        """Give a unit back."""
        request = reservations_pb2.ReleaseReservationRequest(
            request_id=str(uuid5(unit.hold_id, "release")), reservation_id=str(unit.hold_id)
        )
        try:
            await self._client.reservations.ReleaseReservation(request, timeout=self._timeout_s)
        except (WrongState, NotFound):
            return  # it ran out meanwhile
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error

    async def supply(self, item_ids: Sequence[str], location_ids: Sequence[str]) -> list[Cell]:
        """Return where some items can be had."""
        found = []
        items_at_once = max(1, CELLS_AT_ONCE // max(1, len(location_ids)))
        for start in range(0, len(item_ids), items_at_once):
            request = availability_pb2.GetAvailabilityRequest(
                item_ids=item_ids[start : start + items_at_once], location_ids=location_ids
            )
            answer = await self._ask(self._client.availability.GetAvailability, request)
            found += [
                Cell(cell.item_id, cell.location_id, cell.available)
                for cell in (each.availability for each in answer.lines)
                if cell.available > 0
            ]
        return found

    async def places(self) -> list[Located]:
        """Return all locations, and where they are in degrees, as far as that is known."""
        found: list[Located] = []
        token = ""
        while True:
            request = catalog_pb2.ListLocationsRequest(page_size=LOCATIONS_AT_ONCE, page_token=token)
            answer = await self._ask(self._client.catalog.ListLocations, request)
            found += [
                (each.location_id, each.position.latitude, each.position.longitude)
                if each.HasField("position")
                else (each.location_id, None, None)
                for each in answer.locations
            ]
            if not (token := answer.next_page_token):
                return found

    async def _ask(self, method: Any, request: Message) -> Any:
        try:
            return await method(request, timeout=self._timeout_s)
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error


def _unavailable(error: OnhandError | grpc.RpcError) -> DependencyUnavailable:
    log.warning("stock does not answer", failure=str(error))
    return DependencyUnavailable("stock")
