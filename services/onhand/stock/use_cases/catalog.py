"""Master data: what is sold, and where."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.errors import (
    AlreadyExists,
    FieldViolation,
    InvalidField,
    NotFound,
    OnhandError,
    UnknownItem,
    UnknownLocation,
    WrongState,
)
from onhand.stock import events
from onhand.stock.domain.model import Item, Location, ReadPoint
from onhand.stock.storage import catalog as storage
from onhand.stock.use_cases.deps import Deps


class Catalog:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def upsert_items(self, items: Sequence[Item]) -> list[OnhandError | None]:
        """Create or replace items; returns why each failed, in order."""

        async def work(connection: AsyncConnection) -> list[OnhandError | None]:
            gtins = {gtin for item in items for gtin in item.gtins}
            owners = await storage.gtin_owners(connection, gtins)
            replaced = {item.item_id for item in items}
            # A GTIN may pass from one item to another within a batch.
            owners = {gtin: owner for gtin, owner in owners.items() if owner not in replaced}
            failures: list[OnhandError | None] = []
            good: dict[str, Item] = {}
            for item in items:
                taken = [gtin for gtin in item.gtins if owners.setdefault(gtin, item.item_id) != item.item_id]
                failures.append(AlreadyExists("gtin", taken[0]) if taken else None)
                if not taken:
                    good[item.item_id] = item
            if good:
                await storage.save_items(connection, list(good.values()))
                await outbox.add(connection, [events.catalog_changed(self._deps.clock, item_ids=good)])
            return failures

        return await self._deps.database.transaction(work)

    async def upsert_locations(self, locations: Sequence[Location]) -> list[OnhandError | None]:
        """Create or replace locations with their zones; returns why each failed, in order."""

        async def work(connection: AsyncConnection) -> list[OnhandError | None]:
            in_use = await storage.zones_in_use(connection, [each.location_id for each in locations])
            failures = [_problem(each, in_use) for each in locations]
            good = {
                each.location_id: each
                for each, failure in zip(locations, failures, strict=True)
                if failure is None
            }
            for location_id in sorted(good):
                await storage.save_location(connection, good[location_id])
            if good:
                await outbox.add(connection, [events.catalog_changed(self._deps.clock, location_ids=good)])
            return failures

        return await self._deps.database.transaction(work)

    async def upsert_read_points(self, points: Sequence[ReadPoint]) -> list[OnhandError | None]:
        """Create or replace read points; returns why each failed, in order."""

        async def work(connection: AsyncConnection) -> list[OnhandError | None]:
            named = {point.location_id or "" for point in points}
            known = {each.location_id: each for each in await storage.locations(connection, named)}
            failures: list[OnhandError | None] = []
            for point in points:
                location = known.get(point.location_id or "")
                if location is None:
                    failures.append(UnknownLocation(point.location_id or ""))
                elif point.zone_id not in {zone.zone_id for zone in location.zones}:
                    failures.append(NotFound("zone", f"{point.location_id}/{point.zone_id}"))
                else:
                    await storage.save_read_point(connection, point)
                    failures.append(None)
            return failures

        return await self._deps.database.transaction(work)

    async def get_item(self, item_id: str) -> Item:
        found = await self._deps.database.read(lambda c: storage.items(c, [item_id]))
        if not found:
            raise UnknownItem(item_id)
        return found[0]

    async def get_item_by_gtin(self, gtin: str) -> Item:
        async def work(connection: AsyncConnection) -> list[Item]:
            owners = await storage.gtin_owners(connection, [gtin])
            return await storage.items(connection, owners.values())

        found = await self._deps.database.read(work)
        if not found:
            raise UnknownItem(gtin)
        return found[0]

    async def get_location(self, location_id: str) -> Location:
        found = await self._deps.database.read(lambda c: storage.locations(c, [location_id]))
        if not found:
            raise UnknownLocation(location_id)
        return found[0]

    async def list_items(self, after: str, count: int) -> list[Item]:
        return await self._deps.database.read(lambda c: storage.list_items(c, after, count))

    async def list_locations(self, after: str, count: int) -> list[Location]:
        return await self._deps.database.read(lambda c: storage.list_locations(c, after, count))

    async def list_read_points(
        self, after: tuple[str, int], count: int, *, only_unadopted: bool
    ) -> list[ReadPoint]:
        return await self._deps.database.read(
            lambda c: storage.list_read_points(c, after, count, only_unadopted=only_unadopted)
        )


def _problem(location: Location, zones_in_use: set[tuple[str, str]]) -> OnhandError | None:
    try:
        ZoneInfo(location.time_zone)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a folder
        return InvalidField([FieldViolation("time_zone", f"{location.time_zone!r} is not an IANA time zone")])
    zones = {zone.zone_id for zone in location.zones}
    for location_id, zone_id in sorted(zones_in_use):
        if location_id == location.location_id and zone_id not in zones:
            return WrongState("zone", f"{location_id}/{zone_id}", "named by a read point", "remove it")
    return None
