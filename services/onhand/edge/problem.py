"""Failures as RFC 9457 problem documents: the one place that knows HTTP status codes of our errors."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import grpc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onhand.kit import telemetry
from onhand.kit.errors import (
    DeadlineExceeded,
    DependencyUnavailable,
    Internal,
    InvalidField,
    InvalidToken,
    LimitReached,
    OnhandError,
)
from onhand.kit.status import CODES

_Code = grpc.StatusCode
STATUSES: dict[grpc.StatusCode, HTTPStatus] = {
    _Code.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    _Code.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    _Code.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    _Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    _Code.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    _Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    _Code.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    _Code.ABORTED: HTTPStatus.CONFLICT,
    _Code.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    _Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    _Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    _Code.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}
"""The mapping that google/rpc/code.proto gives beside each code."""
CHALLENGE = 'Bearer realm="onhand", Basic realm="onhand", charset="UTF-8"'
"""Both ways to send a token; programs that only speak Basic wait to be asked."""


class BodyTooLarge(LimitReached):
    """A body went over a size limit; HTTP has its own status for this."""


class Busy(DependencyUnavailable):
    """This process has no slot free; the same request may succeed in a moment."""

    @property
    def message(self) -> str:
        return f"{self.service} is busy; try again"


class Json(Response):
    """Plain JSON. Not-ASCII is escaped: a name may hold code points that UTF-8 cannot say."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def of(error: OnhandError) -> dict[str, Any]:
    """Return the members of a problem document: `reason` and `metadata` as a gRPC caller gets them."""
    status = _status(error)
    members: dict[str, Any] = {
        "type": f"urn:onhand:reason:{error.reason}",
        "title": error.reason.replace("_", " ").capitalize(),
        "status": status.value,
        "detail": error.message,
        "reason": error.reason,
    }
    if metadata := error.metadata():
        members["metadata"] = metadata
    if isinstance(error, InvalidField):
        members["violations"] = [
            {"field": each.field, "description": each.description} for each in error.violations
        ]
    return members


async def answer(_: Request, error: Exception) -> Response:
    """Answer a request that failed. What is not ours is logged and answered without detail."""
    return respond(*described(error))


def described(error: Exception) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return the members of the problem document of a failure, and headers that go with it."""
    if isinstance(error, HTTPException):  # of HTTP itself: no such path, method, media type
        status = HTTPStatus(error.status_code)
        members = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": error.detail,
        }
        return members, error.headers or {}
    known = restored(error)
    headers = {}
    if known.retry_delay_s is not None:
        headers["Retry-After"] = str(math.ceil(known.retry_delay_s))
    if isinstance(known, InvalidToken):
        headers["WWW-Authenticate"] = CHALLENGE
    return of(known), headers


def restored(error: Exception, service: str = "stock") -> OnhandError:
    """Return `error` as one of ours: a call that `service` did not answer, or an unexpected failure."""
    if isinstance(error, OnhandError):
        return error
    if isinstance(error, TimeoutError):
        return DeadlineExceeded()
    if isinstance(error, grpc.aio.AioRpcError):
        # Unimplemented: this edge is newer than what is behind it, for as long as an upgrade lasts.
        if error.code() in {_Code.UNAVAILABLE, _Code.UNIMPLEMENTED}:
            return DependencyUnavailable(service)
        if error.code() is _Code.DEADLINE_EXCEEDED:
            return DeadlineExceeded()
        if error.code() is _Code.RESOURCE_EXHAUSTED:  # the server's cap on concurrent calls
            return Busy(service)
    telemetry.log.error("unexpected failure", exc_info=error)
    return Internal(telemetry.trace_id())


def quoted(text: str, safe: str = "") -> str:
    """Return a text as part of a URL in a header: nothing in it can end the header."""
    return quote(text, safe=safe, errors="replace")


def _status(error: OnhandError) -> HTTPStatus:
    if isinstance(error, BodyTooLarge):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return STATUSES[CODES[error.reason]]


def respond(members: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Json(members, members["status"], dict(headers), "application/problem+json")
