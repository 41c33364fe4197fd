"""EPCIS 2.0 over HTTP (EPCIS 2.0, section 12): capture and query, passed on to stock."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from onhand.api.stock.v1 import epcis_pb2 as pb
from onhand.client import AsyncStock
from onhand.edge import body, problem
from onhand.edge.auth import Gate
from onhand.edge.config import EdgeSettings
from onhand.edge.problem import BodyTooLarge, Busy, Json
from onhand.kit.clock import Clock
from onhand.kit.errors import AlreadyExists, NotFound, TooMany
from onhand.kit.interceptors import check
from onhand.readers.document import malformed

VERSION = "2.0.0"
VERSIONS = {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PAGE_SIZE = 30
"""Events of a page where the caller does not say: the standard's default."""
TYPES = ["ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"]
SHORT_CUTS = {
    "eventTypes": "eventType",
    "epcs": "MATCH_anyEPC",
    "bizSteps": "EQ_bizStep",
    "bizLocations": "EQ_bizLocation",
    "readPoints": "EQ_readPoint",
    "dispositions": "EQ_disposition",
}
"""Which parameter of a query a resource stands for."""
_JSON = ("application/json", "application/ld+json")
_SERVICE = pb.DESCRIPTOR.services_by_name["EpcisService"].methods_by_name
_BEHAVIOURS = {"rollback": pb.ERROR_BEHAVIOUR_ROLLBACK, "proceed": pb.ERROR_BEHAVIOUR_PROCEED}
_OUTCOMES = pb.EventOutcome.Kind
_EXCEPTIONS = {
    HTTPStatus.BAD_REQUEST: "ValidationException",
    HTTPStatus.UNAUTHORIZED: "SecurityException",
    HTTPStatus.FORBIDDEN: "SecurityException",
    HTTPStatus.NOT_FOUND: "NoSuchResourceException",
    HTTPStatus.NOT_ACCEPTABLE: "NotAcceptableException",
    HTTPStatus.CONFLICT: "ResourceAlreadyExistsException",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "CaptureLimitExceededException",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "UnsupportedMediaTypeException",
}
"""The standard's names of failures; every other is an ImplementationException."""
Handler = Callable[[Request], Awaitable[Response]]


