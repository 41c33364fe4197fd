"""Versions of what merchants apply: policies and tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = "name, version, content, actor, detail, apply_time"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('configuration ' || :name))")
_NEWEST = text(f"""
    SELECT DISTINCT ON (name) {_COLUMNS} FROM configurations WHERE name = ANY(CAST(:names AS text[]))
    ORDER BY name, version DESC
""")
_NEWEST_LIKE = text(f"""
    SELECT DISTINCT ON (name) {_COLUMNS} FROM configurations WHERE starts_with(name, :prefix)
    ORDER BY name, version DESC LIMIT :most
""")
_NEWEST_VERSION = text("SELECT coalesce(max(version), 0) FROM configurations WHERE name = :name")
_VERSION = text(f"SELECT {_COLUMNS} FROM configurations WHERE name = :name AND version = :version")
_INSERT = text(f"""
    INSERT INTO configurations ({_COLUMNS})
    VALUES (:name, :version, CAST(:content AS jsonb), :actor, :detail, :apply_time)
""")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of one name."""

    name: str
    version: int
    content: dict[str, Any]
    actor: str
    detail: str
    apply_time: datetime


async def lock(connection: AsyncConnection, name: str) -> None:
    """Let nobody else apply this name until the transaction ends."""
    await connection.execute(_LOCK, {"name": name})


async def newest(connection: AsyncConnection, names: Sequence[str]) -> dict[str, Configuration]:
    """Return what is in force, by name; nothing for a name that was never applied."""
    found = (await connection.execute(_NEWEST, {"names": list(names)})).mappings()
    return {row["name"]: _configuration(row) for row in found}


async def newest_like(connection: AsyncConnection, prefix: str, most: int) -> list[Configuration]:
    """Return what is in force of all names that begin so, by name."""
    found = await connection.execute(_NEWEST_LIKE, {"prefix": prefix, "most": most})
    return [_configuration(row) for row in found.mappings()]


async def newest_version(connection: AsyncConnection, name: str) -> int:
    """Return the version in force; 0 when none was ever applied."""
    found: int = await connection.scalar(_NEWEST_VERSION, {"name": name})
    return found


async def version(connection: AsyncConnection, name: str, number: int) -> Configuration | None:
    found = await connection.execute(_VERSION, {"name": name, "version": number})
    row = found.mappings().one_or_none()
    return None if row is None else _configuration(row)


async def add(connection: AsyncConnection, configuration: Configuration) -> None:
    values = {each: getattr(configuration, each) for each in Configuration.__slots__}
    await connection.execute(_INSERT, {**values, "content": json.dumps(configuration.content)})


def _configuration(row: RowMapping) -> Configuration:
    return Configuration(**row)
