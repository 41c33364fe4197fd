"""HTTP/1.1 as uvicorn speaks it, with a limit on the time that the head of a request may take.

uvicorn waits for ever: a few thousand connections that say nothing, or a byte now and then, would take all that
there are (CWE-400; known as Slowloris).
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Protocol(H11Protocol):
    """Ends a connection whose next request has begun, or whose first one has not, for longer than allowed."""

    def __init__(self, *arguments: Any, header_timeout_s: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_timeout_s = header_timeout_s
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        # Between requests uvicorn's own keep-alive timer runs.
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            if self._late is None:
                self._arm()
        else:
            self._disarm()

    def _arm(self) -> None:
        self._late = self.loop.call_later(self._header_timeout_s, self._end)

    def _disarm(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        self._late = None
        self.transport.abort()
