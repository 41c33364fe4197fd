"""What pickup can be asked to do: one method an intention, one transaction each."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import idempotency, paging
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField, OnhandError, WrongCode, WrongProduct
from onhand.kit.telemetry import log
from onhand.kit.waiting import set_or_after
from onhand.pickup import events
from onhand.pickup.config import PickupSettings
from onhand.pickup.domain import scans, transitions
from onhand.pickup.domain.codes import CODE_DIGITS, Code, CodeLimits
from onhand.pickup.domain.task import LIVE, Assignment, RejectReason, State, Task, TaskLine
from onhand.pickup.domain.transitions import Change
from onhand.pickup.stock import REFUSALS, Stock
from onhand.pickup.storage import codes, effects, tasks, withdrawals
from onhand.pickup.watchers import Watchers

R = TypeVar("R", bound=Message)

SERVICE = "pickup"
"""The actor of what nobody asked for."""
ROUTING = "routing"
"""The actor of what came as routing's events."""


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """Who asks for a change of which task, and the request as its repeats are recognised by."""

    actor: str
    task: Task
    """As it was when the caller's right to it was checked. Only what never changes is used of it."""
    request: Message
    response_type: type[R]

    def answer(self, task: Task) -> R:
        return self.response_type(task=events.task_message(task))


