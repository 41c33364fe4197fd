"""The counter and the customer: on the way, here, goods given against a code, brought back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import idempotency
from onhand.kit.errors import WrongCode, WrongProduct
from onhand.pickup.domain import collecting, offers
from onhand.pickup.domain.codes import CODE_DIGITS, Code, CodeLimits
from onhand.pickup.domain.collecting import BroughtBack, Checks, Taken
from onhand.pickup.domain.task import Alert, AlertKind, HandOver, State, Task
from onhand.pickup.domain.transitions import At, Change
from onhand.pickup.passes import CLOCK_SKEW, Pass
from onhand.pickup.storage import codes, tasks
from onhand.pickup.use_cases.changes import Call, R, at, change, save
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.keys import Keys


@dataclass(frozen=True, slots=True)
class Collecting:
    """A hand-over as it is asked for: one proof, and what is taken."""

    code: str
    collection_pass: str
    taken: Sequence[Taken]
    checks: Checks
    record: HandOver


class Outcome(Enum):
    """What became of a hand-over that was made without the line."""

    RECORDED = auto()
    REPLAYED = auto()
    ENDED = auto()
    INVALID = auto()


class Collection:
    def __init__(self, deps: Deps) -> None:
        settings = deps.settings
        self._deps = deps
        self._keys = Keys(deps)
        self._code_limits = CodeLimits(settings.code_attempts, timedelta(seconds=settings.code_pause_s))

    # The customer

    async def of_order(self, order_id: str) -> Sequence[Task]:
        return await self._deps.database.read(lambda connection: tasks.of_order(connection, order_id))

    async def pass_for(self, task: Task) -> tuple[str, datetime]:
        """Return a pass for a task, and until when it is good. Raises WrongState unless it is ready."""
        collecting.require_ready(task)
        return await self._keys.sign(task)

    async def announce(self, call: Call[R], arrive_time: datetime | None) -> R:
        return await change(self._deps, call, lambda task, at: collecting.announce(task, arrive_time, at.now))

    async def check_in(self, call: Call[R], note: str) -> R:
        return await change(self._deps, call, lambda task, at: collecting.check_in(task, note, at))

    async def name_collector(self, call: Call[R], name: str) -> R:
        return await change(self._deps, call, lambda task, _: collecting.name_collector(task, name))

    async def require_checks(self, call: Call[R], *, identity: bool, minimum_age: int) -> R:
        return await change(
            self._deps,
            call,
            lambda task, at: collecting.require_checks(
                task, identity=identity, minimum_age=minimum_age, at=at
            ),
        )

    async def extend(self, call: Call[R]) -> R:
        return await change(self._deps, call, collecting.extend)

    async def answer(self, call: Call[R], substitution_id: str, *, accepted: bool) -> R:
        return await change(
            self._deps,
            call,
            lambda task, at: offers.answer(task, substitution_id, accepted=accepted, at=at),
        )

    # The counter

    async def hand_over(self, call: Call[R], asked: Collecting) -> R:
        """Hand goods over against their code, or the pass that stands for it.

        A wrong code is an answer that must be remembered: its transaction commits the count of attempts,
        while the savepoint undoes the claim of the request id. The task's lock is from before the
        savepoint and stays, so that attempts at the same moment are counted one by one.
        """
        task_id = call.task.task_id
        shown = await self._keys.verify(asked.collection_pass) if asked.collection_pass else None
        next_code, salt = self._deps.clock.digits(CODE_DIGITS), self._deps.clock.uuid().bytes

        async def work(connection: AsyncConnection) -> R | WrongCode:
            task = await tasks.lock(connection, task_id)
            present = await at(self._deps, connection, task.assignment.location_id)

            async def effect() -> R:
                collecting.require_ready(task)
                code = await codes.get(connection, task_id)
                if asked.collection_pass:
                    code.judge(_stands_for(shown, task, present.now), present.now, self._code_limits)
                else:
                    code.check(asked.code, present.now, self._code_limits)
                collecting.require_checked(task, asked.checks)
                record = replace(asked.record, hand_over_time=present.now)
                given = collecting.hand_over(task, asked.taken, record, next_code, present)
                await save(self._deps, connection, task, given, call.actor)
                if given.task.state is State.READY:
                    await codes.put(connection, task_id, Code.of(next_code, salt))
                return call.answer(given.task)

            try:
                async with connection.begin_nested():
                    return await idempotency.once(
                        connection, call.actor, call.request, call.response_type, effect
                    )
            except WrongCode as wrong:
                kept = await codes.get(connection, task_id)
                missed = kept.missed(present.now, self._code_limits)
                await codes.update(connection, task_id, missed)
                return wrong

        outcome = await self._deps.database.transaction(work)
        if isinstance(outcome, WrongCode):
            raise outcome
        self._deps.watchers.notify([call.task.assignment.location_id])
        self._deps.effect_added.set()
        return outcome

    async def record_offline(
        self, actor: str, location_id: str, shown: str, record: HandOver
    ) -> tuple[Outcome, Task | None, str]:
        """Take in a hand-over that a till made without the line, once.

        The goods have left: what should not have been is disputed, never refused.
        """
        found = await self._keys.verify(shown)
        if found is None:
            return Outcome.INVALID, None, "the pass is not signed by a key of ours"
        if found.location_id != location_id:
            return Outcome.INVALID, None, f"the pass is for {found.location_id}"
        if not found.issue_time - CLOCK_SKEW <= record.hand_over_time < found.expire_time + CLOCK_SKEW:
            return Outcome.INVALID, None, "the pass was not good at that time"

        async def work(connection: AsyncConnection) -> tuple[Outcome, Task | None, str]:
            task = await tasks.find(connection, found.task_id)
            if task is None:
                return Outcome.INVALID, None, "the pass is for no task"
            task = await tasks.lock(connection, found.task_id)
            known = next((each for each in task.hand_overs if each.hand_over_id == record.hand_over_id), None)
            if known is not None:
                right = known.given or known.refused
                return (Outcome.RECORDED if right else _dispute_of(task)), task, "told before"
            present = await at(self._deps, connection, location_id)
            outcome, taken = self._taken_in(task, found, record, present)
            await save(self._deps, connection, task, taken, actor)
            return outcome, taken.task, _said(outcome, task)

        outcome = await self._deps.database.transaction(work)
        self._deps.watchers.notify([location_id])
        self._deps.effect_added.set()
        return outcome

    def _taken_in(self, task: Task, shown: Pass, record: HandOver, present: At) -> tuple[Outcome, Change]:
        if task.state is State.READY and task.code_number == shown.code_number:
            # Everything that waits leaves at once: a till without the line knows no more.
            return Outcome.RECORDED, collecting.hand_over(task, (), record, "", present)
        outcome = _dispute_of(task)
        alert = Alert(str(self._deps.clock.uuid()), AlertKind.HAND_OVER_DISPUTED, present.now, "")
        return outcome, collecting.dispute(task, record, _said(outcome, task), alert)

    # Returns

    async def bring_back(
        self, call: Call[R], location_id: str, back: Sequence[BroughtBack], detail: str
    ) -> R:
        """Take goods back that left with a task, at any store."""
        answer = await self._deps.database.read(
            lambda connection: idempotency.answered(connection, call.actor, call.request, call.response_type)
        )
        if answer is not None:
            return answer
        known = [replace(each, epcs=await self._epcs(call.task, each)) for each in back]
        return await change(
            self._deps, call, lambda task, _: collecting.bring_back(task, known, location_id, detail)
        )

    async def _epcs(self, task: Task, back: BroughtBack) -> tuple[str, ...]:
        """Return scanned tags in hexadecimal; raises WrongProduct for one that stock never saw."""
        given = {epc for line in task.lines for epc in line.given_epcs}
        unknown = [epc for epc in back.epcs if epc.upper() not in given]
        found = dict(zip(unknown, await self._deps.stock.sightings(unknown), strict=True))
        tags = []
        for epc in back.epcs:
            if epc in found and not found[epc]:
                raise WrongProduct(epc, f"a tag of task {task.task_id}", "NOT_GIVEN")
            tags.append(found[epc][0].epc if epc in found else epc.upper())
        return tuple(tags)


def _stands_for(shown: Pass | None, task: Task, now: datetime) -> bool:
    """Tell whether a pass stands for the present code of a task."""
    return (
        shown is not None
        and shown.task_id == task.task_id
        and shown.code_number == task.code_number
        and shown.location_id == task.assignment.location_id
        and shown.issue_time - CLOCK_SKEW <= now < shown.expire_time + CLOCK_SKEW
    )


def _dispute_of(task: Task) -> Outcome:
    return Outcome.REPLAYED if any(line.handed_over for line in task.lines) else Outcome.ENDED


def _said(outcome: Outcome, task: Task) -> str:
    if outcome is Outcome.RECORDED:
        return ""
    if outcome is Outcome.REPLAYED:
        return "the code had been used; the goods went out twice, or were asked for twice"
    return f"the task was {task.state.name}"
