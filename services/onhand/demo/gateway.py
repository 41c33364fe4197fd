"""The antennas at the exits: one gateway for all stores, over one gRPC stream."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from random import Random

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.client import AsyncStock
from onhand.demo.live import CUT
from onhand.demo.meter import Meter
from onhand.demo.readers import sample
from onhand.demo.tally import Tally
from onhand.kit.clock import Clock

RECONNECT_S = 0.5
RSSI_CDBM = -4500


class ExitGateway:
    """Keeps each batch until stock has acknowledged it, and sends it again after a cut."""

    def __init__(
        self, stock: AsyncStock, *, clock: Clock, random: Random, tally: Tally, meter: Meter
    ) -> None:
        self._stock = stock
        self._clock = clock
        self._random = random
        self._tally = tally
        self._meter = meter
        self._unacknowledged: dict[int, tuple[float, pb.RecordReadsRequest]] = {}
        self._sequence = 0
        self._added = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()

    def leave(self, location_id: str, epcs: Iterable[bytes]) -> None:
        """Tags pass the exit of a store; some are not read."""
        now = self._clock.now()
        reads = [
            pb.Read(
                epc=epc,
                antenna=1,
                read_time=now - timedelta(seconds=0.2 * self._random.random()),
                rssi_cdbm=RSSI_CDBM,
            )
            for epc in sample(epcs, self._random)
        ]
        if reads:
            self._sequence += 1
            batch = pb.RecordReadsRequest(reader_id=exit_id(location_id), reads=reads)
            self._unacknowledged[self._sequence] = time.perf_counter(), batch
            self._settled.clear()
            self._added.set()

    async def run(self) -> None:
        """Stream until cancelled."""
        while True:
            try:
                async for answer in self._stock.reads.StreamReads(self._batches()):
                    self._acknowledge(answer)
            except CUT:
                self._tally.tell("gateway  the stream was cut; sending again what was not acknowledged")
            await asyncio.sleep(RECONNECT_S)

    async def settled(self) -> None:
        """Wait until everything is acknowledged."""
        await self._settled.wait()

    async def _batches(self) -> AsyncIterator[pb.StreamReadsRequest]:
        sent = 0
        while True:
            self._added.clear()
            for sequence, (_, batch) in list(self._unacknowledged.items()):
                if sequence > sent:
                    sent = sequence
                    yield pb.StreamReadsRequest(sequence=sequence, batch=batch)
            await self._added.wait()

    def _acknowledge(self, answer: pb.StreamReadsResponse) -> None:
        sent_at, batch = self._unacknowledged.pop(answer.sequence)
        self._meter.note("StreamReads, a batch acknowledged", time.perf_counter() - sent_at)
        tally, result = self._tally.reads, answer.result
        tally.posted += len(batch.reads)
        tally.accepted += result.accepted_count
        tally.repeated += result.repeated_count
        tally.refused += result.refused_count
        tally.unknown += result.unknown_item_count
        if not self._unacknowledged:
            self._settled.set()


def exit_id(location_id: str) -> str:
    """Name the reader at a store's exit."""
    return f"exit-{location_id.lower()}"
