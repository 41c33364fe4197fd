"""Logs, traces and metrics of a process.

Logs are JSON lines that carry the trace id. Traces and metrics are OpenTelemetry's; without an OTLP
endpoint no span is recorded, but trace ids still pass through calls and events.
"""

import logging
import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from itertools import accumulate
from random import getrandbits
from typing import Any

import structlog
from opentelemetry import context, metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.propagators.textmap import Setter, default_setter
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from onhand.kit.config import Telemetry

log: structlog.stdlib.BoundLogger = structlog.get_logger()
tracer = trace.get_tracer("onhand")
meter = metrics.get_meter("onhand")
_recording = False
"""Whether spans go anywhere."""


class _Lines(structlog.WriteLogger):
    """Writes lines to standard output, if that can be done.

    A full disk may cost lines; it must not end the work that they tell of, which begins again after it has logged why
    it failed.
    """

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def _lines(*_: object) -> _Lines:
    return _Lines(sys.stdout)


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
        logger_factory=_lines,
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
        # A process that records nothing need not have it in memory.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
            OTLPSpanExporter,
        )

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
    found = trace.get_current_span(_context()).get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else ""


def carrier() -> dict[str, str]:
    """Return the headers that hand the present trace on (W3C Trace Context)."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


class _Caller:
    """What a call or event said of its trace, looked into when somebody asks: few calls are asked about."""

    __slots__ = ("_context", "_headers")

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._context: Context | None = None

    def context(self) -> Context:
        """Return a context with the caller's trace, or with a new one."""
        if self._context is None:
            self._context = propagate.extract(self._headers) if "traceparent" in self._headers else Context()
            if not self._context:
                identity = trace.SpanContext(getrandbits(128) or 1, getrandbits(64) or 1, is_remote=False)
                self._context = trace.set_span_in_context(trace.NonRecordingSpan(identity), Context())
        return self._context


_caller: ContextVar[_Caller | None] = ContextVar("caller", default=None)


def _context() -> Context | None:
    """Return the present context; None: OpenTelemetry's own."""
    caller = None if _recording else _caller.get()
    return None if caller is None else caller.context()


class _CallersTrace(TraceContextTextMapPropagator):
    """Hands on the caller's trace also to what only knows OpenTelemetry's own context: our clients."""

    def inject(
        self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter
    ) -> None:
        super().inject(carrier, context or _context(), setter)


propagate.set_global_textmap(_CallersTrace())


class Durations(Collector):
    """A histogram of seconds, labelled by method and code.

    OpenTelemetry's costs as much for one measurement as parsing and checking a request do. Prometheus reads
    this one where it reads those.
    """

    BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
    """Upper bounds in seconds; one more bucket has no bound."""

    def __init__(self, name: str, description: str) -> None:
        self._name = name
        self._description = description
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._sums: dict[tuple[str, str], float] = {}
        REGISTRY.register(self)

    def record(self, seconds: float, labels: tuple[str, str]) -> None:
        counts = self._counts.get(labels)
        if counts is None:
            self._sums[labels] = 0.0
            counts = self._counts[labels] = [0] * (len(self.BOUNDS) + 1)
        counts[bisect_left(self.BOUNDS, seconds)] += 1
        self._sums[labels] += seconds

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(
            self._name, self._description, labels=("method", "code"), unit="seconds"
        )
        bounds = [*map(str, self.BOUNDS), "+Inf"]
        for labels, counts in list(self._counts.items()):
            family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), self._sums[labels])
        return [family]


class _Span:
    """A span that is recorded, or in its place what the caller said of its trace."""

    def __init__(self, name: str, headers: Mapping[str, str], kind: trace.SpanKind) -> None:
        self._name = name
        self._headers = headers
        self._kind = kind
        self._span: trace.Span | None = None

    def __enter__(self) -> trace.Span:
        if not _recording:
            self._caller = _caller.set(_Caller(self._headers))
            return trace.INVALID_SPAN
        parent = propagate.extract(self._headers) if "traceparent" in self._headers else Context()
        self._span = tracer.start_span(self._name, context=parent, kind=self._kind)
        self._token = context.attach(trace.set_span_in_context(self._span, parent))
        return self._span

    def __exit__(self, *_: object) -> None:
        if self._span is None:
            _caller.reset(self._caller)
            return
        context.detach(self._token)
        self._span.end()


def span(name: str, headers: Mapping[str, str], kind: trace.SpanKind) -> _Span:
    """Work under a span whose parent, if any, came in `headers`."""
    return _Span(name, headers, kind)
