"""A document on its way into the books."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from onhand.stock.domain.epcis import hashing, query
from onhand.stock.domain.epcis.documents import prefixes
from onhand.stock.domain.epcis.validation import moment
from onhand.stock.domain.epcis.vocabulary import CONTEXT


class Outcome(IntEnum):
    PENDING = 1
    CAPTURED = 2
    REPEATED = 3
    REFUSED = 4
    ROLLED_BACK = 5


@dataclass(slots=True)
class Entry:
    """One event of a document, and what became of it."""

    index: int
    event: Mapping[str, Any]
    context: Sequence[Any]
    outcome: Outcome = Outcome.PENDING
    event_id: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Capture:
    capture_id: UUID
    actor: str
    locations: frozenset[str] | None
    """For which the actor speaks; None: all."""
    proceed: bool
    create_time: datetime
    success: bool = True
    finish_time: datetime | None = None
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept."""

    event_hash: bytes
    declared: bool
    """It declares that another was in error, which has the same hash."""
    event_id: str
    location_id: str
    event_time: datetime
    record_time: datetime
    keys: Sequence[str]
    event: str
    context: str
    effect: str = ""
    published: bool = False


def stored(
    event: Mapping[str, Any],
    context: Sequence[Any],
    location_id: str,
    record_time: datetime,
    *,
    published: bool = False,
    effect: str = "",
) -> StoredEvent:
    """Make what is kept of a well-formed event: with an id, and with the time at which we took it."""
    digest = hashing.event_hash(event, prefixes(context))
    event_id = event.get("eventID") or hashing.hash_id(digest)
    event_time = moment(event["eventTime"])
    assert event_time is not None  # noqa: S101 - it is well formed
    whole = {**event, "eventID": event_id, "recordTime": utc(record_time)}
    return StoredEvent(
        digest,
        "errorDeclaration" in event,
        event_id,
        location_id,
        event_time,
        record_time,
        query.keys(event),
        as_json(whole),
        as_json(list(context)),
        effect,
        published,
    )


def with_context(event: str, context: str) -> str:
    """Return a kept event as it is handed out: with what its document had added to GS1's context."""
    if context == "[]":
        return event
    whole = [CONTEXT, *json.loads(context)]
    return f'{{"@context":{as_json(whole)},{event[1:]}'


def as_json(value: Any) -> str:
    """Write JSON in ASCII: a text of JSON may hold code points that UTF-8 cannot say."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
