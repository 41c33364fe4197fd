"""What policies say of holds, beyond the units themselves: read under the locks that make it true.

Where no policy applies to the cells asked for, nothing here asks the database anything.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.books import Books
from onhand.stock.domain.claims import Claim, Held, shortage
from onhand.stock.domain.model import CellKey, Reservation, ReservationState
from onhand.stock.storage import claims as storage
from onhand.stock.storage import reservations as rows

MOST_BASKETS = 1_000
"""Baskets that orders of one group may choose from; keeps the transaction short."""


class Asking(Protocol):
    """A request for units."""

    @property
    def claim(self) -> Claim: ...

    @property
    def lines(self) -> Sequence[tuple[CellKey, int]]: ...

    @property
    def ignore_safety_stock(self) -> bool: ...


async def held_already(
    connection: AsyncConnection, books: Books, asking: Sequence[Asking], now: datetime
) -> Held:
    """Count what limits count, for those of the requests that a limit applies to."""
    held = Held()
    customers: set[str] = set()
    items: set[str] = set()
    cells: set[CellKey] = set()
    for each in asking:
        for key, _ in each.lines:
            cell = books.cells.get(key)
            if cell is None or not cell.rules:
                continue
            terms = cell.terms(each.claim.channel)
            if terms.customer_limit is not None and each.claim.customer_id:
                customers.add(each.claim.customer_id)
                items.add(key.item_id)
            if terms.channel_limit is not None and not each.claim.order_id:
                cells.add(key)
    if customers:
        await storage.by_customer(connection, held, customers, items, now)
    if cells:
        await storage.by_channel(connection, held, sorted(cells), now)
    return held


async def lock_baskets(
    connection: AsyncConnection, books: Books, asking: Sequence[Asking], now: datetime
) -> list[Reservation]:
    """Lock the baskets that orders among the requests may take from, where they would be short."""
    wanted: dict[CellKey, int] = {}
    short: set[CellKey] = set()
    for each in asking:
        for key, quantity in each.lines:
            wanted[key] = wanted.get(key, 0) + quantity
    for each in asking:
        for key, _ in each.lines if each.claim.order_id else ():
            cell = books.cells.get(key)
            if cell is None or not cell.rules or not cell.terms(each.claim.channel).orders_first:
                continue
            ignore = each.ignore_safety_stock
            if shortage(cell, each.claim.channel, wanted[key], ignore_safety_stock=ignore):
                short.add(key)
    if not short:
        return []
    ids = await storage.baskets_on(connection, sorted(short), now, MOST_BASKETS)
    return [
        each
        for each in await rows.lock(connection, ids)
        if each.state is ReservationState.HELD
        and not each.order_id
        and each.expire_time is not None
        and each.expire_time > now
    ]
