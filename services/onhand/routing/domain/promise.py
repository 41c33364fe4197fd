"""By when: a lead time from now, moved to when the location is open.

Opening hours are the location's wall clock, so that a promise made before a change to or from
daylight-saving time is right after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from onhand.routing.domain.lifecycle import FulfilmentMethod

DAYS_AHEAD = 9
"""Weekly hours repeat: whoever opens at all opens within these days."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One weekly span, in minutes after local midnight of its day."""

    day_of_week: int
    """ISO 8601: 1 is Monday."""
    open_minute: int
    close_minute: int
    """Up to 2880: past midnight."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a location is open."""

    time_zone: str = "UTC"
    openings: Sequence[Opening] = ()
    """None: always open."""

    def day_of(self, moment: datetime) -> date:
        """Return the day that it is there."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()


ALWAYS_OPEN = Calendar()


@dataclass(frozen=True, slots=True)
class Leads:
    """How long the work takes, from the assignment on."""

    collect: timedelta = timedelta(hours=2)
    ship: timedelta = timedelta(hours=24)

    def of(self, method: FulfilmentMethod) -> timedelta:
        return self.collect if method is FulfilmentMethod.COLLECT else self.ship


def promise_time(now: datetime, lead: timedelta, calendar: Calendar) -> datetime:
    """Return the first moment at or after `now + lead` at which the location is open, in UTC."""
    earliest = (now + lead).astimezone(UTC)
    if not calendar.openings:
        return earliest
    for opens, closes in _spans(earliest, calendar):
        if earliest < closes:
            return max(earliest, opens)
    return earliest  # every span is shorter than the hour that a clock change took from it


def _spans(around: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans that may contain or follow a moment, in UTC, by the time they open.

    They start two days early: a span may last past midnight of the next day.
    """
    zone = ZoneInfo(calendar.time_zone)
    today = around.astimezone(zone).date()
    spans = []
    for offset in range(-2, DAYS_AHEAD):
        day = today + timedelta(days=offset)
        for each in calendar.openings:
            if each.day_of_week == day.isoweekday():
                opens, closes = _wall(day, each.open_minute, zone), _wall(day, each.close_minute, zone)
                if opens < closes:
                    spans.append((opens, closes))
    yield from sorted(spans)


def _wall(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return when clocks in `zone` show so many minutes past midnight of `day`, in UTC.

    The minutes are added on the wall's clock, not in elapsed time. Of a time that comes twice the first is
    meant; one that is skipped is as long after the change as it would have been.
    """
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    return naive.replace(tzinfo=zone).astimezone(UTC)
