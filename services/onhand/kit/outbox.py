"""Events leave through the transaction that made them true.

An event is a row of `outbox`, written with the effect. One relay a service, chosen by an advisory lock,
publishes rows to JetStream in the order of their transactions and then moves its cursor. A row is
published only when no older transaction is still open (`xact_id < pg_snapshot_xmin`), so that a consumer
which has seen revision W has seen every change below W. Rows stay for days: `rewind` publishes them again
from any time, which is safe because consumers deduplicate.
"""

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import feed, publishing, telemetry
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.events import EVENT_ID_HEADER, Broker
from onhand.kit.publishing import Publisher
from onhand.kit.waiting import set_or_after
from onhand.kit.wire import number_tag, varint

RELAY_LOCK = 0x6F6E68616E64
"""Key of the advisory lock that the one relay of a database holds."""
BATCH = 1_000
"""Rows read and published at a time; protects memory."""
POLL_S = 0.05
"""Longest wait for rows that another process wrote; this process's own commits wake the relay."""
WATERMARK_S = 1.0
"""How often the watermark is published when nothing else is."""
STANDBY_S = 2.0
"""How often a process that is not the relay tries to become it."""
WATERMARK_HEADER = "Onhand-Watermark"
"""On the last message of a batch: every change below this revision has been published before it."""
REVISION_FIELD = 3
"""Number of `revision` in every event envelope of the contracts."""
_REVISION_TAG = number_tag(REVISION_FIELD)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ADD = text("""
    INSERT INTO outbox (event_id, subject, payload, trace)
    SELECT * FROM unnest(
        CAST(:event_ids AS uuid[]), CAST(:subjects AS text[]), CAST(:payloads AS bytea[]), CAST(:traces AS text[]))
    RETURNING xact_id::text
""")
_REVISION = text("SELECT pg_current_xact_id()::text")
_READ_REVISION = text("SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text")
_COMPLETE_TO = """
    least(now(), (SELECT min(u.record_time) FROM outbox u WHERE u.xact_id >= pg_snapshot_xmin(pg_current_snapshot())))
"""
"""Since when something is committed that waits for an older transaction to end; else now."""
_NEXT = f"""
    SELECT o.xact_id::text AS xact_id, o.outbox_id, o.event_id::text AS event_id, o.subject, o.payload, o.trace,
           pg_snapshot_xmin(pg_current_snapshot())::text AS watermark, {_COMPLETE_TO} AS as_of,
           c.xact_id::text AS after_xact_id, c.outbox_id AS after_outbox_id
    FROM outbox o, outbox_cursor c
    WHERE (o.xact_id, o.outbox_id) > (c.xact_id, c.outbox_id)
      AND o.xact_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY o.xact_id, o.outbox_id LIMIT $1
"""  # noqa: S608 - of constants
_IDLE = f"""
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS watermark, {_COMPLETE_TO} AS as_of,
           c.xact_id::text AS after_xact_id, c.outbox_id AS after_outbox_id
    FROM outbox_cursor c
    WHERE NOT EXISTS (
        SELECT FROM outbox o
        WHERE (o.xact_id, o.outbox_id) > (c.xact_id, c.outbox_id)
          AND o.xact_id < pg_snapshot_xmin(pg_current_snapshot()))
"""  # noqa: S608 - of constants
"""The watermark, if nothing below it waits: one statement, because a commit may come between two."""
_ADVANCE = "UPDATE outbox_cursor SET xact_id = $1::text::xid8, outbox_id = $2"
_FORGET = text("""
    DELETE FROM outbox o USING outbox_cursor c
    WHERE (o.xact_id, o.outbox_id) <= (c.xact_id, c.outbox_id)
      AND o.record_time < now() - make_interval(secs => :seconds)
""")
_WAITING = text("""
    SELECT count(*), min(record_time) FROM (
        SELECT o.record_time FROM outbox o, outbox_cursor c
        WHERE (o.xact_id, o.outbox_id) > (c.xact_id, c.outbox_id)
        ORDER BY o.xact_id, o.outbox_id LIMIT 100000) AS unpublished
""")
_REWIND = text("""
    UPDATE outbox_cursor SET (xact_id, outbox_id) = (
        SELECT coalesce(min(xact_id::text::numeric)::text::xid8, (SELECT xact_id FROM outbox_cursor)), 0
        FROM outbox WHERE record_time >= :since)
""")


@dataclass(frozen=True, slots=True)
class Event:
    """An event to publish."""

    subject: str
    """For example `onhand.stock.balance_changed`."""
    message: Message
    """An event envelope of the contracts; its `event_id` is set, its `revision` is not."""


async def add(connection: AsyncConnection, events: Iterable[Event]) -> int:
    """Add events to the transaction under way and return its revision."""
    rows = list(events)
    if not rows:
        return await revision(connection)
    names = ("event_ids", "subjects", "payloads", "traces")
    result = await connection.execute(_ADD, dict(zip(names, columns(rows), strict=True)))
    return int(result.scalars().first() or 0)


async def revision(connection: AsyncConnection) -> int:
    """Return the revision of the transaction under way: PostgreSQL's 64-bit transaction id."""
    return int((await connection.execute(_REVISION)).scalar_one())


async def read_revision(connection: AsyncConnection) -> int:
    """Return a revision at or above every change that is visible now, without taking one."""
    return int((await connection.execute(_READ_REVISION)).scalar_one())


