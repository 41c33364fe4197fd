"""The store page: an associate's queue, and the next thing to do for each task in it."""

import asyncio
from collections import Counter
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
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, reads_pb2
from onhand.client import AsyncPickup, AsyncStock
from onhand.edge import problem
from onhand.edge.config import EdgeSettings
from onhand.edge.live import EventStream, Watches
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.queue import Queues, said
from onhand.edge.pages.session import Sessions, form, number
from onhand.edge.problem import Json
from onhand.kit.auth import Principal
from onhand.kit.clock import Clock
from onhand.kit.errors import (
    InvalidField,
    InvalidToken,
    MissingScope,
    OnhandError,
    UnknownItem,
    WrongLocation,
)
from onhand.readers.document import malformed

ADMISSION = pb.DESCRIPTOR.services_by_name["TaskService"].methods_by_name["ListTasks"]
"""Who may call this may open the page; what they may do there the services say."""
SCOPES = ("tasks.read", "tasks.write", "collection.write", "stock.read", "catalog.read")
"""What an associate's token needs for all that the page offers."""
REFUSED = (InvalidToken, MissingScope, WrongLocation)
GTIN_DIGITS = {8, 12, 13, 14}
NEARBY_METRES = 100_000
"""How far away another store's stock is worth telling a customer."""
SHOWN_NEARBY = 5
TAGS_LOOKED_AT = 200
"""Tags of one item whose zones are told; more are no help to who looks for one."""

Fields = dict[str, str]
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
        self._stock = stock
        self._catalogue = catalogue
        self._queues = Queues(pickup, catalogue, clock)
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
            Route("/store/{location_id}/stock", self.look_up, methods=["GET"]),
            Route("/store/{location_id}/tasks/{task_id}/{action}", self.act, methods=["POST"]),
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

    async def act(self, request: Request) -> Response:
        """Do one thing to one task. The browser names the request, and sends it again until it is answered."""
        self._admit(request)
        action, location_id = request.path_params["action"], request.path_params["location_id"]
        if action not in self._actions:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        method, make = self._actions[action]
        fields = await form(request, self._settings)
        try:
            message: Any = make(fields)
        except KeyError as missing:
            raise malformed(str(missing.args[0]), "is missing") from None
        except ValueError as error:  # a number that the field cannot hold
            raise malformed("body", str(error)) from None
        message.task_id = request.path_params["task_id"]
        message.request_id = fields.get("request_id", "")
        try:
            answer = await method(message)
        except grpc.aio.AioRpcError as error:
            raise problem.restored(error, "pickup") from error
        task: pb.Task = answer.task
        line_id = str(getattr(answer, "line_id", "") or fields.get("line_id", ""))
        location = await self._catalogue.location(location_id)
        cards = await self._queues.cards([task], location)
        return Json({"said": said(task, line_id), "card": cards[task.task_id]})

    # Looking up stock

    async def look_up(self, request: Request) -> Response:
        """Answer a piece of the page: what is here and near of an item."""
        self._admit(request)
        location = await self._catalogue.location(request.path_params["location_id"])
        scanned = request.query_params.get("q", "").strip()
        try:
            item_id = await self._item_of(scanned)
            item = (await self._catalogue.items([item_id]))[item_id]
            asked = availability_pb2.GetAvailabilityRequest(
                item_ids=[item_id], location_ids=[location.location_id]
            )
            (line,) = (await self._stock.availability.GetAvailability(asked)).lines
            if line.HasField("status"):
                raise UnknownItem(scanned)
            zones, nearby = await asyncio.gather(
                self._zones(location.location_id, item_id), self._nearby(location, item_id)
            )
        except OnhandError as error:
            return HTMLResponse(
                rendering.fragment("look_up.html", problem=error.message), problem.of(error)["status"]
            )
        return HTMLResponse(
            rendering.fragment(
                "look_up.html",
                problem="",
                item=item,
                here=line.availability,
                location=location,
                zones=zones,
                nearby=nearby,
            )
        )

    async def _item_of(self, scanned: str) -> str:
        """Return the item of a bar code, an EPC, or its own id; raises UnknownItem."""
        if _is_gtin(scanned):
            asked = catalog_pb2.GetItemRequest(gtin=scanned)
            return (await self._stock.catalog.GetItem(asked)).item.item_id
        try:
            return (
                await self._stock.catalog.GetItem(catalog_pb2.GetItemRequest(item_id=scanned))
            ).item.item_id
        except (UnknownItem, InvalidField):
            tags = (await self._stock.tags.GetTag(reads_pb2.GetTagRequest(epc=scanned))).tags
            item_id = next((tag.item_id for tag in tags if tag.item_id), "")
            if not item_id:
                raise UnknownItem(scanned) from None
            return item_id

    async def _zones(self, location_id: str, item_id: str) -> list[tuple[str, int]]:
        """Return how many tags of an item were last seen in which zone, most first."""
        request = reads_pb2.ListTagsRequest(
            location_id=location_id, item_id=item_id, page_size=TAGS_LOOKED_AT
        )
        tags = (await self._stock.tags.ListTags(request)).tags
        here = {reads_pb2.Tag.STATE_PRESENT, reads_pb2.Tag.STATE_UNCONFIRMED}
        return Counter(tag.zone_id for tag in tags if tag.state in here).most_common()

    async def _nearby(self, location: catalog_pb2.Location, item_id: str) -> list[dict[str, Any]]:
        """Return other stores that have the item, nearest first; none when this one's place is not known."""
        if not location.HasField("position"):
            return []
        request = availability_pb2.FindNearbyRequest(
            position=location.position,
            radius_metres=NEARBY_METRES,
            items=[availability_pb2.ItemQuantity(item_id=item_id, quantity=1)],
            max_count=SHOWN_NEARBY + 1,
        )
        found = (await self._stock.availability.FindNearby(request)).locations
        return [
            {
                "title": (await self._catalogue.location(each.location_id)).title,
                "kilometres": f"{each.distance_metres / 1000:.0f}",
                "available": each.items[0].available,
            }
            for each in found
            if each.location_id != location.location_id
        ][:SHOWN_NEARBY]


def _path(location_id: str) -> str:
    """Return the address of a store's page. Always one of this server, whatever the id holds."""
    return f"/store/{quote(location_id, safe='')}"


def _is_gtin(scanned: str) -> bool:
    return scanned.isascii() and scanned.isdigit() and len(scanned) in GTIN_DIGITS


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
    )
    if digits.isdigit():
        request.code = digits
    else:
        request.collection_pass = proof
    return request
