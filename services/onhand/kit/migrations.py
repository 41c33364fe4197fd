"""Alembic, run by one process at a time, and the tables that every service has."""

import asyncio

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from onhand.kit.db import driver_url
from onhand.kit.schema import Phase, Revision, current, folder, plan

MIGRATION_LOCK = 0x6D69677261
"""Key of the advisory lock held while migrating."""

KIT_TABLES = """
CREATE TABLE outbox (
    xact_id     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    outbox_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_id    uuid        NOT NULL,
    subject     text        NOT NULL,
    payload     bytea       NOT NULL,
    trace       text        NOT NULL,
    record_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xact_id, outbox_id)
);
CREATE INDEX outbox_record_time ON outbox USING brin (record_time);
CREATE TABLE outbox_cursor (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xact_id   xid8    NOT NULL DEFAULT '0',
    outbox_id bigint  NOT NULL DEFAULT 0
);
INSERT INTO outbox_cursor DEFAULT VALUES;
CREATE TABLE inbox (
    consumer     text        NOT NULL,
    event_id     uuid        NOT NULL,
    receive_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_receive_time ON inbox USING brin (receive_time);
CREATE TABLE idempotency (
    actor       text        NOT NULL,
    request_id  uuid        NOT NULL,
    method      text        NOT NULL,
    request     bytea       NOT NULL,
    response    bytea,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, request_id)
);
CREATE INDEX idempotency_create_time ON idempotency USING brin (create_time);
"""
"""Part of each service's first revision. Never edited: a change is a revision of its own."""


def migrate(service: str, database_url: str, phase: Phase = Phase.ALL) -> list[Revision]:
    """Run what is pending of `phase`, and return it. Safe to run from several places at once.

    A database that is ahead of this code, after a step back to an older release, is left as it is.
    """
    pending = plan(service, asyncio.run(current(database_url)), phase)
    if pending:
        config = Config()
        config.set_main_option("script_location", str(folder(service)))
        config.attributes["database_url"] = database_url
        command.upgrade(config, pending[-1].number)
    return pending


def run() -> None:
    """Body of each service's `migrations/env.py`."""
    asyncio.run(_run(context.config.attributes["database_url"]))


async def _run(database_url: str) -> None:
    engine = create_async_engine(driver_url(database_url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()
    await engine.dispose()


def _upgrade(connection: Connection) -> None:
    # Held to the end of this transaction, in which all revisions run: whoever comes second finds nothing to do.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, transactional_ddl=True)
    context.run_migrations()


def execute(sql: str) -> None:
    """Run several statements of a revision, which asyncpg takes together only outside of prepare."""
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(sql))  # type: ignore[union-attr]
