"""What every service's database needs once an hour: old events, receipts and answers are dropped."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import chain, events, idempotency, outbox
from onhand.kit.config import ServiceSettings
from onhand.kit.db import Database
from onhand.kit.telemetry import log


async def run(database: Database, settings: ServiceSettings) -> None:
    """Drop what is older than `outbox_retention_days`, and of the trail than `trail_retention_days`."""
    seconds = settings.outbox_retention_days * 86_400

    async def work(connection: AsyncConnection) -> None:
        log.info(
            "housekeeping",
            events=await outbox.forget(connection, seconds),
            # Kept longer than any event can come again.
            receipts=await events.forget(connection, seconds * 2),
            answers=await idempotency.forget(connection, seconds),
            trail=await chain.forget(connection, settings.trail_retention_days * 86_400),
        )

    await database.transaction(work)