class Pickup:
    def __init__(self, database: Database, clock: Clock, settings: PickupSettings, stock: Stock) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._stock = stock
        self._watchers = Watchers(settings.max_watches)
        self._code_limits = CodeLimits(settings.code_attempts, timedelta(seconds=settings.code_pause_s))
        self.effect_added = asyncio.Event()
        """Set when goods left and stock is to be told."""

    # Reading

    async def get_task(self, task_id: str) -> Task:
        return await self._database.read(lambda connection: tasks.get(connection, task_id))

    async def list_tasks(
        self, location_id: str, states: Collection[State], page_size: int, page_token: str
    ) -> tuple[Sequence[Task], str]:
        """Return a page of tasks, live ones when no state is named, and the token of the next page."""
        limit, after = paging.size(page_size), _page_start(page_token)
        found = await self._database.read(
            lambda connection: tasks.page(connection, location_id, states or LIVE, after, limit + 1)
        )
        page, last = paging.cut(found, limit)
        return page, paging.token(last.assignment.promise_time.isoformat(), last.task_id) if last else ""

    async def watch(self, location_id: str) -> AsyncGenerator[Task, None]:
        """Yield the live tasks of a location, then each task after it changed, for ever.

        A look at the database gives all that was changed at or after the watermark taken before the look
        before it. A transaction still under way then has a revision from there on, so that none is missed,
        however it overlaps; what was given already is known by its version.
        """
        with self._watchers.listen(location_id) as changed:
            since = await self._database.read(tasks.watermark)
            given: dict[str, int] = {}
            async for task in self._live_tasks(location_id):
                given[task.task_id] = task.version
                yield task
            while True:
                changed.clear()
                watermark = await self._database.read(tasks.watermark)
                found = await self._changed_since(location_id, since)
                for task in found:
                    if given.get(task.task_id) != task.version:
                        yield task
                since, given = watermark, {task.task_id: task.version for task in found}
                await set_or_after(changed, self._settings.watch_interval_s)

    async def _live_tasks(self, location_id: str) -> AsyncIterator[Task]:
        token = ""
        while True:
            page, token = await self.list_tasks(location_id, LIVE, paging.MAX_SIZE, token)
            for task in page:
                yield task
            if not token:
                return

    async def _changed_since(self, location_id: str, since: str) -> list[Task]:
        return await self._database.read(lambda connection: tasks.changed(connection, location_id, since))

    # The associate

    async def accept(self, call: Call[R]) -> R:
        now = self._clock.now()
        return await self._change(call, lambda task: transitions.accept(task, call.actor, now))

    async def reject(self, call: Call[R], reason: RejectReason, detail: str) -> R:
        return await self._change(call, lambda task: transitions.reject(task, reason, detail))

    async def pick_line(
        self, call: Call[R], line_id: str, quantity: int, epcs: Sequence[str], gtin: str
    ) -> R:
        """Record units as picked, after stock has said that what was scanned is what is asked for."""
        # A repeat is answered without stock, which may see the tags differently by now.
        answer = await self._database.read(
            lambda connection: idempotency.answered(connection, call.actor, call.request, call.response_type)
        )
        if answer is not None:
            return answer
        line = transitions.find_line(call.task, line_id)
        tags = await self._identify(call.task.assignment.location_id, line, epcs, gtin)
        return await self._change(call, lambda task: transitions.pick(task, line_id, quantity, tags))

    async def _identify(
        self, location_id: str, line: TaskLine, epcs: Sequence[str], gtin: str
    ) -> tuple[str, ...]:
        """Return the scanned tags in hexadecimal; raises WrongProduct unless all is of the line's item."""
        if epcs and gtin:
            raise InvalidField([FieldViolation("gtin", "tags are given already")])
        if gtin:
            scans.check_gtin(gtin, await self._stock.gtins(line.item_id), line)
        found = await self._stock.sightings(epcs)
        return tuple(
            scans.tag_of(scanned, sightings, location_id, line)
            for scanned, sightings in zip(epcs, found, strict=True)
        )

    async def short_pick_line(self, call: Call[R], line_id: str, reason: RejectReason, detail: str) -> R:
        return await self._change(call, lambda task: transitions.short_pick(task, line_id, reason, detail))

    async def stage(self, call: Call[R], staging_place: str) -> R:
        """Let the goods wait, and give the customer a code."""
        deadline = self._clock.now() + timedelta(seconds=self._settings.collect_window_s)
        code, salt = self._clock.digits(CODE_DIGITS), self._clock.uuid().bytes

        async def keep_code(connection: AsyncConnection) -> None:
            await codes.add(connection, call.task.task_id, Code.of(code, salt))

        return await self._change(
            call, lambda task: transitions.stage(task, staging_place, deadline, code), keep_code
        )

    async def pack(self, call: Call[R]) -> R:
        return await self._change(call, transitions.pack)

    async def ship(self, call: Call[R], carrier: str, tracking_number: str) -> R:
        answer = await self._change(
            call,
            lambda task: transitions.ship(task, carrier, tracking_number),
            lambda connection: self._add_effect(connection, call.task.task_id),
        )
        self.effect_added.set()
        return answer

    # The counter

    async def check_in(self, call: Call[R], note: str) -> R:
        now = self._clock.now()
        return await self._change(call, lambda task: transitions.check_in(task, note, now))

    async def hand_over(self, call: Call[R], code: str) -> R:
        """Hand the goods over against their code.

        A wrong code is an answer that must be remembered: its transaction commits the count of attempts,
        while the savepoint undoes the claim of the request id. The task's lock is from before the
        savepoint and stays, so that attempts at the same moment are counted one by one.
        """
        now, task_id = self._clock.now(), call.task.task_id

        async def work(connection: AsyncConnection) -> R | WrongCode:
            task = await tasks.lock(connection, task_id)

            async def effect() -> R:
                transitions.require_ready(task)
                (await codes.get(connection, task_id)).check(code, now, self._code_limits)
                change = transitions.hand_over(task)
                await self._save(connection, task, change, call.actor)
                await self._add_effect(connection, task_id)
                return call.answer(change.task)

            try:
                async with connection.begin_nested():
                    return await self._once(connection, call, effect)
            except WrongCode as wrong:
                kept = await codes.get(connection, task_id)
                await codes.update(connection, task_id, kept.missed(now, self._code_limits))
                return wrong

        outcome = await self._database.transaction(work)
        if isinstance(outcome, WrongCode):
            raise outcome
        self._watchers.notify([call.task.assignment.location_id])
        self.effect_added.set()
        return outcome

    # Routing

    async def open_task(
        self, connection: AsyncConnection, assignment: Assignment, lines: Sequence[TaskLine]
    ) -> None:
        """Make the task of an assignment, unless it is there; then apply withdrawals that were faster."""
        await tasks.serialize(connection, assignment.task_id)
        change = transitions.open_task(
            assignment,
            lines,
            self._clock.now(),
            timedelta(seconds=self._settings.accept_timeout_s),
            timedelta(seconds=self._settings.accept_minimum_s),
        )
        if await tasks.insert(connection, change, ROUTING, self._clock):
            for line_ids, detail in await withdrawals.take(connection, assignment.task_id):
                await self.withdraw(connection, assignment.task_id, line_ids, detail)

    async def withdraw(
        self, connection: AsyncConnection, task_id: str, line_ids: Sequence[str], detail: str
    ) -> None:
        """Take lines of a task back, all when none is named; for a task not known yet once it comes."""
        await tasks.serialize(connection, task_id)
        if await tasks.find(connection, task_id) is None:
            await withdrawals.keep(connection, task_id, line_ids, detail, self._clock.now())
            return
        task = await tasks.lock(connection, task_id)
        await self._save(connection, task, transitions.withdraw(task, line_ids, detail), ROUTING)

    # Deadlines and effects; each returns how much it found to do

    async def reject_unaccepted(self) -> int:
        """Reject a batch of tasks whose store did not answer in time."""
        return await self._time_out(tasks.claim_unaccepted, transitions.time_out)

    async def expire_uncollected(self) -> int:
        """End a batch of tasks whose customer did not come in time."""
        return await self._time_out(tasks.claim_uncollected, transitions.expire)

    async def tell_stock(self) -> int:
        """Tell stock of goods that left; what it does not take now it is told again later."""
        lease = timedelta(seconds=self._settings.effect_lease_s)
        claimed = await self._database.transaction(
            lambda connection: effects.claim(
                connection, self._clock.now(), lease, self._settings.stock_concurrency
            )
        )
        async with asyncio.TaskGroup() as group:
            for effect in claimed:
                group.create_task(self._tell(effect))
        return len(claimed)

    async def _tell(self, effect: effects.Effect) -> None:
        task = await self.get_task(effect.task_id)
        try:
            await self._stock.fulfil(task)
        except REFUSALS as refusal:
            failure = f"{refusal.reason}: {refusal.message}"
            log.error("stock refuses what left", task_id=effect.task_id, failure=failure)
            await self._database.transaction(lambda c: effects.refuse(c, effect.task_id, failure))
        except OnhandError:
            pause = min(2.0 ** (effect.attempts - 1), self._settings.effect_backoff_max_s)
            time = self._clock.now() + timedelta(seconds=pause)
            await self._database.transaction(lambda c: effects.postpone(c, effect.task_id, time))
        else:
            await self._database.transaction(lambda c: effects.settle(c, effect.task_id))

    async def forget_withdrawals(self) -> int:
        """Drop withdrawals whose task never came in the time that events can come."""
        before = self._clock.now() - timedelta(days=self._settings.outbox_retention_days * 2)
        return await self._database.transaction(lambda c: withdrawals.forget(c, before))

    # What they share

    async def _change(
        self,
        call: Call[R],
        decide: Callable[[Task], Change],
        also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> R:
        """Change a task once per request, with what else goes into the same transaction."""

        async def work(connection: AsyncConnection) -> R:
            task = await tasks.lock(connection, call.task.task_id)

            async def effect() -> R:
                change = decide(task)
                await self._save(connection, task, change, call.actor)
                if also is not None:
                    await also(connection)
                return call.answer(change.task)

            return await self._once(connection, call, effect)

        answer = await self._database.transaction(work)
        self._watchers.notify([call.task.assignment.location_id])
        return answer

    async def _once(
        self, connection: AsyncConnection, call: Call[R], effect: Callable[[], Awaitable[R]]
    ) -> R:
        return await idempotency.once(connection, call.actor, call.request, call.response_type, effect)

    async def _save(self, connection: AsyncConnection, before: Task, change: Change, actor: str) -> None:
        if change.facts:
            taken = await tasks.save(connection, before, change, actor, self._clock)
            if taken:
                raise WrongProduct(f"{taken[0]} (picked for another task)", "a tag that is free")

    async def _add_effect(self, connection: AsyncConnection, task_id: str) -> None:
        await effects.add(connection, task_id, self._clock.now())

    async def _time_out(
        self,
        claim: Callable[[AsyncConnection, datetime, int], Awaitable[Sequence[str]]],
        decide: Callable[[Task, datetime], Change],
    ) -> int:
        async def work(connection: AsyncConnection) -> list[Task]:
            now = self._clock.now()
            late = [
                await tasks.get(connection, task_id)
                for task_id in await claim(connection, now, self._settings.sweep_batch)
            ]
            for task in late:
                await self._save(connection, task, decide(task, now), SERVICE)
            return late

        late = await self._database.transaction(work)
        self._watchers.notify({task.assignment.location_id for task in late})
        return len(late)


def _page_start(page_token: str) -> tuple[datetime, UUID]:
    """Return promise time and id of the last task of the page before; raises InvalidField."""
    key = paging.key(page_token, str, str)
    if key is None:
        return datetime.min.replace(tzinfo=UTC), UUID(int=0)
    try:
        return datetime.fromisoformat(key[0]).astimezone(UTC), UUID(key[1])
    except (ValueError, OverflowError):
        raise InvalidField([FieldViolation("page_token", "is not from an earlier answer")]) from None
