"""Page keys that are a time and an id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from onhand.kit.errors import FieldViolation, InvalidField


def moment_and_id(key: list[Any]) -> tuple[datetime, UUID]:
    """Read the first two parts of a page key. Raises InvalidField."""
    try:
        return datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError:
        raise malformed() from None


def octets(text: str) -> bytes:
    """Read hexadecimal text. Raises InvalidField."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise malformed() from None


def malformed() -> InvalidField:
    return InvalidField([FieldViolation("page_token", "is not from an earlier answer")])
