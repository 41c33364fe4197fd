"""Absolute quantities from other systems become differences in the books."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import (
    BeforeHistory,
    FieldViolation,
    InvalidField,
    OnhandError,
    UnknownItem,
    UnknownLocation,
)
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import Bucket, CellKey
from onhand.stock.domain.quantities import NOTHING, Outcome, Quantity, Stocktaking, settle
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog, history
from onhand.stock.use_cases.deps import Deps


class Quantities:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def set(
        self,
        connection: AsyncConnection,
        taken: Stocktaking,
        quantities: Sequence[Quantity | OnhandError],
        *,
        validate_only: bool,
    ) -> tuple[list[Outcome | OnhandError], int]:
        """Make the books as of a time what they should have been; returns one outcome a line, and the revision.

        An error in `quantities` stands for a line that could not be read. Runs inside the caller's transaction.
        Raises UnknownLocation, BeforeHistory, or InvalidField for a time to come.
        """
        now = self._deps.clock.now()
        if taken.as_of > now:
            raise InvalidField([FieldViolation("as_of_time", "is still to come")])
        if not await catalog.known_locations(connection, [taken.location_id]):
            raise UnknownLocation(taken.location_id)
        items = await _items(connection, quantities)
        found = {CellKey(taken.location_id, each) for each, _ in items if isinstance(each, str)}
        if validate_only:
            cells = await storage.read_cells(connection, [taken.location_id], [key.item_id for key in found])
            known = [*cells.values(), *(storage.empty_cell(key, now) for key in found - cells.keys())]
        else:
            known = await storage.lock_cells(connection, found, now)
        books = Books(
            known,
            (),
            actor=taken.actor,
            document=taken.number,
            occur_time=taken.as_of,
            new_id=self._deps.clock.uuid,
        )
        # Under the lock no movement of these cells is under way.
        since = await history.occurred_since(
            connection, taken.location_id, {key.item_id for key in found}, taken.as_of
        )
        # Asked last: what is archived between the two is missing in the sums.
        archived = await history.archived_before(connection)
        if archived is not None and taken.as_of < archived:
            raise BeforeHistory(archived.isoformat().replace("+00:00", "Z"))
        outcomes = [
            each
            if isinstance(each, OnhandError)
            else settle(books, taken, each, quantity, since.get(each, {}))
            for each, quantity in items
        ]
        if validate_only or not books.changed_cells:
            return outcomes, 0
        await storage.save(connection, books)
        return outcomes, await outbox.add(connection, events.of_books(books, self._deps.clock))


async def _items(
    connection: AsyncConnection, quantities: Sequence[Quantity | OnhandError]
) -> list[tuple[str | OnhandError, Quantity]]:
    """Return each line with the item that it names, or with why it names none that may be named there."""
    products = [each.product for each in quantities if isinstance(each, Quantity)]
    owners = await catalog.gtin_owners(connection, {each.gtin for each in products if each.gtin})
    known = await catalog.known_items(connection, {each.item_id for each in products if each.item_id})
    items: list[tuple[str | OnhandError, Quantity]] = []
    seen: set[tuple[str, Bucket]] = set()
    for each in quantities:
        if isinstance(each, OnhandError):
            items.append((each, NOTHING))
            continue
        gtin, named = each.product.gtin, each.product.item_id
        item_id = owners.get(gtin) if gtin else named if named in known else None
        found: str | OnhandError
        if each.product.epc:
            found = InvalidField([FieldViolation("product.epc", "a tag has no quantity")])
        elif item_id is None:
            found = UnknownItem(gtin or named)
        elif (item_id, each.bucket) in seen:
            found = InvalidField([FieldViolation("product", "names an item and bucket a second time")])
        else:
            seen.add((item_id, each.bucket))
            found = item_id
        items.append((found, each))
    return items
