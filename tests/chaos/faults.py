"""Faults on purpose: what is done to which process, when, and for how long; from a seed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any

import psutil

from onhand.cli.runtime import Runtime

TARGETS = ("stock", "routing", "pickup", "notifications", "edge", "postgres", "nats")
PAUSE_S = (6.0, 24.0)
"""Between the beginnings of two faults."""
LASTS_S = (0.5, 8.0)
"""Of a fault that ends by itself."""
FILLER = "filler"
BLOCK = bytes(1 << 20)


class Kind(Enum):
    KILL = "killed"
    """SIGKILL; the supervisor starts it again."""
    STOP = "stopped"
    """SIGSTOP to it and its children, then SIGCONT: a machine that hangs and comes back."""
    CUT = "cut off"
    """What is sent to its port is dropped: a link that is down, with connections that do not know it."""
    FILL = "disk full"
    """Not a byte more can be written to the folder of all data."""
    FAIL_OVER = "replaced by its standby"
    """SIGKILL to the primary; the standby is promoted, and gets a standby of its own."""


WEIGHTS = {Kind.KILL: 5, Kind.STOP: 3, Kind.CUT: 2, Kind.FILL: 1, Kind.FAIL_OVER: 2}
ALONE = {Kind.FILL: "data folder", Kind.FAIL_OVER: "primary"}
"""Kinds that have one target only."""
BY_THEMSELVES = (Kind.KILL, Kind.FAIL_OVER)
"""Kinds that last until somebody has mended what was broken."""


@dataclass(frozen=True, slots=True)
class Fault:
    at_s: float
    """After the first fault could have come."""
    kind: Kind
    target: str
    lasts_s: float

    def __str__(self) -> str:
        lasts = "" if self.kind in BY_THEMSELVES else f" for {self.lasts_s:.1f} s"
        return f"{self.target} {self.kind.value}{lasts}"


def schedule(
    random: Random, seconds: float, kinds: Sequence[Kind], targets: Sequence[str] = TARGETS
) -> list[Fault]:
    """Return the faults of a run, in their order. The last ends before the run does."""
    faults: list[Fault] = []
    at_s = 0.0
    while (at_s := at_s + random.uniform(*PAUSE_S)) < seconds - LASTS_S[1]:
        kind = random.choices(kinds, [WEIGHTS[each] for each in kinds])[0]
        target = ALONE.get(kind) or random.choice(targets)
        faults.append(Fault(at_s, kind, target, random.uniform(*LASTS_S)))
    return faults


class Injector:
    """Does what a schedule says to a running `onhand up`, or to a cluster that can `fail_over`."""

    def __init__(
        self,
        faults: Sequence[Fault],
        data_dir: Path,
        fail_over: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._faults = faults
        self._data_dir = data_dir
        self._fail_over = fail_over
        self.done: list[Fault] = []

    async def run(self, runtime: Runtime) -> None:
        """Do all of it; each fault is healed before this ends, also when it is cancelled."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for fault in self._faults:
                await asyncio.sleep(max(0.0, began + fault.at_s - loop.time()))
                print(f"fault    {fault}", flush=True)
                self.done.append(fault)
                if fault.kind is Kind.KILL:
                    _signal(runtime.children[fault.target], signal.SIGKILL)
                elif fault.kind is Kind.FAIL_OVER and self._fail_over:
                    group.create_task(self._fail_over())
                else:
                    group.create_task(self._inflict(fault, runtime))

    async def _inflict(self, fault: Fault, runtime: Runtime) -> None:
        match fault.kind:
            case Kind.STOP:
                pid = runtime.children[fault.target]
                send_to_all(pid, signal.SIGSTOP)
                heal = [lambda: send_to_all(pid, signal.SIGCONT)]
            case Kind.CUT:
                port = runtime.addresses[fault.target].rpartition(":")[2]
                table = f"onhand-chaos-{port}"
                await asyncio.to_thread(_cut, table, port)
                heal = [lambda: _nft("delete", "table", "inet", table)]
            case _:
                await asyncio.to_thread(_fill, self._data_dir / FILLER)
                heal = [lambda: (self._data_dir / FILLER).unlink(missing_ok=True)]
        try:
            await asyncio.sleep(fault.lasts_s)
        finally:
            for each in heal:
                each()


def send_to_all(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and what it started: PostgreSQL works in children."""
    try:
        family = [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return
    for each in family:
        _signal(each, number)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        """It died of the fault before; the supervisor is about to start it again."""


def _cut(table: str, port: str) -> None:
    """Drop what is sent to a port, in this network namespace, by a table of the packet filter of its own."""
    if _nft("list", "table", "inet", table, check=False) == 0:
        return
    _nft("add", "table", "inet", table)
    _nft("add", "chain", "inet", table, "input", "{ type filter hook input priority 0; }")
    _nft("add", "rule", "inet", table, "input", "tcp", "dport", port, "drop")


def _nft(*arguments: str, check: bool = True) -> int:
    command = ["nft", *arguments]
    return subprocess.run(
        command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode


def _fill(path: Path) -> None:
    """Write until the file system has no room left."""
    with path.open("wb", buffering=0) as file:
        size = len(BLOCK)
        while size:
            try:
                file.write(BLOCK[:size])
            except OSError:
                size //= 2