class EpcisDoor:
    """The endpoints under /epcis."""

    def __init__(self, settings: EdgeSettings, gate: Gate, stock: AsyncStock, clock: Clock) -> None:
        self._settings = settings
        self._gate = gate
        self._stock = stock
        self._clock = clock
        self._captures = 0

    def routes(self) -> list[Route]:
        return [
            _route("/epcis", GET=_list("events", "eventTypes", "capture", *SHORT_CUTS)),
            _route(
                "/epcis/capture", GET=self.list_captures, POST=self.capture, OPTIONS=self.discover_capture
            ),
            _route("/epcis/capture/{capture_id}", GET=self.get_capture),
            _route(
                "/epcis/events", GET=self.list_events, POST=self.capture_event, OPTIONS=self.discover_capture
            ),
            _route("/epcis/events/{event_id:path}", GET=self.get_event),
            _route("/epcis/eventTypes", GET=_list(*TYPES)),
            _route("/epcis/{resource}/{value:path}/events", GET=self.list_events_of),
            _route("/epcis/{rest:path}", GET=_not_here, POST=_not_here, DELETE=_not_here),
        ]

    # Capture

    async def capture(self, request: Request) -> Response:
        """Take in a document; the answer names the job that captures it."""
        self._gate.admit(request, _SERVICE["Capture"])
        said = request.headers.get("gs1-capture-error-behaviour", "rollback")
        if said not in _BEHAVIOURS:
            raise malformed("GS1-Capture-Error-Behaviour", "rollback or proceed is expected")
        document = await self._body(request)
        response = await self._stock.epcis.Capture(
            check(pb.CaptureRequest(document=document, error_behaviour=_BEHAVIOURS[said]))
        )
        headers = {
            "Location": f"/epcis/capture/{response.capture.capture_id}",
            "GS1-Capture-Error-Behaviour": said,
        }
        return Response(status_code=HTTPStatus.ACCEPTED, headers=headers)

    async def capture_event(self, request: Request) -> Response:
        """Capture one event; an event that was captured before is named, and not captured again."""
        self._gate.admit(request, _SERVICE["CaptureEvent"])
        event = await self._body(request)
        response = await self._stock.epcis.CaptureEvent(check(pb.CaptureEventRequest(event=event)))
        outcome = response.outcome
        if outcome.kind == _OUTCOMES.KIND_REPEATED:
            raise AlreadyExists("event", outcome.event_id)
        location = "/epcis/events/" + problem.quoted(outcome.event_id)
        members = {"eventID": outcome.event_id, "outcome": "captured", "detail": outcome.detail}
        return Json(members, HTTPStatus.CREATED, {"Location": location})

    async def list_captures(self, request: Request) -> Response:
        self._gate.admit(request, _SERVICE["ListCaptures"])
        response = await self._stock.epcis.ListCaptures(
            check(pb.ListCapturesRequest(page_size=_per_page(request), page_token=_token(request)))
        )
        return Json([_job(each) for each in response.captures], 200, _next(request, response.next_page_token))

    async def get_capture(self, request: Request) -> Response:
        self._gate.admit(request, _SERVICE["GetCapture"])
        asked = pb.GetCaptureRequest(capture_id=request.path_params["capture_id"])
        response = await self._stock.epcis.GetCapture(check(asked))
        return Json(_job(response.capture))

    async def discover_capture(self, request: Request) -> Response:
        self._gate.admit(request, _SERVICE["ListCaptures"])
        headers = {
            "Allow": "GET, HEAD, POST, OPTIONS",
            "GS1-EPCIS-Min": VERSION,
            "GS1-EPCIS-Max": VERSION,
            "GS1-CBV-Min": VERSION,
            "GS1-CBV-Max": VERSION,
            "GS1-EPC-Format": "No_Preference",
            "GS1-EPCIS-Capture-Limit": str(self._settings.epcis_max_events),
            "GS1-EPCIS-Capture-File-Size-Limit": str(self._settings.epcis_max_bytes),
            "GS1-Capture-Error-Behaviour": "rollback, proceed",
        }
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)

    async def _body(self, request: Request) -> bytes:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _JSON:
            raise HTTPException(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {' or '.join(_JSON)}"
            )
        if self._captures >= self._settings.max_ingests:
            raise Busy("the capture")
        self._captures += 1
        try:
            received = await body.read(request, self._settings)
        finally:
            self._captures -= 1
        if len(received) > self._settings.epcis_max_bytes:
            raise BodyTooLarge(f"epcis_max_bytes is {self._settings.epcis_max_bytes}")
        return received

    # Query

    async def list_events(self, request: Request) -> Response:
        return await self._query(request, [])

    async def list_events_of(self, request: Request) -> Response:
        name = SHORT_CUTS.get(request.path_params["resource"])
        if name is None:
            raise NotFound("resource", request.path_params["resource"])
        return await self._query(request, [(name, request.path_params["value"])])

    async def get_event(self, request: Request) -> Response:
        """Answer one event; one that was later declared in error as it was captured."""
        self._gate.admit(request, _SERVICE["ListEvents"])
        event_id = request.path_params["event_id"]
        asked = pb.ListEventsRequest(parameters=[pb.QueryParameter(name="EQ_eventID", values=[event_id])])
        events = (await self._stock.epcis.ListEvents(check(asked))).events
        if not events:
            raise NotFound("event", event_id)
        found = [json.loads(each.event) for each in events]
        event = next((each for each in found if "errorDeclaration" not in each), found[0])
        return Json({"@context": CONTEXT} | event)

    async def _query(self, request: Request, fixed: list[tuple[str, str]]) -> Response:
        self._gate.admit(request, _SERVICE["ListEvents"])
        asked = [
            each for each in request.query_params.multi_items() if each[0] not in {"perPage", "nextPageToken"}
        ]
        parameters = [
            *(pb.QueryParameter(name=name, values=value.split("|")) for name, value in asked),
            *(pb.QueryParameter(name=name, values=[value]) for name, value in fixed),
        ]
        response = await self._stock.epcis.ListEvents(
            check(
                pb.ListEventsRequest(
                    parameters=parameters, page_size=_per_page(request), page_token=_token(request)
                )
            )
        )
        results = {
            "queryName": "SimpleEventQuery",
            "resultsBody": {"eventList": [json.loads(each.event) for each in response.events]},
        }
        document = {
            "@context": [CONTEXT],
            "type": "EPCISQueryDocument",
            "schemaVersion": "2.0",
            "creationDate": self._clock.now().isoformat().replace("+00:00", "Z"),
            "epcisBody": {"queryResults": results},
        }
        return Json(document, 200, _next(request, response.next_page_token))


