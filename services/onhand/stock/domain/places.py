"""Distances between places."""

from math import asin, cos, radians, sin, sqrt

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
