"""What runs on its own: attempts at due messages, units held for who waits, measures, and housekeeping."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from mailbox import Maildir
from pathlib import Path

from onhand.kit import telemetry
from onhand.kit.clock import Clock
from onhand.kit.errors import NotFound, OnhandError, WrongState
from onhand.notifications.delivery.reports import read_report
from onhand.notifications.domain.alerts import HoldState, UnitHold
from onhand.notifications.domain.messages import Attempt, Channel, Result, State, Verdict
from onhand.notifications.stock import Stock
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.messages import Notifications
from onhand.notifications.use_cases.offers import Offers

STOP_GRACE_S = 5.0
"""Time that attempts under way get when the service stops, so that they need not be made twice."""
CONCLUDE_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 2.0, 5.0, 5.0, 10.0)
"""Pauses while a result cannot be recorded; after them the lease brings the message up again."""

MAILS_AHEAD = 8
"""Mails leased for each that is under way."""
REPORTS_AT_ONCE = 500
"""Mails read in one go; protects the loop from a full mailbox."""
UNITS_AT_ONCE = 100
"""Units that one call asks stock to hold."""
SETTLED = timedelta(seconds=10)
"""How long an item is watched before it is surveyed; twice as long as a list of watched items may be old."""

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
    """Makes attempts at one channel's due messages, some at a time. Replicas share the work.

    With `ahead` more than 1 messages are leased that wait here for their turn, so that one look at the database
    serves several. Not for posts: an endpoint that has just failed is to be left in peace.
    """

    def __init__(
        self, channel: Channel, notifications: Notifications, send: Send, concurrency: int, ahead: int = 1
    ) -> None:
        self._channel = channel
        self._notifications = notifications
        self._send = send
        self._concurrency = concurrency
        self._most = concurrency * ahead
        self._turns = asyncio.Semaphore(concurrency)
        self._stopping = False
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; then attempts under way get a moment to end."""
        poll_s = self._notifications.settings.delivery_poll_s
        try:
            while True:
                asked = self._most - len(self._under_way)
                claimed = await self._claim(asked)
                for attempt in claimed:
                    task = asyncio.create_task(self._attempt(attempt))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                if len(claimed) < asked:
                    await asyncio.sleep(poll_s)
                # A few at a time: half of what may be leased, or one where nothing waits here.
                while len(self._under_way) > max(self._most // 2, self._concurrency - 1):
                    await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._finish()

    async def _claim(self, count: int) -> list[Attempt]:
        try:
            return await self._notifications.claim(self._channel, count)
        except OnhandError as error:  # attempts under way go on meanwhile
            telemetry.log.warning("nothing claimed", channel=self._channel.name, reason=error.reason)
            return []

    async def _attempt(self, attempt: Attempt) -> None:
        loop = asyncio.get_running_loop()
        claimed = loop.time()
        async with self._turns:
            if self._stopping or loop.time() - claimed > self._notifications.settings.longest_wait_s:
                await self._notifications.give_back(attempt)  # else its lease might run out under way
            else:
                await self._make(attempt)

    async def _make(self, attempt: Attempt) -> None:
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
        self._stopping = True
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

    async def take_reports(self, folder: Path) -> None:
        """Take in what mail servers and readers say became of messages; a mail is removed when that is recorded."""
        maildir = Maildir(folder, create=False)
        for key in maildir.keys()[:REPORTS_AT_ONCE]:
            report = read_report(maildir.get_bytes(key))
            if report is not None:
                with suppress(NotFound, WrongState):  # of a message that is forgotten, or was never sent
                    await self._notifications.report_receipt(report.message_id, report.receipt)
            maildir.discard(key)

    async def forget(self) -> None:
        """Drop what was kept long enough, a little at a time."""
        while any((dropped := await self._notifications.forget()).values()):
            telemetry.log.info("forgotten", **dropped)


class AlertJobs:
    """Holds units for people who wait, and says so to them: calls to stock between transactions.

    A call is named after the unit and the round, so that a crash between any two lines, and a repeat after the lease,
    end the same way.
    """

    def __init__(self, offers: Offers, stock: Stock) -> None:
        self._offers = offers
        self._stock = stock

    async def work(self) -> None:
        """Do what is due. Replicas share the work."""
        while await self._offers.want_units() or await self._offers.waited_long():
            pass
        while units := await self._offers.due_units(UNITS_AT_ONCE):
            wanted = [each for each in units if each.state is HoldState.WANTED]
            hold_s = self._offers.settings.alert_hold_s
            held = await self._stock.hold(wanted, hold_s) if wanted else {}
            for unit in units:
                if unit.state is HoldState.WANTED:
                    await self._offers.unit_held(unit, held.get(unit.hold_id))
                else:
                    await self._next_step(unit, hold_s)

    async def _next_step(self, unit: UnitHold, hold_s: int) -> None:
        match unit.state:
            case HoldState.HELD:
                await self._offers.window_over(unit)
            case HoldState.EXTENDING:
                await self._offers.unit_held(unit, await self._stock.extend(unit, hold_s))
            case HoldState.RELEASING:
                await self._stock.release(unit)
                await self._offers.unit_released(unit)

    async def survey(self) -> None:
        """Look where items are that somebody waits for since lately."""
        items = await self._offers.unsurveyed(settled=SETTLED)
        locations = await self.locate() if items else []  # anew: some may have opened lately
        while items:
            await self._offers.surveyed(
                items, await self._stock.supply(items, locations) if locations else []
            )
            items = await self._offers.unsurveyed(settled=SETTLED)

    async def locate(self) -> list[str]:
        """Look where locations are; returns which there are."""
        places = await self._stock.places()
        await self._offers.locate(places)
        return [location_id for location_id, *_ in places]


async def forget_alerts(offers: Offers) -> None:
    """Drop what was kept long enough of alerts and look-ups, a little at a time."""
    while any((dropped := await offers.forget()).values()):
        telemetry.log.info("forgotten", **dropped)
