"""GS1 Digital Link URIs that identify one thing (GS1 Digital Link: URI Syntax; TDS 2.3 §14.6)."""

import re
from itertools import pairwise
from urllib.parse import urlsplit

from onhand.stock.domain.epc.charsets import GS1_82, percent_decode, require
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import FAMILIES, Family
from onhand.stock.domain.epc.gtin import to_gtin14
from onhand.stock.domain.epc.model import NO_EXTENSION, Epc
from onhand.stock.domain.epc.plus import DATE_AIS, check_date

# What a GTIN identifies together with the last of its qualifiers.
_GTIN_FAMILIES = {"21": "SGTIN", "235": "UPUI", "10": "LGTIN"}
_GTIN = FAMILIES["SGTIN"]
_BY_AI = {family.key.ai: family for family in FAMILIES.values() if family.key} | {"01": _GTIN}

# Variant (22) and lot (10) may stand before the serial and do not change which item it is.
_QUALIFIERS = {
    "01": ("22", "10", "21", "235"),
    "8006": ("22", "10", "21"),
    "414": ("254",),
    "8010": ("8011",),
}


def parse_digital_link(uri: str) -> Epc:
    """Parse `https://any.host/any/path/01/{gtin}/21/{serial}?...`. The result names its family.

    Of the query only a date that a DSGTIN+ can hold is kept, if it is the only one: other data
    attributes describe the item and do not identify it.

    Raises `EpcError`: `BAD_DIGITAL_LINK` when no GS1 key is in the path, `NO_SERIAL` when the path
    names a class of things (TDS 2.3 §7.6), and the reasons of the key and the serial.
    """
    ai, text, qualifiers, query = _take_apart(uri)
    family = _BY_AI[ai]
    if family is _GTIN:
        text = to_gtin14(text)
        name = next((name for q, name in _GTIN_FAMILIES.items() if q in qualifiers), "SGTIN")
        family = FAMILIES[name]
    values = _values(family, text, qualifiers)
    family.check(values)
    return Epc(family.name, values, date=_date(query))


def _take_apart(uri: str) -> tuple[str, str, dict[str, str], str]:
    """Return the AI of the key, the key, its qualifiers by AI, and the query."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise _bad(uri, str(error)) from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise _bad(uri, "it has no https:// and host")
    segments = parts.path.strip("/").split("/")
    # Owners put folders of their own in front: the key is the last that can be one.
    for at in range(len(segments) - 2, -1, -2):
        if segments[at] in _BY_AI:
            break
    else:
        raise _bad(uri, "its path has no GS1 key")
    texts = [_unquote(segment) for segment in segments[at:]]
    allowed = _QUALIFIERS.get(texts[0], ())
    ais = texts[2::2]
    if not set(ais) <= set(allowed):
        raise _bad(uri, f"({texts[0]}) takes {' '.join(allowed) or 'nothing'} after it")
    if any(allowed.index(a) >= allowed.index(b) for a, b in pairwise(ais)):
        raise _bad(uri, f"after ({texts[0]}) the order is {' '.join(allowed)}")
    return texts[0], texts[1], dict(zip(ais, texts[3::2], strict=True)), parts.query


def _values(family: Family, text: str, qualifiers: dict[str, str]) -> tuple[str, ...]:
    if not family.values:
        return (text,)
    if not family.serial_ai:
        return _cut(family, text)
    serial = qualifiers.get(family.serial_ai)
    if serial is None and family.name == "SGLN":
        serial = NO_EXTENSION
    if serial is None:
        raise _no_serial(family, text)
    return text, serial


def _cut(family: Family, text: str) -> tuple[str, str]:
    """Cut a value that holds key and serial (GRAI, GDTI, GCN) behind the check digit."""
    key = family.key
    start = key.element_prefix if key else ""
    end = len(start) + key.digits + 1 if key else 0
    if not text.startswith(start):
        raise EpcError(
            EpcReason.BAD_CHARACTER,
            f"{family.name} {text!r} must begin with {start}",
            field=family.name,
            value=text,
            limit=start,
        )
    if len(text) <= end:
        raise _no_serial(family, text)
    return text[len(start) : end], text[end:]


def _date(query: str) -> tuple[str, str] | None:
    pairs = (pair.partition("=") for pair in re.split("[&;]", query))
    dates = [(ai, _unquote(value)) for ai, _, value in pairs if ai in DATE_AIS]
    # A harvest date (7007) may be two dates in one, which no tag holds in front of its serial.
    if len(dates) != 1 or len(dates[0][1]) != len("YYMMDD"):
        return None
    check_date(dates[0][1])
    return dates[0]


def _unquote(segment: str) -> str:
    text = percent_decode(segment, "path")
    require(text, GS1_82 + "#", "path")
    return text


def _no_serial(family: Family, key: str) -> EpcError:
    return EpcError(
        EpcReason.NO_SERIAL,
        f"{family.name} {key} has no serial: it names a class of things, an EPC names one",
        field="serial",
        value=key,
    )


def _bad(uri: str, why: str) -> EpcError:
    return EpcError(
        EpcReason.BAD_DIGITAL_LINK,
        f"{uri!r} is not a GS1 Digital Link of one thing: {why}",
        field="URI",
        value=uri,
    )
