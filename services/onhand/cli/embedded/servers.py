"""Both servers for a test session, to be stopped, killed and started again at will."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

from onhand.cli.embedded.nats import Nats
from onhand.cli.embedded.passwords import Passwords
from onhand.cli.embedded.postgres import Postgres
from onhand.cli.errors import StartFailedError
from onhand.cli.files import log_tail, open_log
from onhand.cli.ports import free_ports
from onhand.cli.process import POLL_S, Program, command_line, wait_gone

T = TypeVar("T")


class Server:
    """One of the two servers, to be stopped, killed and started again on its port and data."""

    def __init__(self, program: Program, port: int, log: Path) -> None:
        self.port = port
        self._program = program
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self, within_s: float = 120.0) -> None:
        """Start it and return when it answers."""
        deadline = time.monotonic() + within_s
        from_byte = self._log.stat().st_size if self._log.exists() else 0
        self._process = _threads.submit(self._spawn).result()
        while not _run(self._program.ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise StartFailedError(
                    self._program.name, "did not start", self._log, log_tail(self._log, from_byte)
                )
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Shut it down in order, and kill it when that takes too long."""
        process = self._running()
        process.send_signal(self._program.stop_signal)
        try:
            process.wait(self._program.stop_within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it as a crash would, and return when its own children are gone too."""
        process = self._running()
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        process.kill()
        process.wait()
        wait_gone(children, within_s=10.0)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self._program.name} was never started")
        return self._process

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = self._program
        argv = command_line(program.argv, account=program.account, death_signal=program.death_signal)
        with open_log(self._log) as log:
            return subprocess.Popen(
                argv,
                cwd=program.cwd,
                env=program.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class EmbeddedServers:
    def __init__(self, folder: Path) -> None:
        folder = folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        postgres_port, nats_port, health_port = free_ports(3)
        passwords = Passwords.of_folder(folder)
        self._postgres = Postgres.at(folder, postgres_port, passwords).prepare()
        self._nats = Nats.prepare(folder, nats_port, health_port, passwords)
        self.postgres = Server(self._postgres.program(), postgres_port, logs / "postgres.log")
        self.nats = Server(self._nats.program(), nats_port, logs / "nats.log")

    @property
    def nats_url(self) -> str:
        return self._nats.url

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create the database if it is missing, as a copy of `template`, and give its URL."""
        _run(lambda: self._postgres.ensure_databases([name], template))
        return self._postgres.url(name)

    def drop_database(self, name: str) -> None:
        _run(lambda: self._postgres.drop_database(name))


@contextmanager
def embedded_servers(folder: Path) -> Iterator[EmbeddedServers]:
    """Run PostgreSQL and NATS below `folder` until the block is left; data there are found again.

    Meant for a session's fixture. All methods block, and may be called from any thread, also one
    with a running event loop.
    """
    servers = EmbeddedServers(folder)
    servers.postgres.start()
    try:
        servers.nats.start()
        try:
            yield servers
        finally:
            servers.nats.stop()
    finally:
        servers.postgres.stop()


# One thread that lives as long as this process. The kernel ties a child to the thread that
# started it, not to the process, and a caller's thread may end early; and a caller's thread may
# have an event loop of its own running, in which a probe could not be awaited.
_threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded")


def _run(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return _threads.submit(lambda: asyncio.run(make())).result()
