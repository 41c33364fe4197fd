"""EPC URIs: pure identity, class and tag (TDS 2.3 §6.3, §6.4, §12.4)."""

import re

from onhand.stock.domain.epc.binary import write_bits
from onhand.stock.domain.epc.charsets import unescape
from onhand.stock.domain.epc.codings import BY_TAG_URI_NAME
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import FAMILIES, Family, check_count, check_range
from onhand.stock.domain.epc.model import Epc
from onhand.stock.domain.epc.segments import numeral

# What else the EPC bank holds may stand before the scheme, as in "[att=x01][umi=1]" (§12.2.2). It
# is no part of the EPC and is passed over.
_TAG_URI = re.compile(r"urn:epc:tag:(?:(?:\[(?:att|umi|xpc)=x?[0-9A-Fa-f]{1,8}\])+:)?([^:]+):(.*)")
_PURE_URI = re.compile(r"(urn:epc:(?:id|class):[^:]+:)(.*)")
_BY_URN = {family.urn: family for family in FAMILIES.values()}


def parse_pure_identity_uri(uri: str) -> Epc:
    """Parse `urn:epc:id:...` or `urn:epc:class:lgtin:...`. The result names only its family.

    Raises `EpcError`: `UNKNOWN_URI`, `WRONG_FIELD_COUNT`, `WRONG_FIELD_LENGTH`, `BAD_ESCAPE`,
    `UNESCAPED_CHARACTER`, `BAD_CHARACTER`, `LEADING_ZEROS`, `VALUE_OUT_OF_RANGE`.
    """
    match = _PURE_URI.fullmatch(uri)
    family = _BY_URN.get(match[1]) if match else None
    if not (match and family):
        raise _unknown(uri, "an EPC pure identity URI")
    values, prefix_length = family.join(_components(family, match[2]))
    return Epc(family.name, values, prefix_length)


def parse_tag_uri(uri: str) -> Epc:
    """Parse `urn:epc:tag:...`: see `parse_pure_identity_uri`.

    A tag URI promises that its bits exist, so what does not fit its coding is an error here.
    """
    match = _TAG_URI.fullmatch(uri)
    coding = BY_TAG_URI_NAME.get(match[1]) if match else None
    if not (match and coding):
        raise _unknown(uri, "an EPC tag URI")
    rest, filter_value = match[2], None
    if coding.filter_bits:
        text, dot, rest = rest.partition(".")
        if not dot:
            check_count((text,), coding.family.component_count + 1, f"urn:epc:tag:{match[1]}:")
        filter_value = numeral(text, "filter")
        check_range(filter_value, "filter", coding.largest_filter)
    values, prefix_length = coding.family.join(_components(coding.family, rest))
    epc = Epc(coding.name, values, prefix_length, filter_value)
    write_bits(epc)
    return epc


def _components(family: Family, text: str) -> tuple[str, ...]:
    # A serial may hold dots of its own, and it is always last.
    components = text.split(".", family.component_count - 1)
    return tuple(unescape(component, f"{family.name} field") for component in components)


def _unknown(uri: str, what: str) -> EpcError:
    return EpcError(EpcReason.UNKNOWN_URI, f"{uri!r} is not {what}", field="URI", value=uri)
