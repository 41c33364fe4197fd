"""What the find mode knows of a tag, from what stock keeps of it and from its reads as they come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onhand.pickup.domain.scans import Sighting

COLD = timedelta(seconds=60)
"""Age of a last sight that is no hint any more."""
FAINT_CDBM, STRONG_CDBM = -7_500, -3_500
"""Signal strengths of a tag at the edge of a handheld's field, and in front of it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One read of a tag."""

    read_time: datetime
    zone_id: str
    rssi_cdbm: int
    """0: not known."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of a tag at a location."""

    sighting: Sighting | None
    """At the location; None: never seen there."""
    epc: str
    item_id: str
    task_id: str
    """Which task holds it; empty: none."""
    now: datetime
    rssi_cdbm: int = 0
    """Of the last read; 0: not known."""

    @property
    def heat(self) -> float:
        """How fresh the last sight is, from 1 to 0."""
        if self.sighting is None or self.sighting.last_seen_time is None:
            return 0.0
        return min(max(1 - (self.now - self.sighting.last_seen_time) / COLD, 0.0), 1.0)

    @property
    def nearness(self) -> float:
        """How strong the last read was, from 1 to 0, fading as it gets cold."""
        if self.rssi_cdbm == 0:
            return 0.0
        strength = (self.rssi_cdbm - FAINT_CDBM) / (STRONG_CDBM - FAINT_CDBM)
        return min(max(strength, 0.0), 1.0) * self.heat

    def after(self, sight: Sight | None) -> "Trace":
        """Return what is known with a read of it, unless stock has seen it later."""
        here = self.sighting
        if sight is None or here is None:
            return self
        if here.last_seen_time is not None and here.last_seen_time > sight.read_time:
            return self
        seen = replace(here, zone_id=sight.zone_id, last_seen_time=sight.read_time)
        return replace(self, sighting=seen, rssi_cdbm=sight.rssi_cdbm)

    def tells_more_than(self, told: "Trace") -> bool:
        """Tell whether anything but the time differs from what was told."""
        return replace(self, now=told.now) != told
