"""The EPC schemes as identities: which values they hold, and how the URI arranges them.

A family is what a pure identity URI names ("sgtin"), before anyone decides how it goes into bits.
Its values are those of the GS1 element string, check digit included, because these need no company
prefix: ("80614141123458", "6789") for an SGTIN. The URI shows the same digits cut at the company
prefix, without check digit: ("0614141", "812345", "6789"). `Family.cut` and `Family.join` go from
one to the other (TDS 2.3 §7, "Correspondence between EPCs and GS1 Keys").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from onhand.stock.domain.epc.charsets import CAGE, CPI_39, DIGITS, GS1_82, require
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.gtin import check_digit, require_check_digit

# The lengths in every partition table (TDS 2.3 §14.6). GS1 has a few shorter prefixes: each counts
# as the block of 6-digit ones that begin with it.
PREFIX_LENGTHS = range(6, 13)
# A GIAI, GINC or CPI begins with its company prefix, of which GS1 issues none below 4 digits.
_SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Text:
    """One value: its alphabet, its length and, for a numeral, its largest value."""

    name: str
    alphabet: str
    longest: int
    shortest: int = 1
    numeral: bool = False  # a number: "07" is not another name of "7", so it is refused
    largest: int | None = None
    shape: re.Pattern[str] | None = None

    def check(self, text: str) -> None:
        """Raise the `EpcError` that says what `text` breaks, if anything."""
        require(text, self.alphabet, self.name)
        check_length(text, self.name, self.shortest, self.longest)
        if self.shape and not self.shape.fullmatch(text):
            raise EpcError(
                EpcReason.BAD_CHARACTER,
                f"{self.name} {text!r} does not have the form {self.shape.pattern}",
                field=self.name,
                value=text,
                limit=self.shape.pattern,
            )
        if self.numeral:
            check_numeral(text, self.name)
        if self.largest is not None:
            check_range(int(text), self.name, self.largest)


@dataclass(frozen=True, slots=True)
class Key:
    """A GS1 key made of a company prefix and a reference of the company's own choice."""

    ai: str  # GS1 Application Identifier in an element string or a Digital Link
    digits: int  # company prefix + reference, without check digit; the most, if `open`
    # GTIN and SSCC put the first digit of the reference before the company prefix (§7.3, §7.4).
    indicator_first: bool = False
    # GIAI, GINC and CPI have references of any length, letters too, and no check digit.
    open: bool = False
    alphabet: str = DIGITS
    tail: tuple[str, ...] = ()  # ITIP: piece and total, two digits each, after the check digit
    # GRAI has a zero in front of its 13 digits inside an element string (§7.6).
    element_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """An EPC scheme: the URN it is written with and the values it holds."""

    name: str
    urn: str
    key: Key | None
    values: tuple[Text, ...] = ()  # the serial; without a GS1 key, every component of the URI
    serial_ai: str = ""  # of its own, or empty where the serial follows the key in the key's AI

    @property
    def component_count(self) -> int:
        """How many components the URI has."""
        return len(self.values) + (2 + len(self.key.tail) if self.key else 0)

    def check(self, values: tuple[str, ...]) -> None:
        """Raise an `EpcError` unless `values` are legal ones of this family."""
        texts = values
        if self.key:
            _check_key(self.key, self.name, values[0])
            texts = values[1:]
        for spec, text in zip(self.values, texts, strict=True):
            spec.check(text)

    def join(self, components: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
        """Return the values and the company prefix length that a URI's components stand for."""
        check_count(components, self.component_count, self.urn)
        if not self.key:
            self.check(components)
            return components, None
        prefix, reference, *rest = components
        key = self.key
        check_length(prefix, "company prefix", PREFIX_LENGTHS[0], PREFIX_LENGTHS[-1])
        require(prefix, DIGITS, "company prefix")
        if not key.open:
            _check_reference(reference, key.digits - len(prefix), self.name)
        tail, serial = rest[: len(key.tail)], rest[len(key.tail) :]
        for name, number in zip(key.tail, tail, strict=True):
            require(number, DIGITS, name)
            check_length(number, name, 2, 2)
        values = (_join_key(key, prefix, reference) + "".join(tail), *serial)
        self.check(values)
        return values, len(prefix)

    def cut(self, values: tuple[str, ...], prefix_length: int | None) -> tuple[str, ...]:
        """Return the components of the URI: the reverse of `join`.

        `PREFIX_LENGTH_NEEDED` when only the owner's prefix length can tell where to cut.
        """
        if not self.key:
            return values
        if prefix_length is None:
            raise EpcError(
                EpcReason.PREFIX_LENGTH_NEEDED,
                f"the company prefix length of {values[0]} is not known: {self.name} keys cannot "
                "be cut into company prefix and reference without it",
                field="prefix length",
                limit="6 to 12",
            )
        check_prefix_length(prefix_length)
        key, serial = self.key, values[1:]
        prefix, reference, tail = _cut_key(key, values[0], prefix_length)
        if key.open and not reference:
            check_length(reference, f"{self.name} reference", 1, key.digits - prefix_length)
        return (prefix, reference, *tail, *serial)


def check_length(text: str, field: str, shortest: int, longest: int) -> None:
    """Raise `WRONG_FIELD_LENGTH` unless `text` has `shortest` to `longest` characters."""
    if not shortest <= len(text) <= longest:
        limit = str(longest) if shortest == longest else f"{shortest} to {longest}"
        raise EpcError(
            EpcReason.WRONG_FIELD_LENGTH,
            f"{field} {text!r} has {len(text)} characters, {limit} allowed",
            field=field,
            value=text,
            limit=limit,
        )


def check_count(components: tuple[str, ...], count: int, where: str) -> None:
    """Raise `WRONG_FIELD_COUNT` unless there are `count` components."""
    if len(components) != count:
        raise EpcError(
            EpcReason.WRONG_FIELD_COUNT,
            f"{where} takes {count} fields between dots, got {len(components)}",
            field="fields",
            value=len(components),
            limit=count,
        )


def check_numeral(text: str, field: str) -> None:
    """Raise `LEADING_ZEROS` for a number that is not written in the shortest way."""
    if len(text) > 1 and text.startswith("0"):
        raise EpcError(
            EpcReason.LEADING_ZEROS,
            f"{field} {text} has leading zeros, which a number cannot keep",
            field=field,
            value=text,
            limit="no leading zeros",
        )


def check_range(number: int, field: str, largest: int) -> None:
    """Raise `VALUE_OUT_OF_RANGE` unless `number` is 0 to `largest`."""
    if not 0 <= number <= largest:
        raise EpcError(
            EpcReason.VALUE_OUT_OF_RANGE,
            f"{field} {number} is out of range, 0 to {largest} allowed",
            field=field,
            value=number,
            limit=f"0 to {largest}",
        )


def check_prefix_length(prefix_length: int) -> None:
    """Raise `BAD_PREFIX_LENGTH` for a company prefix that no partition table has."""
    if prefix_length not in PREFIX_LENGTHS:
        raise EpcError(
            EpcReason.BAD_PREFIX_LENGTH,
            f"a company prefix has 6 to 12 digits, not {prefix_length}",
            field="prefix length",
            value=prefix_length,
            limit="6 to 12",
        )


def _check_key(key: Key, name: str, text: str) -> None:
    require(text, key.alphabet, name)
    if key.open:
        check_length(text, name, _SHORTEST_PREFIX, key.digits)
        require(text[:_SHORTEST_PREFIX], DIGITS, f"{name} company prefix")
        return
    with_check = key.digits + 1
    length = with_check + 2 * len(key.tail)
    check_length(text, name, length, length)
    require_check_digit(text[:with_check], name)


def _check_reference(reference: str, length: int, name: str) -> None:
    field = f"{name} reference"
    require(reference, DIGITS, field)
    check_length(reference, field, length, length)


def _join_key(key: Key, prefix: str, reference: str) -> str:
    if key.open:
        return prefix + reference
    body = reference[0] + prefix + reference[1:] if key.indicator_first else prefix + reference
    return body + check_digit(body)


def _cut_key(key: Key, text: str, prefix_length: int) -> tuple[str, str, tuple[str, ...]]:
    if key.open:
        return text[:prefix_length], text[prefix_length:], ()
    body, tail = text[: key.digits], text[key.digits + 1 :]
    pairs = tuple(tail[at : at + 2] for at in range(0, len(tail), 2))
    if key.indicator_first:
        after = prefix_length + 1
        return body[1:after], body[0] + body[after:], pairs
    return body[:prefix_length], body[prefix_length:], pairs


def _serial(longest: int, name: str = "serial") -> tuple[Text, ...]:
    return (Text(name, GS1_82, longest),)


def _number(name: str, bits: int) -> Text:
    largest = (1 << bits) - 1
    return Text(name, DIGITS, len(str(largest)), numeral=True, largest=largest)


_CAGE = Text("CAGE code or DoDAAC", CAGE, 6, shortest=5)
_ADI = DIGITS + ascii_uppercase + "-/"
_EPC = "urn:epc:id:"

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("SGTIN", _EPC + "sgtin:", Key("01", 13, indicator_first=True), _serial(20), "21"),
        Family("SSCC", _EPC + "sscc:", Key("00", 17, indicator_first=True)),
        Family("SGLN", _EPC + "sgln:", Key("414", 12), _serial(20, "extension"), "254"),
        Family("GRAI", _EPC + "grai:", Key("8003", 12, element_prefix="0"), _serial(16)),
        Family("GIAI", _EPC + "giai:", Key("8004", 30, open=True, alphabet=GS1_82)),
        Family("GSRN", _EPC + "gsrn:", Key("8018", 17)),
        Family("GSRNP", _EPC + "gsrnp:", Key("8017", 17)),
        Family("GDTI", _EPC + "gdti:", Key("253", 12), _serial(17)),
        Family(
            "CPI",
            _EPC + "cpi:",
            Key("8010", 30, open=True, alphabet=CPI_39),
            (Text("serial", DIGITS, 12, numeral=True),),
            "8011",
        ),
        Family("SGCN", _EPC + "sgcn:", Key("255", 12), (Text("serial", DIGITS, 12),)),
        Family("GINC", _EPC + "ginc:", Key("401", 30, open=True, alphabet=GS1_82)),
        Family("GSIN", _EPC + "gsin:", Key("402", 16)),
        Family(
            "ITIP",
            _EPC + "itip:",
            Key("8006", 13, indicator_first=True, tail=("piece", "total")),
            _serial(20),
            "21",
        ),
        Family(
            "UPUI",
            _EPC + "upui:",
            Key("01", 13, indicator_first=True),
            _serial(28, "third party extension"),
            "235",
        ),
        Family("PGLN", _EPC + "pgln:", Key("417", 12)),
        Family(
            "LGTIN",
            "urn:epc:class:lgtin:",
            Key("01", 13, indicator_first=True),
            _serial(20, "lot"),
            "10",
        ),
        Family(
            "GID",
            _EPC + "gid:",
            None,
            (_number("manager", 28), _number("object class", 24), _number("serial", 36)),
        ),
        Family("USDOD", _EPC + "usdod:", None, (_CAGE, _number("serial", 36))),
        Family(
            "ADI",
            _EPC + "adi:",
            None,
            (
                _CAGE,
                Text("part number", _ADI, 32, shortest=0),
                # "#" marks a part that had no serial before its tag, and only in front (§6.3.18).
                Text("serial", _ADI + "#", 30, shape=re.compile("#?[0-9A-Z/-]+")),
            ),
        ),
        # The standard gives only the syntax of these two: it does not make a reader verify the
        # check digit that ISO 6346 and the IMO define (§6.3.19, §6.3.20), so neither does this.
        Family(
            "BIC",
            _EPC + "bic:",
            None,
            (
                Text(
                    "BIC code",
                    DIGITS + ascii_uppercase,
                    11,
                    shortest=11,
                    shape=re.compile("[A-HJ-NP-Z]{3}[JUZ][0-9]{7}"),
                ),
            ),
        ),
        Family("IMOVN", _EPC + "imovn:", None, (Text("vessel number", DIGITS, 7, shortest=7),)),
    )
}
