"""Safety stock from sales: how much surprise to keep units back for.

    safety stock = z · √(L·σd² + d²·σL²)

Demand of d units a day with deviation σd and a lead time of L days with deviation σL are taken as independent; z is
the number of deviations that the service level takes, by the normal distribution. Sources: Silver, Pyke and
Peterson, Inventory Management and Production Planning and Scheduling, 3rd ed., chapter 7; King, Crack the Code:
Understanding safety stock and mastering its equations, APICS Magazine, July/August 2011.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from math import ceil, sqrt
from statistics import NormalDist, fmean, stdev
from uuid import UUID

from onhand.stock.domain.model import CellKey

_EXACT = 9
"""Decimals of a sum that are not noise of arithmetic; 12.0000000001 units are 12."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What sales tell of a cell."""

    mean: float
    """Units a day."""
    deviation: float
    days: int
    """Days that tell of demand."""
    empty_days: int
    """Days left out."""


@dataclass(frozen=True, slots=True)
class Replenishment:
    """How goods come, and how often they must suffice."""

    service_level: float
    """Share of replenishment cycles without a stock-out, above 0 and below 1."""
    lead_time_days: float
    lead_time_deviation_days: float

    @property
    def safety_factor(self) -> float:
        return NormalDist().inv_cdf(self.service_level)


class SuggestionState(IntEnum):
    PROPOSED = 1
    ACCEPTED = 2
    REJECTED = 3
    REPLACED = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    suggestion_id: UUID
    key: CellKey
    state: SuggestionState
    safety_stock: int
    present: int
    """The safety stock that policies said when it was computed."""
    demand: Demand
    replenishment: Replenishment
    actor: str
    create_time: datetime
    decide_actor: str = ""
    decide_time: datetime | None = None


def safety_stock(demand: Demand, replenishment: Replenishment) -> float:
    """Return the units to keep back; round up to whole ones."""
    lead_time, deviation = replenishment.lead_time_days, replenishment.lead_time_deviation_days
    surprise = sqrt(lead_time * demand.deviation**2 + demand.mean**2 * deviation**2)
    return max(0.0, replenishment.safety_factor * surprise)


def whole_units(units: float) -> int:
    return ceil(round(units, _EXACT))


def demand_of(days: Mapping[date, tuple[int, int]], sellable: int, first: date, last: date) -> Demand | None:
    """Learn a cell's demand from its days, `first` to `last`; None when fewer than two tell of it.

    `days` has the units sold and the change of sellable units of days on which either was not 0, up to the
    present, at which `sellable` are there. A day that began with nothing to sell and sold nothing tells nothing:
    to count it as a day without demand would make the scarcest goods look the least wanted.
    """
    stock = sellable - sum(change for day, (_, change) in days.items() if day > last)
    sold: list[int] = []
    empty = 0
    for day in _backwards(first, last):
        units, change = days.get(day, (0, 0))
        stock -= change
        if stock > 0 or units > 0:
            sold.append(units)
        else:
            empty += 1
    if len(sold) < 2:  # noqa: PLR2004 - one day has no deviation
        return None
    return Demand(fmean(sold), stdev(sold), len(sold), empty)


def _backwards(first: date, last: date) -> Iterable[date]:
    day = last
    while day >= first:
        yield day
        day -= timedelta(days=1)
