"""What happens around every method, in a fixed order.

1. telemetry: a span under the caller's trace, duration and code as metrics;
2. errors: whatever is raised becomes a status, and what is not ours becomes INTERNAL without detail;
3. authentication: token, then the scope that the contract names for the method; a write is noted in the trail;
4. deadline: a unary call ends at the service's limit even if its caller set none;
5. validation: the rules in the contract.

A method is wrapped once, when it is registered, instead of passing through gRPC's interceptor chain on
each call, which costs about as much as all five steps together.

Channels ask the same over and over. A read method may be `remembering`: what a request of the very same bytes
came to, parsed, validated and prepared, is kept, and the method is given that. Who may ask is still checked
for each call.
"""

import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol, TypeVar

import grpc
import protovalidate
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.internal import well_known_types
from google.protobuf.message import DecodeError, Message
from opentelemetry import trace

from onhand.api.auth.v1 import scopes_pb2
from onhand.kit import auth, telemetry, trail
from onhand.kit.deadlines import Deadlines
from onhand.kit.errors import (
    DeadlineExceeded,
    FieldViolation,
    Internal,
    InvalidField,
    InvalidToken,
    OnhandError,
)
from onhand.kit.status import to_trailers

_durations = telemetry.Durations("onhand_rpc_duration", "Time to answer a call, by method and code")

M = TypeVar("M", bound=Message)
F = TypeVar("F", bound=Callable[..., Any])


class Guard:
    """Wraps the methods of servicers and registers them with a server."""

    def __init__(self, authenticator: auth.Authenticator, default_deadline_s: float) -> None:
        self._authenticator = authenticator
        self._deadlines = Deadlines(default_deadline_s)

    def register(self, server: grpc.aio.Server, service: ServiceDescriptor, servicer: object) -> None:
        """Serve `service` by the methods of `servicer`, each wrapped.

        Raises ValueError when a method of the contract is missing from it or has no scope.
        """
        handlers = {}
        for method in service.methods:
            behaviour = getattr(servicer, method.name, None)
            if behaviour is None:
                raise ValueError(f"{type(servicer).__name__} lacks {method.full_name}")
            handlers[method.name] = self._handler(method, servicer, behaviour)
        server.add_registered_method_handlers(  # type: ignore[attr-defined]
            service.full_name, handlers
        )

    def _handler(self, method: MethodDescriptor, servicer: object, behaviour: Callable[..., Any]) -> Any:
        parse = message_factory.GetMessageClass(method.input_type).FromString
        codec = {
            "response_serializer": _serialize
        }  # gRPC itself answers UNKNOWN to bytes that are no message
        read = partial(_read, parse)
        around = _Around(method, self._authenticator)
        if method.server_streaming and method.client_streaming:
            each = partial(_read_each, parse)
            return grpc.stream_stream_rpc_method_handler(around.streaming(behaviour, each), **codec)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(around.streaming(behaviour, read), **codec)
        if method.client_streaming:
            raise ValueError(f"{method.full_name}: no contract here streams one way up")
        prepare: Callable[[Any], Any] | None = getattr(behaviour, _PREPARE, None)
        if prepare is None:
            return grpc.unary_unary_rpc_method_handler(
                around.unary(behaviour, read, self._deadlines), **codec
            )
        memory = _Memory(read, partial(prepare, servicer))
        return grpc.unary_unary_rpc_method_handler(
            around.unary(behaviour, memory.recall, self._deadlines), **codec
        )


class Prepared(Protocol):
    """What a request comes to before it is known who asks."""

    @property
    def weight(self) -> int:
        """How much of the memory it takes, in units of about 100 bytes."""
        ...


_PREPARE = "_onhand_prepare"
MEMORY_WEIGHT = 100_000
"""What a method remembers of requests, in the units of `Prepared.weight`; protects memory."""


def remembering(prepare: Callable[[Any, Any], Prepared]) -> Callable[[F], F]:
    """Have a method of a servicer given `prepare(servicer, request)` instead of the request.

    It is kept for requests of the same bytes, so that `prepare` may depend on the request alone.
    """

    def mark(behaviour: F) -> F:
        setattr(behaviour, _PREPARE, prepare)
        return behaviour

    return mark


class _Memory:
    """What requests came to, by their bytes; the oldest is forgotten first."""

    def __init__(self, read: Callable[[bytes], Any], prepare: Callable[[Any], Prepared]) -> None:
        self._read = read
        self._prepare = prepare
        self._known: dict[bytes, Prepared] = {}
        self._weight = 0

    def recall(self, request: bytes) -> Prepared:
        """Return what `request` comes to. Raises InvalidField."""
        known = self._known.get(request)
        if known is None:
            known = self._prepare(self._read(request))
            self._known[request] = known
            self._weight += known.weight
            while self._weight > MEMORY_WEIGHT:
                self._weight -= self._known.pop(next(iter(self._known))).weight
        return known


def _read(parse: Callable[[bytes], M], request: bytes) -> M:
    try:
        return check(parse(request))
    except DecodeError:
        raise InvalidField([FieldViolation("", "the bytes are not such a message")]) from None


def scope_of(method: MethodDescriptor) -> str:
    """Return the scope that the contract names for `method`; empty when it names none."""
    extensions: Any = method.GetOptions().Extensions
    return str(extensions[scopes_pb2.scope])


