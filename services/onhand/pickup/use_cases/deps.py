"""What every use case of pickup is given."""

import asyncio
from dataclasses import dataclass, field

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.pickup.config import PickupSettings
from onhand.pickup.stock import Stock
from onhand.pickup.watchers import Watchers


@dataclass(frozen=True)
class Deps:
    database: Database
    clock: Clock
    settings: PickupSettings
    stock: Stock
    watchers: Watchers = field(init=False)
    effect_added: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    """Set when stock is to be told something."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "watchers", Watchers(self.settings.max_watches))
