"""SQL of waves; which tasks are in one stands with the tasks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound

_ADD = text("""
    INSERT INTO waves (wave_id, location_id, assignee, create_time)
    VALUES (:wave_id, :location_id, :assignee, :create_time)
""")
_GET = text("""
    SELECT wave_id::text AS wave_id, location_id, assignee, create_time FROM waves WHERE wave_id = :wave_id
""")


@dataclass(frozen=True, slots=True)
class Wave:
    """One walk for several orders."""

    wave_id: str
    location_id: str
    assignee: str
    create_time: datetime


async def add(connection: AsyncConnection, wave: Wave) -> None:
    values = {
        "wave_id": UUID(wave.wave_id),
        "location_id": wave.location_id,
        "assignee": wave.assignee,
        "create_time": wave.create_time,
    }
    await connection.execute(_ADD, values)


async def get(connection: AsyncConnection, wave_id: str) -> Wave:
    """Return a wave; raises NotFound."""
    row = (await connection.execute(_GET, {"wave_id": UUID(wave_id)})).one_or_none()
    if row is None:
        raise NotFound("wave", wave_id)
    return Wave(row.wave_id, row.location_id, row.assignee, row.create_time)
