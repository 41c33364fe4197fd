"""The EPCIS event hash id (CBV 2.0, section 8.9): the same event, however written, has the same id.

The fields of an event are written in one order and one form into a *pre-hash string*; its SHA-256 is the
id. Left out are what differs between copies of one event: record time, event id, error declaration.

The algorithm's authors publish a reference implementation, "not meant for production": it keeps state
between documents, fetches JSON-LD contexts from the network and needs a web framework. This one is held
against its published hashes. Where those and the wording of the standard differ (the order of lists behind
the places), the hashes win: what counts is that two parties get the same id.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from onhand.stock.domain.epcis import vocabulary
from onhand.stock.domain.epcis.identifiers import canonical

IGNORED = frozenset(
    {"@context", "type", "eventID", "recordTime", "errorDeclaration", "rdfs:comment", "comment"}
)
_EPCS = ("epcList", "inputEPCList", "childEPCs")
_QUANTITIES = ("quantityList", "childQuantityList", "inputQuantityList")
_ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    *_EPCS,
    *_QUANTITIES,
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
)
"""Of an event's own fields; the rest follows, sorted by what is written of it."""
_QUANTITY_ORDER = ("epcClass", "quantity", "uom")
_METADATA_ORDER = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT_ORDER = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)
_TYPED_LISTS = {
    "bizTransactionList": ("bizTransaction", "bizTransaction"),
    "sourceList": ("party", "source"),
    "destinationList": ("party", "destination"),
}
"""The kind of the type's words, and the field that it is the type of."""


def event_hash(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> bytes:
    """Return the SHA-256 of an event's pre-hash string, 32 bytes."""
    return hashlib.sha256(pre_hash(event, prefixes).encode("utf-8", "surrogatepass")).digest()


def hash_id(digest: bytes) -> str:
    """Say a hash as an event id (RFC 6920, with the CBV version that it was made by)."""
    return f"ni:///sha-256;{digest.hex()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """Write an event in the one form that is hashed.

    `prefixes` are those that its document's context gives, beside GS1's own.
    """
    return _Writer(vocabulary.PREFIXES | dict(prefixes)).event(event)


class _Writer:
    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = prefixes

    def event(self, event: Mapping[str, Any]) -> str:
        fields = {name: value for name, value in event.items() if name not in IGNORED}
        ordered = "".join(self._field(name, fields.pop(name)) for name in _ORDER if name in fields)
        rest = sorted(self._field(name, value) for name, value in fields.items())
        return f"eventType={event.get('type', '')}{ordered}{''.join(rest)}"

    def _field(self, name: str, value: Any) -> str:  # noqa: PLR0911 - one a kind of field
        match name:
            case "epcList" | "inputEPCList" | "outputEPCList" | "childEPCs":
                return _named(name, self._each("epc", value))
            case "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList":
                elements = [_named("quantityElement", self._ordered(each, _QUANTITY_ORDER)) for each in value]
                return _named(name, "".join(sorted(elements)))
            case "bizTransactionList" | "sourceList" | "destinationList":
                return _named(name, self._typed(value, *_TYPED_LISTS[name]))
            case "persistentDisposition":
                return _named(name, self._ordered(value, ("set", "unset")))
            case "readPoint" | "bizLocation":
                return _named(name, self._ordered(value, ("id",)))
            case "sensorElementList":
                return _named(name, "".join(sorted(map(self._sensor, value))))
            case _:
                return self._any(self._name(name), value, name)

    def _each(self, name: str, values: Iterable[Any]) -> str:
        return "".join(sorted(f"{name}={self._value(name, each)}" for each in values))

    def _ordered(self, value: Mapping[str, Any], order: Iterable[str]) -> str:
        """Write known members in their order, then extensions sorted."""
        known = [self._any(name, value[name], name) for name in order if name in value]
        more = [self._any(self._name(name), each, name) for name, each in value.items() if ":" in name]
        return "".join(known + sorted(more))

    def _typed(self, values: Iterable[Mapping[str, Any]], kind: str, field: str) -> str:
        written = []
        for each in values:
            type_ = each.get("type")
            start = f"type={self._text(vocabulary.web_uri(kind, type_))}" if type_ else ""
            written.append(start + f"{field}={self._value(field, each.get(field, ''))}")
        return "".join(sorted(written))

    def _sensor(self, element: Mapping[str, Any]) -> str:
        metadata = element.get("sensorMetadata")
        start = _named("sensorMetadata", self._ordered(metadata, _METADATA_ORDER)) if metadata else ""
        reports = [
            _named("sensorReport", self._ordered(each, _REPORT_ORDER))
            for each in element.get("sensorReport", ())
        ]
        more = [self._any(self._name(name), each, name) for name, each in element.items() if ":" in name]
        return "sensorElement" + start + "".join(sorted(reports)) + "".join(sorted(more))

    def _any(self, name: str, value: Any, field: str) -> str:
        """Write a member of any shape: a list is its elements, each under the list's name."""
        if isinstance(value, list):
            return "".join(sorted(self._any(name, each, field) for each in value))
        if isinstance(value, Mapping):
            members = (
                self._any(self._name(key), each, key) for key, each in value.items() if key not in IGNORED
            )
            return name + "".join(sorted(members))
        text = self._value(field, value)
        return f"{name}={text}" if text else name

    def _name(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        return f"{{{self._prefixes[prefix]}}}{local}" if colon and prefix in self._prefixes else name

    def _value(self, field: str, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None:
            return ""
        text = str(value).strip()
        if "time" in field.lower() and "offset" not in field.lower() and ":" not in field:
            return timestamp(text)
        return self._text(_expanded(field, text))

    def _text(self, text: str) -> str:
        prefix, colon, local = text.partition(":")
        if colon and prefix in self._prefixes:
            text = self._prefixes[prefix] + local
        return canonical(_plain(text))


def _named(name: str, members: str) -> str:
    return name + members if members else ""


def _expanded(field: str, word: str) -> str:
    """Return the web URI of a bare word in a field whose words are the standard's."""
    if field == "bizStep":
        return vocabulary.web_uri("bizStep", word)
    if field in {"disposition", "set", "unset"}:
        return vocabulary.web_uri("disposition", word)
    if field in {"type", "exception"} and word in vocabulary.MEASUREMENTS | vocabulary.ALERTS:
        return vocabulary.PREFIXES["gs1"] + word
    if field == "component" and word in vocabulary.COMPONENTS:
        return f"{vocabulary.PREFIXES['cbv']}Comp-{word}"
    return word


def _plain(text: str) -> str:
    """Write a number without what does not change it: `+`, leading and trailing zeros, exponent."""
    if not text or not (text[0].isdecimal() or text[0] in "+-.") or not text.isascii() or len(text) > 100:  # noqa: PLR2004 - beyond every number that people write
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > 100:  # noqa: PLR2004 - not to be written out
        return text
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in {"-0", ""} else plain


def timestamp(text: str) -> str:
    """Write a time in UTC with milliseconds, the third digit rounded half up; other texts as they came."""
    try:
        moment = datetime.fromisoformat(text)
        # fromisoformat keeps six digits of the fraction: the fourth, which decides, is among them.
        moment = (moment + timedelta(microseconds=500)).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
