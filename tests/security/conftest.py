"""A whole system of its own, for traffic that means harm; what it tells a collector of traces is kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from tests.stack import Mailbox, Stack, up

SMTP_PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - to be searched for


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """What an OTLP collector is sent."""

    exports: list[bytes] = field(default_factory=list)

    def Export(self, request: Any, _: Any) -> Any:
        self.exports.append(request.SerializeToString())
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[Collector, str]]:
    collecting = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collecting, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collecting, f"http://127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture(scope="module")
def fort(
    tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox, collector: tuple[Collector, str]
) -> Iterator[Stack]:
    """All services for one module's tests: hostile traffic changes policies, templates and stores."""
    folder = tmp_path_factory.mktemp("fort")
    password = folder / "smtp-password"
    password.write_text(SMTP_PASSWORD)
    with up(
        folder / "data",
        mailbox,
        ONHAND_OTLP_ENDPOINT=collector[1],
        ONHAND_SMTP_PASSWORD_FILE=str(password),
        ONHAND_CALLS_PER_S="0",
        ONHAND_HEADER_TIMEOUT_S="2",
    ) as running:
        yield running
