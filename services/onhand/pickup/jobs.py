"""What happens without anybody asking: deadlines pass, stock is told what left."""

from onhand.kit.waiting import set_or_after
from onhand.pickup.config import PickupSettings
from onhand.pickup.use_cases import Pickup


class Jobs:
    def __init__(self, pickup: Pickup, settings: PickupSettings) -> None:
        self._pickup = pickup
        self._settings = settings

    async def pass_deadlines(self) -> None:
        """End tasks that were not accepted, or not collected, in time."""
        for sweep in (self._pickup.reject_unaccepted, self._pickup.expire_uncollected):
            while await sweep():
                pass

    async def tell_stock(self) -> None:
        """Tell stock what left, at once, and again when it did not answer; runs until cancelled."""
        added = self._pickup.effect_added
        while True:
            added.clear()
            if not await self._pickup.tell_stock():
                await set_or_after(added, self._settings.effect_interval_s)

    async def forget(self) -> None:
        await self._pickup.forget_withdrawals()
