"""Which changes of availability an endpoint hears of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell of stock after a change."""

    location_id: str
    item_id: str
    version: int
    """Of two changes of a cell the higher one is later."""
    revision: int
    """As in every other feed of stock."""
    as_of: datetime
    available: int
    quantities: Mapping[str, int]
    """The other numbers, by the names that the edge gives them."""


@dataclass(frozen=True, slots=True)
class Subscription:
    item_ids: frozenset[str] = frozenset()
    """Empty: all."""
    location_ids: frozenset[str] = frozenset()
    """Empty: all."""
    thresholds_only: bool = False
    low_quantity: int = 0
    out_quantity: int = 0

    def wants(self, location_id: str, item_id: str) -> bool:
        return (not self.item_ids or item_id in self.item_ids) and (
            not self.location_ids or location_id in self.location_ids
        )

    def state(self, available: int) -> str:
        """Return what a shopper would be told."""
        if available <= self.out_quantity:
            return "out"
        return "low" if available <= self.low_quantity else "in_stock"

    def cell(self, change: CellChange) -> dict[str, Any]:
        """Return what is posted of a cell: the members that the edge tells, as far as its event has them."""
        return {
            "item_id": change.item_id,
            "location_id": change.location_id,
            **change.quantities,
            "available": change.available,
            "revision": change.revision,
            "stock_state": self.state(change.available),
            "as_of": change.as_of.isoformat().replace("+00:00", "Z"),
        }
