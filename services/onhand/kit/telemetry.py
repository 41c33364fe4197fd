"""Logs, traces and metrics of a process.

Logs are JSON lines that carry the trace id. Traces and metrics are OpenTelemetry's; without an OTLP
endpoint no span is recorded, but trace ids still pass through calls and events.
"""

import logging
import sys
from collections.abc import Mapping
from random import getrandbits
from typing import Any

import structlog
from opentelemetry import context, metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from prometheus_client import start_http_server

from onhand.kit.config import Telemetry

log: structlog.stdlib.BoundLogger = structlog.get_logger()
tracer = trace.get_tracer("onhand")
meter = metrics.get_meter("onhand")
_recording = False
"""Whether spans go anywhere."""


def configure(service: str, settings: Telemetry) -> None:
    """Set up logs, traces and metrics of this process; called once, before anything is served."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level.upper()),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING,
        format='{"level": "%(levelname)s", "logger": "%(name)s", "event": "%(message)s"}',
    )
    resource = Resource.create({"service.name": f"onhand-{service}", "service.namespace": "onhand"})
    if settings.otlp_endpoint:
        global _recording  # noqa: PLW0603  a fact of the process, set once before anything runs
        _recording = True
        provider = TracerProvider(
            resource=resource, sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio))
        )
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
        trace.set_tracer_provider(provider)
    if settings.metrics_listen:
        host, _, port = settings.metrics_listen.rpartition(":")
        start_http_server(int(port), host or "127.0.0.1")
        provider_of_metrics = MeterProvider(
            resource=resource,
            metric_readers=[PrometheusMetricReader()],
            # Exemplars cost a third of a measurement, and Prometheus' text format has no place for them.
            exemplar_filter=AlwaysOffExemplarFilter(),
        )
        metrics.set_meter_provider(provider_of_metrics)


def _add_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if identity := trace_id():
        event["trace_id"] = identity
    return event


def trace_id() -> str:
    """Return the present trace's id, 32 hexadecimal digits; empty outside of any."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def carrier() -> dict[str, str]:
    """Return the headers that hand the present trace on (W3C Trace Context)."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


class _Span:
    """A span that is recorded, or in its place the identity of the caller's trace, or of a new one.

    Where nothing is recorded an SDK span would cost ten times as much as passing the identity on.
    """

    def __init__(self, name: str, headers: Mapping[str, str], kind: trace.SpanKind) -> None:
        self._name = name
        self._headers = headers
        self._kind = kind
        self._span: trace.Span | None = None

    def __enter__(self) -> trace.Span:
        parent = propagate.extract(self._headers) if "traceparent" in self._headers else Context()
        if _recording:
            self._span = tracer.start_span(self._name, context=parent, kind=self._kind)
            parent = trace.set_span_in_context(self._span, parent)
        elif not parent:
            identity = trace.SpanContext(getrandbits(128) or 1, getrandbits(64) or 1, is_remote=False)
            parent = trace.set_span_in_context(trace.NonRecordingSpan(identity))
        self._token = context.attach(parent)
        return trace.get_current_span()

    def __exit__(self, *_: object) -> None:
        context.detach(self._token)
        if self._span is not None:
            self._span.end()


def span(name: str, headers: Mapping[str, str], kind: trace.SpanKind) -> _Span:
    """Work under a span whose parent, if any, came in `headers`."""
    return _Span(name, headers, kind)
