"""The spool for the event loop: what many sources take at once is written together, by one thread."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypeVar

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway import log
from onhand.gateway.config import GatewaySettings
from onhand.gateway.spool.store import Batch, Cleared, Spool
from onhand.kit.clock import Clock
from onhand.kit.waiting import set_or_after

RETRY_S = 1.0
"""Pause after a write that the disk did not take."""

T = TypeVar("T")


@dataclass(slots=True)
class _Taking:
    reader_id: str
    reads: Sequence[pb.Read]
    durable: asyncio.Future[None]


class SpoolWriter:
    """Takes reads and acknowledgements, and writes them in groups."""

    def __init__(
        self, spool: Spool, thread: ThreadPoolExecutor, settings: GatewaySettings, clock: Clock
    ) -> None:
        """Write to `spool`, which `thread`, of one worker, has opened."""
        self.grown = asyncio.Event()
        """Set when batches have come; whoever reads them clears it."""
        self._spool = spool
        self._thread = thread
        self._settings = settings
        self._clock = clock
        self._taking: list[_Taking] = []
        self._pending_reads = 0
        self._acknowledged: list[int] = []
        self._counted: defaultdict[str, int] = defaultdict(int)
        self._changed = asyncio.Event()
        self._full = asyncio.Event()
        self._written = asyncio.Condition()
        self._closing = False

    @classmethod
    async def open(cls, settings: GatewaySettings, clock: Clock) -> Self:
        """Open the spool. Raises what `Spool` does."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        make = partial(Spool, settings.spool_dir, settings.max_spool_bytes, settings.thin_window_s)
        try:
            spool = await asyncio.get_running_loop().run_in_executor(thread, make)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        if spool.damaged is not None:
            log.error(
                "the spool was damaged: what waited in it is not sent; a new one is begun", kept=spool.damaged
            )
        return cls(spool, thread, settings, clock)

    async def take(self, reader_id: str, reads: Sequence[pb.Read]) -> None:
        """Return when `reads`, which must obey the contract's rules, are durable.

        Waits while the disk does not keep up: that is how it holds a source back.
        """
        if not reads:
            return
        async with self._written:
            await self._written.wait_for(
                lambda: (
                    self._pending_reads == 0
                    or self._pending_reads + len(reads) <= self._settings.max_pending_reads
                )
            )
        durable = asyncio.get_running_loop().create_future()
        self._taking.append(_Taking(reader_id, reads, durable))
        self._pending_reads += len(reads)
        if self._pending_reads >= self._settings.max_batch_reads:
            self._full.set()
        self._changed.set()
        await durable

    def acknowledge(self, position: int) -> None:
        """Forget a batch with the next write. A crash before it costs a repeat, which changes nothing."""
        self._acknowledged.append(position)
        self._changed.set()

    def count(self, **counted: int) -> None:
        """Add to counters that outlive the process, with the next write."""
        for name, value in counted.items():
            self._counted[name] += value

    async def after(self, position: int, limit: int) -> list[Batch]:
        return await self._do(lambda: self._spool.after(position, limit))

    async def set_aside(self, position: int, refusal: str) -> None:
        await self._do(lambda: self._spool.set_aside(position, refusal))

    async def retry_set_aside(self) -> int:
        return await self._do(self._spool.retry_set_aside)

    async def tell(self, status: Mapping[str, Any]) -> None:
        await self._do(lambda: self._spool.tell(status))

    async def used_bytes(self) -> int:
        return await self._do(self._spool.used_bytes)

    async def oldest_ms(self) -> int | None:
        return await self._do(self._spool.oldest_ms)

    async def run(self) -> None:
        """Write until `close`. Ends with an exception only when the file is damaged."""
        while not (self._closing and not (self._taking or self._acknowledged or self._counted)):
            await self._changed.wait()
            if not self._closing:
                await set_or_after(self._full, self._settings.commit_interval_s)
            self._changed.clear()
            self._full.clear()
            await self._write()
        await self._do(self._spool.close)
        self._thread.shutdown(wait=False)

    def close(self) -> None:
        """Let `run` write what is there, close the file and end."""
        self._closing = True
        self._changed.set()
        self._full.set()

    async def _write(self) -> None:
        taking, self._taking = self._taking, []
        acknowledged, self._acknowledged = self._acknowledged, []
        counted, self._counted = dict(self._counted), defaultdict(int)
        batches = _batches(taking, self._settings.max_batch_reads)
        received_ms = int(self._clock.now().timestamp() * 1_000)
        write = partial(self._spool.write, received_ms, batches, acknowledged, counted)
        cleared = await self._until_it_works(write)
        if cleared:
            log.error(
                "the spool is full: reads were given up",
                thinned_reads=cleared.thinned_reads,
                dropped_batches=cleared.dropped_batches,
                dropped_reads=cleared.dropped_reads,
                max_spool_bytes=self._settings.max_spool_bytes,
            )
        for each in taking:
            if not each.durable.done():  # its source may have been cancelled
                each.durable.set_result(None)
        async with self._written:
            self._pending_reads -= sum(len(each.reads) for each in taking)
            self._written.notify_all()
        if batches:
            self.grown.set()

    async def _until_it_works(self, write: Callable[[], Cleared]) -> Cleared:
        while True:
            try:
                return await self._do(write)
            except sqlite3.OperationalError as error:  # a full disk, a lock held for long
                log.error("the spool cannot be written; readers wait", error=str(error))
            await asyncio.sleep(RETRY_S)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _batches(taking: Sequence[_Taking], max_reads: int) -> list[pb.RecordReadsRequest]:
    """Put the reads of each reader together, in the order in which they came."""
    by_reader: dict[str, list[pb.Read]] = {}
    for each in taking:
        by_reader.setdefault(each.reader_id, []).extend(each.reads)
    return [
        pb.RecordReadsRequest(reader_id=reader_id, reads=reads[start : start + max_reads])
        for reader_id, reads in by_reader.items()
        for start in range(0, len(reads), max_reads)
    ]
