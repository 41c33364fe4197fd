"""A kit server in this process, without database and broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from onhand.api.stock.v1 import reads_pb2
from onhand.cli import keys
from onhand.cli.ports import free_ports
from onhand.kit.config import ServiceSettings
from onhand.kit.errors import (
    DatabaseUnavailable,
    InvalidEpc,
    LimitReached,
    NotFound,
    UnknownItem,
)
from onhand.kit.server import Server

HEALTH = health_pb2.HealthCheckResponse


class Tags:
    """Does what the asked EPC says."""

    def __init__(self) -> None:
        self.calls = 0
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.failures = 0

    async def GetTag(self, request: reads_pb2.GetTagRequest, _: object) -> reads_pb2.GetTagResponse:
        self.calls += 1
        self.started.set()
        match request.epc:
            case "known":
                pass
            case "unknown":
                raise UnknownItem("Größe £")
            case "busy":
                raise LimitReached("2 holds of a customer")
            case "fault":
                raise RuntimeError("the password is hunter2")
            case epc if epc.startswith("€"):
                raise InvalidEpc(epc, "MALFORMED", f"{epc} is none")
            case "unwell" if self.calls <= self.failures:
                raise DatabaseUnavailable
            case "slow":
                try:
                    await self.go_on.wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
        return reads_pb2.GetTagResponse(tags=[reads_pb2.Tag(epc_hex=request.epc)])

    async def ListTags(self, request: reads_pb2.ListTagsRequest, _: object) -> reads_pb2.ListTagsResponse:
        raise NotFound("location", request.location_id)

    async def FollowTag(
        self, request: reads_pb2.FollowTagRequest, _: object
    ) -> AsyncIterator[reads_pb2.FollowTagResponse]:
        raise NotFound("tag", request.epc)
        yield reads_pb2.FollowTagResponse()

    async def GetTagHistory(
        self, request: reads_pb2.GetTagHistoryRequest, _: object
    ) -> reads_pb2.GetTagHistoryResponse:
        raise NotFound("tag", request.epc)


class Reads:
    async def RecordReads(
        self, request: reads_pb2.RecordReadsRequest, _: object
    ) -> reads_pb2.RecordReadsResponse:
        return reads_pb2.RecordReadsResponse(accepted_count=len(request.reads))

    async def StreamReads(
        self, requests: AsyncIterator[reads_pb2.StreamReadsRequest], _: object
    ) -> AsyncIterator[reads_pb2.StreamReadsResponse]:
        async for request in requests:
            if request.batch.reader_id == "fault":
                raise RuntimeError("the password is hunter2")
            yield reads_pb2.StreamReadsResponse(sequence=request.sequence)

    async def ListReaders(
        self, request: reads_pb2.ListReadersRequest, _: object
    ) -> reads_pb2.ListReadersResponse:
        raise NotFound("location", request.location_id)


class Running:
    """The server, its servicer, and how to stop it."""

    def __init__(self, server: Server, address: str, tags: Tags, *, secure: bool = False) -> None:
        self.secure = secure
        self.server = server
        self.address = address
        self.tags = tags
        self.ready = asyncio.Event()
        self.stop = server._stop.set

    async def health(self, service: str = "") -> int:
        if self.secure:  # asked of the server itself: a channel would need its authority
            return int(self.server._health._server_status.get(service, HEALTH.SERVICE_UNKNOWN))
        async with grpc.aio.insecure_channel(self.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=service)
            return int((await stub.Check(request, wait_for_ready=True, timeout=5)).status)

    async def healthy(self, service: str = "") -> None:
        await until(lambda: self.health(service), HEALTH.SERVING)


async def until(ask: Callable[[], Awaitable[int]], answer: int, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while await ask() != answer:
            await asyncio.sleep(0.01)


Start = Callable[..., Any]


@pytest.fixture
def start(keys_dir: Path) -> Start:
    """Make a context in which a server with `Tags` and `Reads` runs: `start(default_deadline_s=1)`."""

    @asynccontextmanager
    async def running(
        *, ready: bool = True, background: Any = None, **changed: Any
    ) -> AsyncIterator[Running]:
        address = f"127.0.0.1:{free_ports(1)[0]}"
        settings = ServiceSettings(
            **{
                "listen": address,
                "database_url": "postgresql://nobody@127.0.0.1:1/none",
                "nats_url": "nats://127.0.0.1:1",
                "auth_issuer": keys.ISSUER,
                "auth_jwks_file": keys.jwks_file(keys_dir),
                "drain_s": 5,
                **changed,
            }
        )
        server, tags = Server(settings), Tags()
        services = reads_pb2.DESCRIPTOR.services_by_name
        server.add(services["TagService"], tags)
        server.add(services["ReadService"], Reads())
        if background is not None:
            server.background("work", background)
        run = Running(server, address, tags, secure=settings.tls_certificate_file is not None)
        if ready:
            run.ready.set()
        loop = asyncio.get_running_loop()
        serving = asyncio.create_task(server.serve(lambda: _after(run.ready)))
        try:
            await until(run.health, HEALTH.SERVING if ready else HEALTH.NOT_SERVING)
            yield run
        finally:
            run.stop()
            async with asyncio.timeout(15):
                await serving
            for number in (2, 15):
                loop.remove_signal_handler(number)

    return running


async def _after(event: asyncio.Event) -> None:
    await event.wait()
