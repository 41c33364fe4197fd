"""The two tables that are divided into months: their partitions, and what is left of those archived.

Names of tables and bounds of partitions cannot be parameters in SQL; they are made of `Month` only.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import earliest_id
from onhand.stock.domain.counts import CountState
from onhand.stock.domain.months import Month
from onhand.stock.domain.shipments import ShipmentState

ARCHIVE_LOCK = 0x61726368697665
"""Key of the advisory lock that the one archive run of a database holds."""
PARTITION_LOCK = 0x6D6F6E746873
"""Key of the advisory lock under which replicas make partitions."""
LOOK_BACK = timedelta(hours=1)
"""How far before its own time a count or a shipment looks for movements: clocks of tills and readers differ."""

_MICROSECONDS = "(extract(epoch FROM {0}) * 1000000)::bigint"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as an archive has it."""

    name: str
    kind: str
    """`text`, `integer` or `moment`: microseconds since 1970, UTC."""
    source: str
    """The column of the table."""
    out: str = "{0}"
    """SQL that turns it into text or an integer."""


def _text(name: str) -> Column:
    return Column(name, "text", name)


def _integer(name: str) -> Column:
    return Column(name, "integer", name)


def _moment(name: str) -> Column:
    return Column(name, "moment", name, _MICROSECONDS)


def _uuid(name: str) -> Column:
    return Column(name, "text", name, "{0}::text")


_EPC = Column("epc_hex", "text", "epc", "upper(encode({0}, 'hex'))")


@dataclass(frozen=True, slots=True)
class Chronicle:
    """A table that is divided into months."""

    name: str
    partition_key: str
    order: str
    """Columns of the primary key: the order of rows in an archive."""
    bound: Callable[[datetime], str]
    """The literal of the partition key at which a moment begins."""
    month_of_row: str
    """SQL that gives the moment from which a row has its month; null when it has none."""
    columns: tuple[Column, ...]

    def partition(self, month: Month) -> str:
        return f"{self.name}_{month.year:04}_{month.month:02}"

    @property
    def default(self) -> str:
        return f"{self.name}_default"

    def bounds(self, month: Month) -> tuple[str, str]:
        return self.bound(month.start), self.bound(month.end)


MOVEMENTS = Chronicle(
    "movements",
    "movement_id",
    "location_id, movement_id",
    lambda moment: f"'{earliest_id(moment)}'",
    "CASE uuid_extract_version(movement_id) WHEN 7 THEN uuid_extract_timestamp(movement_id) END",
    (
        _text("location_id"),
        _uuid("movement_id"),
        _text("item_id"),
        _integer("from_bucket"),
        _integer("to_bucket"),
        _integer("quantity"),
        _integer("reason"),
        _moment("occur_time"),
        _moment("record_time"),
        _text("document"),
        _EPC,
        _text("actor"),
        Column("revision", "integer", "revision", "{0}::text"),
    ),
)
TAG_EVENTS = Chronicle(
    "tag_events",
    "record_time",
    "location_id, tag_event_id",
    lambda moment: f"'{moment.isoformat()}'",
    "record_time",
    (
        _text("location_id"),
        _integer("tag_event_id"),
        _EPC,
        _integer("state_before"),
        _integer("state"),
        _text("zone_before"),
        _text("zone_id"),
        _moment("occur_time"),
        _moment("record_time"),
        _uuid("movement_id"),
    ),
)
CHRONICLES = (TAG_EVENTS, MOVEMENTS)
"""In the order in which a month is archived: no event outlives the movement that it tells of."""

