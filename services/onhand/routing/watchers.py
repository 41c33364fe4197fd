"""Who in this process waits for an order to change."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Watchers:
    """Wakes the watchers of an order. Changes by other processes are found by looking now and then."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def notify(self, order_id: str) -> None:
        for changed in self._waiting.get(order_id, ()):
            changed.set()

    @contextmanager
    def watching(self, order_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at every change from now on; the watcher clears it."""
        changed = asyncio.Event()
        waiting = self._waiting.setdefault(order_id, set())
        waiting.add(changed)
        try:
            yield changed
        finally:
            waiting.remove(changed)
            if not waiting:
                self._waiting.pop(order_id, None)