def _serialize(response: Message | bytes) -> bytes:
    """Serialize a response; a servicer may also answer bytes that it has serialized itself."""
    return response if isinstance(response, bytes) else response.SerializeToString()


def check(request: M) -> M:
    """Return `request`, or raise InvalidField with all its violations of the contract's rules."""
    try:
        protovalidate.validate(request)
    except protovalidate.ValidationError as error:
        raise InvalidField(
            [FieldViolation(_path(each), each.proto.message) for each in error.violations]
        ) from None
    except protovalidate.EvaluationError as error:  # a sum in a rule that no int64 holds
        raise InvalidField([FieldViolation("", str(error))]) from None
    return request


async def _read_each(parse: Callable[[bytes], M], requests: AsyncIterator[bytes]) -> AsyncIterator[M]:
    async for request in requests:
        yield _read(parse, request)


def _is_out_of_range(error: Exception) -> bool:
    """Tell whether a value of the request is one that Python has no number, time or duration for."""
    if isinstance(error, OverflowError):
        return True
    if not isinstance(error, ValueError) or error.__traceback__ is None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") == well_known_types.__name__


def _path(violation: protovalidate.Violation) -> str:
    """Say a field path as people write it: `lines[2].quantity`."""
    parts = []
    for element in violation.proto.field.elements if violation.proto.field else ():
        subscript = element.subscript
        parts.append(element.field_name + (f"[{subscript.value}]" if subscript is not None else ""))
    return ".".join(parts)


class _Around:
    """The five steps for one method."""

    def __init__(self, method: MethodDescriptor, authenticator: auth.Authenticator) -> None:
        self._name = method.full_name
        self._scope = scope_of(method)
        self._writes = self._scope.endswith(".write")
        self._authenticator = authenticator
        if not self._scope:
            raise ValueError(f"{self._name} has no scope in its contract")

    def unary(
        self, behaviour: Callable[..., Any], validate: Callable[[Any], Any], deadlines: Deadlines
    ) -> Callable[..., Any]:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            metadata = dict[str, Any](context.invocation_metadata() or ())
            started, code = time.perf_counter(), grpc.StatusCode.OK
            with telemetry.span(self._name, metadata, trace.SpanKind.SERVER):
                try:
                    principal = await self._authenticate(metadata, context)
                    with deadlines:
                        message = validate(request)
                        self._note(principal, metadata, context, message)
                        return await behaviour(message, context)
                except Exception as error:  # noqa: BLE001
                    code, message, trailers = self._translate(error)
                    await context.abort(code, message, trailers)
                finally:
                    self._measure(started, code)

        return call

    def streaming(self, behaviour: Callable[..., Any], validate: Callable[[Any], Any]) -> Callable[..., Any]:
        # A coroutine that writes, not a generator: one that a vanished client leaves suspended is closed by
        # the garbage collector, late and outside of the call's context.
        async def call(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            metadata = dict[str, Any](context.invocation_metadata() or ())
            started, code = time.perf_counter(), grpc.StatusCode.OK
            with telemetry.span(self._name, metadata, trace.SpanKind.SERVER):
                try:
                    principal = await self._authenticate(metadata, context)
                    self._note(principal, metadata, context, None)
                    async with aclosing(behaviour(validate(requests), context)) as responses:
                        async for response in responses:
                            await context.write(response)
                except Exception as error:  # noqa: BLE001
                    code, message, trailers = self._translate(error)
                    await context.abort(code, message, trailers)
                finally:
                    self._measure(started, code)

        return call

    async def _authenticate(
        self, metadata: dict[str, Any], context: grpc.aio.ServicerContext[Any, Any]
    ) -> auth.Principal:
        authorization = metadata.get("authorization")
        try:
            if authorization is None:
                principal = self._authenticator.authenticate_certificate(context.auth_context(), self._scope)
            else:
                principal = self._authenticator.authenticate(authorization, self._scope)
        except auth.UnknownKey:
            await self._authenticator.keys.renewed()
            principal = self._authenticator.authenticate(authorization, self._scope)
        auth.set_current(principal)
        return principal

    def _note(
        self,
        principal: auth.Principal,
        metadata: dict[str, Any],
        context: grpc.aio.ServicerContext[Any, Any],
        request: Message | None,
    ) -> None:
        """Let what the call writes be written in its name."""
        if self._writes:
            origin = trail.origin(context.peer(), metadata.get(trail.FORWARDED, ""))
            trail.act_for([trail.Call(principal.subject, self._name, origin, request)])

    def _translate(self, error: Exception) -> tuple[grpc.StatusCode, str, Any]:
        if isinstance(error, TimeoutError):
            error = DeadlineExceeded()
        elif _is_out_of_range(error):
            error = InvalidField([FieldViolation("", "a number or a time is out of range")])
        if not isinstance(error, OnhandError):
            telemetry.log.exception("unexpected failure", method=self._name, exc_info=error)
            error = Internal(telemetry.trace_id())
        elif isinstance(error, InvalidToken):
            telemetry.log.warning("refused", method=self._name, reason=error.reason, detail=error.detail)
        return to_trailers(error)

    def _measure(self, started: float, code: grpc.StatusCode) -> None:
        _durations.record(time.perf_counter() - started, (self._name, code.name))
