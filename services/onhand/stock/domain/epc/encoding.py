"""Reading any text form, and choosing a binary coding for what was read."""

from dataclasses import replace

from onhand.stock.domain.epc.binary import decode_hex, write_bits
from onhand.stock.domain.epc.charsets import require_short
from onhand.stock.domain.epc.codings import CODINGS, Coding
from onhand.stock.domain.epc.digital_link import parse_digital_link
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import check_prefix_length
from onhand.stock.domain.epc.gtin import to_gtin14
from onhand.stock.domain.epc.model import Epc
from onhand.stock.domain.epc.uri import parse_pure_identity_uri, parse_tag_uri

# §10.1: what a tag says when it says nothing in particular ("all others").
DEFAULT_FILTER = 0


def parse(text: str) -> Epc:
    """Read an EPC in any text form: hex, tag URI, pure identity URI or GS1 Digital Link.

    Raises `EpcError` with the reasons of the form that `text` begins like, `TOO_LONG` above 2048
    characters.
    """
    require_short(text)
    text = text.strip()
    if text.startswith("urn:epc:tag:"):
        return parse_tag_uri(text)
    if text.startswith("urn:"):
        return parse_pure_identity_uri(text)
    if text.lower().startswith(("https:", "http:")):
        return parse_digital_link(text)
    return decode_hex(text)


def encode(
    epc: Epc,
    scheme: str | None = None,
    *,
    filter_value: int | None = None,
    prefix_length: int | None = None,
) -> Epc:
    """Give an EPC a binary coding, so that `to_hex` and `to_binary` can write it.

    Without `scheme`, an EPC that has a coding keeps it. Another gets the shortest coding that it
    fits: 96 bits before longer ones where the company prefix length is known, the "+" coding
    where it is not (DSGTIN+ if there is a date). `prefix_length`, 6 to 12 digits, is needed for
    codings made before TDS 2.0 when the form did not tell it, and may not contradict it when the
    form did. `filter_value` replaces the filter;
    an EPC without one gets 0, "all others".

    Raises `EpcError`: `UNSUPPORTED_SCHEME`, `SCHEME_MISMATCH` for a coding of another family,
    `NO_BINARY_CODING` for a family without one, `PREFIX_LENGTH_NEEDED`, `BAD_PREFIX_LENGTH`, and
    the reasons of the field that does not fit.
    """
    if prefix_length is not None:
        epc = _with_prefix_length(epc, prefix_length)
    epc.family.check(epc.values)
    if filter_value is None:
        filter_value = epc.filter
    errors = []
    for coding in _candidates(epc, scheme):
        try:
            return _with_coding(epc, coding, filter_value)
        except EpcError as error:
            errors.append(error)
    # The last candidate takes the most, so its objection is the one that no coding removes.
    raise errors[-1]


def encode_sgtin96(gtin: str, prefix_length: int, serial: int, filter_value: int = 0) -> Epc:
    """Return the SGTIN-96 of a GTIN (8, 12, 13 or 14 digits) and a serial.

    `prefix_length` is that of the company prefix, 6 to 12 digits, `serial` 0 to 2**38 - 1,
    `filter_value` 0 to 7 (1 is an item for the point of sale, TDS 2.3 §10.2).
    Raises `EpcError` as `encode` does, and with the reasons of the GTIN.
    """
    sgtin = Epc("SGTIN", (to_gtin14(gtin), str(serial)))
    return encode(sgtin, "SGTIN-96", filter_value=filter_value, prefix_length=prefix_length)


def _with_prefix_length(epc: Epc, prefix_length: int) -> Epc:
    check_prefix_length(prefix_length)
    # The same digits cut elsewhere are another EPC (§12.3.1): never change a cut that was read.
    if epc.prefix_length not in {None, prefix_length}:
        raise EpcError(
            EpcReason.BAD_PREFIX_LENGTH,
            f"the company prefix has {epc.prefix_length} digits here, not {prefix_length}",
            field="prefix length",
            value=prefix_length,
            limit=epc.prefix_length,
        )
    return replace(epc, prefix_length=prefix_length)


def _candidates(epc: Epc, scheme: str | None) -> list[Coding]:
    if scheme is None and epc.coding:
        return [epc.coding]
    if scheme is not None:
        return [_named(epc, scheme)]
    plus = epc.family.key is not None and epc.prefix_length is None
    dated = plus and epc.date is not None
    found = [c for c in CODINGS.values() if c.family is epc.family and c.plus == plus]
    # GDTI-113 is deprecated: only who names it gets it.
    found = [c for c in found if c.name != "GDTI-113" and (not c.plus or c.dated == dated)]
    if not found:
        raise EpcError(
            EpcReason.NO_BINARY_CODING,
            f"{epc.family.name} has no binary coding: it is not written to tags",
            field="scheme",
            value=epc.family.name,
        )
    return found


def _named(epc: Epc, scheme: str) -> Coding:
    # Names in any case: "SGTIN-96" as in the tables, "sgtin-96" as in tag URIs.
    coding = next((c for c in CODINGS.values() if c.name.lower() == scheme.lower()), None)
    if not coding:
        raise EpcError(
            EpcReason.UNSUPPORTED_SCHEME,
            f"{scheme!r} is not a binary coding",
            field="scheme",
            value=scheme,
            limit=", ".join(CODINGS),
        )
    if coding.family is not epc.family:
        raise EpcError(
            EpcReason.SCHEME_MISMATCH,
            f"{coding.name} cannot hold the {epc.family.name} {'.'.join(epc.values)}",
            field="scheme",
            value=coding.name,
            limit=epc.family.name,
        )
    return coding


def _with_coding(epc: Epc, coding: Coding, filter_value: int | None) -> Epc:
    if not coding.filter_bits:
        filter_value = None
    elif filter_value is None:
        filter_value = DEFAULT_FILTER
    encoded = Epc(
        coding.name,
        epc.values,
        # A "+" coding holds no prefix length: what reads the tag back cannot tell it either.
        None if coding.plus else epc.prefix_length,
        filter_value,
        epc.date if coding.dated else None,
    )
    write_bits(encoded)
    return encoded
