"""What is due: deadlines that passed, and what stock is to be told. Each returns how much it found to do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import OnhandError
from onhand.kit.telemetry import log
from onhand.pickup.domain import transitions
from onhand.pickup.domain.task import Task
from onhand.pickup.domain.transitions import Change
from onhand.pickup.stock import REFUSALS
from onhand.pickup.storage import effects, tasks, withdrawals
from onhand.pickup.use_cases.changes import SERVICE, save
from onhand.pickup.use_cases.deps import Deps


class Sweeps:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def reject_unaccepted(self) -> int:
        """Reject a batch of tasks whose store did not answer in time."""
        return await self._time_out(tasks.claim_unaccepted, transitions.time_out)

    async def expire_uncollected(self) -> int:
        """End a batch of tasks whose customer did not come in time."""
        return await self._time_out(tasks.claim_uncollected, transitions.expire)

    async def tell_stock(self) -> int:
        """Tell stock of goods that left; what it does not take now it is told again later."""
        lease = timedelta(seconds=self._deps.settings.effect_lease_s)
        claimed = await self._deps.database.transaction(
            lambda connection: effects.claim(
                connection, self._deps.clock.now(), lease, self._deps.settings.stock_concurrency
            )
        )
        async with asyncio.TaskGroup() as group:
            for effect in claimed:
                group.create_task(self._tell(effect))
        return len(claimed)

    async def _tell(self, effect: effects.Effect) -> None:
        task = await self._deps.database.read(lambda c: tasks.get(c, effect.task_id))
        try:
            await self._deps.stock.fulfil(task)
        except REFUSALS as refusal:
            failure = f"{refusal.reason}: {refusal.message}"
            log.error("stock refuses what left", task_id=effect.task_id, failure=failure)
            await self._deps.database.transaction(lambda c: effects.refuse(c, effect.task_id, failure))
        except OnhandError:
            pause = min(2.0 ** (effect.attempts - 1), self._deps.settings.effect_backoff_max_s)
            time = self._deps.clock.now() + timedelta(seconds=pause)
            await self._deps.database.transaction(lambda c: effects.postpone(c, effect.task_id, time))
        else:
            await self._deps.database.transaction(lambda c: effects.settle(c, effect.task_id))

    async def forget_withdrawals(self) -> int:
        """Drop withdrawals whose task never came in the time that events can come."""
        before = self._deps.clock.now() - timedelta(days=self._deps.settings.outbox_retention_days * 2)
        return await self._deps.database.transaction(lambda c: withdrawals.forget(c, before))

    async def _time_out(
        self,
        claim: Callable[[AsyncConnection, datetime, int], Awaitable[Sequence[str]]],
        decide: Callable[[Task, datetime], Change],
    ) -> int:
        async def work(connection: AsyncConnection) -> list[Task]:
            now = self._deps.clock.now()
            late = [
                await tasks.get(connection, task_id)
                for task_id in await claim(connection, now, self._deps.settings.sweep_batch)
            ]
            for task in late:
                await save(self._deps, connection, task, decide(task, now), SERVICE)
            return late

        late = await self._deps.database.transaction(work)
        self._deps.watchers.notify({task.assignment.location_id for task in late})
        return len(late)
