"""What a store does for an order, and what is known of it.

The numbers of the enums are those of the contract.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


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


ENDED = frozenset({State.COLLECTED, State.SHIPPED, State.REJECTED, State.CANCELLED, State.EXPIRED})
LIVE = frozenset(State) - ENDED


class RejectReason(IntEnum):
    NOT_FOUND = 1
    DAMAGED = 2
    MISMATCH = 3
    DISPLAY_PIECE = 4
    NO_CAPACITY = 5
    TIMED_OUT = 6
    OTHER = 7


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One line; picked + short + cancelled never exceed its quantity."""

    line_id: str
    item_id: str
    quantity: int
    picked: int = 0
    short: int = 0
    cancelled: int = 0
    epcs: tuple[str, ...] = ()
    """Tags among the picked units, upper-case hexadecimal."""

    @property
    def left(self) -> int:
        """Units still to pick."""
        return self.quantity - self.picked - self.short - self.cancelled


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

    @property
    def task_id(self) -> str:
        return self.assignment.task_id

    @property
    def epcs(self) -> frozenset[str]:
        """All tags picked for it."""
        return frozenset(epc for line in self.lines for epc in line.epcs)

    @property
    def left(self) -> int:
        """Units still to pick."""
        return sum(line.left for line in self.lines)

    @property
    def picked(self) -> int:
        return sum(line.picked for line in self.lines)
