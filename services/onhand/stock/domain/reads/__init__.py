"""From reads to what they mean. `docs/reads.md` tells the whole way and what each parameter trades.

`Tracker` is the memory: it drops repeats and weighs the evidence for each tag's zone. `decisions` holds
what the tracker lets through against the books.
"""

from onhand.stock.domain.reads.decisions import ELSEWHERE, confirm_exit, doubt, record
from onhand.stock.domain.reads.rules import Rules
from onhand.stock.domain.reads.sights import UNKNOWN_RSSI
from onhand.stock.domain.reads.tracker import News, Tracker

__all__ = ["ELSEWHERE", "UNKNOWN_RSSI", "News", "Rules", "Tracker", "confirm_exit", "doubt", "record"]
