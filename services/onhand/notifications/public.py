"""What the world may call: links to say that one has had enough (RFC 8058), and links that tell of a click.

Behind a proxy that speaks https. A link names nobody: it is sealed, and says an address's id and a topic, or a
message's id and where it leads. So it leads nowhere but where a message of ours has sent its reader.
"""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from onhand.kit import trail
from onhand.kit.errors import NotFound, OnhandError
from onhand.kit.http import Protocol
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.use_cases.measures import Measures

CONNECTIONS = 200
"""Requests under way at a time; protects the database from whoever finds the address."""
MAX_HEADER_BYTES = 8_192
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Messages</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1.5rem">{}</body></html>
"""
_ASK = '<form method="post"><p>Do you want no more messages of this kind?</p><button>No more</button></form>'
_DONE = "<p>You get no more messages of this kind.</p>"
_UNKNOWN = "<p>This link does not work any more.</p>"
_LATER = "<p>This does not work just now. Please try again in a moment.</p>"
HEADER_TIMEOUT_S = 10.0
"""Longest a request's head may take; protects the connections that there are."""
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A GIF of one transparent point."""

Unsubscribe = Callable[[str], Awaitable[None]]


def public_app(unsubscribe: Unsubscribe, measures: Measures) -> Starlette:
    """Return the application. Nothing is changed for a reader by GET: scanners of mail follow every link."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return _page(_ASK)
        try:
            came_from = request.client.host if request.client else ""
            trail.act_for([trail.Call("a reader of messages", "POST /unsubscribe", came_from)])
            await unsubscribe(request.path_params["token"])
        except NotFound:
            return _page(_UNKNOWN, HTTPStatus.NOT_FOUND)
        except OnhandError:
            return _page(_LATER, HTTPStatus.SERVICE_UNAVAILABLE)
        return _page(_DONE)

    async def click(request: Request) -> Response:
        try:
            message_id, target = measures.target_of(request.path_params["token"])
        except NotFound:
            return _page(_UNKNOWN, HTTPStatus.NOT_FOUND)
        with suppress(OnhandError):  # the reader goes on, whether it is counted or not
            await measures.clicked(message_id)
        return RedirectResponse(target, HTTPStatus.SEE_OTHER, _HEADERS)

    async def opened(request: Request) -> Response:
        with suppress(OnhandError):
            await measures.opened(request.path_params["token"])
        return Response(_PIXEL, media_type="image/gif", headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/unsubscribe/{token}", answer, methods=["GET", "POST"]),
            Route("/click/{token}", click),
            Route("/open/{token}", opened),
        ]
    )


def _page(content: str, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(content), status, _HEADERS)


class PublicServer(uvicorn.Server):
    """Serves until its task is cancelled; the process's signals are its gRPC server's."""

    def __init__(self, settings: NotificationsSettings, app: Starlette) -> None:
        host, _, port = settings.public_listen.rpartition(":")
        super().__init__(
            uvicorn.Config(
                app,
                host=host or "127.0.0.1",
                port=int(port),
                http=partial(Protocol, header_timeout_s=HEADER_TIMEOUT_S),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,  # a path is a key
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
                h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
