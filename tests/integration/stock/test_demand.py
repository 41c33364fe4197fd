"""What sales led to: suggestions that a merchant decides on, and cells to count."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from onhand.kit.db import Database
from onhand.kit.errors import NotFound, UnknownItem, UnknownLocation, WrongState
from onhand.stock.config import StockSettings
from onhand.stock.domain.demand import Replenishment, SuggestionState
from onhand.stock.domain.model import Bucket, CellKey, Document, DocumentLine, Item, Location, Product
from onhand.stock.domain.policies import Rule, Scope
from onhand.stock.use_cases import Availability, Catalog, Demand, Deps, Documents, Policies, Reservations
from onhand.stock.use_cases.reservations import Hold

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEKLY = Replenishment(0.95, 7, 1)


class Days:
    """A store whose days the test makes."""

    def __init__(self, database: Database, settings: StockSettings) -> None:
        self.time = NOON
        self._count = 0
        self.store = f"d-{uuid4().hex}"
        self.database = database
        deps = Deps(database, self, settings)
        self.catalog, self.documents, self.reservations = Catalog(deps), Documents(deps), Reservations(deps)
        self.policies, self.availability = Policies(deps), Availability(deps)
        self.demand = Demand(deps, self.policies)

    def now(self) -> datetime:
        return self.time

    def uuid(self) -> UUID:
        self._count += 1
        return UUID(int=(int(self.time.timestamp() * 1000) << 80) | 0x7 << 76 | 0b10 << 62 | self._count)

    def digits(self, count: int) -> str:
        return "0" * count

    async def open(self, *item_ids: str) -> None:
        items = [Item(each, item_class="shoes") for each in item_ids]
        place = Location(self.store, 1, "", b"", None, None, "America/Los_Angeles", "", True, True, 1, (), ())
        assert not any(await self.catalog.upsert_items(items))
        assert not any(await self.catalog.upsert_locations([place]))

    async def record(self, method: Callable[..., Any], item_id: str, quantity: int) -> None:
        line = DocumentLine(Product(item_id=item_id), quantity)
        document = Document(self.store, "d", self.time, [line], "test")
        await self.database.transaction(lambda c: method(c, document))

    async def suggest(self, *item_ids: str) -> tuple[int, int]:
        return await self.database.transaction(
            lambda c: self.demand.suggest(c, self.store, item_ids, WEEKLY, "ann")
        )

    async def decide(self, state: SuggestionState, *ids: UUID) -> None:
        await self.database.transaction(lambda c: self.demand.decide(c, ids, state, "", "bob"))

    async def available(self, item_id: str) -> int:
        cells, _, _ = await self.availability.read_now([item_id], [self.store])
        return cells[CellKey(self.store, item_id)].available


@pytest.fixture
async def days(settings: StockSettings) -> AsyncIterator[Days]:
    database = Database(settings, "test")
    yield Days(database, settings)
    await database.close()


async def live(days: Days, item_id: str, sold: list[int]) -> None:
    """Receive plenty, and sell so many each day."""
    await days.record(days.documents.receive, item_id, 1_000)
    for units in sold:
        if units:
            await days.record(days.documents.sell, item_id, units)
        days.time += timedelta(days=1)


async def test_a_suggestion_that_is_accepted_is_kept_back_and_one_rejected_is_not(days: Days) -> None:
    await days.open("a", "b", "c")
    await days.record(days.documents.receive, "b", 500)
    await days.record(days.documents.sell, "b", 500)
    await live(days, "a", [2, 4] * 10)
    # b was sold out on its first day, c never came: of both it is not known what they would have sold.
    assert await days.suggest("a", "b", "c") == (1, 2)
    (found,) = await days.demand.list_page(days.store, 0, None, 10)
    # Of the ninety whole days, the twenty on which it was there.
    assert (found.demand.days, found.demand.empty_days, found.present) == (20, 70, 1)
    assert found.demand.mean == pytest.approx(3)
    # 1.645 · √(7 · 1.026² + 3² · 1²) = 6.7
    assert (found.safety_stock, found.state) == (7, SuggestionState.PROPOSED)
    before = await days.available("a")
    await days.policies.set([(Rule(Scope("a", "", days.store), customer_limit=4), "")], "ann")
    await days.decide(SuggestionState.ACCEPTED, found.suggestion_id)
    assert await days.available("a") == before + 1 - 7
    (policy,) = await days.policies.list_page(("",) * 4, 9, Scope(location_id=days.store), first=True)
    assert (policy.rule.safety_stock, policy.rule.customer_limit, policy.actor) == (7, 4, "bob")
    with pytest.raises(WrongState, match="ACCEPTED"):
        await days.decide(SuggestionState.REJECTED, found.suggestion_id)
    await days.suggest()
    await days.suggest("a")
    states = [each.state.name for each in await days.demand.list_page(days.store, 0, None, 10)]
    assert states == ["PROPOSED", "REPLACED", "ACCEPTED"]
    (proposed,) = await days.demand.list_page(days.store, SuggestionState.PROPOSED, None, 10)
    await days.decide(SuggestionState.REJECTED, proposed.suggestion_id)
    assert await days.available("a") == before + 1 - 7


async def test_what_cannot_be_suggested_or_decided_says_why(days: Days) -> None:
    await days.open("a")
    with pytest.raises(UnknownItem):
        await days.suggest("nothing")
    with pytest.raises(NotFound):
        await days.decide(SuggestionState.ACCEPTED, uuid4())
    days.store = "nowhere"
    with pytest.raises(UnknownLocation):
        await days.suggest()
    with pytest.raises(UnknownLocation):
        await days.demand.doubtful(days.store, 0.5, 10)


async def test_what_stopped_selling_and_what_pickers_did_not_find_is_to_be_counted(days: Days) -> None:
    await days.open("fast", "slow", "sought", "sound")
    for item_id in ("slow", "sought", "sound"):
        await days.record(days.documents.receive, item_id, 50)
    await days.record(days.documents.sell, "slow", 1)
    await live(days, "fast", [3] * 30)
    for _ in range(15):
        days.time += timedelta(days=1)
        await days.record(days.documents.sell, "sound", 1)
    for _ in range(3):
        await short_pick(days, "sought")
    found = await days.demand.doubtful(days.store, 0.5, 10)
    assert [each.evidence.key.item_id for each, _ in found] == ["fast", "sought"]
    assert {item_class for _, item_class in found} == {"shoes"}
    fast, sought = (each for each, _ in found)
    assert (fast.evidence.sales, fast.evidence.units) == (30, 90)
    assert fast.evidence.silent_days == pytest.approx(16, abs=0.01)
    assert sought.evidence.short_picks == 3
    await days.record(days.documents.sell, "fast", 1)  # one was there after all
    found = await days.demand.doubtful(days.store, 0.5, 10)
    assert [each.evidence.key.item_id for each, _ in found] == ["sought"]


async def short_pick(days: Days, item_id: str) -> None:
    key, hold_id = CellKey(days.store, item_id), uuid4()
    hold = Hold(hold_id, [(key, 1)], 60, "web", "", "", False, False, "test", b"", str)
    await days.reservations.create(hold)
    days.time += timedelta(seconds=1)
    lines = [(key, 1, Bucket.MISSING)]
    await days.database.transaction(lambda c: days.reservations.release(c, hold_id, lines, "test"))
