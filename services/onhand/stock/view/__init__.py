"""The view: every cell in memory, fed by the relay after a snapshot.

The feed is opened before the snapshot is taken, so that nothing falls between the two; what the snapshot has
already is recognised by its transaction. The relay says with each batch, and every second when idle, below
which revision the feed is complete: that is the view's watermark.
"""

from onhand.stock.view.replica import PAYLOADS, View, confidence
from onhand.stock.view.watchers import Watcher

__all__ = ["PAYLOADS", "View", "Watcher", "confidence"]
