"""What EPCIS 2.0 asks of an event in JSON, and where an event breaks it.

Written after the standard's data model (EPCIS 2.0, sections 7.3 and 7.4, and 10 for JSON). GS1's JSON
schema is necessary and not sufficient: it lets an aggregation without its parent pass, for one. Tests hold
these rules against that schema where it is at hand: what it refuses is refused here.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from onhand.kit.errors import FieldViolation
from onhand.stock.domain.epcis import vocabulary

MAX_URI = 2_048
MAX_FAULTS = 20
"""Faults that one event is told of; protects the answer from a document of nothing but faults."""
EVENT_TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f\ud800-\udfff]+")
_OFFSET = re.compile(r"[+-]((0\d|1[0-3]):[0-5]\d|14:00)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_UNIT = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NOT_BARE = re.compile(r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/")
_GS1_VOCABULARY = re.compile(r"https?://(www\.)?gs1\.org/voc/")


class Faults(list[FieldViolation]):
    """What is wrong, up to a limit."""

    def add(self, path: str, description: str) -> None:
        if len(self) < MAX_FAULTS:
            self.append(FieldViolation(path, description))


def shown(name: str) -> str:
    """Return the start of a name from a document in ASCII, without control characters."""
    return json.dumps(name[:100])[1:-1]


Check = Callable[[Any, str, Faults], None]


def is_uri(value: Any) -> bool:
    """Tell whether a value is a URI or a CURIE: a scheme or prefix, a colon, and something behind it."""
    return isinstance(value, str) and len(value) <= MAX_URI and _URI.fullmatch(value) is not None


def moment(value: Any) -> datetime | None:
    """Read an xsd:dateTimeStamp; None when it is none, or of a year that no clock shows."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        read = datetime.fromisoformat(value.upper())
        read.astimezone(_FAR_EAST.tzinfo)
    except (ValueError, OverflowError):
        return None
    return read if 1900 <= read.year <= 9_000 else None  # noqa: PLR2004 - room for every offset


_FAR_EAST = datetime.fromisoformat("2000-01-01T00:00:00+14:00")


def _that(holds: Callable[[Any], bool], expected: str) -> Check:
    def check(value: Any, path: str, faults: Faults) -> None:
        if not holds(value):
            faults.add(path, f"{expected} is expected")

    return check


def _word(words: frozenset[str], other: Callable[[str], bool] = lambda _: True) -> Check:
    def holds(value: Any) -> bool:
        return isinstance(value, str) and (
            value in words or (is_uri(value) and not _NOT_BARE.match(value) and other(value))
        )

    return _that(holds, "a bare word of the standard, or a URI of one's own,")


def _items(check: Check, least: int = 0) -> Check:
    def check_items(value: Any, path: str, faults: Faults) -> None:
        if not isinstance(value, list):
            faults.add(path, "a list is expected")
            return
        if len(value) < least:
            faults.add(path, f"at least {least} is expected")
        for index, each in enumerate(value):
            check(each, f"{path}[{index}]", faults)

    return check_items


def _distinct(check: Check) -> Check:
    items = _items(check)

    def check_distinct(value: Any, path: str, faults: Faults) -> None:
        items(value, path, faults)
        if isinstance(value, list):
            texts = [each for each in value if isinstance(each, str)]
            if len(set(texts)) < len(texts):
                faults.add(path, "names something a second time")

    return check_distinct


