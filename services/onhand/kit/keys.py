"""The issuer's public keys: a JSON Web Key Set (RFC 7517) from a file or from the issuer's own address.

Either may change while the process runs. While it cannot be had, or is broken, the keys from before hold.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import jwt

from onhand.kit.config import Auth
from onhand.kit.errors import DependencyUnavailable
from onhand.kit.telemetry import log
from onhand.kit.waiting import set_or_after

FILE_CHECK_S = 1.0
"""How often a file is looked at for a change."""
FETCH_TIMEOUT_S = 5.0
"""Longest the issuer may take to answer."""
FETCH_PAUSE_S = 10.0
"""From one fetch to the next at least; protects the issuer from whoever sends tokens of keys that nobody has."""
MAX_BYTES = 256 << 10
"""Largest key set; protects memory. A key takes about half a kilobyte."""


class Keys:
    """The keys by their ids, as they are now."""

    def __init__(self, settings: Auth) -> None:
        """Read the file; raises what makes it unusable. An address is asked by `run`."""
        self._settings = settings
        self._keys: dict[str, jwt.PyJWK] | None = None
        self.generation = 0
        """Rises when the keys change."""
        self._version: tuple[int, int] | None = None
        self._checked = 0.0
        self._wanted = asyncio.Event()
        self._fetched = asyncio.Event()
        self._have = asyncio.Event()
        if settings.auth_jwks_file is not None:
            self._read(settings.auth_jwks_file)

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return a key; None when there is none, in which case the issuer is asked for new ones soon.

        Raises DependencyUnavailable while it has never answered.
        """
        if self._keys is None:
            raise DependencyUnavailable("the issuer of tokens")
        if key_id not in self._keys:
            self._wanted.set()
        return self._keys.get(key_id)

    def look(self, now: float) -> None:
        """Take up a file that was replaced."""
        if self._settings.auth_jwks_file is not None and now - self._checked > FILE_CHECK_S:
            self._checked = now
            self._read(self._settings.auth_jwks_file)

    async def renewed(self) -> None:
        """Return when the issuer has been asked anew, if it may be asked at all now."""
        if self._settings.auth_jwks_url and not self._fetched.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FETCH_TIMEOUT_S):
                    await self._fetched.wait()

    async def available(self) -> None:
        """Return when there are keys."""
        await self._have.wait()

    async def run(self) -> None:
        """Ask the issuer now, then when a key is not known and from time to time; for ever."""
        if not self._settings.auth_jwks_url:
            await asyncio.Event().wait()
        while True:
            self._wanted.clear()
            try:
                self._take(await _fetch(self._settings.auth_jwks_url))
            except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
                log.warning("the issuer's keys cannot be had; those from before hold", error=repr(error))
            self._fetched.set()
            await asyncio.sleep(FETCH_PAUSE_S if self._keys is not None else 1)
            self._fetched.clear()
            await set_or_after(self._wanted, self._settings.auth_jwks_refresh_s)

    def _read(self, path: Path) -> None:
        try:
            stat = path.stat()
            if (version := (stat.st_mtime_ns, stat.st_ino)) == self._version:
                return
            self._take(path.read_bytes())
        except (OSError, ValueError, jwt.PyJWTError):
            if self._version is None:
                raise
            log.warning("the keys cannot be read; those from before still hold", file=str(path))
            return
        self._version = version

    def _take(self, document: bytes) -> None:
        found = {key.key_id or "": key for key in jwt.PyJWKSet.from_json(document.decode()).keys}
        self._keys = found
        self._have.set()
        self.generation += 1


async def _fetch(url: str) -> bytes:
    """Return what is at `url`, never more than MAX_BYTES, and never from where it redirects to."""
    received = bytearray()
    async with (
        httpx.AsyncClient(timeout=FETCH_TIMEOUT_S, trust_env=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise ValueError(f"it answered {response.status_code}")
        async for part in response.aiter_bytes():
            received += part
            if len(received) > MAX_BYTES:
                raise ValueError(f"it is longer than {MAX_BYTES} bytes")
    return bytes(received)
