"""SQL of the keys that passes are signed with."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("""
    INSERT INTO collection_keys (epoch, private_key) VALUES (:epoch, :private_key) ON CONFLICT DO NOTHING
""")
_SINCE = text("SELECT epoch, private_key FROM collection_keys WHERE epoch >= :first")
_FORGET = text("DELETE FROM collection_keys WHERE epoch < :first")


async def since(connection: AsyncConnection, first: int) -> dict[int, str]:
    """Return the private keys of an epoch and those after it."""
    rows = await connection.execute(_SINCE, {"first": first})
    return {row.epoch: row.private_key for row in rows}


async def ensure(connection: AsyncConnection, epoch: int, make: Callable[[], str]) -> None:
    """Have a key for an epoch; of two processes that make one the first wins."""
    await connection.execute(_ADD, {"epoch": epoch, "private_key": make()})


async def forget(connection: AsyncConnection, first: int) -> int:
    """Drop the keys of epochs before one; returns how many."""
    return (await connection.execute(_FORGET, {"first": first})).rowcount
