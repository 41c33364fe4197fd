"""The counter: customers check in and get their goods."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import idempotency
from onhand.kit.errors import WrongCode
from onhand.pickup.domain import transitions
from onhand.pickup.domain.codes import CodeLimits
from onhand.pickup.storage import codes, tasks
from onhand.pickup.use_cases.changes import Call, R, add_effect, change, save
from onhand.pickup.use_cases.deps import Deps


class Collection:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        settings = deps.settings
        self._code_limits = CodeLimits(settings.code_attempts, timedelta(seconds=settings.code_pause_s))

    async def check_in(self, call: Call[R], note: str) -> R:
        now = self._deps.clock.now()
        return await change(self._deps, call, lambda task: transitions.check_in(task, note, now))

    async def hand_over(self, call: Call[R], code: str) -> R:
        """Hand the goods over against their code.

        A wrong code is an answer that must be remembered: its transaction commits the count of attempts,
        while the savepoint undoes the claim of the request id. The task's lock is from before the
        savepoint and stays, so that attempts at the same moment are counted one by one.
        """
        now, task_id = self._deps.clock.now(), call.task.task_id

        async def work(connection: AsyncConnection) -> R | WrongCode:
            task = await tasks.lock(connection, task_id)

            async def effect() -> R:
                transitions.require_ready(task)
                (await codes.get(connection, task_id)).check(code, now, self._code_limits)
                change = transitions.hand_over(task)
                await save(self._deps, connection, task, change, call.actor)
                await add_effect(self._deps, connection, task_id)
                return call.answer(change.task)

            try:
                async with connection.begin_nested():
                    return await idempotency.once(
                        connection, call.actor, call.request, call.response_type, effect
                    )
            except WrongCode as wrong:
                kept = await codes.get(connection, task_id)
                await codes.update(connection, task_id, kept.missed(now, self._code_limits))
                return wrong

        outcome = await self._deps.database.transaction(work)
        if isinstance(outcome, WrongCode):
            raise outcome
        self._deps.watchers.notify([call.task.assignment.location_id])
        self._deps.effect_added.set()
        return outcome
