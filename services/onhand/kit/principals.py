"""What is known of callers beside their tokens: how much each may ask, and whose certificate is whose.

A TOML file, read again when it changes:

    [default]                           # of those that are not named
    calls_per_s = 5000                  # 0: as many as they like
    calls_per_day = 0

    [principals.web-shop]               # by `sub` of the token
    calls_per_s = 20000

    [principals.gate-utrecht]           # a device that shows a certificate in place of a token
    certificate = "gate.utrecht.example"
    scopes = ["reads.write"]
    locations = ["utrecht"]

A certificate is known by a name of its subjectAltName (DNS, URI, address) or, where it has none, by its common name.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onhand.kit.errors import RateLimited
from onhand.kit.telemetry import log

BURST_S = 2.0
"""How many seconds' worth of calls may come at once after a pause."""
DAY_S = 86_400
MAX_CALLERS = 10_000
"""Callers that are counted; beyond it those that have been quiet are forgotten. Protects memory."""
FILE_CHECK_S = 1.0
"""How often the file is looked at for a change."""


class Limits(BaseModel):
    """How much a caller may ask of one process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls_per_s: Annotated[float, Field(ge=0)] = 0
    """0: as many as it likes. A stream is one call."""
    calls_per_day: Annotated[int, Field(ge=0)] = 0
    """Of the day in UTC; 0: as many as it likes."""


class Known(Limits):
    """A caller that the file names."""

    certificate: str = ""
    scopes: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    """What one with a certificate may do and where; `*` is everywhere. A token says this itself."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default: Limits | None = None
    principals: dict[str, Known] = {}


class _Count:
    """What a caller has asked."""

    __slots__ = ("day", "today", "until")

    def __init__(self) -> None:
        self.until = 0.0
        """When all that it asked is paid for, at its rate."""
        self.day = 0
        self.today = 0


class Principals:
    """Counts calls against limits, and names the owners of certificates."""

    def __init__(self, path: Path | None, calls_per_s: float) -> None:
        """`calls_per_s` is for callers of whom no file says anything. Raises what makes the file unusable."""
        self._path = path
        self._default = self._standard = Limits(calls_per_s=calls_per_s)
        self._known: Mapping[str, Known] = {}
        self._by_certificate: dict[str, str] = {}
        self._counts: dict[str, _Count] = {}
        self._version: tuple[int, int] | None = None
        self._checked = 0.0
        if path is not None:
            self._read(path)

    def owner(self, names: list[str]) -> tuple[str, Known] | None:
        """Return who shows a certificate with these names."""
        for name in names:
            if (subject := self._by_certificate.get(name)) is not None:
                return subject, self._known[subject]
        return None

    def look(self, now: float) -> None:
        """Take up a file that was replaced."""
        if self._path is not None and now - self._checked > FILE_CHECK_S:
            self._checked = now
            self._read(self._path)

    def count(self, subject: str, now: float) -> None:
        """Count a call at `now`, seconds since 1970. Raises RateLimited, with when it may come again.

        By the generic cell rate algorithm (ITU-T I.371, annex A): one number a caller is all that it needs.
        """
        limits = self._known.get(subject, self._default)
        if not limits.calls_per_s and not limits.calls_per_day:
            return
        counted = self._counts.get(subject)
        if counted is None:
            counted = self._counts[subject] = self._room(now)
        if limits.calls_per_s:
            until = max(counted.until, now)
            if until - now > BURST_S:
                raise RateLimited(f"{limits.calls_per_s:g} calls a second", _ms(until - now - BURST_S))
            counted.until = until + 1 / limits.calls_per_s
        if limits.calls_per_day:
            day = int(now // DAY_S)
            if counted.day != day:
                counted.day, counted.today = day, 0
            if counted.today >= limits.calls_per_day:
                raise RateLimited(f"{limits.calls_per_day} calls a day", _ms((day + 1) * DAY_S - now))
            counted.today += 1

    def _room(self, now: float) -> _Count:
        """Make a count, and room for it: who was quiet and has used nothing of today has nothing to remember."""
        if len(self._counts) >= MAX_CALLERS:
            day = int(now // DAY_S)
            kept = {
                subject: each
                for subject, each in self._counts.items()
                if each.until > now or (each.day == day and each.today)
            }
            self._counts = kept if len(kept) < MAX_CALLERS else {}
        return _Count()

    def _read(self, path: Path) -> None:
        try:
            stat = path.stat()
            if (version := (stat.st_mtime_ns, stat.st_ino)) == self._version:
                return
            found = _File.model_validate(tomllib.loads(path.read_text()))
            owners = _owners(found.principals)
        except (OSError, ValueError) as error:  # pydantic's and tomllib's errors are ValueErrors
            if self._version is None:
                raise
            told = error.errors(include_input=False) if isinstance(error, ValidationError) else repr(error)
            log.warning("the file of principals cannot be used; the one from before holds", error=told)
            return
        self._default = found.default or self._standard
        self._known, self._by_certificate = found.principals, owners
        self._version = version


def _owners(known: Mapping[str, Known]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for subject, each in known.items():
        if each.certificate and owners.setdefault(each.certificate, subject) != subject:
            raise ValueError(f"{each.certificate!r} is the certificate of two principals")
        if not each.certificate and (each.scopes or each.locations):
            raise ValueError(f"{subject!r} has no certificate: its token says its scopes and locations")
    return owners


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1_000 + 1))
