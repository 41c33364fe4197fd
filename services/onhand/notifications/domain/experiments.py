"""Experiments: who is told what variant, and what can be said of the difference."""

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from uuid import UUID

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.journeys import DAY, NOW, Journey
from onhand.notifications.domain.messages import Channel

HOLDOUT = "holdout"
"""The arm of those who are told nothing."""
Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: intervals are of 95 %."""


class Goal(enum.IntEnum):
    """What a message is to lead to, by its number in the contract."""

    OPENED = 1
    CLICKED = 2
    ORDERED = 3
    COLLECTED = 4


@dataclass(frozen=True, slots=True)
class Pin:
    """A saved version of a template, instead of the one in use."""

    channel: Channel
    locale: str
    version: int


@dataclass(frozen=True, slots=True)
class Variant:
    name: str
    weight: int
    """Its share of those who are told, against the weights of the others."""
    delay: timedelta = NOW
    """How much later than otherwise the message goes."""
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """Variants of what one journey says first. The first variant is what the others are compared with."""

    name: str
    journey: str
    variants: tuple[Variant, ...]
    holdout: float
    """Share of people who are told nothing, 0 to below 1."""
    goal: Goal
    goal_within: timedelta
    """How long after it was sent, or would have been, an order or a collection counts."""
    minimum_sample: int
    """People of each arm below which nothing is said of a difference."""
    start_time: datetime
    end_time: datetime | None = None

    def check(self, journey: Journey | None) -> None:
        """Raise InvalidField with all that is wrong."""
        names = [each.name for each in self.variants]
        wrong = [
            FieldViolation(f"experiment.{field}", problem)
            for field, problem, is_wrong in (
                ("journey", "is not known", journey is None),
                ("variants", "each has a name of its own, and none is the holdout", _clash(names)),
                (
                    "variants",
                    "a delay is from 0 to 1 day",
                    any(not NOW <= v.delay <= DAY for v in self.variants),
                ),
                (
                    "variants",
                    "a unit that is held does not wait",
                    journey is not None and journey.holds_unit and any(v.delay for v in self.variants),
                ),
                ("variants", "at least two, or one and a holdout", len(names) + (self.holdout > 0) < 2),  # noqa: PLR2004
                ("holdout_share", "from 0 to below 1", not 0 <= self.holdout < 1),
                (
                    "holdout_share",
                    "nobody is left without word of their order",
                    self.holdout > 0 and journey is not None and journey.topic is Topic.ORDER,
                ),
                (
                    "holdout_share",
                    "who is told nothing opens and clicks nothing: compare orders or collections",
                    self.holdout > 0 and self.goal in {Goal.OPENED, Goal.CLICKED},
                ),
            )
            if is_wrong
        ]
        if wrong:
            raise InvalidField(wrong)

    def arm_of(self, contact_id: UUID) -> Variant | None:
        """Return the variant of a person, the same each time; None: they are of the holdout."""
        digest = hashlib.sha256(f"{self.name}\0{contact_id}".encode()).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        if place < self.holdout:
            return None
        # Apart from the first hash, so that a larger holdout does not move people between variants.
        total = sum(each.weight for each in self.variants)
        point = int.from_bytes(digest[8:16]) * total >> 64
        for variant in self.variants:
            if point < variant.weight:
                return variant
            point -= variant.weight
        return self.variants[-1]


def _clash(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names) or HOLDOUT in names


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(successes: int, count: int) -> Interval:
    """Return the score interval of a proportion, 95 % (E. B. Wilson, JASA 22 (1927), 209-212).

    Unlike the textbook's, it stays within 0 and 1 and holds for small counts and for none or all.
    """
    if count == 0:
        return Interval(0, 1)
    share, square = successes / count, Z * Z
    centre = share + square / (2 * count)
    spread = Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    scale = 1 + square / count
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def newcombe(successes: int, count: int, other_successes: int, other_count: int) -> Interval:
    """Return the interval of the difference of two proportions, first less other, 95 %.

    R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10: by Wilson's intervals of both.
    """
    if count == 0 or other_count == 0:
        return Interval(-1, 1)
    first, other = successes / count, other_successes / other_count
    mine, theirs = wilson(successes, count), wilson(other_successes, other_count)
    difference = first - other
    below = sqrt((first - mine.low) ** 2 + (theirs.high - other) ** 2)
    above = sqrt((mine.high - first) ** 2 + (other - theirs.low) ** 2)
    return Interval(difference - below, difference + above)


@dataclass(frozen=True, slots=True)
class Arm:
    """What came of one arm."""

    name: str
    people: int
    reached: int
    """Of these, who did what was hoped for."""

    @property
    def share(self) -> float:
        return self.reached / self.people if self.people else 0.0

    @property
    def interval(self) -> Interval:
        return wilson(self.reached, self.people)


class Finding(enum.IntEnum):
    """What can be said of an arm against the first, by its number in the contract."""

    BASELINE = 1
    TOO_FEW = 2
    NO_DIFFERENCE = 3
    """None that could not be chance."""
    BETTER = 4
    WORSE = 5


def judge(arm: Arm, baseline: Arm, minimum_sample: int) -> tuple[Finding, Interval]:
    """Return what can be said of an arm, and the interval of its difference from the baseline."""
    difference = newcombe(arm.reached, arm.people, baseline.reached, baseline.people)
    if arm.name == baseline.name:
        return Finding.BASELINE, Interval(0, 0)
    if min(arm.people, baseline.people) < minimum_sample:
        return Finding.TOO_FEW, difference
    if difference.low > 0:
        return Finding.BETTER, difference
    return (Finding.WORSE if difference.high < 0 else Finding.NO_DIFFERENCE), difference


class Segment(enum.IntEnum):
    """How lately a person has ordered, collected, clicked or looked for something, by its number in the contract."""

    ACTIVE = 1
    LAPSING = 2
    DORMANT = 3


ACTIVE_FOR, LAPSING_FOR = timedelta(days=30), timedelta(days=90)


def segment_of(last: datetime | None, now: datetime) -> Segment:
    """Return the segment of a person whose last activity was then; None: of none we know."""
    if last is None or now - last > LAPSING_FOR:
        return Segment.DORMANT
    return Segment.ACTIVE if now - last <= ACTIVE_FOR else Segment.LAPSING
