"""Keeps child processes running, and stops them in order."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from onhand.cli.errors import StartFailedError
from onhand.cli.files import log_tail, open_log
from onhand.cli.process import POLL_S, ProcessTable, Program, Say, command_line

FIRST_BACKOFF_S = 0.2
MAX_BACKOFF_S = 5.0
STABLE_AFTER_S = 30.0
"""A child that ran this long starts again with the first backoff when it dies."""

MAX_DEATHS_AT_START = 3
"""More than one, because a PostgreSQL that was killed needs a moment to be rid of its backends."""

READY_WITHIN_S = 60.0

STUCK_CHECK_S = 1.0
STUCK_CHECKS = 3
"""A child that says so many times in a row that only another start helps gets one."""
STUCK_PAUSE_S = 30.0
"""Between two such starts; protects from doing nothing else when it does not help."""


@dataclass
class _Child:
    program: Program
    log: Path
    process: Process
    started_at: float
    log_start: int
    deaths: int = 0
    keepers: Sequence[asyncio.Task[None]] = ()


class Supervisor:
    """Runs programs below one data folder; each writes to `logs/<name>.log` there.

    It must live in a thread as long as its children do: the kernel kills them with that thread.
    """

    def __init__(
        self,
        logs: Path,
        table: ProcessTable,
        say: Say,
        ready_within_s: float = READY_WITHIN_S,
    ) -> None:
        self._logs = logs
        self._table = table
        self._say = say
        self._ready_within_s = ready_within_s
        self._groups: list[list[_Child]] = []
        self._pids: dict[str, int] = {}
        self.on_restart: Callable[[], None] = lambda: None

    @property
    def pids(self) -> Mapping[str, int]:
        """The pid of each child by name; the same mapping, kept current."""
        return self._pids

    async def start(self, *programs: Program) -> None:
        """Start them together and return when all are ready; StartFailedError when one is not."""
        group: list[_Child] = []
        self._groups.append(group)
        for program in programs:
            child = await self._launch(program)
            self._pids[program.name] = child.process.pid
            child.keepers = [asyncio.create_task(each(child)) for each in (self._keep, self._unstick)]
            group.append(child)
        await _all(*(self._until_ready(child) for child in group))

    async def run(self, *programs: Program) -> None:
        """Run programs that end by themselves; StartFailedError when one does not end with 0."""
        await _all(*(self._run(program) for program in programs))

    async def stop(self) -> None:
        """Stop the groups, the last started first. When cancelled meanwhile: kill the rest."""
        children = [child for group in self._groups for child in group]
        for child in children:
            for keeper in child.keepers:
                keeper.cancel()
        try:
            for group in reversed(self._groups):
                await asyncio.gather(*(self._stop(child) for child in group))
        finally:
            for child in children:
                _kill(child.process)
            await asyncio.gather(*(child.process.wait() for child in children))
            self._table.forget_all()

    async def _launch(self, program: Program) -> _Child:
        log = self._logs / f"{program.name}.log"
        with open_log(log) as output:
            log_start = output.tell()
            process = await asyncio.create_subprocess_exec(
                *command_line(program.argv, account=program.account, death_signal=program.death_signal),
                cwd=program.cwd,
                env=program.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the whole terminal group; the order of stopping is ours to keep.
                start_new_session=True,
            )
        self._note(partial(self._table.add, program, process.pid))
        return _Child(program, log, process, _now(), log_start)

    async def _run(self, program: Program) -> None:
        child = await self._launch(program)
        try:
            code = await child.process.wait()
        finally:
            _kill(child.process)
        if code != 0:
            raise _failure(child, f"failed ({_how(code)})")

    async def _keep(self, child: _Child) -> None:
        """Start the child again each time it dies."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            code = await child.process.wait()
            child.deaths += 1
            if _now() - child.started_at >= STABLE_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            name = child.program.name
            self._say(f"{name} died ({_how(code)}); starting it again in {backoff_s:.1f} s")
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, MAX_BACKOFF_S)
            try:
                again = await self._launch(child.program)
            except OSError as error:
                self._say(f"{name} could not be started: {error}")
                continue
            child.process, child.started_at = again.process, again.started_at
            self._pids[name] = child.process.pid
            self._note(self.on_restart)

    async def _unstick(self, child: _Child) -> None:
        """Stop the child each time it says that nothing else helps; `_keep` starts it again."""
        name, times = child.program.name, 0
        while True:
            await asyncio.sleep(STUCK_CHECK_S)
            complaint = await child.program.stuck()
            times = times + 1 if complaint else 0
            if times < STUCK_CHECKS:
                continue
            why = f"{name} is stuck until it is started again: {complaint}"
            self._say(why)
            self._note(partial(_add_line, child.log, why))
            await self._stop(child)
            await asyncio.sleep(STUCK_PAUSE_S)

    def _note(self, write: Callable[[], None]) -> None:
        """Write down what runs; a full disk must not end the watch over it."""
        try:
            write()
        except OSError as error:
            self._say(f"could not write down what runs: {error}")

    async def _until_ready(self, child: _Child) -> None:
        deadline = _now() + self._ready_within_s
        while not await child.program.ready():
            if child.deaths >= MAX_DEATHS_AT_START:
                raise _failure(child, f"died {child.deaths} times while starting")
            if _now() > deadline:
                raise _failure(child, f"was not ready within {self._ready_within_s:.0f} s")
            await asyncio.sleep(POLL_S)

    async def _stop(self, child: _Child) -> None:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(child.program.stop_signal)
        try:
            async with asyncio.timeout(child.program.stop_within_s):
                await child.process.wait()
        except TimeoutError:
            within = f"{child.program.stop_within_s:.0f} s"
            self._say(f"{child.program.name} did not stop within {within}: killed")
            _kill(child.process)


async def _all(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Await all; the first failure cancels the others and is raised by itself."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _failure(child: _Child, reason: str) -> StartFailedError:
    return StartFailedError(child.program.name, reason, child.log, log_tail(child.log, child.log_start))


def _add_line(log: Path, line: str) -> None:
    with open_log(log) as file:
        file.write(f"{line}\n".encode())


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _now() -> float:
    return asyncio.get_running_loop().time()
