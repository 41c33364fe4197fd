"""The outside client: h2load where it is installed, else our own; always a process of its own."""

import base64
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks import wire

CONNECTIONS = 4
CALLERS = 64
"""Calls under way at a time, all connections together."""
END_WITHIN_S = 60
"""How long a client may take beyond its time before it counts as hung."""
ANSWER_TOLERANCE = 0.9
"""Share of the expected bytes that must come back: a failed call has no message, and the size of a good one
varies a little with its timestamps."""


class LoadFailedError(Exception):
    """The measurement itself did not work: calls failed, or the client did."""


@dataclass(frozen=True)
class Rate:
    """Calls that ended well."""

    calls_per_s: float
    responses: tuple[bytes, ...] = ()
    """The first few; empty with h2load, which does not keep them."""


class Client:
    """Calls one server in short rounds."""

    def __init__(self, target: str, token: str, folder: Path) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._authorization = f"Bearer {token}"
        self._folder = folder

    def same(
        self, path: str, message: bytes, response_bytes: int, seconds: float, callers: int = CALLERS
    ) -> Rate:
        """Send one message over and over; every answer must have its size."""
        if shutil.which("h2load"):
            return self._h2load(path, message, response_bytes, seconds, callers)
        return self.distinct(path, [[message]], seconds, repeat=True, callers=callers)

    def distinct(
        self,
        path: str,
        messages: Sequence[Sequence[bytes]],
        seconds: float,
        *,
        repeat: bool = False,
        callers: int = CALLERS,
        streaming: bool = False,
    ) -> Rate:
        """Send prepared messages, each once: a list a connection, or one from which all take."""
        connections = max(len(messages), min(CONNECTIONS, callers))
        files = [self._file(each) for each in messages]
        spec = wire.Spec(
            host=self._host,
            port=self._port,
            path=path,
            authorization=self._authorization,
            messages=[str(file) for file in files],
            connections=connections,
            streams=max(1, callers // connections),
            seconds=seconds,
            repeat=repeat,
            streaming=streaming,
        )
        spec_file = self._folder / f"{uuid4().hex}.json"
        spec_file.write_text(json.dumps(asdict(spec)))
        output = _run([sys.executable, "-I", wire.__file__, str(spec_file)], seconds)
        for file in (*files, spec_file):
            file.unlink()
        result = wire.Result(**json.loads(output))
        if result.failed or not result.calls:
            raise LoadFailedError(f"{path}: {result.failed} calls failed, {result.calls} ended well")
        responses = tuple(base64.b64decode(each) for each in result.samples)
        return Rate(result.calls / result.seconds, responses)

    def _h2load(self, path: str, message: bytes, response_bytes: int, seconds: float, callers: int) -> Rate:
        body = self._file([message])
        output = _run(
            [
                "h2load",
                f"--duration={round(seconds * 1000)}ms",
                f"--clients={CONNECTIONS}",
                f"--max-concurrent-streams={callers // CONNECTIONS}",
                f"--data={body}",
                "--header=content-type: application/grpc",
                "--header=te: trailers",
                f"--header=authorization: {self._authorization}",
                f"http://{self._host}:{self._port}{path}",
            ],
            seconds,
        )
        body.unlink()
        done = _number(r"(\d+) succeeded", output)
        received = _number(r"headers \(space savings [^)]*\), \S+ \((\d+)\) data", output)
        if not done or received < ANSWER_TOLERANCE * done * (response_bytes + 5):
            raise LoadFailedError(
                f"{path}: {done:.0f} calls brought {received:.0f} bytes, {response_bytes} each were expected"
            )
        return Rate(_number(r"finished in [^,]+, ([\d.]+) req/s", output))

    def _file(self, messages: Sequence[bytes]) -> Path:
        """Write messages as gRPC frames them: not compressed, length, message."""
        file = self._folder / f"{uuid4().hex}.bin"
        file.write_bytes(b"".join(struct.pack(">BI", 0, len(each)) + each for each in messages))
        return file


def name() -> str:
    """Say which client `same` uses."""
    return "h2load" if shutil.which("h2load") else "own client"


def _run(argv: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=seconds + END_WITHIN_S
        )
    except subprocess.TimeoutExpired as error:
        raise LoadFailedError(f"{argv[0]} did not end") from error
    if done.returncode:
        raise LoadFailedError(f"{argv[0]} failed: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


def _number(pattern: str, output: str) -> float:
    found = re.search(pattern, output)
    if found is None:
        raise LoadFailedError(f"h2load said something else than expected:\n{output}")
    return float(found[1])
