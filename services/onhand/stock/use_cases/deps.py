"""What every use case of stock is given."""

from dataclasses import dataclass, field
from datetime import timedelta

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.lookups import ReadCounts
from onhand.stock.domain.reads import RecentSights, Rules


@dataclass(frozen=True)
class Deps:
    database: Database
    clock: Clock
    settings: StockSettings
    rules: Rules = field(init=False)
    recent: RecentSights = field(init=False)
    read_counts: ReadCounts = field(init=False, default_factory=ReadCounts)

    def __post_init__(self) -> None:
        settings = self.settings
        rules = Rules(
            smoothing_window=timedelta(seconds=settings.smoothing_window_s),
            sight_refresh=timedelta(seconds=settings.sight_refresh_s),
            zone_hysteresis_cdb=settings.zone_hysteresis_cdb,
            sold_grace=timedelta(seconds=settings.sold_grace_s),
            cross_quiet=timedelta(seconds=settings.cross_quiet_s),
            cross_reads=settings.cross_reads,
        )
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "recent", RecentSights(rules, settings.recent_tags))
