"""The operations page: how services, readers and stores do, what waits for a person, and the live board."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onhand.api.notifications.v1 import messages_pb2
from onhand.api.pickup.v1 import stores_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2
from onhand.client import AsyncNotifications, AsyncPickup, AsyncRouting, AsyncStock
from onhand.edge import live, problem
from onhand.edge.config import EdgeSettings
from onhand.edge.health import Services
from onhand.edge.live import EventStream, Watches
from onhand.edge.pages import rendering
from onhand.edge.pages.rendering import moment
from onhand.edge.pages.session import Sessions, form
from onhand.edge.problem import Json
from onhand.kit.clock import Clock
from onhand.kit.errors import InvalidToken, MissingScope, OnhandError
from onhand.kit.interceptors import check

PATH = "/operations"
ADMISSION: MethodDescriptor = catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"].methods_by_name[
    "ListLocations"
]
SCOPES = (
    "catalog.read",
    "stock.read",
    "orders.read",
    "stores.read",
    "messages.read",
    "messages.write",
)
"""What an operator's token needs for all that the page offers; without one of them its section says so."""
SHOWN = 100
"""Rows of a list; the latest are shown, and that there are more is said."""
MAX_PLACES = 5_000
"""Locations and read points looked at; protects the services from a page that is open all day."""
AT_ONCE = 16
SILENT_AFTER = timedelta(minutes=15)
"""An antenna that posted nothing for so long is shown as silent."""


class OperationsPage:
    def __init__(
        self,
        settings: EdgeSettings,
        sessions: Sessions,
        services: Services,
        watches: Watches,
        stock: AsyncStock,
        routing: AsyncRouting,
        pickup: AsyncPickup,
        notifications: AsyncNotifications,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._services = services
        self._watches = watches
        self._stock = stock
        self._routing = routing
        self._pickup = pickup
        self._notifications = notifications
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.sign_in, methods=["POST"]),
            Route(f"{PATH}/sign-out", self.sign_out, methods=["POST"]),
            Route(f"{PATH}/board", self.board, methods=["GET"]),
            Route(f"{PATH}/cells", self.cells, methods=["GET"]),
            Route(f"{PATH}/items/{{item_id}}", self.item, methods=["GET"]),
            Route(f"{PATH}/messages/{{message_id}}/retry", self.retry, methods=["POST"]),
        ]

    # Signing in

    def _ask_for_token(self, text: str = "", status: int = HTTPStatus.OK) -> Response:
        return rendering.page(
            "sign_in.html", status, action=PATH, title="Operations", asks_location=False, problem=text
        )

    async def sign_in(self, request: Request) -> Response:
        token = (await form(request, self._settings)).get("token", "")
        try:
            principal = self._sessions.verify(token, ADMISSION)
        except (InvalidToken, MissingScope) as error:
            return self._ask_for_token(error.message, HTTPStatus.FORBIDDEN)
        response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        self._sessions.sign_in(response, PATH, token, principal)
        return response

    async def sign_out(self, request: Request) -> Response:
        await form(request, self._settings)
        response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        self._sessions.sign_out(response, PATH)
        return response

    # The page

    async def show(self, request: Request) -> Response:
        try:
            self._sessions.caller(request, ADMISSION)
        except (InvalidToken, MissingScope):
            return self._ask_for_token()
        health, readers, parked, failed, stores = await asyncio.gather(
            self._services.check_all(),
            section("stock", self._readers),
            section("routing", self._parked),
            section("notifications", self._failed_messages),
            section("pickup", self._measures),
        )
        return rendering.page(
            "operations.html",
            services=health,
            readers=readers,
            parked=parked,
            failed=failed,
            stores=stores,
            done=request.query_params.get("done") == "retry",
        )

    async def _readers(self) -> dict[str, Any]:
        """Return antennas that are silent, longest first, and how many of each location are heard."""
        now = self._clock.now()
        points: list[catalog_pb2.ReadPoint] = []
        token = ""
        while len(points) < MAX_PLACES:
            request = catalog_pb2.ListReadPointsRequest(page_size=1000, page_token=token)
            answer = await self._stock.catalog.ListReadPoints(request)
            points += answer.read_points
            if not (token := answer.next_page_token):
                break
        silent = sorted((each for each in points if _is_silent(each, now)), key=lambda each: _seen(each, now))
        places = sorted({each.location_id for each in points if each.location_id})
        heard = {each.reader_id for each in points if not _is_silent(each, now)}
        return {
            "count": len(points),
            "reader_count": len({each.reader_id for each in points}),
            "heard_count": len(heard),
            "silent": [
                (each, ago(now - _seen(each, now)) if _was_seen(each) else "never") for each in silent[:SHOWN]
            ],
            "silent_count": len(silent),
            "unadopted": [each for each in points if not each.location_id][:SHOWN],
            "plot": [
                _share(place, [each for each in points if each.location_id == place], now) for place in places
            ],
        }

    async def _parked(self) -> dict[str, Any]:
        request = orders_pb2.ListOrdersRequest(state=orders_pb2.OrderLine.STATE_PARKED, page_size=SHOWN)
        answer = await self._routing.orders.ListOrders(request)
        now = self._clock.now()
        return {
            "orders": [
                {
                    "order_id": order.order_id,
                    "channel": order.channel,
                    "units": sum(
                        line.quantity
                        for line in order.lines
                        if line.state == orders_pb2.OrderLine.STATE_PARKED
                    ),
                    "age": ago(now - moment(order.create_time)),
                    "gives_up": order.auto_cancel_time,
                }
                for order in answer.orders
            ],
            "more": bool(answer.next_page_token),
        }

    async def _failed_messages(self) -> dict[str, Any]:
        request = messages_pb2.ListMessagesRequest(state=messages_pb2.Message.STATE_FAILED, page_size=SHOWN)
        answer = await self._notifications.messages.ListMessages(request)
        purposes = messages_pb2.MessagePurpose
        return {
            "messages": [
                (each, purposes.Name(each.purpose).removeprefix("MESSAGE_PURPOSE_").replace("_", " ").lower())
                for each in answer.messages
            ],
            "more": bool(answer.next_page_token),
        }

    async def _measures(self) -> list[dict[str, Any]]:
        """Return how each store did in the last seven days; stores without a task are left out."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def measure(location: catalog_pb2.Location) -> dict[str, Any]:
            async with turns:
                request = stores_pb2.GetStoreMeasuresRequest(location_id=location.location_id)
                answer = await self._pickup.stores.GetStoreMeasures(request)
            return {
                "title": location.title or location.location_id,
                "tasks": answer.task_count,
                "on_time": answer.on_time_count / answer.done_count if answer.done_count else None,
                "short": answer.short_pick_rate,
                "accept": _median(answer.time_to_accept),
                "ready": _median(answer.time_to_ready),
                "waiting": _median(answer.waiting_time),
            }

        stores = [each for each in await self._locations() if each.kind == catalog_pb2.Location.KIND_STORE]
        return [each for each in await asyncio.gather(*map(measure, stores)) if each["tasks"]]

    async def _locations(self) -> list[catalog_pb2.Location]:
        """Return the locations that the caller's token speaks for."""
        found: list[catalog_pb2.Location] = []
        token = ""
        while len(found) < MAX_PLACES:
            request = catalog_pb2.ListLocationsRequest(page_size=1000, page_token=token)
            answer = await self._stock.catalog.ListLocations(request)
            found += answer.locations
            if not (token := answer.next_page_token):
                break
        return found

    async def retry(self, request: Request) -> Response:
        await form(request, self._settings)
        self._sessions.caller(request, ADMISSION)
        message = messages_pb2.RetryMessageRequest(message_id=request.path_params["message_id"])
        await self._notifications.messages.RetryMessage(message)
        return RedirectResponse(f"{PATH}?done=retry", HTTPStatus.SEE_OTHER)

    # The board

    async def board(self, request: Request) -> Response:
        try:
            principal = self._sessions.caller(request, ADMISSION)
        except (InvalidToken, MissingScope):
            return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        allowed = principal.visible
        locations = [each for each in await self._locations() if allowed([each.location_id])]
        return rendering.page("board.html", locations=locations)

    async def cells(self, request: Request) -> EventStream:
        self._sessions.caller(request, ADMISSION)
        query = availability_pb2.WatchAvailabilityRequest(
            location_ids=request.query_params.getlist("location_id")
        )
        return self._watches.stream(live.cells(self._stock, check(query)))

    async def item(self, request: Request) -> Response:
        self._sessions.caller(request, ADMISSION)
        query = catalog_pb2.GetItemRequest(item_id=request.path_params["item_id"])
        item = (await self._stock.catalog.GetItem(check(query))).item
        return Json({"title": item.title, "size": item.size, "colour": item.colour})


