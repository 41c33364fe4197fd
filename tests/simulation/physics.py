"""What an antenna hears of a tag: path loss, walls, shadows, fading, missed passes.

The figures are those of UHF RFID in shops: backscatter falls with the fourth power of the distance, so 40 dB
a decade; a wall is crossed twice; a good tag answers in 60-70 % of the passes, a shielded one hardly ever.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

AT_ONE_METRE_DBM = -30.0
LOSS_DB_A_DECADE = 40.0
SENSITIVITY_DBM = -74.0
"""Strength at which every second answer is heard."""
SENSITIVITY_WIDTH_DB = 2.0
SHADOW_DB = 3.0
"""Spread of what stands between one spot and one antenna; it stays while the tag lies there."""
FADING_DB = 2.5
"""Spread of one read around that."""
BACK_LOBE_DB = 16.0
"""How much weaker a portal hears what lies beside it than what passes through."""


@dataclass(frozen=True)
class Antenna:
    reader_id: str
    port: int
    location_id: str
    zone_id: str
    x: float
    y: float
    z: float = 3.2
    is_portal: bool = False


@dataclass(frozen=True)
class Wall:
    """A wall along one axis: what is on its other side is heard weaker."""

    axis: int
    at: float
    loss_db: float
    until: float = 1e3
    """It ends at this place along the other axis."""


def mean_rssi(spots: Array, antennas: list[Antenna], walls: list[Wall]) -> Array:
    """Return the strength in dBm of tags at `spots` (n, 2) at each antenna, without shadow and fading."""
    at = np.array([(each.x, each.y) for each in antennas])
    height = np.array([each.z for each in antennas])
    apart = spots[:, None, :] - at[None, :, :]
    distance = np.sqrt((apart**2).sum(axis=2) + (height - 0.9) ** 2)
    rssi = AT_ONE_METRE_DBM - LOSS_DB_A_DECADE * np.log10(np.maximum(distance, 1))
    for wall in walls:
        across = (spots[:, None, wall.axis] > wall.at) != (at[None, :, wall.axis] > wall.at)
        other = 1 - wall.axis
        across &= (spots[:, None, other] < wall.until) & (at[None, :, other] < wall.until)
        rssi -= across * 2 * wall.loss_db
    return rssi - BACK_LOBE_DB * np.array([each.is_portal for each in antennas])


def heard(random: np.random.Generator, rssi: Array, answers: Array) -> tuple[Array, Array, Array]:
    """One pass: return tag, antenna and strength of each read. `answers` is each tag's chance to answer."""
    strength = rssi + random.normal(0, FADING_DB, rssi.shape)
    clear = 1 / (1 + np.exp(-(strength - SENSITIVITY_DBM) / SENSITIVITY_WIDTH_DB))
    answering = random.random(len(answers)) < answers
    hit = answering[:, None] & (random.random(rssi.shape) < clear)
    tags, antennas = np.nonzero(hit)
    return tags, antennas, strength[tags, antennas]
