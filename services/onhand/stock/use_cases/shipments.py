"""Shipments: announced, dispatched, received, called off. Each method runs inside the caller's transaction."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import (
    FieldViolation,
    InvalidField,
    NotFound,
    TooMany,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.stock import events
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain import shipments as domain
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import CellKey, Product
from onhand.stock.domain.shipments import Shipment, ShipmentState, Shortage, Units
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.storage import shipments as rows
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.epcs import items_of

MAX_TAGS = 5_000
"""Tags that one call may name; keeps its transaction short."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods as a caller names them."""

    product: Product | None
    quantity: int
    epcs: Sequence[bytes]


class Shipments:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def new(
        self,
        from_location_id: str,
        to_location_id: str,
        sscc: str,
        document: str,
        actor: str,
        send_time: datetime | None,
        expected_time: datetime | None,
    ) -> Shipment:
        """Describe a shipment that is announced now. Raises InvalidField for a wrong check digit."""
        if sscc and epc_codec.check_digit(sscc[:-1]) != sscc[-1]:
            raise InvalidField([FieldViolation("sscc", "its check digit is wrong")])
        now = self._deps.clock.now()
        return Shipment(
            self._deps.clock.uuid(),
            from_location_id,
            to_location_id,
            sscc,
            document,
            ShipmentState.ANNOUNCED,
            actor,
            min(send_time or now, now),
            expected_time,
            now,
        )

    async def announce(
        self, connection: AsyncConnection, shipment: Shipment, goods: Sequence[Goods]
    ) -> Shipment:
        """Note what is to come. Raises UnknownLocation, UnknownItem."""
        places = {each for each in (shipment.from_location_id, shipment.to_location_id) if each}
        if unknown := places - await catalog.known_locations(connection, places):
            raise UnknownLocation(min(unknown))
        domain.announce(shipment, await _units(connection, goods))
        await rows.add(connection, shipment)
        await outbox.add(connection, [events.shipment_changed(self._deps.clock, shipment)])
        return shipment

    async def dispatch(
        self,
        connection: AsyncConnection,
        shipment_id: UUID,
        goods: Sequence[Goods],
        occur_time: datetime,
        actor: str,
    ) -> tuple[Shipment, int]:
        """A transfer left its origin, as announced unless `goods` say what left; returns the revision too."""
        shipment = await self._locked(connection, shipment_id)
        named = await _units(connection, goods)

        def change(books: Books, units: Sequence[Units]) -> None:
            domain.dispatch(books, shipment, units, occur_time)

        units = named or domain.as_announced(shipment)
        return shipment, await self._change(connection, shipment, units, occur_time, actor, change)

    async def receive(
        self,
        connection: AsyncConnection,
        shipment_id: UUID,
        goods: Sequence[Goods],
        shortage: Shortage,
        occur_time: datetime,
        actor: str,
        *,
        all_open: bool,
    ) -> tuple[Shipment, int]:
        """Goods arrived, and the shipment ends if told so or with nothing open; returns the revision too."""
        shipment = await self._locked(connection, shipment_id)
        if shortage is Shortage.BACK and not shipment.is_transfer:
            raise WrongState("shipment", str(shipment_id), "a supplier's", "send it back")
        units = await _units(connection, goods)
        if all_open and units:
            raise InvalidField([FieldViolation("all_open", "needs no goods beside it")])
        if all_open:
            units = domain.still_open(shipment)
        settled: list[domain.Appearance] = []
        # Loaded under the lock on the cells, which `_change` takes: what it is given waits there.
        appearances: dict[str, list[domain.Appearance]] = {}

        async def load() -> None:
            named = [epc for each in units for epc in each.epcs]
            found = await rows.appearances(
                connection, shipment, sorted({each.item_id for each in units}), named
            )
            appearances.update(found)

        def change(books: Books, units: Sequence[Units]) -> None:
            settled.extend(domain.receive(books, shipment, units, appearances, occur_time))
            nothing_open = not any(shipment.short(line) for line in shipment.lines.values())
            if shortage is not Shortage.STAYS_OPEN or nothing_open:
                domain.close(books, shipment, shortage, occur_time)

        revision = await self._change(
            connection, shipment, units, occur_time, actor, change, load=load, settled=settled
        )
        return shipment, revision

    async def cancel(self, connection: AsyncConnection, shipment_id: UUID) -> Shipment:
        """Call off a shipment of which nothing moved."""
        shipment = await self._locked(connection, shipment_id)
        domain.require(shipment, "cancel it", ShipmentState.ANNOUNCED)
        shipment.state, shipment.end_time = ShipmentState.CANCELLED, self._deps.clock.now()
        await rows.save(connection, shipment)
        await outbox.add(connection, [events.shipment_changed(self._deps.clock, shipment)])
        return shipment

    async def get(self, shipment_id: UUID) -> Shipment:
        found = await self._deps.database.read(lambda c: rows.read(c, shipment_id))
        if found is None:
            raise NotFound("shipment", str(shipment_id))
        return found

    async def list_page(
        self,
        location_id: str,
        sscc: str,
        before: tuple[datetime, UUID] | None,
        count: int,
        *,
        outgoing: bool,
        only_open: bool,
    ) -> list[Shipment]:
        before_time, before_id = before or (None, None)
        return await self._deps.database.read(
            lambda c: rows.list_page(
                c,
                outgoing=outgoing,
                location_id=location_id,
                only_open=only_open,
                sscc=sscc,
                before_time=before_time,
                before_id=before_id,
                count=count,
            )
        )

    async def _locked(self, connection: AsyncConnection, shipment_id: UUID) -> Shipment:
        found = await rows.lock(connection, shipment_id)
        if found is None:
            raise NotFound("shipment", str(shipment_id))
        return found

    async def _change(
        self,
        connection: AsyncConnection,
        shipment: Shipment,
        units: Sequence[Units],
        occur_time: datetime,
        actor: str,
        change: Callable[[Books, Sequence[Units]], None],
        *,
        load: Callable[[], Awaitable[None]] | None = None,
        settled: Sequence[domain.Appearance] = (),
    ) -> int:
        places = [each for each in (shipment.from_location_id, shipment.to_location_id) if each]
        items = {each.item_id for each in units} | shipment.lines.keys()
        epcs = {epc for each in units for epc in each.epcs} | shipment.tags.keys()
        now = self._deps.clock.now()
        cells = await storage.lock_cells(
            connection, [CellKey(place, item) for place in places for item in items], now
        )
        tags = {(place, epc) for place in places for epc in epcs}
        if load is not None:
            await load()
        books = Books(
            cells,
            await storage.lock_tags(connection, tags),
            actor=actor,
            document=shipment.document or str(shipment.shipment_id),
            occur_time=occur_time,
            new_id=self._deps.clock.uuid,
        )
        change(books, units)
        await storage.save(connection, books)
        await rows.save(connection, shipment)
        if settled:
            await rows.settle(connection, shipment, settled)
        self._deps.tracker.forget(tags)
        changed = [
            *events.of_books(books, self._deps.clock),
            events.shipment_changed(self._deps.clock, shipment),
        ]
        return await outbox.add(connection, changed)


