"""Who calls: the same bearer tokens as everywhere, verified here and passed on to stock as they came.

Readers that only speak HTTP Basic send their token as the password; the user name does not matter.
"""

import base64
import binascii
from contextvars import ContextVar

from google.protobuf.descriptor import MethodDescriptor
from starlette.requests import Request

from onhand.kit.auth import Authenticator, Principal
from onhand.kit.errors import InvalidToken
from onhand.kit.interceptors import scope_of

caller_token: ContextVar[str] = ContextVar("caller_token", default="")
"""The token of the request under way: what calls to stock are made with."""
caller_address: ContextVar[str] = ContextVar("caller_address", default="")
"""Where the request under way comes from: what services note in the trail of writes."""


class Gate:
    """Lets a request through when its token has the scope of the method that will answer it."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def admit(self, request: Request, method: MethodDescriptor) -> Principal:
        """Return the caller and make its token the one that stock is shown.

        Raises InvalidToken, or MissingScope when it lacks the scope that the contract names for `method`.
        """
        return self.admit_token(_token(request.headers.get("authorization")), method)

    def admit_token(self, token: str | None, method: MethodDescriptor) -> Principal:
        """As `admit`, with a token that came another way."""
        principal = self._authenticator.authenticate(token and f"Bearer {token}", scope_of(method))
        caller_token.set(token or "")
        return principal


def _token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, from Bearer or from the password of Basic (RFC 7617)."""
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return None
    try:
        credentials = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidToken("the Basic credentials are not base64 of user:password") from None
    return credentials.partition(":")[2].strip() or None
