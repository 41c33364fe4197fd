"""The spool: a SQLite database of batches in the order in which they were taken.

A batch that `write` has returned for survives a power cut (WAL with synchronous=FULL flushes each commit).
Positions rise and are never given twice, also after the spool was empty, so that they number a stream.
All methods block: they are called from one thread, `onhand.gateway.spool.writer`'s.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway.spool.thinning import thin

FILE = "spool.db"
LOCK = "spool.lock"
VERSION = 1
"""Of the tables, in `PRAGMA user_version`."""
LOW_WATER = 0.9
"""Share of the limit that a full spool is cleared down to, so that clearing is seldom."""
THIN_CHUNK_READS = 100_000
"""Reads thinned in one transaction; protects memory and the log's size."""
DROP_CHUNK_BATCHES = 500
"""Batches dropped in one transaction, for the same reason."""
BUSY_TIMEOUT_S = 10
"""How long another connection (`onhand gateway status`) may hold the file."""
WAL_BYTES = 8 << 20

_SCHEMA = """
CREATE TABLE batches (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms INTEGER NOT NULL,
    read_count INTEGER NOT NULL,
    refusal TEXT,                -- why stock does not take it; null while it waits
    content BLOB NOT NULL        -- onhand.api.stock.v1.RecordReadsRequest
) STRICT;
CREATE INDEX batches_set_aside ON batches (position) WHERE refusal IS NOT NULL;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE status (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_SET_ASIDE = "SELECT position FROM batches WHERE refusal IS NOT NULL ORDER BY position LIMIT ?"
_OLDEST = "SELECT position FROM batches ORDER BY position LIMIT ?"


class SpoolInUseError(Exception):
    """Another gateway works on the folder."""


class SpoolTooNewError(Exception):
    """A later version of the gateway wrote the spool."""


@dataclass(frozen=True, slots=True)
class Batch:
    position: int
    request: pb.RecordReadsRequest


@dataclass(slots=True)
class Cleared:
    """What was given up because the spool was full."""

    thinned_reads: int = 0
    dropped_batches: int = 0
    dropped_reads: int = 0

    def __bool__(self) -> bool:
        return bool(self.thinned_reads or self.dropped_batches)


@dataclass(frozen=True)
class Summary:
    waiting_batches: int
    waiting_reads: int
    set_aside_batches: int
    set_aside_reads: int
    refusals: Mapping[str, int]
    """Batches set aside, by why."""
    oldest_ms: int | None
    """When the oldest batch was taken, milliseconds since 1970."""
    used_bytes: int
    counters: Mapping[str, int]
    status: Mapping[str, Any] = field(default_factory=dict)


class Spool:
    def __init__(self, folder: Path, max_bytes: int, thin_window_s: float) -> None:
        """Open the spool in `folder`, or make it.

        A damaged file is set aside under another name and a new one begun: a store that reads on is worth
        more than what was waiting. Raises SpoolInUseError, SpoolTooNewError, OSError, sqlite3.Error.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._max_bytes = max_bytes
        self._thin_window_ns = int(thin_window_s * 1_000_000_000)
        self._thinned_to = 0
        """Batches up to here were thinned already; in memory only, doing it again is harmless."""
        self._lock = _lock(folder / LOCK)
        try:
            self._db, self.damaged = _open_or_renew(folder / FILE)
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        self._db.close()
        os.close(self._lock)

    def write(
        self,
        received_ms: int,
        batches: Iterable[pb.RecordReadsRequest] = (),
        acknowledged: Iterable[int] = (),
        counted: Mapping[str, int] | None = None,
    ) -> Cleared:
        """Take `batches`, forget what is acknowledged, and add to the counters: all durable, or nothing."""
        rows = [(received_ms, len(each.reads), each.SerializeToString()) for each in batches]
        needed = sum(len(content) for _, _, content in rows)
        with self._transaction():
            self._db.executemany("DELETE FROM batches WHERE position = ?", [(each,) for each in acknowledged])
            self._count(counted or {})
            if self.used_bytes() + needed <= self._max_bytes:
                self._insert(rows)
                return Cleared()
        cleared = self._make_room(needed)
        with self._transaction():
            self._insert(rows)
        return cleared

    def _insert(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        self._db.executemany("INSERT INTO batches (received_ms, read_count, content) VALUES (?, ?, ?)", rows)

    def after(self, position: int, limit: int) -> list[Batch]:
        """Return the batches that wait behind `position`, in order."""
        rows = self._db.execute(
            "SELECT position, content FROM batches WHERE position > ? AND refusal IS NULL ORDER BY position LIMIT ?",
            (position, limit),
        )
        return [Batch(each, pb.RecordReadsRequest.FromString(content)) for each, content in rows]

    def set_aside(self, position: int, refusal: str) -> None:
        """Keep a batch that stock does not take out of the others' way."""
        with self._transaction():
            self._db.execute("UPDATE batches SET refusal = ? WHERE position = ?", (refusal, position))

    def retry_set_aside(self) -> int:
        """Let what was set aside wait again; return how many batches."""
        with self._transaction():
            return self._db.execute("UPDATE batches SET refusal = NULL WHERE refusal IS NOT NULL").rowcount

    def tell(self, status: Mapping[str, Any]) -> None:
        """Write down how things are, for `inspect`."""
        with self._transaction():
            self._db.executemany(
                "INSERT INTO status VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [(name, json.dumps(value, default=str)) for name, value in status.items()],
            )

    def used_bytes(self) -> int:
        return _used_bytes(self._db)

    def oldest_ms(self) -> int | None:
        """Return when the oldest waiting batch was taken; None when none waits."""
        row = self._db.execute(
            "SELECT received_ms FROM batches WHERE refusal IS NULL ORDER BY position LIMIT 1"
        ).fetchone()
        return row and int(row[0])

    def _make_room(self, needed: int) -> Cleared:
        """Thin, and where that is not enough drop, until `needed` more bytes leave some room."""
        cleared = Cleared()
        goal = int(self._max_bytes * LOW_WATER) - needed
        while self.used_bytes() > goal and self._thin_next(cleared):
            pass
        while self.used_bytes() > goal and self._drop_next(cleared):
            pass
        return cleared

    def _thin_next(self, cleared: Cleared) -> bool:
        """Thin the oldest batches that were not thinned yet; false when there are none."""
        chosen, count = [], 0
        for position, read_count, content in self._db.execute(
            "SELECT position, read_count, content FROM batches WHERE position > ? ORDER BY position",
            (self._thinned_to,),
        ):
            chosen.append((position, read_count, pb.RecordReadsRequest.FromString(content)))
            count += read_count
            if count >= THIN_CHUNK_READS:
                break
        if not chosen:
            return False
        gone = thin([request for _, _, request in chosen], self._thin_window_ns)
        changed = [each for each in chosen if len(each[2].reads) < each[1]]
        with self._transaction():
            self._db.executemany(
                "UPDATE batches SET read_count = ?, content = ? WHERE position = ?",
                [(len(r.reads), r.SerializeToString(), position) for position, _, r in changed if r.reads],
            )
            self._db.executemany(
                "DELETE FROM batches WHERE position = ?",
                [(position,) for position, _, request in changed if not request.reads],
            )
            self._count({"thinned_reads": gone})
        cleared.thinned_reads += gone
        self._thinned_to = chosen[-1][0]
        return True

    def _drop_next(self, cleared: Cleared) -> bool:
        """Drop what was set aside, then the oldest; false when the spool is empty."""
        for chosen in (_SET_ASIDE, _OLDEST):
            with self._transaction():
                rows = self._db.execute(
                    f"DELETE FROM batches WHERE position IN ({chosen}) RETURNING read_count",  # noqa: S608 - one of our own
                    (DROP_CHUNK_BATCHES,),
                ).fetchall()
                reads = sum(count for (count,) in rows)
                self._count({"dropped_batches": len(rows), "dropped_reads": reads})
            if rows:
                cleared.dropped_batches += len(rows)
                cleared.dropped_reads += reads
                return True
        return False

    def _count(self, counted: Mapping[str, int]) -> None:
        self._db.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [(name, count) for name, count in counted.items() if count],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            raise


def inspect(folder: Path) -> Summary | None:
    """Look into a spool that a gateway may be working on; None when there is none yet."""
    if not (folder / FILE).exists():
        return None
    db = sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        waiting, set_aside = (_totals(db, f"refusal IS {which}") for which in ("NULL", "NOT NULL"))
        return Summary(
            waiting_batches=waiting[0],
            waiting_reads=waiting[1],
            set_aside_batches=set_aside[0],
            set_aside_reads=set_aside[1],
            refusals=_pairs(
                db, "SELECT refusal, count(*) FROM batches WHERE refusal IS NOT NULL GROUP BY refusal"
            ),
            oldest_ms=waiting[2],
            used_bytes=_used_bytes(db),
            counters=_pairs(db, "SELECT name, value FROM counters"),
            status={
                name: json.loads(value)
                for name, value in _pairs(db, "SELECT name, value FROM status").items()
            },
        )
    finally:
        db.close()


def _totals(db: sqlite3.Connection, condition: str) -> Sequence[Any]:
    row: Sequence[Any] = db.execute(
        f"SELECT count(*), coalesce(sum(read_count), 0), min(received_ms) FROM batches WHERE {condition}"  # noqa: S608
    ).fetchone()
    return row


def _pairs(db: sqlite3.Connection, query: str) -> dict[str, Any]:
    return dict(db.execute(query).fetchall())


def _used_bytes(db: sqlite3.Connection) -> int:
    page_size, pages, free = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page_size * (pages - free)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SpoolInUseError(f"another gateway works on {path.parent}") from None
    return descriptor


def _open(path: Path) -> sqlite3.Connection:
    # Autocommit: transactions begin and end where this module says so.
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        _prepare(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or it has no effect
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SpoolTooNewError(f"{path} was written by a later version of the gateway")
    if version == 0:
        db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError(f"{path} is damaged")
    db.execute("PRAGMA incremental_vacuum").fetchall()  # give back what an outage needed


def _open_or_renew(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Return the database, and where the one before it was moved to if that was damaged."""
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # no space, no permission, locked: not damage
            raise
    damaged = _move_away(path)
    return _open(path), damaged


def _move_away(path: Path) -> Path:
    """Rename a damaged spool, with its log, to the first free name."""
    number = 1
    while (away := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path.rename(away)