async def section(service: str, read: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    """Read what one part of the page shows; what fails is told there, and the others are shown."""
    try:
        return {"facts": await read(), "problem": ""}
    except OnhandError as error:
        return {"facts": None, "problem": error.message}
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:  # an edge that is newer than what is behind it
            return {"facts": None, "problem": f"{service} is older than this page and does not know it"}
        return {"facts": None, "problem": problem.restored(error, service).message}


def ago(age: timedelta) -> str:
    """Say an age in its largest unit: `3 h`."""
    seconds = int(age.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


def _was_seen(point: catalog_pb2.ReadPoint) -> bool:
    return point.HasField("last_read_time")


def _seen(point: catalog_pb2.ReadPoint, now: datetime) -> datetime:
    """Return when a point posted last; one that never did comes before all that did."""
    return moment(point.last_read_time) if _was_seen(point) else now - timedelta(days=36_500)


def _is_silent(point: catalog_pb2.ReadPoint, now: datetime) -> bool:
    return bool(point.location_id) and now - _seen(point, now) > SILENT_AFTER


def _share(place: str, points: list[catalog_pb2.ReadPoint], now: datetime) -> tuple[str, float, str]:
    """Return a bar: which share of a location's antennas is heard."""
    heard = sum(not _is_silent(each, now) for each in points)
    return place, heard / len(points), f"{heard} of {len(points)}"


def _median(measure: stores_pb2.DurationMeasure) -> str:
    return ago(measure.median_duration.ToTimedelta()) if measure.count else "–"
