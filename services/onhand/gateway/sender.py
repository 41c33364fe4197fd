"""From the spool to stock: one stream, in order, until each batch is acknowledged.

A batch leaves the spool only after stock has said that it is durable there. After a cut the stream starts
again at the first batch without acknowledgement; what stock has recorded before changes nothing again.
"""

import asyncio
import sqlite3
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from random import Random
from typing import Any

import grpc

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.client import AsyncStock
from onhand.client.packing import packed
from onhand.gateway import log
from onhand.gateway.backoff import Backoff
from onhand.gateway.config import GatewaySettings
from onhand.gateway.spool.store import Batch
from onhand.gateway.spool.writer import SpoolWriter
from onhand.kit.errors import (
    Internal,
    InvalidField,
    InvalidToken,
    MissingScope,
    NotFound,
    OnhandError,
    TooMany,
    UnknownLocation,
    WrongLocation,
)

LASTING = (InvalidField, TooMany, NotFound, UnknownLocation, WrongLocation)
"""Failures that the same batch would meet again: it must not hold back those behind it."""
HOLD_S = 60.0
"""How long a reader's batches are set aside unsent after stock refused one: a misconfigured reader must not
break the others' stream with each batch."""
REFUSALS_TOLD_S = 60.0
"""How often the refusals of one reader are logged with the same reason."""
MAX_TOLD = 1_000
"""Readers and reasons remembered for that; protects memory."""


class OlderStockError(Exception):
    """Stock answered without having seen the reads: it does not know their form, and skipped them."""


class AnswerOutOfOrderError(Exception):
    """Stock acknowledged another batch than the oldest in flight."""


@dataclass
class LineStatus:
    """How the connection to stock is, for people."""

    state: str = "connecting"
    """connecting, streaming, or down."""
    detail: str = ""
    acknowledged_batches: int = 0
    in_flight: int = 0


