from typing import Any

from google.rpc.status_pb2 import Status

from onhand.api.stock.v1 import catalog_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.errors import OnhandError
from onhand.kit.status import to_status
from onhand.stock import messages
from onhand.stock.domain.model import Item, ReadPoint
from onhand.stock.use_cases import Catalog


class CatalogServicer:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def BatchUpsertItems(
        self, request: pb.BatchUpsertItemsRequest, _: Any
    ) -> pb.BatchUpsertItemsResponse:
        statuses: list[Status | None] = []
        items: list[Item] = []
        for each in request.items:
            try:
                items.append(messages.to_item(each))
                statuses.append(None)
            except OnhandError as error:
                statuses.append(to_status(error))
        failures = iter(await self._catalog.upsert_items(items) if items else [])
        return pb.BatchUpsertItemsResponse(
            statuses=[each if each is not None else _status(next(failures)) for each in statuses]
        )

    async def GetItem(self, request: pb.GetItemRequest, _: Any) -> pb.GetItemResponse:
        if request.gtin:
            found = await self._catalog.get_item_by_gtin(messages.gtin14(request.gtin))
        else:
            found = await self._catalog.get_item(request.item_id)
        return pb.GetItemResponse(item=messages.item(found))

    async def ListItems(self, request: pb.ListItemsRequest, _: Any) -> pb.ListItemsResponse:
        count = paging.size(request.page_size)
        after = paging.key(request.page_token, str) or [""]
        items, last = paging.cut(await self._catalog.list_items(after[0], count + 1), count)
        return pb.ListItemsResponse(
            items=map(messages.item, items), next_page_token=paging.token(last.item_id) if last else ""
        )

    async def BatchUpsertLocations(
        self, request: pb.BatchUpsertLocationsRequest, _: Any
    ) -> pb.BatchUpsertLocationsResponse:
        auth.current().require_location(*(each.location_id for each in request.locations))
        failures = await self._catalog.upsert_locations(
            [messages.to_location(each) for each in request.locations]
        )
        return pb.BatchUpsertLocationsResponse(statuses=map(_status, failures))

    async def GetLocation(self, request: pb.GetLocationRequest, _: Any) -> pb.GetLocationResponse:
        found = await self._catalog.get_location(request.location_id)
        return pb.GetLocationResponse(location=messages.location(found))

    async def ListLocations(self, request: pb.ListLocationsRequest, _: Any) -> pb.ListLocationsResponse:
        count = paging.size(request.page_size)
        after = paging.key(request.page_token, str) or [""]
        locations, last = paging.cut(await self._catalog.list_locations(after[0], count + 1), count)
        return pb.ListLocationsResponse(
            locations=map(messages.location, locations),
            next_page_token=paging.token(last.location_id) if last else "",
        )

    async def BatchUpsertReadPoints(
        self, request: pb.BatchUpsertReadPointsRequest, _: Any
    ) -> pb.BatchUpsertReadPointsResponse:
        auth.current().require_location(*(each.location_id for each in request.read_points))
        points = [
            ReadPoint(each.reader_id, each.antenna, each.location_id, each.zone_id)
            for each in request.read_points
        ]
        failures = await self._catalog.upsert_read_points(points)
        return pb.BatchUpsertReadPointsResponse(statuses=map(_status, failures))

    async def ListReadPoints(self, request: pb.ListReadPointsRequest, _: Any) -> pb.ListReadPointsResponse:
        count = paging.size(request.page_size)
        reader_id, antenna = paging.key(request.page_token, str, int) or ("", -1)
        points, last = paging.cut(
            await self._catalog.list_read_points(
                (reader_id, antenna), count + 1, only_unadopted=request.only_unadopted
            ),
            count,
        )
        return pb.ListReadPointsResponse(
            read_points=map(messages.read_point, points),
            next_page_token=paging.token(last.reader_id, last.antenna) if last else "",
        )


def _status(failure: OnhandError | None) -> Status:
    return Status() if failure is None else to_status(failure)
