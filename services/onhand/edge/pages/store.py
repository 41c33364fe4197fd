"""The store page: an associate's queue, and the next thing to do for each task in it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import grpc
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onhand.api.pickup.v1 import picking_pb2
from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.client import AsyncPickup, AsyncStock
from onhand.edge import problem
from onhand.edge.config import EdgeSettings
from onhand.edge.live import EventStream, Watches
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.counts import Counts
from onhand.edge.pages.floor import Fields, View
from onhand.edge.pages.lookup import LookUp
from onhand.edge.pages.queue import Queues, said
from onhand.edge.pages.session import Sessions, form, number
from onhand.edge.pages.slots import SlotBoard
from onhand.edge.pages.walks import Walks
from onhand.edge.problem import Json
from onhand.kit.auth import Principal
from onhand.kit.clock import Clock
from onhand.kit.errors import InvalidToken, MissingScope, OnhandError, WrongLocation
from onhand.readers.document import malformed

ADMISSION = pb.DESCRIPTOR.services_by_name["TaskService"].methods_by_name["ListTasks"]
"""Who may call this may open the page; what they may do there the services say."""
SCOPES = (
    "tasks.read",
    "tasks.write",
    "collection.write",
    "stock.read",
    "catalog.read",
    "slots.read",
    "slots.write",
    "counts.read",
    "counts.write",
)
"""What an associate's token needs for all that the page offers; without one of them its part says so."""
REFUSED = (InvalidToken, MissingScope, WrongLocation)
Make = Callable[[Fields], Message]


