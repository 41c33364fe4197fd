"""Events: exactly one effect, in order, whatever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.kit.conftest import STREAM, World, until

from onhand.cli.embedded import EmbeddedServers
from onhand.kit import events, outbox, publishing, telemetry
from onhand.kit.events import EVENT_ID_HEADER
from onhand.kit.outbox import WATERMARK_HEADER


async def published(world: World) -> int:
    """Return how often events of this world stand in the stream."""
    jetstream = await world.broker.jetstream()
    info = await jetstream.stream_info(STREAM.upper(), subjects_filter=world.subject)
    return sum((info.state.subjects or {}).values())


async def test_an_event_reaches_its_consumer_with_its_revision(world: World) -> None:
    event = world.event()
    revision = await world.tell(event)
    async with world.running(world.relay().run, world.consumer(world.note).run):
        await world.until_effects([event])
    assert await world.value("SELECT revision FROM effects") == revision


async def test_the_trace_of_a_call_goes_on_through_its_events(world: World) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    event, seen = world.event(), []

    async def handler(connection: AsyncConnection, data: bytes) -> None:
        seen.append(telemetry.trace_id())
        await world.note(connection, data)

    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    with telemetry.span("call", headers, SpanKind.SERVER):
        await world.tell(event)
    async with world.running(world.relay().run, world.consumer(handler).run):
        await world.until_effects([event])
    assert seen == [trace_id]


async def test_events_keep_the_order_of_their_transactions(world: World) -> None:
    told = []
    async with world.running(world.relay().run, world.consumer(world.note).run):
        for count in (1, 3, 2, 1, 40):
            batch = [world.event() for _ in range(count)]
            await world.tell(*batch)
            told += batch
        await world.until_effects(told)


async def test_what_comes_twice_has_one_effect(world: World) -> None:
    event, last = world.event(), world.event()
    jetstream = await world.broker.jetstream()
    async with world.running(world.consumer(world.note).run):
        for message in (event, event, event, last, event, last):
            # No id for the broker: that it drops repeats for some minutes is not what this relies on.
            headers = {EVENT_ID_HEADER: message.message.event_id}  # type: ignore[attr-defined]
            data = message.message.SerializeToString()
            await jetstream.publish(world.subject, data, headers=headers)
        await world.until_effects([event, last])
        await until(lambda: _all_taken(world))
        assert len(await world.effects()) == 2


async def _all_taken(world: World) -> bool:
    jetstream = await world.broker.jetstream()
    info = await jetstream.consumer_info(STREAM.upper(), f"{world.service}-{STREAM}")
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_an_outbox_that_is_rewound_is_published_again_without_a_second_effect(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [world.event() for _ in range(3)]
    jetstream = await world.broker.jetstream()
    async with world.running(world.relay().run, world.consumer(world.note).run):
        await world.tell(*told)
        await world.until_effects(told)
        # A broker that lost what it had acknowledged.
        await jetstream.purge_stream(STREAM.upper(), subject=world.subject)
        assert await published(world) == 0
        await world.database.transaction(lambda c: outbox.rewind(c, datetime.now(UTC) - timedelta(hours=1)))
        last = world.event()
        await world.tell(last)
        await world.until_effects([*told, last])


async def test_a_rewind_to_before_everything_or_after_it_is_safe(world: World) -> None:
    told = [world.event() for _ in range(3)]
    async with world.running(world.relay().run, world.consumer(world.note).run):
        for since in (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)):
            await world.database.transaction(lambda c, since=since: outbox.rewind(c, since))
        await world.tell(*told)
        await world.until_effects(told)


async def test_who_listens_from_now_on_misses_nothing_once_it_says_that_it_listens(world: World) -> None:
    missed, event = world.event(), world.event()
    await world.tell(missed)
    async with world.running(world.relay().run):
        await until(lambda: _published(world, 1))
    consumer = world.consumer(world.note, from_now=True)
    assert not consumer.listening.is_set()
    async with world.running(world.relay().run, consumer.run):
        await asyncio.wait_for(consumer.listening.wait(), 30)
        await world.tell(event)
        await world.until_effects([event])


async def _published(world: World, count: int) -> bool:
    return await published(world) == count


class Heard:
    """The stream as a view hears it: subjects of this world and watermarks, in order."""

    def __init__(self) -> None:
        self.event_ids: list[str] = []
        self.watermarks: list[tuple[int, int]] = []
        """Each with the number of events heard before it, its own included."""

    async def hear(self, message: Any) -> None:
        headers = message.headers or {}
        if EVENT_ID_HEADER in headers:
            self.event_ids.append(headers[EVENT_ID_HEADER])
        if WATERMARK_HEADER in headers:
            self.watermarks.append((int(headers[WATERMARK_HEADER]), len(self.event_ids)))

    async def watermark(self, above: int) -> bool:
        return any(watermark > above for watermark, _ in self.watermarks)


@pytest.fixture
async def heard(world: World) -> AsyncIterator[Heard]:
    heard = Heard()
    jetstream = await world.broker.jetstream()
    options = {"ordered_consumer": True, "deliver_policy": events.DeliverPolicy.NEW}
    mine = await jetstream.subscribe(world.subject, cb=heard.hear, **options)
    marks = await jetstream.subscribe(f"onhand.{STREAM}.watermark", cb=heard.hear, **options)
    yield heard
    await mine.unsubscribe()
    await marks.unsubscribe()


async def test_an_older_transaction_that_is_open_holds_back_what_came_after(
    world: World, heard: Heard
) -> None:
    older, younger = world.event(), world.event()
    in_older, finish = asyncio.Event(), asyncio.Event()
    revisions = {}

    async def stay_open(connection: AsyncConnection) -> None:
        revisions["older"] = await outbox.add(connection, [older])
        in_older.set()
        async with asyncio.timeout(20):
            await finish.wait()

    async with world.running(world.relay().run):
        # The limit on idle transactions would end it; the relay says a watermark each second.
        open_transaction = asyncio.create_task(world.database.transaction(stay_open))
        await asyncio.wait_for(in_older.wait(), 5)
        revisions["younger"] = await world.tell(younger)
        assert revisions["younger"] > revisions["older"]

        # A watermark after the younger one's commit shows that the relay looked, and waited.
        seen = len(heard.watermarks)
        await until(lambda: _longer(heard, seen + 2))
        assert heard.event_ids == []
        assert max(watermark for watermark, _ in heard.watermarks) <= revisions["older"]

        finish.set()
        await open_transaction
        await until(lambda: heard.watermark(revisions["younger"]))
    assert heard.event_ids == [each.message.event_id for each in (older, younger)]  # type: ignore[attr-defined]
    # Nobody was told that the stream is complete beyond what they had been told by then.
    for watermark, count in heard.watermarks:
        if watermark > revisions["younger"]:
            assert count == 2
        elif watermark > revisions["older"]:
            assert count >= 1


async def _longer(heard: Heard, count: int) -> bool:
    return len(heard.watermarks) >= count


async def test_one_of_several_relays_works_and_another_takes_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "STANDBY_S", 0.1)
    first, second, third = world.event(), world.event(), world.event()
    consuming = world.running(world.consumer(world.note).run)
    async with consuming, world.running(world.relay().run):
        async with world.running(world.relay().run):
            await world.tell(first)
            await world.until_effects([first])
            await world.tell(second)
            await world.until_effects([first, second])
            assert await published(world) == 2
        await world.tell(third)
        await world.until_effects([first, second, third])
        assert await published(world) == 3


async def test_a_broker_that_dies_loses_nothing(servers: EmbeddedServers, world: World) -> None:
    told: list[Any] = []

    async def tell(count: int) -> None:
        for _ in range(count):
            event = world.event()
            await world.tell(event)
            told.append(event)

    async with world.running(world.relay().run, world.consumer(world.note).run):
        await tell(5)
        await until(lambda: world._has(1))
        await asyncio.to_thread(servers.nats.kill)
        try:
            await tell(5)  # services go on without it
        finally:
            await asyncio.to_thread(servers.nats.start)
        await tell(5)
        await until(lambda: world._has(len(told)))
        effects = await world.effects()
    assert sorted(effects) == sorted(each.message.event_id for each in told)


class Meddled:
    """Something that passes everything on, with one method replaced."""

    def __init__(self, inner: Any, **methods: Any) -> None:
        self._inner = inner
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def assert_complete(heard: Heard, revisions: dict[str, int]) -> None:
    """Whoever is told a watermark has been told of every transaction below it."""
    for watermark, count in heard.watermarks:
        told = set(heard.event_ids[:count])
        late = [event_id for event_id, revision in revisions.items() if revision < watermark]
        assert told >= set(late), f"watermark {watermark} came before an event below it"


async def test_a_watermark_waits_for_an_event_that_the_broker_did_not_take(
    world: World, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = world.event(), world.event()
    failed = False
    client = await world.broker.client()

    async def publish(subject: str, payload: bytes, **options: Any) -> None:
        nonlocal failed
        if options["headers"].get(EVENT_ID_HEADER) == first.message.event_id and not failed:  # type: ignore[attr-defined]
            failed = True
            return  # lost on the way: no acknowledgement comes
        await client.publish(subject, payload, **options)

    async def meddled() -> Any:
        return Meddled(client, publish=publish)

    monkeypatch.setattr(publishing, "ACKNOWLEDGED_WITHIN_S", 0.5)
    revision = await world.tell(first, last)
    revisions = {each.message.event_id: revision for each in (first, last)}  # type: ignore[attr-defined]
    monkeypatch.setattr(world.broker, "client", meddled)
    async with world.running(world.relay().run):
        await until(lambda: heard.watermark(revision))
    assert failed
    assert set(heard.event_ids) == set(revisions)
    assert_complete(heard, revisions)


async def test_a_message_lost_amid_a_batch_is_sent_again(world: World) -> None:
    """Only the last of a batch is acknowledged; the stream's number tells that one is missing."""
    client, sent = await world.broker.client(), []
    lost = f"{world.service}-5"

    async def publish(subject: str, payload: bytes, **options: Any) -> None:
        sent.append(options["headers"]["Nats-Msg-Id"])
        if sent.count(lost) == 1 and sent[-1] == lost:
            return  # lost on the way
        await client.publish(subject, payload, **options)

    publisher = publishing.Publisher(Meddled(client, publish=publish))
    await publisher.start()

    def batch(*numbers: int) -> list[publishing.Message]:
        return [
            publishing.Message(world.subject, b"", {"Nats-Msg-Id": f"{world.service}-{number}"})
            for number in numbers
        ]

    before = await published(world)
    await publisher.publish(batch(1, 2, 3))
    await publisher.publish(batch(4, 5, 6))
    assert await published(world) - before == 6
    assert len(sent) == 9
    await publisher.publish(batch(7, 8, 9))
    assert await published(world) - before == 9


async def test_a_watermark_does_not_pass_an_event_that_comes_while_it_is_made(
    world: World, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WATERMARK_S", 0)
    event, revisions = world.event(), {}
    publisher = publishing.Publisher(await world.broker.client())
    await publisher.start()

    async with world.database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection

        async def fetch(*arguments: Any) -> Any:
            rows = await raw.fetch(*arguments)
            if not rows and not revisions:
                revisions[event.message.event_id] = await world.tell(event)  # type: ignore[attr-defined]
            return rows

        relaying = asyncio.create_task(world.relay()._relay(Meddled(raw, fetch=fetch), publisher))
        await until(lambda: _heard_all(heard, revisions))
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        await connection.invalidate()
    assert_complete(heard, revisions)


async def _heard_all(heard: Heard, revisions: dict[str, int]) -> bool:
    return bool(revisions) and await heard.watermark(max(revisions.values()))
