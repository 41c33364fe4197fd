"""Events on NATS JetStream: streams, consumers with an inbox, dead letters.

A consumer handles each event in one transaction with a row in `inbox`, so that redelivery has no second
effect. An event whose handler keeps failing goes to the stream DEAD, from where it can be listed and
replayed; it never blocks those behind it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import telemetry
from onhand.kit.db import Database
from onhand.kit.errors import DatabaseUnavailable

STREAMS = ("stock", "routing", "pickup", "notifications")
DEAD = "DEAD"
EVENT_ID_HEADER = "Onhand-Event-Id"
ACK_WAIT_S = 30
"""Time after which an event that was not answered is delivered again."""
MAX_DELIVERIES = 40
"""Attempts at one event before it becomes a dead letter, by `pause_s` some six minutes: an event may need another one
first, which a consumer that was killed had, and which comes again only after `ACK_WAIT_S`."""
MAX_AGE_S = 7 * 86_400
"""How long streams keep events; the outbox can publish older ones again."""
DUPLICATE_WINDOW_S = 300
"""How long the broker drops an event published twice; consumers do so for longer."""
FETCH = 64
LANES = 8
"""Events handled side by side, where a subscription allows it: most of a transaction is waiting for the database."""
_UNAVAILABLE_PAUSE_S = 0.5

Handler = Callable[[AsyncConnection, bytes], Awaitable[None]]

_SEEN = text("""
    INSERT INTO inbox (consumer, event_id) VALUES (:consumer, CAST(:event_id AS uuid)) ON CONFLICT DO NOTHING
""")
_FORGET = text("DELETE FROM inbox WHERE receive_time < now() - make_interval(secs => :seconds)")


class Broker:
    """The connection to NATS. A service serves without it, and its events go out when it is there."""

    def __init__(self, url: str, name: str, replicas: int = 1) -> None:
        self._url = url
        self._name = name
        self._replicas = replicas
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def jetstream(self) -> JetStreamContext:
        """Return JetStream with our streams, once NATS can be reached; it reconnects for ever after."""
        return (await self.client()).jetstream()

    async def client(self) -> Client:
        """Return the connection, once there is one and our streams exist."""
        async with self._connecting:
            while self._client is None:
                try:
                    client = await nats.connect(
                        self._url.split(","),
                        name=f"onhand-{self._name}",
                        max_reconnect_attempts=-1,
                        reconnect_time_wait=0.25,
                        ping_interval=10,
                        error_cb=self._on_error,
                    )
                    try:
                        await ensure_streams(client.jetstream(), self._replicas)
                    except BaseException:
                        await client.close()
                        raise
                    self._client = client
                except (OSError, NatsError, TimeoutError):
                    telemetry.log.info("waiting for nats")
                    await asyncio.sleep(0.5)
            return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        telemetry.log.warning("nats", error=repr(error))


async def ensure_streams(jetstream: JetStreamContext, replicas: int) -> None:
    """Create the streams that are not there yet, and spread those that are on too few nodes."""
    for name in STREAMS:
        await _ensure(
            jetstream,
            StreamConfig(
                name=name.upper(),
                subjects=[f"onhand.{name}.>"],
                max_age=MAX_AGE_S,
                duplicate_window=DUPLICATE_WINDOW_S,
                allow_rollup_hdrs=True,
                num_replicas=replicas,
            ),
        )
    await _ensure(
        jetstream,
        StreamConfig(
            name=DEAD, subjects=["onhand.dead.>"], retention=RetentionPolicy.LIMITS, num_replicas=replicas
        ),
    )


async def _ensure(jetstream: JetStreamContext, config: StreamConfig) -> None:
    try:
        info = await jetstream.stream_info(config.name or "")
    except NotFoundError:
        await jetstream.add_stream(config)
        return
    if (info.config.num_replicas or 1) < (config.num_replicas or 1):
        await jetstream.update_stream(config)


@dataclass(frozen=True)
class Subscription:
    """What one consumer of a service takes from one stream."""

    stream: str
    """For example `stock`."""
    payloads: Sequence[str]
    """Names of the payloads wanted, for example `balance_changed`."""
    handler: Handler
    """Called inside the transaction with the serialized event; raises to have it delivered again."""
    wanted: Callable[[bytes], bool] | None = None
    """Tells from the event alone whether it is worth a transaction; None: each is."""
    from_now: bool = False
    """Whether events of before this service first listened are nothing to it."""
    about: Callable[[bytes], str] | None = None
    """Names what an event is about: events of different things are then handled side by side, those of one thing one
    after another. None: all are handled one after another."""


class Consumer:
    """Takes events of one stream for one service; replicas share the work."""

    def __init__(self, broker: Broker, database: Database, service: str, subscription: Subscription) -> None:
        self._broker = broker
        self._database = database
        self._subscription = subscription
        self.listening = asyncio.Event()
        """Set once the broker keeps the events for this consumer: none from then on is missed."""
        self.name = f"{service}-{subscription.stream}"

    async def run(self) -> None:
        """Handle events until cancelled."""
        stream = self._subscription.stream
        jetstream = await self._broker.jetstream()
        await jetstream.add_consumer(
            stream.upper(),
            ConsumerConfig(
                durable_name=self.name,
                deliver_policy=DeliverPolicy.NEW if self._subscription.from_now else DeliverPolicy.ALL,
                filter_subjects=[f"onhand.{stream}.{each}" for each in self._subscription.payloads],
                ack_wait=ACK_WAIT_S,
                max_deliver=-1,  # counted here, so that a long outage of the database kills no event
                max_ack_pending=1_000,
            ),
        )
        self.listening.set()
        pull = await jetstream.pull_subscribe_bind(durable=self.name, stream=stream.upper())
        telemetry.log.info("consuming", consumer=self.name)
        while True:
            try:
                messages = await pull.fetch(FETCH, timeout=5)
            except TimeoutError:
                continue
            await asyncio.gather(*(self._in_turn(each) for each in self._lanes(messages)))

    def _lanes(self, messages: Sequence[Msg]) -> Sequence[Sequence[Msg]]:
        about = self._subscription.about
        if about is None:
            return [messages]
        lanes: list[list[Msg]] = [[] for _ in range(LANES)]
        for message in messages:
            try:
                lane = crc32(about(message.data).encode()) % LANES
            except Exception:  # noqa: BLE001 - what cannot be read fails in its turn, alone
                lane = 0
            lanes[lane].append(message)
        return lanes

    async def _in_turn(self, messages: Sequence[Msg]) -> None:
        for message in messages:
            await self._take(message)

    async def _take(self, message: Msg) -> None:
        headers = {EVENT_ID_HEADER: "", **(message.headers or {})}  # one sent by hand may have none
        with telemetry.span(f"consume {message.subject}", headers, trace.SpanKind.CONSUMER):
            while True:
                try:
                    wanted = self._subscription.wanted
                    if wanted is None or wanted(message.data):
                        await self._handle(headers[EVENT_ID_HEADER], message.data)
                    await message.ack()
                except DatabaseUnavailable:
                    await message.in_progress()
                    await asyncio.sleep(_UNAVAILABLE_PAUSE_S)
                    continue
                except Exception as error:  # noqa: BLE001
                    await self._fail(message, headers, error)
                return

    async def _handle(self, event_id: str, data: bytes) -> None:
        async def effect(connection: AsyncConnection) -> None:
            key = {"consumer": self.name, "event_id": event_id}
            if (await connection.execute(_SEEN, key)).rowcount == 1:
                await self._subscription.handler(connection, data)

        await self._database.transaction(effect)

    async def _fail(self, message: Msg, headers: dict[str, str], error: Exception) -> None:
        deliveries = message.metadata.num_delivered
        telemetry.log.warning(
            "event failed", consumer=self.name, subject=message.subject, deliveries=deliveries, exc_info=error
        )
        if deliveries < MAX_DELIVERIES:
            await message.nak(delay=pause_s(deliveries))
            return
        jetstream = await self._broker.jetstream()
        await jetstream.publish(
            f"onhand.dead.{self.name}",
            message.data,
            headers={
                **headers,
                "Nats-Msg-Id": f"{self.name}:{headers[EVENT_ID_HEADER]}:{message.metadata.sequence.stream}",
                "Onhand-Subject": message.subject,
                "Onhand-Failure": repr(error)[:500].replace("\r", " ").replace("\n", " "),
            },
        )
        await message.term()
        telemetry.log.error("dead letter", consumer=self.name, subject=message.subject)


def pause_s(deliveries: int) -> float:
    """Return how long to wait after so many attempts at an event."""
    return min(2.0**deliveries / 10, 10)


async def forget(connection: AsyncConnection, seconds: float) -> int:
    """Drop inbox rows older than `seconds`; returns how many."""
    return (await connection.execute(_FORGET, {"seconds": seconds})).rowcount


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer could not handle."""

    sequence: int
    consumer: str
    subject: str
    event_id: str
    failure: str
    dead_time: datetime
    data: bytes


