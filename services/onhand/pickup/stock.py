"""What pickup asks of stock and tells it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC
from typing import Any, cast

import grpc
from google.protobuf import duration_pb2
from google.protobuf.message import Message

from onhand.api.stock.v1 import catalog_pb2, ledger_pb2, reads_pb2, reservations_pb2
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
from onhand.pickup.domain.departure import Bucket, EffectKind, Owed
from onhand.pickup.domain.picklist import Item, SeenTag
from onhand.pickup.domain.scans import Sighting
from onhand.pickup.domain.traces import Sight
from onhand.pickup.storage.effects import Effect

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
MAX_SEEN_TAGS = 200
"""Tags of one item and state that a pick list looks at; protects stock."""
SUBSTITUTE_HOLD_S = 7 * 86_400
"""How long a substitute is held; longer than any customer may take to answer, and given back at once when
they do not take it."""
_RELEASED_TO = {each: each for each in Bucket} | {
    # A reservation gives back to no other bucket: goods to be looked at are kept from sale as damaged.
    Bucket.QUALITY_CONTROL: Bucket.DAMAGED
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
            Sighting(
                tag.epc_hex,
                tag.item_id,
                tag.location_id,
                tag.state in _HERE,
                tag.zone_id,
                tag.last_seen_time.ToDatetime(UTC) if tag.HasField("last_seen_time") else None,
            )
            for tag in answer.tags
        ]

    async def follow(self, location_id: str, epc: str) -> AsyncGenerator[Sight]:
        """Yield the reads of a tag at a location as stock takes them, for as long as stock tells them."""
        request = reads_pb2.FollowTagRequest(location_id=location_id, epc=epc)
        told = cast("AsyncGenerator[reads_pb2.FollowTagResponse]", self._client.tags.FollowTag(request))
        try:
            async with aclosing(told):
                async for each in told:
                    yield Sight(each.read_time.ToDatetime(UTC), each.zone_id, each.rssi_cdbm)
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error

    async def gtins(self, item_id: str) -> Sequence[str]:
        """Return the GTINs that mean an item, with 14 digits; raises UnknownItem."""
        return (await self.item(item_id)).gtins

    async def item(self, item_id: str) -> Item:
        """Return what people need to know of an item; raises UnknownItem."""
        request = catalog_pb2.GetItemRequest(item_id=item_id)
        try:
            async with self._free:
                found = (await self._client.catalog.GetItem(request, timeout=self._timeout_s)).item
        except UnknownItem:
            raise
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return Item(
            found.item_id,
            found.title,
            found.size,
            found.colour,
            found.picture_uri,
            tuple(found.gtins),
            found.tagged,
        )

    async def zones(self, location_id: str) -> list[tuple[str, int]]:
        """Return the zones of a location and their kinds, in the catalogue's order; none when unknown."""
        request = catalog_pb2.GetLocationRequest(location_id=location_id)
        try:
            answer = await self._client.catalog.GetLocation(request, timeout=self._timeout_s)
        except UnknownLocation:
            return []
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error
        return [(zone.zone_id, int(zone.kind)) for zone in answer.location.zones]

    async def seen_tags(self, location_id: str, item_id: str) -> list[SeenTag]:
        """Return tags of an item that count at a location, at most some hundreds."""
        found = []
        for state in (_Tag.STATE_PRESENT, _Tag.STATE_UNCONFIRMED):
            request = reads_pb2.ListTagsRequest(
                location_id=location_id, item_id=item_id, state=state, page_size=MAX_SEEN_TAGS
            )
            try:
                async with self._free:
                    answer = await self._client.tags.ListTags(request, timeout=self._timeout_s)
            except (OnhandError, grpc.RpcError) as error:
                raise _unavailable(error) from error
            found += [
                SeenTag(
                    tag.epc_hex,
                    tag.zone_id,
                    tag.last_seen_time.ToDatetime(UTC),
                    state == _Tag.STATE_UNCONFIRMED,
                )
                for tag in answer.tags
            ]
        return found

    async def tell(self, effect: Effect) -> None:
        """Tell what a change of a task means for stock. The same again has no second effect.

        Raises one of REFUSALS when stock will never take it.
        """
        owed, name = effect.owed, str(effect.effect_id)
        match owed.kind:
            case EffectKind.FULFIL:
                await self._call(self._client.reservations.FulfilReservation, _fulfilment(name, owed))
            case EffectKind.RELEASE:
                await self._call(self._client.reservations.ReleaseReservation, _release(name, owed))
            case EffectKind.HOLD:
                await self._call(self._client.reservations.CreateReservation, _hold(owed))
            case EffectKind.COMMIT:
                request = reservations_pb2.CommitReservationRequest(
                    request_id=name, reservation_id=owed.reservation_id, order_id=owed.document
                )
                await self._call(self._client.reservations.CommitReservation, request)
            case EffectKind.RETURN:
                await self._call(self._client.ledger.RecordReturn, _return(name, owed))

    async def _call(self, method: Any, request: Message) -> None:
        try:
            await method(request, timeout=self._timeout_s)
        except REFUSALS:
            raise
        except (OnhandError, grpc.RpcError) as error:
            raise _unavailable(error) from error