def _route(path: str, **handlers: Handler) -> Route:
    """Answer `path` by a handler a method; failures as the standard names them."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        try:
            _negotiate(request)
            response = await handlers[method](request) if method in handlers else _discovered(handlers)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has the standard's form
            response = _failed(request, error)
        response.headers.update(VERSIONS)
        return response

    return Route(path, endpoint, methods=["OPTIONS", *handlers])


def _discovered(handlers: dict[str, Handler]) -> Response:
    versions = {f"GS1-{kind}-{end}": VERSION for kind in ("EPCIS", "CBV") for end in ("Min", "Max")}
    allow = ", ".join(["HEAD", "OPTIONS", *handlers])
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allow, **versions})


def _negotiate(request: Request) -> None:
    """Refuse a caller that needs another version, or another form of answers than JSON."""
    for kind in ("epcis", "cbv"):
        asked = [request.headers.get(f"gs1-{kind}-{name}") for name in ("min", "version", "max")]
        least, exact, most = (_version(each) if each else None for each in asked)
        ours = _version(VERSION)
        if (exact and exact != ours) or (least and least > ours) or (most and most < ours):
            raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, f"{kind.upper()} {VERSION} is served")
    accepted = request.headers.get("accept", "*/*").lower()
    if not any(each in accepted for each in (*_JSON, "*/*", "application/*")):
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, f"{' and '.join(_JSON)} are served")


def _version(text: str) -> tuple[int, int, int]:
    """Read a version with its trailing parts left out or not. Raises InvalidField."""
    parts = text.strip().split(".")
    if len(parts) > 3 or not all(each.isascii() and each.isdecimal() and len(each) < 6 for each in parts):  # noqa: PLR2004 - major, minor, patch
        raise malformed("GS1-EPCIS-Version", "a version such as 2.0.0 is expected")
    major, minor, patch = (*map(int, parts), 0, 0)[:3]
    return major, minor, patch


def _failed(request: Request, error: Exception) -> Response:
    """Say a failure as the standard does; `reason` and `metadata` stay as everywhere."""
    members, headers = problem.described(error)
    status = HTTPStatus(members["status"])
    asks = request.method in {"GET", "HEAD"}
    if isinstance(error, TooMany):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    name = _EXCEPTIONS.get(status, "ImplementationException")
    if asks and status is HTTPStatus.BAD_REQUEST:
        name = "QueryParameterException"
    elif asks and status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        name = "QueryTooLargeException"
    named = {"type": f"epcisException:{name}", "title": name, "status": status.value}
    return problem.respond(members | named, headers)


def _list(*members: str) -> Handler:
    async def answer(_: Request) -> Response:
        return Json({"@context": CONTEXT, "type": "Collection", "member": sorted(set(members))})

    return answer


async def _not_here(_: Request) -> Response:
    raise HTTPException(
        HTTPStatus.NOT_IMPLEMENTED, "named queries, subscriptions and lists of values are not served"
    )


def _per_page(request: Request) -> int:
    value = request.query_params.get("perPage", str(PAGE_SIZE))
    if not value.isascii() or not value.isdecimal() or not int(value[:9]) > 0 or len(value) > 9:  # noqa: PLR2004 - fits an int32
        raise malformed("perPage", "a whole number above 0 is expected")
    return int(value)


def _token(request: Request) -> str:
    return request.query_params.get("nextPageToken", "")


def _next(request: Request, token: str) -> dict[str, str]:
    """Name the next page by a relative reference: the host that a caller names can be anything."""
    if not token:
        return {}
    asked = [each for each in request.query_params.multi_items() if each[0] != "nextPageToken"]
    query = urlencode([*asked, ("nextPageToken", token)])
    return {"Link": f'<{problem.quoted(request.url.path, safe="/")}?{query}>; rel="next"'}


def _job(job: pb.CaptureJob) -> dict[str, Any]:
    running = not job.HasField("finish_time")
    members: dict[str, Any] = {
        "captureID": job.capture_id,
        "createdAt": _time(job.create_time),
        "running": running,
        "success": job.success,
        "captureErrorBehaviour": "proceed"
        if job.error_behaviour == pb.ERROR_BEHAVIOUR_PROCEED
        else "rollback",
        "errors": [
            {
                "type": "epcisException:ValidationException",
                "title": each.reason,
                "detail": each.detail
                if each.detail.startswith("eventList")
                else f"eventList[{index}]: {each.detail}",
            }
            for index, each in enumerate(job.outcomes)
            if each.kind == _OUTCOMES.KIND_REFUSED
        ],
    }
    if not running:
        members["finishedAt"] = _time(job.finish_time)
    if job.outcomes:
        members["outcomes"] = [
            {
                "eventID": each.event_id,
                "outcome": _OUTCOMES.Name(each.kind).removeprefix("KIND_").lower(),
                "detail": each.detail,
            }
            for each in job.outcomes
        ]
    return members


def _time(time: Timestamp) -> str:
    return time.ToJsonString()
