"""What the parts of the store page beside the queue have in common, and how what they post is made."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.datastructures import QueryParams

from onhand.api.stock.v1 import catalog_pb2

Fields = dict[str, str]
GTIN_DIGITS = {8, 12, 13, 14}


class Action(NamedTuple):
    """Something that the page posts for the whole store."""

    method: Any
    """Of a client."""
    make: Callable[[str, Fields], Message]
    """Of the location and a form's fields. Raises KeyError for one that is missing, ValueError for one that
    cannot be."""
    said: Callable[[Any], str]
    """What it did, for the status line and for screen readers."""


class View(Protocol):
    """A part of the page, rendered anew each time that it is looked at."""

    def actions(self) -> dict[str, Action]: ...

    def show(self, location: catalog_pb2.Location, subject: str, asked: QueryParams) -> Awaitable[str]: ...


def time_of(text: str) -> Timestamp:
    """Return a time that one of our own forms holds; raises ValueError for what is none."""
    value = Timestamp()
    value.FromJsonString(text)
    return value


def is_gtin(scanned: str) -> bool:
    return scanned.isascii() and scanned.isdigit() and len(scanned) in GTIN_DIGITS


def plural(count: int, one: str, more: str = "") -> str:
    """Say so many of something: `1 order`, `2 orders`."""
    return f"{count} {one if count == 1 else more or one + 's'}"
