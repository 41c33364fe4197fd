"""What one person did and was told."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onhand.notifications.domain.alerts import Alert, LookUp
from onhand.notifications.domain.contacts import Contact
from onhand.notifications.domain.experiments import Segment
from onhand.notifications.domain.messages import Channel, Message
from onhand.notifications.domain.occasions import Purpose


class ActivityKind(enum.IntEnum):
    """The kinds of activity, by their numbers in the contract."""

    LOOKED_UP = 1
    ALERT_ASKED = 2
    ALERT_CLAIMED = 3
    TOLD = 4
    CLICKED = 5
    ORDERED = 6
    COLLECTED = 7
    RETURNED = 8


class ActKind(enum.IntEnum):
    """What somebody does with an order."""

    COLLECTED = 2
    RETURNED = 3


@dataclass(frozen=True, slots=True)
class Act:
    """A part of an order was collected, or brought back."""

    event_id: UUID
    order_id: str
    kind: ActKind
    location_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    kind: ActivityKind
    time: datetime
    order_id: str
    item_id: str
    location_id: str
    purpose: Purpose | None
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class View:
    """A look of staff at a person's activity."""

    actor: str
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """What came of the messages of one purpose, channel and segment; of those sent, from `delivered` on."""

    purpose: Purpose
    channel: Channel
    segment: Segment | None
    made: int
    suppressed: int
    failed: int
    sent: int
    delivered: int
    bounced: int
    opened: int
    clicked: int
    ordered: int
    collected: int


@dataclass(frozen=True, slots=True)
class Export:
    """What is kept about a person; all but the messages on the first page only."""

    contact: Contact | None
    order_ids: Sequence[str]
    messages: Sequence[Message]
    alerts: Sequence[Alert] = ()
    look_ups: Sequence[LookUp] = ()
