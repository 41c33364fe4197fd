"""Pages of a list: sizes, and tokens that name the last key of the page before (AIP-158)."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from onhand.kit.errors import FieldViolation, InvalidField

T = TypeVar("T")

DEFAULT_SIZE = 100
MAX_SIZE = 1_000
"""Rows of one page at most; protects memory and callers' message limits."""


def size(asked: int) -> int:
    return min(asked or DEFAULT_SIZE, MAX_SIZE)


def token(*key: str | int) -> str:
    """Say a key as an opaque token."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def key(page_token: str, *kinds: type) -> list[Any] | None:
    """Read a token back; None for the first page. Raises InvalidField when it is not one of ours."""
    if not page_token:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(page_token))
        if len(values) == len(kinds) and all(map(isinstance, values, kinds)):
            return list(values)
    except (ValueError, TypeError, binascii.Error):
        pass
    raise InvalidField([FieldViolation("page_token", "is not from an earlier answer")])


def cut(rows: Sequence[T], count: int) -> tuple[Sequence[T], T | None]:
    """Split `count` + 1 rows that were read into a page and its last row, None when it is the last page."""
    return (rows, None) if len(rows) <= count else (rows[:count], rows[count - 1])
