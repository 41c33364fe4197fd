"""Time and failures in the life of a count, on a real database with a clock of the test's own."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.properties.test_stock_books import FakeClock

from onhand.cli.audit import run as audit
from onhand.kit.db import Database
from onhand.kit.errors import WrongState
from onhand.stock.config import StockSettings
from onhand.stock.domain.counts import Count, CountState
from onhand.stock.domain.model import Document, DocumentLine, Item, Location, Product, Zone, ZoneKind
from onhand.stock.use_cases import Catalog, Counts, Deps, Documents, Reckoning

ITEMS = 5


class Store:
    """A store with five items of a few units each."""

    def __init__(self, database: Database, settings: StockSettings) -> None:
        self.database, self.clock = database, FakeClock()
        self.deps = Deps(database, self.clock, settings)
        self.reckoning = Reckoning(self.deps)
        self.counts = Counts(self.deps, self.reckoning)
        self.location_id = f"s-{uuid4().hex}"

    async def open(self) -> None:
        location = Location(
            self.location_id,
            1,
            "",
            b"",
            None,
            None,
            "UTC",
            "",
            True,
            True,
            0,
            (Zone("floor", ZoneKind.SALES_FLOOR),),
            (),
        )
        catalog = Catalog(self.deps)
        assert await catalog.upsert_locations([location]) == [None]
        items = [Item(f"i{index}", item_class="shoes", tagged=True) for index in range(ITEMS)]
        assert await catalog.upsert_items(items) == [None] * ITEMS
        lines = [DocumentLine(Product(item_id=each.item_id), 2) for each in items]
        document = Document(self.location_id, "d", self.clock.time, lines, "test")
        await self.database.transaction(lambda c: Documents(self.deps).receive(c, document))
        self.clock.time += timedelta(hours=2)

    async def start(self) -> UUID:
        count: Count = self.counts.new(self.location_id, 1, (), (), "", "test")
        await self.database.transaction(lambda c: self.counts.start(c, count))
        return count.count_id


@pytest.fixture
def settings(fresh_settings: Callable[..., Any]) -> StockSettings:
    settings: StockSettings = fresh_settings("stock", StockSettings, count_step_tags=1)
    return settings


@pytest.fixture
async def store(settings: StockSettings) -> AsyncIterator[Store]:
    database = Database(settings, "test")
    store = Store(database, settings)
    await store.open()
    yield store
    report = await audit({"stock": str(settings.database_url)})
    assert report.findings == []
    await database.close()


async def test_a_finish_that_lost_its_caller_is_carried_on_where_it_stopped(store: Store) -> None:
    count_id = await store.start()
    await store.database.transaction(lambda c: store.counts.close(c, count_id))
    for _ in range(2):  # the caller is gone after two of five items
        await store.database.transaction(lambda c: store.reckoning._apply(c, count_id))
    halfway = await store.counts.get(count_id)
    assert (halfway.state, halfway.progress_item_id) == (CountState.FINISHING, "i1")
    with pytest.raises(WrongState):
        await store.database.transaction(lambda c: store.counts.abandon(c, count_id))
    with pytest.raises(WrongState):
        await store.start()
    assert await store.counts.tend(10) == 0  # it may still be under way
    store.clock.time += timedelta(minutes=1)
    assert await store.counts.tend(10) == 1
    finished = await store.counts.get(count_id)
    assert finished.state is CountState.FINISHED
    assert finished.result is not None
    assert (finished.result.items, finished.result.missing, finished.result.right_items) == (ITEMS, 10, 0)
    (accuracy,) = await store.counts.accuracy(store.location_id, "shoes", None, None, 10)
    assert (accuracy[1], accuracy[3].unit_accuracy_percent) == ("shoes", 0)


async def test_a_count_that_nobody_touches_expires_and_makes_way(store: Store) -> None:
    count_id = await store.start()
    store.clock.time += timedelta(hours=3)
    await store.counts.record_reads(count_id, "", [])
    store.clock.time += timedelta(hours=3)
    assert (await store.counts.get(count_id)).state is CountState.OPEN
    store.clock.time += timedelta(hours=2)
    assert (await store.counts.get(count_id)).state is CountState.EXPIRED
    with pytest.raises(WrongState, match="EXPIRED"):
        await store.database.transaction(lambda c: store.counts.close(c, count_id))
    other = await store.start()  # also before the sweep has come
    store.clock.time += timedelta(hours=5)
    assert await store.counts.tend(10) == 1
    found = await store.counts.list_page(store.location_id, 0, None, 10)
    assert [(each.count_id, each.state) for each in found] == [
        (other, CountState.EXPIRED),
        (count_id, CountState.EXPIRED),
    ]
    assert await store.counts.accuracy(store.location_id, "", None, None, 10) == []
