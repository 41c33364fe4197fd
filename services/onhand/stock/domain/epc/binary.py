"""EPCs as bits and as hexadecimal text (TDS 2.3 §14.3 to §14.5, §15.1.1)."""

import re

from onhand.stock.domain.epc.bits import MAX_EPC_BITS, BitReader, BitWriter
from onhand.stock.domain.epc.charsets import require_short
from onhand.stock.domain.epc.codings import BY_HEADER, HEADER_BITS, PLUS_PLUS, Coding
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import check_range
from onhand.stock.domain.epc.model import Epc
from onhand.stock.domain.epc.plus import read_date, write_date

_HEX = re.compile(r"(?:0[xX])?([0-9A-Fa-f]+)")

# What the header table says of values that a store does meet (TDS 2.3 table 14-1, §16).
_KNOWN_STRANGERS = {
    0x00: "an unprogrammed tag",
    0xE2: "reserved for ever: a chip maker's TID, not an EPC",
    0xFF: "reserved for longer headers",
}


def decode_binary(data: bytes) -> Epc:
    """Decode the EPC bank of a tag from its 20h bit on, as bytes: what readers deliver.

    Bits after the end of the EPC are left alone. §14.4 step 3 has the decoder truncate to the
    length of the scheme, because readers return whole words; readers also append the TID
    ("FastID"), and a "+" coding may be followed by "+AIDC data", which is not decoded here.

    Raises `EpcError`: `NOT_GS1_EPC_HEADER` for the many tags that are no GS1 tags,
    `UNSUPPORTED_SCHEME` for the "++" codings, `TOO_SHORT`, `TOO_LONG` (more than 496 bits), and
    the reasons of each field.
    """
    return _decode(int.from_bytes(data, "big"), 8 * len(data))


def decode_hex(text: str) -> Epc:
    """Decode hexadecimal text, any case, "0x" allowed, whole bytes or not: see `decode_binary`.

    `BAD_HEX` when it is no hexadecimal text.
    """
    require_short(text)
    match = _HEX.fullmatch(text.strip())
    if not match:
        raise EpcError(
            EpcReason.BAD_HEX,
            f"{text!r} is not hexadecimal: digits 0-9 and A-F, nothing between them",
            field="hex",
            value=text,
            limit="0-9 A-F",
        )
    digits = match[1]
    if len(digits) * 4 > MAX_EPC_BITS:
        raise _too_long(len(digits) * 4)
    return _decode(int(digits, 16), 4 * len(digits))


def to_binary(epc: Epc) -> bytes:
    """Encode for writing to a tag: the EPC, then zeros to a whole 16-bit word (§15.1.1).

    `NO_BINARY_CODING` when the EPC names only its family; `encode` chooses a coding. Otherwise the
    reasons of the field that does not fit the coding.
    """
    return write_bits(epc).padded()


def to_hex(epc: Epc) -> str:
    """Encode as upper-case hexadecimal: see `to_binary`."""
    return to_binary(epc).hex().upper()


def write_bits(epc: Epc) -> BitWriter:
    """Encode into exactly the bits of the EPC, without padding: see `to_binary`."""
    coding = epc.coding
    if not coding:
        raise EpcError(
            EpcReason.NO_BINARY_CODING,
            f"{epc.scheme} names no binary coding",
            field="scheme",
            value=epc.scheme,
        )
    texts = epc.values if coding.plus else coding.family.cut(epc.values, epc.prefix_length)
    writer = BitWriter()
    writer.put(coding.header, HEADER_BITS)
    if coding.plus:
        writer.put(0, 1)  # the toggle: no "+AIDC data" follows
    check_range(epc.filter or 0, "filter", coding.largest_filter)
    writer.put(epc.filter or 0, coding.filter_bits)
    if coding.dated:
        write_date(writer, _date_of(epc))
    for segment in coding.segments:
        segment.write(writer, texts[: segment.size])
        texts = texts[segment.size :]
    return writer


def _decode(value: int, length: int) -> Epc:
    if length > MAX_EPC_BITS:
        raise _too_long(length)
    reader = BitReader(value, length)
    coding = _coding_of(reader.take(HEADER_BITS, "header"))
    if coding.bits and length < coding.bits:
        raise EpcError(
            EpcReason.TOO_SHORT,
            f"{coding.name} needs {coding.bits} bits, got {length}",
            field="EPC",
            value=length,
            limit=coding.bits,
        )
    if coding.plus:
        reader.take(1, "toggle")
    filter_value = reader.take(coding.filter_bits, "filter") if coding.filter_bits else None
    date = read_date(reader) if coding.dated else None
    texts = tuple(text for segment in coding.segments for text in segment.read(reader))
    if coding.plus:
        coding.family.check(texts)
        return Epc(coding.name, texts, filter=filter_value, date=date)
    values, prefix_length = coding.family.join(texts)
    return Epc(coding.name, values, prefix_length, filter_value)


def _coding_of(header: int) -> Coding:
    if coding := BY_HEADER.get(header):
        return coding
    if name := PLUS_PLUS.get(header):
        raise EpcError(
            EpcReason.UNSUPPORTED_SCHEME,
            f"{name} (header {header:02X}, TDS 2.3) is not supported",
            field="header",
            value=f"{header:02X}",
        )
    told = _KNOWN_STRANGERS.get(header)
    raise EpcError(
        EpcReason.NOT_GS1_EPC_HEADER,
        f"not a GS1 EPC header: {header:02X}{f' ({told})' if told else ''}",
        field="header",
        value=f"{header:02X}",
    )


def _date_of(epc: Epc) -> tuple[str, str]:
    if not epc.date:
        raise EpcError(
            EpcReason.BAD_DATE,
            f"{epc.scheme} needs one date, this EPC has none",
            field="date",
            limit="one date",
        )
    return epc.date


def _too_long(length: int) -> EpcError:
    return EpcError(
        EpcReason.TOO_LONG,
        f"{length} bits are more than the {MAX_EPC_BITS} that a tag can announce",
        field="EPC",
        value=length,
        limit=MAX_EPC_BITS,
    )
