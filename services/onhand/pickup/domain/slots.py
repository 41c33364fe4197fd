"""Times to collect at: which there are, and whether one has a place left."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from onhand.kit.errors import WrongState


class SlotKind(IntEnum):
    """The numbers are those of the contract."""

    COUNTER = 1
    CURBSIDE = 2
    LOCKER = 3


class BookingState(IntEnum):
    """The numbers are those of the contract."""

    HELD = 1
    BOOKED = 2
    OVERRUN = 3
    ENDED = 4
    RELEASED = 5
    EXPIRED = 6


COUNTS = frozenset({BookingState.HELD, BookingState.BOOKED, BookingState.OVERRUN})
"""A place may still be taken by it."""


@dataclass(frozen=True, slots=True)
class Window:
    """When slots begin on one day of the week, in minutes after local midnight."""

    day_of_week: int
    """1 is Monday."""
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """When a store offers slots of a kind, how long and how many."""

    location_id: str
    kind: SlotKind
    time_zone: str
    slot_minutes: int
    capacity: int
    lead: timedelta
    horizon: timedelta
    windows: tuple[Window, ...]
    overrun_occupies: bool
    version: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Span:
    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Usage:
    """Places of a slot that are taken."""

    held: int = 0
    booked: int = 0
    overrun: int = 0

    @property
    def total(self) -> int:
        return self.held + self.booked + self.overrun


@dataclass(frozen=True, slots=True)
class Slot:
    span: Span
    capacity: int
    usage: Usage
    closed_by: str = ""
    """What closes it although it may not be full; empty: nothing."""

    @property
    def available(self) -> int:
        return 0 if self.closed_by else max(self.capacity - self.usage.total, 0)


@dataclass(frozen=True, slots=True)
class Booking:
    """A place of a slot, held or booked."""

    booking_id: str
    location_id: str
    kind: SlotKind
    span: Span
    state: BookingState
    expire_time: datetime | None
    """Until when it is held; None once booked."""
    order_id: str = ""

    def state_at(self, now: datetime) -> BookingState:
        """Return the state, where a hold past its time has expired whoever sweeps later."""
        if self.state is BookingState.HELD and self.expire_time is not None and self.expire_time <= now:
            return BookingState.EXPIRED
        return self.state


@dataclass(frozen=True, slots=True)
class Blackout:
    blackout_id: str
    location_id: str
    kind: SlotKind | None
    """None: all kinds."""
    span: Span
    detail: str


def spans(plan: SlotPlan, wanted: Span) -> Iterator[Span]:
    """Yield the plan's slots that begin in `wanted`, in the order of time, each once.

    Local times are resolved as in PEP 495: of a time that comes twice, where clocks go back, the first is
    meant; one that never comes, where they go forward, has no slot.
    """
    zone = ZoneInfo(plan.time_zone)
    day = wanted.start.astimezone(zone).date()
    last = wanted.end.astimezone(zone).date()
    given: datetime | None = None
    while day <= last:
        for span in sorted(_of_day(plan, day, zone)):
            if wanted.start <= span.start < wanted.end and (given is None or span.start > given):
                given = span.start
                yield span
        day += timedelta(days=1)


def _of_day(plan: SlotPlan, day: date, zone: ZoneInfo) -> Iterator[Span]:
    length = timedelta(minutes=plan.slot_minutes)
    for window in plan.windows:
        if window.day_of_week != day.isoweekday():
            continue
        for minute in range(
            window.start_minute, window.end_minute - plan.slot_minutes + 1, plan.slot_minutes
        ):
            local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
            start = local.astimezone(UTC)
            if start.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield Span(start, start + length)


def find(plan: SlotPlan, start: datetime) -> Span | None:
    """Return the plan's slot that begins at `start`, if there is one."""
    return next(spans(plan, Span(start, start + timedelta(microseconds=1))), None)


def slot(plan: SlotPlan, span: Span, usage: Usage, blackouts: Collection[Blackout], now: datetime) -> Slot:
    """Return a slot as it is offered now."""
    closed_by = ""
    if any(each.span.overlaps(span) for each in blackouts):
        closed_by = "blackout"
    elif span.start < now + plan.lead:
        closed_by = "lead time"
    elif span.start > now + plan.horizon:
        closed_by = "horizon"
    return Slot(span, plan.capacity, usage, closed_by)


def require_place(offered: Slot) -> None:
    """Raise WrongState, which says why, unless the slot has a place left."""
    name = offered.span.start.isoformat()
    if offered.closed_by:
        raise WrongState("slot", name, f"closed by {offered.closed_by}", "be held")
    if not offered.available:
        raise WrongState("slot", name, "full", "be held")


def require_held(booking: Booking, now: datetime) -> None:
    """Raise WrongState unless it is a hold that has not expired."""
    state = booking.state_at(now)
    if state is not BookingState.HELD:
        raise WrongState("slot booking", booking.booking_id, state.name, "be booked")
