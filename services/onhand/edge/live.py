"""Live streams as Server-Sent Events (WHATWG HTML, section 9.2).

Back-pressure passes through: a client that reads slowly holds `send` back, so that the events behind it are
not made. Of availability, stock's stream is then not read, and stock sends the latest value of each cell
instead of every one.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, cast

import grpc
from starlette.types import Receive, Scope, Send

from onhand.api.stock.v1 import availability_pb2
from onhand.client import AsyncStock
from onhand.edge import availability, problem
from onhand.edge.config import EdgeSettings
from onhand.edge.problem import Busy
from onhand.kit import telemetry
from onhand.kit.errors import DependencyUnavailable, OnhandError

RETRY_MS = 1_000
"""How long a browser waits before it asks again after a stream ended."""
LAST_WORD_S = 1.0
"""Longest the end of a stream waits for a client that may no longer be there."""

Events = AsyncGenerator[str]
"""What `event` and `comment` make."""

_open = telemetry.meter.create_up_down_counter(
    "onhand.edge.watchers", description="Live streams that are open"
)


class Watches:
    """All live streams of this process."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self._count = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End every stream; clients ask again, and another replica answers."""
        self._stopping.set()

    def stream(self, events: Events) -> "EventStream":
        return EventStream(self, events)

    async def serve(self, events: Events, receive: Receive, send: Send) -> None:
        """Stream until the client goes, the process stops, the events end, or the time is up.

        Raises what the events failed with, as long as nothing was answered.
        """
        if self._count >= self._settings.max_watchers or self._stopping.is_set():
            raise Busy("the live stream")
        self._count += 1
        _open.add(1)
        try:
            async with aclosing(events):
                await self._answer(events, receive, send)
        finally:
            self._count -= 1
            _open.add(-1)

    async def _answer(self, events: Events, receive: Receive, send: Send) -> None:
        async with asyncio.timeout(self._settings.stock_timeout_s):
            first = await anext(events, None)
        if first is None:
            raise DependencyUnavailable("stock")
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        pump = asyncio.create_task(_pump(first, events, send))
        work = [pump, asyncio.create_task(_gone(receive)), asyncio.create_task(_stopped(self._stopping))]
        try:
            await asyncio.wait(
                work, timeout=self._settings.watch_duration_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        if not pump.cancelled():
            pump.result()  # raises what only a fault of ours can raise
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(LAST_WORD_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream:
    """The response of one watch."""

    def __init__(self, watches: Watches, events: Events) -> None:
        self._watches = watches
        self._events = events

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._watches.serve(self._events, receive, send)


HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would gather the events
]


def event(name: str, data: Any, event_id: int | None = None) -> str:
    """Say `data` as an event; not-ASCII is escaped, and no line break is in it."""
    text = f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
    return text if event_id is None else f"id: {event_id}\n{text}"


def comment(text: str) -> str:
    """Say what no client need hear: it keeps the connection, and whoever is between, awake."""
    return f": {text}\n\n"


async def cells(stock: AsyncStock, request: availability_pb2.WatchAvailabilityRequest) -> Events:
    """Yield stock's watch: a change as an event with its revision as id, a heartbeat as a comment."""
    changes = cast(
        "AsyncGenerator[availability_pb2.WatchAvailabilityResponse]",
        stock.availability.WatchAvailability(request),
    )
    whole = False
    async with aclosing(changes):
        async for change in changes:
            if whole and not change.cells:
                yield comment(f"revision {change.revision}")
            else:
                # Without an id a browser that is cut asks for what it asked for before.
                yield event("cells", availability.change(change), change.revision or None)
            whole = change.snapshot_complete


async def _pump(first: str, events: Events, send: Send) -> None:
    """Send every event; what ends them is told as the last one."""
    await _send(send, f"retry: {RETRY_MS}\n\n{first}")
    try:
        async for each in events:
            await _send(send, each)
    except (OnhandError, grpc.aio.AioRpcError) as error:
        await _send(send, event("problem", problem.of(problem.restored(error))))


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode("ascii"), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stopped(stopping: asyncio.Event) -> None:
    await stopping.wait()
