"""The binary codings: which header stands for which family, and the fields that follow it.

Headers are those of TDS 2.3 table 14-1, fields those of the coding tables in §14.6. Codings made
before TDS 2.0 hold the components of the pure identity URI; "+" codings hold the values of the GS1
element string and end where their last field ends. USDOD-96 is laid out in the DoD Suppliers'
Passive RFID Information Guide, to which §14.6.13 refers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from onhand.stock.domain.epc import partitions
from onhand.stock.domain.epc.charsets import CPI_39, GS1_82
from onhand.stock.domain.epc.families import FAMILIES, Family
from onhand.stock.domain.epc.plus import Alphanumeric, Delimited, Digits, VariableDigits
from onhand.stock.domain.epc.segments import (
    Cage,
    FixedWidthInteger,
    Integer,
    NumericString,
    Partition,
    Segment,
    SixBitPartition,
    SixBitString,
    String,
    StringPartition,
    UnpaddedPartition,
    Zeros,
)

HEADER_BITS = 8


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to put a family into bits."""

    name: str
    header: int
    family: Family
    bits: int | None  # None: as many as the values need
    segments: tuple[Segment, ...]
    filter_bits: int = 3
    # "+" codings: a toggle bit says that more data follows, keys are whole (TDS 2.3 §14.5.1).
    plus: bool = False
    dated: bool = False

    @property
    def tag_uri_name(self) -> str | None:
        """What a tag URI calls it; the "+" codings have no tag URI (§14)."""
        return None if self.plus else self.name.lower()

    @property
    def largest_filter(self) -> int:
        """The largest filter value it holds."""
        return (1 << self.filter_bits) - 1


def _old(name: str, header: int, bits: int | None, *segments: Segment, filter_bits: int = 3) -> Coding:
    return Coding(name, header, FAMILIES[name.partition("-")[0]], bits, segments, filter_bits)


def _plus(name: str, header: int, *segments: Segment, bits: int | None = None) -> Coding:
    return Coding(name, header, FAMILIES[name.rstrip("+")], bits, segments, plus=True)


# Within a family the shortest comes first: the one to try first when the user names none.
CODINGS: Mapping[str, Coding] = {
    coding.name: coding
    for coding in (
        _old("SGTIN-96", 0x30, 96, Partition(partitions.GTIN), Integer("serial", 38)),
        _old("SGTIN-198", 0x36, 198, Partition(partitions.GTIN), String("serial", 140)),
        _plus("SGTIN+", 0xF7, Digits("GTIN", 14), Alphanumeric("serial", 20)),
        Coding(
            "DSGTIN+",
            0xFB,
            FAMILIES["SGTIN"],
            None,
            (Digits("GTIN", 14), Alphanumeric("serial", 20)),
            plus=True,
            dated=True,
        ),
        _old("SSCC-96", 0x31, 96, Partition(partitions.SSCC), Zeros(24)),
        _plus("SSCC+", 0xF9, Digits("SSCC", 18), bits=84),
        _old("SGLN-96", 0x32, 96, Partition(partitions.GLN), Integer("extension", 41)),
        _old("SGLN-195", 0x39, 195, Partition(partitions.GLN), String("extension", 140)),
        _plus("SGLN+", 0xF2, Digits("GLN", 13), Alphanumeric("extension", 20)),
        _old("GRAI-96", 0x33, 96, Partition(partitions.GRAI), Integer("serial", 38)),
        _old("GRAI-170", 0x37, 170, Partition(partitions.GRAI), String("serial", 112)),
        _plus("GRAI+", 0xF1, Zeros(4), Digits("GRAI", 13), Alphanumeric("serial", 16)),
        _old("GIAI-96", 0x34, 96, UnpaddedPartition(partitions.GIAI_96)),
        _old("GIAI-202", 0x38, 202, StringPartition(partitions.GIAI_202)),
        _plus("GIAI+", 0xFA, Delimited("GIAI", 30, GS1_82)),
        _old("GSRN-96", 0x2D, 96, Partition(partitions.SSCC), Zeros(24)),
        _plus("GSRN+", 0xF4, Digits("GSRN", 18), bits=84),
        _old("GSRNP-96", 0x2E, 96, Partition(partitions.SSCC), Zeros(24)),
        _plus("GSRNP+", 0xF5, Digits("GSRNP", 18), bits=84),
        _old("GDTI-96", 0x2C, 96, Partition(partitions.GLN), Integer("serial", 41)),
        # Deprecated since TDS 1.9, and still on documents that were tagged before.
        _old("GDTI-113", 0x3A, 113, Partition(partitions.GLN), NumericString("serial", 58, 17)),
        _old("GDTI-174", 0x3E, 174, Partition(partitions.GLN), String("serial", 119)),
        _plus("GDTI+", 0xF6, Digits("GDTI", 13), Alphanumeric("serial", 17)),
        _old(
            "CPI-96",
            0x3C,
            96,
            UnpaddedPartition(partitions.CPI_96, digits_limited=True),
            Integer("serial", 31),
        ),
        _old(
            "CPI-var",
            0x3D,
            None,
            SixBitPartition(partitions.CPI_VAR),
            # Forty bits reach further than the twelve digits of AI (8011).
            Integer("serial", 40, largest=10**12 - 1),
        ),
        _plus("CPI+", 0xF0, Delimited("CPI", 30, CPI_39), VariableDigits("serial", 12)),
        _old("SGCN-96", 0x3F, 96, Partition(partitions.GLN), NumericString("serial", 41, 12)),
        _plus("SGCN+", 0xF8, Digits("GCN", 13), VariableDigits("serial", 12)),
        _old(
            "ITIP-110",
            0x40,
            110,
            Partition(partitions.GTIN),
            FixedWidthInteger("piece"),
            FixedWidthInteger("total"),
            Integer("serial", 38),
        ),
        _old(
            "ITIP-212",
            0x41,
            212,
            Partition(partitions.GTIN),
            FixedWidthInteger("piece"),
            FixedWidthInteger("total"),
            String("serial", 140),
        ),
        _plus("ITIP+", 0xF3, Digits("ITIP", 18), Alphanumeric("serial", 20)),
        _old(
            "GID-96",
            0x35,
            96,
            Integer("manager", 28),
            Integer("object class", 24),
            Integer("serial", 36),
            filter_bits=0,
        ),
        _old("USDOD-96", 0x2F, 96, Cage(8, ord(" ")), Integer("serial", 36), filter_bits=4),
        _old(
            "ADI-var",
            0x3B,
            None,
            Cage(6, 0b100000),
            SixBitString("part number", 0, 32),
            SixBitString("serial", 1, 30),
            filter_bits=6,
        ),
    )
}

BY_HEADER: Mapping[int, Coding] = {coding.header: coding for coding in CODINGS.values()}
BY_TAG_URI_NAME: Mapping[str, Coding] = {
    coding.tag_uri_name: coding for coding in CODINGS.values() if coding.tag_uri_name
}

# TDS 2.3 (October 2025) added these, with a host name after the serial: known, and not decoded.
PLUS_PLUS: Mapping[int, str] = {
    0xE6: "CPI++",
    0xE7: "GSRN++",
    0xE8: "GSRNP++",
    0xE9: "SGLN++",
    0xEA: "GDTI++",
    0xEB: "GRAI++",
    0xEC: "SGCN++",
    0xED: "ITIP++",
    0xEE: "GIAI++",
    0xEF: "SSCC++",
    0xFC: "DSGTIN++",
    0xFD: "SGTIN++",
}
