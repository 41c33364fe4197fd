"""Requests that speak of a person, as they may be kept to recognise repeats."""

from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from onhand.notifications.vault import Vault

R = TypeVar("R", bound=Message)


def redacted(request: R, vault: Vault) -> R:
    """Return a request with digests in place of its texts and positions, since it is kept in clear.

    By the oldest key: the same request stays the same while a new key is being brought in.
    """
    copy = type(request)()
    copy.CopyFrom(request)
    _redact(copy, vault)
    return copy


def _redact(message: Message, vault: Vault) -> None:
    for field, value in message.ListFields():
        several: Any = value if field.is_repeated else (value,)
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in several:
                _redact(each, vault)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name != "request_id":
            names = [vault.steady_digest("request", each).hex() for each in several]
            if field.is_repeated:
                value[:] = names
            else:
                setattr(message, field.name, names[0])
        elif field.type == FieldDescriptor.TYPE_DOUBLE and not field.is_repeated:
            digest = vault.steady_digest("request", repr(value))
            setattr(message, field.name, float(int.from_bytes(digest[:6])))
