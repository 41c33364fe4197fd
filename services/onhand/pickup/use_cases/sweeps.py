"""What is due: deadlines that passed, and what stock is to be told. Each returns how much it found to do."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound, OnhandError, WrongState
from onhand.kit.telemetry import log
from onhand.pickup.domain import deadlines, offers
from onhand.pickup.domain.departure import EffectKind, whole_departure
from onhand.pickup.domain.task import Task
from onhand.pickup.domain.transitions import At, Change
from onhand.pickup.stock import REFUSALS
from onhand.pickup.storage import effects, tasks, withdrawals
from onhand.pickup.storage.effects import Effect
from onhand.pickup.use_cases.changes import SERVICE, at, save
from onhand.pickup.use_cases.deps import Deps


class Sweeps:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def pass_deadlines(self) -> int:
        """Do what is due to a batch of tasks."""

        async def work(connection: AsyncConnection) -> list[Task]:
            claimed = await tasks.claim_due(
                connection, self._deps.clock.now(), self._deps.settings.sweep_batch
            )
            late = [await tasks.get(connection, task_id) for task_id in claimed]
            for task in late:
                present = await at(self._deps, connection, task.assignment.location_id)
                change = deadlines.pass_time(task, present, lambda: str(self._deps.clock.uuid()))
                if change.facts:
                    await save(self._deps, connection, task, change, SERVICE)
                else:  # its time had not been put right by an earlier version
                    await tasks.set_due(connection, task)
            return late

        late = await self._deps.database.transaction(work)
        self._deps.watchers.notify({task.assignment.location_id for task in late})
        if late:
            self._deps.effect_added.set()
        return len(late)

    async def tell_stock(self) -> int:
        """Tell stock what it is owed; what it does not take now it is told again later."""
        lease = timedelta(seconds=self._deps.settings.effect_lease_s)
        now, limit = self._deps.clock.now(), self._deps.settings.stock_concurrency

        async def work(connection: AsyncConnection) -> list[Effect]:
            for task_id in await effects.adopt(connection, now, limit):
                task = await tasks.get(connection, task_id)
                await effects.add(connection, task, [whole_departure(task)], now)
            return await effects.claim(connection, now, lease, limit)

        claimed = await self._deps.database.transaction(work)
        async with asyncio.TaskGroup() as group:
            for effect in claimed:
                group.create_task(self._tell(effect))
        return len(claimed)

    async def _tell(self, effect: Effect) -> None:
        try:
            await self._deps.stock.tell(effect)
        except REFUSALS as refusal:
            await self._refused(effect, refusal)
        except OnhandError:
            pause = min(2.0 ** (effect.attempts - 1), self._deps.settings.effect_backoff_max_s)
            time = self._deps.clock.now() + timedelta(seconds=pause)
            await self._deps.database.transaction(lambda c: effects.postpone(c, effect, time))
        else:
            await self._settle(effect, offers.offered)

    async def _refused(self, effect: Effect, refusal: OnhandError) -> None:
        """Stock will never take it: for a substitute an answer like another, else for a person."""
        kind = effect.owed.kind
        if kind is EffectKind.HOLD:
            await self._settle(effect, lambda task, offer_id, _: offers.fail(task, offer_id))
            return
        if kind is EffectKind.RELEASE and isinstance(refusal, NotFound | WrongState):
            await self._settle(effect, offers.offered)  # nothing is held there any more
            return
        failure = f"{refusal.reason}: {refusal.message}"
        log.error("stock refuses what it is owed", task_id=effect.task_id, failure=failure)
        await self._deps.database.transaction(lambda c: effects.refuse(c, effect, failure))

    async def _settle(self, effect: Effect, held: Callable[[Task, str, At], Change]) -> None:
        """Note that stock knows; `held` is what that means for a substitute that was to be held."""

        async def work(connection: AsyncConnection) -> str:
            task = await tasks.lock(connection, effect.task_id)
            if effect.owed.kind is EffectKind.HOLD:
                present = await at(self._deps, connection, task.assignment.location_id)
                change = held(task, effect.owed.reservation_id, present)
                await save(self._deps, connection, task, change, SERVICE)
            await effects.settle(connection, effect)
            return task.assignment.location_id

        location_id = await self._deps.database.transaction(work)
        self._deps.watchers.notify([location_id])
        self._deps.effect_added.set()

    async def forget_withdrawals(self) -> int:
        """Drop withdrawals whose task never came in the time that events can come."""
        before = self._deps.clock.now() - timedelta(days=self._deps.settings.outbox_retention_days * 2)
        return await self._deps.database.transaction(lambda c: withdrawals.forget(c, before))
