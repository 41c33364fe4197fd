"""One caller who writes all the time: how long nothing is acknowledged, and whether anything acknowledged is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import grpc

from onhand.api.stock.v1 import availability_pb2, catalog_pb2, ledger_pb2
from onhand.cli import keys
from onhand.cli.runtime import Runtime
from onhand.client import AsyncStock, Settings
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError

SCOPES = ["stock.read", "stock.write", "catalog.write"]
WITHIN_S = 3.0
"""Longest wait for one answer; then the same is asked again."""
PAUSE_S = 0.05


class Prober:
    """Receives one unit after another, each again until it is acknowledged."""

    def __init__(self, runtime: Runtime, clock: Clock, name: str = "prober") -> None:
        """`name` is whose calls they are, and of the place and the item that nobody else touches."""
        self._name = name
        token = keys.mint(runtime.keys_dir, name, SCOPES, ["*"], keys.SERVICE_TOKEN_TTL, clock.now())
        self._stock = AsyncStock(
            runtime.addresses["stock"], token, Settings(timeout_s=WITHIN_S, max_attempts=1)
        )
        self._clock = clock
        self.acknowledged: list[float] = []
        """When, by the loop's time."""
        self.unanswered = 0
        """Attempts that were not answered in time, or told to come again."""

    async def run(self) -> None:
        """Write until cancelled."""
        place = catalog_pb2.Location(location_id=self._name, kind="KIND_STORE", time_zone="UTC")
        await self._again(
            self._stock.catalog.BatchUpsertLocations,
            catalog_pb2.BatchUpsertLocationsRequest(locations=[place]),
        )
        item = catalog_pb2.Item(item_id=self._name, title=self._name)
        await self._again(
            self._stock.catalog.BatchUpsertItems, catalog_pb2.BatchUpsertItemsRequest(items=[item])
        )
        line = ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=self._name), quantity=1)
        while True:
            request_id = str(self._clock.uuid())
            await self._again(
                self._stock.ledger.RecordReceipt,
                ledger_pb2.RecordReceiptRequest(request_id=request_id, location_id=self._name, lines=[line]),
            )
            self.acknowledged.append(asyncio.get_running_loop().time())
            await asyncio.sleep(PAUSE_S)

    async def lost(self) -> int:
        """Return how many of the units that were acknowledged are not there."""
        question = availability_pb2.GetAvailabilityRequest(
            item_ids=[self._name],
            location_ids=[self._name],
            consistency=availability_pb2.Consistency(fully_consistent=True),
        )
        answer = await self._again(self._stock.availability.GetAvailability, question)
        await self._stock.close()
        return max(0, len(self.acknowledged) - answer.lines[0].availability.on_hand)

    def silence_s(self, began: float, ended: float) -> float:
        """Return the longest time without an acknowledgement that reaches into a time."""
        return max(
            (
                after - before
                for before, after in pairwise(self.acknowledged)
                if before < ended and after > began
            ),
            default=float("inf"),
        )

    async def _again(self, call: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
        while True:
            try:
                return await call(request)
            except (OnhandError, grpc.aio.AioRpcError):
                self.unanswered += 1
                await asyncio.sleep(PAUSE_S)
