"""A program that onhand keeps running, and the processes an earlier run left behind."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import psutil

from onhand.cli.files import write_atomically

POLL_S = 0.02

_SAME_MOMENT_S = 0.05
"""Two readings of one process's start differ by less, two processes of one pid by far more."""

Say = Callable[[str], None]
"""Tells the person at the terminal one line."""

Probe = Callable[[], Coroutine[Any, Any, bool]]
"""Asks once, within about a second, whether the program does its work."""

Complaint = Callable[[], Coroutine[Any, Any, str]]
"""Asks once, within about a second, what is wrong that only another start mends; an empty text: nothing."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


async def _at_once() -> bool:
    return True


async def _never() -> str:
    return ""


@dataclass(frozen=True)
class Program:
    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Probe = _at_once
    stuck: Complaint = _never
    cwd: Path | None = None
    account: Account | None = None
    """Whom to run as; ourselves when None."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when we die without a word; a service survives a kill by design."""
    stop_within_s: float = 10.0


def command_line(
    argv: Iterable[str],
    *,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """Wrap a command so that it dies with the thread that starts it, as `account` if given."""
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    launcher = str(Path(__file__).with_name("launch.py"))
    # Isolated and without site-packages: the launcher should cost milliseconds.
    python = [sys.executable, "-I", "-S", launcher]
    return [*python, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *argv]


def process_at(pid: int, create_time: float) -> psutil.Process | None:
    """Find the process that had this pid then, not a later one that was given the same number."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) < _SAME_MOMENT_S
    except psutil.NoSuchProcess:
        return None
    return process if same and is_alive(process) else None


def is_alive(process: psutil.Process) -> bool:
    try:
        # A container's first process may never collect orphans: a zombie is as good as gone.
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_gone(processes: Iterable[psutil.Process], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    waiting = list(processes)
    while waiting := [process for process in waiting if is_alive(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


class _Row(TypedDict):
    pid: int
    create_time: float
    stop_signal: int
    stop_within_s: float


class ProcessTable:
    """Remembers on disk what runs, so that the next start can stop what this one had to leave."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: dict[str, _Row] = {}

    def add(self, program: Program, pid: int) -> None:
        try:
            create_time = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        self._rows[program.name] = {
            "pid": pid,
            "create_time": create_time,
            "stop_signal": program.stop_signal,
            "stop_within_s": program.stop_within_s,
        }
        self._save()

    def forget_all(self) -> None:
        self._rows.clear()
        self._file.unlink(missing_ok=True)

    def stop_leftovers(self, say: Say) -> None:
        """Stop what an earlier run left, the last started first."""
        try:
            rows: dict[str, _Row] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return
        for name, row in reversed(rows.items()):
            process = process_at(row["pid"], row["create_time"])
            if process is None:
                continue
            say(f"stopping {name} (pid {process.pid}), left over from an earlier run")
            _stop(process, row["stop_signal"], row["stop_within_s"])
        self.forget_all()

    def _save(self) -> None:
        write_atomically(self._file, json.dumps(self._rows, indent=2))


def _stop(process: psutil.Process, stop_signal: int, within_s: float) -> None:
    try:
        process.send_signal(stop_signal)
        if not wait_gone([process], within_s):
            process.kill()
            wait_gone([process], within_s)
    except psutil.NoSuchProcess:
        return
