"""Who looks at a page: a bearer token in a cookie, sent back by the browser to this page only.

The token is the one that its issuer signed, as it came. The edge keeps nothing, adds no right of its own, and
calls the services with it; they verify it again. The cookie is out of reach of scripts (HttpOnly) and of
requests that another site makes (SameSite=Strict, RFC 6265bis section 5.6.7.1).
"""

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from google.protobuf.descriptor import MethodDescriptor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onhand.edge import body
from onhand.edge.auth import Gate
from onhand.edge.config import EdgeSettings
from onhand.kit.auth import Principal
from onhand.kit.clock import Clock
from onhand.kit.errors import InvalidToken
from onhand.readers.document import malformed

COOKIE = "onhand"
MAX_COOKIE_BYTES = 3_800
"""A browser keeps 4,096 bytes of name, value and attributes together (RFC 6265, section 6.1)."""
MAX_FIELDS = 50
"""Fields of one form; protects the processor."""
MAX_DIGITS = 10
"""Of a number in a form; fits an int64."""


class Sessions:
    """Signs people in and out of a page, and tells who asks for it."""

    def __init__(self, settings: EdgeSettings, gate: Gate, clock: Clock) -> None:
        self._settings = settings
        self._gate = gate
        self._clock = clock

    def verify(self, token: str, method: MethodDescriptor) -> Principal:
        """Return whose token it is. Raises InvalidToken, also when no cookie can hold it, or MissingScope."""
        principal = self._gate.admit_token(token, method)
        if len(token) > MAX_COOKIE_BYTES:
            raise InvalidToken(f"it is longer than the {MAX_COOKIE_BYTES} bytes that a browser keeps")
        return principal

    def sign_in(self, response: Response, path: str, token: str, principal: Principal) -> None:
        """Let a verified token open the pages below `path` for as long as it holds."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=max(0, int(principal.expire_time - self._clock.now().timestamp())),
            path=path,
            secure=self._settings.public_url.startswith("https://"),
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, response: Response, path: str) -> None:
        response.delete_cookie(COOKIE, path, httponly=True, samesite="strict")

    def caller(self, request: Request, method: MethodDescriptor) -> Principal:
        """Return who is signed in, and make their token the one that the services are shown.

        Raises InvalidToken when nobody is, or MissingScope.
        """
        return self._gate.admit_token(request.cookies.get(COOKIE), method)


async def form(request: Request, settings: EdgeSettings) -> dict[str, str]:
    """Return the fields of a form that one of our own pages posted."""
    require_own_page(request)
    received = await body.read(request, settings)
    try:
        fields = parse_qsl(
            received.decode(),
            keep_blank_values=True,
            strict_parsing=bool(received),
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise malformed("body", "fields of a form are expected") from None
    return {name: value.strip() for name, value in fields}


def number(text: str) -> int:
    """Return a number from a form; 0, which the contracts refuse where it matters, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0


def require_own_page(request: Request) -> None:
    """Refuse a post that a page of another site makes a browser send (cross-site request forgery).

    Browsers say where a post comes from: in Sec-Fetch-Site, which no script can set, or where they do not send
    that in Origin. What says neither is no browser of these years, and has no page of ours open.
    """
    origin = urlsplit(request.headers.get("origin", "")).netloc
    site = request.headers.get("sec-fetch-site")
    if site != "same-origin" and (site is not None or not origin or origin != request.headers.get("host")):
        raise HTTPException(HTTPStatus.FORBIDDEN, "only a page of this server may post here")
