"""Configurations that merchants apply: the newest of a name is in force, each change is a new version."""

from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict, ParseDict
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import Clock
from onhand.routing.storage import configurations
from onhand.routing.storage.configurations import Configuration

M = TypeVar("M", bound=Any)


async def apply(
    connection: AsyncConnection,
    clock: Clock,
    name: str,
    message: M,
    *,
    actor: str,
    detail: str,
    validate_only: bool,
) -> M:
    """Make a message the newest of its name and return it with its version, unless it is in force already."""
    await configurations.lock(connection, name)
    present = (await configurations.newest(connection, [name])).get(name)
    applied: M = type(message)()
    applied.CopyFrom(message)
    applied.version = present.version if present else 0
    if present is not None and message_of(present, type(message)) == applied:
        return applied
    applied.version += 1
    if not validate_only:
        content = MessageToDict(applied, preserving_proto_field_name=True)
        new = Configuration(name, applied.version, content, actor, detail, clock.now())
        await configurations.add(connection, new)
    return applied


def message_of(found: Configuration, kind: type[M]) -> M:
    message: M = ParseDict(found.content, kind(), ignore_unknown_fields=True)
    return message
