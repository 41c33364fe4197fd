"""Whatever happens to a cell, its terms add up, and its past is what was answered then."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from onhand.cli.audit import run as audit
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.errors import OnhandError
from onhand.stock.config import StockSettings
from onhand.stock.domain.explanations import TermKind, movement_effects
from onhand.stock.domain.model import (
    INSIDE,
    Bucket,
    CellKey,
    Document,
    DocumentLine,
    Item,
    Location,
    Product,
    Reason,
    Standing,
)
from onhand.stock.domain.policies import Rule, Scope
from onhand.stock.domain.quantities import Quantity, Stocktaking
from onhand.stock.storage import books
from onhand.stock.use_cases import (
    Availability,
    Catalog,
    Deps,
    Desk,
    Documents,
    Explanations,
    Policies,
    Quantities,
    Reservations,
)
from onhand.stock.use_cases.desk import Move
from onhand.stock.use_cases.reservations import Hold

ON_SHELF = (Bucket.SELLABLE, Bucket.DAMAGED, Bucket.QUARANTINED, Bucket.MISSING)
STEPS = st.one_of(
    st.tuples(st.just("receive"), st.integers(1, 9)),
    st.tuples(st.just("sell"), st.integers(1, 4)),
    st.tuples(st.just("adjust"), st.integers(1, 3), st.sampled_from(ON_SHELF), st.sampled_from(ON_SHELF)),
    st.tuples(st.just("count"), st.integers(0, 9)),
    st.tuples(st.just("hold"), st.integers(1, 4)),
    st.tuples(st.just("order"), st.integers(1, 4)),
    st.tuples(st.just("move"), st.integers(0, 3), st.integers(1, 2)),
    st.tuples(st.just("move_back"), st.integers(0, 3)),
    st.tuples(st.just("extend"), st.integers(0, 3)),
    st.tuples(st.just("commit"), st.integers(0, 3)),
    st.tuples(st.just("release"), st.integers(0, 3), st.integers(1, 2)),
    st.tuples(st.just("fulfil"), st.integers(0, 3), st.integers(1, 2)),
)


class Store:
    """A cell of its own, and what can be done to it."""

    def __init__(self, database: Database, configured: StockSettings, safety_stock: int) -> None:
        deps = Deps(database, SystemClock(), configured)
        self.database, self.clock = database, deps.clock
        self.documents, self.reservations = Documents(deps), Reservations(deps)
        self.quantities = Quantities(deps)
        self.availability, self.explanations = Availability(deps), Explanations(deps)
        self.catalog, self.policies = Catalog(deps), Policies(deps)
        self.desk = Desk(deps, self.reservations)
        self.key = CellKey(f"s-{uuid4().hex}", f"i-{uuid4().hex}")
        self.elsewhere = f"s-{uuid4().hex}"
        self.safety_stock = safety_stock
        self.holds: list[UUID] = []

    async def open(self) -> None:
        locations = [
            Location(each, 1, "", b"", None, None, "UTC", "", True, True, self.safety_stock, (), ())
            for each in (self.key.location_id, self.elsewhere)
        ]
        assert await self.catalog.upsert_locations(locations) == [None, None]
        assert await self.catalog.upsert_items([Item(self.key.item_id)]) == [None]
        more = Document(self.elsewhere, "d", self.clock.now(), [self.line(5)], "test")
        await self.database.transaction(lambda c: self.documents.receive(c, more))
        if self.safety_stock % 2:
            scope = Scope(self.key.item_id)
            rule = Rule(scope, kept_percent=30, out_quantity=self.safety_stock, orders_first=True)
            await self.policies.set([(rule, "")], "test")

    async def record(self, method: Callable[..., Any], line: DocumentLine) -> None:
        document = Document(self.key.location_id, "d", self.clock.now(), [line], "test")
        await self.database.transaction(lambda c: method(c, document))

    async def do(self, step: tuple[Any, ...]) -> None:
        """Do a step; one that the books refuse changes nothing."""
        with suppress(OnhandError):
            await getattr(self, step[0])(*step[1:])

    def line(self, quantity: int, *buckets: Bucket) -> DocumentLine:
        return DocumentLine(Product(item_id=self.key.item_id), quantity, *buckets)

    async def receive(self, quantity: int) -> None:
        await self.record(self.documents.receive, self.line(quantity))

    async def sell(self, quantity: int) -> None:
        await self.record(self.documents.sell, self.line(quantity))

    async def adjust(self, quantity: int, from_bucket: Bucket, to_bucket: Bucket) -> None:
        if from_bucket is not to_bucket:
            await self.record(self.documents.adjust, self.line(quantity, from_bucket, to_bucket))

    async def count(self, quantity: int) -> None:
        taken = Stocktaking(self.key.location_id, "c", self.clock.now(), True, "test")
        counted = [Quantity(Product(item_id=self.key.item_id), quantity, Bucket.SELLABLE)]
        await self.database.transaction(lambda c: self.quantities.set(c, taken, counted, validate_only=False))

    async def order(self, quantity: int) -> None:
        await self.hold(quantity, f"order-{uuid4().hex}")

    async def hold(self, quantity: int, order_id: str = "") -> None:
        asked = Hold(
            uuid4(), [(self.key, quantity)], 900, "", "", order_id, False, False, "test", b"", lambda _: ""
        )
        await self.reservations.create(asked)
        self.holds.append(asked.reservation_id)

    async def change(self, method: Callable[..., Any], which: int, *arguments: Any) -> None:
        if self.holds:
            chosen = self.holds[which % len(self.holds)]
            await self.database.transaction(lambda c: method(c, chosen, *arguments, "test"))

    async def move(self, which: int, quantity: int) -> None:
        await self.move_between(which, self.key.location_id, self.elsewhere, [(self.key.item_id, quantity)])

    async def move_back(self, which: int) -> None:
        await self.move_between(which, self.elsewhere, self.key.location_id, [])

    async def move_between(self, which: int, here: str, there: str, items: list[tuple[str, int]]) -> None:
        if self.holds:
            move = Move(self.holds[which % len(self.holds)], here, there, items, True, False)
            await self.database.transaction(lambda c: self.desk.transfer(c, move, "test"))

    async def extend(self, which: int) -> None:
        await self.change(self.reservations.extend, which, 1_800)

    async def commit(self, which: int) -> None:
        await self.change(self.reservations.commit, which, f"order-{which}")

    async def release(self, which: int, quantity: int) -> None:
        bucket = Bucket.MISSING if quantity == 2 else Bucket.SELLABLE
        await self.change(self.reservations.release, which, [(self.key, quantity, bucket)])

    async def fulfil(self, which: int, quantity: int) -> None:
        await self.change(self.reservations.fulfil, which, [(self.key, quantity, ())], Reason.COLLECTED)

    async def now(self) -> tuple[datetime, dict[str, int]]:
        cells, _, _ = await self.availability.read_now([self.key.item_id], [self.key.location_id])
        moment = await self.database.read(lambda c: c.scalar(text("SELECT clock_timestamp()")))
        return moment, numbers(cells.get(self.key))


def numbers(standing: Standing | None) -> dict[str, int]:
    if standing is None:
        return dict.fromkeys(("sellable", "unavailable", "reserved", "committed", "available"), 0)
    return {
        name: getattr(standing, name)
        for name in ("sellable", "unavailable", "reserved", "committed", "available")
    }


async def check_explained(store: Store) -> None:
    """Terms add up to the number, and sources to the terms."""
    found = await store.explanations.explain(store.key, "", None, 1_000)
    _, told = await store.now()
    assert sum(term.quantity for term in found.terms) == told["available"] == found.standing.available
    behind: dict[tuple[TermKind, Bucket | None], int] = defaultdict(int)
    for effect in [
        *(each.effect for each in [*found.held, *found.policies]),
        *(
            effect
            for each in found.movements
            for effect in movement_effects(each.from_bucket, each.to_bucket, each.quantity)
        ),
    ]:
        behind[effect.kind, effect.bucket] += effect.quantity
    for term in found.terms:
        if term.kind is not TermKind.SHORT:
            assert behind[term.kind, term.bucket] + term.opening == term.quantity


async def check_past(store: Store, seen: list[tuple[datetime, dict[str, int]]]) -> None:
    """What was answered then is what is said of then, by three ways: at once, step by step, from the ledger."""
    start, end = seen[0][0], store.clock.now()
    points, more = await store.explanations.list_history(store.key, start, end, 1_000)
    assert more is None
    movements = await store.database.read(
        lambda c: books.list_movements(
            c,
            location_id=store.key.location_id,
            item_id=store.key.item_id,
            before=None,
            count=1_000,
        )
    )
    for at, told in seen:
        past = await store.availability.read_past([store.key.item_id], [store.key.location_id], at)
        assert numbers(past.get(store.key)) == told
        assert numbers(next(standing for since, standing in points if since <= at)) == told
        replayed = dict.fromkeys(INSIDE, 0)
        for each in movements:
            if each.record_time is not None and each.record_time <= at:
                for bucket, units in ((each.from_bucket, -each.quantity), (each.to_bucket, each.quantity)):
                    if bucket in replayed:
                        replayed[bucket] += units
        assert replayed[Bucket.SELLABLE] == told["sellable"]


@pytest.fixture
def on_database(fresh_settings: Callable[..., Any]) -> Iterator[Callable[[int], None]]:
    configured = fresh_settings("stock", StockSettings)
    loop = asyncio.new_event_loop()
    database = Database(configured, "test")

    def check(examples: int) -> None:
        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(STEPS, min_size=1, max_size=15), st.integers(0, 3))
        def example(steps: list[tuple[Any, ...]], safety_stock: int) -> None:
            async def live() -> None:
                store = Store(database, configured, safety_stock)
                await store.open()
                seen = [await store.now()]
                for step in steps:
                    await store.do(step)
                    seen.append(await store.now())
                await check_explained(store)
                await check_past(store, seen)

            loop.run_until_complete(live())

        example()
        report = loop.run_until_complete(audit({"stock": str(configured.database_url)}))
        assert report.findings == []

    yield check
    loop.run_until_complete(database.close())
    loop.close()


@pytest.mark.parametrize(
    "examples", [pytest.param(15, id="short"), pytest.param(300, id="long", marks=pytest.mark.long)]
)
def test_terms_add_up_and_the_past_is_what_was_answered_then(
    on_database: Callable[[int], None], examples: int
) -> None:
    on_database(examples)
