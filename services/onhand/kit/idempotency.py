"""The same request twice has one effect: its answer is stored in the transaction of its effect."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import RequestIdReused

R = TypeVar("R", bound=Message)

_CLAIM = text("""
    INSERT INTO idempotency (actor, request_id, method, request)
    VALUES (:actor, :request_id, :method, :request)
    ON CONFLICT (actor, request_id) DO NOTHING
""")
_STORED = text("""
    SELECT method, request, response FROM idempotency WHERE actor = :actor AND request_id = :request_id
""")
_ANSWER = text("""
    UPDATE idempotency SET response = :response WHERE actor = :actor AND request_id = :request_id
""")
_FORGET = text("DELETE FROM idempotency WHERE create_time < now() - make_interval(secs => :seconds)")


async def once(
    connection: AsyncConnection,
    actor: str,
    request: Message,
    response_type: type[R],
    effect: Callable[[], Awaitable[R]],
) -> R:
    """Run `effect`, or answer what it answered the first time for this actor and `request.request_id`.

    A second request that arrives while the first is under way waits for it: the claim's unique index holds
    it until the first has committed or failed. A failure stores nothing, so that a repeat tries anew.

    Raises RequestIdReused when the id came before with other content.
    """
    request_id: str = request.request_id  # type: ignore[attr-defined]
    key = {"actor": actor, "request_id": UUID(request_id)}
    claimed = await connection.execute(
        _CLAIM, {**key, "method": _method(request), "request": _content(request)}
    )
    if claimed.rowcount == 1:
        response = await effect()
        await connection.execute(_ANSWER, {**key, "response": response.SerializeToString()})
        return response
    return _again(request, response_type, (await connection.execute(_STORED, key)).one())


async def answered(
    connection: AsyncConnection, actor: str, request: Message, response_type: type[R]
) -> R | None:
    """Return what `once` has answered to this request before; None when it has not answered it.

    For a request that asks another service before its transaction: a repeat must not depend on what that
    one says by now, or on whether it is there.

    Raises RequestIdReused when the id came before with other content.
    """
    request_id: str = request.request_id  # type: ignore[attr-defined]
    key = {"actor": actor, "request_id": UUID(request_id)}
    row = (await connection.execute(_STORED, key)).one_or_none()
    return None if row is None else _again(request, response_type, row)


def _again(request: Message, response_type: type[R], row: Row[Any]) -> R:
    request_id: str = request.request_id  # type: ignore[attr-defined]
    method = _method(request)
    if row.method != method:
        raise RequestIdReused(request_id, method, "method")
    if row.request != _content(request):
        raise RequestIdReused(request_id, method, difference(type(request).FromString(row.request), request))
    return response_type.FromString(row.response)


def _method(request: Message) -> str:
    return request.DESCRIPTOR.full_name.removesuffix("Request")


def _content(request: Message) -> bytes:
    return request.SerializeToString(deterministic=True)


def difference(first: Message, second: Message) -> str:
    """Name the top-level fields in which two messages of one type differ, comma-separated."""
    names = {each.name for message in (first, second) for each, _ in message.ListFields()}
    return ",".join(sorted(name for name in names if getattr(first, name) != getattr(second, name)))


async def forget(connection: AsyncConnection, seconds: float) -> int:
    """Drop answers older than `seconds`; returns how many."""
    return (await connection.execute(_FORGET, {"seconds": seconds})).rowcount
