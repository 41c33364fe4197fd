"""What tills and people did to stock: receipts, sales, returns, adjustments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import FieldViolation, InvalidEpc, InvalidField, UnknownItem, UnknownLocation
from onhand.stock import events
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import (
    COUNTED,
    Bucket,
    CellKey,
    Document,
    DocumentLine,
    Movement,
    Product,
    Reason,
    Tag,
    TagState,
)
from onhand.stock.storage import books as storage
from onhand.stock.storage import catalog, months
from onhand.stock.use_cases.deps import Deps


@dataclass(frozen=True)
class _Line:
    """A line with its item found."""

    key: CellKey
    epc: bytes
    line: DocumentLine


class Documents:
    """Each method runs inside the caller's transaction and returns the revision of the change."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def receive(self, connection: AsyncConnection, document: Document) -> int:
        """Goods arrived: from supplier to sellable."""

        def line(books: Books, each: _Line) -> None:
            if not each.epc:
                books.move(each.key, Bucket.SUPPLIER, Bucket.SELLABLE, each.line.quantity, Reason.RECEIVED)
            elif (tag := _tag(books, each, document)).item_id is None or tag.state not in COUNTED:
                books.enter(tag, each.key.item_id, document.occur_time, Reason.RECEIVED)

        return await self._record(connection, document, line)

    async def sell(self, connection: AsyncConnection, document: Document) -> int:
        """A till sold goods: from sellable to customer, whatever the books say."""

        def line(books: Books, each: _Line) -> None:
            if each.epc:
                books.take_out(
                    _tag(books, each, document), each.key.item_id, Reason.SOLD, document.occur_time
                )
            else:
                books.move(each.key, Bucket.SELLABLE, Bucket.CUSTOMER, each.line.quantity, Reason.SOLD)

        return await self._record(connection, document, line)

    async def take_back(self, connection: AsyncConnection, document: Document) -> int:
        """A customer brought goods back: from customer to sellable, and on to the line's bucket."""

        def line(books: Books, each: _Line) -> None:
            to_bucket = each.line.to_bucket
            if not each.epc:
                books.move(each.key, Bucket.CUSTOMER, to_bucket, each.line.quantity, Reason.RETURNED)
                return
            tag = _tag(books, each, document)
            if tag.item_id is None or tag.state not in COUNTED:
                books.enter(tag, each.key.item_id, document.occur_time, Reason.RETURNED)
            item_id = each.key.item_id
            if (bucket := books.bucket_of(tag, item_id)) is not to_bucket:
                books.reassign(tag, item_id, bucket, to_bucket, Reason.RETURNED, document.occur_time)

        return await self._record(connection, document, line)

    async def ship_out(self, connection: AsyncConnection, document: Document) -> int:
        """Goods left for somebody outside: from sellable to customer."""

        def line(books: Books, each: _Line) -> None:
            if each.epc:
                books.take_out(
                    _tag(books, each, document), each.key.item_id, Reason.SHIPPED, document.occur_time
                )
            else:
                books.move(each.key, Bucket.SELLABLE, Bucket.CUSTOMER, each.line.quantity, Reason.SHIPPED)

        return await self._record(connection, document, line)

    async def adjust(self, connection: AsyncConnection, document: Document) -> int:
        """Move units between buckets by hand."""

        def line(books: Books, each: _Line) -> None:
            buckets = each.line.from_bucket, each.line.to_bucket
            if not each.epc:
                books.move(each.key, *buckets, each.line.quantity, Reason.ADJUSTED)
                return
            tag = _tag(books, each, document)
            books.reassign(tag, each.key.item_id, *buckets, Reason.ADJUSTED, document.occur_time)

        return await self._record(connection, document, line)

    async def _record(
        self, connection: AsyncConnection, document: Document, apply: Callable[[Books, _Line], None]
    ) -> int:
        lines = await find_lines(connection, document)
        clock = self._deps.clock
        cells = await storage.lock_cells(connection, [line.key for line in lines], clock.now())
        tagged = [(document.location_id, line.epc) for line in lines if line.epc]
        books = Books(
            cells,
            await storage.lock_tags(connection, tagged),
            actor=document.actor,
            document=document.number,
            occur_time=document.occur_time,
            new_id=clock.uuid,
        )
        for line in lines:
            apply(books, line)
        await storage.save(connection, books)
        self._deps.tracker.forget(tagged)
        return await outbox.add(connection, events.of_books(books, clock))

    async def list_movements(
        self, location_id: str, item_id: str, before: str | None, count: int
    ) -> tuple[list[Movement], datetime | None]:
        """Return movements, latest first, and from when on these are all."""

        async def work(connection: AsyncConnection) -> tuple[list[Movement], datetime | None]:
            found = await storage.list_movements(
                connection, location_id=location_id, item_id=item_id, before=before, count=count
            )
            # Asked last: what is archived between the two is missing and told so.
            return found, await months.history_start(connection, months.MOVEMENTS)

        return await self._deps.database.read(work)


def _tag(books: Books, line: _Line, document: Document) -> Tag:
    """Return the tag of a line; one that was never read here comes into being now."""
    key = (document.location_id, line.epc)
    found = books.tags.get(key)
    if found is not None:
        return found
    now = document.occur_time
    return books.add_tag(Tag(*key, None, TagState.PRESENT, now, "", now, now))


async def find_lines(connection: AsyncConnection, document: Document) -> list[_Line]:
    """Find the item of each line.

    Raises UnknownLocation, UnknownItem, InvalidEpc, or InvalidField when a line names one tag and another
    quantity than 1.
    """
    if not await catalog.known_locations(connection, [document.location_id]):
        raise UnknownLocation(document.location_id)
    gtins = [_gtin(line.product) for line in document.lines]
    owners = await catalog.gtin_owners(connection, {gtin for gtin in gtins if gtin})
    known = await catalog.known_items(
        connection, {line.product.item_id for line in document.lines if line.product.item_id}
    )
    lines = []
    for index, (line, gtin) in enumerate(zip(document.lines, gtins, strict=True)):
        item_id = owners.get(gtin) if gtin else line.product.item_id
        if item_id is None or (not gtin and item_id not in known):
            raise UnknownItem(line.product.epc.hex().upper() or gtin or line.product.item_id)
        if line.product.epc and line.quantity != 1:
            raise InvalidField([FieldViolation(f"lines[{index}].quantity", "must be 1 for one tag")])
        lines.append(_Line(CellKey(document.location_id, item_id), line.product.epc, line))
    _refuse_twice(lines)
    return lines


def _refuse_twice(lines: Sequence[_Line]) -> None:
    seen: set[bytes] = set()
    for index, line in enumerate(lines):
        if line.epc in seen:
            raise InvalidField([FieldViolation(f"lines[{index}].product.epc", "names a tag a second time")])
        if line.epc:
            seen.add(line.epc)


def _gtin(product: Product) -> str:
    """Return the GTIN of a product named by GTIN or EPC; empty when it is named by item id."""
    if not product.epc:
        return product.gtin
    try:
        decoded = epc_codec.decode_binary(product.epc)
    except epc_codec.EpcError as error:
        raise InvalidEpc(product.epc.hex().upper(), error.reason, error.message) from None
    if decoded.family.name != "SGTIN":
        raise UnknownItem(product.epc.hex().upper())
    return decoded.gs1_key or ""
