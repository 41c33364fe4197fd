"""Who waits for a change of a location's tasks in this process."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from onhand.kit.errors import LimitReached


class Watchers:
    """Wakes watches of a location; what events and other processes change they see at their next look."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._by_location: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def listen(self, location_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set by each change; raises LimitReached when too many listen."""
        if self._count >= self._limit:
            raise LimitReached(f"{self._limit} watches of one process")
        changed = asyncio.Event()
        self._count += 1
        self._by_location[location_id].add(changed)
        try:
            yield changed
        finally:
            self._count -= 1
            self._by_location[location_id].discard(changed)
            if not self._by_location[location_id]:
                del self._by_location[location_id]

    def notify(self, location_ids: Iterable[str]) -> None:
        for location_id in location_ids:
            for changed in self._by_location.get(location_id, ()):
                changed.set()
