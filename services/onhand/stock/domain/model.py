"""The things stock knows. The numbers of the enums are those of the contract and of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from onhand.stock.domain.policies import Rule, Terms
from onhand.stock.domain.policies import terms as terms_of


class Bucket(IntEnum):
    """An account of a cell. The last four are outside of the location."""

    SELLABLE = 1
    DAMAGED = 2
    QUALITY_CONTROL = 3
    QUARANTINED = 4
    MISSING = 5
    IN_TRANSIT = 6
    SUPPLIER = 7
    CUSTOMER = 8
    SHRINK = 9
    TRANSFER = 10


INSIDE = (
    Bucket.SELLABLE,
    Bucket.DAMAGED,
    Bucket.QUALITY_CONTROL,
    Bucket.QUARANTINED,
    Bucket.MISSING,
    Bucket.IN_TRANSIT,
)
"""Buckets that a balance keeps."""
TAGGABLE = frozenset({Bucket.SELLABLE, Bucket.DAMAGED, Bucket.QUALITY_CONTROL, Bucket.QUARANTINED})
"""Buckets whose units lie in the location, so that a present tag is one of them."""


class Reason(IntEnum):
    """Why a movement was made."""

    RECEIVED = 1
    SOLD = 2
    RETURNED = 3
    ADJUSTED = 4
    APPEARED = 5
    VANISHED = 6
    FOUND = 7
    LEFT = 8
    CROSSED = 9
    COLLECTED = 10
    SHIPPED = 11
    NOT_FOUND = 12
    DAMAGED = 13
    COUNTED = 14
    TRANSFERRED = 15


class TagState(IntEnum):
    """What a tag is to a location."""

    PRESENT = 1
    UNCONFIRMED = 2
    MISSING = 3
    SOLD = 4
    DEPARTED = 5
    SHIPPED = 6


COUNTED = frozenset({TagState.PRESENT, TagState.UNCONFIRMED})
"""States in which a tag is one of the units on hand."""


class ZoneKind(IntEnum):
    SALES_FLOOR = 1
    BACK_ROOM = 2
    FITTING_ROOM = 3
    STAGING = 4
    TRANSITION = 5
    EXIT = 6
    POS = 7


class ReservationState(IntEnum):
    HELD = 1
    COMMITTED = 2
    FULFILLED = 3
    RELEASED = 4
    EXPIRED = 5
    BUMPED = 6


class AlertKind(IntEnum):
    EXIT_WITHOUT_SALE = 1
    SHORTFALL = 2


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    gtins: tuple[str, ...] = ()
    title: str = ""
    style_id: str = ""
    size: str = ""
    colour: str = ""
    item_class: str = ""
    tagged: bool = False
    picture_uri: str = ""
    weight_grams: int = 0


@dataclass(frozen=True, slots=True)
class Zone:
    zone_id: str
    kind: ZoneKind


@dataclass(frozen=True, slots=True)
class OpeningHours:
    day_of_week: int
    open_minute: int
    close_minute: int


@dataclass(frozen=True, slots=True)
class Location:
    location_id: str
    kind: int
    title: str
    address: bytes
    """google.type.PostalAddress as it came; stock only keeps it."""
    latitude: float | None
    longitude: float | None
    time_zone: str
    gln: str
    collect_enabled: bool
    ship_enabled: bool
    safety_stock: int
    zones: tuple[Zone, ...]
    opening_hours: tuple[OpeningHours, ...]


@dataclass(frozen=True, slots=True)
class ReadPoint:
    reader_id: str
    antenna: int
    location_id: str | None
    zone_id: str | None
    last_read_time: datetime | None = None


class CellKey(NamedTuple):
    """An item at a location. Sorts in the one order in which cells are locked."""

    location_id: str
    item_id: str


@dataclass(slots=True)
class Cell:
    """The books of one item at one location, loaded under lock."""

    key: CellKey
    buckets: dict[Bucket, int]
    reserved: int
    committed: int
    shortfall: int
    unidentified: int
    confirm_time: datetime
    safety_stock: int
    """The location's own, where no rule says another."""
    revision: int = 0
    version: int = 0
    """Changes so far, as loaded."""
    rules: Sequence[Rule] = ()
    """The rules that apply to it, whatever their channel."""

    @property
    def on_hand(self) -> int:
        return sum(self.buckets[each] for each in INSIDE if each is not Bucket.IN_TRANSIT)

    @property
    def unpromised(self) -> int:
        """Sellable units that no reservation counts on; below 0 when more is promised than is there."""
        return self.buckets[Bucket.SELLABLE] - self.reserved - self.committed

    @property
    def available(self) -> int:
        """What is available to no channel in particular."""
        return self.available_to("")

    def available_to(self, channel: str) -> int:
        if not self.rules:
            return max(0, self.unpromised - self.safety_stock)
        terms = self.terms(channel)
        free = self.unpromised - terms.kept(self.buckets[Bucket.SELLABLE])
        return free if free > terms.out_quantity else 0

    def terms(self, channel: str) -> Terms:
        return terms_of(self.rules, channel, self.safety_stock)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cell stands, for those who ask what is available."""

    sellable: int
    unavailable: int
    """In the location, but damaged, in quality control, quarantined or missing."""
    in_transit: int
    reserved: int
    committed: int
    safety_stock: int
    """Units kept back by policy."""
    confirm_time: datetime
    revision: int
    out_quantity: int = 0
    """At or below so many available, none are."""

    @classmethod
    def of(cls, cell: Cell, channel: str = "") -> "Standing":
        sellable = cell.buckets[Bucket.SELLABLE]
        terms = cell.terms(channel)
        return cls(
            sellable,
            cell.on_hand - sellable,
            cell.buckets[Bucket.IN_TRANSIT],
            cell.reserved,
            cell.committed,
            terms.kept(sellable),
            cell.confirm_time,
            cell.revision,
            terms.out_quantity,
        )

    @property
    def free(self) -> int:
        """Units neither promised nor kept back; below 0 when there are fewer than that."""
        return self.sellable - self.reserved - self.committed - self.safety_stock

    @property
    def available(self) -> int:
        return self.free if self.free > self.out_quantity else 0


class Movement(NamedTuple):
    movement_id: UUID
    key: CellKey
    from_bucket: Bucket
    to_bucket: Bucket
    quantity: int
    reason: Reason
    occur_time: datetime
    document: str
    epc: bytes | None
    actor: str
    record_time: datetime | None = None
    revision: int = 0


@dataclass(slots=True)
class Tag:
    """What a location knows of one EPC."""

    location_id: str
    epc: bytes
    item_id: str | None
    """None: the EPC is of no known item; such a tag is kept and counts nothing."""
    state: TagState
    state_time: datetime
    """When it came into its state."""
    zone_id: str
    first_seen_time: datetime
    last_seen_time: datetime
    """Latest read inside."""
    rssi_cdbm: int = 0
    """Usual strength in its zone; 0 when unknown."""
    read_rate: float = 0.3
    """How often it is read, an epoch in which the readers of its zone see anything."""
    exit_time: datetime | None = None
    """Latest read at an exit, while it is not decided whether it left."""
    passage_time: datetime | None = None
    """Latest read in a transition zone."""
    bucket: Bucket = Bucket.SELLABLE
    """Of which bucket its unit is while it counts."""

    def copy(self) -> "Tag":
        """Return it as it is now; `dataclasses.replace` takes four times as long, and each event has one."""
        return Tag(
            self.location_id,
            self.epc,
            self.item_id,
            self.state,
            self.state_time,
            self.zone_id,
            self.first_seen_time,
            self.last_seen_time,
            self.rssi_cdbm,
            self.read_rate,
            self.exit_time,
            self.passage_time,
            self.bucket,
        )


class TagEvent(NamedTuple):
    tag: Tag
    """As it was after the event."""
    state_before: TagState | None
    zone_before: str
    occur_time: datetime
    movement_id: UUID | None


@dataclass(frozen=True, slots=True)
class Alert:
    kind: AlertKind
    key: CellKey
    epc: bytes | None
    quantity: int


@dataclass(slots=True)
class ReservationLine:
    key: CellKey
    quantity: int
    fulfilled: int = 0
    released: int = 0
    cell_version: int = 0
    """Of its cell after the change under way; 0 outside of one."""

    @property
    def open(self) -> int:
        """Units that still count against the balance."""
        return self.quantity - self.fulfilled - self.released


@dataclass(slots=True)
class Reservation:
    reservation_id: UUID
    state: ReservationState
    lines: list[ReservationLine]
    channel: str
    customer_id: str
    order_id: str
    create_time: datetime
    expire_time: datetime | None
    revision: int = 0
    version: int = 0
    """Changes so far, as loaded."""


@dataclass(frozen=True, slots=True)
class Product:
    """How a line names its goods: exactly one of these is set."""

    item_id: str = ""
    gtin: str = ""
    epc: bytes = b""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    product: Product
    quantity: int
    from_bucket: Bucket = Bucket.SELLABLE
    to_bucket: Bucket = Bucket.SELLABLE


@dataclass(frozen=True, slots=True)
class Document:
    """What a till or a person did at a location: all lines, or none."""

    location_id: str
    number: str
    occur_time: datetime
    lines: Sequence[DocumentLine]
    actor: str


@dataclass(slots=True)
class ReadResult:
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    unknown_items: int = 0
    revision: int = 0
