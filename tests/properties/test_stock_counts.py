"""Counts while goods are sold, stolen and brought in, on a real database against a plain model of the shop."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.properties.test_stock_books import GTIN, FakeClock

from onhand.cli.audit import run as audit
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.model import (
    CellKey,
    Document,
    DocumentLine,
    Item,
    Location,
    Product,
    ReadPoint,
    Zone,
    ZoneKind,
)
from onhand.stock.domain.reads import RawRead
from onhand.stock.use_cases import Availability, Catalog, Counts, Deps, Documents, Reads, Reckoning
from onhand.stock.use_cases.counts import CountRead

TAGS = range(8)


class CountMachine(RuleBasedStateMachine):
    """After a count that saw all that lies there, the books have what lies there.

    What a thief took after the last time that anything saw it no count can know. Of what moved by bar code
    during the count, or shortly before, nobody knows which tags it was: the books may be off by as much until
    the next count.
    """

    loop: asyncio.AbstractEventLoop
    database: Database
    configured: StockSettings

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.store = f"c-{uuid4().hex}"
        deps = Deps(self.database, self.clock, self.configured)
        self.documents, self.reads = Documents(deps), Reads(deps)
        self.counts, self.availability = Counts(deps, Reckoning(deps)), Availability(deps)
        catalog = Catalog(deps)
        zones = (Zone("floor", ZoneKind.SALES_FLOOR), Zone("back", ZoneKind.BACK_ROOM))
        location = Location(self.store, 1, "", b"", None, None, "UTC", "", True, True, 0, zones, ())
        points = [
            ReadPoint(self.store, index, self.store, zone.zone_id) for index, zone in enumerate(zones, 1)
        ]
        self.run(catalog.upsert_items([Item("tagged", (GTIN,), tagged=True)]))
        self.run(catalog.upsert_locations([location]))
        assert self.run(catalog.upsert_read_points(points)) == [None, None]
        # Serials are of this example alone, so that examples do not see each other's tags.
        base = uuid4().int & (1 << 37) - 1
        self.epcs = [epc_codec.to_binary(epc_codec.encode_sgtin96(GTIN, 7, base + index)) for index in TAGS]
        self.inside: set[bytes] = set()
        self.gone_since: dict[bytes, datetime] = {}
        """Tags that a till sold: they may come back, a good while later."""
        self.stolen: set[bytes] = set()
        self.evidence: dict[bytes, datetime] = {}
        """When readers, papers and finished counts saw a tag last, since it came in."""
        self.sighted: dict[bytes, datetime] = {}
        """When the count under way did: worth nothing unless it is finished."""
        self.by_bar_code: list[datetime] = []
        self.count: Any = None

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def later(self, **span: int) -> None:
        self.clock.time += timedelta(**span)

    def record(self, method: Callable[..., Any], product: Product) -> None:
        document = Document(self.store, "d", self.clock.time, [DocumentLine(product, 1)], "test")
        self.run(self.database.transaction(lambda c: method(c, document)))

    def comes(self, data: st.DataObject) -> bytes | None:
        """Choose a tag that is not here, and was not sold just now."""
        self.later(hours=1)
        away = sorted(set(self.epcs) - self.inside - self.stolen)
        epc = data.draw(st.sampled_from(away)) if away else None
        if epc is not None:
            self.inside.add(epc)
            for known in (self.gone_since, self.evidence, self.sighted):
                known.pop(epc, None)
        return epc

    def goes(self, data: st.DataObject) -> bytes:
        self.later(minutes=2)
        epc: bytes = data.draw(st.sampled_from(sorted(self.inside)))
        self.inside.discard(epc)
        return epc

    @rule(data=st.data())
    def received_by_tag(self, data: st.DataObject) -> None:
        if (epc := self.comes(data)) is not None:
            self.record(self.documents.receive, Product(epc=epc))
            self.evidence[epc] = self.clock.time

    @rule(data=st.data())
    def received_by_bar_code(self, data: st.DataObject) -> None:
        if self.comes(data) is not None:
            self.record(self.documents.receive, Product(gtin=GTIN))
            self.by_bar_code.append(self.clock.time)

    @rule(data=st.data())
    def brought_in_without_a_paper(self, data: st.DataObject) -> None:
        self.comes(data)

    @precondition(lambda self: self.inside)
    @rule(data=st.data(), lingers=st.booleans())
    def sold_by_tag(self, data: st.DataObject, *, lingers: bool) -> None:
        epc = self.goes(data)
        self.record(self.documents.sell, Product(epc=epc))
        self.gone_since[epc] = self.clock.time
        if lingers and self.count is not None:
            self.later(seconds=10)
            self.see([epc])

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def sold_by_bar_code(self, data: st.DataObject) -> None:
        self.goes(data)
        self.record(self.documents.sell, Product(gtin=GTIN))
        self.by_bar_code.append(self.clock.time)

    @precondition(lambda self: self.inside & (self.evidence | self.sighted).keys())
    @rule(data=st.data())
    def stolen_unnoticed(self, data: st.DataObject) -> None:
        self.later(minutes=2)
        epc = data.draw(st.sampled_from(sorted(self.inside & (self.evidence | self.sighted).keys())))
        self.inside.discard(epc)
        self.stolen.add(epc)

    @precondition(lambda self: self.inside)
    @rule(data=st.data(), antenna=st.sampled_from((1, 2)))
    def read_by_a_fixed_reader(self, data: st.DataObject, antenna: int) -> None:
        self.later(minutes=2)
        epc = data.draw(st.sampled_from(sorted(self.inside)))
        self.run(self.reads.record(self.store, [RawRead(epc, antenna, self.clock.time, -5000)], "test"))
        self.evidence[epc] = self.clock.time

    def see(self, epcs: list[bytes]) -> None:
        reads = [CountRead(epc, self.clock.time, 0) for epc in epcs]
        result, _ = self.run(self.counts.record_reads(self.count.count_id, "floor", reads))
        assert result.refused == 0
        self.sighted.update((epc, self.clock.time) for epc in epcs if epc in self.inside)

    @precondition(lambda self: self.count is None)
    @rule()
    def start(self) -> None:
        self.later(minutes=2)
        count = self.counts.new(self.store, 1, (), (), "", "test")
        count.count_id = uuid4()  # the fake clock's ids are unique within a shop only
        self.count = self.run(self.database.transaction(lambda c: self.counts.start(c, count)))

    @precondition(lambda self: self.count is not None and self.inside)
    @rule(data=st.data())
    def seen_by_the_count(self, data: st.DataObject) -> None:
        self.later(minutes=1)
        self.see(data.draw(st.lists(st.sampled_from(sorted(self.inside)), unique=True)))

    @precondition(lambda self: self.count is not None)
    @rule(data=st.data(), sales=st.integers(0, 2))
    def everything_is_seen_some_are_sold_and_the_count_is_finished(
        self, data: st.DataObject, sales: int
    ) -> None:
        self.later(minutes=1)
        self.see(sorted(self.inside))
        for _ in range(min(sales, len(self.inside))):
            epc = self.goes(data)
            if data.draw(st.booleans()):
                self.record(self.documents.sell, Product(gtin=GTIN))
                self.by_bar_code.append(self.clock.time)
            else:
                self.record(self.documents.sell, Product(epc=epc))
                self.gone_since[epc] = self.clock.time
        self.later(minutes=1)
        count_id, spared = self.count.count_id, self.count.start_time - timedelta(minutes=1)
        self.run(self.database.transaction(lambda c: self.counts.close(c, count_id)))
        finished, _ = self.run(self.counts.finish(count_id))
        for epc, at in self.sighted.items():
            self.evidence[epc] = max(at, self.evidence.get(epc, at))
        self.ended()
        self.stolen = {epc for epc in self.stolen if self.evidence[epc] > spared}
        cells, _, _ = self.run(self.availability.read_now(["tagged"], [self.store]))
        cell = cells.get(CellKey(self.store, "tagged"))
        sellable = cell.sellable if cell else 0
        unclear = sum(1 for at in self.by_bar_code if at > spared - timedelta(minutes=29))
        assert abs(sellable - len(self.inside) - len(self.stolen)) <= unclear
        assert finished.result is not None

    @precondition(lambda self: self.count is not None)
    @rule()
    def abandoned(self) -> None:
        before = self.cell()
        self.run(self.database.transaction(lambda c: self.counts.abandon(c, self.count.count_id)))
        self.ended()
        assert self.cell() == before

    def cell(self) -> Any:
        cells, _, _ = self.run(self.availability.read_now(["tagged"], [self.store]))
        return cells.get(CellKey(self.store, "tagged"))

    @invariant()
    def a_count_ends_one_way(self) -> None:
        if self.count is not None and self.run(self.counts.get(self.count.count_id)).end_time is not None:
            self.ended()  # nobody touched it for hours

    def ended(self) -> None:
        self.count = None
        self.sighted.clear()
        self.stolen &= self.evidence.keys()  # what only an unfinished count saw was never in the books


@pytest.fixture
def on_database(fresh_settings: Callable[..., Any]) -> Iterator[Callable[[int], None]]:
    configured = fresh_settings("stock", StockSettings)
    loop = asyncio.new_event_loop()
    database = Database(configured, "test")

    def check(examples: int) -> None:
        CountMachine.loop, CountMachine.database, CountMachine.configured = loop, database, configured
        run_state_machine_as_test(
            CountMachine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        report = loop.run_until_complete(audit({"stock": str(configured.database_url)}))
        assert report.findings == []

    yield check
    loop.run_until_complete(database.close())
    loop.close()


@pytest.mark.parametrize(
    "examples", [pytest.param(15, id="short"), pytest.param(300, id="long", marks=pytest.mark.long)]
)
def test_a_complete_count_leaves_what_lies_there_whatever_was_sold_meanwhile(
    on_database: Callable[[int], None], examples: int
) -> None:
    on_database(examples)
