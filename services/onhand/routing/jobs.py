"""Timers: nothing waits without someone who looks at it in time."""

import asyncio

from onhand.routing.config import RoutingSettings
from onhand.routing.saga import Saga


class Jobs:
    def __init__(self, saga: Saga, settings: RoutingSettings) -> None:
        self._saga = saga
        self._settings = settings

    async def advance_orders(self) -> None:
        """Advance due orders until cancelled; any number of processes may, each takes others."""
        while True:
            # Less than a batch: nothing else was due.
            if await self._saga.advance_due() < self._settings.job_batch:
                await asyncio.sleep(self._settings.job_interval_s)

    async def plan_waves(self) -> None:
        """Plan waves that have begun until cancelled."""
        while True:
            if await self._saga.plan_wave() < self._settings.wave_orders:
                await asyncio.sleep(self._settings.job_interval_s)
