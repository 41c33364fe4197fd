"""The edge's routes: each verifies the caller, translates, and asks stock with the caller's own token."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from onhand.api.stock.v1 import availability_pb2, catalog_pb2, reads_pb2
from onhand.client import AsyncStock
from onhand.edge import availability, body, feeds, ingest, live, problem
from onhand.edge.auth import Gate
from onhand.edge.config import EdgeSettings
from onhand.edge.epcis import EpcisDoor
from onhand.edge.health import Services
from onhand.edge.live import EventStream, Watches
from onhand.edge.middleware import Around
from onhand.edge.pages import rendering
from onhand.edge.problem import Busy, Json
from onhand.kit.clock import SystemClock
from onhand.kit.errors import DependencyUnavailable
from onhand.kit.interceptors import check
from onhand.kit.status import from_status
from onhand.readers import Element, impinj, plain, zebra
from onhand.readers.document import malformed

OPENAPI = Path(__file__).parent / "openapi.json"
ROLES = {
    "stock": "reads, tags, ledger, availability, reservations",
    "routing": "orders, promises, which store serves them",
    "pickup": "store tasks from pick to hand-over",
    "notifications": "e-mail and webhooks to customers and systems",
}
THREAD_FROM_BYTES = 64 << 10
"""Bodies from this size are parsed beside the event loop, so that a large one does not stop the others."""

Parse = Callable[[bytes, int], list[Element]]


def _method(file: FileDescriptor, service: str, name: str) -> MethodDescriptor:
    return file.services_by_name[service].methods_by_name[name]


RECORD_READS = _method(reads_pb2.DESCRIPTOR, "ReadService", "RecordReads")
GET_AVAILABILITY = _method(availability_pb2.DESCRIPTOR, "AvailabilityService", "GetAvailability")
WATCH_AVAILABILITY = _method(availability_pb2.DESCRIPTOR, "AvailabilityService", "WatchAvailability")
LIST_LOCATIONS = _method(catalog_pb2.DESCRIPTOR, "CatalogService", "ListLocations")
GET_ITEM = _method(catalog_pb2.DESCRIPTOR, "CatalogService", "GetItem")


class Edge:
    """The endpoints and what they need."""

    def __init__(
        self,
        settings: EdgeSettings,
        gate: Gate,
        stock: AsyncStock,
        services: Services,
        watches: Watches,
        pages: Sequence[BaseRoute],
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._stock = stock
        self._services = services
        self._watches = watches
        self._epcis = EpcisDoor(settings, gate, stock, SystemClock())
        self._pages = pages
        self._ingests = 0
        self._feeds = 0

    def app(self) -> Starlette:
        routes: list[BaseRoute] = [
            Route("/", self.overview),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/openapi.json", self.openapi),
            Route("/ingest/impinj", self.ingest_impinj, methods=["POST"]),
            Route("/ingest/zebra", self.ingest_zebra, methods=["POST"]),
            Route("/ingest/reads", self.ingest_reads, methods=["POST"]),
            Route("/v1/availability", self.get_availability),
            Route("/v1/availability/watch", self.watch_availability),
            Route("/v1/locations", self.list_locations),
            Route("/v1/items/{item_id}", self.get_item),
            Route("/v1/items/{item_id}/offers/{location_id}", self.get_offer),
            Route("/feeds/local-inventory", self.local_inventory),
            *self._epcis.routes(),
            *self._pages,
            Mount("/static", StaticFiles(directory=rendering.STATIC)),
        ]
        app = Starlette(
            routes=routes,
            middleware=[Middleware(Around, self._settings.max_header_bytes)],
            exception_handlers={HTTPException: problem.answer},
        )
        app.router.redirect_slashes = False  # its target is made from the Host header, which anyone can set
        return app

    async def ingest_impinj(self, request: Request) -> Response:
        return await self._ingest(request, "impinj", impinj.parse)

    async def ingest_zebra(self, request: Request) -> Response:
        return await self._ingest(request, "zebra", zebra.parse)

    async def ingest_reads(self, request: Request) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == "text/csv":
            return await self._ingest(request, "csv", plain.parse_csv)
        return await self._ingest(request, "json", plain.parse_json)

    async def _ingest(self, request: Request, format_name: str, parse: Parse) -> Response:
        """Answer once everything in the body is durable in stock, refused, or ignored."""
        principal = self._gate.admit(request, RECORD_READS)
        if self._ingests >= self._settings.max_ingests:
            raise Busy("the ingest")
        self._ingests += 1
        try:
            received = await body.read(request, self._settings)
            if len(received) < THREAD_FROM_BYTES:
                elements = parse(received, self._settings.max_events)
            else:
                elements = await asyncio.to_thread(parse, received, self._settings.max_events)
            caller = request.query_params.get("reader_id") or principal.subject
            outcome = await ingest.record(self._stock, format_name, elements, caller)
        finally:
            self._ingests -= 1
        return Json(asdict(outcome))

    async def get_availability(self, request: Request) -> Response:
        self._gate.admit(request, GET_AVAILABILITY)
        query = availability_pb2.GetAvailabilityRequest(
            item_ids=request.query_params.getlist("item_id"),
            location_ids=request.query_params.getlist("location_id"),
            channel=request.query_params.get("channel", ""),
        )
        if read_time := request.query_params.get("read_time"):
            try:
                query.consistency.read_time.FromJsonString(read_time)
            except ValueError:
                raise malformed("read_time", "a time in RFC 3339 is expected") from None
        response = await self._stock.availability.GetAvailability(check(query))
        return Json(
            {"revision": response.revision, "lines": [availability.line(each) for each in response.lines]}
        )

    async def watch_availability(self, request: Request) -> EventStream:
        self._gate.admit(request, WATCH_AVAILABILITY)
        if request.method == "HEAD":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, "a live stream is for GET", {"Allow": "GET"})
        query = availability_pb2.WatchAvailabilityRequest(
            item_ids=request.query_params.getlist("item_id"),
            location_ids=request.query_params.getlist("location_id"),
            channel=request.query_params.get("channel", ""),
            thresholds_only=request.query_params.get("thresholds_only") == "true",
            resume_revision=_revision(request.headers.get("last-event-id", "")),
        )
        return self._watches.stream(live.cells(self._stock, check(query)))

    async def list_locations(self, request: Request) -> Response:
        self._gate.admit(request, LIST_LOCATIONS)
        query = catalog_pb2.ListLocationsRequest(
            page_size=_page_size(request), page_token=request.query_params.get("page_token", "")
        )
        response = await self._stock.catalog.ListLocations(check(query))
        locations = [
            {"location_id": each.location_id, "title": each.title, "time_zone": each.time_zone}
            for each in response.locations
        ]
        return Json({"locations": locations, "next_page_token": response.next_page_token})

    async def get_item(self, request: Request) -> Response:
        self._gate.admit(request, GET_ITEM)
        query = catalog_pb2.GetItemRequest(item_id=request.path_params["item_id"])
        item = (await self._stock.catalog.GetItem(check(query))).item
        names = ("item_id", "title", "style_id", "size", "colour", "item_class", "tagged")
        return Json({name: getattr(item, name) for name in names} | {"gtins": list(item.gtins)})

    async def get_offer(self, request: Request) -> Response:
        """Answer a schema.org Offer: an item at a store."""
        self._gate.admit(request, GET_AVAILABILITY)
        item_id, location_id = request.path_params["item_id"], request.path_params["location_id"]
        query = availability_pb2.GetAvailabilityRequest(
            item_ids=[item_id],
            location_ids=[location_id],
            channel=request.query_params.get("channel", ""),
        )
        stock = self._stock
        answered, item, store = await asyncio.gather(
            stock.availability.GetAvailability(check(query)),
            stock.catalog.GetItem(check(catalog_pb2.GetItemRequest(item_id=item_id))),
            stock.catalog.GetLocation(check(catalog_pb2.GetLocationRequest(location_id=location_id))),
        )
        (line,) = answered.lines
        if failure := from_status(line.status):
            raise failure
        offer = feeds.offer(item.item, store.location, line.availability)
        return Json(offer, media_type="application/ld+json")

    async def local_inventory(self, request: Request) -> Response:
        """Stream the feed of local inventory; a feed that fails half way is cut, and so not taken for whole."""
        self._gate.admit(request, WATCH_AVAILABILITY)
        asked = request.query_params
        feed = feeds.Feed(
            channel=asked.get("channel", ""),
            location_ids=asked.getlist("location_id"),
            pickup_method=asked.get("pickup_method", "buy"),
            pickup_sla=asked.get("pickup_sla", "same_day"),
            format=asked.get("format", "tsv"),
        )
        if self._feeds >= self._settings.max_feeds:
            raise Busy("the feeds")
        parts = feeds.local_inventory(self._stock, feed)
        self._feeds += 1
        try:
            first = await anext(parts)  # what is wrong with the question is known by then
        except BaseException:
            self._feeds -= 1
            raise

        async def whole() -> AsyncGenerator[str]:
            try:
                yield first
                async for part in parts:
                    yield part
            finally:
                self._feeds -= 1

        return StreamingResponse(whole(), media_type=feeds.FORMATS[feed.format])

    async def healthz(self, _: Request) -> Response:
        return Json({"status": "up"})

    async def readyz(self, _: Request) -> Response:
        if not (await self._services.check("stock")).serving:
            raise DependencyUnavailable("stock")
        return Json({"status": "ready"})

    async def openapi(self, _: Request) -> Response:
        return FileResponse(OPENAPI, media_type="application/json")

    async def overview(self, _: Request) -> Response:
        return rendering.page("overview.html", services=await self._services.check_all(), roles=ROLES)


def _revision(text: str) -> int:
    """Read the id of the last event that a browser has seen; 0 for none, and for what is not ours."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004 - int64


def _page_size(request: Request) -> int:
    value = request.query_params.get("page_size", "0")
    if not value.isascii() or not value.isdecimal() or len(value) > 9:  # noqa: PLR2004 - fits an int32
        raise malformed("page_size", "a whole number is expected")
    return int(value)
