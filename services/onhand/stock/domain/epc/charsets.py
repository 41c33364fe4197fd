"""The alphabets that EPC fields are made of, and how a URI escapes them."""

import re
from string import ascii_lowercase, ascii_uppercase, digits

from onhand.stock.domain.epc.errors import EpcError, EpcReason

DIGITS = digits
# The 82 characters of GS1 element strings (GS1 General Specifications, figure 7.11-1; TDS annex A).
GS1_82 = "!\"%&'()*+,-./" + digits + ":;<=>?" + ascii_uppercase + "_" + ascii_lowercase
# The 39 characters of a component/part identifier (TDS annex G).
CPI_39 = "#-/" + digits + ascii_uppercase
# CAGE codes and DoDAACs leave out I and O, which look like digits (TDS 2.3 §6.3.17).
CAGE = digits + ascii_uppercase.replace("I", "").replace("O", "")

_BARE_IN_NO_URN = frozenset('"#&/<>?')  # TDS 2.3 §5
_ESCAPED = _BARE_IN_NO_URN | {"%"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


# More than any text form of an EPC needs: no error message or log line outgrows it.
MAX_TEXT_LENGTH = 2048


def require_short(text: str) -> None:
    """Raise `TOO_LONG` for a text that no EPC can be."""
    if len(text) > MAX_TEXT_LENGTH:
        raise EpcError(
            EpcReason.TOO_LONG,
            f"{len(text)} characters are more than the {MAX_TEXT_LENGTH} that are read",
            field="EPC",
            value=len(text),
            limit=MAX_TEXT_LENGTH,
        )


def require(text: str, alphabet: str, field: str) -> None:
    """Raise `BAD_CHARACTER` at the first character of `text` outside `alphabet`."""
    for character in text:
        if character not in alphabet:
            raise EpcError(
                EpcReason.BAD_CHARACTER,
                f"{field} {text!r} may not contain {character!r}",
                field=field,
                value=text,
                limit=alphabet,
            )


def escape(text: str) -> str:
    """Write `text` as a URN component: "/" becomes "%2F" (TDS 2.3 annex A, "URI form")."""
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in text)


def unescape(component: str, field: str) -> str:
    """Read a URN component: the reverse of `escape`.

    `UNESCAPED_CHARACTER` for a character that a URN must escape, and as `percent_decode` does. Any
    character may come escaped, and the digits in lower case: the grammar allows both (TDS 2.3 §5),
    `escape` writes the one normal form.
    """
    for character in component:
        if character in _BARE_IN_NO_URN:
            raise EpcError(
                EpcReason.UNESCAPED_CHARACTER,
                f"{field} {component!r}: {character!r} must be written %{ord(character):02X}",
                field=field,
                value=component,
                limit=f"%{ord(character):02X}",
            )
    return percent_decode(component, field)


def percent_decode(text: str, field: str) -> str:
    """Resolve "%2F" and the like; `BAD_ESCAPE` for a "%" that no two hexadecimal digits follow."""
    if _BAD_ESCAPE.search(text):
        raise EpcError(
            EpcReason.BAD_ESCAPE,
            f"{field} {text!r}: two hexadecimal digits must follow '%'",
            field=field,
            value=text,
            limit="%00 to %7F",
        )
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
