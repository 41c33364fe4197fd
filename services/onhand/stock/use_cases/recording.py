"""One transaction over what reads tell: load under lock, decide, save."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.stock import events
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import COUNTED, CellKey, Tag
from onhand.stock.domain.reads import ELSEWHERE, News
from onhand.stock.domain.reads import record as record_news
from onhand.stock.storage import books as storage
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.epcs import items_of


class Recorder:
    """One transaction over news."""

    def __init__(self, deps: Deps, news: News, actors: dict[str, str]) -> None:
        self._deps = deps
        self._news = news
        self._actors = actors
        self._here = {each.epc: each.location_id for each in news.sights}
        self._here |= {each.epc: each.location_id for each in news.beliefs}
        self.unknown = frozenset[bytes]()
        self.books: Books | None = None

    async def run(self, connection: AsyncConnection) -> int:
        items = await items_of(connection, list(self._here))
        elsewhere = await self._elsewhere(connection)
        cells = {CellKey(location_id, items[epc]) for epc, location_id in self._here.items() if epc in items}
        cells |= {CellKey(tag.location_id, tag.item_id) for tag in elsewhere.values() if tag.item_id}
        keys = {(location_id, epc) for epc, location_id in self._here.items()}
        keys |= {(tag.location_id, tag.epc) for tag in elsewhere.values()}
        books = await locked(connection, self._deps, cells, keys)
        record_news(books, self._news, items, elsewhere, self._deps.tracker, self._actors)
        self.unknown = frozenset(self._here.keys() - items.keys())
        self.books = books
        await storage.save(connection, books)
        return await outbox.add(connection, events.of_books(books, self._deps.clock))

    async def _elsewhere(self, connection: AsyncConnection) -> dict[bytes, Tag]:
        """Find tags to which another location has a claim than the one that reads them now."""
        found = await storage.find_tags(connection, list(self._here))
        claims = [
            tag
            for tag in reversed(found)
            if tag.item_id and tag.state in ELSEWHERE and tag.location_id != self._here[tag.epc]
        ]
        # Where it counts goes before where it is missed.
        return {tag.epc: tag for tag in sorted(claims, key=lambda each: each.state in COUNTED)}


async def locked(
    connection: AsyncConnection,
    deps: Deps,
    cells: set[CellKey],
    tags: set[tuple[str, bytes]],
    document: str = "settled",
) -> Books:
    """Load cells and tags under lock."""
    now = deps.clock.now()
    return Books(
        await storage.lock_cells(connection, cells, now) if cells else [],
        await storage.lock_tags(connection, tags),
        actor="stock",
        document=document,
        occur_time=now,
        new_id=deps.clock.uuid,
    )


def one_place_a_tag(news: News) -> tuple[News, News]:
    """Split news into what can be written at once and what must come after it."""
    place: dict[bytes, str] = {}
    now, later = News(), News()
    for sight in news.sights:
        at = place.setdefault(sight.epc, sight.location_id)
        (now if at == sight.location_id else later).sights.append(sight)
    for belief in news.beliefs:
        at = place.setdefault(belief.epc, belief.location_id)
        (now if at == belief.location_id else later).beliefs.append(belief)
    return now, later
