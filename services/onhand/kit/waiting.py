"""Waiting for something, but not for ever."""

import asyncio
from contextlib import suppress


async def set_or_after(event: asyncio.Event, seconds: float) -> None:
    """Return when `event` is set, or after so many seconds.

    Not by `asyncio.wait_for`: Python 3.11's loses a cancellation that comes in the moment of its time-out,
    and the loop around it would then run on for ever (python/cpython#86296, mended in 3.12).
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