def _fulfilment(name: str, owed: Owed) -> Message:
    manner = reservations_pb2.FulfilReservationRequest.Manner
    return reservations_pb2.FulfilReservationRequest(
        request_id=name,
        reservation_id=owed.reservation_id,
        lines=[
            reservations_pb2.FulfilLine(
                item_id=each.item_id,
                location_id=owed.location_id,
                quantity=each.quantity,
                epcs=each.epcs,
            )
            for each in owed.goods
        ],
        manner=manner.MANNER_SHIPPED if owed.shipped else manner.MANNER_COLLECTED,
    )


def _release(name: str, owed: Owed) -> Message:
    return reservations_pb2.ReleaseReservationRequest(
        request_id=name,
        reservation_id=owed.reservation_id,
        lines=[
            reservations_pb2.ReleaseLine(
                item_id=each.item_id,
                location_id=owed.location_id,
                quantity=each.quantity,
                to_bucket=int(_RELEASED_TO[owed.bucket]),  # type: ignore[arg-type]
            )
            for each in owed.goods
        ],
    )


def _hold(owed: Owed) -> Message:
    # Staff have the goods in their hand: what is kept back from channels does not matter.
    return reservations_pb2.CreateReservationRequest(
        request_id=owed.reservation_id,
        lines=[
            reservations_pb2.ReservationLine(
                item_id=each.item_id, location_id=owed.location_id, quantity=each.quantity
            )
            for each in owed.goods
        ],
        hold_duration=duration_pb2.Duration(seconds=SUBSTITUTE_HOLD_S),
        channel="pickup",
        order_id=owed.document,
        ignore_safety_stock=True,
    )


def _return(name: str, owed: Owed) -> Message:
    lines = []
    for each in owed.goods:
        lines += [
            ledger_pb2.DocumentLine(product=ledger_pb2.Product(epc=epc), quantity=1) for epc in each.epcs
        ]
        if untagged := each.quantity - len(each.epcs):
            product = ledger_pb2.Product(item_id=each.item_id)
            lines.append(ledger_pb2.DocumentLine(product=product, quantity=untagged))
    return ledger_pb2.RecordReturnRequest(
        request_id=name,
        location_id=owed.location_id,
        document=owed.document,
        lines=lines,
        to_bucket=int(owed.bucket),  # type: ignore[arg-type]
    )


def _unavailable(error: OnhandError | grpc.RpcError) -> DependencyUnavailable:
    """Hide from our caller what is between us and stock, a token of ours that stock refuses for example."""
    log.warning("stock does not answer", failure=str(error))
    return DependencyUnavailable("stock")
