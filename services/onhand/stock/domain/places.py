"""Distances between places."""

from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

from onhand.stock.domain.model import Location

MINUTES_A_DAY = 1_440

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the Earth, metres (IUGG 1980)."""


def distance_metres(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Return the great-circle distance of two places in degrees, in metres, by the haversine formula.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    phi_a, phi_b = radians(latitude_a), radians(latitude_b)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = radians(longitude_b - longitude_a) / 2
    h = sin(half_phi) ** 2 + cos(phi_a) * cos(phi_b) * sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h)))


def is_open(location: Location, moment: datetime) -> bool:
    """Tell whether a location is open; one without opening hours always is.

    A span may go past midnight: its close_minute is then above 1,440 and it belongs to the day of its start.
    """
    if not location.opening_hours:
        return True
    local = moment.astimezone(ZoneInfo(location.time_zone))
    minute, today = local.hour * 60 + local.minute, local.isoweekday()
    yesterday = (today - 2) % 7 + 1
    for span in location.opening_hours:
        if span.day_of_week == today and span.open_minute <= minute < span.close_minute:
            return True
        if span.day_of_week == yesterday and minute + MINUTES_A_DAY < span.close_minute:
            return True
    return False


def postal_key(postal_code: str) -> str:
    """Return a postal code as it is kept: upper case, without spaces."""
    return "".join(postal_code.split()).upper()