def envelope(service: str, kind: type[Message], clock: Clock, **payload: Any) -> Event:
    """Wrap one payload and what goes with it: `envelope("stock", StockEvent, clock, balance_changed=…)`.

    A payload may be a message or, which is quicker, its fields.
    """
    since = clock.now() - _EPOCH
    # Parts of a message are given as their fields: to make them first and copy them in takes twice as long.
    record_time: Any = {"seconds": since.days * 86_400 + since.seconds, "nanos": since.microseconds * 1_000}
    message = kind(event_id=str(clock.uuid()), record_time=record_time, **payload)
    return Event(f"onhand.{service}.{message.WhichOneof('payload')}", message)


def columns(events: Sequence[Event]) -> tuple[list[str], list[str], list[bytes], list[str]]:
    """Return ids, subjects, payloads and traces of rows of `outbox`, for a statement that adds more."""
    trace = json.dumps(telemetry.carrier())
    return (
        [each.message.event_id for each in events],  # type: ignore[attr-defined]
        [each.subject for each in events],
        [each.message.SerializeToString() for each in events],
        [trace] * len(events),
    )


async def forget(connection: AsyncConnection, seconds: float) -> int:
    """Drop published rows older than `seconds`; returns how many."""
    return (await connection.execute(_FORGET, {"seconds": seconds})).rowcount


async def waiting(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Count the rows that are not published yet, up to 100,000, and tell when the first was written."""
    count, since = (await connection.execute(_WAITING)).one()
    return int(count), since


async def rewind(connection: AsyncConnection, since: datetime) -> None:
    """Publish again everything recorded at or after `since`."""
    await connection.execute(_REWIND, {"since": since})


class Relay:
    """Publishes a database's outbox; any number of processes may run one, one at a time works."""

    def __init__(self, database: Database, broker: Broker, service: str, fed: Collection[str] = ()) -> None:
        """`fed` names the payloads that views of this service keep in memory."""
        self._database = database
        self._broker = broker
        self._service = service
        self._fed = frozenset(f"onhand.{service}.{each}" for each in fed)

    async def run(self) -> None:
        """Become the relay, or stand by until that is possible; returns when no longer it."""
        publisher = Publisher(await self._broker.client())
        async with self._database.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            if not await raw.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK):
                await asyncio.sleep(STANDBY_S)
                return
            try:
                await publisher.start()
                # A cursor that a crash sets back only has rows published again; a flush to disk each time
                # would compete with those of the transactions that callers wait for.
                await raw.execute("SET synchronous_commit = off")
                telemetry.log.info("relaying")
                await self._relay(raw, publisher)
            finally:
                # The lock dies with its session; closing makes that certain also after a cancel.
                await connection.invalidate()

    async def _relay(self, raw: Any, publisher: Publisher) -> None:
        client = publisher.client
        loop = asyncio.get_running_loop()
        said = loop.time() - WATERMARK_S
        to = await feed.subject(self._service, raw)
        while True:
            self._database.committed.clear()
            rows = await raw.fetch(_NEXT, BATCH)
            if rows:
                payloads = [_payload(row) for row in rows]
                await self._feed(client, to, rows, payloads)
                await self._publish(publisher, rows, payloads)
                await raw.execute(_ADVANCE, rows[-1]["xact_id"], rows[-1]["outbox_id"])
                said = loop.time()
            elif loop.time() - said >= WATERMARK_S and (idle := await raw.fetchrow(_IDLE)):
                if self._fed:
                    await feed.publish(client, to, _after(idle), [], int(idle["watermark"]), idle["as_of"])
                await publisher.publish([self._watermark(idle["watermark"])])
                said = loop.time()
            if len(rows) < BATCH:
                await set_or_after(self._database.committed, POLL_S)

    async def _feed(self, client: Client, to: str, rows: list[Any], payloads: list[bytes]) -> None:
        """Tell the views, which need not wait until the broker has stored it."""
        if not self._fed:
            return
        told = [
            ((int(row["xact_id"]), row["outbox_id"]), payload if row["subject"] in self._fed else b"")
            for row, payload in zip(rows, payloads, strict=True)
        ]
        first, last = rows[0], rows[-1]
        whole = len(rows) < BATCH
        watermark = int(last["watermark"] if whole else last["xact_id"])
        await feed.publish(client, to, _after(first), told, watermark, first["as_of"] if whole else None)

    async def _publish(self, publisher: Publisher, rows: list[Any], payloads: list[bytes]) -> None:
        last = rows[-1]
        traces: dict[str, dict[str, str]] = {}
        for trace in {row["trace"] for row in rows}:
            traces[trace] = json.loads(trace)
        messages = [
            _message(row, payload, traces[row["trace"]]) for row, payload in zip(rows, payloads, strict=True)
        ]
        if len(messages) > 1:
            await publisher.publish(messages[:-1])
        # A full batch may have been cut inside its last transaction.
        watermark = last["watermark"] if len(rows) < BATCH else last["xact_id"]
        # Alone and after the others: the broker may take this one and not one of those.
        headers = {**messages[-1].headers, WATERMARK_HEADER: watermark}
        await publisher.publish([messages[-1]._replace(headers=headers)])

    def _watermark(self, watermark: str) -> publishing.Message:
        """Say how far the stream is complete, in place of the last such message."""
        headers = {WATERMARK_HEADER: watermark, "Nats-Rollup": "sub"}
        return publishing.Message(f"onhand.{self._service}.watermark", b"", headers)


def _message(row: Any, payload: bytes, trace: dict[str, str]) -> publishing.Message:
    identity = {"Nats-Msg-Id": row["event_id"], EVENT_ID_HEADER: row["event_id"]}
    return publishing.Message(row["subject"], payload, {**identity, **trace})


def _payload(row: Any) -> bytes:
    payload: bytes = row["payload"]
    return payload + _REVISION_TAG + varint(int(row["xact_id"]))


def _after(row: Any) -> feed.Position:
    return int(row["after_xact_id"]), row["after_outbox_id"]
