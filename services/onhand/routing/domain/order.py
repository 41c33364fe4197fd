"""An order, its lines, and what a change of it leaves behind.

The functions beside this module change an `Order` in memory. Storage then writes the lines that differ,
and the order's new history, facts, assignments and releases, in one transaction under the order's row
lock.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID, uuid5

from onhand.kit.errors import WrongState
from onhand.routing.domain.facts import AssignedLine, Fact
from onhand.routing.domain.lifecycle import (
    ENDED,
    WITHOUT_LOCATION,
    FulfilmentMethod,
    LineState,
    may_follow,
)

NAMESPACE = UUID("5b0c9a52-62cb-5a44-9f0b-3a8a8f1f6f10")
"""Of all ids that routing derives. Never changed: a repeat after a crash must find the same ids."""
MAX_LINE_ID_LENGTH = 64
"""As in the contract; a derived line id keeps to it too."""


def cell_name(location_id: str, item_id: str) -> str:
    return f"{location_id} {item_id}"


def derived_id(order_id: str, *parts: object) -> str:
    """Name a step of an order so that a repeat of the step has the same name."""
    return str(uuid5(NAMESPACE, "\x1f".join((order_id, *map(str, parts)))))


@dataclass(frozen=True, slots=True)
class Cause:
    """When, and through whom, a change comes about."""

    now: datetime
    actor: str
    """The subject of a token, or `routing` itself."""


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: str = ""
    display_name: str = ""
    email: str = ""
    phone: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of an order's history."""

    record_time: datetime
    line_id: str
    state: LineState | None
    """None: about the order."""
    actor: str
    detail: str
    location_id: str


@dataclass
class Line:
    line_id: str
    root_line_id: str
    """The line as ordered, of which this is the whole or a part."""
    item_id: str
    quantity: int
    position: int
    """Order within the order."""
    state: LineState = LineState.ACCEPTED
    location_id: str = ""
    task_id: str = ""
    reservation_id: str = ""
    failed_location_ids: list[str] = field(default_factory=list)
    """Locations that could not fill it, in the order they said so."""
    excluded_location_ids: list[str] = field(default_factory=list)
    """Of these, the ones that had no new stock since: not planned there."""
    released_versions: dict[str, int] = field(default_factory=dict)
    """By `cell_name`, the cell's version at which its own units went back. Stock that arrived up to it is those
    units, or had been there when the location could not fill it."""
    promise_time: datetime | None = None
    first_promise_time: datetime | None = None
    """The first that was given since its customer last said where it is to go; it never moves."""
    done_time: datetime | None = None
    """When it was ready to collect, or was shipped."""
    given_up: bool = False
    """Ended for want of stock."""
    carrier: str = ""
    tracking_number: str = ""
    delivery_date: date | None = None
    """Ship: when the carrier delivers by its table; until it is assigned, what was quoted."""
    bundle_id: str = ""
    """Lines of one bundle come whole from one location."""
    substitute_item_ids: list[str] = field(default_factory=list)
    """Items that the customer takes instead, best first."""
    ordered_item_id: str = ""
    """What was ordered, where `item_id` is a substitute."""
    shipment_id: str = ""
    """The transfer by which it came, or comes, to its store."""
    former_task_id: str = ""
    """The task that it was taken from by a change of the order; its goods may leave still."""
    former_reservation_id: str = ""
    action_time: datetime | None = None
    """When something is done about it if nothing happens before. None: it has ended."""

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED


class Bucket(IntEnum):
    """Where released units go; numbers as in stock's contract."""

    SELLABLE = 1
    DAMAGED = 2
    MISSING = 5


@dataclass(frozen=True, slots=True)
class Release:
    """Units to give back to stock; kept until stock has confirmed it."""

    release_id: str
    """Names the request to stock."""
    reservation_id: str
    location_id: str
    quantities: dict[str, int]
    """Units of each item; empty for all that is left."""
    bucket: Bucket = Bucket.SELLABLE
    line_ids: tuple[str, ...] = ()
    """Lines whose units they are."""
    shipment_id: str = ""
    """The transfer that is to be called off first, if it has not left."""
    foreign: bool = False
    """The reservation was named by the caller and never checked: only released if it may be the order's."""


class AssignmentState(IntEnum):
    UNDER_WAY = 1
    """Its stock is being reserved."""
    DONE = 2
    ABANDONED = 3


