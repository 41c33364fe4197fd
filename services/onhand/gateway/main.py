"""The gateway's process: readers in, a spool between, stock out."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from onhand.client import AsyncStock
from onhand.client import Settings as ClientSettings
from onhand.gateway import log, readers_file
from onhand.gateway.config import GatewaySettings
from onhand.gateway.readers_file import Entry, LlrpEntry
from onhand.gateway.sender import Sender, token_of
from onhand.gateway.sources.intake import Intake
from onhand.gateway.sources.llrp import LlrpSource
from onhand.gateway.sources.mqtt import MqttSource
from onhand.gateway.spool.store import SpoolInUseError, SpoolTooNewError
from onhand.gateway.spool.writer import SpoolWriter
from onhand.kit import config
from onhand.kit.clock import Clock, SystemClock

CLOSE_S = 15.0
"""How long readers, and then the spool, get to end in order at SIGTERM."""


def main() -> None:
    settings = config.load(GatewaySettings)
    log.configure(settings.log_level)
    try:
        entries = readers_file.load(settings.readers_file)
        calls = ClientSettings(
            root_certificates=_read(settings.stock_root_certificates),
            certificate_chain=_read(settings.stock_certificate_file),
            private_key=_read(settings.stock_key_file),
        )
        asyncio.run(run(settings, entries, calls, SystemClock(), Random()))
    except (
        readers_file.UnusableReadersFileError,
        SpoolInUseError,
        SpoolTooNewError,
        OSError,
        sqlite3.Error,
    ) as error:
        print(f"onhand: {error}", file=sys.stderr)  # noqa: T201 - before, or after, anything is logged
        raise SystemExit(2) from None


async def run(
    settings: GatewaySettings, entries: Sequence[Entry], calls: ClientSettings, clock: Clock, random: Random
) -> None:
    """Take reads and send them until SIGTERM or SIGINT. Raises what opening the spool does."""
    writer = await SpoolWriter.open(settings, clock)
    if again := await writer.retry_set_aside():
        log.info("batches that stock refused before are sent again", batches=again)
    stock = AsyncStock(settings.stock_target, token_of(settings), calls)
    sender = Sender(stock, writer, settings, random)
    sources = [_source(entry, writer, settings, clock, random) for entry in entries]

    writing = asyncio.create_task(writer.run(), name="spool")
    sending = asyncio.create_task(sender.run(), name="sender")
    telling = asyncio.create_task(_tell(writer, sender, sources, settings, clock), name="status")
    reading = [asyncio.create_task(each.run(), name=each.intake.status.name) for each in sources]
    stop = asyncio.create_task(_signalled(), name="stop")
    log.info("started", readers=len(entries), stock=settings.stock_target, spool=settings.spool_dir)

    ended, _ = await asyncio.wait(
        {writing, sending, telling, stop, *reading}, return_when=asyncio.FIRST_COMPLETED
    )
    log.info("stopping")
    await _cancel([stop, telling, *reading])
    writer.close()
    await asyncio.wait({writing}, timeout=CLOSE_S)
    await _cancel([sending, writing])
    await stock.close()
    for task in ended - {stop}:
        # Nothing here ends by itself. Whoever started us starts us again, and the spool is checked then.
        raise RuntimeError(f"{task.get_name()} failed") from task.exception()


def _source(
    entry: Entry, writer: SpoolWriter, settings: GatewaySettings, clock: Clock, random: Random
) -> LlrpSource | MqttSource:
    intake = Intake(entry.name, entry.kind, writer, clock)
    if isinstance(entry, LlrpEntry):
        return LlrpSource(entry, intake, settings, random)
    return MqttSource(entry, intake, settings)


async def _tell(
    writer: SpoolWriter,
    sender: Sender,
    sources: Sequence[LlrpSource | MqttSource],
    settings: GatewaySettings,
    clock: Clock,
) -> None:
    """Write down how things are, for `onhand gateway status`, and log it."""
    started = clock.now()
    while True:
        now = clock.now()
        spool = {"used_bytes": await writer.used_bytes(), "oldest_s": _age_s(await writer.oldest_ms(), now)}
        status: dict[str, Any] = {
            "process": {
                "started": started,
                "written": now,
                "fresh_s": 3 * settings.status_interval_s,
                "max_spool_bytes": settings.max_spool_bytes,
            },
            "stock": {"target": settings.stock_target, **asdict(sender.status)},
            "readers": [asdict(source.intake.status) for source in sources],
        }
        await writer.tell(status)
        log.info(
            "status",
            stock=sender.status.state,
            acknowledged_batches=sender.status.acknowledged_batches,
            readers_down=[each["name"] for each in status["readers"] if each["state"] == "down"],
            reads=sum(each["reads"] for each in status["readers"]),
            **spool,
        )
        await asyncio.sleep(settings.status_interval_s)


def _age_s(time_ms: int | None, now: datetime) -> float:
    """Return how long ago something was; 0 for nothing."""
    return 0.0 if time_ms is None else round(now.timestamp() - time_ms / 1_000, 3)


async def _signalled() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=CLOSE_S)


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
