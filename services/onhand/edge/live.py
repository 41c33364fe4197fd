"""Live availability: stock's watch as Server-Sent Events (WHATWG HTML, section 9.2).

Back-pressure passes through: a client that reads slowly holds `send` back, so that stock's stream is not
read and stock sends it the latest value of each cell instead of every one.
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

Changes = AsyncGenerator[availability_pb2.WatchAvailabilityResponse]

_open = telemetry.meter.create_up_down_counter(
    "onhand.edge.watchers", description="Live availability streams that are open"
)


class Watches:
    """All live streams of this process."""

    def __init__(self, stock: AsyncStock, settings: EdgeSettings) -> None:
        self._stock = stock
        self._settings = settings
        self._count = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End every stream; clients ask again, and another replica answers."""
        self._stopping.set()

    def stream(self, request: availability_pb2.WatchAvailabilityRequest) -> "EventStream":
        return EventStream(self, request)

    async def serve(
        self, request: availability_pb2.WatchAvailabilityRequest, receive: Receive, send: Send
    ) -> None:
        """Stream until the client goes, the process stops, stock's stream ends, or the time is up.

        Raises what stock failed with, as long as nothing was answered.
        """
        if self._count >= self._settings.max_watchers or self._stopping.is_set():
            raise Busy("live availability")
        self._count += 1
        _open.add(1)
        changes = cast("Changes", self._stock.availability.WatchAvailability(request))
        try:
            async with aclosing(changes):
                await self._answer(changes, receive, send)
        finally:
            self._count -= 1
            _open.add(-1)

    async def _answer(self, changes: Changes, receive: Receive, send: Send) -> None:
        async with asyncio.timeout(self._settings.stock_timeout_s):
            first = await anext(changes, None)
        if first is None:
            raise DependencyUnavailable("stock")
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        pump = asyncio.create_task(_pump(first, changes, send))
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

    def __init__(self, watches: Watches, request: availability_pb2.WatchAvailabilityRequest) -> None:
        self._watches = watches
        self._request = request

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._watches.serve(self._request, receive, send)


HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would gather the events
]


async def _pump(first: availability_pb2.WatchAvailabilityResponse, changes: Changes, send: Send) -> None:
    """Send every change; what ends stock's stream is told as the last event."""
    await _send(send, f"retry: {RETRY_MS}\n\n" + _event(first))
    whole = first.snapshot_complete
    try:
        async for change in changes:
            is_heartbeat = whole and not change.cells
            await _send(send, f": revision {change.revision}\n\n" if is_heartbeat else _event(change))
            whole = change.snapshot_complete
    except (OnhandError, grpc.aio.AioRpcError) as error:
        await _send(send, _said("problem", problem.of(problem.restored(error))))


def _event(response: availability_pb2.WatchAvailabilityResponse) -> str:
    """Say a change as an event with its revision as id."""
    return f"id: {response.revision}\n" + _said("cells", availability.change(response))


def _said(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode("ascii"), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stopped(stopping: asyncio.Event) -> None:
    await stopping.wait()
