"""Phantom stock: the books claim units, and everything else says that there are none.

A cell's score is the probability that nothing of it can be sold, by Bayes' rule over three witnesses, taken as
independent:

- Silence. A cell that sold n times in T days and has been silent for t days would have been so by chance with
  probability (T / (T + t))ⁿ: sales as a Poisson process whose rate is known from those n sales only. That sales
  are the evidence, and that it grows with each period of none, is from DeHoratius, Mersereau and Schrage, Retail
  inventory management when records are inaccurate, M&SOM 10(2), 2008; Chen, Fixing phantom stockouts, 2014, decides
  on the number of such periods.
- Tags. A tag that readers see is a unit that is there: the score is 0. If all are unconfirmed, that happens to
  tags that are there as seldom as the reads' rules say.
- Short picks. Who went for a unit and did not find it.

Cells are ranked by what is lost each day if it is so.
"""

from dataclasses import dataclass

from onhand.stock.domain.model import CellKey


@dataclass(frozen=True, slots=True)
class Witnesses:
    """How much each piece of evidence weighs."""

    prior: float
    """Share of cells that claim stock and have none."""
    short_pick_odds: float
    """How many times likelier a short pick is where nothing is."""
    unconfirmed_probability: float
    """How often all tags of a cell are unconfirmed although they are there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    key: CellKey
    sellable: int
    sales: int
    """Sales in the time looked at, each of any number of units."""
    units: int
    """Units in these sales."""
    selling_days: float
    """From the beginning of that time to the last sign that something was there."""
    silent_days: float
    """Since that sign: a sale, an arrival, a sight, a count."""
    short_picks: int
    """Since that sign."""
    tags: int
    unconfirmed_tags: int

    @property
    def daily_demand(self) -> float:
        return self.units / max(1.0, self.selling_days)


@dataclass(frozen=True, slots=True)
class Doubt:
    evidence: Evidence
    score: float

    @property
    def daily_loss(self) -> float:
        return self.score * self.evidence.daily_demand


def score(evidence: Evidence, witnesses: Witnesses) -> float:
    """Return the probability that nothing of a cell can be sold."""
    if evidence.tags > evidence.unconfirmed_tags:
        return 0.0
    days = max(1.0, evidence.selling_days)
    present = (1 - witnesses.prior) * (days / (days + evidence.silent_days)) ** evidence.sales
    present *= witnesses.short_pick_odds**-evidence.short_picks
    if evidence.tags:
        present *= witnesses.unconfirmed_probability
    return witnesses.prior / (witnesses.prior + present)


def ranked(found: list[Evidence], witnesses: Witnesses, min_score: float, count: int) -> list[Doubt]:
    """Return the cells most worth counting: most lost a day first, then most doubtful."""
    doubts = [Doubt(each, score(each, witnesses)) for each in found]
    doubts = [each for each in doubts if each.score >= min_score]
    doubts.sort(key=lambda each: (-each.daily_loss, -each.score, each.evidence.key.item_id))
    return doubts[:count]
