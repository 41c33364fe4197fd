"""What happens without anybody asking: deadlines pass, stock is told what left."""

from onhand.kit.waiting import set_or_after
from onhand.pickup.use_cases import Deps, Keys, Slots, Sweeps


class Jobs:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._sweeps = Sweeps(deps)
        self._slots = Slots(deps)
        self._keys = Keys(deps)

    async def pass_deadlines(self) -> None:
        """Do to tasks and slots what is due."""
        for sweep in (self._sweeps.pass_deadlines, self._slots.expire, self._slots.overrun):
            while await sweep():
                pass

    async def tell_stock(self) -> None:
        """Tell stock what left, at once, and again when it did not answer; runs until cancelled."""
        added = self._deps.effect_added
        while True:
            added.clear()
            if not await self._sweeps.tell_stock():
                await set_or_after(added, self._deps.settings.effect_interval_s)

    async def forget(self) -> None:
        await self._sweeps.forget_withdrawals()
        await self._keys.forget()
