"""Endpoints of webhooks."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.endpoints import Endpoint, Health, NewEndpoint
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.storage.availability import read, written
from onhand.notifications.vault import Vault

ADD_LOCK = 0x686F6F6B73
"""Key of the advisory lock under which endpoints are counted and added."""

_ENDPOINT = """
    endpoint_id, uri, purposes, title, create_time, disable_time, pause_time, old_secret_expire_time, availability
"""
_COUNT = text("SELECT count(*) FROM webhook_endpoints")
_ADD = text(f"""
    INSERT INTO webhook_endpoints (endpoint_id, uri, purposes, title, sealed_secret, key_id, create_time,
                                   availability)
    VALUES (:endpoint_id, :uri, :purposes, :title, :sealed_secret, :key_id, :now, CAST(:availability AS jsonb))
    RETURNING {_ENDPOINT}
""")
_LIST = text(f"SELECT {_ENDPOINT} FROM webhook_endpoints ORDER BY endpoint_id")
_SUBSCRIBED = text(f"""
    SELECT {_ENDPOINT} FROM webhook_endpoints
    WHERE disable_time IS NULL AND (purposes = '{{}}' OR :purpose = ANY (purposes)) ORDER BY endpoint_id
""")
_SECRET = text("SELECT sealed_secret FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")
_DISABLE = text("""
    UPDATE webhook_endpoints SET disable_time = :now WHERE endpoint_id = :endpoint_id AND disable_time IS NULL
""")
_HEALTH = text("""
    SELECT failure_count, first_failure_time, pause_time FROM webhook_endpoints
    WHERE endpoint_id = :endpoint_id AND disable_time IS NULL FOR UPDATE
""")
_SET_HEALTH = text("""
    UPDATE webhook_endpoints SET failure_count = :failure_count, first_failure_time = :first_failure_time,
        pause_time = :pause_time
    WHERE endpoint_id = :endpoint_id
""")
_ENABLE = text(f"""
    UPDATE webhook_endpoints SET disable_time = NULL, failure_count = 0, first_failure_time = NULL,
        pause_time = NULL
    WHERE endpoint_id = :endpoint_id RETURNING {_ENDPOINT}
""")
_ROTATE = text(f"""
    UPDATE webhook_endpoints SET sealed_old_secret = sealed_secret, old_secret_expire_time = :expire_time,
        sealed_secret = :sealed_secret
    WHERE endpoint_id = :endpoint_id RETURNING {_ENDPOINT}
""")
_DELETE = text("DELETE FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")


async def count(connection: AsyncConnection) -> int:
    """Return how many endpoints there are; until the transaction ends nobody else adds one."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADD_LOCK})
    return int((await connection.execute(_COUNT)).scalar_one())


async def add(
    connection: AsyncConnection,
    vault: Vault,
    endpoint_id: UUID,
    new: NewEndpoint,
    secret: bytes,
    now: datetime,
) -> Endpoint:
    result = await connection.execute(
        _ADD,
        {
            "endpoint_id": endpoint_id,
            "uri": new.uri,
            "purposes": [int(each) for each in new.purposes],
            "title": new.title,
            "sealed_secret": vault.seal(secret),
            "key_id": vault.key_id,
            "now": now,
            "availability": None if new.availability is None else written(new.availability),
        },
    )
    return _endpoint(result.one())


async def list_all(connection: AsyncConnection) -> list[Endpoint]:
    """Return all endpoints in the order they were made (their ids rise with time)."""
    return [_endpoint(row) for row in await connection.execute(_LIST)]


async def subscribed(connection: AsyncConnection, purpose: Purpose) -> list[Endpoint]:
    """Return the endpoints in use that want to hear of `purpose`."""
    return [_endpoint(row) for row in await connection.execute(_SUBSCRIBED, {"purpose": purpose})]


async def get_secret(connection: AsyncConnection, vault: Vault, endpoint_id: UUID) -> bytes | None:
    """Return an endpoint's secret."""
    sealed: bytes | None = await connection.scalar(_SECRET, {"endpoint_id": endpoint_id})
    return None if sealed is None else vault.open(sealed)


async def disable(connection: AsyncConnection, endpoint_id: UUID, now: datetime) -> None:
    await connection.execute(_DISABLE, {"endpoint_id": endpoint_id, "now": now})


async def get_health(connection: AsyncConnection, endpoint_id: UUID) -> Health | None:
    """Return the health of an endpoint that nobody else changes; None when it is gone or disabled."""
    row = (await connection.execute(_HEALTH, {"endpoint_id": endpoint_id})).one_or_none()
    return None if row is None else Health(row.failure_count, row.first_failure_time, row.pause_time)


async def set_health(connection: AsyncConnection, endpoint_id: UUID, health: Health) -> None:
    await connection.execute(_SET_HEALTH, {"endpoint_id": endpoint_id, **asdict(health)})


async def enable(connection: AsyncConnection, endpoint_id: UUID) -> Endpoint | None:
    """Use an endpoint again, as if it had never failed; None when there is none."""
    row = (await connection.execute(_ENABLE, {"endpoint_id": endpoint_id})).one_or_none()
    return None if row is None else _endpoint(row)


async def rotate_secret(
    connection: AsyncConnection, vault: Vault, endpoint_id: UUID, secret: bytes, expire_time: datetime
) -> Endpoint | None:
    """Give an endpoint a new secret; until `expire_time` the one before signs too. None: there is none."""
    values = {"endpoint_id": endpoint_id, "sealed_secret": vault.seal(secret), "expire_time": expire_time}
    row = (await connection.execute(_ROTATE, values)).one_or_none()
    return None if row is None else _endpoint(row)


async def delete(connection: AsyncConnection, endpoint_id: UUID) -> None:
    """Remove an endpoint, if it is there."""
    await connection.execute(_DELETE, {"endpoint_id": endpoint_id})


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        endpoint_id=row.endpoint_id,
        uri=row.uri,
        purposes=tuple(map(Purpose, row.purposes)),
        title=row.title,
        create_time=row.create_time,
        disable_time=row.disable_time,
        pause_time=row.pause_time,
        old_secret_expire_time=row.old_secret_expire_time,
        availability=None if row.availability is None else read(row.availability),
    )
