"""PostgreSQL: engine, transactions, and which of its failures mean what."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from onhand.kit import trail
from onhand.kit.config import ServiceSettings
from onhand.kit.errors import Contention, DatabaseUnavailable, FieldViolation, InvalidField
from onhand.kit.telemetry import log

T = TypeVar("T")

SERIALIZATION_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the transaction had no effect and may simply run again."""
MAX_ATTEMPTS = 5
"""Runs of one transaction before contention is reported; protects callers' deadlines."""
_UNAVAILABLE_CLASSES = ("08", "53", "57P", "58")
"""SQLSTATE classes: connection, out of resources, shut down or starting, system."""


def driver_url(url: str) -> str:
    """Turn `postgresql://…` into what SQLAlchemy calls the same database through asyncpg.

    Several hosts, as PostgreSQL's own clients take them (`postgresql://user:password@one:5432,two:5432/name`), are
    parameters in SQLAlchemy's.
    """
    parts = urlsplit(url, "postgresql")._replace(scheme="postgresql+asyncpg")
    user, _, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        several = [f"host={each}" for each in hosts.split(",")]
        parts = parts._replace(netloc=f"{user}@", query="&".join(filter(None, (*several, parts.query))))
    return parts.geturl()


class Database:
    """A pool of connections to one service's database."""

    def __init__(self, settings: ServiceSettings, name: str) -> None:
        milliseconds = str(int(settings.database_timeout_s * 1000))
        self.engine: AsyncEngine = create_async_engine(
            driver_url(str(settings.database_url)),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_timeout_s,
            # Logs and dead letters show errors; values may be codes, names and addresses.
            hide_parameters=True,
            connect_args={
                "timeout": settings.database_timeout_s,
                "server_settings": {
                    "application_name": f"onhand-{name}",
                    "statement_timeout": milliseconds,
                    "lock_timeout": milliseconds,
                    "idle_in_transaction_session_timeout": milliseconds,
                    "jit": "off",
                },
            },
        )
        self.committed = asyncio.Event()
        """Set after every commit of this process: the relay waits for it."""
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        await self.engine.dispose()

    async def transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one READ COMMITTED transaction, note in the trail whose write it is, and commit it.

        `work` runs again, from its start, after a serialization failure or deadlock, and once after a
        connection turned out dead before anything was committed; it must touch nothing but the database.

        Raises:
            DatabaseUnavailable: PostgreSQL does not answer. When the commit itself was cut off its outcome
                is unknown: the caller repeats with the same request_id.
            Contention: still failing after 5 runs.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            committing = False
            try:
                async with self.engine.connect() as connection:
                    result = await work(connection)
                    await trail.record(connection)
                    committing = True
                    await _commit(connection)
                    self.committed.set()
                    return result
            except (exc.DBAPIError, exc.TimeoutError, asyncpg.PostgresError, OSError) as error:
                if sqlstate(error) in SERIALIZATION_STATES:
                    log.debug("transaction runs again", attempt=attempt, sqlstate=sqlstate(error))
                    continue
                if not is_unavailable(error):
                    raise refused(error) or error from None
                if attempt == 1 and not committing and isinstance(error, exc.DBAPIError):
                    continue  # a pooled connection from before a restart of PostgreSQL
                raise DatabaseUnavailable from error
        raise Contention

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work`, which only reads, each statement on its own. Raises DatabaseUnavailable."""
        for attempt in (1, 2):
            try:
                async with self._autocommit.connect() as connection:
                    return await work(connection)
            except (exc.DBAPIError, exc.TimeoutError, asyncpg.PostgresError, OSError) as error:
                if not is_unavailable(error):
                    raise refused(error) or error from None
                if attempt == 1 and isinstance(error, exc.DBAPIError):
                    continue
                raise DatabaseUnavailable from error
        raise DatabaseUnavailable


async def _commit(connection: AsyncConnection) -> None:
    """Commit, and see that through also when the caller has gone meanwhile.

    A commit that waits for a synchronous standby counts once it is cancelled: PostgreSQL shows it to everybody, whoever
    asks again is told that it is done, and the standby does not have it.
    """
    commit = asyncio.ensure_future(connection.commit())
    try:
        await asyncio.shield(commit)
    except asyncio.CancelledError:
        await asyncio.wait([commit])
        if not commit.cancelled():
            commit.exception()  # nobody is left to be told
        raise


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Add rows by COPY, at half the cost of an INSERT to both sides; in the transaction under way.

    Raises DatabaseUnavailable when the connection is dead already.
    """
    raw: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await raw.copy_records_to_table(table, records=rows, columns=columns)
    except asyncpg.InterfaceError as error:
        raise DatabaseUnavailable from error


def sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's five-character code, or an empty text when it said none."""
    origin: Any = error.orig if isinstance(error, exc.DBAPIError) else error
    return getattr(origin, "sqlstate", None) or ""


def refused(error: BaseException) -> InvalidField | None:
    """Return what to tell a caller whose value PostgreSQL cannot hold: protobuf allows NUL, and sums without end."""
    match sqlstate(error):
        case "22021":
            return InvalidField([FieldViolation("", "text may not contain the character NUL")])
        case "22003" | "22008":
            return InvalidField([FieldViolation("", "a number or a time is out of range")])
    return None


def is_unavailable(error: BaseException) -> bool:
    """Tell whether PostgreSQL could not be reached, as against having refused."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or sqlstate(error).startswith(_UNAVAILABLE_CLASSES)
    if isinstance(error, asyncpg.PostgresError):
        return sqlstate(error).startswith(_UNAVAILABLE_CLASSES)
    return isinstance(error, exc.TimeoutError | OSError)
