"""The customer's page: one order, behind a signed link.

The link says which order; nothing that a form holds can name another one. The calls are made with the edge's own
token, which needs no more scopes than SCOPES.
"""

import io
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import grpc
import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onhand.api.pickup.v1 import customers_pb2, tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncPickup, AsyncRouting
from onhand.edge import problem
from onhand.edge.auth import caller_token
from onhand.edge.config import EdgeSettings
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.session import form, number
from onhand.edge.pages.wording import LANGUAGES, Wording, accepted, wording
from onhand.kit.auth import TokenFile
from onhand.kit.clock import Clock
from onhand.kit.errors import InvalidToken, LimitReached, OnhandError, UnknownLocation, WrongState
from onhand.kit.links import Links

SCOPES = (
    "orders.read",
    "orders.write",
    "customers.read",
    "customers.write",
    "catalog.read",
)
"""What the edge's own token needs for this page."""
MAX_MINUTES = 24 * 60
PASS_BORDER = 4
"""Light modules around a QR code (ISO/IEC 18004, section 6.3.8)."""

_Line = orders_pb2.OrderLine
STATES = {
    _Line.STATE_ACCEPTED: "accepted",
    _Line.STATE_PLANNED: "accepted",
    _Line.STATE_RESERVED: "accepted",
    _Line.STATE_PARKED: "parked",
    _Line.STATE_TRANSFERRING: "transferring",
    _Line.STATE_ASSIGNED: "assigned",
    _Line.STATE_PICKING: "picking",
    _Line.STATE_READY: "ready",
    _Line.STATE_COLLECTED: "collected",
    _Line.STATE_SHIPPED: "shipped",
    _Line.STATE_CANCELLED: "cancelled",
    _Line.STATE_EXPIRED: "expired",
    _Line.STATE_RETURNED: "returned",
}
"""What a customer is told of a line; the first of these that any line is in is told of the order."""
LIVE = ("accepted", "parked", "transferring", "assigned", "picking", "ready")

Make = Callable[[dict[str, str]], Any]