_PARTITIONS = text("""
    SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST(:table AS text)::regclass ORDER BY c.relname
""")
_HISTORY_START = text("SELECT max(month) FROM archives WHERE table_name = :table")
_ARCHIVES = text("""
    SELECT table_name, month, part, file, rows, sha256 FROM archives ORDER BY month, table_name, part
""")
_ADD_ARCHIVE = text("""
    INSERT INTO archives (table_name, month, part, file, rows, sha256)
    VALUES (:table_name, :month, :part, :file, :rows, :sha256)
""")
_ACCOUNTS = """
    SELECT location_id, item_id, bucket, sum(units)::bigint AS quantity
    FROM %s, LATERAL (VALUES (to_bucket, quantity), (from_bucket, -quantity)) AS side (bucket, units)
    GROUP BY location_id, item_id, bucket ORDER BY location_id
"""
_ADD_SUMS = text("""
    INSERT INTO archived_sums (month, part, location_id, item_id, bucket, quantity)
    SELECT :month, :part, :location_id, * FROM unnest(
        CAST(:item_ids AS text[]), CAST(:buckets AS smallint[]), CAST(:quantities AS bigint[]))
""")
_DROP_LOOSE_SUMS = text("""
    DELETE FROM archived_sums WHERE ctid = ANY(ARRAY(
        SELECT s.ctid FROM archived_sums s
        WHERE NOT EXISTS (SELECT FROM archives a
                          WHERE a.table_name = 'movements' AND a.month = s.month AND a.part = s.part)
        LIMIT :count))
""")
_FOLD = text("""
    WITH gone AS (
        DELETE FROM archived_sums WHERE ctid = ANY(ARRAY(
            SELECT s.ctid FROM archived_sums s
            JOIN archives a ON a.table_name = 'movements' AND a.month = s.month AND a.part = s.part
            LIMIT :count))
        RETURNING location_id, item_id, bucket, quantity
    )
    INSERT INTO opening_balances AS o (location_id, item_id, bucket, quantity)
    SELECT location_id, item_id, bucket, sum(quantity) FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (location_id, item_id, bucket) DO UPDATE SET quantity = o.quantity + excluded.quantity
    RETURNING 1
""")
_NEEDED = text(f"""
    SELECT what, needed_time FROM (
        SELECT 'count ' || count_id AS what, start_time AS needed_time FROM counts
        WHERE state IN ({CountState.OPEN:d}, {CountState.FINISHING:d})
        UNION ALL
        SELECT 'shipment ' || shipment_id, send_time FROM shipments
        WHERE state NOT IN ({ShipmentState.CLOSED:d}, {ShipmentState.CANCELLED:d})
    ) AS open_papers ORDER BY needed_time LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Archive:
    """What the database says of one file."""

    table_name: str
    month: Month
    part: int
    file: str
    rows: int
    sha256: str


async def partitions(connection: AsyncConnection, chronicle: Chronicle) -> dict[Month, int]:
    """Read which months have a partition, and its size in bytes with indexes."""
    found = {}
    for row in await connection.execute(_PARTITIONS, {"table": chronicle.name}):
        if row.name != chronicle.default:
            year, month = row.name.removeprefix(chronicle.name).split("_")[1:]
            found[Month(int(year), int(month))] = row.bytes
    return found


async def stray_months(connection: AsyncConnection, chronicle: Chronicle) -> dict[Month, int]:
    """Read which months have rows and no partition, and how many rows."""
    rows = await connection.execute(
        text(f"""
            SELECT date_trunc('month', {chronicle.month_of_row}, 'UTC') AS month, count(*) AS rows
            FROM {chronicle.default} WHERE {chronicle.month_of_row} IS NOT NULL GROUP BY 1 ORDER BY 1
        """)
    )
    return {Month.of(row.month): row.rows for row in rows}


async def add_partition(connection: AsyncConnection, chronicle: Chronicle, month: Month) -> None:
    """Make a month's partition, with the rows that came before it was there.

    Waits for those who are using rows without a partition, and makes them wait; nobody else.
    """
    name = chronicle.partition(month)
    first, past = chronicle.bounds(month)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(f"""
        LOCK TABLE {chronicle.default} IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE {name} (LIKE {chronicle.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
        WITH moved AS (
            DELETE FROM {chronicle.default}
            WHERE {chronicle.partition_key} >= {first} AND {chronicle.partition_key} < {past} RETURNING *
        ) INSERT INTO {name} SELECT * FROM moved;
        ALTER TABLE {chronicle.name} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({past});
    """)


async def history_start(connection: AsyncConnection, chronicle: Chronicle) -> datetime | None:
    """Return the moment before which rows were archived; None when all are here."""
    month: date | None = await connection.scalar(_HISTORY_START, {"table": chronicle.name})
    return None if month is None else Month(month.year, month.month).end


async def archives(connection: AsyncConnection) -> list[Archive]:
    return [
        Archive(row.table_name, Month(row.month.year, row.month.month), *row[2:])
        for row in await connection.execute(_ARCHIVES)
    ]


async def needed_since(connection: AsyncConnection) -> tuple[str, datetime] | None:
    """Return the open paper that looks back furthest, and how far."""
    row = (await connection.execute(_NEEDED)).one_or_none()
    return None if row is None else (row.what, row.needed_time - LOOK_BACK)


async def claim_archiving(connection: AsyncConnection) -> bool:
    """Become the one who archives for as long as the connection lasts; False when somebody else is."""
    return bool(await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ARCHIVE_LOCK}))


async def take_snapshot(connection: AsyncConnection) -> None:
    """See everything as of one moment until the end of the transaction, which only reads."""
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def rows_of(connection: AsyncConnection, chronicle: Chronicle, month: Month) -> int:
    """Count a month's rows."""
    query = f"SELECT count(*) FROM {chronicle.partition(month)}"
    return int((await connection.execute(text(query))).scalar_one())


def export(chronicle: Chronicle, month: Month) -> str:
    """Return the query that reads a month as an archive has it, in the order of the primary key."""
    columns = ", ".join(f"{each.out.format(each.source)} AS {each.name}" for each in chronicle.columns)
    return f"SELECT {columns} FROM {chronicle.partition(month)} AS row ORDER BY {_qualified(chronicle)}"


def _qualified(chronicle: Chronicle) -> str:
    """Name the columns of the key by their table: an exported column may have the name of its source."""
    return ", ".join(f"row.{name.strip()}" for name in chronicle.order.split(","))


async def accounts(
    connection: AsyncConnection, month: Month
) -> AsyncIterator[tuple[str, dict[tuple[str, int], int]]]:
    """Yield what the movements of a month add up to, location by location: (item, bucket) → units."""
    location, sums = None, dict[tuple[str, int], int]()
    async for row in await connection.stream(text(_ACCOUNTS % MOVEMENTS.partition(month))):
        if row.location_id != location:
            if location is not None:
                yield location, sums
            location, sums = row.location_id, {}
        sums[row.item_id, row.bucket] = row.quantity
    if location is not None:
        yield location, sums


async def add_sums(
    connection: AsyncConnection, archive: Archive, location_id: str, sums: dict[tuple[str, int], int]
) -> None:
    """Note what a month adds up to at a location; it counts once the archive is noted."""
    await connection.execute(
        _ADD_SUMS,
        {
            "month": archive.month.start.date(),
            "part": archive.part,
            "location_id": location_id,
            "item_ids": [item_id for item_id, _ in sums],
            "buckets": [bucket for _, bucket in sums],
            "quantities": list(sums.values()),
        },
    )


async def drop_loose_sums(connection: AsyncConnection, count: int) -> int:
    """Drop sums of months that were not archived after all; returns how many went."""
    return (await connection.execute(_DROP_LOOSE_SUMS, {"count": count})).rowcount


async def fold_sums(connection: AsyncConnection, count: int) -> int:
    """Add sums of archived months to the opening balances; returns how many accounts changed."""
    return len((await connection.execute(_FOLD, {"count": count})).all())


async def drop(connection: AsyncConnection, chronicle: Chronicle, archive: Archive, lock_s: float) -> bool:
    """Note that a month is in a file, and drop it; False when it has other rows than the file.

    Rows are only ever added: as many as the file has are those that the file has. Waits for each lock no longer
    than `lock_s`.
    """
    name = chronicle.partition(archive.month)
    await connection.execute(text(f"SET LOCAL lock_timeout = '{lock_s}s'"))
    await connection.execute(text(f"LOCK TABLE {name} IN SHARE MODE"))
    if await rows_of(connection, chronicle, archive.month) != archive.rows:
        return False
    await connection.execute(
        _ADD_ARCHIVE,
        {
            "table_name": archive.table_name,
            "month": archive.month.start.date(),
            "part": archive.part,
            "file": archive.file,
            "rows": archive.rows,
            "sha256": archive.sha256,
        },
    )
    await connection.execute(text(f"DROP TABLE {name}"))
    return True


async def claim_making(connection: AsyncConnection, lock_s: float) -> bool:
    """Become the one who makes partitions in this transaction, and wait for locks no longer than `lock_s`."""
    await connection.execute(text(f"SET LOCAL lock_timeout = '{lock_s}s'"))
    return bool(
        await connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": PARTITION_LOCK})
    )
