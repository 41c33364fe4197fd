"""Months of the ledger and of tags' histories, written to Parquet files.

A month is written to a file from one snapshot, and the file is read back and compared. Then one short
transaction notes the file and drops the month's partition, if that still has as many rows. Whatever ends the
run before its commit leaves the month where it was; what lies in the folder is written over by the next run.

The checksum of an archive is the SHA-256 of its rows as PostgreSQL writes them as CSV (`COPY … FORMAT csv,
FORCE_QUOTE *`, in the order of the primary key): one side of the comparison never saw Parquet.
"""

import asyncio
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlalchemy import pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from onhand.kit.db import SERIALIZATION_STATES, driver_url, sqlstate
from onhand.stock.domain.months import Month
from onhand.stock.storage import months
from onhand.stock.storage.months import CHRONICLES, MOVEMENTS, Archive, Chronicle

GROUP_BYTES = 8 << 20
"""CSV of one row group; memory here stays a few times this, however long a month is."""
BATCH_ROWS = 65_536
"""Rows read back, and sums written, at a time."""
DROP_ATTEMPTS = 60
DROP_LOCK_S = 1
"""A partition is dropped when nobody uses its table for a moment. An attempt waits this long, because
everybody else waits behind it; then it lets them through for as long."""
LET_THROUGH = SERIALIZATION_STATES | {"55P03"}
"""Failures after which others go first: a deadlock, and lock_not_available."""
_KINDS = {"text": pa.string(), "integer": pa.int64(), "moment": pa.timestamp("us", "UTC")}

Progress = Callable[[int], None]
"""Is told of rows written, and of rows read back."""


class ArchiveError(Exception):
    """What keeps a month from being archived, or a file from being right; written for the operator."""


@dataclass(frozen=True, slots=True)
class Task:
    """A month of one table that is to be archived."""

    chronicle: Chronicle
    month: Month
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    tasks: list[Task]
    blocked: str
    """Why months that were asked for are not among them; empty when all are."""


class Archiver:
    """The one run on a database; a second one is refused with ArchiveError."""

    def __init__(self, url: str) -> None:
        self._engine: AsyncEngine = create_async_engine(driver_url(url), poolclass=pool.NullPool)
        self._holder: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        self._holder = await self._engine.connect()
        # The lock is the connection's, and ends with this process however that ends.
        held = await months.claim_archiving(self._holder)
        await self._holder.commit()
        if not held:
            await self.__aexit__()
            raise ArchiveError("another archive run is under way on this database")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._holder is not None:
            await self._holder.close()
        await self._engine.dispose()

    async def plan(self, before: Month) -> Plan:
        """Return the months before `before` that can go, oldest first."""
        async with self._engine.connect() as connection:
            found = [
                Task(each, month, size)
                for each in CHRONICLES
                for month, size in (await months.partitions(connection, each)).items()
                if month < before
            ]
            needed = await months.needed_since(connection)
        found.sort(key=lambda task: task.month)
        if needed is None:
            return Plan(found, "")
        paper, since = needed
        free = [task for task in found if task.month.end <= since]
        blocked = f"{paper} is open and may need what happened since {since:%Y-%m-%d %H:%M} UTC; end it first"
        return Plan(free, blocked if len(free) < len(found) else "")

    async def archives(self) -> list[Archive]:
        """Return what the database says of files."""
        async with self._engine.connect() as connection:
            return await months.archives(connection)

    async def archive(self, task: Task, folder: Path, progress: Progress) -> Archive:
        """Write one month to a file, verify the file, and drop the month. Raises ArchiveError."""
        await self._in_steps(months.drop_loose_sums)
        part = 1 + sum(
            (each.table_name, each.month) == (task.chronicle.name, task.month)
            for each in await self.archives()
        )
        path = folder / file_name(task.chronicle, task.month, part)
        half = path.with_name(f".{path.name}.half")
        async with self._engine.connect() as connection:
            await months.take_snapshot(connection)
            rows = await months.rows_of(connection, task.chronicle, task.month)
            sha256 = await _write(connection, task, half, part, progress)
            archive = replace(check(half, progress), file=path.name)
            if (archive.rows, archive.sha256) != (rows, sha256):
                raise ArchiveError(f"{half} does not read back as the {rows} rows that the database has")
            if task.chronicle is MOVEMENTS:
                await self._sum_up(connection, archive, half)
        _name(half, path)
        await self._drop(task.chronicle, archive)
        await self.finish()
        return archive

    async def finish(self) -> None:
        """Do what an interrupted run may have left: to fold sums of archived months, and drop all others."""
        await self._in_steps(months.drop_loose_sums)
        await self._in_steps(months.fold_sums)

    async def _sum_up(self, connection: AsyncConnection, archive: Archive, path: Path) -> None:
        """Note what a month adds up to. Raises ArchiveError when its file adds up to something else."""
        in_file = _accounts(path)
        async for location_id, sums in months.accounts(connection, archive.month):
            found = next(in_file, None)
            if found != (location_id, sums):
                raise ArchiveError(f"{path}: {location_id} does not add up as it does in the database")
            # Short transactions: a long one that writes would hold back all events.
            async with self._engine.begin() as writing:
                await months.add_sums(writing, archive, location_id, sums)
        if (more := next(in_file, None)) is not None:
            raise ArchiveError(f"{path}: {more[0]} is not in the database")

    async def _drop(self, chronicle: Chronicle, archive: Archive) -> None:
        what = f"{chronicle.name} {archive.month}"
        for _ in range(DROP_ATTEMPTS):
            try:
                async with self._engine.begin() as connection:
                    if not await months.drop(connection, chronicle, archive, DROP_LOCK_S):
                        raise ArchiveError(f"{what} changed while it was archived; run again")
            except DBAPIError as error:
                if sqlstate(error) not in LET_THROUGH:
                    raise
                await asyncio.sleep(DROP_LOCK_S)
            else:
                return
        raise ArchiveError(f"{what} is verified, but its table is never free to drop it; run again later")

    async def _in_steps(self, step: Callable[[AsyncConnection, int], Any]) -> None:
        while True:
            async with self._engine.begin() as connection:
                if not await step(connection, BATCH_ROWS):
                    return


