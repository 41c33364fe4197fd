"""What the tracker hands on, and how reads are reduced to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onhand.stock.domain.model import Read, ZoneKind

UNKNOWN_RSSI = -20_000
"""Stands for a strength that the reader did not tell: weaker than any that one did, in 0.01 dBm."""


@dataclass(slots=True)
class Sight:
    """All reads of one tag at one location in a batch, reduced.

    Each field is the most of its reads, so that neither their order nor a repeat changes it.
    """

    location_id: str
    epc: bytes
    zone_id: str = ""
    """Of the strongest read where a tag may rest; else where it was on its way."""
    rssi_cdbm: int = UNKNOWN_RSSI
    seen_time: datetime | None = None
    """Latest read inside."""
    rest_time: datetime | None = None
    """Latest read where a tag may rest."""
    passage_time: datetime | None = None
    """Latest read that passed a transition zone, such as the inner antenna of a portal."""
    exit_time: datetime | None = None
    """Latest read that passed an exit."""
    read_rate: float | None = None
    """Of its tag, by the evidence; None while nothing is known of it."""
    level_cdbm: int = 0
    """Its tag's usual strength in its zone; 0 while nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What the evidence of settled epochs says of a tag."""

    location_id: str
    epc: bytes
    zone_id: str
    kind: ZoneKind
    time: datetime
    """Of the last read that it rests on."""
    rssi_cdbm: int
    is_here: bool
    """Enough evidence for a tag that is not counted here."""
    read_rate: float
    dwell_s: float
    """How long it has been seen without a break."""


def latest(*times: datetime | None) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def reduce(
    reads: Iterable[Read], kinds: dict[tuple[str, str], ZoneKind], passage_rssi_cdbm: int
) -> dict[tuple[str, bytes], Sight]:
    """Reduce reads to one sight a tag and location."""
    sights: dict[tuple[str, bytes], Sight] = {}
    for read in reads:
        key = (read.location_id, read.epc)
        sight = sights.get(key)
        if sight is None:
            sight = sights[key] = Sight(*key)
        kind = kinds[read.location_id, read.zone_id]
        passes = is_passage(read.rssi_cdbm, passage_rssi_cdbm)
        if kind is ZoneKind.EXIT:
            if passes:
                sight.exit_time = latest(sight.exit_time, read.read_time)
            continue
        sight.seen_time = latest(sight.seen_time, read.read_time)
        if kind is ZoneKind.TRANSITION:
            if passes:
                sight.passage_time = latest(sight.passage_time, read.read_time)
            if sight.rest_time is None:
                sight.zone_id = max(sight.zone_id, read.zone_id)
            continue
        rssi = read.rssi_cdbm or UNKNOWN_RSSI
        # Of equally strong zones any will do, but always the same one.
        if sight.rest_time is None or (rssi, read.zone_id) > (sight.rssi_cdbm, sight.zone_id):
            sight.zone_id, sight.rssi_cdbm = read.zone_id, rssi
        sight.rest_time = latest(sight.rest_time, read.read_time)
    return sights


def is_passage(rssi_cdbm: int, passage_rssi_cdbm: int) -> bool:
    """Tell whether a read at a portal is of a tag that passes it; one that lies nearby is read weaker."""
    return rssi_cdbm == 0 or rssi_cdbm >= passage_rssi_cdbm
