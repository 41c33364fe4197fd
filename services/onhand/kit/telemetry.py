"""Logs, traces and metrics of a process.

Logs are JSON lines that carry the trace id. Traces and metrics are OpenTelemetry's; without an OTLP
endpoint no span is recorded, but trace ids still pass through calls and events.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased
from prometheus_client import start_http_server

from onhand.kit.config import Telemetry

log: structlog.stdlib.BoundLogger = structlog.get_logger()
tracer = trace.get_tracer("onhand")
meter = metrics.get_meter("onhand")


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
    sampler: Sampler = (
        ParentBased(TraceIdRatioBased(settings.trace_ratio)) if settings.otlp_endpoint else ALWAYS_OFF
    )
    provider = TracerProvider(resource=resource, sampler=sampler)
    if settings.otlp_endpoint:
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


@contextmanager
def span(name: str, headers: Mapping[str, str], kind: trace.SpanKind) -> Iterator[trace.Span]:
    """Work under a span whose parent, if any, came in `headers`."""
    parent = propagate.extract(headers)
    with tracer.start_as_current_span(
        name, context=parent, kind=kind, record_exception=False, set_status_on_exception=False
    ) as current:
        yield current
