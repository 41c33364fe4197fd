"""What waits, and for how long: the outbox, each consumer's events, dead letters, and a service's own due work.

Every replica measures the same, so that dashboards take the largest.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox, telemetry
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.events import DEAD, STREAMS, Broker

INTERVAL_S = 15
"""How often queues are measured: as often as they are usually scraped."""

Queue = Callable[[AsyncConnection], Awaitable[tuple[int, datetime | None]]]
"""Counts what is due, and tells since when the first of it is."""

_waiting = telemetry.meter.create_gauge(
    "onhand.queue.waiting", description="What is due and not done, by queue"
)
_age = telemetry.meter.create_gauge(
    "onhand.queue.age", unit="s", description="How long the oldest that is due has waited, by queue"
)


async def measure(
    database: Database, broker: Broker, clock: Clock, service: str, queues: Mapping[str, Queue] | None = None
) -> None:
    """Measure the queues of a service. Raises DatabaseUnavailable."""
    for name, queue in {"outbox": outbox.waiting, **(queues or {})}.items():
        count, since = await database.read(queue)
        waited = 0.0 if since is None else (clock.now() - since.astimezone(UTC)).total_seconds()
        _waiting.set(count, {"queue": name})
        _age.set(max(waited, 0.0), {"queue": name})
    try:
        jetstream = await broker.jetstream()
        for stream in STREAMS:
            for consumer in await jetstream.consumers_info(stream.upper()):
                if consumer.name.startswith(f"{service}-"):
                    pending = (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
                    _waiting.set(pending, {"queue": f"events {consumer.name}"})
        _waiting.set((await jetstream.stream_info(DEAD)).state.messages, {"queue": "dead letters"})
    except (NatsError, TimeoutError) as error:
        telemetry.log.info("nats not measured", error=repr(error))
