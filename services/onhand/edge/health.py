"""Whether the services behind the edge do their work, by the standard gRPC health check."""

import asyncio
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from onhand.client.channel import Settings, async_channel
from onhand.edge.config import EdgeSettings


@dataclass(frozen=True, slots=True)
class Health:
    service: str
    serving: bool
    said: str
    """What the service, or the connection to it, answered."""


class Services:
    """Channels for health checks, one a service."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._timeout_s = settings.health_timeout_s
        self._channels = {
            name: async_channel(target, Settings(root_certificates=settings.services_ca()))
            for name, target in (
                ("stock", settings.stock_target),
                ("routing", settings.routing_target),
                ("pickup", settings.pickup_target),
                ("notifications", settings.notifications_target),
            )
        }

    async def check(self, service: str) -> Health:
        stub = health_pb2_grpc.HealthStub(self._channels[service])
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=""), timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            return Health(service, serving=False, said=error.code().name.lower().replace("_", " "))
        name = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        return Health(
            service,
            serving=answer.status == health_pb2.HealthCheckResponse.SERVING,
            said=name.lower().replace("_", " "),
        )

    async def check_all(self) -> list[Health]:
        return await asyncio.gather(*(self.check(service) for service in self._channels))

    async def close(self) -> None:
        await asyncio.gather(*(channel.close(None) for channel in self._channels.values()))
