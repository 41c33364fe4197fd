"""What runs on its own: attempts at due messages, their measures, and housekeeping."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from onhand.kit import telemetry
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError
from onhand.notifications.domain.messages import Attempt, Channel, Result, State, Verdict
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.messages import Notifications

STOP_GRACE_S = 5.0
"""Time that attempts under way get when the service stops, so that they need not be made twice."""
CONCLUDE_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 2.0, 5.0, 5.0, 10.0)
"""Pauses while a result cannot be recorded; after them the lease brings the message up again."""

Send = Callable[[Attempt], Awaitable[Result]]

_messages = telemetry.meter.create_counter(
    "onhand.notifications.messages", description="Messages that reached an end, by channel and state"
)
_attempts = telemetry.meter.create_histogram(
    "onhand.notifications.attempt.duration",
    unit="s",
    description="Time of an attempt, by channel and verdict",
)
_delay = telemetry.meter.create_histogram(
    "onhand.notifications.delivery.delay", unit="s", description="From the making of a message to its sending"
)
_waiting = telemetry.meter.create_gauge(
    "onhand.notifications.waiting", description="Messages that wait, by channel"
)
_oldest = telemetry.meter.create_gauge(
    "onhand.notifications.waiting.age", unit="s", description="Age of the oldest waiting message, by channel"
)


class Dispatcher:
    """Makes attempts at one channel's due messages, some at a time. Replicas share the work."""

    def __init__(self, channel: Channel, notifications: Notifications, send: Send, concurrency: int) -> None:
        self._channel = channel
        self._notifications = notifications
        self._send = send
        self._concurrency = concurrency
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; then attempts under way get a moment to end."""
        poll_s = self._notifications.settings.delivery_poll_s
        try:
            while True:
                for attempt in await self._claim():
                    task = asyncio.create_task(self._attempt(attempt))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                if len(self._under_way) < self._concurrency:
                    await asyncio.sleep(poll_s)
                else:
                    await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._finish()

    async def _claim(self) -> list[Attempt]:
        try:
            return await self._notifications.claim(self._channel, self._concurrency - len(self._under_way))
        except OnhandError as error:  # attempts under way go on meanwhile
            telemetry.log.warning("nothing claimed", channel=self._channel.name, reason=error.reason)
            return []

    async def _attempt(self, attempt: Attempt) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            result = await self._send(attempt)
        except Exception:  # noqa: BLE001 - whatever it is, the other messages go on
            telemetry.log.exception("attempt failed", message_id=str(attempt.message_id))
            result = Result(Verdict.PASSING, "a fault of the service; its log says more")
        labels = {"channel": self._channel.name, "verdict": result.verdict.name}
        _attempts.record(loop.time() - started, labels)
        await self._conclude(attempt, result)

    async def _conclude(self, attempt: Attempt, result: Result) -> None:
        for pause_s in (*CONCLUDE_PAUSES_S, 0):
            try:
                message = await self._notifications.conclude(attempt, result)
            except Exception as error:  # noqa: BLE001 - whatever it is, giving up here may mean a second mail
                telemetry.log.warning(
                    "result not recorded", message_id=str(attempt.message_id), exc_info=error
                )
                await asyncio.sleep(pause_s)
                continue
            if message is not None and message.state is not State.WAITING:
                _messages.add(1, {"channel": self._channel.name, "state": message.state.name})
                if message.end_time is not None and message.state is State.SENT:
                    delay = message.end_time - message.create_time
                    _delay.record(delay.total_seconds(), {"channel": self._channel.name})
            return

    async def _finish(self) -> None:
        if not self._under_way:
            return
        with suppress(asyncio.CancelledError):
            await asyncio.wait(self._under_way, timeout=STOP_GRACE_S)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class Jobs:
    """What runs every so often."""

    def __init__(self, notifications: Notifications, posts: AvailabilityPosts, clock: Clock) -> None:
        self._notifications = notifications
        self._posts = posts
        self._clock = clock

    async def advance(self) -> None:
        """Take the steps of journeys that are due. Replicas share the work."""
        while await self._notifications.journeys.advance():
            pass

    async def post_availability(self) -> None:
        """Make posts of what has changed. Replicas share the work."""
        while await self._posts.post():
            pass

    async def measure(self) -> None:
        """Say how much waits, and how long the oldest has."""
        found = await self._notifications.waiting()
        now = self._clock.now()
        for channel in Channel:
            count, oldest = found.get(channel, (0, now))
            _waiting.set(count, {"channel": channel.name})
            _oldest.set((now - oldest).total_seconds(), {"channel": channel.name})

    async def forget(self) -> None:
        """Drop what was kept long enough, a little at a time."""
        while any((dropped := await self._notifications.forget()).values()):
            telemetry.log.info("forgotten", **dropped)
