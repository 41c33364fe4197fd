"""Why a number is what it is: its terms, and what each source does to them.

    available = on hand − unavailable − reserved − committed − safety stock, not below 0

Each term has the sign by which it counts, so that they simply add up. What the rule "not below 0" adds, and what a
policy's out-of-stock threshold takes, is a term too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from onhand.stock.domain.counts import CountKind
from onhand.stock.domain.model import INSIDE, Bucket, Cell

ON_HAND = tuple(each for each in INSIDE if each is not Bucket.IN_TRANSIT)
UNAVAILABLE = tuple(each for each in ON_HAND if each is not Bucket.SELLABLE)


class TermKind(IntEnum):
    """The numbers are those of the contract."""

    ON_HAND = 1
    UNAVAILABLE = 2
    RESERVED = 3
    COMMITTED = 4
    SAFETY_STOCK = 5
    SHORT = 6


@dataclass(frozen=True, slots=True)
class Effect:
    """What something does to a term."""

    kind: TermKind
    bucket: Bucket | None
    """Of UNAVAILABLE, which."""
    quantity: int


@dataclass(frozen=True, slots=True)
class Term:
    """A summand of what is available."""

    kind: TermKind
    bucket: Bucket | None
    quantity: int
    opening: int
    """Of `quantity`, what archived movements add up to."""
    source_count: int


@dataclass(frozen=True, slots=True)
class Held:
    """A line of a reservation that holds units."""

    reservation_id: UUID
    order_id: str
    channel: str
    quantity: int
    committed: bool
    create_time: datetime
    expire_time: datetime | None

    @property
    def effect(self) -> Effect:
        return Effect(TermKind.COMMITTED if self.committed else TermKind.RESERVED, None, -self.quantity)


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule that keeps units back."""

    name: str
    quantity: int

    @property
    def effect(self) -> Effect:
        return Effect(TermKind.SAFETY_STOCK, None, -self.quantity)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a finished count found of an item."""

    count_id: UUID
    kind: CountKind
    actor: str
    end_time: datetime
    missing: int
    found: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many sources stand behind the terms of a cell, and what of it is in archives."""

    movements: Mapping[Bucket, int]
    """Movements in the ledger that touch a bucket."""
    on_hand_movements: int
    opening: Mapping[Bucket, int]
    reserved_lines: int
    committed_lines: int


def movement_effects(from_bucket: Bucket, to_bucket: Bucket, quantity: int) -> list[Effect]:
    """Return what a movement does to the terms; one from damaged to quarantined leaves what is on hand alone."""
    on_hand = quantity * ((to_bucket in ON_HAND) - (from_bucket in ON_HAND))
    effects = [Effect(TermKind.ON_HAND, None, on_hand)] if on_hand else []
    for bucket, units in ((from_bucket, quantity), (to_bucket, -quantity)):
        if bucket in UNAVAILABLE:
            effects.append(Effect(TermKind.UNAVAILABLE, bucket, units))
    return effects


def terms(cell: Cell, policies: Sequence[Policy], tally: Tally, channel: str = "") -> list[Term]:
    """Return the terms of a cell, whose lapsed holds were taken out. They add up to what is available to a channel."""

    def opening(buckets: Iterable[Bucket]) -> int:
        return sum(tally.opening.get(each, 0) for each in buckets)

    found = [Term(TermKind.ON_HAND, None, cell.on_hand, opening(ON_HAND), tally.on_hand_movements)]
    found += [
        Term(TermKind.UNAVAILABLE, each, -cell.buckets[each], -opening([each]), tally.movements.get(each, 0))
        for each in UNAVAILABLE
    ]
    found.append(Term(TermKind.RESERVED, None, -cell.reserved, 0, tally.reserved_lines))
    found.append(Term(TermKind.COMMITTED, None, -cell.committed, 0, tally.committed_lines))
    kept = sum(each.quantity for each in policies)
    found.append(Term(TermKind.SAFETY_STOCK, None, -kept, 0, len(policies)))
    total = sum(each.quantity for each in found)
    found.append(Term(TermKind.SHORT, None, cell.available_to(channel) - total, 0, 0))
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """What changed at a moment."""

    time: datetime
    buckets: Mapping[Bucket, int]
    reserved: int
    committed: int


def undo(cell: Cell, step: Step) -> None:
    """Make a cell what it was before a step."""
    for bucket, units in step.buckets.items():
        cell.buckets[bucket] -= units
    cell.reserved -= step.reserved
    cell.committed -= step.committed
