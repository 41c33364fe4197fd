"""The kit on a real database and a real broker, under a stream that no service consumes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import events_pb2
from onhand.kit import outbox
from onhand.kit.clock import SystemClock
from onhand.kit.config import ServiceSettings
from onhand.kit.db import Database
from onhand.kit.errors import DatabaseUnavailable
from onhand.kit.events import Broker, Consumer, Subscription
from onhand.kit.outbox import Event, Relay
from onhand.stock.config import StockSettings

STREAM = "notifications"
PATIENCE_S = 30.0


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Return what `condition` answers once that is true; fails when it does not become so."""
    async with asyncio.timeout(PATIENCE_S):
        while not (answer := await condition()):
            await asyncio.sleep(0.02)
    return answer


class World:
    """One service's database, broker and events of its own."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.database = Database(settings, "kit-tests")
        self.broker = Broker(settings.nats_url, "kit-tests")
        self.service = f"kit{uuid4().hex[:8]}"
        self.payload = f"told_{self.service}"
        self.subject = f"onhand.{STREAM}.{self.payload}"

    async def execute(self, statement: str, **values: Any) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(text(statement), values)

        await self.database.transaction(work)

    async def value(self, statement: str, **values: Any) -> Any:
        return await self.database.read(lambda c: c.scalar(text(statement), values))

    def event(self) -> Event:
        message = events_pb2.NotificationsEvent(event_id=str(SystemClock().uuid()))
        message.record_time.FromDatetime(datetime.now(UTC))
        return Event(self.subject, message)

    async def tell(self, *events: Event) -> int:
        return await self.database.transaction(lambda c: outbox.add(c, events))

    def relay(self) -> Relay:
        return Relay(self.database, self.broker, STREAM)

    def consumer(self, handler: Any, *, from_now: bool = False) -> Consumer:
        subscription = Subscription(STREAM, [self.payload], handler, from_now=from_now)
        return Consumer(self.broker, self.database, self.service, subscription)

    async def note(self, connection: AsyncConnection, data: bytes) -> None:
        """Handle an event: one row each time it has an effect."""
        event = events_pb2.NotificationsEvent.FromString(data)
        await connection.execute(
            text("INSERT INTO effects (event_id, revision) VALUES (:event_id, :revision)"),
            {"event_id": event.event_id, "revision": event.revision},
        )

    async def effects(self) -> list[str]:
        """Return the ids of the events that had an effect, once each time, in order."""

        async def work(connection: AsyncConnection) -> list[str]:
            rows = await connection.execute(text("SELECT event_id FROM effects ORDER BY effect_id"))
            return list(rows.scalars())

        return await self.database.read(work)

    async def until_effects(self, events: list[Event]) -> None:
        """Return once as many effects are there as events, and fail unless they are theirs, in order."""
        try:
            await until(lambda: self._has(len(events)))
        finally:
            assert await self.effects() == [each.message.event_id for each in events]  # type: ignore[attr-defined]

    async def _has(self, count: int) -> bool:
        try:
            return len(await self.effects()) >= count
        except DatabaseUnavailable:
            return False

    @asynccontextmanager
    async def running(self, *works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Run background work as a kit server does: again when it ends or fails."""

        async def keep(work: Callable[[], Awaitable[None]]) -> None:
            while True:
                with suppress(Exception):
                    await work()
                await asyncio.sleep(0.1)

        tasks = [asyncio.create_task(keep(each)) for each in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def settings(fresh_settings: Callable[..., ServiceSettings]) -> ServiceSettings:
    return fresh_settings("stock", StockSettings, database_timeout_s=5)


@pytest.fixture
async def world(settings: ServiceSettings) -> AsyncIterator[World]:
    world = World(settings)
    await world.execute("CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL)")
    await world.execute("INSERT INTO counters VALUES ('a', 0), ('b', 0)")
    await world.execute("""
        CREATE TABLE effects (
            effect_id bigint GENERATED ALWAYS AS IDENTITY, event_id text NOT NULL, revision bigint NOT NULL)
    """)
    yield world
    await world.broker.close()
    await world.database.close()
