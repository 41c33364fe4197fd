"""What an EPCIS event does to the books, through the same use cases as tills and people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import FieldViolation, InvalidField, TooMany
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.epc import Epc
from onhand.stock.domain.epcis import identifiers, tags
from onhand.stock.domain.epcis.effects import Effect, Facts, Ruling
from onhand.stock.domain.epcis.identifiers import canonical
from onhand.stock.domain.model import (
    COUNTED,
    Bucket,
    CellKey,
    Document,
    DocumentLine,
    Product,
    Reason,
    Tag,
    TagState,
)
from onhand.stock.domain.reads import ELSEWHERE
from onhand.stock.domain.shipments import Shipment, ShipmentState, Shortage
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog
from onhand.stock.storage import epcis as rows
from onhand.stock.storage import shipments as shipment_rows
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.documents import Documents
from onhand.stock.use_cases.epcis_places import Place
from onhand.stock.use_cases.shipments import MAX_TAGS, Goods, Shipments

OPEN_SHIPMENTS = 100
"""Open shipments of a location that are looked through for the one that an event names."""
ENTRIES = frozenset({Effect.RECEIVE, Effect.TAKE_BACK, Effect.UNSHIP, Effect.PLACE})
"""The goods are here afterwards."""


@dataclass(slots=True)
class Found:
    """The goods of an event, as far as stock knows them."""

    tags: dict[bytes, str] = field(default_factory=dict)
    """Items by tag."""
    known: list[Tag] = field(default_factory=list)
    """What each location knew of them; locks nothing."""
    elsewhere: set[bytes] = field(default_factory=set)
    """Of the tags that are here afterwards, those that count at another location: they have crossed."""
    quantities: dict[str, int] = field(default_factory=dict)
    """Units without a known tag, by item."""
    notes: list[str] = field(default_factory=list)
    """What of the event does not count, and why."""

    def add(self, item_id: str, quantity: int) -> None:
        self.quantities[item_id] = self.quantities.get(item_id, 0) + quantity

    @property
    def units(self) -> int:
        return len(self.tags) + sum(self.quantities.values())


class EpcisEffects:
    """Each method runs inside the caller's transaction."""

    def __init__(self, deps: Deps, documents: Documents, shipments: Shipments) -> None:
        self._deps = deps
        self._documents = documents
        self._shipments = shipments

    async def apply(
        self,
        connection: AsyncConnection,
        ruling: Ruling,
        facts: Facts,
        place: Place,
        document: str,
        actor: str,
    ) -> str:
        """Change the books as an event says; returns what changed, or why nothing did."""
        if ruling.effect is Effect.NONE:
            return f"no effect: {ruling.why}"
        if not place.location_id:
            return "no effect: its place is none of our locations"
        goods = await self._find(connection, facts, place.location_id)
        shipment = await self._shipment(connection, ruling.effect, facts, place)
        if not goods.units and shipment is None:
            return f"no effect: {'; '.join(goods.notes) or 'it names no goods'}"
        if shipment is not None or (ruling.effect is Effect.SHIP and place.destination_id):
            said = await self._ship(connection, ruling.effect, shipment, goods, facts, place, actor)
        else:
            said = await self._change(connection, ruling, goods, facts, place, document, actor)
        return "; ".join([said, *goods.notes])

    async def _change(
        self,
        connection: AsyncConnection,
        ruling: Ruling,
        goods: Found,
        facts: Facts,
        place: Place,
        document: str,
        actor: str,
    ) -> str:
        if ruling.effect in ENTRIES:
            _weigh(goods, place.location_id, facts.event_time)
        paper = self._paper(goods, facts, place, document, actor)
        match ruling.effect:
            case Effect.RECEIVE:
                await self._documents.receive(connection, paper)
            case Effect.SELL:
                await self._documents.sell(connection, paper)
            case Effect.TAKE_BACK | Effect.UNSHIP:
                await self._documents.take_back(connection, paper)
            case Effect.SHIP:
                await self._documents.ship_out(connection, paper)
        if ruling.effect not in {Effect.SELL, Effect.SHIP}:
            await self._put(connection, ruling, goods, facts, place, document, actor)
        if not goods.units:
            return "no effect"
        aside = ruling.bucket not in {None, Bucket.SELLABLE}
        into = f" into {ruling.bucket.name.lower()}" if ruling.bucket and aside else ""
        return f"{ruling.effect.value}: {goods.units} units at {place.location_id}{into}"

    async def _put(
        self,
        connection: AsyncConnection,
        ruling: Ruling,
        goods: Found,
        facts: Facts,
        place: Place,
        document: str,
        actor: str,
    ) -> None:
        """Goods that are here lie in the event's zone, and are of its bucket."""
        if goods.quantities and ruling.bucket not in {None, Bucket.SELLABLE}:
            aside = self._paper(
                goods, facts, place, document, actor, to_bucket=ruling.bucket, with_tags=False
            )
            await self._documents.adjust(connection, aside)
        elif goods.quantities and ruling.effect is Effect.PLACE:
            units = sum(goods.quantities.values())
            goods.notes.append(f"{units} units without a tag: their place is not kept")
            goods.quantities.clear()
        seen = ruling.effect in {Effect.PLACE, Effect.WRITE_OFF} or ruling.bucket or place.zone_id
        if goods.elsewhere or (goods.tags and seen):
            await self._sight(connection, goods, facts.event_time, place, ruling.bucket, document, actor)

    def _paper(
        self,
        goods: Found,
        facts: Facts,
        place: Place,
        document: str,
        actor: str,
        *,
        to_bucket: Bucket | None = None,
        with_tags: bool = True,
    ) -> Document:
        bucket = to_bucket or Bucket.SELLABLE
        epcs = [each for each in goods.tags if with_tags and each not in goods.elsewhere]
        lines = [DocumentLine(Product(epc=epc), 1, to_bucket=bucket) for epc in epcs]
        lines += [
            DocumentLine(Product(item_id=item_id), quantity, to_bucket=bucket)
            for item_id, quantity in sorted(goods.quantities.items())
        ]
        return Document(place.location_id, document, facts.event_time, lines, actor)

    async def _ship(
        self,
        connection: AsyncConnection,
        effect: Effect,
        shipment: Shipment | None,
        goods: Found,
        facts: Facts,
        place: Place,
        actor: str,
    ) -> str:
        """Send, receive or take back a shipment that the event names, or send one that it tells of first."""
        named = [Goods(None, 0, list(goods.tags))] if goods.tags else []
        named += [
            Goods(Product(item_id=each), quantity, ()) for each, quantity in sorted(goods.quantities.items())
        ]
        if shipment is None:
            shipment = self._shipments.new(
                place.location_id,
                place.destination_id,
                facts.sscc,
                facts.advice[:200],
                actor,
                facts.event_time,
                None,
            )
            shipment = await self._shipments.announce(connection, shipment, named)
        shipment_id = shipment.shipment_id
        if effect is Effect.SHIP:
            await self._shipments.dispatch(connection, shipment_id, named, facts.event_time, actor)
            return f"ship: shipment {shipment_id} left {place.location_id}"
        back = effect is Effect.UNSHIP
        await self._shipments.receive(
            connection,
            shipment_id,
            [] if back else named,
            Shortage.BACK if back else Shortage.STAYS_OPEN,
            facts.event_time,
            actor,
            all_open=not back and not named,
        )
        said = "came back to" if back else "received at"
        return f"{effect.value}: shipment {shipment_id} {said} {place.location_id}"

    async def _shipment(
        self, connection: AsyncConnection, effect: Effect, facts: Facts, place: Place
    ) -> Shipment | None:
        """Find the open shipment that an event names by its SSCC or its dispatch advice."""
        if effect not in {Effect.RECEIVE, Effect.SHIP, Effect.UNSHIP} or not (facts.sscc or facts.advice):
            return None
        found = await shipment_rows.list_page(
            connection,
            outgoing=effect is not Effect.RECEIVE,
            location_id=place.location_id,
            only_open=True,
            sscc=facts.sscc,
            before_time=None,
            before_id=None,
            count=OPEN_SHIPMENTS,
        )
        for each in found:
            named = bool(facts.sscc) or each.document == facts.advice
            sent = each.state is not ShipmentState.ANNOUNCED
            if named and (effect is Effect.RECEIVE or sent is (effect is Effect.UNSHIP)):
                return each
        return None

    async def _find(self, connection: AsyncConnection, facts: Facts, location_id: str) -> Found:
        """Find the items and tags of what an event names. Raises TooMany."""
        if len(facts.epcs) > MAX_TAGS:
            raise TooMany("epcList", len(facts.epcs), MAX_TAGS)
        found = Found()
        named = _identities(facts.epcs)
        lines = [(each, identifiers.gtin_of(each.epc_class)) for each in facts.lines]
        gtins = {str(epc.gs1_key) for epc in named.values() if epc} | {gtin for _, gtin in lines if gtin}
        owners = await catalog.gtin_owners(connection, gtins)
        wanted = {
            uri: (epc, owners[str(epc.gs1_key)])
            for uri, epc in named.items()
            if epc is not None and str(epc.gs1_key) in owners
        }
        if unknown := len(named) - len(wanted):
            found.notes.append(f"{unknown} EPCs are of no known item")
        codings = {bits: uri for uri, (epc, _) in wanted.items() for bits in tags.codings(epc)}
        carried: dict[str, Tag] = {}
        for tag in await storage.find_tags(connection, list(codings)) if codings else ():
            uri = codings[tag.epc]
            if tag.item_id:
                found.known.append(tag)
            if uri not in carried or (tag.location_id == location_id) > (
                carried[uri].location_id == location_id
            ):
                carried[uri] = tag
        new = {item_id for uri, (_, item_id) in wanted.items() if uri not in carried}
        samples = await rows.sample_tags(connection, location_id, new) if new else {}
        usual = self._deps.settings.epcis_filter_value
        for uri, (epc, item_id) in wanted.items():
            bits = carried[uri].epc if uri in carried else tags.like(epc, samples.get(item_id), usual)
            if bits is None:
                found.add(item_id, 1)  # the next of its tags to appear is this unit
            else:
                found.tags[bits] = item_id
        for line, gtin in lines:
            self._add_line(found, line.quantity, line.unit, owners.get(gtin or ""), line.epc_class)
        return found

    @staticmethod
    def _add_line(
        found: Found, quantity: float | None, unit: str, item_id: str | None, epc_class: str
    ) -> None:
        if item_id is None:
            found.notes.append(f"{epc_class[:200]} is of no known item")
        elif unit or quantity is None or quantity != int(quantity):
            found.notes.append(f"{epc_class[:200]} is not told in pieces")
        elif quantity > 1_000_000_000:  # noqa: PLR2004 - as in the contract of documents
            raise InvalidField([FieldViolation("quantity", "at most 1,000,000,000 is expected")])
        elif quantity:
            found.add(item_id, int(quantity))

    async def _sight(
        self,
        connection: AsyncConnection,
        goods: Found,
        seen_time: datetime,
        place: Place,
        bucket: Bucket | None,
        document: str,
        actor: str,
    ) -> None:
        """Tags are where the event says, and of its bucket where it says one."""
        location_id = place.location_id
        claims = {
            tag.epc: tag
            for tag in reversed(await storage.find_tags(connection, list(goods.tags)))
            if tag.item_id and tag.state in ELSEWHERE and tag.location_id != location_id
        }
        cells = {CellKey(tag.location_id, tag.item_id) for tag in claims.values() if tag.item_id}
        cells |= {CellKey(location_id, item_id) for item_id in goods.tags.values()}
        keys = {(location_id, epc) for epc in goods.tags} | {
            (tag.location_id, tag.epc) for tag in claims.values()
        }
        books = Books(
            await storage.lock_cells(connection, cells, self._deps.clock.now()),
            await storage.lock_tags(connection, keys),
            actor=actor,
            document=document,
            occur_time=seen_time,
            new_id=self._deps.clock.uuid,
        )
        for epc, item_id in sorted(goods.tags.items()):
            _sight(books, (location_id, epc), item_id, claims.get(epc), seen_time, place.zone_id, bucket)
        await storage.save(connection, books)
        self._deps.tracker.forget(keys)
        await outbox.add(connection, events.of_books(books, self._deps.clock))


