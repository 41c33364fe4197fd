"""The trail of writes is a chain: what is changed, added or dropped later breaks it.

Once a second one process a database chains what has come, in the order of transactions:
`link = SHA-256(link before, row)`. The last link of each batch is kept.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.db import Database

GENESIS = bytes(32)
"""The link before the first."""
INTERVAL_S = 1.0
"""How often what has come is chained: how long a row stands unprotected."""
BATCH = 1_000
"""Rows chained at a time; protects the event loop from long hashing."""
LINKS_PAGE = 500
"""Links that are verified at a time; protects memory."""
LOCK = 0x747261696C
"""Key of the advisory lock of the one process that chains."""

_COLUMNS = """
    xact_id::text AS xact_id, trail_id, actor, method, request_id, digest, origin,
    (extract(epoch FROM record_time) * 1000000)::bigint AS record_time_us
"""
_LAST = text("""
    SELECT xact_id::text AS xact_id, trail_id, link FROM trail_links
    ORDER BY trail_links.xact_id DESC, trail_id DESC LIMIT 1
""")
_UNCHAINED = text(f"""
    SELECT {_COLUMNS} FROM trail
    WHERE (xact_id, trail_id) > (CAST(:xact_id AS text)::xid8, :trail_id)
      AND xact_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY trail.xact_id, trail_id LIMIT :limit
""")  # noqa: S608 - of constants
_LINK = text("""
    INSERT INTO trail_links (xact_id, trail_id, row_count, previous, link)
    VALUES (CAST(:xact_id AS text)::xid8, :trail_id, :row_count, :previous, :link)
""")
_LINKS = text("""
    SELECT xact_id::text AS xact_id, trail_id, row_count, previous, link, link_time FROM trail_links
    WHERE (xact_id, trail_id) > (CAST(:xact_id AS text)::xid8, :trail_id)
    ORDER BY trail_links.xact_id, trail_id LIMIT :limit
""")
_CHAINED = text(f"""
    SELECT {_COLUMNS} FROM trail
    WHERE (xact_id, trail_id) > (CAST(:xact_id AS text)::xid8, :trail_id)
      AND (xact_id, trail_id) <= (CAST(:to_xact_id AS text)::xid8, :to_trail_id)
    ORDER BY trail.xact_id, trail_id
""")  # noqa: S608 - of constants
# Whole batches go, and the last link stays: what comes next is chained to it.
_FORGET = text("""
    WITH old AS (
        DELETE FROM trail_links
        WHERE link_time < now() - make_interval(secs => :seconds)
          AND (xact_id, trail_id) < (
              SELECT xact_id, trail_id FROM trail_links ORDER BY xact_id DESC, trail_id DESC LIMIT 1)
        RETURNING xact_id, trail_id
    )
    DELETE FROM trail t USING (SELECT xact_id, trail_id FROM old ORDER BY xact_id DESC, trail_id DESC LIMIT 1) o
    WHERE (t.xact_id, t.trail_id) <= (o.xact_id, o.trail_id)
""")


def next_link(previous: bytes, row: Any) -> bytes:
    """Return the link of a row of `trail`: each field with its length before it, so that none can run into another."""
    hashed = hashlib.sha256(previous)
    for value in (
        row.xact_id,
        row.trail_id,
        row.actor,
        row.method,
        row.request_id,
        row.digest,
        row.origin,
        row.record_time_us,
    ):
        encoded = value if isinstance(value, bytes) else str(value).encode()
        hashed.update(len(encoded).to_bytes(4))
        hashed.update(encoded)
    return hashed.digest()


async def extend(database: Database) -> int:
    """Chain the rows that have come; returns how many. One process a database does it at a time."""
    total = 0
    while (count := await database.transaction(_extend)) == BATCH:
        total += count
    return total + count


async def _extend(connection: AsyncConnection) -> int:
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not (await connection.execute(lock, {"key": LOCK})).scalar_one():
        return 0
    last = (await connection.execute(_LAST)).one_or_none()
    after = ("0", 0) if last is None else (last.xact_id, last.trail_id)
    previous = link = GENESIS if last is None else last.link
    found = await connection.execute(_UNCHAINED, {"xact_id": after[0], "trail_id": after[1], "limit": BATCH})
    rows = found.all()
    for row in rows:
        link = next_link(link, row)
    if rows:
        await connection.execute(
            _LINK,
            {
                "xact_id": rows[-1].xact_id,
                "trail_id": rows[-1].trail_id,
                "row_count": len(rows),
                "previous": previous,
                "link": link,
            },
        )
    return len(rows)


async def forget(connection: AsyncConnection, seconds: float) -> int:
    """Drop batches that were chained longer ago than `seconds`; returns how many rows went."""
    return (await connection.execute(_FORGET, {"seconds": seconds})).rowcount


# Verifying


@dataclass(slots=True)
class Trail:
    """What a verification saw."""

    rows: int = 0
    head: bytes = GENESIS
    """The last link. Noted where nobody can reach it who can write to the database, it proves later that
    everything up to here is as it was."""
    begin_time: datetime | None = None
    """When the oldest batch that is kept was chained."""
    known: bool = False
    """Whether the link that was asked for is in the chain."""


async def verify(connection: AsyncConnection, trail: Trail, noted: bytes = b"") -> AsyncIterator[str]:
    """Compute all links anew, in one snapshot, and yield what is wrong; fills in `trail`.

    `noted` is a head that an earlier verification gave. Rows of the last second may not be chained yet.
    """
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    after: dict[str, Any] = {"xact_id": "0", "trail_id": 0}
    while links := (await connection.execute(_LINKS, {**after, "limit": LINKS_PAGE})).all():
        if trail.begin_time is None:
            trail.begin_time, trail.head = links[0].link_time, links[0].previous
            trail.known = noted == trail.head
        upto = {"to_xact_id": links[-1].xact_id, "to_trail_id": links[-1].trail_id}
        result = await connection.stream(_CHAINED, {**after, **upto})
        rows = aiter(result)
        row = await anext(rows, None)
        for link in links:
            if link.previous != trail.head:
                yield f"the link of row {link.trail_id} does not begin where the one before it ended"
            computed, count = link.previous, 0
            while row is not None and _key(row) <= _key(link):
                computed, count = next_link(computed, row), count + 1
                row = await anext(rows, None)
            if count != link.row_count:
                yield f"{link.row_count} rows were chained up to row {link.trail_id}, {count} are there"
            elif computed != link.link:
                yield f"a row of the {count} up to row {link.trail_id} is not as it was chained"
            trail.rows += count
            trail.head = link.link
            trail.known = trail.known or noted == link.link
        after = {"xact_id": links[-1].xact_id, "trail_id": links[-1].trail_id}
    if noted and not trail.known:
        yield f"the head {noted.hex()} that was noted is not in it: it was written anew, or that part is dropped"


def _key(row: Any) -> tuple[int, int]:
    return int(row.xact_id), row.trail_id
