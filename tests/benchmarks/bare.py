"""The limit of gRPC in Python: a server with the settings of ours, whose methods do nothing.

It is the kit's own server, so that options and event loop are the same; only its methods are registered
without what the kit wraps around each. Messages pass as bytes, nothing is parsed or serialized.
"""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop

from onhand.kit import config
from onhand.kit.config import ServiceSettings
from onhand.kit.server import Server

SERVICE = "bench.Bare"


class Bare:
    """Answers what it was told to keep."""

    def __init__(self) -> None:
        self._response = b""

    async def keep(self, request: bytes, _: Any) -> bytes:
        """Remember the request as what `constant` answers."""
        self._response = request
        return b""

    async def constant(self, _request: bytes, _: Any) -> bytes:
        return self._response

    async def count(self, requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
        """Acknowledge each message of a stream with the number of bytes so far."""
        total = 0
        async for request in requests:
            total += len(request)
            yield total.to_bytes(8, "big")


async def _ready() -> None:
    """There is nothing to wait for."""


async def serve(settings: ServiceSettings) -> None:
    bare = Bare()
    server = Server(settings)
    server._server.add_registered_method_handlers(  # type: ignore[attr-defined]
        SERVICE,
        {
            "Keep": grpc.unary_unary_rpc_method_handler(bare.keep),
            "Constant": grpc.unary_unary_rpc_method_handler(bare.constant),
            "Count": grpc.stream_stream_rpc_method_handler(bare.count),
        },
    )
    await server.serve(_ready)


if __name__ == "__main__":
    uvloop.run(serve(config.load(ServiceSettings)))
