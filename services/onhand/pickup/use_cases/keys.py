"""The keys of collection passes: made ahead, shared by all processes, forgotten."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup import passes
from onhand.pickup.domain.task import Task
from onhand.pickup.passes import Pass
from onhand.pickup.storage import keys
from onhand.pickup.use_cases.deps import Deps

KEPT_EPOCHS = 8
"""How many epochs a key is kept after its own: a till may tell of a hand-over that late."""


class Keys:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._epoch = timedelta(seconds=deps.settings.key_epoch_s)
        self._lifetime = timedelta(seconds=deps.settings.pass_lifetime_s)

    async def published(self) -> tuple[str, datetime]:
        """Return the public keys, the next epoch's too, and when a key may come that is not among them."""
        now = self._deps.clock.now()
        present = passes.epoch_of(now, self._epoch)
        first = passes.epoch_of(now - self._lifetime - passes.CLOCK_SKEW, self._epoch)
        known = await self._known(present)
        shown = {epoch: key for epoch, key in known.items() if epoch >= first}
        refresh = datetime.fromtimestamp((present + 2) * self._epoch.total_seconds(), tz=UTC)
        return passes.key_set(shown), refresh

    async def sign(self, task: Task) -> tuple[str, datetime]:
        """Return a pass for a task that is ready, and until when it is good."""
        now = self._deps.clock.now()
        present = passes.epoch_of(now, self._epoch)
        expire_time = now + self._lifetime
        if task.expire_time is not None:
            expire_time = max(min(expire_time, task.expire_time), now)
        key = (await self._known(present))[present]
        return passes.sign(task, present, key, now, expire_time), expire_time

    async def verify(self, text: str) -> Pass | None:
        """Return what a pass says, if one of our keys signed it; whether it is still good is not looked at."""
        present = passes.epoch_of(self._deps.clock.now(), self._epoch)
        return passes.verify(text, await self._known(present))

    async def _known(self, present: int) -> dict[int, str]:
        """Return the keys of the epochs kept, with those of the present and the next made if need be."""
        first = present - KEPT_EPOCHS
        known = await self._deps.database.read(lambda c: keys.since(c, first))
        missing = [epoch for epoch in (present, present + 1) if epoch not in known]
        if not missing:
            return known

        async def make(connection: AsyncConnection) -> dict[int, str]:
            for epoch in missing:
                await keys.ensure(connection, epoch, passes.new_key)
            return await keys.since(connection, first)

        return await self._deps.database.transaction(make)

    async def forget(self) -> int:
        """Drop keys that nobody can need any more; returns how many."""
        first = passes.epoch_of(self._deps.clock.now(), self._epoch) - KEPT_EPOCHS
        return await self._deps.database.transaction(lambda c: keys.forget(c, first))
