"""Who calls: bearer tokens (JWT, RFC 7519), their scopes, and the locations they speak for.

A token's claims: `iss`, `aud`, `sub`, `exp`, `scope` (space-separated, RFC 8693 section 4.2) and
`locations`, a list of location ids, where `["*"]` means all. A token without `locations` speaks for none.
"""

import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import jwt

from onhand.kit.config import Auth
from onhand.kit.errors import InvalidToken, MissingScope, WrongLocation
from onhand.kit.telemetry import log

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
"""Asymmetric only: a public key can never serve as a shared secret (key confusion)."""
MAX_CACHED_TOKENS = 10_000
"""Verified tokens remembered; protects memory. A signature check costs about 100 µs."""
KEY_CHECK_S = 1.0
"""How often the key file is looked at for a change."""


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


class Authenticator:
    """Verifies tokens against a key set file, which may be replaced while the service runs."""

    def __init__(self, settings: Auth) -> None:
        self._settings = settings
        self._keys: dict[str, jwt.PyJWK] = {}
        self._leeway_s = settings.auth_leeway_s  # a setting's own attribute is ten times as slow
        self._cache: dict[str | None, Principal] = {}
        """By the whole header."""
        self._version: tuple[int, int] | None = None
        self._checked = 0.0
        self._load()

    def authenticate(self, authorization: str | None, scope: str) -> Principal:
        """Return the principal of an `authorization` header value.

        Raises InvalidToken, or MissingScope when the token is good but lacks `scope`.
        """
        now = time.time()
        if now - self._checked > KEY_CHECK_S:
            self._checked = now
            self._load()
        principal = self._cache.get(authorization)
        if principal is None or principal.expire_time + self._leeway_s <= now:
            if authorization is None or not authorization.lower().startswith("bearer "):
                raise InvalidToken("none was sent")
            principal = self._verify(authorization[7:])
            if len(self._cache) >= MAX_CACHED_TOKENS:
                self._cache.clear()
            self._cache[authorization] = principal
        principal.require_scope(scope)
        return principal

    def _load(self) -> None:
        path = self._settings.auth_jwks_file
        try:
            stat = path.stat()
            if (version := (stat.st_mtime_ns, stat.st_ino)) == self._version:
                return
            key_set = jwt.PyJWKSet.from_json(path.read_text())
        except (OSError, ValueError, jwt.PyJWTError):
            if self._version is None:
                raise
            log.warning("the keys cannot be read; those from before still hold", file=str(path))
            return
        self._keys = {key.key_id or "": key for key in key_set.keys}
        self._cache.clear()
        self._version = version

    def _verify(self, token: str) -> Principal:
        try:
            key = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise InvalidToken("its key is not known")
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
        if not self._value or now - self._read_at > KEY_CHECK_S:
            self._value = self._path.read_text().strip()
            self._read_at = now
        return self._value
