"""A simulated hour through stock's use cases and PostgreSQL: it ends as the pure core does."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.properties.test_reads_order import SMALL
from tests.simulation.shop import DOUBT_S, ITEMS, SETTLE_S, PureShop
from tests.simulation.world import START, ZONES, Batch, Till, World

from onhand.cli.audit import run as audit
from onhand.kit.db import Database
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import (
    Document,
    DocumentLine,
    Item,
    Location,
    Product,
    ReadPoint,
    TagState,
    Zone,
)
from onhand.stock.domain.reads import RawRead
from onhand.stock.use_cases import Catalog, Deps, Documents, Reads


class SetClock:
    """A clock that shows what it is set to."""

    def __init__(self, time: datetime) -> None:
        self.time = time
        self._count = 0

    def now(self) -> datetime:
        return self.time

    def uuid(self) -> UUID:
        self._count += 1
        return UUID(int=(int(self.time.timestamp() * 1000) << 80) | 0x7 << 76 | 0b10 << 62 | self._count)

    def digits(self, count: int) -> str:
        return "0" * count


class Driver:
    """Does to the use cases what `PureShop` does to the core, at the same times."""

    def __init__(self, deps: Deps, clock: SetClock) -> None:
        self._database = deps.database
        self._clock = clock
        self._reads, self._documents, self._catalog = Reads(deps), Documents(deps), Catalog(deps)
        self._settled = self._doubted = START - timedelta(days=1)

    async def open(self, world: World) -> None:
        points = world.read_points()
        zones = tuple(Zone(zone, kind) for zone, kind in ZONES.items())
        await self._catalog.upsert_items([Item(item, (gtin,), tagged=True) for gtin, item in ITEMS.items()])
        await self._catalog.upsert_locations(
            [
                Location(each, 1, "", b"", None, None, "UTC", "", True, True, 0, zones, ())
                for each in sorted({location for _, _, location, _ in points})
            ]
        )
        answers = await self._catalog.upsert_read_points([ReadPoint(*point) for point in points])
        assert not any(answers)

    async def play(self, arrivals: list[tuple[datetime, Batch | Till]]) -> None:
        for now, what in arrivals:
            self._clock.time = now
            if isinstance(what, Till):
                await self._book(what)
            else:
                raw = [RawRead(*read) for read in what.reads]
                result = await self._reads.record(what.reader_id, raw, "simulation")
                assert result.refused == 0
            await self.tick(now)

    async def tick(self, now: datetime) -> None:
        self._clock.time = now
        if now - self._settled >= timedelta(seconds=SETTLE_S):
            self._settled = now
            await self._reads.settle(500)
        if now - self._doubted >= timedelta(seconds=DOUBT_S):
            self._doubted = now
            await self._reads.doubt_unseen(500)

    async def _book(self, till: Till) -> None:
        record = self._documents.sell if till.kind == "sold" else self._documents.take_back
        product = Product(epc=till.epc) if till.epc else Product(gtin=till.gtin)
        document = Document(till.location_id, "till", till.time, [DocumentLine(product, 1)], "simulation")
        await self._database.transaction(lambda connection: record(connection, document))

    async def states(self) -> dict[tuple[str, bytes], tuple[TagState, str | None, str]]:
        query = text("SELECT location_id, epc, state, item_id, zone_id FROM tags")
        rows = await self._database.read(lambda connection: connection.execute(query))
        return {(row.location_id, row.epc): (TagState(row.state), row.item_id, row.zone_id) for row in rows}

    async def balances(self) -> dict[tuple[str, str], tuple[int, ...]]:
        query = text("""
            SELECT location_id, item_id, sellable, damaged, quality_control, quarantined, missing, in_transit,
                   unidentified
            FROM balances
        """)
        rows = await self._database.read(lambda connection: connection.execute(query))
        return {(row.location_id, row.item_id): tuple(row[2:]) for row in rows if any(row[2:])}


@pytest.mark.long
async def test_an_hour_on_postgresql_ends_as_the_pure_core_does(settings: StockSettings) -> None:
    world = World(5, replace(SMALL, hours=0.75))
    arrivals = list(world.run())
    clock = SetClock(START)
    database = Database(settings, "test")
    deps = Deps(database, clock, settings)
    pure, real = PureShop(world, deps.rules), Driver(deps, clock)
    try:
        await real.open(world)
        await real.play(arrivals)
        pure.play(arrivals)
        for minutes in range(1, 100, 3):
            await real.tick(arrivals[-1][0] + timedelta(minutes=minutes))
            pure.tick(arrivals[-1][0] + timedelta(minutes=minutes))
        assert await real.states() == pure.states()
        assert await real.balances() == pure.balances()
        assert {each.reason.name for each in pure.movements} >= {"APPEARED", "SOLD"}
    finally:
        await database.close()
    report = await audit({"stock": str(settings.database_url)})
    assert report.findings == []
