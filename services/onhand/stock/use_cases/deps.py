"""What every use case of stock is given."""

from dataclasses import dataclass, field

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.lookups import ReadCounts
from onhand.stock.domain.reads import Rules, Tracker


@dataclass(frozen=True)
class Deps:
    database: Database
    clock: Clock
    settings: StockSettings
    rules: Rules = field(init=False)
    tracker: Tracker = field(init=False)
    read_counts: ReadCounts = field(init=False, default_factory=ReadCounts)

    def __post_init__(self) -> None:
        rules = Rules(**{name: getattr(self.settings, name) for name in Rules.__slots__})
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "tracker", Tracker(rules, self.settings.recent_tags))
