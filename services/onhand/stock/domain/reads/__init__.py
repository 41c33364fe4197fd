"""From reads to what they mean. `docs/reads.md` tells the whole way and what each parameter trades.

`Tracker` is the memory: it drops repeats and weighs the evidence for each tag's zone. `decisions` holds
what the tracker lets through against the books.
"""

from onhand.stock.domain.reads.columns import Placed, RawRead, ReadColumns, in_columns
from onhand.stock.domain.reads.decisions import ELSEWHERE, confirm_exit, doubt, record
from onhand.stock.domain.reads.rules import Rules
from onhand.stock.domain.reads.sights import UNKNOWN_RSSI
from onhand.stock.domain.reads.tracker import Due, News, Tracker

__all__ = [
    "ELSEWHERE",
    "UNKNOWN_RSSI",
    "Due",
    "News",
    "Placed",
    "RawRead",
    "ReadColumns",
    "Rules",
    "Tracker",
    "confirm_exit",
    "doubt",
    "in_columns",
    "record",
]
