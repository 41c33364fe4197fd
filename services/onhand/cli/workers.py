"""`onhand serve … --workers`: several processes of one service on one port.

Python runs one thread at a time, so that one process uses one core. The kernel spreads connections, not calls,
over those who listen on the port (SO_REUSEPORT): a client with a single connection keeps to one process.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

from onhand.cli.process import command_line

POLL_S = 0.1
RESTART_S = 1.0
"""Pause before a worker that died starts again; protects what it died of."""


class Workers:
    """Runs workers until told to stop; one that dies is started again."""

    def __init__(self, service: str, count: int) -> None:
        self._argv = [sys.executable, "-m", "onhand", "serve", service]
        self._count = count
        self._stopping = False
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def run(self) -> None:
        """Return after SIGTERM or SIGINT, when all workers have drained."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        due = dict.fromkeys(range(self._count), 0.0)
        while not self._stopping:
            for index, start_at in due.items():
                worker = self._running.get(index)
                if worker is not None and worker.poll() is not None:
                    del self._running[index]
                    due[index] = time.monotonic() + RESTART_S
                elif worker is None and time.monotonic() >= start_at:
                    self._running[index] = self._start(index)
            time.sleep(POLL_S)
        for worker in self._running.values():
            worker.terminate()
        for worker in self._running.values():
            worker.wait()

    def _start(self, index: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "ONHAND_SHARE_PORT": "true", **_metrics(os.environ, index)}
        return subprocess.Popen(command_line(self._argv), env=environment, start_new_session=True)

    def _stop(self, *_: object) -> None:
        self._stopping = True


def _metrics(environment: Mapping[str, str], index: int) -> dict[str, str]:
    """Give each worker a metrics port of its own, counting up from the one that is set."""
    host, _, port = environment.get("ONHAND_METRICS_LISTEN", "").rpartition(":")
    return {"ONHAND_METRICS_LISTEN": f"{host}:{int(port) + index}"} if port else {}
