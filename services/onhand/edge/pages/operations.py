"""The operations page: how services, readers and stores do, what waits for a person, and the live board."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onhand.api.events.v1 import dead_letters_pb2
from onhand.api.notifications.v1 import messages_pb2
from onhand.api.pickup.v1 import stores_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, counts_pb2, reads_pb2
from onhand.client import AsyncNotifications, AsyncPickup, AsyncRouting, AsyncStock
from onhand.edge import live, problem
from onhand.edge.config import EdgeSettings
from onhand.edge.health import Services
from onhand.edge.live import EventStream, Watches
from onhand.edge.pages import rendering
from onhand.edge.pages.rendering import ago, moment
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
    "counts.read",
    "deadletters.read",
    "deadletters.write",
)
"""What an operator's token needs for all that the page offers; without one of them its section says so."""
SHOWN = 100
"""Rows of a list; the latest are shown, and that there are more is said."""
MAX_PLACES = 5_000
"""Locations and readers looked at; protects the services from a page that is open all day."""
AT_ONCE = 16
COUNTS_LOOKED_AT = 12
"""Counts of a location that its line of accuracy is drawn from."""
DONE = {"retry": "It is tried again.", "replay": "It is given to its consumer again."}

Bar = tuple[str, float, str]
"""A label, a share from 0 to 1, and what to say beside it."""


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
        self._dead = {
            "routing": routing.dead_letters,
            "pickup": pickup.dead_letters,
            "notifications": notifications.dead_letters,
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.sign_in, methods=["POST"]),
            Route(f"{PATH}/sign-out", self.sign_out, methods=["POST"]),
            Route(f"{PATH}/board", self.board, methods=["GET"]),
            Route(f"{PATH}/cells", self.cells, methods=["GET"]),
            Route(f"{PATH}/items/{{item_id}}", self.item, methods=["GET"]),
            Route(f"{PATH}/messages/{{message_id}}/retry", self.retry, methods=["POST"]),
            Route(f"{PATH}/dead-letters/{{service}}/{{sequence:int}}/replay", self.replay, methods=["POST"]),
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
        health, readers, accuracy, parked, failed, dead, stores = await asyncio.gather(
            self._services.check_all(),
            section("stock", self._readers),
            section("stock", self._accuracy),
            section("routing", self._parked),
            section("notifications", self._failed_messages),
            self._dead_letters(),
            section("pickup", self._measures),
        )
        return rendering.page(
            "operations.html",
            services=health,
            readers=readers,
            accuracy=accuracy,
            parked=parked,
            failed=failed,
            dead=dead,
            stores=stores,
            done=DONE.get(request.query_params.get("done", ""), ""),
        )

    async def _readers(self) -> dict[str, Any]:
        """Return antennas that are silent, longest first, and how much the others of each location read."""
        now = self._clock.now()
        readers: list[reads_pb2.Reader] = []
        token = ""
        while len(readers) < MAX_PLACES:
            request = reads_pb2.ListReadersRequest(page_size=1000, page_token=token)
            answer = await self._stock.reads.ListReaders(request)
            readers += answer.readers
            if not (token := answer.next_page_token):
                break
        antennas = [(reader, antenna) for reader in readers for antenna in reader.antennas]
        silent = sorted((each for each in antennas if each[1].silent), key=lambda each: _seen(each[1], now))
        return {
            "count": len(antennas),
            "reader_count": len(readers),
            "heard_count": sum(not all(each.silent for each in reader.antennas) for reader in readers),
            "silent": [
                (reader, antenna, ago(now - _seen(antenna, now)) if _was_seen(antenna) else "never")
                for reader, antenna in silent[:SHOWN]
            ],
            "silent_count": len(silent),
            "unadopted": [each for each in antennas if not each[1].location_id][:SHOWN],
            "heard": heard([antenna for _, antenna in antennas]),
            "rates": rates([antenna for _, antenna in antennas]),
        }

    async def _accuracy(self) -> list[dict[str, Any]]:
        """Return how right the books of each location were by its latest counts, the least right first."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def measure(location: catalog_pb2.Location) -> dict[str, Any]:
            async with turns:
                request = counts_pb2.ListCountsRequest(
                    location_id=location.location_id,
                    state=counts_pb2.Count.STATE_FINISHED,
                    page_size=COUNTS_LOOKED_AT,
                )
                counts = (await self._stock.counts.ListCounts(request)).counts
            return {
                "title": location.title or location.location_id,
                "percents": [each.result.unit_accuracy_percent for each in reversed(counts)],
                "age": ago(self._clock.now() - moment(counts[0].end_time)) if counts else "",
            }

        found = await asyncio.gather(*map(measure, await self._locations()))
        return sorted((each for each in found if each["percents"]), key=lambda each: each["percents"][-1])

    async def _dead_letters(self) -> dict[str, Any]:
        """Return the events that each service gave up on; one that does not answer is named beside."""
        now = self._clock.now()

        async def ask(name: str) -> list[dict[str, Any]]:
            request = dead_letters_pb2.ListDeadLettersRequest(page_size=SHOWN)
            listed = (await self._dead[name].ListDeadLetters(request)).dead_letters
            return [{"letter": each, "age": ago(now - moment(each.dead_time))} for each in listed]

        async def of(name: str) -> tuple[str, dict[str, Any]]:
            return name, await section(name, lambda: ask(name))

        answers = await asyncio.gather(*map(of, self._dead))
        return {
            "letters": [(name, each) for name, answer in answers for each in answer["facts"] or []],
            "problems": sorted({answer["problem"] for _, answer in answers if answer["problem"]}),
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
                    "left": ago(moment(order.auto_cancel_time) - now),
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

    async def replay(self, request: Request) -> Response:
        await form(request, self._settings)
        self._sessions.caller(request, ADMISSION)
        service = self._dead.get(request.path_params["service"])
        if service is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        letter = dead_letters_pb2.ReplayDeadLetterRequest(sequence=request.path_params["sequence"])
        await service.ReplayDeadLetter(letter)
        return RedirectResponse(f"{PATH}?done=replay", HTTPStatus.SEE_OTHER)

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


def _was_seen(antenna: reads_pb2.ReaderAntenna) -> bool:
    return antenna.HasField("last_read_time")


def _seen(antenna: reads_pb2.ReaderAntenna, now: datetime) -> datetime:
    """Return when an antenna read last; one that never did comes before all that did."""
    return moment(antenna.last_read_time) if _was_seen(antenna) else now - timedelta(days=36_500)


def heard(antennas: Iterable[reads_pb2.ReaderAntenna]) -> list[Bar]:
    """Return which share of each location's antennas is heard."""
    return [
        (
            place,
            sum(not each.silent for each in here) / len(here),
            f"{sum(not each.silent for each in here)} of {len(here)}",
        )
        for place, here in _by_location(antennas)
    ]


def rates(antennas: Iterable[reads_pb2.ReaderAntenna]) -> list[Bar]:
    """Return how much each location's antennas read a minute, against the one that reads most."""
    totals = [(place, sum(each.reads_per_minute for each in here)) for place, here in _by_location(antennas)]
    most = max((total for _, total in totals), default=0)
    return [(place, total / most, f"{total:,.0f}") for place, total in totals] if most else []


def _by_location(
    antennas: Iterable[reads_pb2.ReaderAntenna],
) -> list[tuple[str, list[reads_pb2.ReaderAntenna]]]:
    found: dict[str, list[reads_pb2.ReaderAntenna]] = {}
    for each in antennas:
        if each.location_id:
            found.setdefault(each.location_id, []).append(each)
    return sorted(found.items())


def _median(measure: stores_pb2.DurationMeasure) -> str:
    return ago(measure.median_duration.ToTimedelta()) if measure.count else "–"
