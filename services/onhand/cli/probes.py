"""Whether a service does its work: asked once, answered within about a second."""

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_S = 1.0


async def grpc_serves(target: str) -> bool:
    """Ask the standard health service for the server as a whole (service name "")."""
    async with grpc.aio.insecure_channel(target) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=""), timeout=TIMEOUT_S
            )
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def http_healthy(address: str) -> bool:
    try:
        answer = await get(address, "/healthz")
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK


async def get(address: str, path: str) -> httpx.Response:
    """Ask a process of this machine. Raises httpx.TransportError when it does not answer."""
    # The environment's proxies are for the world outside, not for loopback.
    # Without a context for TLS, which takes 30 ms to make, every second.
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=False) as client:  # noqa: S501
        return await client.get(f"http://{address}{path}")