def file_name(chronicle: Chronicle, month: Month, part: int) -> str:
    return f"{chronicle.name}-{month}{'' if part == 1 else f'.{part}'}.parquet"


def check(path: Path, progress: Progress) -> Archive:
    """Read a whole archive and compare it with what it says of itself. Raises ArchiveError."""
    digest, rows = hashlib.sha256(), 0
    try:
        with pq.ParquetFile(path) as file:
            says = {key.decode(): value.decode() for key, value in (file.metadata.metadata or {}).items()}
            if "onhand.sha256" not in says:
                raise ArchiveError(f"{path} is not an archive of onhand")
            for batch in file.iter_batches(BATCH_ROWS):
                digest.update(_csv(batch))
                rows += batch.num_rows
                progress(batch.num_rows)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(f"{path} cannot be read: {error}") from None
    if says["onhand.sha256"] != digest.hexdigest():
        raise ArchiveError(f"{path} is damaged: its rows have another checksum than when they were written")
    month, part = Month.parse(says["onhand.month"]), int(says["onhand.part"])
    return Archive(says["onhand.table"], month, part, path.name, rows, digest.hexdigest())


async def _write(connection: AsyncConnection, task: Task, path: Path, part: int, progress: Progress) -> str:
    """Write a month to a file; returns the checksum of its rows as the database told them."""
    columns = task.chronicle.columns
    schema = pa.schema([(each.name, _KINDS[each.kind]) for each in columns])
    told = pa.schema([(each.name, pa.string() if each.kind == "text" else pa.int64()) for each in columns])
    digest, waiting = hashlib.sha256(), bytearray()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def flush() -> None:
            table = pa_csv.read_csv(
                io.BytesIO(waiting),
                pa_csv.ReadOptions(column_names=told.names, block_size=len(waiting) + 1, use_threads=False),
                pa_csv.ParseOptions(newlines_in_values=True),
                pa_csv.ConvertOptions(
                    column_types=told,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            writer.write_table(table.cast(schema))
            progress(table.num_rows)
            waiting.clear()

        async def take(rows: bytes) -> None:
            digest.update(rows)
            waiting.extend(rows)  # whole rows: PostgreSQL sends each in a message of its own
            if len(waiting) >= GROUP_BYTES:
                flush()

        query = months.export(task.chronicle, task.month)
        await driver.copy_from_query(query, output=take, format="csv", force_quote=True)
        if waiting:
            flush()
        writer.add_key_value_metadata(
            {
                "onhand.table": task.chronicle.name,
                "onhand.month": str(task.month),
                "onhand.part": str(part),
                "onhand.sha256": digest.hexdigest(),
            }
        )
    return digest.hexdigest()


def _csv(batch: pa.RecordBatch) -> bytes:
    """Write rows as PostgreSQL does."""
    plain = [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column for column in batch.columns
    ]
    sink = io.BytesIO()
    pa_csv.write_csv(
        pa.RecordBatch.from_arrays(plain, names=batch.schema.names),
        sink,
        pa_csv.WriteOptions(include_header=False, quoting_style="all_valid"),
    )
    return sink.getvalue()


def _accounts(path: Path) -> Iterator[tuple[str, dict[tuple[str, int], int]]]:
    """Yield what the movements of a file add up to, location by location: (item, bucket) → units."""
    location, sums = None, dict[tuple[str, int], int]()
    columns = ["location_id", "item_id", "from_bucket", "to_bucket", "quantity"]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            for here, item, from_bucket, to_bucket, quantity in rows:
                if here != location:
                    if location is not None:
                        yield location, sums
                    location, sums = here, {}
                for bucket, units in ((to_bucket, quantity), (from_bucket, -quantity)):
                    sums[item, bucket] = sums.get((item, bucket), 0) + units
    if location is not None:
        yield location, sums


def _name(half: Path, path: Path) -> None:
    """Give a file its name, so that it is there after a power cut too."""
    _flush(half)
    half.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
