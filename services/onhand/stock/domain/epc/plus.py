"""The fields of the "+" codings of TDS 2.0: whole GS1 keys, no company prefix (TDS 2.3 §14.5)."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import ClassVar

from onhand.stock.domain.epc.bits import BitReader, BitWriter
from onhand.stock.domain.epc.charsets import CPI_39, DIGITS, GS1_82, require
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import check_length, check_range

DATE_AIS = ("11", "13", "15", "16", "17", "7006", "7007")  # by date type indicator (§14.5.3)

_UPPER_HEX = DIGITS + "ABCDEF"
_LOWER_HEX = DIGITS + "abcdef"
_BASE64 = ascii_uppercase + ascii_lowercase + DIGITS + "-_"  # table 14-7
_PAD = "\0"
_URN_40 = _PAD + ascii_uppercase + "-.:" + DIGITS  # table 14-8
_ASCII = "".join(sorted({*GS1_82, *CPI_39}))  # table 14-9: both GS1 sets

_DELIMITER, _TERMINATOR = 0xE, 0xF  # table 14-4
_LENGTH_BITS = 5  # of every variable-length alphanumeric value in an EPC (table F)


@dataclass(frozen=True, slots=True)
class Digits:
    """A fixed number of digits, four bits each (§14.5.4)."""

    name: str
    digits: int
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        codes = [reader.take(4, self.name) for _ in range(self.digits)]
        text = "".join(f"{code:X}" for code in codes)
        require(text, DIGITS, self.name)
        return (text,)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        require(texts[0], DIGITS, self.name)
        check_length(texts[0], self.name, self.digits, self.digits)
        write_digits(writer, texts[0])


@dataclass(frozen=True, slots=True)
class VariableDigits:
    """A four-bit length, then that many digits as one number (§14.5.13)."""

    name: str
    longest: int
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        length = reader.take(4, f"{self.name} length")
        _check_announced(length, self.name, self.longest)
        return (_read_number(reader, length, self.name),)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        require(texts[0], DIGITS, self.name)
        check_length(texts[0], self.name, 1, self.longest)
        writer.put(len(texts[0]), 4)
        writer.put(int(texts[0]), _number_bits(len(texts[0])))


@dataclass(frozen=True, slots=True)
class Alphanumeric:
    """An encoding indicator, a length, then characters in that encoding (§14.5.6)."""

    name: str
    longest: int
    alphabet: str = GS1_82
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        indicator = reader.take(3, f"{self.name} encoding indicator")
        if indicator >= len(_ENCODINGS):
            raise EpcError(
                EpcReason.BAD_ENCODING_INDICATOR,
                f"{self.name}: encoding indicator {indicator} is reserved",
                field=self.name,
                value=indicator,
                limit=len(_ENCODINGS) - 1,
            )
        length = reader.take(_LENGTH_BITS, f"{self.name} length")
        _check_announced(length, self.name, self.longest)
        text = _ENCODINGS[indicator].read(reader, length, self.name)
        require(text, self.alphabet, self.name)
        return (text,)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        text = texts[0]
        require(text, self.alphabet, self.name)
        check_length(text, self.name, 1, self.longest)
        # The fewest bits win, as the decision tree of figure 14-5 has it; any choice is legal.
        length = len(text)
        able = [number for number, e in enumerate(_ENCODINGS) if not set(text) - set(e.alphabet)]
        chosen = min(able, key=lambda number: _ENCODINGS[number].bits(length))
        writer.put(chosen, 3)
        writer.put(length, _LENGTH_BITS)
        _ENCODINGS[chosen].write(writer, text)


@dataclass(frozen=True, slots=True)
class Delimited:
    """Digits of four bits, then an end mark or the rest as characters (GIAI+, CPI+; §14.5.5)."""

    name: str
    longest: int
    alphabet: str
    size: ClassVar[int] = 1

    def read(self, reader: BitReader) -> tuple[str, ...]:
        text = ""
        while (code := reader.take(4, self.name)) < len(DIGITS):
            text += str(code)
            check_length(text, self.name, 0, self.longest)
        if code == _DELIMITER:
            text += self._rest.read(reader)[0]
        elif code != _TERMINATOR:
            require(f"{text}{code:X}", DIGITS, self.name)
        check_length(text, self.name, 1, self.longest)
        return (text,)

    def write(self, writer: BitWriter, texts: tuple[str, ...]) -> None:
        text = texts[0]
        rest = text.lstrip(DIGITS)
        check_length(text, self.name, 1, self.longest)
        write_digits(writer, text[: len(text) - len(rest)])
        writer.put(_DELIMITER if rest else _TERMINATOR, 4)
        if rest:
            self._rest.write(writer, (rest,))

    @property
    def _rest(self) -> Alphanumeric:
        return Alphanumeric(self.name, self.longest, self.alphabet)


def read_date(reader: BitReader) -> tuple[str, str]:
    """Read a prioritised date: its Application Identifier and YYMMDD (§14.5.3)."""
    kind = reader.take(4, "date type")
    if kind >= len(DATE_AIS):
        raise EpcError(
            EpcReason.BAD_DATE,
            f"date type {kind} is reserved",
            field="date type",
            value=kind,
            limit=len(DATE_AIS) - 1,
        )
    text = "".join(f"{reader.take(bits, 'date'):02d}" for bits in (7, 4, 5))
    check_date(text)
    return DATE_AIS[kind], text


def write_date(writer: BitWriter, date: tuple[str, str]) -> None:
    """Write a prioritised date: the reverse of `read_date`."""
    ai, text = date
    if ai not in DATE_AIS:
        raise EpcError(
            EpcReason.BAD_DATE,
            f"({ai}) is not the Application Identifier of a date that DSGTIN+ can hold",
            field="date",
            value=ai,
            limit=", ".join(DATE_AIS),
        )
    check_date(text)
    writer.put(DATE_AIS.index(ai), 4)
    for part, bits in ((text[:2], 7), (text[2:4], 4), (text[4:], 5)):
        writer.put(int(part), bits)


def check_date(text: str) -> None:
    """Raise `BAD_DATE` unless `text` is YYMMDD; day 00 stands for a whole month (§14.5.8)."""
    plain = len(text) == len("YYMMDD") and not set(text) - set(DIGITS)
    year, month, day = (int(text[at : at + 2]) for at in (0, 2, 4)) if plain else (0, 0, 0)
    # The century is not in the tag. Every fourth year is a leap year in both that can be meant.
    if month not in range(1, 13) or day > monthrange(2000 + year, month)[1]:
        raise EpcError(
            EpcReason.BAD_DATE,
            f"{text!r} is not a date YYMMDD",
            field="date",
            value=text,
            limit="YYMMDD",
        )


def write_digits(writer: BitWriter, text: str) -> None:
    """Write digits in four bits each."""
    for digit in text:
        writer.put(int(digit), 4)


@dataclass(frozen=True, slots=True)
class _Encoding:
    """One line of table E: which characters, how many bits, and how to read and write them."""

    alphabet: str
    bits: Callable[[int], int]
    read: Callable[[BitReader, int, str], str]
    write: Callable[[BitWriter, str], None]


def _check_announced(length: int, field: str, longest: int) -> None:
    if not 1 <= length <= longest:
        raise EpcError(
            EpcReason.WRONG_FIELD_LENGTH,
            f"{field}: its length says {length} characters, 1 to {longest} allowed",
            field=field,
            value=length,
            limit=f"1 to {longest}",
        )


def _number_bits(digits: int) -> int:
    """ceil(digits * log2(10)), the "integer" column of table B, without floating point."""
    largest: int = 10**digits - 1
    return largest.bit_length()


def _read_number(reader: BitReader, length: int, field: str) -> str:
    number = reader.take(_number_bits(length), field)
    check_range(number, field, 10**length - 1)
    return str(number).zfill(length)


def _write_number(writer: BitWriter, text: str) -> None:
    writer.put(int(text), _number_bits(len(text)))


def _per_character(codes: str, bits: int, alphabet: str) -> _Encoding:
    """Build an encoding of `bits` bits a character, whose code is its place in `codes`."""

    def read(reader: BitReader, length: int, field: str) -> str:
        return "".join(codes[reader.take(bits, field)] for _ in range(length))

    def write(writer: BitWriter, text: str) -> None:
        for character in text:
            writer.put(codes.index(character), bits)

    return _Encoding(alphabet, lambda length: bits * length, read, write)


def _read_urn_40(reader: BitReader, length: int, field: str) -> str:
    """Read three characters from each 16 bits (§14.5.6.5)."""
    text = ""
    for _ in range(-(-length // 3)):
        code = reader.take(16, field) - 1
        # 0 and all above 64000 stand for no three characters at all.
        check_range(code % (1 << 16), field, 40**3 - 1)
        text += _URN_40[code // 1600] + _URN_40[code // 40 % 40] + _URN_40[code % 40]
    # Padding belongs after the last character only: anywhere else it would shorten the text.
    require(text[:length], _URN_40[1:], field)
    require(text[length:], _PAD, field)
    return text[:length]


def _write_urn_40(writer: BitWriter, text: str) -> None:
    for at in range(0, len(text), 3):
        first, second, third = (_URN_40.index(c) for c in text[at : at + 3].ljust(3, _PAD))
        writer.put(1600 * first + 40 * second + third + 1, 16)


# Table E: the place in this tuple is the encoding indicator.
_ENCODINGS = (
    _Encoding(DIGITS, _number_bits, _read_number, _write_number),
    _per_character(_UPPER_HEX, 4, _UPPER_HEX),
    _per_character(_LOWER_HEX, 4, _LOWER_HEX),
    _per_character(_BASE64, 6, _BASE64),
    _per_character("".join(map(chr, range(128))), 7, _ASCII),
    _Encoding(_URN_40[1:], lambda length: 16 * -(-length // 3), _read_urn_40, _write_urn_40),
)
