"""Who may hold how much, and who gives way to whom: what policies say of holds beyond the units themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onhand.kit.errors import HoldLimitReached
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Bucket, Cell, CellKey, Reservation, ReservationLine


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for units."""

    channel: str
    customer_id: str
    order_id: str
    """Empty: a basket."""


@dataclass(slots=True)
class Held:
    """What is held already, where a limit counts it."""

    customers: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    """Units by customer and item, then by order; of all locations."""
    channels: dict[tuple[str, CellKey], int] = field(default_factory=dict)
    """Units in baskets by channel and cell."""

    def by_customer(self, claim: Claim, item_id: str) -> int:
        """Return what counts against a customer's limit.

        A basket is counted with all that the customer holds. An order only with the customer's other orders:
        its own units may move from store to store, and the basket that it came from is on its way out.
        """
        orders = self.customers.get((claim.customer_id, item_id), {})
        if not claim.order_id:
            return sum(orders.values())
        return sum(units for order_id, units in orders.items() if order_id not in ("", claim.order_id))

    def add(self, claim: Claim, lines: Iterable[ReservationLine]) -> None:
        """Count what was just held."""
        for line in lines:
            if claim.customer_id:
                orders = self.customers.setdefault((claim.customer_id, line.key.item_id), {})
                orders[claim.order_id] = orders.get(claim.order_id, 0) + line.quantity
            if not claim.order_id:
                place = claim.channel, line.key
                self.channels[place] = self.channels.get(place, 0) + line.quantity


def within_limits(
    cells: Mapping[CellKey, Cell],
    held: Held,
    claim: Claim,
    lines: Sequence[tuple[CellKey, int]],
    *,
    allow_partial: bool,
    moved: bool = False,
) -> list[tuple[CellKey, int]]:
    """Return the lines as far as limits let them be; lines of nothing are left out.

    `lines` name each cell once; `moved` says that the customer holds these units already, elsewhere. Raises
    HoldLimitReached for the first line that is past a limit, or, when `allow_partial`, when nothing is left.
    """
    taken: dict[str, int] = {}
    left: list[tuple[CellKey, int]] = []
    refusal: HoldLimitReached | None = None
    for key, quantity in lines:
        units = quantity
        if key in cells and cells[key].rules:
            for limit, holder, where, count, most in _limits(cells[key], held, claim, taken, moved=moved):
                if count + units > most:
                    refusal = HoldLimitReached(limit, holder, key.item_id, where, quantity, count, most)
                    units = max(0, most - count)
                    if not allow_partial:
                        raise refusal
        taken[key.item_id] = taken.get(key.item_id, 0) + units
        if units:
            left.append((key, units))
    if refusal is not None and not left:
        raise refusal
    return left


def _limits(
    cell: Cell, held: Held, claim: Claim, taken: Mapping[str, int], *, moved: bool
) -> Iterable[tuple[str, str, str, int, int]]:
    """Yield the limits of a line: name, whose, where, units that count against it, and how many may."""
    terms, key = cell.terms(claim.channel), cell.key
    if terms.customer_limit is not None and claim.customer_id and not moved:
        count = held.by_customer(claim, key.item_id) + taken.get(key.item_id, 0)
        yield "customer_limit", claim.customer_id, "", count, terms.customer_limit
    if terms.channel_limit is not None and not claim.order_id:
        count = held.channels.get((claim.channel, key), 0)
        yield "channel_limit", claim.channel, key.location_id, count, terms.channel_limit


def shortage(cell: Cell, channel: str, quantity: int, *, ignore_safety_stock: bool) -> int:
    """Return how many units must be given back to a cell before so many of it can be held."""
    if ignore_safety_stock:
        return max(0, quantity - cell.unpromised)
    terms = cell.terms(channel)
    free = cell.unpromised - terms.kept(cell.buckets[Bucket.SELLABLE])
    return max(0, max(quantity, terms.out_quantity + 1) - free)


def gives_way(
    books: Books,
    claim: Claim,
    lines: Sequence[tuple[CellKey, int]],
    baskets: Iterable[Reservation],
    *,
    ignore_safety_stock: bool,
) -> list[Reservation]:
    """Choose the baskets that give way to an order, so that all its lines can be held; none if that is not enough.

    The latest goes first: who came before keeps what he has as long as possible. A basket is taken whole, and
    only if some line still lacks units that it has.
    """
    short: dict[CellKey, int] = {}
    for key, quantity in lines:
        cell = books.cells[key]
        lack = shortage(cell, claim.channel, quantity, ignore_safety_stock=ignore_safety_stock)
        if lack and not cell.terms(claim.channel).orders_first:
            return []
        if lack:
            short[key] = lack
    chosen: list[Reservation] = []
    for basket in sorted(baskets, key=lambda each: (each.create_time, each.reservation_id), reverse=True):
        useful = [line for line in basket.lines if line.open and short.get(line.key, 0) > 0]
        if useful:
            chosen.append(basket)
        for line in useful:
            short[line.key] -= line.open
    return [] if any(lack > 0 for lack in short.values()) else chosen
