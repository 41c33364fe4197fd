"""The feed: what the relay publishes, in batches, to every replica that keeps a view in memory.

JetStream keeps each event for whoever comes later. A view needs none of that: it starts from a snapshot, and
starts again when it missed something. So it hears whole batches on a plain subject, a hundred events for the
price of one message. Each message says which rows of the outbox it follows and where it ends; a message that
does not begin where the last one ended shows that something is missing.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError

from onhand.kit.events import Broker
from onhand.kit.wire import message_tag, varint

SILENCE_S = 10.0
"""No sign of the relay for this long: whoever listens starts again."""
MAX_BYTES = 512 << 10
"""Events in one message; NATS takes 1 MiB."""
_AFTER, _UNTIL = "Onhand-After", "Onhand-Until"
_WATERMARK, _AS_OF = "Onhand-Watermark", "Onhand-As-Of"
_EVENT_TAG = message_tag(1)
_DATABASE = "SELECT oid::text FROM pg_database WHERE datname = current_database()"

Position = tuple[int, int]
"""A row of the outbox: transaction, number."""


class FeedBrokenError(Exception):
    """Something may be missing: start again from a snapshot."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that follow those of the batch before."""

    events: bytes
    """A serialised message whose field 1 repeats the events."""
    watermark: int | None
    """Every change below this revision has been told by now; None: more of the same look follow."""
    as_of: datetime | None
    """When that was looked up; None: the relay is behind, and more is there already."""


async def subject(service: str, connection: Any) -> str:
    """Name the feed of this database; `connection` is asyncpg's."""
    return f"onhand.feed.{service}.{await connection.fetchval(_DATABASE)}"


def pack(events: Iterable[bytes]) -> bytes:
    """Make one message of events."""
    parts: list[bytes] = []
    for each in events:
        parts += (_EVENT_TAG, varint(len(each)), each)
    return b"".join(parts)


async def publish(
    client: Client,
    to: str,
    after: Position,
    rows: Sequence[tuple[Position, bytes]],
    watermark: int,
    as_of: datetime | None,
) -> None:
    """Tell rows that follow `after`; waits for nobody. Empty payloads only move the position on."""
    start = 0
    while True:
        size, end = 0, start
        while end < len(rows) and (end == start or size + len(rows[end][1]) <= MAX_BYTES):
            size += len(rows[end][1])
            end += 1
        until = rows[end - 1][0] if end > start else after
        headers = {_AFTER: _position(after), _UNTIL: _position(until)}
        if end == len(rows):
            headers[_WATERMARK] = str(watermark)
            if as_of is not None:
                headers[_AS_OF] = str(round(as_of.timestamp() * 1e6))
        await client.publish(to, pack(payload for _, payload in rows[start:end] if payload), headers=headers)
        if end == len(rows):
            return
        start, after = end, until


class Feed:
    """One listener's end of the feed."""

    def __init__(self, messages: AsyncIterator[Msg], reconnects: "_Reconnects") -> None:
        self._messages = messages
        self._reconnects = reconnects
        self._until: Position | None = None

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield batches as they come. Raises FeedBrokenError when one is missing or none comes."""
        async for message in self._messages:
            headers = message.headers or {}
            after, until = _read(headers[_AFTER]), _read(headers[_UNTIL])
            if self._reconnects.happened or (self._until is not None and after > self._until):
                raise FeedBrokenError("a batch is missing")
            self._until = until
            watermark, as_of = headers.get(_WATERMARK), headers.get(_AS_OF)
            yield Batch(
                message.data,
                None if watermark is None else int(watermark),
                None if as_of is None else _EPOCH + timedelta(microseconds=int(as_of)),
            )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Reconnects:
    """Whether the connection was lost since: what was published meanwhile did not come."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._before = client.stats["reconnects"]

    @property
    def happened(self) -> bool:
        return bool(self._client.stats["reconnects"] != self._before)


@asynccontextmanager
async def listen(broker: Broker, to: str) -> AsyncIterator[Feed]:
    """Hear everything that is published from now on."""
    client = await broker.client()
    reconnects = _Reconnects(client)
    subscription = await client.subscribe(to)
    try:
        await client.flush()

        async def messages() -> AsyncIterator[Msg]:
            while True:
                try:
                    yield await subscription.next_msg(timeout=SILENCE_S)
                except (TimeoutError, NatsTimeoutError):
                    raise FeedBrokenError("the relay is silent") from None

        yield Feed(messages(), reconnects)
    finally:
        await subscription.unsubscribe()


def _position(value: Position) -> str:
    return f"{value[0]}.{value[1]}"


def _read(value: str) -> Position:
    transaction, _, number = value.partition(".")
    return int(transaction), int(number)
