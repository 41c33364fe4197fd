"""What routing tells others, as its domain says it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """An order was taken."""


@dataclass(frozen=True, slots=True)
class AssignedLine:
    line_id: str
    item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LinesAssigned:
    """A location is to fill lines."""

    task_id: str
    location_id: str
    reservation_id: str
    promise_time: datetime
    lines: tuple[AssignedLine, ...]


@dataclass(frozen=True, slots=True)
class AssignmentCancelled:
    """A location is relieved of lines."""

    task_id: str
    line_ids: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class OrderDelayed:
    """A promise or a delivery moved to a later time, or cannot be promised at all."""

    line_ids: tuple[str, ...]
    promise_time_before: datetime | None
    promise_time: datetime | None
    delivery_date_before: date | None = None
    delivery_date: date | None = None


@dataclass(frozen=True, slots=True)
class LinesCancelled:
    line_ids: tuple[str, ...]
    detail: str


Fact = OrderAccepted | LinesAssigned | AssignmentCancelled | OrderDelayed | LinesCancelled