def _object(fields: Mapping[str, Check], required: tuple[str, ...] = (), *, extensible: bool = True) -> Check:
    def check_object(value: Any, path: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            faults.add(path, "an object is expected")
            return
        start = f"{path}." if path else ""
        for name in required:
            if name not in value:
                faults.add(start + name, "is required")
        for name, each in value.items():
            if name in fields:
                fields[name](each, start + name, faults)
            elif not extensible or not is_uri(name):
                faults.add(
                    start + shown(name),
                    "is no field of the standard"
                    + (", and has no prefix as an extension has" if extensible else ""),
                )

    return check_object


_uri = _that(is_uri, "a URI")
_time = _that(lambda value: moment(value) is not None, "a date and time with its offset from UTC")
_number = _that(lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number")
_text = _that(lambda value: isinstance(value, str), "a text")
_boolean = _that(lambda value: isinstance(value, bool), "true or false")
_hex = _that(lambda value: isinstance(value, str) and bool(_HEX.fullmatch(value)), "hexadecimal text")
_place = _object({"id": _uri}, ("id",))
_disposition = _word(vocabulary.DISPOSITIONS)


def _not_negative(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


_quantity = _object(
    {
        "epcClass": _uri,
        "quantity": _that(_not_negative, "a number that is not negative"),
        "uom": _that(lambda value: isinstance(value, str) and bool(_UNIT.fullmatch(value)), "a unit code"),
    },
    ("epcClass",),
    extensible=False,
)
_biz_transaction = _object(
    {"type": _word(vocabulary.BIZ_TRANSACTION_TYPES), "bizTransaction": _uri},
    ("bizTransaction",),
    extensible=False,
)
_source = _object(
    {"type": _word(vocabulary.PARTY_TYPES), "source": _uri}, ("type", "source"), extensible=False
)
_destination = _object(
    {"type": _word(vocabulary.PARTY_TYPES), "destination": _uri}, ("type", "destination"), extensible=False
)
_gs1_word = lambda value: not _GS1_VOCABULARY.match(value)  # noqa: E731 - a predicate beside its like
_report = _object(
    {
        **dict.fromkeys(
            (
                "deviceID",
                "deviceMetadata",
                "rawData",
                "dataProcessingMethod",
                "bizRules",
                "microorganism",
                "chemicalSubstance",
                "coordinateReferenceSystem",
                "uriValue",
            ),
            _uri,
        ),
        **dict.fromkeys(
            ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), _number
        ),
        "type": _word(vocabulary.MEASUREMENTS, _gs1_word),
        "exception": _word(vocabulary.ALERTS, _gs1_word),
        "time": _time,
        "component": _word(vocabulary.COMPONENTS),
        "stringValue": _text,
        "booleanValue": _boolean,
        "hexBinaryValue": _hex,
        "uom": _text,
    },
    ("type",),
)
_metadata = _object(
    {
        **dict.fromkeys(("time", "startTime", "endTime"), _time),
        **dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), _uri),
    }
)
_sensor = _object({"sensorMetadata": _metadata, "sensorReport": _items(_report, 1)}, ("sensorReport",))
_declaration = _object(
    {
        "declarationTime": _time,
        "reason": _word(vocabulary.ERROR_REASONS),
        "correctiveEventIDs": _items(_uri),
    },
    ("declarationTime",),
)


def _certification(value: Any, path: str, faults: Faults) -> None:
    (_items(_uri) if isinstance(value, list) else _uri)(value, path, faults)


def _persistent(value: Any, path: str, faults: Faults) -> None:
    dispositions = _items(_disposition, 1)
    _object({"set": dispositions, "unset": dispositions}, extensible=False)(value, path, faults)
    if value == {}:
        faults.add(path, "set or unset is expected")


def _context(value: Any, path: str, faults: Faults) -> None:
    parts = value if isinstance(value, list) else [value]
    for each in parts:
        if not isinstance(each, dict) and not is_uri(each):
            faults.add(path, "URIs and objects are expected")


