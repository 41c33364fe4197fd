"""Files of the data folder: secrets nobody else may read, and logs that do not grow for ever."""

import os
from io import FileIO
from pathlib import Path

MAX_LOG_BYTES = 20 * 1024 * 1024
"""Past this a log is set aside when its process starts; one older generation is kept."""

PRIVATE = 0o600


def write_atomically(path: Path, text: str, mode: int = PRIVATE) -> None:
    """Replace the file as a whole, so that a reader, or a crash, never meets half of it."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def open_log(path: Path) -> FileIO:
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return FileIO(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE), "a")


def log_tail(path: Path, start: int = 0, lines: int = 20) -> str:
    """Give the last lines that were written after byte `start`."""
    with path.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(start, end - lines * 1000))
        written = log.read().decode("utf-8", errors="replace")
    return "\n".join(written.splitlines()[-lines:])
