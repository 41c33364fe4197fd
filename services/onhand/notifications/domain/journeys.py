"""Journeys: what follows for a person from something that happened, as data.

A journey starts with an occasion, gathers what belongs to it, goes through its steps, and ends early with
another occasion. A run is one journey of one order, or of one task of it.

gathering → (each step in its turn) → done
     └────────────┴──────────────────→ exited (an exit, a newer run, an erasure)
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.contacts import Contact, Topic
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Line, Occasion, Purpose
from onhand.notifications.domain.templates import VARIABLES

TO_PERSONS = (Channel.PUSH, Channel.SMS, Channel.WHATSAPP, Channel.EMAIL)
NOW = timedelta(0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when a fact is one of some values, or with `negated` none of them."""

    field: str
    """`location_id`, `carrier`, `item_id`, `locale`, `preferred_location_id`, `has_deadline` (true, false), or
    `segment` (active, lapsing, dormant)."""
    values: tuple[str, ...]
    negated: bool = False


FIELDS = ("location_id", "carrier", "item_id", "locale", "preferred_location_id", "has_deadline", "segment")
SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Step:
    """One message."""

    purpose: Purpose
    after: timedelta = NOW
    """Counted from the start, or, when negative, from the time until which the goods wait."""

    def due(self, start: datetime, deadline: datetime | None) -> datetime | None:
        """Return when the step is due; None: never, since it counts from a deadline that there is not."""
        if self.after >= NOW:
            return start + self.after
        return None if deadline is None else deadline + self.after


@dataclass(frozen=True, slots=True)
class Journey:
    name: str
    topic: Topic
    starts: Purpose
    steps: tuple[Step, ...]
    exits: tuple[Purpose, ...] = ()
    conditions: tuple[Condition, ...] = ()
    """All must hold, at the start and before each step."""
    gather: timedelta = NOW
    """How long further occasions of the same order join the first message."""
    channels: tuple[Channel, ...] = TO_PERSONS
    """Best first; a person's own wish goes before."""
    quiet: tuple[Channel, ...] = (Channel.PUSH, Channel.SMS, Channel.WHATSAPP)
    """Channels that wait for the end of quiet hours."""
    enabled: bool = True
    version: int = 0
    """0: the product's own."""

    def check(self) -> None:
        """Raise InvalidField with all that is wrong."""
        wrong = [
            FieldViolation(f"journey.{field}", problem)
            for field, problem, is_wrong in (
                ("steps", "at least one", not self.steps),
                ("channels", "only push, SMS, WhatsApp and e-mail", set(self.channels) - set(TO_PERSONS)),
                ("starts", "is no event of an order or an alert", self.starts not in (*STARTS, *ALERTS)),
                ("exits", "the start cannot be an exit", self.starts in self.exits),
                ("exits", "only events of an order", set(self.exits) - set(STARTS)),
                ("gather_duration", "between 0 and 1 day", not NOW <= self.gather <= DAY),
                ("gather_duration", "an alert waits for no other", self.starts in ALERTS and self.gather),
                ("steps", "a unit that is held does not wait", self.holds_unit and self.waits),
            )
            if is_wrong
        ]
        known = VARIABLES.get(self.starts, frozenset[str]())
        for number, step in enumerate(self.steps):
            if missing := sorted(VARIABLES[step.purpose] - known):
                problem = f"{self.starts.name} does not tell {', '.join(missing)}"
                wrong.append(FieldViolation(f"journey.steps[{number}].purpose", problem))
            if self.topic is Topic.ORDER and step.purpose in (Purpose.FOLLOW_UP, *ALERTS):
                problem = "is not about an order: it needs another topic"
                wrong.append(FieldViolation(f"journey.steps[{number}].purpose", problem))
        for number, condition in enumerate(self.conditions):
            if condition.field not in FIELDS or not condition.values:
                problem = f"a field of {', '.join(FIELDS)}, and at least one value"
                wrong.append(FieldViolation(f"journey.conditions[{number}]", problem))
        if wrong:
            raise InvalidField(wrong)

    @property
    def holds_unit(self) -> bool:
        """Whether a unit is held for whoever is told."""
        return self.starts is Purpose.BACK_IN_STOCK

    @property
    def waits(self) -> bool:
        """Whether a step comes later than the start."""
        return any(each.after != NOW for each in self.steps)

    def holds(self, occasion: Occasion, contact: Contact) -> bool:
        """Tell whether all conditions hold, those about segments apart."""
        facts = {
            "location_id": occasion.location_id,
            "carrier": occasion.carrier,
            "item_id": occasion.item_id,
            "locale": contact.locale,
            "preferred_location_id": contact.preferred_location_id,
            "has_deadline": str(occasion.collect_deadline is not None).lower(),
        }
        return all(
            (facts[each.field] in each.values) != each.negated
            for each in self.conditions
            if each.field != SEGMENT
        )

    @property
    def names_segment(self) -> bool:
        """Whether a condition is about the segment of the person, which costs a query."""
        return any(each.field == SEGMENT for each in self.conditions)

    def takes(self, segment: str) -> bool:
        """Tell whether the conditions about segments hold."""
        mine = [each for each in self.conditions if each.field == SEGMENT]
        return all((segment in each.values) != each.negated for each in mine)


