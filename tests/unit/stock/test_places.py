"""Distances against published ones."""

import pytest

from onhand.stock.domain.places import distance_metres


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        # A quarter of a great circle of the sphere of 6,371,008.8 m.
        ((0.0, 0.0), (0.0, 90.0), 10_007_557.2),
        ((90.0, 0.0), (-90.0, 0.0), 20_015_114.4),
        # Across the date line, one degree at the equator.
        ((0.0, 179.5), (0.0, -179.5), 111_195.1),
        # BNA to LAX, the worked example of Rosetta Code's "Haversine formula" (2,886.44 km at 6,371 km).
        ((36.12, -86.67), (33.94, -118.40), 2_886_448.4),
    ],
)
def test_distances_are_those_of_great_circles(
    a: tuple[float, float], b: tuple[float, float], metres: float
) -> None:
    assert distance_metres(*a, *b) == pytest.approx(metres, abs=1.0)
