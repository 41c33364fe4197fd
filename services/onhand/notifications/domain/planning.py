"""Who is told by what, where and when: the decision about one message, and nothing else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from onhand.notifications.domain.contacts import KIND_OF, Address, Contact, Topic
from onhand.notifications.domain.journeys import Journey
from onhand.notifications.domain.messages import Channel


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of the day by the clock on the wall, which may go over midnight; of equal ends there is none."""

    start: time
    end: time

    def holds(self, at: datetime, zone: tzinfo) -> bool:
        """Tell whether `at` lies in quiet hours: from `start` on, before `end`."""
        wall = at.astimezone(zone).time()
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end

    def over(self, at: datetime, zone: tzinfo) -> datetime:
        """Return `at`, or the first moment after it that is not in quiet hours, in UTC."""
        if not self.holds(at, zone):
            return at.astimezone(UTC)
        local = at.astimezone(zone)
        day = local.date() + timedelta(days=1 if local.time() >= self.end else 0)
        late = datetime.combine(day, self.end, zone).astimezone(UTC)
        if late.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, self.end):
            return late
        # The clock jumps over the end: it is over when the clock has jumped.
        early = at.astimezone(UTC)
        while late - early > timedelta(milliseconds=1):
            middle = early + (late - early) / 2
            early, late = (middle, late) if self.holds(middle, zone) else (early, middle)
        return late.replace(microsecond=0) if not self.holds(late.replace(microsecond=0), zone) else late


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many messages of a topic to one person within any span of this length."""

    count: int
    span: timedelta

    def allows(self, at: datetime, others: Collection[datetime]) -> bool:
        """Tell whether one more may go at `at`, beside those that have gone or will at `others`.

        Those on both sides count, so that no span that holds `at` has too many, whichever was planned first.
        """
        return sum(abs(each - at) < self.span for each in others) < self.count


@dataclass(frozen=True, slots=True)
class Plan:
    """Send it there and then."""

    channel: Channel
    address: Address
    send_time: datetime


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is not to be sent, and why."""

    channel: Channel
    address: Address | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for everybody."""

    usable: frozenset[Channel]
    """Channels that there is a means for."""
    quiet_hours: QuietHours
    default_zone: ZoneInfo
    caps: dict[Topic, tuple[Cap, ...]]


def plan(
    contact: Contact,
    order_address_ids: Sequence[UUID],
    journey: Journey,
    rules: Rules,
    now: datetime,
    *,
    without: Collection[Channel] = (),
    barred: Collection[UUID] = (),
) -> Plan | NotSent | None:
    """Decide by what channel and when a person is told; None: there is no address to tell them at.

    `without` are channels that have failed, `barred` addresses that are written to no more. Caps are another
    question: they need a lock.
    """
    wanted = contact.preferences.get(journey.topic)
    order = journey.channels if wanted is None else [each for each in wanted if each in journey.channels]
    refused: NotSent | None = None
    for channel in order:
        if channel not in rules.usable or channel in without:
            continue
        for address in _addresses(contact, order_address_ids, channel):
            if not contact.allows(journey.topic, channel, address):
                refused = refused or NotSent(channel, address, "they have not agreed to it")
                continue
            if address.address_id in barred:
                refused = NotSent(channel, address, "the address bounced, or its owner complained")
                continue
            at = now
            if channel in journey.quiet:
                at = rules.quiet_hours.over(now, zone_of(contact, rules.default_zone))
            return Plan(channel, address, at)
    return refused


def zone_of(contact: Contact, default: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(contact.time_zone) if contact.time_zone else default
    except (LookupError, ValueError, OSError):
        return default  # known to an older edition of the database


def _addresses(contact: Contact, first: Sequence[UUID], channel: Channel) -> list[Address]:
    """Return the addresses that a channel leads to, those of the order before the person's others."""
    mine = [each for each in contact.addresses if each.kind is KIND_OF[channel]]
    return sorted(mine, key=lambda each: each.address_id not in first)
