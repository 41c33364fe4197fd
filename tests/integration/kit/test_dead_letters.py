"""Events that cannot be handled: set aside, listed, replayed; and never one that only the database kept waiting."""

import asyncio
from datetime import UTC

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.integration.kit.conftest import STREAM, World, until

from onhand.api.events.v1 import dead_letters_pb2 as pb
from onhand.api.notifications.v1 import events_pb2
from onhand.cli.embedded import EmbeddedServers
from onhand.kit import events
from onhand.kit.errors import NotFound
from onhand.kit.events import EVENT_ID_HEADER, DeadLetter
from onhand.kit.letters import DeadLetters


async def letters(world: World) -> list[DeadLetter]:
    jetstream = await world.broker.jetstream()
    return [each async for each in events.dead_letters(jetstream, f"{world.service}-{STREAM}")]


class Faulty:
    """A handler that fails on one event until it is mended."""

    def __init__(self, world: World, event_id: str) -> None:
        self._world = world
        self._event_id = event_id
        self.failures = 0
        self.mended = False

    async def __call__(self, connection: AsyncConnection, data: bytes) -> None:
        await self._world.note(connection, data)
        event = events_pb2.NotificationsEvent.FromString(data)
        if event.event_id == self._event_id and not self.mended:
            self.failures += 1
            raise ValueError("cannot\r\nhandle 5 €")


def test_an_event_is_tried_for_longer_than_one_that_it_waits_for_may_be_away() -> None:
    tried_s = sum(map(events.pause_s, range(1, events.MAX_DELIVERIES)))
    assert tried_s > 5 * events.ACK_WAIT_S


async def test_an_event_that_cannot_be_handled_is_set_aside_and_replayed_once_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_DELIVERIES", 3)
    bad, good = world.event(), world.event()
    handler = Faulty(world, bad.message.event_id)  # type: ignore[attr-defined]
    async with world.running(world.relay().run, world.consumer(handler).run):
        await world.tell(bad, good)
        await world.until_effects([good])  # those behind it are not held back
        (letter,) = await until(lambda: letters(world))
        assert handler.failures == 3
        assert letter.event_id == handler._event_id
        assert letter.subject == world.subject
        assert "cannot" in letter.failure
        assert "5 €" in letter.failure

        door, others = DeadLetters(world.broker, world.service), DeadLetters(world.broker, "nobody")
        (listed,) = (await door.ListDeadLetters(pb.ListDeadLettersRequest(), None)).dead_letters
        assert (listed.sequence, listed.event_id, listed.consumer) == (
            letter.sequence,
            letter.event_id,
            f"{world.service}-{STREAM}",
        )
        assert listed.dead_time.ToDatetime(UTC) == letter.dead_time
        assert not (await others.ListDeadLetters(pb.ListDeadLettersRequest(), None)).dead_letters
        again = pb.ReplayDeadLetterRequest(sequence=letter.sequence)
        with pytest.raises(NotFound):
            await others.ReplayDeadLetter(again, None)

        handler.mended = True
        await door.ReplayDeadLetter(again, None)
        with pytest.raises(NotFound):
            await door.ReplayDeadLetter(again, None)
        await world.until_effects([good, bad])
        assert await letters(world) == []


async def test_dead_letters_come_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_DELIVERIES", 1)
    jetstream = await world.broker.jetstream()
    for _ in range(3):
        await jetstream.publish(world.subject, b"by hand")

    async def all_three() -> list[DeadLetter]:
        found = await letters(world)
        return found if len(found) == 3 else []

    async with world.running(world.consumer(world.note).run):
        known = [each.sequence for each in await until(all_three)]
    door, seen, token = DeadLetters(world.broker, world.service), [], ""
    while True:
        request = pb.ListDeadLettersRequest(page_size=2, page_token=token)
        answer = await door.ListDeadLetters(request, None)
        seen.append([each.sequence for each in answer.dead_letters])
        if not (token := answer.next_page_token):
            break
    assert seen == [known[:2], known[2:]]


async def test_a_message_that_is_no_event_is_set_aside_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_DELIVERIES", 1)
    jetstream = await world.broker.jetstream()
    await jetstream.publish(world.subject, b"by hand")
    await jetstream.publish(world.subject, b"by hand", headers={EVENT_ID_HEADER: "not a uuid"})
    event = world.event()
    async with world.running(world.relay().run, world.consumer(world.note).run):
        await world.tell(event)
        await world.until_effects([event])
        await until(lambda: _counts(world, 2))
        assert sorted(each.event_id for each in await letters(world)) == ["", "not a uuid"]


async def _counts(world: World, count: int) -> bool:
    return len(await letters(world)) == count


async def test_a_database_that_is_away_kills_no_event(
    servers: EmbeddedServers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_DELIVERIES", 1)
    event = world.event()
    jetstream = await world.broker.jetstream()
    async with world.running(world.consumer(world.note).run):
        await until(lambda: _consuming(world))
        await asyncio.to_thread(servers.postgres.kill)
        try:
            headers = {EVENT_ID_HEADER: event.message.event_id}  # type: ignore[attr-defined]
            await jetstream.publish(world.subject, event.message.SerializeToString(), headers=headers)
            await until(lambda: _delivered(world))
        finally:
            await asyncio.to_thread(servers.postgres.start)
        await world.until_effects([event])
    assert await letters(world) == []


async def _consuming(world: World) -> bool:
    jetstream = await world.broker.jetstream()
    try:
        info = await jetstream.consumer_info(STREAM.upper(), f"{world.service}-{STREAM}")
    except events.NotFoundError:
        return False
    return bool(info.num_waiting)


async def _delivered(world: World) -> bool:
    jetstream = await world.broker.jetstream()
    info = await jetstream.consumer_info(STREAM.upper(), f"{world.service}-{STREAM}")
    return bool(info.delivered and info.delivered.consumer_seq)


async def test_a_failed_event_leaves_no_trace_in_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_DELIVERIES", 1)
    bad = world.event()
    handler = Faulty(world, bad.message.event_id)  # type: ignore[attr-defined]
    async with world.running(world.relay().run, world.consumer(handler).run):
        await world.tell(bad)
        await until(lambda: letters(world))
    assert await world.effects() == []
    assert await world.value("SELECT count(*) FROM inbox") == 0