class StorePage:
    """The page of one store, and what it posts."""

    def __init__(
        self,
        settings: EdgeSettings,
        sessions: Sessions,
        watches: Watches,
        stock: AsyncStock,
        pickup: AsyncPickup,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._watches = watches
        self._catalogue = catalogue
        self._queues = Queues(pickup, catalogue, clock)
        self._walks = Walks(pickup, self._queues, catalogue, clock)
        self._views: dict[str, View] = {
            "walk": self._walks,
            "stock": LookUp(stock, catalogue),
            "slots": SlotBoard(pickup, self._queues, clock),
            "counts": Counts(stock, catalogue),
        }
        self._floor = {
            name: action for view in self._views.values() for name, action in view.actions().items()
        }
        tasks, collection = pickup.tasks, pickup.collection
        self._actions: dict[str, tuple[Any, Make]] = {
            "accept": (tasks.AcceptTask, lambda _: pb.AcceptTaskRequest()),
            "reject": (tasks.RejectTask, lambda f: pb.RejectTaskRequest(**_why(f))),
            "scan-one": (
                pickup.picking.PickScan,
                lambda f: picking_pb2.PickScanRequest(scanned=f["scanned"], quantity=1),
            ),
            "pick": (
                tasks.PickLine,
                lambda f: pb.PickLineRequest(line_id=f["line_id"], quantity=number(f["quantity"])),
            ),
            "short": (
                tasks.ShortPickLine,
                lambda f: pb.ShortPickLineRequest(line_id=f["line_id"], **_why(f)),
            ),
            "stage": (tasks.StageTask, lambda f: pb.StageTaskRequest(staging_place=f["staging_place"])),
            "pack": (tasks.PackTask, lambda _: pb.PackTaskRequest()),
            "ship": (
                tasks.ShipTask,
                lambda f: pb.ShipTaskRequest(carrier=f["carrier"], tracking_number=f["tracking_number"]),
            ),
            "hand-over": (collection.HandOver, _hand_over),
            "assign": (tasks.AssignTask, lambda f: pb.AssignTaskRequest(assignee=f["assignee"])),
            "shelve": (tasks.ReshelveTask, lambda _: pb.ReshelveTaskRequest()),
            "seen": (tasks.AcknowledgeAlert, lambda f: pb.AcknowledgeAlertRequest(alert_id=f["alert_id"])),
            "substitute": (
                pickup.picking.ProposeSubstitution,
                lambda f: picking_pb2.ProposeSubstitutionRequest(
                    line_id=f["line_id"], item_id=f["item_id"], **_why(f)
                ),
            ),
            "check-in": (collection.CheckIn, lambda f: pb.CheckInRequest(note=f["note"])),
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/store", self.sign_in_page, methods=["GET"]),
            Route("/store", self.sign_in, methods=["POST"]),
            Route("/store/{location_id}", self.show, methods=["GET"]),
            Route("/store/{location_id}/sign-out", self.sign_out, methods=["POST"]),
            Route("/store/{location_id}/events", self.events, methods=["GET"]),
            Route("/store/{location_id}/find", self.find, methods=["GET"]),
            Route("/store/{location_id}/tasks/{task_id}/{action}", self.act, methods=["POST"]),
            Route("/store/{location_id}/floor/{action}", self.act_on_floor, methods=["POST"]),
            Route("/store/{location_id}/{view}", self.look, methods=["GET"]),
        ]

    # Signing in

    async def sign_in_page(self, request: Request) -> Response:
        return self._ask_for_token(request.query_params.get("store", ""))

    async def sign_in(self, request: Request) -> Response:
        """Bind this browser's session to one location that the token speaks for."""
        fields = await form(request, self._settings)
        location_id = fields.get("location_id", "")
        token = fields.get("token", "")
        try:
            principal = self._sessions.verify(token, ADMISSION)
            if not location_id and principal.locations is not None and len(principal.locations) == 1:
                (location_id,) = principal.locations
            if not location_id:
                return self._ask_for_token("", "This token speaks for more than one store: name yours.")
            principal.require_location(location_id)
        except REFUSED as error:
            return self._ask_for_token(location_id, error.message, HTTPStatus.FORBIDDEN)
        path = _path(location_id)
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        self._sessions.sign_in(response, path, token, principal)
        return response

    async def sign_out(self, request: Request) -> Response:
        await form(request, self._settings)
        response = RedirectResponse("/store", HTTPStatus.SEE_OTHER)
        self._sessions.sign_out(response, _path(request.path_params["location_id"]))
        return response

    def _ask_for_token(
        self, location_id: str, problem_text: str = "", status: int = HTTPStatus.OK
    ) -> Response:
        return rendering.page(
            "sign_in.html",
            status,
            action="/store",
            title="Store",
            asks_location=True,
            location_id=location_id,
            problem=problem_text,
        )

    def _admit(self, request: Request) -> Principal:
        principal = self._sessions.caller(request, ADMISSION)
        principal.require_location(request.path_params["location_id"])
        return principal

    # The page

    async def show(self, request: Request) -> Response:
        location_id = request.path_params["location_id"]
        try:
            principal = self._admit(request)
        except REFUSED:
            return RedirectResponse(f"/store?store={quote(location_id, safe='')}", HTTPStatus.SEE_OTHER)
        location = await self._catalogue.location(location_id)
        queue = await self._queues.snapshot(location)
        return rendering.page(
            "store.html",
            location=location,
            base=_path(location_id),
            subject=principal.subject,
            cards=list((await self._queues.cards(queue.tasks, location)).values()),
            alerts=queue.alerts,
            counts=queue.counts(),
        )

    async def events(self, request: Request) -> EventStream:
        self._admit(request)
        location = await self._catalogue.location(request.path_params["location_id"])
        return self._watches.stream(self._queues.events(location))

    async def find(self, request: Request) -> EventStream:
        self._admit(request)
        epc = request.query_params.get("epc", "")
        return self._watches.stream(self._walks.traces(request.path_params["location_id"], epc))

    async def look(self, request: Request) -> Response:
        """Answer a part of the page beside the queue, as it is now."""
        principal = self._admit(request)
        if request.path_params["view"] not in self._views:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        view = self._views[request.path_params["view"]]
        location = await self._catalogue.location(request.path_params["location_id"])
        try:
            return HTMLResponse(await view.show(location, principal.subject, request.query_params))
        except (OnhandError, grpc.aio.AioRpcError) as failure:
            error = problem.restored(failure, "a service")
            return HTMLResponse(
                rendering.fragment("problem.html", problem=error.message), problem.of(error)["status"]
            )

    async def act(self, request: Request) -> Response:
        """Do one thing to one task. The browser names the request, and sends it again until it is answered."""
        self._admit(request)
        action, location_id = request.path_params["action"], request.path_params["location_id"]
        if action not in self._actions:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        method, make = self._actions[action]
        fields = await form(request, self._settings)
        message: Any = _made(lambda: make(fields), fields)
        message.task_id = request.path_params["task_id"]
        answer = await _asked(method, message, "pickup")
        task: pb.Task = answer.task
        line_id = str(getattr(answer, "line_id", "") or fields.get("line_id", ""))
        location = await self._catalogue.location(location_id)
        cards = await self._queues.cards([task], location)
        return Json({"said": said(task, line_id), "card": cards[task.task_id]})

    async def act_on_floor(self, request: Request) -> Response:
        """Do one thing that is not of one task; named and sent again as those are."""
        self._admit(request)
        action = self._floor.get(request.path_params["action"])
        if action is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        fields = await form(request, self._settings)
        message = _made(lambda: action.make(request.path_params["location_id"], fields), fields)
        return Json({"said": action.said(await _asked(action.method, message, "a service"))})


def _made(make: Callable[[], Message], fields: Fields) -> Message:
    """Return the message of a form, under the name that the browser gave the request."""
    try:
        message: Any = make()
    except KeyError as missing:
        raise malformed(str(missing.args[0]), "is missing") from None
    except ValueError as error:  # what the field cannot hold
        raise malformed("body", str(error)) from None
    if "request_id" in message.DESCRIPTOR.fields_by_name:  # a sight of a tag needs none
        message.request_id = fields.get("request_id", "")
    return message  # type: ignore[no-any-return]


async def _asked(method: Any, message: Message, service: str) -> Any:
    try:
        return await method(message)
    except grpc.aio.AioRpcError as error:
        raise problem.restored(error, service) from error


def _path(location_id: str) -> str:
    """Return the address of a store's page. Always one of this server, whatever the id holds."""
    return f"/store/{quote(location_id, safe='')}"


def _why(fields: Fields) -> dict[str, Any]:
    return {"reason": number(fields["reason"]), "detail": fields.get("detail", "")}


def _hand_over(fields: Fields) -> pb.HandOverRequest:
    """Make a hand-over against the digits that a customer tells, or the pass that their QR code holds."""
    proof = fields["code"]
    digits = proof.replace(" ", "")
    request = pb.HandOverRequest(
        collector_name=fields.get("collector_name", ""),
        identity_checked="identity_checked" in fields,
        age_checked="age_checked" in fields,
        proof_reference=fields.get("proof_reference", ""),
        lines=_parts(fields),
    )
    if digits.isdigit():
        request.code = digits
    else:
        request.collection_pass = proof
    return request


def _parts(fields: Fields) -> list[pb.HandOverLine]:
    """Return what of each line is given and refused; nothing when all that waits is given.

    Raises ValueError when nothing is: without lines everything would leave.
    """
    lines, whole = [], True
    for name, line_id in fields.items():
        if not name.startswith("line-"):
            continue
        index = name.removeprefix("line-")
        tags = [
            each.rpartition("-")[2]
            for each, of in fields.items()
            if each.startswith("epc-") and of == line_id
        ]
        given = number(fields.get(f"given-{index}", "")) + len(tags)
        refused = number(fields.get(f"refused-{index}", ""))
        condition = number(fields.get(f"condition-{index}", "")) if refused else 0
        whole = whole and given == number(fields[f"waits-{index}"]) and not refused
        if given or refused:
            lines.append(
                pb.HandOverLine(
                    line_id=line_id,
                    given_quantity=given,
                    refused_quantity=refused,
                    given_epcs=tags,
                    refused_condition=condition,  # type: ignore[arg-type]
                )
            )
    if not lines and not whole:
        raise ValueError("nothing is given and nothing refused")
    return [] if whole else lines