@dataclass
class Assignment:
    """Lines that one location is to fill by one attempt. Durable before stock is asked for anything."""

    attempt: int
    part: int
    location_id: str
    task_id: str
    reservation_id: str
    lines: Sequence[AssignedLine]
    is_basket: bool = False
    """The reservation is the held basket that came with the order."""
    state: AssignmentState = AssignmentState.UNDER_WAY
    day: date | None = None
    """The day of the location's own calendar on which it is given."""
    distance_metres: int = 0
    """From the location to the customer, or to the store that it sends to; else 0 for collect."""
    transfer_to: str = ""
    """The store that it sends the goods to; empty where it serves the customer itself."""

    def quantities(self) -> dict[str, int]:
        """Units of each item."""
        return total_of(self.lines)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A line that a location gave back, whole or in part."""

    task_id: str
    line_id: str
    location_id: str
    reason: str
    """As pickup names it, in lower case."""
    reject_time: datetime


def total_of(lines: Iterable[Line | AssignedLine]) -> dict[str, int]:
    """Add up units by item."""
    total: Counter[str] = Counter()
    for each in lines:
        total[each.item_id] += each.quantity
    return dict(total)


@dataclass
class Order:
    order_id: str
    channel: str
    customer: Customer
    method: FulfilmentMethod
    collect_location_id: str
    shipping_address: bytes
    """A serialized google.type.PostalAddress, which routing hands on without looking into it."""
    shipping_position: Position | None
    allow_split: bool
    auto_cancel_time: datetime
    create_time: datetime
    lines: list[Line]
    basket_reservation_id: str = ""
    """A held basket to take over; empty once it was taken over or given up."""
    quoted_location_ids: list[str] = field(default_factory=list)
    """Of the quote that it took: tried first."""
    latest_time: datetime | None = None
    """Of no use to the customer later."""
    allow_transfer: bool = False
    """Collect: what the store lacks may come from another location first."""
    wave_time: datetime | None = None
    """When the wave of its first planning begins; None: it is planned alone."""
    version: int = 1
    attempt: int = 0
    """The last attempt to place lines."""
    failures: int = 0
    """Advances in a row that stock did not answer."""
    assignments: list[Assignment] = field(default_factory=list)
    """Those under way."""
    releases: list[Release] = field(default_factory=list)
    """Those not confirmed yet."""
    history: list[HistoryEntry] = field(default_factory=list)
    """When read for a change: what the change adds. When read for an answer: all of it."""
    facts: list[Fact] = field(default_factory=list)
    """What the change tells others."""
    rejections: list[Rejection] = field(default_factory=list)
    """What the change adds to what locations gave back."""

    @property
    def has_ended(self) -> bool:
        return not any(line.is_open for line in self.lines)

    @property
    def promise_time(self) -> datetime | None:
        """When all of it is promised; None while a line has no promise."""
        promised = [
            line.promise_time
            for line in self.lines
            if line.state not in {LineState.CANCELLED, LineState.EXPIRED}
        ]
        known = [each for each in promised if each is not None]
        return max(known) if known and len(known) == len(promised) else None

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.line_id == line_id), None)

    def waiting(self) -> list[Line]:
        """Return the lines that have no location yet."""
        return [line for line in self.lines if line.state in WITHOUT_LOCATION]

    def with_task(self, task_id: str) -> list[Line]:
        return [line for line in self.lines if task_id and line.task_id == task_id]

    def next_action_time(self, now: datetime) -> datetime | None:
        """Return when the order is to be looked at next; None when nothing is left to do."""
        under_way = any(each.state is AssignmentState.UNDER_WAY for each in self.assignments)
        if self.releases or under_way:
            return now
        return min((line.action_time for line in self.lines if line.action_time), default=None)

    def move(self, line: Line, state: LineState, cause: Cause, detail: str, location_id: str = "") -> None:
        """Bring a line into another state and record it. Raises WrongState when the guard forbids it."""
        if not may_follow(line.state, state):
            raise WrongState(
                "line", f"{self.order_id}/{line.line_id}", line.state.name, f"become {state.name}"
            )
        line.state = state
        if not line.is_open:
            line.action_time = None
        elif state in WITHOUT_LOCATION or state is LineState.PLANNED:
            line.action_time = cause.now
        self.note(line, cause, detail, location_id or line.location_id)

    def note(self, line: Line | None, cause: Cause, detail: str, location_id: str = "") -> None:
        """Record something about a line, or about the order."""
        self.history.append(
            HistoryEntry(
                cause.now,
                line.line_id if line else "",
                line.state if line else None,
                cause.actor,
                detail,
                location_id,
            )
        )

    def divide(self, line: Line, quantity: int) -> Line:
        """Take `quantity` units off a line into a new line of their own, and return that."""
        part = replace(
            line,
            line_id=self._free_line_id(line.root_line_id),
            quantity=quantity,
            position=max(each.position for each in self.lines) + 1,
            failed_location_ids=list(line.failed_location_ids),
            excluded_location_ids=list(line.excluded_location_ids),
            released_versions=dict(line.released_versions),
            substitute_item_ids=list(line.substitute_item_ids),
        )
        line.quantity -= quantity
        self.lines.append(part)
        return part

    def _free_line_id(self, root: str) -> str:
        taken = {line.line_id for line in self.lines}
        number = 2
        while True:
            suffix = f"/{number}"
            line_id = root[: MAX_LINE_ID_LENGTH - len(suffix)] + suffix
            if line_id not in taken:
                return line_id
            number += 1

    def release(self, lines: Iterable[Line], bucket: Bucket = Bucket.SELLABLE) -> None:
        """Owe stock all units of `lines`, which are of one reservation."""
        owed = list(lines)
        first = owed[0]
        line_ids = tuple(line.line_id for line in owed)
        self.owe(first.reservation_id, first.location_id, total_of(owed), bucket, line_ids)

    def owe(
        self,
        reservation_id: str,
        location_id: str,
        quantities: dict[str, int],
        bucket: Bucket = Bucket.SELLABLE,
        line_ids: tuple[str, ...] = (),
        *,
        foreign: bool = False,
        shipment_id: str = "",
    ) -> None:
        """Owe stock a release."""
        release_id = derived_id(
            self.order_id, "release", reservation_id, self.version, len(self.releases), bucket, *line_ids
        )
        self.releases.append(
            Release(
                release_id, reservation_id, location_id, quantities, bucket, line_ids, shipment_id, foreign
            )
        )
