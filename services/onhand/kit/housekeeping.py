"""What every service with a database does beside its own work."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import chain, events, idempotency, outbox, queues
from onhand.kit.clock import Clock
from onhand.kit.config import ServiceSettings
from onhand.kit.db import Database
from onhand.kit.events import Broker
from onhand.kit.outbox import Relay
from onhand.kit.server import Server
from onhand.kit.telemetry import log

HOUSEKEEPING_S = 3600


def tend(
    server: Server, service: str, database: Database, broker: Broker, clock: Clock, settings: ServiceSettings, *,
    fed: Collection[str] = (), waiting: Mapping[str, queues.Queue] | None = None,
) -> None:  # fmt: skip
    """Let events go out, measure what waits, chain the trail of writes, and drop what is old, beside the server.

    `fed` names the payloads that views of the service keep in memory, `waiting` the service's own queues.
    """
    server.background("relay", Relay(database, broker, service, fed).run)
    server.every(
        "measure queues", queues.INTERVAL_S, lambda: queues.measure(database, broker, clock, service, waiting)
    )
    server.every("chain the trail", chain.INTERVAL_S, lambda: chain.extend(database))
    server.every("housekeeping", HOUSEKEEPING_S, lambda: run(database, settings))


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
