"""From an EPC in a document to the bits on its tag.

A document names the pure identity. A tag also says how it is coded: which scheme, where the company prefix
ends, and a filter value that the identity does not tell.
"""

from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.epc import Epc, EpcError
from onhand.stock.domain.epcis import identifiers

FILTERS = range(8)
PREFIX_LENGTHS = range(12, 5, -1)


def sgtin(uri: str) -> Epc | None:
    """Return the serialised item that a URI names; None when it names something else."""
    found = identifiers.instance(uri)
    return found if found is not None and found.family.name == "SGTIN" else None


def codings(epc: Epc) -> list[bytes]:
    """Return every tag that can carry an SGTIN: each coding, prefix length and filter that fits."""
    known = [epc.prefix_length] if epc.prefix_length else list(PREFIX_LENGTHS)
    found = []
    for length in known:
        bits = _encoded(epc, "SGTIN-96", length) or _encoded(epc, "SGTIN-198", length)
        if bits is not None:
            # An 8-bit header, then the filter (TDS 2.3, section 14.6.1).
            found += [bytes([bits[0], bits[1] & 0x1F | each << 5]) + bits[2:] for each in FILTERS]
    bits = _encoded(Epc("SGTIN", epc.values), "SGTIN+", None)
    if bits is not None:
        # An 8-bit header, one bit that says whether data follow, then the filter (section 14.7).
        found += [bytes([bits[0], bits[1] & 0x8F | each << 4]) + bits[2:] for each in FILTERS]
    return found


def like(epc: Epc, other: bytes | None, filter_value: int) -> bytes | None:
    """Return the tag of an SGTIN that is coded as another tag of its item is.

    Without another it has `filter_value`; None when the company prefix is not told.
    """
    length, scheme = epc.prefix_length, None
    if other is not None:
        try:
            decoded = epc_codec.decode_binary(other)
        except EpcError:
            return None
        filter_value = decoded.filter if decoded.filter is not None else filter_value
        length = length or decoded.prefix_length
        scheme = "SGTIN+" if decoded.scheme == "SGTIN+" else None
    if scheme is not None:
        return _encoded(Epc("SGTIN", epc.values), scheme, None, filter_value)
    if length is None:
        return None
    return _encoded(epc, "SGTIN-96", length, filter_value) or _encoded(epc, "SGTIN-198", length, filter_value)


def _encoded(epc: Epc, scheme: str, prefix_length: int | None, filter_value: int = 0) -> bytes | None:
    try:
        return epc_codec.to_binary(
            epc_codec.encode(epc, scheme, filter_value=filter_value, prefix_length=prefix_length)
        )
    except EpcError:
        return None
