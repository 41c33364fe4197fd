"""When a parcel leaves and arrives, and when stores keep other hours: the merchant's tables of dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from onhand.routing.domain.promise import Calendar, wall_time

WEEKDAYS = frozenset(range(1, 6))
"""Monday to Friday, ISO 8601."""
MAX_CLOSED_DAYS = 400
"""Days in a row on which a carrier does nothing, looked at; protects from tables that close every day."""

Hours = Sequence[tuple[int, int]]
"""Opening and closing minutes of a day; none: closed."""


@dataclass(frozen=True, slots=True)
class Transit:
    days: int
    """Business days under way."""
    cost: float = 0.0
    """Of a parcel, in the unit of the policy's costs."""


@dataclass(frozen=True, slots=True)
class Band:
    up_to_km: float
    transit: Transit


DEFAULT_BANDS = (
    Band(300, Transit(1)),
    Band(1_000, Transit(2)),
    Band(2_000, Transit(3)),
    Band(float("inf"), Transit(5)),
)


@dataclass(frozen=True, slots=True)
class CarrierService:
    """One way to ship. Without arguments: what is assumed where the merchant has no table."""

    carrier_service_id: str = ""
    cut_off_minute: int | None = None
    """Local minute by which a parcel must be ready to leave on a day; None: it leaves as soon as it is."""
    collect_days: frozenset[int] = WEEKDAYS
    business_days: frozenset[int] = WEEKDAYS
    zones: Mapping[tuple[str, str], Transit] = field(default_factory=dict)
    """By the beginnings of destination and origin."""
    bands: Sequence[Band] = DEFAULT_BANDS

    def transit(self, origin: str, destination: str, km: float) -> Transit | None:
        """Return the transit between two places, such as `NL-3511AB`; None where it does not deliver."""
        if self.zones:
            for to in _beginnings(destination):
                for of in _beginnings(origin):
                    if (found := self.zones.get((to, of))) is not None:
                        return found
        return next((band.transit for band in self.bands if km <= band.up_to_km), None)


def _beginnings(place: str) -> list[str]:
    return [place[:length] for length in range(len(place), -1, -1)]


@dataclass(frozen=True, slots=True)
class Parcel:
    leave_time: datetime
    delivery_date: date
    cost: float


@dataclass(frozen=True, slots=True)
class Network:
    """One version of the tables. Without arguments: none."""

    version: int = 0
    location_days: Mapping[str, Mapping[date, Hours]] = field(default_factory=dict)
    region_days: Mapping[str, Mapping[date, Hours]] = field(default_factory=dict)
    pick_lines_per_hour: Mapping[str, float] = field(default_factory=dict)
    carrier_services: Sequence[CarrierService] = (CarrierService(),)

    def calendar(self, weekly: Calendar, location_id: str, place: str) -> Calendar:
        """Return a location's calendar with its own and its region's exceptions."""
        exceptions = {**self._of_region(place), **self.location_days.get(location_id, {})}
        return replace(weekly, exceptions=exceptions) if exceptions else weekly

    def transit(self, origin: str, destination: str, km: float) -> Transit | None:
        """Return the cheapest transit between two places; None where nobody delivers."""
        found = [each.transit(origin, destination, km) for each in self.carrier_services]
        return min((each for each in found if each), key=lambda each: each.cost, default=None)

    def parcel(
        self, ready: datetime, time_zone: str, origin: str, destination: str, km: float
    ) -> Parcel | None:
        """Return the parcel that arrives first, at equal days the cheapest; None when nobody delivers."""
        found = [
            parcel
            for service in self.carrier_services
            if (parcel := self._by(service, ready, time_zone, origin, destination, km)) is not None
        ]
        return min(found, key=lambda each: (each.delivery_date, each.cost), default=None)

    def _by(
        self,
        service: CarrierService,
        ready: datetime,
        time_zone: str,
        origin: str,
        destination: str,
        km: float,
    ) -> Parcel | None:
        transit = service.transit(origin, destination, km)
        if transit is None:
            return None
        zone = ZoneInfo(time_zone)
        leave_time, day = ready, ready.astimezone(zone).date()
        if service.cut_off_minute is not None:
            closed = self._of_region(origin)
            day = _next(day, service.collect_days, closed)
            while (leave_time := wall_time(day, service.cut_off_minute, zone)) < ready:
                day = _next(day + timedelta(days=1), service.collect_days, closed)
        closed = self._of_region(destination)
        for _ in range(transit.days):
            day = _next(day + timedelta(days=1), service.business_days, closed)
        return Parcel(leave_time, _next(day, service.business_days, closed), transit.cost)

    def _of_region(self, place: str) -> Mapping[date, Hours]:
        return self.region_days.get(place[:2], {})


def _next(day: date, days_of_week: frozenset[int], closed: Mapping[date, Hours]) -> date:
    """Return the first day from `day` on that is worked on."""
    for offset in range(MAX_CLOSED_DAYS):
        found = day + timedelta(days=offset)
        if found.isoweekday() in days_of_week and found not in closed:
            return found
    return day
