"""The values that all readers send, each in the spellings that were met."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from onhand.kit.errors import InvalidEpc
from onhand.readers.document import malformed

SHOWN = 64
"""Characters of a bad value that its message repeats."""
MAX_ANTENNA = 255
MAX_CDBM = 100_000
"""1,000 dBm either way: no receiver is near it."""

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])([01]\d|2[0-3]):?([0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epc_from_hex(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise InvalidEpc(shown(value), "not_hex", "pairs of hexadecimal digits are expected")
    return bytes.fromhex(value)


def epc_from_base64(value: Any) -> bytes:
    """Decode base64 of either alphabet (RFC 4648; the R700 writes that of section 5), padded or not."""
    if not isinstance(value, str) or not _BASE64.fullmatch(value):
        raise InvalidEpc(shown(value), "not_base64", "base64 is expected")
    digits = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4))
    except binascii.Error as error:
        raise InvalidEpc(shown(value), "not_base64", str(error).lower()) from None


def time_ns(field: str, value: Any) -> int:
    """Return nanoseconds since 1970 of an RFC 3339 time; also met: `+0000` without a colon, 3 to 9 digits.

    A time without an offset is refused: nobody knows the reader's zone.
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise malformed(field, f"a time with an offset is expected (RFC 3339), not {shown(value)}")
    day, time, fraction, _, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}+00:00")
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        raise malformed(field, f"{shown(value)} is no time of the calendar") from None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def antenna(field: str, value: Any) -> int:
    """Return an antenna port; 0 for none."""
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= MAX_ANTENNA:
        raise malformed(field, f"a whole number from 0 to {MAX_ANTENNA} is expected, not {shown(value)}")
    return value


def cdbm(field: str, value: Any, per_unit: int) -> int:
    """Return hundredths of dBm, of which `per_unit` make the reader's unit; 0 for none."""
    if value is None:
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool):
        scaled = value * per_unit
        if -MAX_CDBM <= scaled <= MAX_CDBM:  # false for NaN too
            return round(scaled)
    raise malformed(field, f"a signal strength is expected, not {shown(value)}")


def text(value: Any) -> str:
    """Return a name as sent, empty for what is none: a reader without a name still has its token."""
    return value if isinstance(value, str) else ""


def shown(value: Any) -> str:
    """Repeat a bad value in a message: in ASCII, on one line, not at any length."""
    said = ascii(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return said if len(said) <= SHOWN else said[:SHOWN] + "…"