_COMMON: dict[str, Check] = {
    "@context": _context,
    "type": _text,
    "eventTime": _time,
    "recordTime": _time,
    "eventTimeZoneOffset": _that(
        lambda value: isinstance(value, str) and bool(_OFFSET.fullmatch(value)), "an offset such as +02:00"
    ),
    "eventID": _uri,
    "certificationInfo": _certification,
    "errorDeclaration": _declaration,
}
_SHARED: dict[str, Check] = _COMMON | {
    "bizStep": _word(vocabulary.BIZ_STEPS),
    "disposition": _disposition,
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _items(_biz_transaction),
    "sourceList": _items(_source),
    "destinationList": _items(_destination),
    "sensorElementList": _items(_sensor),
}
_ACTION = {"action": _that(lambda value: value in ("ADD", "OBSERVE", "DELETE"), "ADD, OBSERVE or DELETE")}
_ILMD = {"ilmd": _object({}), "persistentDisposition": _persistent}
_CHILDREN = {"parentID": _uri, "childEPCs": _distinct(_uri), "childQuantityList": _items(_quantity)}
_GOODS = {"epcList": _distinct(_uri), "quantityList": _items(_quantity)}
_TRANSFORMED = {
    "inputEPCList": _distinct(_uri),
    "outputEPCList": _distinct(_uri),
    "inputQuantityList": _items(_quantity),
    "outputQuantityList": _items(_quantity),
    "transformationID": _uri,
}
_TIMES = ("type", "eventTime", "eventTimeZoneOffset")
_TYPES: dict[str, Check] = {
    "ObjectEvent": _object(_SHARED | _ACTION | _ILMD | _GOODS, (*_TIMES, "action")),
    "AggregationEvent": _object(_SHARED | _ACTION | _CHILDREN, (*_TIMES, "action")),
    "AssociationEvent": _object(_SHARED | _ACTION | _CHILDREN, (*_TIMES, "action", "parentID")),
    "TransactionEvent": _object(
        _SHARED | _ACTION | _GOODS | {"parentID": _uri}, (*_TIMES, "action", "bizTransactionList")
    ),
    "TransformationEvent": _object(_SHARED | _ILMD | _TRANSFORMED, _TIMES),
}


def check_event(event: Any) -> Faults:
    """Return what an event breaks of the standard; nothing when it is well formed."""
    faults = Faults()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        faults.add("type", "an object with the type of an event is expected")
        return faults
    kind = event["type"]
    if kind not in _TYPES:
        if not is_uri(kind):
            faults.add("type", f"{', '.join(EVENT_TYPES)} or the URI of an extension is expected")
        for name in _TIMES:
            if name not in event:
                faults.add(name, "is required")
        for name, check in _COMMON.items():
            if name in event:
                check(event[name], name, faults)
        return faults
    _TYPES[kind](event, "", faults)
    if not faults:
        _check_whole(kind, event, faults)
    return faults


def _check_whole(kind: str, event: Mapping[str, Any], faults: Faults) -> None:  # noqa: C901 - one a rule
    """Check what no field says alone (EPCIS 2.0, sections 7.4.2 to 7.4.6)."""
    action = event.get("action")
    match kind:
        case "ObjectEvent":
            sensed = event.get("sensorElementList") and "readPoint" in event
            if not event.get("epcList") and not event.get("quantityList") and not sensed:
                faults.add("epcList", "an event needs goods, or a sensor's report at a read point")
            if "ilmd" in event and action != "ADD":
                faults.add("ilmd", "is for the action ADD only")
        case "AggregationEvent" | "AssociationEvent":
            if "parentID" not in event and action != "OBSERVE":
                faults.add("parentID", f"is required for the action {action}")
            if action != "DELETE" and not event.get("childEPCs") and not event.get("childQuantityList"):
                faults.add("childEPCs", f"children are required for the action {action}")
        case "TransactionEvent":
            if not event["bizTransactionList"]:
                faults.add("bizTransactionList", "at least 1 is expected")
            named = event.get("epcList") or event.get("quantityList") or "parentID" in event
            if action != "DELETE" and not named:
                faults.add("epcList", f"goods are required for the action {action}")
        case "TransformationEvent":
            went_in = event.get("inputEPCList") or event.get("inputQuantityList")
            came_out = event.get("outputEPCList") or event.get("outputQuantityList")
            if not (went_in and came_out) and not ("transformationID" in event and (went_in or came_out)):
                faults.add(
                    "inputEPCList",
                    "inputs and outputs are required, or either of them with a transformationID",
                )
