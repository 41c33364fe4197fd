"""What can happen to a task; each becomes a row of its history and an event."""

from dataclasses import dataclass, field
from datetime import datetime

from onhand.pickup.domain.task import RejectReason


@dataclass(frozen=True, slots=True)
class Opened:
    pass


@dataclass(frozen=True, slots=True)
class Accepted:
    pass


@dataclass(frozen=True, slots=True)
class Started:
    pass


@dataclass(frozen=True, slots=True)
class LinePicked:
    line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LineShortPicked:
    line_id: str
    quantity: int
    reason: RejectReason
    detail: str


@dataclass(frozen=True, slots=True)
class LineWithdrawn:
    line_id: str
    quantity: int
    picked_quantity: int
    """Units of these that had been picked and go back to their place."""
    detail: str


@dataclass(frozen=True, slots=True)
class Rejected:
    reason: RejectReason
    detail: str


@dataclass(frozen=True, slots=True)
class Ready:
    collect_deadline: datetime
    code: str = field(repr=False)
    """In clear, for the customer's message only."""


@dataclass(frozen=True, slots=True)
class Packed:
    pass


@dataclass(frozen=True, slots=True)
class CheckedIn:
    note: str


@dataclass(frozen=True, slots=True)
class Collected:
    pass


@dataclass(frozen=True, slots=True)
class Shipped:
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class Expired:
    pass


@dataclass(frozen=True, slots=True)
class Cancelled:
    pass


Fact = (
    Opened
    | Accepted
    | Started
    | LinePicked
    | LineShortPicked
    | LineWithdrawn
    | Rejected
    | Ready
    | Packed
    | CheckedIn
    | Collected
    | Shipped
    | Expired
    | Cancelled
)
