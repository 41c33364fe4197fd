"""The occasions on which a message is sent, and the facts that it tells."""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class Purpose(enum.IntEnum):
    """The occasions, by their numbers in the contract."""

    ORDER_READY = 1
    ORDER_COLLECTED = 2
    ORDER_SHIPPED = 3
    ORDER_DELAYED = 4
    ORDER_CANCELLED = 5
    ORDER_EXPIRED = 6
    ORDER_REMINDER = 7
    ORDER_LAST_CALL = 8
    FOLLOW_UP = 9
    BACK_IN_STOCK = 10
    NEARBY = 11
    ALTERNATIVES = 12
    SUBSTITUTION_OFFERED = 21
    AVAILABILITY_CHANGED = 20


POSTED_ONLY = frozenset({Purpose.AVAILABILITY_CHANGED})
"""Never said to persons."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order, as far as it is known here."""

    line_id: str
    item_id: str
    quantity: int | None
    """None: not known, since routing may have divided the line between locations."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order, as far as it is known here."""

    order_id: str
    allow_split: bool
    """Whether routing may divide the order's lines between locations."""
    lines: tuple[Line, ...]

    def lines_named(self, line_ids: tuple[str, ...]) -> tuple[Line, ...]:
        """Return what is known of these lines; all of the order's when none is named.

        Routing names the parts of a divided line `<line_id>/2` and so on. How many units a part has is
        not known here, nor how many are left in the first part, which keeps the name.
        """
        known = {each.line_id: each for each in self.lines}
        found: dict[str, Line] = {}
        for line_id in line_ids or known:
            line = known.get(line_id) or known.get(line_id.rpartition("/")[0])
            item_id = line.item_id if line else line_id
            whole = line is not None and not self.allow_split
            found[line_id] = Line(line_id, item_id, line.quantity if line and whole else None)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Task:
    """The task at a location that an occasion came from."""

    task_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something happened to an order, or to what a person waits for, that someone should hear about."""

    event_id: UUID
    record_time: datetime
    purpose: Purpose
    order_id: str
    """Empty: it is of no order; then `identity_id` says whose it is."""
    lines: tuple[Line, ...] = ()
    line_ids: tuple[str, ...] = ()
    """Instead of `lines`, where the event comes from no task: `Order.lines_named` knows more."""
    task: Task | None = None
    location_id: str = ""
    code: str = ""
    """What the customer shows to collect: in no log, and in the database only sealed."""
    collect_deadline: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    promise_time_before: datetime | None = None
    promise_time: datetime | None = None
    detail: str = ""
    identity_id: UUID | None = None
    address_id: UUID | None = None
    """Where they want to be told, best."""
    alert_id: UUID | None = None
    item_id: str = ""
    offer: str = ""
    claim_deadline: datetime | None = None
    """Until when a unit is held for the person."""
    offered_item_id: str = ""
    """In place of what is in `lines`."""
    offered_quantity: int = 0
    decide_deadline: datetime | None = None
    """Until when the customer can say yes or no."""

    @property
    def matters(self) -> bool:
        """Whether anyone need hear of it: a promise that moved to an earlier time is no delay."""
        if self.purpose is not Purpose.ORDER_DELAYED or self.promise_time is None:
            return True
        return self.promise_time_before is not None and self.promise_time > self.promise_time_before


def wished(
    cause: UUID, now: datetime, purpose: Purpose, item_id: str, identity_id: UUID, location_id: str = ""
) -> Occasion:
    """Return an occasion about an item that somebody wants; `cause` names it, the same again is the same."""
    return Occasion(
        event_id=cause,
        record_time=now,
        purpose=purpose,
        order_id="",
        lines=(Line(item_id, item_id, None),),
        location_id=location_id,
        item_id=item_id,
        identity_id=identity_id,
    )
