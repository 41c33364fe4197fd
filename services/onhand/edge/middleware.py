"""What happens around every request: a span under the caller's trace, metrics, headers, the last catch."""

import time
from http import HTTPStatus

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onhand.edge import problem
from onhand.edge.auth import caller_address
from onhand.kit import telemetry

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer, also on JSON: a browser may be led to any address."""

_duration = telemetry.meter.create_histogram(
    "onhand.http.duration", unit="s", description="Time to answer a request, by route and status"
)


class Around:
    """The outermost layer of ours."""

    def __init__(self, app: ASGIApp, max_header_bytes: int) -> None:
        self._app = app
        self._max_header_bytes = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        caller_address.set((scope.get("client") or ("",))[0])

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with telemetry.span(scope["method"], Headers(scope=scope), trace.SpanKind.SERVER) as span:
            try:
                self._check_headers(scope)
                await self._app(scope, receive, send_with_headers)
            except Exception as error:
                if status:
                    raise  # half an answer is out: the connection must end
                response = await problem.answer(Request(scope), error)
                await response(scope, receive, send_with_headers)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                _duration.record(time.perf_counter() - started, {"route": route, "status": status})

    def _check_headers(self, scope: Scope) -> None:
        """Refuse headers over the limit: the server's own holds only for those that come in pieces."""
        size = len(scope["raw_path"]) + len(scope["query_string"])
        size += sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._max_header_bytes:
            raise HTTPException(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"max_header_bytes is {self._max_header_bytes}"
            )