class Sender:
    def __init__(
        self, stock: AsyncStock, writer: SpoolWriter, settings: GatewaySettings, random: Random
    ) -> None:
        self.status = LineStatus()
        self._stock = stock
        self._writer = writer
        self._settings = settings
        self._backoff = Backoff(settings.max_backoff_s, random)
        self._in_flight: deque[Batch] = deque()
        self._window = asyncio.Semaphore()
        self._packs = True
        """Reads go in columns, until stock turns out not to know them."""
        self._failure: Exception | None = None
        self._faults: tuple[int, int] = (0, 0)
        """The batch that stock failed on, and how often in a row."""
        self._held: dict[str, tuple[float, str]] = {}
        """Until when, and why, batches of a reader are set aside."""
        self._told: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._in_flight.clear()
            self._window = asyncio.Semaphore(self._settings.max_in_flight_batches)
            try:
                await self._stream()
            except asyncio.CancelledError:
                # gRPC says "cancelled" also of a call that it ended itself.
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                await self._lost("the call was cancelled")
            except LASTING as error:
                await self._refused(error)
            except OnhandError as error:
                await self._failed(error)
            except grpc.aio.AioRpcError as error:
                await self._lost(f"{error.code().name}: {error.details()}")
            except TimeoutError:
                await self._lost(f"no acknowledgement within {self._settings.ack_timeout_s:g} s")
            except (OSError, sqlite3.OperationalError, AnswerOutOfOrderError, OlderStockError) as error:
                # OSError: the token's file; SQLite's: a disk that does not answer, not a damaged spool.
                await self._lost(str(error))
            else:
                await self._lost("stock ended the stream")

    async def _stream(self) -> None:
        """Send and take acknowledgements until the stream ends, for whatever reason."""
        self._failure = None
        async with asyncio.timeout(None) as patience:
            answers = self._stock.reads.StreamReads(self._requests(patience))
            async with aclosing(answers):  # type: ignore[type-var]  # ours is a generator, not gRPC's call
                async for answer in answers:
                    self._acknowledge(answer)
                    patience.reschedule(self._deadline() if self._in_flight else None)
        if self._failure is not None:
            raise self._failure

    async def _requests(self, patience: asyncio.Timeout) -> AsyncIterator[pb.StreamReadsRequest]:
        """Yield what waits, as far as the window allows. A failure ends the stream and is raised by it."""
        position = 0
        try:
            while True:
                self._writer.grown.clear()
                batches = await self._writer.after(position, self._settings.max_in_flight_batches)
                for batch in batches:
                    position = batch.position
                    if refusal := self._hold(batch.request.reader_id):
                        await self._writer.set_aside(position, refusal)
                        continue
                    await self._window.acquire()
                    if not self._in_flight and not patience.expired():
                        patience.reschedule(self._deadline())
                    self._in_flight.append(batch)
                    request = packed(batch.request) if self._packs else batch.request
                    yield pb.StreamReadsRequest(sequence=position, batch=request)
                if not batches:
                    await self._writer.grown.wait()
        except Exception as error:  # noqa: BLE001 - gRPC would only log it and leave us waiting
            self._failure = error

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._settings.ack_timeout_s

    def _acknowledge(self, answer: pb.StreamReadsResponse) -> None:
        if not self._in_flight or self._in_flight[0].position != answer.sequence:
            raise AnswerOutOfOrderError(
                f"{answer.sequence} was acknowledged, which is not the oldest in flight"
            )
        batch = self._in_flight[0]
        result = answer.result
        told = result.accepted_count + result.repeated_count + result.refused_count
        if told < len(batch.request.reads):
            self._packs = False
            raise OlderStockError("stock is older than this gateway: it did not see reads in columns")
        self._in_flight.popleft()
        self._window.release()
        self._writer.acknowledge(batch.position)
        self._backoff.reset()
        if self.status.state != "streaming":
            log.info("stock takes reads", target=self._settings.stock_target)
            self.status.state, self.status.detail = "streaming", ""
        self.status.acknowledged_batches += 1
        self.status.in_flight = len(self._in_flight)
        self._writer.count(
            acknowledged_reads=len(batch.request.reads),
            accepted_reads=result.accepted_count,
            repeated_reads=result.repeated_count,
            refused_reads=result.refused_count,
        )
        if result.refused_count:
            self._tell_refusals(batch.request.reader_id, result)

    def _tell_refusals(self, reader_id: str, result: pb.RecordReadsResponse) -> None:
        """Log what stock refused of a batch, each reader's reasons once a minute; the counters have all."""
        now = time.monotonic()
        if len(self._told) > MAX_TOLD:
            self._told.clear()
        for reason, count in Counter(each.reason for each in result.refusals).items():
            if now - self._told.get((reader_id, reason), -REFUSALS_TOLD_S) >= REFUSALS_TOLD_S:
                self._told[reader_id, reason] = now
                message = next(each.message for each in result.refusals if each.reason == reason)
                log.warning(
                    "stock refused reads", reader=reader_id, reason=reason, count=count, example=message
                )

    async def _refused(self, error: OnhandError) -> None:
        """Set aside the batch that stock will never take. It works in order: that is the oldest in flight."""
        if not self._in_flight:
            await self._lost(error.message)
            return
        batch = self._in_flight[0]
        log.error(
            "stock does not take a batch: it is set aside until the gateway starts again",
            reader=batch.request.reader_id,
            position=batch.position,
            reads=len(batch.request.reads),
            reason=error.reason,
            error=error.message,
        )
        refusal = f"{error.reason}: {error.message}"
        if not isinstance(error, Internal):
            self._held[batch.request.reader_id] = time.monotonic() + HOLD_S, refusal
        await self._writer.set_aside(batch.position, refusal)

    def _hold(self, reader_id: str) -> str:
        """Return why a batch of this reader is not sent; empty when it is."""
        until, refusal = self._held.get(reader_id, (0.0, ""))
        if refusal and time.monotonic() >= until:
            del self._held[reader_id]
            return ""
        return refusal

    async def _failed(self, error: OnhandError) -> None:
        """Pause, and set aside a batch that makes stock fail again and again."""
        if isinstance(error, Internal) and self._in_flight:
            position, times = self._faults
            oldest = self._in_flight[0].position
            self._faults = (oldest, times + 1 if position == oldest else 1)
            if self._faults[1] >= self._settings.max_batch_attempts:
                await self._refused(error)
                return
        if isinstance(error, InvalidToken | MissingScope):
            log.error("stock does not accept the token", file=self._settings.token_file, error=error.message)
        await self._lost(f"{error.reason}: {error.message}")

    async def _lost(self, why: str) -> None:
        if self.status.state != "down" or self.status.detail != why:
            log.warning(
                "no stream to stock; reads wait in the spool", target=self._settings.stock_target, why=why
            )
        self.status.state, self.status.detail, self.status.in_flight = "down", why, 0
        await self._backoff.pause()


def token_of(settings: GatewaySettings) -> Any:
    """Return a source of the token that reads its file for each call, so that a new one needs no restart."""
    file = settings.token_file
    if file is None:
        return lambda: ""  # its certificate says who it is
    return lambda: file.read_text(encoding="utf-8").strip()