STARTS = (
    Purpose.ORDER_READY,
    Purpose.ORDER_COLLECTED,
    Purpose.ORDER_SHIPPED,
    Purpose.ORDER_DELAYED,
    Purpose.ORDER_CANCELLED,
    Purpose.ORDER_EXPIRED,
    Purpose.SUBSTITUTION_OFFERED,
)
"""The occasions that events bring."""
ALERTS = (Purpose.BACK_IN_STOCK, Purpose.NEARBY, Purpose.ALTERNATIVES)
"""The occasions of what a person waits for. The other purposes are steps only."""

_SOON = timedelta(seconds=10)
BUILTIN = (
    Journey(
        "order_ready",
        Topic.ORDER,
        Purpose.ORDER_READY,
        (
            Step(Purpose.ORDER_READY),
            Step(Purpose.ORDER_REMINDER, DAY),
            Step(Purpose.ORDER_LAST_CALL, -DAY),
        ),
        exits=(Purpose.ORDER_COLLECTED, Purpose.ORDER_EXPIRED),
    ),
    Journey("order_collected", Topic.ORDER, Purpose.ORDER_COLLECTED, (Step(Purpose.ORDER_COLLECTED),)),
    Journey("order_expired", Topic.ORDER, Purpose.ORDER_EXPIRED, (Step(Purpose.ORDER_EXPIRED),)),
    Journey(
        "order_shipped", Topic.ORDER, Purpose.ORDER_SHIPPED, (Step(Purpose.ORDER_SHIPPED),), gather=_SOON
    ),
    Journey(
        "order_delayed", Topic.ORDER, Purpose.ORDER_DELAYED, (Step(Purpose.ORDER_DELAYED),), gather=_SOON
    ),
    Journey(
        "order_cancelled",
        Topic.ORDER,
        Purpose.ORDER_CANCELLED,
        (Step(Purpose.ORDER_CANCELLED),),
        gather=_SOON,
    ),
    Journey(
        "substitution_offered",
        Topic.ORDER,
        Purpose.SUBSTITUTION_OFFERED,
        (Step(Purpose.SUBSTITUTION_OFFERED),),
        exits=(Purpose.ORDER_COLLECTED, Purpose.ORDER_EXPIRED),
        quiet=(),  # somebody stands at the shelf, and the answer has a deadline
    ),
    Journey(
        "follow_up",
        Topic.MARKETING,
        Purpose.ORDER_COLLECTED,
        (Step(Purpose.FOLLOW_UP, 7 * DAY),),
        quiet=TO_PERSONS,
        enabled=False,
    ),
    *(
        Journey(each.name.lower(), Topic.ALERT, each, (Step(each),))
        for each in (Purpose.BACK_IN_STOCK, Purpose.NEARBY, Purpose.ALTERNATIVES)
    ),
)


class RunState(enum.IntEnum):
    """The states of a run, by their numbers in the contract."""

    ACTIVE = 1
    DONE = 2
    EXITED = 3


@dataclass(frozen=True, slots=True)
class Run:
    run_id: UUID
    journey: Journey
    subject: str
    """What exits and further occasions have in common with the start: the task, or the order."""
    occasion: Occasion
    state: RunState
    step: int
    """Of the journey's steps the next one."""
    start_time: datetime
    due_time: datetime | None
    """When the next step is due; None: the run has ended."""

    def next_due(self, step: int) -> tuple[int, datetime | None]:
        """Return the first step from `step` on that is due at some time, and that time."""
        for number in range(step, len(self.journey.steps)):
            due = self.journey.steps[number].due(self.start_time, self.occasion.collect_deadline)
            if due is not None:
                return number, due
        return len(self.journey.steps), None


def run_id_of(journey: Journey, event_id: UUID) -> UUID:
    """Name the run that an event starts: the same event again, the same run."""
    return uuid5(event_id, journey.name)


def subject_of(occasion: Occasion) -> str:
    """Return what the occasions of one matter have in common."""
    if occasion.task is not None:
        return str(occasion.task.task_id)
    return occasion.order_id or str(occasion.alert_id or occasion.event_id)


def gathered_under(journey: Journey, occasion: Occasion) -> str:
    """Return what the occasions that one message tells of have in common."""
    return occasion.order_id if journey.gather else subject_of(occasion)


def together(first: Occasion, then: Occasion) -> Occasion | None:
    """Return both as one occasion; None where they tell of different things.

    What is said later holds. Of a promise the first time before and the last time after is told.
    """
    apart = ("location_id", "code", "carrier", "tracking_number", "detail")
    if any(getattr(first, each) != getattr(then, each) for each in apart):
        return None
    return replace(
        then,
        event_id=first.event_id,
        lines=_united(first.lines, then.lines),
        line_ids=tuple(dict.fromkeys((*first.line_ids, *then.line_ids))),
        promise_time_before=first.promise_time_before or then.promise_time_before,
    )


def _united(first: Sequence[Line], then: Iterable[Line]) -> tuple[Line, ...]:
    by_id = {each.line_id: each for each in first}
    return tuple({**by_id, **{each.line_id: each for each in then}}.values())
