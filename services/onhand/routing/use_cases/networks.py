"""The tables from which dates are worked out, and the quotes that are made of them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1 import network_pb2
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import NotFound
from onhand.routing.domain.network import Network
from onhand.routing.domain.quote import Quote
from onhand.routing.messages.network import network_from
from onhand.routing.storage import configurations, quotes
from onhand.routing.storage.configurations import Configuration
from onhand.routing.use_cases import configuring

NAME = "network"


class Networks:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last = Network()

    async def current(self) -> Network:
        """Return the tables in force."""

        async def work(connection: AsyncConnection) -> Network:
            version = await configurations.newest_version(connection, NAME)
            # Large tables take long to read: only those of a new version are.
            if version != self._last.version:
                found = await configurations.version(connection, NAME, version)
                return Network() if found is None else network_from(_message(found))
            return self._last

        self._last = await self._database.read(work)
        return self._last

    async def apply(
        self, actor: str, request: network_pb2.ApplyNetworkRequest
    ) -> network_pb2.ApplyNetworkResponse:
        """Raises InvalidField for a date that is none."""
        network_from(request.network)

        async def effect(connection: AsyncConnection) -> network_pb2.ApplyNetworkResponse:
            stored = await configuring.apply(
                connection,
                self._clock,
                NAME,
                request.network,
                actor=actor,
                detail=request.detail,
                validate_only=request.validate_only,
            )
            return network_pb2.ApplyNetworkResponse(network=stored)

        async def work(connection: AsyncConnection) -> network_pb2.ApplyNetworkResponse:
            answer_type = network_pb2.ApplyNetworkResponse
            return await idempotency.once(connection, actor, request, answer_type, lambda: effect(connection))

        return await self._database.transaction(work)

    async def get(self, version: int) -> tuple[network_pb2.Network, Configuration]:
        """Return the tables, the newest for version 0. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Configuration:
            number = version or await configurations.newest_version(connection, NAME)
            found = await configurations.version(connection, NAME, number)
            if found is None:
                raise NotFound("network", str(version))
            return found

        found = await self._database.read(work)
        return _message(found), found

    async def queues(self, location_ids: Sequence[str]) -> dict[str, int]:
        """Return how many lines each location has to pick still."""
        return await self._database.read(lambda connection: quotes.queues(connection, location_ids))

    async def keep(self, offered: Sequence[Quote]) -> None:
        """Keep quotes until an order takes them."""
        await self._database.transaction(lambda connection: quotes.add(connection, offered))

    async def forget(self, after: timedelta) -> None:
        """Drop quotes that expired so long ago."""
        before = self._clock.now() - after
        await self._database.transaction(lambda connection: quotes.forget(connection, before))


def _message(found: Configuration) -> network_pb2.Network:
    return configuring.message_of(found, network_pb2.Network)
