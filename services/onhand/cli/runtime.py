"""What runs on a data folder: the lock that makes it one, and the page others read it from."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from onhand.cli.errors import FolderInUseError, NotRunningError, UnusableFolderError
from onhand.cli.files import write_atomically
from onhand.cli.process import process_at

DEFAULT_DATA_DIR = Path(".onhand")


@dataclass(frozen=True)
class Runtime:
    """A running `onhand up`, as other commands and tests need to know it."""

    pid: int
    create_time: float
    """Of the process `pid`, which tells it from a later one with the same number."""
    addresses: Mapping[str, str]
    """`host:port` of edge, stock, routing, pickup, notifications, postgres, nats and nats-health."""
    database_urls: Mapping[str, str]
    """By service."""
    nats_url: str
    keys_dir: Path
    children: Mapping[str, int]
    """The pid of each child, kept current when one is restarted."""

    @classmethod
    def load(cls, data_dir: Path) -> "Runtime":
        """Read what runs on `data_dir`; NotRunningError when nothing does."""
        data_dir = data_dir.resolve()
        try:
            fields = json.loads(_file(data_dir).read_text())
        except FileNotFoundError as error:
            raise NotRunningError(data_dir) from error
        runtime = cls(**fields | {"keys_dir": Path(fields["keys_dir"])})
        if process_at(runtime.pid, runtime.create_time) is None:
            raise NotRunningError(data_dir)
        return runtime

    def save(self, data_dir: Path) -> None:
        write_atomically(_file(data_dir), json.dumps(asdict(self), indent=2, default=str))

    @staticmethod
    def remove(data_dir: Path) -> None:
        _file(data_dir).unlink(missing_ok=True)


def own_create_time() -> float:
    return float(psutil.Process().create_time())


@contextmanager
def data_folder(data_dir: Path) -> Iterator[Path]:
    """Make the folder if needed and hold it for this process alone; gives its absolute path.

    The kernel drops the lock with the process, however it ends, so it cannot go stale.
    """
    folder = data_dir.resolve()
    try:
        for made in (folder, folder / "logs"):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UnusableFolderError(folder, f"{error.strerror} ({error.filename})") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 20).strip()
            raise FolderInUseError(folder, int(holder) if holder else None) from error
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield folder
    finally:
        os.close(lock)


def _file(data_dir: Path) -> Path:
    return data_dir / "runtime.json"
