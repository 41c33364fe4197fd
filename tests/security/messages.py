"""Requests as a caller might send them: any message that a method's type can hold, near and far from its rules."""

import string
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

MAX_DEPTH = 4
IDS = ("fuzz-1", "fuzz-2", "nobody")
"""What things are called, so that some exist: a few names make many meetings."""
UUIDS = tuple(str(UUID(int=number, version=4)) for number in (1, 2, 3))
GTINS = ("80614141123458", "4006381333931", "1")
TEXTS = (
    "",
    "a\x00b",
    "' OR 1=1; --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "\u202e\U0001f600",
    "../../etc/passwd",
)
_F = FieldDescriptor
_INTS = {_F.TYPE_INT32: 32, _F.TYPE_SINT32: 32, _F.TYPE_SFIXED32: 32}
_INTS |= {_F.TYPE_INT64: 64, _F.TYPE_SINT64: 64, _F.TYPE_SFIXED64: 64}
_FLOATS = {_F.TYPE_DOUBLE: 64, _F.TYPE_FLOAT: 32}

texts = st.one_of(
    st.sampled_from(IDS),
    st.sampled_from(UUIDS),
    st.sampled_from(GTINS),
    st.sampled_from(TEXTS),
    st.text(string.printable, max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


def named(name: str) -> st.SearchStrategy[str]:
    """Prefer what a field of this name means."""
    if name == "request_id" or name in {"reservation_id", "count_id", "task_id", "shipment_id", "order_id"}:
        return st.one_of(st.uuids(version=4).map(str), st.sampled_from(UUIDS), texts)
    if name.endswith(("_id", "_ids")):
        return st.one_of(st.sampled_from(IDS), texts)
    if "gtin" in name:
        return st.one_of(st.sampled_from(GTINS), texts)
    if "time_zone" in name:
        return st.one_of(st.sampled_from(["Europe/Amsterdam", "../../etc/passwd", "UTC"]), texts)
    if "page_token" in name:
        return st.one_of(st.just(""), texts)
    return texts


@cache
def scalars(kind: int, name: str) -> st.SearchStrategy[Any]:
    if kind in _INTS:
        bits = _INTS[kind]
        return st.one_of(st.integers(0, 5), st.integers(-(1 << bits - 1), (1 << bits - 1) - 1))
    if kind in _FLOATS:
        return st.one_of(st.floats(0, 90, width=32), st.floats(width=_FLOATS[kind]))  # type: ignore[arg-type]
    if kind == _F.TYPE_BOOL:
        return st.booleans()
    if kind == _F.TYPE_BYTES:
        return st.one_of(st.binary(min_size=12, max_size=12), st.binary(max_size=40))
    if kind == _F.TYPE_STRING:
        return named(name)
    raise ValueError(f"{name}: no contract here has a field of type {kind}")


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor, depth: int = 0) -> Message:
    """Draw a message; each field is there or not, and a oneof has one member at most."""
    message: Message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if draw(st.integers(0, 3)) == 0 or (field.message_type is not None and depth >= MAX_DEPTH):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _fill_map(draw, message, field, depth)
        elif field.message_type is not None:
            made = messages(field.message_type, depth + 1)
            if field.is_repeated:
                getattr(message, field.name).extend(draw(st.lists(made, max_size=3)))
            else:
                getattr(message, field.name).CopyFrom(draw(made))
        else:
            values = _enums(field) if field.enum_type is not None else scalars(field.type, field.name)
            if field.is_repeated:
                getattr(message, field.name).extend(draw(st.lists(values, max_size=3)))
            else:
                setattr(message, field.name, draw(values))
    return message


def _enums(field: FieldDescriptor) -> st.SearchStrategy[int]:
    known = [each.number for each in field.enum_type.values]
    return st.one_of(st.sampled_from(known), st.sampled_from([*known, 99, -1]))


def _fill_map(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    entry = field.message_type.fields_by_name
    for key in draw(st.lists(scalars(entry["key"].type, field.name), max_size=2)):
        kind = entry["value"]
        if kind.message_type is not None:
            getattr(message, field.name)[key].CopyFrom(draw(messages(kind.message_type, depth + 1)))
        else:
            getattr(message, field.name)[key] = draw(scalars(kind.type, field.name))
