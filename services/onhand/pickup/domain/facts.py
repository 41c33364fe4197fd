"""What can happen to a task; each becomes a row of its history and an event."""

from dataclasses import dataclass, field
from datetime import datetime

from onhand.pickup.domain.task import Alert, Condition, HandOver, RejectReason, Substitution


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
    hand_over: HandOver


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


@dataclass(frozen=True, slots=True)
class Assigned:
    assignee: str


@dataclass(frozen=True, slots=True)
class Alerted:
    alert: Alert


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    alert_id: str


@dataclass(frozen=True, slots=True)
class WaveChanged:
    wave_id: str
    """Empty: it is in none now."""


@dataclass(frozen=True, slots=True)
class SubstitutionProposed:
    substitution: Substitution


@dataclass(frozen=True, slots=True)
class Reopened:
    line_id: str
    quantity: int
    detail: str


@dataclass(frozen=True, slots=True)
class Reshelved:
    quantity: int


@dataclass(frozen=True, slots=True)
class ArrivalAnnounced:
    arrive_time: datetime | None


@dataclass(frozen=True, slots=True)
class TermsChanged:
    pass


@dataclass(frozen=True, slots=True)
class Reminded:
    collect_deadline: datetime


@dataclass(frozen=True, slots=True)
class Extended:
    collect_deadline: datetime


@dataclass(frozen=True, slots=True)
class PartlyCollected:
    hand_over: HandOver
    code: str = field(repr=False)
    """For the units that go on waiting; in clear, for the customer's message only."""


@dataclass(frozen=True, slots=True)
class LineRefused:
    line_id: str
    quantity: int
    condition: Condition
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    hand_over: HandOver


@dataclass(frozen=True, slots=True)
class Returned:
    location_id: str
    line_id: str
    quantity: int
    condition: Condition
    detail: str
    epcs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubstitutionOffered:
    substitution: Substitution


@dataclass(frozen=True, slots=True)
class SubstitutionDecided:
    substitution: Substitution
    reason: RejectReason


@dataclass(frozen=True, slots=True)
class Disputed:
    hand_over: HandOver
    detail: str


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
    | Assigned
    | Alerted
    | Reopened
    | Reshelved
    | ArrivalAnnounced
    | TermsChanged
    | Reminded
    | Extended
    | PartlyCollected
    | LineRefused
    | Refused
    | Returned
    | SubstitutionOffered
    | SubstitutionDecided
    | Disputed
    | AlertAcknowledged
    | WaveChanged
    | SubstitutionProposed
)
