"""URIs of things and places in one canonical form: the GS1 Digital Link.

EPCIS lets the same key be written as an EPC URI or as a Digital Link on any host. Comparing and hashing need
one form (CBV 2.0, section 8.9.2; EPCIS 2.0, section 8.2.7.1.1).
"""

import re
from functools import lru_cache
from urllib.parse import quote, unquote

from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.epc import Epc, EpcError

ORIGIN = "https://id.gs1.org"
LITERAL = "-._~;='"
"""Besides letters and digits, what the reference hashes leave unescaped in a Digital Link."""
PLACE = "urn:onhand:location:"
"""Begins the URI of a location that has no GLN: then its id, and a zone of it behind another colon."""

_ALPHAS = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
"""Short names that Digital Links before 1.2 could have in place of an Application Identifier."""
_ALPHA = re.compile(r"/(" + "|".join(_ALPHAS) + r")/")
_PLAIN = re.compile(re.escape(ORIGIN) + r"/01/([0-9]{14})/21/[0-9A-Za-z._-]{1,20}")
"""The commonest link, of a tagged item: one that nothing has to be changed of, so that it need not be parsed."""
_CLASS_LINK = re.compile(r"https?://[^/?#]+(?:/[^?#]*)?/01/(\d{8}|\d{12,14})(?:/22/[^/?#]+)?/?(?:[?#].*)?")
_CLASS_PATTERN = re.compile(
    r"urn:epc:idpat:(sgtin|itip|upui|grai|gdti|sgcn|cpi):(\d+\.[^.*]*)(\.\d+\.\d+)?\.\*"
)


@lru_cache(maxsize=50_000)
def canonical(uri: str) -> str:
    """Return the canonical Digital Link of a GS1 key, or of a class of things; other URIs as they came."""
    if ":" not in uri or not uri.startswith(("urn:epc:", "http")) or _plain_gtin(uri):
        return uri
    found = instance(uri)
    if found is not None:
        return _link(found) or uri
    return class_of(uri) or uri


def _plain_gtin(uri: str) -> str | None:
    """Return the GTIN-14 of a plain link of one item; None for every other URI."""
    found = _PLAIN.fullmatch(uri)
    return found[1] if found and _is_gtin14(found[1]) else None


@lru_cache(maxsize=10_000)
def _is_gtin14(digits: str) -> bool:
    try:
        return epc_codec.to_gtin14(digits) == digits
    except EpcError:
        return False


@lru_cache(maxsize=50_000)
def instance(uri: str) -> Epc | None:
    """Return the one thing, place or party that a URI names; None when it is no GS1 key of one."""
    try:
        return epc_codec.parse(_ALPHA.sub(lambda name: f"/{_ALPHAS[name[1]]}/", uri))
    except EpcError:
        return None


def class_of(uri: str) -> str | None:
    """Return the canonical Digital Link of a class of things: a GTIN, or another key without its serial."""
    if link := _CLASS_LINK.fullmatch(_ALPHA.sub(lambda name: f"/{_ALPHAS[name[1]]}/", uri)):
        try:
            return f"{ORIGIN}/01/{epc_codec.to_gtin14(link[1])}"
        except EpcError:
            return None
    if pattern := _CLASS_PATTERN.fullmatch(uri):
        pieces = pattern[3] or ""
        # The serial does not matter: any gives the key that stands before it.
        one = instance(f"urn:epc:id:{pattern[1]}:{pattern[2]}{pieces}.1")
        return _link(one, with_serial=False) if one else None
    return None


def classes(uri: str) -> list[str]:
    """Return the canonical forms under which a thing is found: itself, and the class that it is of."""
    if gtin := _plain_gtin(uri):
        return [uri, f"{ORIGIN}/01/{gtin}"]
    found = instance(uri)
    if found is None:
        return [class_of(uri) or uri]
    link = _link(found)
    if link is None:
        return [uri]
    parent = _link(found, with_serial=False)
    return [link] if parent in {None, link} else [link, str(parent)]


def gtin_of(uri: str) -> str | None:
    """Return the GTIN-14 that a class of things is of, with or without a lot; None for other URIs."""
    found = instance(uri)
    if found is not None:
        return found.gs1_key if found.family.name == "LGTIN" else None
    link = class_of(uri)
    start = f"{ORIGIN}/01/"
    return link.removeprefix(start) if link and link.startswith(start) else None


def place_of(uri: str) -> tuple[str, str, str] | None:
    """Return GLN, location id and zone id that a URI of a place names: one of the first two is empty.

    None for a URI that names no place by a GLN or in our own way.
    """
    if uri.startswith(PLACE):
        location_id, _, zone_id = uri.removeprefix(PLACE).partition(":")
        return "", unquote(location_id), unquote(zone_id)
    found = instance(uri)
    if found is None or found.family.name != "SGLN":
        return None
    extension = found.serial or ""
    return str(found.gs1_key), "", "" if extension == "0" else extension


def place_uri(gln: str, location_id: str, zone_id: str) -> str:
    """Return the URI by which we publish a place."""
    if gln and instance(link := _place_link(gln, zone_id)) is not None:
        return link
    return PLACE + quote(location_id, safe="") + (f":{quote(zone_id, safe='')}" if zone_id else "")


def _place_link(gln: str, zone_id: str) -> str:
    return f"{ORIGIN}/414/{gln}" + (f"/254/{quote(zone_id, safe=LITERAL)}" if zone_id else "")


def _link(epc: Epc, *, with_serial: bool = True) -> str | None:
    link = epc.digital_link
    if link is None:
        return None
    path = link.partition("?")[0].removeprefix(ORIGIN + "/").split("/")
    if not with_serial:
        if epc.family.name not in {"SGTIN", "UPUI", "ITIP", "GRAI", "GDTI", "SGCN", "LGTIN", "CPI"}:
            return None
        if len(path) == 2 and epc.serial:  # noqa: PLR2004 - the serial is part of the key's own value
            path[1] = path[1].removesuffix(quote(epc.serial, safe=""))
        path = path[:2]
    return "/".join([ORIGIN, *(quote(unquote(part), safe=LITERAL) for part in path)])
