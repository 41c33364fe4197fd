"""What a store does for an order, and what is known of it.

The numbers of the enums are those of the contract.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from onhand.pickup.domain.slots import SlotKind, Span


class Kind(IntEnum):
    COLLECT = 1
    SHIP = 2


class State(IntEnum):
    OPEN = 1
    ACCEPTED = 2
    PICKING = 3
    PICKED = 4
    READY = 5
    PACKED = 6
    COLLECTED = 7
    SHIPPED = 8
    REJECTED = 9
    CANCELLED = 10
    EXPIRED = 11
    REFUSED = 12


ENDED = frozenset(state for state in State if state >= State.COLLECTED)
LIVE = frozenset(State) - ENDED
TO_PICK = frozenset({State.OPEN, State.ACCEPTED, State.PICKING})
"""States in which units may be left to pick."""


class RejectReason(IntEnum):
    NOT_FOUND = 1
    DAMAGED = 2
    MISMATCH = 3
    DISPLAY_PIECE = 4
    NO_CAPACITY = 5
    TIMED_OUT = 6
    OTHER = 7


class AlertKind(IntEnum):
    STEP_LATE = 1
    TAG_LEFT = 2
    CUSTOMER_WAITS = 3
    SHELVE_LATE = 4
    HAND_OVER_DISPUTED = 5
    SLOT_OVERRUN = 6
    STOCK_SHORT = 7


class SubstitutionState(IntEnum):
    PROPOSED = 1
    OFFERED = 2
    ACCEPTED = 3
    DECLINED = 4
    LAPSED = 5
    FAILED = 6


UNDECIDED = frozenset({SubstitutionState.PROPOSED, SubstitutionState.OFFERED})


class Condition(IntEnum):
    """What goods are like that come back."""

    SELLABLE = 1
    DAMAGED = 2
    QUALITY_CONTROL = 3


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One line; picked + short + cancelled + substituted never exceed its quantity."""

    line_id: str
    item_id: str
    quantity: int
    picked: int = 0
    short: int = 0
    cancelled: int = 0
    epcs: tuple[str, ...] = ()
    """Tags among the picked units, upper-case hexadecimal."""
    handed_over: int = 0
    """Of the picked."""
    refused: int = 0
    """Of the picked, at the counter."""
    returned: int = 0
    """Of those that left."""
    to_shelve: int = 0
    """Units that were picked, will not leave with the task and still lie where they were put for it."""
    substituted: int = 0
    """Units for which another item is offered or taken; then a line of its own."""
    given_epcs: tuple[str, ...] = ()
    """Tags among the units that left."""
    reservation_id: str = ""
    """Of a substitute: the reservation that holds it; empty: the task's."""

    @property
    def left(self) -> int:
        """Units still to pick."""
        return self.quantity - self.picked - self.short - self.cancelled - self.substituted

    @property
    def waiting(self) -> int:
        """Units picked that may still leave."""
        return self.picked - self.handed_over - self.refused

    @property
    def waiting_epcs(self) -> tuple[str, ...]:
        return tuple(epc for epc in self.epcs if epc not in self.given_epcs)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about a task that somebody should look at."""

    alert_id: str
    kind: AlertKind
    raise_time: datetime
    detail: str
    epc: str = ""
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class Substitution:
    """An item offered in place of units of a line."""

    substitution_id: str
    line_id: str
    item_id: str
    quantity: int
    state: SubstitutionState
    decide_deadline: datetime
    detail: str
    reason: RejectReason
    """Why the line's own item cannot be had."""

    @property
    def substitute_line_id(self) -> str:
        """The line that it becomes once accepted."""
        return f"{self.line_id}~{self.substitution_id[-12:]}"


@dataclass(frozen=True, slots=True)
class HandOver:
    """One hand-over, as it is recorded."""

    hand_over_id: str
    hand_over_time: datetime
    actor: str
    collector_name: str = ""
    proof_reference: str = ""
    till_id: str = ""
    given: int = 0
    refused: int = 0
    offline: bool = False


