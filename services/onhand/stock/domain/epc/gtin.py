"""GTINs: the check digit, and the four lengths that are one number."""

from onhand.stock.domain.epc.charsets import DIGITS, require
from onhand.stock.domain.epc.errors import EpcError, EpcReason

GTIN_LENGTHS = (8, 12, 13, 14)


def check_digit(body: str) -> str:
    """Return the check digit that follows `body`, the digits of a GS1 key without it.

    The same rule serves GTIN, SSCC, GLN, GSRN and every other GS1 key: weights 3 and 1 in turn
    from the right (GS1 General Specifications §7.9).
    """
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def require_check_digit(key: str, field: str) -> None:
    """Raise `BAD_CHECK_DIGIT` unless the last digit of `key` is the check digit of the others."""
    expected = check_digit(key[:-1])
    if key[-1] != expected:
        raise EpcError(
            EpcReason.BAD_CHECK_DIGIT,
            f"{field} {key} ends in {key[-1]}, its check digit is {expected}",
            field=field,
            value=key,
            limit=expected,
        )


def to_gtin14(text: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 as 14 digits.

    `BAD_CHARACTER`, `WRONG_FIELD_LENGTH` or `BAD_CHECK_DIGIT` when it is none of them.
    """
    require(text, DIGITS, "GTIN")
    if len(text) not in GTIN_LENGTHS:
        raise EpcError(
            EpcReason.WRONG_FIELD_LENGTH,
            f"GTIN {text!r} has {len(text)} digits, a GTIN has 8, 12, 13 or 14",
            field="GTIN",
            value=text,
            limit="8, 12, 13 or 14",
        )
    require_check_digit(text, "GTIN")
    return text.zfill(14)


def to_length(gtin14: str, length: int) -> str:
    """Return a GTIN-14 as a GTIN of `length` digits: 8, 12, 13 or 14.

    `WRONG_FIELD_LENGTH` when the digits to drop are not all zeros: it was never that short.
    """
    dropped = len(gtin14) - length
    if length not in GTIN_LENGTHS or gtin14[:dropped].strip("0"):
        raise EpcError(
            EpcReason.WRONG_FIELD_LENGTH,
            f"GTIN {gtin14} cannot be written as GTIN-{length}",
            field="GTIN",
            value=gtin14,
            limit=length,
        )
    return gtin14[dropped:]
