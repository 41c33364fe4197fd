"""The fields of EPC codings made before TDS 2.0, each in both directions (TDS 2.3 §14.3, §14.4).

A segment reads its bits into the texts of a pure identity URI, unescaped, and writes such texts
back. Most hold one text, a partition holds two, reserved bits hold none.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from onhand.stock.domain.epc.bits import BitReader, BitWriter
from onhand.stock.domain.epc.charsets import CAGE, CPI_39, DIGITS, GS1_82, require
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import check_length, check_numeral, check_range
from onhand.stock.domain.epc.partitions import PartitionRow, PartitionTable

# No number in an EPC is longer: keeps int() off texts of any length.
MAX_DIGITS = 20

# Six-bit characters: letters below 20h, which have lost 40h, signs and digits above (annex G).
_SIX_BITS = 6
_FIRST_SIGN = 0x20


class Segment(Protocol):
    """One or more neighbouring fields of a coding."""

    @property
    def size(self) -> int:
        """How many texts it reads and writes."""
        ...

    def read(self, reader: BitReader) -> tuple[str, ...]:
        """Take the bits and return the texts; any `EpcError` of the field."""
        ...

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        """Append the bits of the texts; any `EpcError` of the field."""
        ...


@dataclass(frozen=True, slots=True)
class Integer:
    """A number without leading zeros (§14.3.1, §14.4.1)."""

    name: str
    bits: int
    largest: int | None = None  # where the key allows less than the bits do
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        number = reader.take(self.bits, self.name)
        self._check(number)
        return (str(number),)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        number = numeral(texts[0], self.name)
        self._check(number)
        writer.put(number, self.bits)

    def _check(self, number: int) -> None:
        fits = (1 << self.bits) - 1
        check_range(number, self.name, fits if self.largest is None else self.largest)


@dataclass(frozen=True, slots=True)
class FixedWidthInteger:
    """Two digits in seven bits: piece and total of an ITIP (§14.3.10, §14.4.10).

    The encoding text says "less than 10^2 - 1", the decoding text "not more than": 99 is legal in
    the GS1 General Specifications and decodes, so it also encodes here.
    """

    name: str
    bits: int = 7
    digits: int = 2
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        number = reader.take(self.bits, self.name)
        check_range(number, self.name, 10**self.digits - 1)
        return (str(number).zfill(self.digits),)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        require(texts[0], DIGITS, self.name)
        check_length(texts[0], self.name, self.digits, self.digits)
        writer.put(int(texts[0]), self.bits)


@dataclass(frozen=True, slots=True)
class NumericString:
    """Digits that keep their leading zeros, behind a "1" (§14.3.6, §14.4.6)."""

    name: str
    bits: int
    longest: int
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        text = str(reader.take(self.bits, self.name))
        if not text.startswith("1"):
            raise EpcError(
                EpcReason.VALUE_OUT_OF_RANGE,
                f"{self.name} {text}: the number in the bits must begin with 1",
                field=self.name,
                value=text,
                limit="1...",
            )
        check_length(text[1:], self.name, 1, self.longest)
        return (text[1:],)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        require(texts[0], DIGITS, self.name)
        check_length(texts[0], self.name, 1, self.longest)
        writer.put(int("1" + texts[0]), self.bits)


@dataclass(frozen=True, slots=True)
class String:
    """Up to bits / 7 characters in seven bits each, then zeros (§14.3.2, §14.4.2)."""

    name: str
    bits: int
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        return (read_string(reader, self.name, self.bits, self.bits // 7),)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        write_string(writer, texts[0], self.name, self.bits, self.bits // 7)


@dataclass(frozen=True, slots=True)
class Zeros:
    """Bits that the coding reserves and that must be zero (SSCC-96, GSRN-96; §14.6.2.1)."""

    bits: int
    size: ClassVar[int] = 0

    def read(self, reader: BitReader) -> tuple[str, ...]:
        value = reader.take(self.bits, "reserved bits")
        if value:
            raise EpcError(
                EpcReason.RESERVED_BITS_NOT_ZERO,
                f"the {self.bits} reserved bits hold 0x{value:X}, they must be zero",
                field="reserved bits",
                value=f"0x{value:X}",
                limit=0,
            )
        return ()

    def write(self, writer: BitWriter, _texts: tuple[str, ...]) -> None:
        writer.put(0, self.bits)


@dataclass(frozen=True, slots=True)
class Partition:
    """Company prefix and reference, padded to a fixed number of digits (§14.3.3, §14.4.3)."""

    table: PartitionTable
    name: str = "reference"
    size: ClassVar[int] = 2

    def read(self, reader: BitReader) -> tuple[str, ...]:
        row = self.table.by_value(reader.take(3, "partition"))
        number = reader.take(row.prefix_bits, "company prefix")
        # More bits than digits: a prefix of 7 digits has 24 bits, which reach to 16777215.
        check_range(number, "company prefix", 10**row.prefix_digits - 1)
        return str(number).zfill(row.prefix_digits), self.read_reference(reader, row)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        prefix, reference = texts
        row = self.table.by_prefix_length(len(prefix))
        require(prefix, DIGITS, "company prefix")
        writer.put(row.value, 3)
        writer.put(int(prefix), row.prefix_bits)
        self.write_reference(writer, row, reference)

    def read_reference(self, reader: BitReader, row: PartitionRow) -> str:
        """Read the reference of this kind of partition."""
        number = reader.take(row.reference_bits, self.name)
        check_range(number, self.name, 10**row.reference_size - 1)
        return str(number).zfill(row.reference_size) if row.reference_size else ""

    def write_reference(self, writer: BitWriter, row: PartitionRow, reference: str) -> None:
        """Write the reference of this kind of partition."""
        require(reference, DIGITS, self.name)
        check_length(reference, self.name, row.reference_size, row.reference_size)
        writer.put(int(reference or "0"), row.reference_bits)


@dataclass(frozen=True, slots=True)
class UnpaddedPartition(Partition):
    """Company prefix and a number of any size that fits (§14.3.4, §14.4.4)."""

    digits_limited: bool = False  # CPI-96 also counts digits: 15 less the prefix (table 12-2)

    def read_reference(self, reader: BitReader, row: PartitionRow) -> str:
        text = str(reader.take(row.reference_bits, self.name))
        self._check(text, row)
        return text

    def write_reference(self, writer: BitWriter, row: PartitionRow, reference: str) -> None:
        number = numeral(reference, self.name)
        check_range(number, self.name, (1 << row.reference_bits) - 1)
        self._check(reference, row)
        writer.put(number, row.reference_bits)

    def _check(self, text: str, row: PartitionRow) -> None:
        if self.digits_limited:
            check_length(text, self.name, 1, row.reference_size)


@dataclass(frozen=True, slots=True)
class StringPartition(Partition):
    """Company prefix and seven-bit characters (GIAI-202; §14.3.5, §14.4.5)."""

    def read_reference(self, reader: BitReader, row: PartitionRow) -> str:
        return read_string(reader, self.name, row.reference_bits, row.reference_size)

    def write_reference(self, writer: BitWriter, row: PartitionRow, reference: str) -> None:
        write_string(writer, reference, self.name, row.reference_bits, row.reference_size)


@dataclass(frozen=True, slots=True)
class SixBitPartition(Partition):
    """Company prefix and six-bit characters up to a zero (CPI-var; §14.3.9, §14.4.9)."""

    def read_reference(self, reader: BitReader, row: PartitionRow) -> str:
        return read_six_bit(reader, self.name, 1, row.reference_size)

    def write_reference(self, writer: BitWriter, row: PartitionRow, reference: str) -> None:
        write_six_bit(writer, reference, self.name, 1, row.reference_size)


@dataclass(frozen=True, slots=True)
class SixBitString:
    """Six-bit characters up to a zero (ADI-var; §14.3.8, §14.4.8)."""

    name: str
    shortest: int
    longest: int
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        return (read_six_bit(reader, self.name, self.shortest, self.longest),)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        write_six_bit(writer, texts[0], self.name, self.shortest, self.longest)


@dataclass(frozen=True, slots=True)
class Cage:
    """A CAGE code or DoDAAC in six characters of fixed width (§14.3.7, §14.4.7).

    A five-character CAGE code has `filler` in front: six bits 100000 in ADI-var, an ASCII space in
    USDOD-96 (DoD Suppliers' Passive RFID Information Guide).
    """

    bits: int  # of one character
    filler: int
    name: str = "CAGE code or DoDAAC"
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        codes = [reader.take(self.bits, self.name) for _ in range(6)]
        if codes[0] == self.filler:
            del codes[0]
        text = "".join(map(_six_bit_character if self.bits == _SIX_BITS else chr, codes))
        require(text, CAGE, self.name)
        return (text,)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        require(texts[0], CAGE, self.name)
        check_length(texts[0], self.name, 5, 6)
        codes = [ord(character) & ((1 << self.bits) - 1) for character in texts[0]]
        for code in [self.filler] * (6 - len(codes)) + codes:
            writer.put(code, self.bits)


def numeral(text: str, field: str) -> int:
    """Return a decimal without leading zeros as a number; the `EpcError` of any other text."""
    require(text, DIGITS, field)
    check_length(text, field, 1, MAX_DIGITS)
    check_numeral(text, field)
    return int(text)


def read_string(reader: BitReader, field: str, bits: int, longest: int) -> str:
    """Read characters of seven bits up to the first zero; what follows must be zero too."""
    count, spare = divmod(bits, 7)
    codes = [reader.take(7, field) for _ in range(count)]
    rest = reader.take(spare, field)
    text = "".join(map(chr, codes)).rstrip("\0")
    if "\0" in text or rest:
        raise EpcError(
            EpcReason.BAD_PADDING,
            f"{field}: bits are set after the end of the text {text.split(chr(0))[0]!r}",
            field=field,
            value=text,
            limit="zeros",
        )
    check_length(text, field, 1, longest)
    require(text, GS1_82, field)
    return text


def write_string(writer: BitWriter, text: str, field: str, bits: int, longest: int) -> None:
    """Write characters of seven bits and fill up to `bits` with zeros."""
    require(text, GS1_82, field)
    check_length(text, field, 1, longest)
    for character in text:
        writer.put(ord(character), 7)
    writer.put(0, bits - 7 * len(text))


def read_six_bit(reader: BitReader, field: str, shortest: int, longest: int) -> str:
    """Read characters of six bits up to six zeros (TDS 2.3 annex G)."""
    text = ""
    while code := reader.take(_SIX_BITS, field):
        text += _six_bit_character(code)
        check_length(text, field, 0, longest)
    check_length(text, field, shortest, longest)
    require(text, CPI_39, field)
    return text


def write_six_bit(writer: BitWriter, text: str, field: str, shortest: int, longest: int) -> None:
    """Write characters of six bits, then six zeros."""
    require(text, CPI_39, field)
    check_length(text, field, shortest, longest)
    for character in text:
        writer.put(ord(character) & 0x3F, _SIX_BITS)
    writer.put(0, _SIX_BITS)


def _six_bit_character(code: int) -> str:
    return chr(code | 0x40 if code < _FIRST_SIGN else code)
