"""SimpleEventQuery (EPCIS 2.0, section 8.2.7): an event's keys, and what a query asks of them.

Every field that a query may ask for becomes keys of an event, texts such as `bizStep=shipping`. An event
matches a parameter when it has one of the keys that the parameter asks for, so that one index serves all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.stock.domain.epcis import identifiers
from onhand.stock.domain.epcis.identifiers import canonical
from onhand.stock.domain.epcis.validation import moment
from onhand.stock.domain.epcis.vocabulary import bare

MAX_VALUES = 1_000
"""Values of one parameter; protects the database."""
_EPC_FIELDS = {
    "epc": ("epcList", "childEPCs"),
    "parentID": ("parentID",),
    "inputEPC": ("inputEPCList",),
    "outputEPC": ("outputEPCList",),
}
_CLASS_FIELDS = {
    "epcClass": ("quantityList", "childQuantityList"),
    "inputEPCClass": ("inputQuantityList",),
    "outputEPCClass": ("outputQuantityList",),
}


def keys(event: Mapping[str, Any]) -> list[str]:
    """Return what an event can be found by."""
    found = {f"type={event['type']}"}
    found |= {f"{name}={event[name]}" for name in ("action", "transformationID") if name in event}
    found |= {f"{name}={bare(name, event[name])}" for name in ("bizStep", "disposition") if name in event}
    for change, values in event.get("persistentDisposition", {}).items():
        found |= {f"persistentDisposition_{change}={bare('disposition', each)}" for each in values}
    for name in ("readPoint", "bizLocation"):
        if name in event:
            found |= _place_keys(name, event[name]["id"])
    return sorted(found | _goods_keys(event) | _reference_keys(event))


def _goods_keys(event: Mapping[str, Any]) -> set[str]:
    found = {
        f"{name}={form}"
        for name, fields in _EPC_FIELDS.items()
        for each in _uris(event, fields)
        for form in identifiers.classes(each)
    }
    return found | {
        f"{name}={form}"
        for name, fields in _CLASS_FIELDS.items()
        for listed in fields
        for line in event.get(listed, ())
        for form in identifiers.classes(line["epcClass"])
    }


def _reference_keys(event: Mapping[str, Any]) -> set[str]:
    """Return keys for papers, parties, and what a declaration of an error says."""
    found = {
        f"bizTransaction_{bare('bizTransaction', each.get('type', ''))}={canonical(each['bizTransaction'])}"
        for each in event.get("bizTransactionList", ())
    }
    for listed, name in (("sourceList", "source"), ("destinationList", "destination")):
        found |= {
            f"{name}_{bare('party', each['type'])}={canonical(each[name])}" for each in event.get(listed, ())
        }
    declaration = event.get("errorDeclaration")
    if declaration is not None:
        found |= {"errorDeclaration=true", f"errorReason={bare('reason', declaration.get('reason', ''))}"}
        found |= {f"correctiveEventID={each}" for each in declaration.get("correctiveEventIDs", ())}
    return found


def _uris(event: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in fields:
        value = event.get(name, ())
        found += [value] if isinstance(value, str) else value
    return found


def _place_keys(name: str, uri: str) -> set[str]:
    """Return a place, and the places that it is within: a zone is within its location."""
    found = {f"{name}={canonical(uri)}", f"{name}Within={canonical(uri)}"}
    place = identifiers.place_of(uri)
    if place is not None:
        gln, location_id, _ = place
        found.add(f"{name}Within={identifiers.place_uri(gln, location_id, '')}")
    return found


@dataclass(slots=True)
class Query:
    """What a query asks: all of `wanted`, of each group one, within the times, in this order."""

    wanted: list[list[str]] = field(default_factory=list)
    event_ids: list[str] | None = None
    event_time_from: datetime | None = None
    event_time_before: datetime | None = None
    record_time_from: datetime | None = None
    record_time_before: datetime | None = None
    by_event_time: bool = False
    """Else by record time."""
    ascending: bool = False
    first: int | None = None
    """Only so many events, over all pages."""
    at_most: int | None = None
    """The query fails when there are more."""


def parse(parameters: Iterable[tuple[str, Sequence[str]]]) -> Query:
    """Read the parameters of a query. Raises InvalidField for one that is unknown or malformed."""
    query = Query()
    seen: set[str] = set()
    for name, values in parameters:
        if name in seen:
            raise _refused(name, "is given twice")
        seen.add(name)
        if not values or len(values) > MAX_VALUES:
            raise _refused(name, f"1 to {MAX_VALUES} values are expected")
        _apply(query, name, list(values))
    if "maxEventCount" in seen and "eventCountLimit" in seen:
        raise _refused("maxEventCount", "and eventCountLimit exclude each other")
    if "eventCountLimit" in seen and "orderBy" not in seen:
        raise _refused("eventCountLimit", "needs orderBy")
    return query


def _apply(query: Query, name: str, values: list[str]) -> None:  # noqa: C901 - one a kind of parameter
    if (reader := _KEYS.get(name)) is not None:
        query.wanted.append([key for value in values for key in reader(value)])
    elif name in _TIMES:
        setattr(query, _TIMES[name], _time(name, _one(name, values)))
    elif name == "EQ_eventID":
        query.event_ids = values
    elif name.startswith(("EQ_bizTransaction_", "EQ_source_", "EQ_destination_")):
        field_name, kind = name.removeprefix("EQ_").split("_", 1)
        words = "bizTransaction" if field_name == "bizTransaction" else "party"
        start = f"{field_name}_{bare(words, kind)}="
        query.wanted.append([start + canonical(each) for each in values])
    elif name in {"eventCountLimit", "maxEventCount"}:
        text = _one(name, values)
        if not text.isascii() or not text.isdecimal() or not int(text[:9]) >= 1 or len(text) > 9:  # noqa: PLR2004 - fits an int32
            raise _refused(name, "a whole number above 0 is expected")
        setattr(query, "first" if name == "eventCountLimit" else "at_most", int(text))
    elif name == "orderBy":
        query.by_event_time = _choice(name, values, ("recordTime", "eventTime")) == 1
    elif name == "orderDirection":
        query.ascending = _choice(name, values, ("DESC", "ASC")) == 1
    elif name == "EXISTS_errorDeclaration":
        if _choice(name, values, ("false", "true")):
            query.wanted.append(["errorDeclaration=true"])
    else:
        raise _refused(name, "is no parameter that is served here")


def _keys(name: str, read: Callable[[str], str] = str) -> Callable[[str], list[str]]:
    return lambda value: [f"{name}={read(value)}"]


def _action(value: str) -> list[str]:
    if value not in {"ADD", "OBSERVE", "DELETE"}:
        raise _refused("EQ_action", "ADD, OBSERVE or DELETE is expected")
    return [f"action={value}"]


def _match(*names: str) -> Callable[[str], list[str]]:
    """A thing matches itself, and a pattern or a class all of the class (section 8.2.7.1.1)."""
    return lambda value: [f"{name}={canonical(value)}" for name in names]


_KEYS: dict[str, Callable[[str], list[str]]] = {
    "eventType": _keys("type"),
    "EQ_action": _action,
    "EQ_bizStep": _keys("bizStep", lambda value: bare("bizStep", value)),
    "EQ_disposition": _keys("disposition", lambda value: bare("disposition", value)),
    "EQ_persistentDisposition_set": _keys("persistentDisposition_set", lambda v: bare("disposition", v)),
    "EQ_persistentDisposition_unset": _keys("persistentDisposition_unset", lambda v: bare("disposition", v)),
    "EQ_readPoint": _keys("readPoint", canonical),
    "WD_readPoint": _keys("readPointWithin", canonical),
    "EQ_bizLocation": _keys("bizLocation", canonical),
    "WD_bizLocation": _keys("bizLocationWithin", canonical),
    "EQ_transformationID": _keys("transformationID"),
    "EQ_errorReason": _keys("errorReason", lambda value: bare("reason", value)),
    "EQ_correctiveEventID": _keys("correctiveEventID"),
    "MATCH_epc": _match("epc"),
    "MATCH_parentID": _match("parentID"),
    "MATCH_inputEPC": _match("inputEPC"),
    "MATCH_outputEPC": _match("outputEPC"),
    "MATCH_anyEPC": _match(*_EPC_FIELDS),
    "MATCH_epcClass": _match("epcClass"),
    "MATCH_inputEPCClass": _match("inputEPCClass"),
    "MATCH_outputEPCClass": _match("outputEPCClass"),
    "MATCH_anyEPCClass": _match(*_CLASS_FIELDS),
}
_TIMES = {
    "GE_eventTime": "event_time_from",
    "LT_eventTime": "event_time_before",
    "GE_recordTime": "record_time_from",
    "LT_recordTime": "record_time_before",
}


def _one(name: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise _refused(name, "one value is expected")
    return values[0]


def _choice(name: str, values: Sequence[str], choices: Sequence[str]) -> int:
    value = _one(name, values)
    if value not in choices:
        raise _refused(name, f"{' or '.join(choices)} is expected")
    return choices.index(value)


def _time(name: str, value: str) -> datetime:
    # In a query string a "+" means a space: an offset that was not escaped arrives as one.
    read = moment(value.replace(" ", "+"))
    if read is None:
        raise _refused(name, "a date and time with its offset from UTC is expected")
    return read


def _refused(name: str, why: str) -> InvalidField:
    return InvalidField([FieldViolation(name[:100], why)])
