"""Who hears of which cell."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from onhand.kit.errors import LimitReached
from onhand.stock.domain.model import CellKey


@dataclass(eq=False)
class Watcher:
    """One reader of changes. A cell that changes twice before it is read is read once, with its last value."""

    item_ids: frozenset[str]
    """Empty: all."""
    location_ids: frozenset[str] | None
    """None: all."""
    max_pending: int
    pending: dict[CellKey, None] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    overrun: bool = False

    def wants(self, key: CellKey) -> bool:
        return (not self.item_ids or key.item_id in self.item_ids) and (
            self.location_ids is None or key.location_id in self.location_ids
        )

    def put(self, key: CellKey) -> None:
        if len(self.pending) >= self.max_pending and key not in self.pending:
            self.overrun = True
        else:
            self.pending[key] = None
        self.changed.set()

    def take(self, count: int) -> list[CellKey]:
        """Take up to `count` changed cells. Raises LimitReached when too many had waited."""
        if self.overrun:
            raise LimitReached(f"{self.max_pending} changed cells that wait for one watcher")
        keys = list(self.pending)[:count]
        for key in keys:
            del self.pending[key]
        if not self.pending:
            self.changed.clear()
        return keys


class Watchers:
    """All watchers, found by what they watch: a change asks only those that it may concern."""

    def __init__(self) -> None:
        self._all: set[Watcher] = set()
        self._by_item: dict[str, set[Watcher]] = {}
        self._by_location: dict[str, set[Watcher]] = {}
        self._of_everything: set[Watcher] = set()

    def __iter__(self) -> Iterator[Watcher]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, watcher: Watcher) -> None:
        self._all.add(watcher)
        index, names = self._place(watcher)
        if not names:
            self._of_everything.add(watcher)
        for name in names:
            index.setdefault(name, set()).add(watcher)

    def remove(self, watcher: Watcher) -> None:
        self._all.discard(watcher)
        self._of_everything.discard(watcher)
        index, names = self._place(watcher)
        for name in names:
            index[name].discard(watcher)
            if not index[name]:
                del index[name]

    def tell(self, key: CellKey) -> None:
        """Tell those who want it that a cell has changed."""
        if not self._all:
            return
        for found in (
            self._by_item.get(key.item_id, ()),
            self._by_location.get(key.location_id, ()),
            self._of_everything,
        ):
            for watcher in found:
                if watcher.wants(key):
                    watcher.put(key)

    def _place(self, watcher: Watcher) -> tuple[dict[str, set[Watcher]], frozenset[str]]:
        """Under what a watcher is found: its items, or without any its locations."""
        if watcher.item_ids:
            return self._by_item, watcher.item_ids
        return self._by_location, watcher.location_ids or frozenset()