@dataclass(frozen=True, slots=True)
class TaskSlot:
    """The slot that the customer booked."""

    booking_id: str
    kind: SlotKind
    span: Span


@dataclass(frozen=True, slots=True)
class Assignment:
    """What routing asks of a store, beside the lines."""

    task_id: str
    order_id: str
    location_id: str
    kind: Kind
    reservation_id: str
    """The reservation in stock that holds all lines."""
    promise_time: datetime
    customer_display_name: str
    shipping_address: bytes
    """As in the contract, serialized: stored and told again, never looked into."""


@dataclass(frozen=True, slots=True)
class Task:
    """An assignment and what the store has made of it."""

    assignment: Assignment
    state: State
    lines: tuple[TaskLine, ...]
    accept_deadline: datetime
    create_time: datetime
    version: int = 1
    assignee: str = ""
    staging_place: str = ""
    collect_deadline: datetime | None = None
    check_in_time: datetime | None = None
    check_in_note: str = ""
    carrier: str = ""
    tracking_number: str = ""
    wave_id: str = ""
    step_deadline: datetime | None = None
    """When the present step is late; None while the store has nothing to do."""
    escalations: int = 0
    """Alerts so far because the present step is late."""
    accept_time: datetime | None = None
    ready_time: datetime | None = None
    """When it was ready or packed first."""
    end_time: datetime | None = None
    on_my_way_time: datetime | None = None
    arrive_time: datetime | None = None
    collector_name: str = ""
    """Who collects in place of the customer; empty: the customer."""
    identity_check: bool = False
    minimum_age: int = 0
    extensions: int = 0
    reminder_time: datetime | None = None
    """When the customer is to be reminded; None once they were, and where nobody is."""
    expire_time: datetime | None = None
    """The end of the grace after the collect deadline."""
    wait_deadline: datetime | None = None
    """When a customer who is here waits too long; None once that was said."""
    shelve_deadline: datetime | None = None
    """When goods that go back to their place have lain too long; None where there are none."""
    code_number: int = 0
    """How many codes were issued: the present one's number."""
    alerts: tuple[Alert, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    hand_overs: tuple[HandOver, ...] = ()
    slot: TaskSlot | None = field(default=None, compare=False)
    """As booked; not changed with the task."""

    @property
    def task_id(self) -> str:
        return self.assignment.task_id

    @property
    def epcs(self) -> frozenset[str]:
        """All tags picked for it."""
        return frozenset(epc for line in self.lines for epc in line.epcs)

    @property
    def held_epcs(self) -> frozenset[str]:
        """Tags that lie there for it."""
        return frozenset(epc for line in self.lines for epc in line.waiting_epcs)

    @property
    def left(self) -> int:
        """Units still to pick."""
        return sum(line.left for line in self.lines)

    @property
    def picked(self) -> int:
        return sum(line.picked for line in self.lines)

    @property
    def waiting(self) -> int:
        """Units picked that may still leave."""
        return sum(line.waiting for line in self.lines)

    @property
    def to_shelve(self) -> int:
        return sum(line.to_shelve for line in self.lines)

    @property
    def undecided(self) -> bool:
        """Whether the customer is still to say yes or no to something."""
        return any(each.state in UNDECIDED for each in self.substitutions)

    def due_time(self) -> datetime | None:
        """Return when something happens to it by itself; None: never."""
        return min(self._deadlines(), default=None)

    def _deadlines(self) -> Iterable[datetime]:
        times = [self.shelve_deadline]
        if self.state is State.OPEN:
            times.append(self.accept_deadline)
        elif self.state is State.READY:
            times += [self.reminder_time, self.expire_time or self.collect_deadline]
        elif self.state in LIVE:
            # One that was taken on before there were such times has until its promise.
            times.append(self.step_deadline or self.assignment.promise_time)
        if self.state in LIVE:
            times.append(self.wait_deadline)
            times += [each.decide_deadline for each in self.substitutions if each.state in UNDECIDED]
        return [each for each in times if each is not None]
