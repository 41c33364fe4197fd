"""What another system says that a location had, held against the books as of then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from onhand.kit.errors import InsufficientStock
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Bucket, CellKey, Product, Reason


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a location had of a product."""

    product: Product
    units: int
    bucket: Bucket


NOTHING = Quantity(Product(), 0, Bucket.SELLABLE)
"""Stands for a line that could not be read."""


@dataclass(frozen=True, slots=True)
class Stocktaking:
    """What the quantities of one import share."""

    location_id: str
    number: str
    as_of: datetime
    counted: bool
    """By people, and not only booked elsewhere."""
    actor: str


@dataclass(frozen=True, slots=True)
class Outcome:
    item_id: str
    booked: int
    """Units in the books as of then."""
    difference: int


def settle(
    books: Books, taken: Stocktaking, item_id: str, quantity: Quantity, since: Mapping[Bucket, int]
) -> Outcome | InsufficientStock:
    """Move what the books as of then differ by; what happened since (`since`, by bucket) stays on top of it.

    The movement is dated then too, so that the same quantity again makes no difference. Fails when units that
    would have to go have left a bucket other than sellable since.
    """
    key, bucket = CellKey(taken.location_id, item_id), quantity.bucket
    cell = books.cells[key]
    booked = cell.buckets[bucket] - since.get(bucket, 0)
    difference = quantity.units - booked
    buckets = (Bucket.SHRINK, bucket) if difference > 0 else (bucket, Bucket.SHRINK)
    try:
        if difference:
            reason = Reason.COUNTED if taken.counted else Reason.ADJUSTED
            books.move(key, *buckets, abs(difference), reason)
    except InsufficientStock as error:
        return error
    if taken.counted and taken.as_of > cell.confirm_time:
        cell.confirm_time = taken.as_of
        books.changed_cells.add(key)
    return Outcome(item_id, booked, difference)