class CustomerPage:
    def __init__(
        self,
        settings: EdgeSettings,
        links: Links,
        token: TokenFile,
        routing: AsyncRouting,
        pickup: AsyncPickup,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._links = links
        self._token = token
        self._routing = routing
        self._pickup = pickup
        self._catalogue = catalogue
        self._clock = clock
        customers = pickup.customers
        self._actions: dict[str, tuple[Any, Make]] = {
            "on-my-way": (customers.AnnounceArrival, self._arrival),
            "here": (
                customers.CheckIn,
                lambda f: customers_pb2.CustomerServiceCheckInRequest(note=f.get("note", "")),
            ),
            "collector": (
                customers.NameCollector,
                lambda f: customers_pb2.NameCollectorRequest(display_name=f.get("display_name", "")),
            ),
            "extend": (customers.ExtendCollection, lambda _: customers_pb2.ExtendCollectionRequest()),
            "substitution": (
                customers.AnswerSubstitution,
                lambda f: customers_pb2.AnswerSubstitutionRequest(
                    substitution_id=f.get("substitution_id", ""), accepted=f.get("answer") == "yes"
                ),
            ),
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/orders/{link}", self.show, methods=["GET"]),
            Route("/orders/{link}/pass/{task_id}", self.show_pass, methods=["GET"]),
            Route("/orders/{link}/{action}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        try:
            order = await self._order(request)
        except InvalidToken:
            return self._bad_link(request)
        return await self._page(request, order, done=request.query_params.get("done", ""))

    async def show_pass(self, request: Request) -> Response:
        """Answer the QR code that the counter scans. It is short-lived: the page asks for it again."""
        task = await self._task(await self._order(request), request.path_params["task_id"])
        asked = customers_pb2.GetCollectionPassRequest(task_id=task.task_id)
        answer = await self._pickup.customers.GetCollectionPass(asked)
        picture = io.BytesIO()
        segno.make(answer.collection_pass, error="l", micro=False).save(
            picture, kind="svg", border=PASS_BORDER, light="#fff", omitsize=True
        )
        return Response(picture.getvalue(), media_type="image/svg+xml")

    async def act(self, request: Request) -> Response:
        """Do what the customer asks, and lead back to the page; a repeat of the same form counts once."""
        fields = await form(request, self._settings)
        action = request.path_params["action"]
        try:
            order = await self._order(request)
        except InvalidToken:
            return self._bad_link(request)
        try:
            await self._do(action, order, fields)
        except (OnhandError, grpc.aio.AioRpcError) as failure:
            error = problem.restored(failure, "pickup")
            known = {WrongState: "failed_state", LimitReached: "failed_limit"}
            status = problem.of(error)["status"]
            return await self._page(
                request, order, failed=known.get(type(error), "failed_later"), status=status
            )
        query = f"?done={action}" + (f"&lang={lang}" if (lang := fields.get("lang", "")) in LANGUAGES else "")
        return RedirectResponse(f"/orders/{request.path_params['link']}{query}", HTTPStatus.SEE_OTHER)

    async def _do(self, action: str, order: orders_pb2.Order, fields: dict[str, str]) -> None:
        if action == "cancel":
            request = orders_pb2.CancelOrderRequest(order_id=order.order_id, detail="the customer, by link")
            request.request_id = fields.get("request_id", "")
            await self._routing.orders.CancelOrder(request)
            return
        if action not in self._actions:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        method, make = self._actions[action]
        message = make(fields)
        message.task_id = (await self._task(order, fields.get("task_id", ""))).task_id
        message.request_id = fields.get("request_id", "")
        await method(message)

    def _arrival(self, fields: dict[str, str]) -> customers_pb2.AnnounceArrivalRequest:
        """Make an announcement. The time is counted from the page on: a repeat says the same again."""
        request = customers_pb2.AnnounceArrivalRequest()
        shown, minutes = number(fields.get("shown", "")), number(fields.get("minutes", ""))
        if 0 < minutes <= MAX_MINUTES and shown:
            request.arrive_time.FromSeconds(shown + minutes * 60)
        return request

    # Reading

    async def _order(self, request: Request) -> orders_pb2.Order:
        """Return the order of the link, and make the edge's own token the one that services are shown."""
        order_id = self._links.order_id(request.path_params["link"])
        caller_token.set(self._token())
        return (await self._routing.orders.GetOrder(orders_pb2.GetOrderRequest(order_id=order_id))).order

    async def _tasks(self, order: orders_pb2.Order) -> list[tasks_pb2.Task]:
        """Return the tasks that the order's lines are in now, not those of stores that could not fill it."""
        request = customers_pb2.ListOrderTasksRequest(order_id=order.order_id)
        current = {line.task_id for line in order.lines}
        tasks = (await self._pickup.customers.ListOrderTasks(request)).tasks
        return [task for task in tasks if task.task_id in current]

    async def _task(self, order: orders_pb2.Order, task_id: str) -> tasks_pb2.Task:
        for task in await self._tasks(order):
            if task.task_id == task_id:
                return task
        raise HTTPException(HTTPStatus.NOT_FOUND)

    async def _location(self, order: orders_pb2.Order) -> catalog_pb2.Location | None:
        try:
            return await self._catalogue.location(order.collect_location_id)
        except UnknownLocation:
            return None

    # The page

    async def _page(
        self,
        request: Request,
        order: orders_pb2.Order,
        done: str = "",
        failed: str = "",
        status: int = HTTPStatus.OK,
    ) -> Response:
        say = self._wording(request, order.customer.locale)
        collect = order.method == orders_pb2.FULFILMENT_METHOD_COLLECT
        location = await self._location(order) if collect else None
        tasks = await self._tasks(order)
        offered = [each for task in tasks for each in task.substitutions]
        named = {line.item_id for line in order.lines} | {each.item_id for each in offered}
        items = await self._catalogue.items(named)
        state = state_of(order)
        version = f'"{say.code}-{order.version}-{"-".join(str(task.version) for task in tasks)}"'
        if not (done or failed) and request.headers.get("if-none-match") == version:
            return Response(status_code=HTTPStatus.NOT_MODIFIED)
        return rendering.page(
            "customer.html",
            status,
            {"ETag": version, "X-Robots-Tag": "noindex"},
            version=version,
            say=say,
            languages={code: texts["name"] for code, texts in LANGUAGES.items()},
            link=request.path_params["link"],
            order=order,
            collect=collect,
            state=state,
            live=state in LIVE,
            lines=[(line, items[line.item_id], STATES[line.state]) for line in order.lines],
            items=items,
            tasks=tasks,
            Task=tasks_pb2.Task,
            Substitution=tasks_pb2.Substitution,
            location=location,
            zone=location.time_zone if location else "UTC",
            hours=hours(location, say) if location else [],
            new_id=lambda: str(self._clock.uuid()),
            now_s=int(self._clock.now().timestamp()),
            done=f"done_{done}" if done in {*self._actions, "cancel"} else "",
            failed=failed,
        )

    def _wording(self, request: Request, locale: str = "") -> Wording:
        """Choose the language: as asked on the page, as the order says, as the browser says."""
        chosen = request.query_params.get("lang", "")
        return wording([chosen, locale, *accepted(request.headers.get("accept-language", ""))])

    def _bad_link(self, request: Request) -> Response:
        return rendering.page("bad_link.html", HTTPStatus.NOT_FOUND, say=self._wording(request))


def state_of(order: orders_pb2.Order) -> str:
    """Return what to tell of an order: how its slowest line that goes on stands, else how it ended."""
    states = {STATES[line.state] for line in order.lines}
    return next(each for each in dict.fromkeys(STATES.values()) if each in states)


def hours(location: catalog_pb2.Location, say: Wording) -> list[tuple[str, str]]:
    """Return each day of the week with its spans of opening, as `09:00-18:00`; none when always open."""
    if not location.opening_hours:
        return []

    def clock(minute: int) -> str:
        return f"{minute // 60 % 24:02}:{minute % 60:02}"

    def spans(day: int) -> str:
        found = sorted(
            (each.open_minute, each.close_minute)
            for each in location.opening_hours
            if each.day_of_week == day
        )
        return ", ".join(f"{clock(opens)}-{clock(closes)}" for opens, closes in found) or say("closed")

    return [(say.weekday(day), spans(day)) for day in range(1, 8)]