async def dead_letters(
    jetstream: JetStreamContext, consumer: str = "", after: int = 0
) -> AsyncGenerator[DeadLetter]:
    """Yield the dead letters of `consumer`, or of all, whose sequence is past `after`, oldest first."""
    subject = f"onhand.dead.{consumer or '>'}"
    try:
        last = (await jetstream.get_last_msg(DEAD, subject)).seq or 0
    except NotFoundError:
        return
    if last <= after:
        return
    begin = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=after + 1)
    subscription = await jetstream.subscribe(subject, ordered_consumer=True, config=begin)
    try:
        sequence = after
        while sequence < last:
            message = await subscription.next_msg(timeout=5)
            sequence = message.metadata.sequence.stream
            consumer_name = message.subject.removeprefix("onhand.dead.")
            time = message.metadata.timestamp
            yield _letter(sequence, consumer_name, message.headers or {}, time, message.data)
    finally:
        await subscription.unsubscribe()


async def dead_letter(jetstream: JetStreamContext, sequence: int) -> DeadLetter:
    """Return one dead letter; raises nats.js.errors.NotFoundError."""
    found = await jetstream.get_msg(DEAD, sequence)
    consumer = (found.subject or "").removeprefix("onhand.dead.")
    # Of one that is looked at alone the broker's client does not tell the time; whoever replays it needs none.
    return _letter(sequence, consumer, found.headers or {}, datetime.fromtimestamp(0, UTC), found.data or b"")


def _letter(
    sequence: int, consumer: str, headers: Mapping[str, str], dead_time: datetime, data: bytes
) -> DeadLetter:
    return DeadLetter(
        sequence=sequence,
        consumer=consumer,
        subject=headers["Onhand-Subject"],
        event_id=headers[EVENT_ID_HEADER],
        failure=headers["Onhand-Failure"],
        dead_time=dead_time,
        data=data,
    )


async def replay(jetstream: JetStreamContext, letter: DeadLetter) -> None:
    """Publish a dead letter's event again and drop the letter.

    Consumers that have handled the event before recognise it by its id; the one that failed has not.
    """
    headers = {EVENT_ID_HEADER: letter.event_id, "Nats-Msg-Id": f"replay:{letter.sequence}"}
    await jetstream.publish(letter.subject, letter.data, headers=headers)
    await jetstream.delete_msg(DEAD, letter.sequence)
