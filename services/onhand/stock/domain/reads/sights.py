"""What the tracker hands on, and how reads are reduced to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onhand.stock.domain.model import ZoneKind
from onhand.stock.domain.reads.columns import from_us

UNKNOWN_RSSI = -20_000
"""Stands for a strength that the reader did not tell: weaker than any that one did, in 0.01 dBm."""


@dataclass(slots=True)
class Sight:
    """All reads of one tag by one reader at one location that came together, reduced.

    Each field is the most of its reads, so that neither their order nor a repeat changes it.
    """

    location_id: str
    epc: bytes
    reader_id: str = ""
    batch: int = 0
    """The first of the batches that it is of."""
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
    found = None
    for each in times:  # a generator for `max` would take three times as long, and each read asks
        if each is not None and (found is None or each > found):
            found = each
    return found


def reduce(
    location_id: str, reads: Iterable[tuple[int, tuple[str, ZoneKind], int, int]], passage_rssi_cdbm: int
) -> dict[int, Sight]:
    """Reduce reads (row of the tag, zone and its kind, microseconds, strength) to one sight a row."""
    sights: dict[int, Sight] = {}
    for row, (zone_id, kind), time_us, rssi_cdbm in reads:
        time = from_us(time_us)
        sight = sights.get(row)
        if sight is None:
            sight = sights[row] = Sight(location_id, b"")
        passes = is_passage(rssi_cdbm, passage_rssi_cdbm)
        if kind is ZoneKind.EXIT:
            if passes:
                sight.exit_time = latest(sight.exit_time, time)
            continue
        sight.seen_time = latest(sight.seen_time, time)
        if kind is ZoneKind.TRANSITION:
            if passes:
                sight.passage_time = latest(sight.passage_time, time)
            if sight.rest_time is None:
                sight.zone_id = max(sight.zone_id, zone_id)
            continue
        rssi = rssi_cdbm or UNKNOWN_RSSI
        # Of equally strong zones any will do, but always the same one.
        if sight.rest_time is None or (rssi, zone_id) > (sight.rssi_cdbm, sight.zone_id):
            sight.zone_id, sight.rssi_cdbm = zone_id, rssi
        sight.rest_time = latest(sight.rest_time, time)
    return sights


def is_passage(rssi_cdbm: int, passage_rssi_cdbm: int) -> bool:
    """Tell whether a read at a portal is of a tag that passes it; one that lies nearby is read weaker."""
    return rssi_cdbm == 0 or rssi_cdbm >= passage_rssi_cdbm