def _identities(uris: Sequence[str]) -> dict[str, Epc | None]:
    """Return each thing that is named once, by its canonical form; None for what is no serialised item."""
    named: dict[str, Epc | None] = {}
    for uri in uris:
        epc = tags.sgtin(uri)
        # An EPC URI tells more of the tag than the same thing's Digital Link.
        if named.get(canonical(uri)) is None or (epc is not None and epc.prefix_length):
            named[canonical(uri)] = epc
    return named


def _weigh(goods: Found, location_id: str, event_time: datetime) -> None:
    """Leave out tags that left after the event, which is told late, and note those that count elsewhere."""
    named = [tag for tag in goods.known if tag.epc in goods.tags]
    here = [tag for tag in named if tag.location_id == location_id]
    later = [tag.epc for tag in here if tag.state not in COUNTED and tag.state_time > event_time]
    for epc in later:
        del goods.tags[epc]
    away = {tag.epc for tag in named if tag.state in COUNTED and tag.location_id != location_id}
    goods.elsewhere = away & goods.tags.keys()
    if later:
        goods.notes.append(f"{len(later)} tags left later than this event")


def _sight(
    books: Books,
    key: tuple[str, bytes],
    item_id: str,
    claim: Tag | None,
    seen_time: datetime,
    zone_id: str,
    bucket: Bucket | None,
) -> None:
    """Hold one tag of an event against the books."""
    tag = books.tags.get(key)
    writes_off = bucket is Bucket.SHRINK
    if tag is None or tag.item_id is None or tag.state not in COUNTED:
        if writes_off:
            return
        elsewhere = books.tags.get((claim.location_id, claim.epc)) if claim else None
        if elsewhere is not None and elsewhere.state in ELSEWHERE and elsewhere.last_seen_time > seen_time:
            return  # it was seen there later
        tag = tag or books.add_tag(
            Tag(*key, None, TagState.PRESENT, seen_time, zone_id, seen_time, seen_time)
        )
        if elsewhere is not None and elsewhere.state in ELSEWHERE:
            tag.item_id, tag.state = item_id, TagState.DEPARTED
            books.leave(elsewhere, Reason.CROSSED, seen_time)
        books.enter(tag, item_id, seen_time)
    if seen_time >= tag.last_seen_time:
        books.sight(tag, zone_id or tag.zone_id, seen_time, tag.rssi_cdbm)
    if bucket is not None and (current := books.bucket_of(tag, item_id)) is not bucket:
        reason = Reason.DAMAGED if bucket is Bucket.DAMAGED else Reason.ADJUSTED
        books.reassign(tag, item_id, current, bucket, reason, seen_time)
