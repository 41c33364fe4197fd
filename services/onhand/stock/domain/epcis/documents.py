"""EPCIS documents in JSON and JSON-LD: from bytes to events, each with the prefixes that hold for it."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from onhand.kit.errors import FieldViolation, InvalidField, TooMany
from onhand.stock.domain.epcis import vocabulary
from onhand.stock.domain.epcis.validation import Faults, check_event, is_uri, moment, shown

CONTEXT_NAME = "epcis-context.jsonld"
_DOCUMENT_FIELDS = {
    "@context",
    "id",
    "type",
    "schemaVersion",
    "creationDate",
    "instanceIdentifier",
    "sender",
    "receiver",
    "epcisHeader",
    "epcisBody",
}


@dataclass(frozen=True, slots=True)
class Limits:
    events: int
    depth: int
    """Of objects and lists within each other."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One event of a document."""

    index: int
    event: Mapping[str, Any]
    context: tuple[Any, ...]
    """What its document and itself add to GS1's context, as they say it."""
    faults: Faults

    @property
    def prefixes(self) -> dict[str, str]:
        return prefixes(self.context)


def prefixes(context: Iterable[Any]) -> dict[str, str]:
    """Return what a context lets abbreviate. A context that is only named is not fetched."""
    found = {}
    for each in context:
        if isinstance(each, Mapping):
            for name, value in each.items():
                uri = value.get("@id") if isinstance(value, Mapping) else value
                if isinstance(uri, str) and not name.startswith("@"):
                    found[name] = uri
    return found


def read(document: bytes, limits: Limits) -> list[Captured]:
    """Read an EPCISDocument, an EPCISQueryDocument, one event, or a list of events.

    Raises InvalidField when it is none of these, TooMany past a limit. What is wrong with an event is told
    with the event.
    """
    parsed = _parse(document, limits)
    if isinstance(parsed, list):
        events, context = parsed, None
    elif not isinstance(parsed, dict):
        raise _invalid("", "a document, an event or a list of events is expected")
    elif parsed.get("type") in ("EPCISDocument", "EPCISQueryDocument"):
        events, context = _events(parsed), parsed["@context"]
    else:
        events, context = [parsed], None
    if not events:
        raise _invalid("eventList", "is empty")
    if len(events) > limits.events:
        raise TooMany("eventList", len(events), limits.events)
    return [_captured(index, event, context) for index, event in enumerate(events)]


def _parse(document: bytes, limits: Limits) -> Any:
    try:
        parsed = json.loads(document, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise TooMany("nesting", limits.depth + 1, limits.depth) from None
    except ValueError as error:
        raise _invalid("", f"not JSON: {str(error)[:200]}") from None
    level, depth = [parsed], 0
    while level := [
        child
        for each in level
        if isinstance(each, dict | list)
        for child in (each.values() if isinstance(each, dict) else each)
    ]:
        depth += 1
        if depth > limits.depth:
            raise TooMany("nesting", depth, limits.depth)
    return parsed


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


def _events(document: dict[str, Any]) -> list[Any]:
    """Return the events of a document, after a look at what is around them."""
    faults = Faults()
    _check_context(document.get("@context"), faults)
    if document["type"] == "EPCISDocument":
        if not isinstance(document.get("schemaVersion"), str):
            faults.add("schemaVersion", "is required")
        if moment(document.get("creationDate")) is None:
            faults.add("creationDate", "a date and time with its offset from UTC is required")
    for name in document:
        if name not in _DOCUMENT_FIELDS and not is_uri(name):
            faults.add(shown(name), "is no field of a document")
    body: Any = document.get("epcisBody")
    path = "epcisBody"
    inner = ("queryResults", "resultsBody") if document["type"] == "EPCISQueryDocument" else ()
    for name in inner:
        path = f"{path}.{name}"
        body = body.get(name) if isinstance(body, dict) else None
    events = body.get("eventList") if isinstance(body, dict) else None
    if not isinstance(events, list):
        faults.add(f"{path}.eventList", "a list of events is required")
    if faults:
        raise InvalidField(faults)
    return list(events or ())


def _check_context(context: Any, faults: Faults) -> None:
    parts = context if isinstance(context, list) else [context]
    if not any(isinstance(each, str) and each.endswith(CONTEXT_NAME) for each in parts):
        faults.add("@context", f"must name GS1's {CONTEXT_NAME}, such as {vocabulary.CONTEXT}")
    if not all(isinstance(each, dict | str) for each in parts):
        faults.add("@context", "URIs and objects are expected")


def _captured(index: int, event: Any, outer: Any) -> Captured:
    faults = check_event(event)
    own = event.get("@context") if isinstance(event, dict) else None
    if outer is None and isinstance(event, dict):
        _check_context(own, faults)
    parts = [
        part
        for context in (outer, own)
        for part in (context if isinstance(context, list) else [context])
        if isinstance(part, dict | str) and not (isinstance(part, str) and part.endswith(CONTEXT_NAME))
    ]
    bare = (
        {name: value for name, value in event.items() if name != "@context"}
        if isinstance(event, dict)
        else {}
    )
    return Captured(index, bare, tuple(parts), faults)


def _invalid(field: str, description: str) -> InvalidField:
    return InvalidField([FieldViolation(field, description)])
