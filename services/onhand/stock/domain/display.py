"""How availability is shown to a channel."""

from dataclasses import dataclass
from enum import IntEnum


class StockState(IntEnum):
    """The numbers are those of the contract."""

    IN_STOCK = 1
    LOW = 2
    OUT = 3


@dataclass(frozen=True, slots=True)
class DisplayPolicy:
    channel: str = ""
    low_quantity: int = 0
    out_quantity: int = 0
    hide_quantities: bool = False

    def state(self, available: int) -> StockState:
        if available <= self.out_quantity:
            return StockState.OUT
        return StockState.LOW if available <= self.low_quantity else StockState.IN_STOCK


PLAIN = DisplayPolicy()
"""What a channel without a policy of its own sees."""
