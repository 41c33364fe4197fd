"""The passwords of the embedded servers."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from onhand.cli.files import write_atomically

ROLE = "onhand"
"""Whom the services are to both servers."""


@dataclass(frozen=True)
class Passwords:
    postgres_superuser: str
    postgres: str
    nats: str

    @classmethod
    def of_folder(cls, folder: Path) -> "Passwords":
        """Read the folder's passwords, made once and readable by nobody else."""
        file = folder / "secrets.json"
        if not file.exists():
            made = cls(*(secrets.token_urlsafe(24) for _ in range(3)))
            write_atomically(file, json.dumps(asdict(made), indent=2))
        return cls(**json.loads(file.read_text()))
