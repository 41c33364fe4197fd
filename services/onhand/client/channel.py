"""What is around every call of a client: deadline, token, safe retries, typed errors.

A call is repeated on UNAVAILABLE only when repeating is safe by contract: the request carries a
`request_id`, or the method only reads, or it upserts. One that was refused for coming too fast, before anything was
done, is repeated when the server said.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from onhand.kit.errors import RateLimited
from onhand.kit.status import from_rpc_error

TokenSource = Callable[[], str]

_inject_trace: Callable[[dict[str, str]], None] | None = None
with suppress(ImportError):  # a channel without OpenTelemetry has no trace to hand on
    from opentelemetry import propagate

    _inject_trace = propagate.inject

OPTIONS = [
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # By default 30 s: replicas that are replaced quickly one after another would all be gone before the next look.
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
]
_SAFE_PREFIXES = (
    "Set",
    "Get",
    "List",
    "Find",
    "Explain",
    "Export",
    "Preview",
    "Review",
    "BatchUpsert",
    "Delete",
    "Cancel",
    "Claim",
    "Enable",
    "End",
    "Lift",
    "Report",
    "Render",
    "RecordLookUp",
    "RecordReads",
    "RecordCountReads",
)


@dataclass(frozen=True)
class Settings:
    """How a client calls."""

    timeout_s: float = 10.0
    """Deadline of a unary call, all its attempts together."""
    max_attempts: int = 4
    """Attempts at a call that is safe to repeat."""
    first_backoff_s: float = 0.1
    """Pause before the second attempt; doubles, with jitter, up to 2 s."""
    root_certificates: bytes | None = None
    """PEM; set: TLS."""
    certificate_chain: bytes | None = None
    """PEM of the certificate that a device shows in place of a token (mutual TLS); with `private_key`."""
    private_key: bytes | None = None
    origin: Callable[[], str] | None = None
    """Says for whom the call is made, where that is somebody else: goes into the trail of writes."""


def token_source(token: str | TokenSource | None) -> TokenSource:
    """Make a source of tokens: a text, a function, or by default the environment's ONHAND_TOKEN."""
    if callable(token):
        return token
    value = token if token is not None else os.environ.get("ONHAND_TOKEN", "")
    return lambda: value


def is_safe(method: MethodDescriptor) -> bool:
    """Tell whether the contract lets a call of `method` be repeated."""
    return "request_id" in method.input_type.fields_by_name or method.name.startswith(_SAFE_PREFIXES)


class _Method:
    def __init__(
        self, channel: Any, method: MethodDescriptor, settings: Settings, token: TokenSource
    ) -> None:
        kind = (
            ("stream" if method.client_streaming else "unary")
            + "_"
            + ("stream" if method.server_streaming else "unary")
        )
        self._call = getattr(channel, kind)(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        self._settings = settings
        self._token = token
        self._attempts = settings.max_attempts if is_safe(method) else 1

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        """Return what goes with each attempt: the token, and the headers of the present trace."""
        headers: dict[str, str] = {}
        if token := self._token():
            headers["authorization"] = f"Bearer {token}"
        if self._settings.origin is not None and (origin := self._settings.origin()):
            headers["x-forwarded-for"] = origin
        if _inject_trace is not None:
            _inject_trace(headers)
        return tuple(headers.items())

    def _pause(self, error: grpc.RpcError, attempt: int, deadline: float) -> float | None:
        """Return seconds to wait before the next attempt; None to give up."""
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and attempt < self._settings.max_attempts:
            limited = from_rpc_error(error)
            if not isinstance(limited, RateLimited):
                return None
            pause = limited.retry_after_ms / 1000 * random.uniform(1, 1.5)  # nothing was done: safe for any
        elif error.code() is grpc.StatusCode.UNAVAILABLE and attempt < self._attempts:
            pause = min(self._settings.first_backoff_s * 2 ** (attempt - 1), 2.0) * random.uniform(0.5, 1)
        else:
            return None
        return pause if time.monotonic() + pause < deadline else None


class _AsyncUnary(_Method):
    async def __call__(self, request: Message, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        deadline = time.monotonic() + (timeout or self._settings.timeout_s)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._call(
                    request, timeout=deadline - time.monotonic(), metadata=self._metadata()
                )
            except grpc.aio.AioRpcError as error:
                pause = self._pause(error, attempt, deadline)
                if pause is None:
                    _raise(error)
            await asyncio.sleep(pause)


class _AsyncStream(_Method):
    async def __call__(self, request: Any, timeout: float | None = None) -> AsyncIterator[Any]:  # noqa: ASYNC109
        call = self._call(request, timeout=timeout, metadata=self._metadata())
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            _raise(error)
        finally:
            call.cancel()  # the reader went before the end: the server must not go on


class _SyncUnary(_Method):
    def __call__(self, request: Message, timeout: float | None = None) -> Any:
        deadline = time.monotonic() + (timeout or self._settings.timeout_s)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._call(request, timeout=deadline - time.monotonic(), metadata=self._metadata())
            except grpc.RpcError as error:
                pause = self._pause(error, attempt, deadline)
                if pause is None:
                    _raise(error)
            time.sleep(pause)


class _SyncStream(_Method):
    def __call__(self, request: Any, timeout: float | None = None) -> Iterator[Any]:
        try:
            yield from self._call(request, timeout=timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            _raise(error)


def _raise(error: grpc.RpcError) -> NoReturn:
    """Raise the typed error that the server meant, or gRPC's own when it was not the server's."""
    typed = from_rpc_error(error)
    if typed is None:
        raise error
    raise typed from error


class Service:
    """The methods of one service of the contract, by their names."""

    def __init__(
        self, channel: Any, service: ServiceDescriptor, settings: Settings, token: TokenSource
    ) -> None:
        is_async = isinstance(channel, grpc.aio.Channel)
        for method in service.methods:
            if method.server_streaming:
                kind: type[_Method] = _AsyncStream if is_async else _SyncStream
            else:
                kind = _AsyncUnary if is_async else _SyncUnary
            setattr(self, method.name, kind(channel, method, settings, token))


def async_channel(target: str, settings: Settings) -> grpc.aio.Channel:
    credentials = _credentials(settings)
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=OPTIONS)
    return grpc.aio.secure_channel(target, credentials, options=OPTIONS)


def sync_channel(target: str, settings: Settings) -> grpc.Channel:
    credentials = _credentials(settings)
    if credentials is None:
        return grpc.insecure_channel(target, options=OPTIONS)
    return grpc.secure_channel(target, credentials, options=OPTIONS)


def _credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    if settings.root_certificates is None:
        return None
    return grpc.ssl_channel_credentials(
        settings.root_certificates, settings.private_key, settings.certificate_chain
    )
