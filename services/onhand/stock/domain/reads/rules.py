"""The parameters of the decisions, and the statistics of missed reads behind them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rules:
    """What each one trades against another is told in `docs/reads.md`, with the figures."""

    epoch_s: float = 10
    """Reads of one tag in one zone within an epoch are one piece of evidence."""
    lateness_s: float = 30
    """An epoch is decided on this long after its end; until then reads may come in any order."""
    sight_refresh_s: float = 60
    """A tag that stays gets its last sight written this often."""
    miss_probability: float = 0.01
    """A tag that is still there goes unread for its whole window this seldom."""
    rssi_floor_cdbm: int = -8000
    """Evidence is how far a read is above this strength."""
    hysteresis: float = 1.5
    """Another zone must have so many times the evidence of the one where the tag is."""
    move_margin_db: float = 30
    """And so much more of it, in dB summed over epochs."""
    silent_after_s: float = 60
    """A zone that read nothing at all for this long is silent: its tags keep their evidence."""
    stray_rssi_cdbm: int = -7000
    """A tag that is first seen weaker than this may be a stray read."""
    belief_db: float = 45
    """Evidence, in dB summed over epochs, that a tag is here which is not counted here."""
    belief_dwell_s: float = 1800
    """A tag seen for this long without a break is here, however weakly, unless another location has it."""
    cross_quiet_s: float = 300
    """A tag must have been unseen this long where it was before another location may have it."""
    sold_grace_s: float = 1800
    """A sold tag that is seen within this time still lingers."""
    return_dwell_s: float = 900
    """A sold tag that is seen inside for this long without a break was brought back; 0: at first sight."""
    passage_rssi_cdbm: int = -6000
    """A read at an exit weaker than this is of a tag that lies near it, not of one that passes."""
    exit_confirm_s: float = 30
    """A tag seen at an exit has left when it is not seen inside for this long; 0: at once."""
    exit_miss_probability: float = 1e-4
    """And a tag that is still there, and hardly read, is taken to have left this seldom."""
    exit_most_s: float = 1800
    """When the readers inside are silent, it has left after this long."""
    cross_ratio: float = 2
    """A location that reads a tag so many times better than the one where it counts has it."""
    reader_skew_s: float = 3
    """How much the clocks of two readers of a location may differ."""
    max_skew_s: float = 600
    """A reader that seems further off than this is not corrected: its reads are late."""
    unconfirmed_miss_probability: float = 1e-3
    """A tag that is there becomes unconfirmed this seldom."""
    unconfirmed_least_s: float = 600
    unconfirmed_most_s: float = 4 * 3600
    missing_miss_probability: float = 1e-6
    """A tag that is there becomes missing this seldom."""
    missing_least_s: float = 3600
    missing_most_s: float = 24 * 3600


UNKNOWN_STRENGTH_DB = 15.0
"""Stands for the strength of a read that did not tell it: a middling one."""
MOST_STRENGTH_DB = 40.0
"""Strength above which a read is not more evidence: it was only closer to the antenna."""
FIRST_RATE = 0.3
"""Read rate of a tag of which nothing is known: below the usual 60-70 %, so as to be slow at first."""
RATE_MEMORY = 96
"""Epochs over which a tag's read rate is averaged at least: longer is steadier, and slower when a tag moves to a
place where it is read otherwise."""
RATE_MEMORY_READS = 16
"""And so many reads: of a tag that is hardly read, few epochs tell nothing."""
MOST_RATE_MEMORY = 2000
LEAST_WINDOW = 5
MOST_WINDOW = 60
"""Epochs over which evidence for a zone is summed, whatever the tag's read rate."""


def window_epochs(rate: Floats | float, miss_probability: float) -> Floats:
    """Return how many epochs a tag must go unread before that tells something.

    A tag that is read with probability p an epoch is missed w times in a row with probability (1-p)^w, which
    is at most e^(-pw): w = ln(1/δ)/p keeps it below δ. Jeffery, Garofalakis and Franklin, "Adaptive Cleaning
    for RFID Data Streams" (VLDB 2006), 4.1, their equation 2.
    """
    window: Floats = np.log(1 / miss_probability) / np.asarray(rate, dtype=float)
    return window


def has_departed(seen: Floats, window: Floats, rate: Floats) -> Flags:
    """Tell whether so few reads in a window are a departure rather than missed reads.

    The count of reads is binomial, B(w, p); more than two standard deviations below its mean is not chance.
    The same paper, 4.1, "statistically significant variation", here on the low side only.
    """
    expected = window * rate
    departed: Flags = seen < expected - 2 * np.sqrt(expected * (1 - rate))
    return departed


def rate_memory(rate: Floats) -> Floats:
    """Return over how many epochs a read rate is averaged."""
    memory: Floats = np.clip(RATE_MEMORY_READS / rate, RATE_MEMORY, MOST_RATE_MEMORY)
    return memory


FIRST_AGE = 3
"""Epochs that FIRST_RATE counts as."""


def cautious(rate: float, age: float) -> float:
    """Return a read rate that a tag of which `rate` was seen over `age` epochs hardly stays below.

    The share of epochs in which it was read is two standard deviations off at most. For a tag that is read
    well and is known for long this changes little, for others much.
    """
    return max(rate - 2 * float(np.sqrt(rate * (1 - rate) / age)), rate / 6)
