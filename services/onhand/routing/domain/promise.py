"""By when: a lead time from now, moved to when the location is open, and the work before it in open hours.

Opening hours are the location's wall clock, so that a promise made before a change to or from
daylight-saving time is right after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from onhand.routing.domain.lifecycle import FulfilmentMethod

DAYS_AHEAD = 400
"""Days looked at for opening hours: whoever opens at all within a year is found."""


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
    exceptions: Mapping[date, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """Days of other hours, as opening and closing minute; without hours the location is closed."""

    def hours(self, day: date) -> list[tuple[int, int]]:
        """Return the spans that begin on a day, in minutes after its midnight, by the time they open."""
        if day in self.exceptions:
            return sorted(self.exceptions[day])
        if not self.openings:
            return [(0, 24 * 60)]
        of_day = [each for each in self.openings if each.day_of_week == day.isoweekday()]
        return sorted((each.open_minute, each.close_minute) for each in of_day)

    @property
    def is_always_open(self) -> bool:
        return not self.openings and not self.exceptions

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
    return after_work(earliest, timedelta(), calendar)


def after_work(start: datetime, work: timedelta, calendar: Calendar) -> datetime:
    """Return when a location that begins at `start` has worked so long in its opening hours, in UTC."""
    if calendar.is_always_open:
        return start + work
    left, done = work, start
    for opens, closes in _spans(start, calendar):
        begins = max(done, opens)  # spans may overlap
        if begins >= closes:
            continue
        if left < closes - begins:
            return begins + left
        left -= closes - begins
        done = closes
    return start + work  # it never opens; an overdue promise is what people look into


def _spans(around: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans that may contain or follow a moment, in UTC, by the time they open.

    They start two days early: a span may last past midnight of the next day.
    """
    zone = ZoneInfo(calendar.time_zone)
    today = calendar.day_of(around)
    for offset in range(-2, DAYS_AHEAD):
        day = today + timedelta(days=offset)
        for open_minute, close_minute in calendar.hours(day):
            opens, closes = wall_time(day, open_minute, zone), wall_time(day, close_minute, zone)
            if opens < closes:
                yield opens, closes


def wall_time(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return when clocks in `zone` show so many minutes past midnight of `day`, in UTC.

    The minutes are added on the wall's clock, not in elapsed time. Of a time that comes twice the first is
    meant; one that is skipped is as long after the change as it would have been.
    """
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    return naive.replace(tzinfo=zone).astimezone(UTC)