async def _units(connection: AsyncConnection, goods: Sequence[Goods]) -> list[Units]:
    """Find the items of goods. Raises UnknownItem, TooMany, InvalidField for a tag named twice."""
    epcs = [epc for each in goods for epc in each.epcs]
    if len(epcs) > MAX_TAGS:
        raise TooMany("goods.epcs", len(epcs), MAX_TAGS)
    if len(set(epcs)) < len(epcs):
        raise InvalidField([FieldViolation("goods.epcs", "name a tag a second time")])
    items = await items_of(connection, epcs)
    products = [each.product for each in goods if each.product is not None]
    owners = await catalog.gtin_owners(connection, {each.gtin for each in products if each.gtin})
    known = await catalog.known_items(connection, {each.item_id for each in products if each.item_id})
    units = []
    for each in goods:
        if each.product is not None:
            named = each.product.gtin or each.product.item_id
            item_id = owners.get(named) if each.product.gtin else named
            if item_id is None or (not each.product.gtin and item_id not in known):
                raise UnknownItem(named)
            units.append(Units(item_id, (), each.quantity))
        for epc in each.epcs:
            if epc not in items:
                raise UnknownItem(epc.hex().upper())
            units.append(Units(items[epc], (epc,), 0))
    return _merged(units)


def _merged(units: Iterable[Units]) -> list[Units]:
    """Put what is of one item together, in the order of items."""
    epcs: dict[str, list[bytes]] = {}
    quantities: dict[str, int] = {}
    for each in units:
        epcs.setdefault(each.item_id, []).extend(each.epcs)
        quantities[each.item_id] = quantities.get(each.item_id, 0) + each.quantity
    return [Units(item_id, tuple(epcs[item_id]), quantities[item_id]) for item_id in sorted(epcs)]
