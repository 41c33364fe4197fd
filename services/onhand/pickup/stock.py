"""What pickup asks of stock and tells it."""

import asyncio
from collections.abc import Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

import grpc

from onhand.api.stock.v1 import catalog_pb2, reads_pb2, reservations_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import (
    DependencyUnavailable,
    InsufficientStock,
    InvalidEpc,
    InvalidField,
    NotFound,
    OnhandError,
    RequestIdReused,
    TooMany,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.kit.telemetry import log
from onhand.pickup.config import PickupSettings
from onhand.pickup.domain.departure import departures
from onhand.pickup.domain.scans import Sighting
from onhand.pickup.domain.task import Kind, Task

REFUSALS = (
    InsufficientStock,
    InvalidEpc,
    InvalidField,
    NotFound,
    RequestIdReused,
    TooMany,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
"""What stock answers to a call that it will never take, however often it is repeated."""

_Tag = reads_pb2.Tag
_HERE = {_Tag.STATE_PRESENT, _Tag.STATE_UNCONFIRMED, _Tag.STATE_MISSING}
"""A missing tag that somebody scans is found: it had not been seen for long, and nothing else."""
_MANNERS = {
    Kind.COLLECT: reservations_pb2.FulfilReservationRequest.MANNER_COLLECTED,
    Kind.SHIP: reservations_pb2.FulfilReservationRequest.MANNER_SHIPPED,
}


class Stock:
    """Stock as pickup knows it. Where stock does not answer, methods raise DependencyUnavailable."""

    def __init__(self, client: AsyncStock, settings: PickupSettings) -> None:
        self._client = client
        self._timeout_s = settings.stock_timeout_s
        self._free = asyncio.Semaphore(settings.stock_concurrency)

    async def sightings(self, scanned: Sequence[str]) -> list[list[Sighting]]:
        """Return what each location knows of each tag; nothing for one never seen. Raises InvalidEpc."""
        asked = [asyncio.create_task(self._sightings(each)) for each in scanned]
        try:
            return await asyncio.gather(*asked)
        finally:
            for each in asked:  # after the first failure nobody waits for the others
                each.cancel()

    async def _sightings(self, scanned: str) -> list[Sighting]:
        request = reads_pb2.GetTagRequest(epc=scanned)
        try:
            async with self._free:
                answer = await self._client.tags.GetTag(request, timeout=self._timeout_s)
        except NotFound:
            return []
        except InvalidEpc:
            raise
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return [
            Sighting(tag.epc_hex, tag.item_id, tag.location_id, tag.state in _HERE) for tag in answer.tags
        ]

    async def gtins(self, item_id: str) -> Sequence[str]:
        """Return the GTINs that mean an item, with 14 digits; raises UnknownItem."""
        request = catalog_pb2.GetItemRequest(item_id=item_id)
        try:
            answer = await self._client.catalog.GetItem(request, timeout=self._timeout_s)
        except UnknownItem:
            raise
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return answer.item.gtins

    async def fulfil(self, task: Task) -> None:
        """Tell that the picked goods of a task left. The same task again has no second effect.

        Raises one of REFUSALS when stock will never take it.
        """
        given = task.assignment
        request = reservations_pb2.FulfilReservationRequest(
            request_id=str(fulfilment_id(task.task_id)),
            reservation_id=given.reservation_id,
            lines=[
                reservations_pb2.FulfilLine(
                    item_id=each.item_id,
                    location_id=given.location_id,
                    quantity=each.quantity,
                    epcs=each.epcs,
                )
                for each in departures(task)
            ],
            manner=_MANNERS[given.kind],
        )
        try:
            await self._client.reservations.FulfilReservation(request, timeout=self._timeout_s)
        except REFUSALS:
            raise
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error


def fulfilment_id(task_id: str) -> UUID:
    """Return the request_id by which stock is told of a task's goods, always the same."""
    return uuid5(NAMESPACE_OID, f"onhand:pickup:{task_id}:fulfil")


def _unavailable(error: OnhandError | grpc.RpcError) -> DependencyUnavailable:
    """Hide from our caller what is between us and stock, a token of ours that stock refuses for example."""
    log.warning("stock does not answer", failure=str(error))
    return DependencyUnavailable("stock")
