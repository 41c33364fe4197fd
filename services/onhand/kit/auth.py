"""Who calls: bearer tokens (JWT, RFC 7519), their scopes, and the locations they speak for.

A token's claims: `iss`, `aud`, `sub`, `exp`, `scope` (space-separated, RFC 8693 section 4.2) and
`locations`, a list of location ids, where `["*"]` means all. A token without `locations` speaks for none.
"""

import math
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import jwt

from onhand.kit import tls
from onhand.kit.config import Auth
from onhand.kit.errors import InvalidToken, MissingScope, WrongLocation
from onhand.kit.keys import Keys
from onhand.kit.principals import Principals

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
"""Asymmetric only: a public key can never serve as a shared secret (key confusion)."""
MAX_CACHED_TOKENS = 10_000
"""Verified tokens remembered; protects memory. A signature check costs about 100 µs."""
TOKEN_CHECK_S = 1.0
"""How often the file of this process's own token is looked at."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The verified caller."""

    subject: str
    scopes: frozenset[str]
    locations: frozenset[str] | None
    """None: all."""
    expire_time: float
    """Seconds since 1970."""

    def require_scope(self, scope: str) -> None:
        if scope not in self.scopes:
            raise MissingScope(scope)

    def require_location(self, *location_ids: str) -> None:
        """Raise WrongLocation unless the caller speaks for every one of `location_ids`."""
        if self.locations is not None:
            for location_id in location_ids:
                if location_id not in self.locations:
                    raise WrongLocation(location_id)

    def require_locations(self, location_ids: frozenset[str]) -> None:
        """As `require_location`, for a set that is kept."""
        if self.locations is not None and not location_ids <= self.locations:
            raise WrongLocation(min(location_ids - self.locations))

    def visible(self, location_ids: Iterable[str]) -> list[str]:
        """Return those of `location_ids` that the caller speaks for."""
        return [each for each in location_ids if self.locations is None or each in self.locations]


_current: ContextVar[Principal] = ContextVar("principal")


def current() -> Principal:
    """Return the caller of the call under way."""
    return _current.get()


def set_current(principal: Principal) -> None:
    _current.set(principal)


class UnknownKey(InvalidToken):
    """The token is signed by a key that the issuer did not have when it was asked last."""


class Authenticator:
    """Verifies tokens against the issuer's keys, and client certificates against the file of principals.

    Both may be replaced while the service runs. A caller's calls are counted against its limits.
    """

    def __init__(self, settings: Auth) -> None:
        self._settings = settings
        self.keys = Keys(settings)
        self._principals = Principals(settings.principals_file, settings.calls_per_s)
        self._leeway_s = settings.auth_leeway_s  # a setting's own attribute is ten times as slow
        self._cache: dict[str | None, Principal] = {}
        """By the whole header."""
        self._generation = 0

    def authenticate(self, authorization: str | None, scope: str) -> Principal:
        """Return the principal of an `authorization` header value.

        Raises InvalidToken, MissingScope when the token is good but lacks `scope`, or RateLimited.
        """
        now = self._look()
        principal = self._cache.get(authorization)
        if principal is None or principal.expire_time + self._leeway_s <= now:
            if authorization is None or not authorization.lower().startswith("bearer "):
                raise InvalidToken("none was sent")
            principal = self._verify(authorization[7:])
            if len(self._cache) >= MAX_CACHED_TOKENS:
                self._cache.clear()
            self._cache[authorization] = principal
        principal.require_scope(scope)
        self._principals.count(principal.subject, now)
        return principal

    def authenticate_certificate(self, auth_context: Mapping[str, Iterable[bytes]], scope: str) -> Principal:
        """Return the principal of a connection's client certificate, which its handshake has verified.

        Raises as `authenticate`.
        """
        now = self._look()
        names = tls.names(auth_context)
        if not names:
            raise InvalidToken("none was sent")
        owner = self._principals.owner(names)
        if owner is None:
            raise InvalidToken(f"nobody is known by the certificate of {names[0]!r}")
        subject, known = owner
        locations = None if "*" in known.locations else known.locations
        principal = Principal(subject, known.scopes, locations, math.inf)
        principal.require_scope(scope)
        self._principals.count(subject, now)
        return principal

    def _look(self) -> float:
        """Take up what was replaced; returns the present."""
        now = time.time()
        self.keys.look(now)
        self._principals.look(now)
        if self._generation != self.keys.generation:
            self._generation = self.keys.generation
            self._cache.clear()
        return now

    def _verify(self, token: str) -> Principal:
        try:
            key = self.keys.find(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                raise UnknownKey("its key is not known")
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.auth_audience,
                issuer=self._settings.auth_issuer,
                leeway=self._settings.auth_leeway_s,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise InvalidToken(str(error).lower()) from None
        locations = claims.get("locations", [])
        if not isinstance(locations, list) or not isinstance(claims.get("scope", ""), str):
            raise InvalidToken("scope must be text and locations a list")
        return Principal(
            subject=str(claims["sub"]),
            scopes=frozenset(claims.get("scope", "").split()),
            locations=None if "*" in locations else frozenset(map(str, locations)),
            expire_time=float(claims["exp"]),
        )


class TokenFile:
    """The bearer token that this process shows to others, read again when its file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._value = ""
        self._read_at = 0.0

    def __call__(self) -> str:
        now = time.monotonic()
        if not self._value or now - self._read_at > TOKEN_CHECK_S:
            self._value = self._path.read_text().strip()
            self._read_at = now
        return self._value
