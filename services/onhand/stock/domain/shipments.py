"""Shipments: announced, dispatched, received, in whichever order papers and reads come.

A unit that arrives may be told of twice: by its tag, which readers at the destination see, and by the
receipt. Whichever comes first counts it:

- Receipt first: by tag, the tag counts from then on; by quantity, the units are unidentified and the next
  tags to appear are these (`onhand.stock.domain.books`).
- Reads first: each such tag came in by a movement that no paper explains, an *appearance*. The receipt
  settles appearances: the very tag's where the receipt names tags, otherwise those of the item since the
  shipment was sent. A settled unit is not counted again, and an appearance is settled once.

Units of a transfer are in transit to the destination from dispatch to receipt. A settled one leaves the
transit to where the appearance presumed that it came from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from onhand.kit.errors import WrongState
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import COUNTED, Bucket, CellKey, Reason, Tag, TagState


class ShipmentState(IntEnum):
    ANNOUNCED = 1
    DISPATCHED = 2
    RECEIVING = 3
    CLOSED = 4
    CANCELLED = 5


class Shortage(IntEnum):
    """What becomes of units that do not arrive."""

    STAYS_OPEN = 0
    LOST = 1
    BACK = 2


@dataclass(slots=True)
class ShipmentTag:
    """A tag that a shipment names."""

    epc: bytes
    item_id: str
    dispatched: bool = False
    received: bool = False
    announced: bool = False


@dataclass(slots=True)
class ShipmentLine:
    """One item of a shipment, in units."""

    item_id: str
    announced: int = 0
    dispatched: int = 0
    received: int = 0
    seen_before: int = 0
    """Of those received: units that their appearance had counted already."""
    in_transit: int = 0


@dataclass(slots=True)
class Shipment:
    shipment_id: UUID
    from_location_id: str
    """Empty: a supplier."""
    to_location_id: str
    sscc: str
    document: str
    state: ShipmentState
    actor: str
    send_time: datetime
    expected_time: datetime | None
    create_time: datetime
    end_time: datetime | None = None
    lines: dict[str, ShipmentLine] = field(default_factory=dict)
    """By item."""
    tags: dict[bytes, ShipmentTag] = field(default_factory=dict)

    @property
    def is_transfer(self) -> bool:
        return bool(self.from_location_id)

    def expected(self, line: ShipmentLine) -> int:
        """Units that are to arrive: once it left, what left."""
        left = self.is_transfer and self.state is not ShipmentState.ANNOUNCED
        return line.dispatched if left else line.announced

    def short(self, line: ShipmentLine) -> int:
        return max(0, self.expected(line) - line.received)

    def over(self, line: ShipmentLine) -> int:
        return max(0, line.received - self.expected(line))

    def open_tags(self, item_id: str) -> list[ShipmentTag]:
        """Return the tags of an item that are to come and were not received."""
        return [
            tag
            for tag in self.tags.values()
            if tag.item_id == item_id and not tag.received and self._lists(tag)
        ]

    def unlisted_tags(self, item_id: str) -> list[ShipmentTag]:
        """Return the tags of an item that were received and not named in what was to come."""
        return [
            tag
            for tag in self.tags.values()
            if tag.item_id == item_id and tag.received and not self._lists(tag)
        ]

    def _lists(self, tag: ShipmentTag) -> bool:
        """Tell whether a tag is to come: once a transfer left, what left."""
        left = self.is_transfer and self.state is not ShipmentState.ANNOUNCED
        return tag.dispatched if left else tag.announced

    def line(self, item_id: str) -> ShipmentLine:
        return self.lines.setdefault(item_id, ShipmentLine(item_id))


@dataclass(frozen=True, slots=True)
class Units:
    """Units of one item: those with a known tag, and so many others."""

    item_id: str
    epcs: tuple[bytes, ...]
    quantity: int


@dataclass(frozen=True, slots=True)
class Appearance:
    """A tag that came in at the destination without a paper."""

    movement_id: UUID
    epc: bytes
    from_bucket: Bucket
    occur_time: datetime


def announce(shipment: Shipment, goods: Iterable[Units]) -> None:
    """Note what is to come."""
    for units in goods:
        shipment.line(units.item_id).announced += units.quantity + len(units.epcs)
        for epc in units.epcs:
            shipment.tags[epc] = ShipmentTag(epc, units.item_id, announced=True)


def as_announced(shipment: Shipment) -> list[Units]:
    """Return everything that was announced."""
    return _remaining(shipment, {item_id: line.announced for item_id, line in shipment.lines.items()})


def still_open(shipment: Shipment) -> list[Units]:
    """Return everything that is to come and was not received."""
    return _remaining(shipment, {item_id: shipment.short(line) for item_id, line in shipment.lines.items()})


def _remaining(shipment: Shipment, quantities: Mapping[str, int]) -> list[Units]:
    remaining = []
    for item_id, quantity in sorted(quantities.items()):
        epcs = tuple(tag.epc for tag in shipment.open_tags(item_id))[:quantity]
        if quantity:
            remaining.append(Units(item_id, epcs, quantity - len(epcs)))
    return remaining


def require(shipment: Shipment, action: str, *states: ShipmentState) -> None:
    """Raise WrongState unless the shipment is in one of `states`."""
    if shipment.state not in states:
        raise WrongState("shipment", str(shipment.shipment_id), shipment.state.name, action)


def dispatch(books: Books, shipment: Shipment, goods: Iterable[Units], occur_time: datetime) -> None:
    """Goods left the origin: sellable there becomes in transit here."""
    require(shipment, "dispatch it", ShipmentState.ANNOUNCED)
    if not shipment.is_transfer:
        raise WrongState("shipment", str(shipment.shipment_id), "a supplier's", "dispatch it")
    shipment.state = ShipmentState.DISPATCHED
    shipment.send_time = min(shipment.send_time, occur_time)
    for units in goods:
        origin = CellKey(shipment.from_location_id, units.item_id)
        target = CellKey(shipment.to_location_id, units.item_id)
        line = shipment.line(units.item_id)
        for epc in units.epcs:
            tag = tag_at(books, origin.location_id, epc, occur_time)
            if tag.item_id is None or tag.state not in COUNTED | {TagState.MISSING}:
                books.enter(tag, units.item_id, occur_time)  # it was here unseen
            books.leave(tag, Reason.TRANSFERRED, occur_time)
            books.move(target, Bucket.TRANSFER, Bucket.IN_TRANSIT, 1, Reason.TRANSFERRED, epc=epc)
            shipment.tags.setdefault(epc, ShipmentTag(epc, units.item_id)).dispatched = True
        if units.quantity:
            books.move(origin, Bucket.SELLABLE, Bucket.TRANSFER, units.quantity, Reason.TRANSFERRED)
            books.move(target, Bucket.TRANSFER, Bucket.IN_TRANSIT, units.quantity, Reason.TRANSFERRED)
        line.dispatched += units.quantity + len(units.epcs)
        line.in_transit += units.quantity + len(units.epcs)


def receive(
    books: Books,
    shipment: Shipment,
    goods: Iterable[Units],
    appearances: Mapping[str, Sequence[Appearance]],
    occur_time: datetime,
) -> list[Appearance]:
    """Goods arrived; returns the appearances that the receipt settled.

    `appearances` are those of each item, unsettled, oldest first: since the shipment was sent, and of the
    tags that `goods` name from any time.
    """
    ready = ShipmentState.DISPATCHED if shipment.is_transfer else ShipmentState.ANNOUNCED
    require(shipment, "receive it", ready, ShipmentState.RECEIVING)
    settled: list[Appearance] = []
    for units in goods:
        receipt = _Receipt(
            books, shipment, units.item_id, occur_time, list(appearances.get(units.item_id, ()))
        )
        for epc in units.epcs:
            receipt.tag(epc)
        receipt.quantity(units.quantity)
        settled += receipt.settled
        shipment.state = ShipmentState.RECEIVING
    return settled


class _Receipt:
    """The receipt of one item."""

    def __init__(
        self,
        books: Books,
        shipment: Shipment,
        item_id: str,
        occur_time: datetime,
        appearances: list[Appearance],
    ) -> None:
        self._books = books
        self._shipment = shipment
        self._key = CellKey(shipment.to_location_id, item_id)
        self._line = shipment.line(item_id)
        self._occur_time = occur_time
        self._appearances = appearances
        self._reason = Reason.TRANSFERRED if shipment.is_transfer else Reason.RECEIVED
        self.settled: list[Appearance] = []

    def tag(self, epc: bytes) -> None:
        """One tag arrived; the same one again is nothing new."""
        named = self._shipment.tags.setdefault(epc, ShipmentTag(epc, self._key.item_id))
        if named.received:
            return
        named.received = True
        self._line.received += 1
        tag = tag_at(self._books, self._key.location_id, epc, self._occur_time)
        counts = tag.item_id is not None and tag.state in COUNTED
        appearance = next((each for each in self._appearances if each.epc == epc), None)
        if appearance is not None and (counts or appearance.occur_time >= self._shipment.send_time):
            self._settle(appearance)
        elif not counts:
            source = Bucket.IN_TRANSIT if self._line.in_transit else self._outside
            self._line.in_transit -= source is Bucket.IN_TRANSIT
            self._books.enter(tag, self._key.item_id, self._occur_time, self._reason, source)
        elif tag.state_time >= self._shipment.send_time:
            # It appeared as a unit that had been counted without its tag. That was another one.
            self._arrive(1)
        elif self._line.in_transit:
            self._leave_transit(Bucket.TRANSFER)  # it was here all the time

    def quantity(self, quantity: int) -> None:
        """Units arrived without word of their tags."""
        listed = self._shipment.tags
        since = self._shipment.send_time
        candidates = sorted(
            (each for each in self._appearances if each.occur_time >= since),
            key=lambda each: (each.epc not in listed, each.occur_time, each.epc),
        )[:quantity]
        for each in candidates:
            self._settle(each)
            if each.epc in listed:
                listed[each.epc].received = True
        self._line.received += quantity
        self._arrive(quantity - len(candidates))

    def _settle(self, appearance: Appearance) -> None:
        self._appearances.remove(appearance)
        self.settled.append(appearance)
        self._line.seen_before += 1
        if self._line.in_transit:
            self._leave_transit(appearance.from_bucket, appearance.epc)

    def _leave_transit(self, to_bucket: Bucket, epc: bytes | None = None) -> None:
        self._books.move(
            self._key,
            Bucket.IN_TRANSIT,
            to_bucket,
            1,
            Reason.TRANSFERRED,
            epc=epc,
            occur_time=self._occur_time,
        )
        self._line.in_transit -= 1

    def _arrive(self, quantity: int) -> None:
        """Count units in: those in transit first; what is beyond them comes from outside."""
        in_transit = min(quantity, self._line.in_transit)
        self._line.in_transit -= in_transit
        for source, units in ((Bucket.IN_TRANSIT, in_transit), (self._outside, quantity - in_transit)):
            if units:
                self._books.move(
                    self._key, source, Bucket.SELLABLE, units, self._reason, occur_time=self._occur_time
                )

    @property
    def _outside(self) -> Bucket:
        return Bucket.TRANSFER if self._shipment.is_transfer else Bucket.SUPPLIER


def close(books: Books, shipment: Shipment, shortage: Shortage, occur_time: datetime) -> None:
    """End a shipment: what is still in transit is lost, or goes back to where it came from."""
    for item_id, line in sorted(shipment.lines.items()):
        if not line.in_transit:
            continue
        target = CellKey(shipment.to_location_id, item_id)
        if shortage is Shortage.LOST:
            books.move(
                target,
                Bucket.IN_TRANSIT,
                Bucket.SHRINK,
                line.in_transit,
                Reason.TRANSFERRED,
                occur_time=occur_time,
            )
        else:
            books.move(
                target,
                Bucket.IN_TRANSIT,
                Bucket.TRANSFER,
                line.in_transit,
                Reason.TRANSFERRED,
                occur_time=occur_time,
            )
            _back(books, shipment, line, occur_time)
        line.in_transit = 0
    shipment.state, shipment.end_time = ShipmentState.CLOSED, occur_time


def _back(books: Books, shipment: Shipment, line: ShipmentLine, occur_time: datetime) -> None:
    """Units that never left are at the origin, where some may have been seen already."""
    origin = CellKey(shipment.from_location_id, line.item_id)
    tags = shipment.open_tags(line.item_id)[: line.in_transit]
    for each in tags:
        tag = tag_at(books, origin.location_id, each.epc, occur_time)
        if tag.state is TagState.DEPARTED or tag.item_id is None:
            books.enter(tag, line.item_id, occur_time, Reason.TRANSFERRED, Bucket.TRANSFER)
    if units := line.in_transit - len(tags):
        books.move(origin, Bucket.TRANSFER, Bucket.SELLABLE, units, Reason.TRANSFERRED, occur_time=occur_time)


def tag_at(books: Books, location_id: str, epc: bytes, occur_time: datetime) -> Tag:
    """Return a tag's row at a location; one that was never read there comes into being now."""
    found = books.tags.get((location_id, epc))
    if found is not None:
        return found
    return books.add_tag(
        Tag(location_id, epc, None, TagState.PRESENT, occur_time, "", occur_time, occur_time)
    )
