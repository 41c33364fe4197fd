"""Who wrote what, when and from where.

A call of a method whose scope ends in `.write` leaves a row of `trail` in each transaction in which it changed
something: the row is there if and only if the change is. One that was refused, or only got the answer of its
first time again, changed nothing and leaves none. Reads of tags leave one a batch and transaction, however many
tags they name.

Rows are written side by side, like those of the outbox, so that they hold nobody up; `onhand.kit.chain` makes it
show when one is changed later.

A row holds no content, which may be about people and must be erasable: it has the SHA-256 of the request where a
`request_id` in it makes that unguessable. What the write did is found by `xact_id`, which is the revision of its
events and of the rows it changed.
"""

import hashlib
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

from google.protobuf.message import Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

TABLES = """
CREATE TABLE trail (
    xact_id     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    trail_id    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    actor       text        NOT NULL,
    method      text        NOT NULL,
    request_id  text        NOT NULL,
    digest      bytea       NOT NULL,
    origin      text        NOT NULL,
    record_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xact_id, trail_id)
);
CREATE INDEX trail_record_time ON trail USING brin (record_time);
-- Each covers the rows after the one before it, up to and with its own.
CREATE TABLE trail_links (
    xact_id   xid8        NOT NULL,
    trail_id  bigint      NOT NULL,
    row_count integer     NOT NULL CHECK (row_count > 0),
    previous  bytea       NOT NULL,
    link      bytea       NOT NULL,
    link_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xact_id, trail_id)
);
"""
"""What a revision of each service brings. Never edited: a change is a revision of its own."""

FORWARDED = "x-forwarded-for"
"""Metadata in which the edge says for whom it calls. Anyone can say so: what is recorded is both addresses."""
MAX_ORIGIN = 200
"""Characters of an origin that are kept; a part of it may be the caller's own word."""

# The condition is false for a transaction that has only read so far.
_ADD = text("""
    INSERT INTO trail (actor, method, request_id, digest, origin)
    SELECT * FROM unnest(CAST(:actors AS text[]), CAST(:methods AS text[]), CAST(:request_ids AS text[]),
                         CAST(:digests AS bytea[]), CAST(:origins AS text[]))
    WHERE pg_current_xact_id_if_assigned() IS NOT NULL
""")


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call that may write."""

    actor: str
    method: str
    """For example `onhand.api.stock.v1.LedgerService.RecordSale`."""
    origin: str
    """The address that the call came from, and whom it came for where the caller said so."""
    request: Message | None = None
    """None for a stream, each message of which is a request."""

    @property
    def request_id(self) -> str:
        return getattr(self.request, "request_id", "")

    def digest(self) -> bytes:
        """Return the SHA-256 of the request; nothing for one that could be guessed from it."""
        if self.request is None or not self.request_id:
            return b""
        return hashlib.sha256(self.request.SerializeToString(deterministic=True)).digest()


_calls: ContextVar[tuple[Call, ...]] = ContextVar("calls", default=())


def act_for(calls: Iterable[Call]) -> None:
    """Let what this task writes from now on be written for these calls, and for no others."""
    _calls.set(tuple(dict.fromkeys(calls)))


def acting() -> tuple[Call, ...]:
    """Return the calls that this task writes for: none in background work."""
    return _calls.get()


async def record(connection: AsyncConnection) -> None:
    """Add the calls that this task writes for to the transaction under way, if that has changed anything."""
    calls = _calls.get()
    if calls:
        await connection.execute(
            _ADD,
            {
                "actors": [each.actor for each in calls],
                "methods": [each.method for each in calls],
                "request_ids": [each.request_id for each in calls],
                "digests": [each.digest() for each in calls],
                "origins": [each.origin for each in calls],
            },
        )


def origin(peer: str, forwarded_for: str) -> str:
    """Say where a call came from: `ipv4:10.1.2.3:50410`, or `ipv4:10.1.2.3:50410 for 192.0.2.7`."""
    came = f"{peer} for {forwarded_for}" if forwarded_for else peer
    return "".join(each if each.isprintable() else "?" for each in came[:MAX_ORIGIN])
