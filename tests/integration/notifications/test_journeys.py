"""Journeys on a real PostgreSQL: who is told what and when, under races, crashes and a clock that is put forward."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onhand.api.notifications.v1 import contacts_pb2, messages_pb2
from onhand.api.notifications.v1 import journeys_pb2 as pb
from onhand.api.notifications.v1.contacts_pb2 import EraseContactRequest
from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.kit.errors import InvalidField
from onhand.notifications.domain.contacts import Consent, Proof, Topic
from onhand.notifications.domain.journeys import BUILTIN
from onhand.notifications.domain.messages import Channel, Message, Result, State, Verdict
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.domain.templates import Template
from onhand.notifications.storage import contacts, journeys, templates

from .conftest import World, order_accepted, ready, served, task_event

HOUR = timedelta(hours=1)


async def advance(world: World, ahead: timedelta) -> None:
    """Put the clock forward and take what is due then, as the job does."""
    world.clock.ahead += ahead
    while await world.notifications.journeys.advance():
        pass


async def said(world: World, state: State = State.WAITING) -> list[str]:
    """Return the purposes of messages in a state, oldest first."""
    return [each.purpose.name for each in reversed(await world.messages(state))]


def ready_until(world: World, days: float, order_id: str = "WEB-1") -> PickupEvent:
    event = ready(order_id)
    event.task_ready.collect_deadline.FromDatetime(world.clock.now() + timedelta(days=days))
    return event


async def test_who_does_not_come_is_reminded_and_called_a_last_time(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 4))
    assert await said(world) == ["ORDER_READY"]
    await advance(world, 23 * HOUR)
    assert await said(world) == ["ORDER_READY"]
    await advance(world, 2 * HOUR)
    assert await said(world) == ["ORDER_READY", "ORDER_REMINDER"]
    await advance(world, 48 * HOUR)
    assert await said(world) == ["ORDER_READY", "ORDER_REMINDER", "ORDER_LAST_CALL"]
    await advance(world, 48 * HOUR)
    await world.handle(task_event("task_expired", version=6))
    assert await said(world) == ["ORDER_EXPIRED"]
    assert sorted(await said(world, State.SUPPRESSED)) == ["ORDER_LAST_CALL", "ORDER_READY", "ORDER_REMINDER"]


@pytest.mark.parametrize("payload", ["task_collected", "task_expired", "task_cancelled"])
async def test_nobody_is_reminded_of_what_does_not_wait_any_more(world: World, payload: str) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 4))
    await world.handle(task_event(payload, version=6))
    await advance(world, 200 * HOUR)
    assert await said(world) == (
        [] if payload == "task_cancelled" else [payload.replace("task", "ORDER").upper()]
    )
    assert await said(world, State.SUPPRESSED) == ["ORDER_READY"]


async def test_a_service_that_was_down_for_days_does_not_say_all_it_missed(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 4))
    await advance(world, 80 * HOUR)
    assert await said(world) == ["ORDER_READY", "ORDER_LAST_CALL"]
    await world.handle(order_accepted("WEB-2"))
    late = ready_until(world, 4, "WEB-2")
    late.task.task_id = str(uuid.UUID(int=10))
    await world.handle(late)
    await advance(world, 200 * HOUR)
    assert (await said(world)).count("ORDER_LAST_CALL") == 1


async def test_an_order_that_waits_for_less_than_a_day_has_no_last_call_before_it_is_ready(
    world: World,
) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 0.5))
    assert await said(world) == ["ORDER_READY"]
    await advance(world, 11 * HOUR)
    assert "ORDER_REMINDER" not in await said(world)


def cancelled(line_id: str, detail: str = "it broke") -> RoutingEvent:
    event = order_accepted()
    event.lines_cancelled.order_id = "WEB-1"
    event.lines_cancelled.line_ids.append(line_id)
    event.lines_cancelled.detail = detail
    return event


async def test_events_that_belong_together_are_one_message(world: World) -> None:
    await world.handle(order_accepted())
    first = cancelled("1")
    for event in (first, cancelled("2"), first):
        await world.handle(event)
    assert await world.messages() == []
    await advance(world, timedelta(seconds=11))
    (attempt,) = await world.notifications.claim(Channel.EMAIL, 10)
    assert b"SKU-1" in attempt.body
    assert b"SKU-2" in attempt.body
    # What says something else, or comes later, is told apart.
    await world.handle(cancelled("1", "you asked for it"))
    await world.handle(cancelled("2", "it is no longer made"))
    await advance(world, timedelta(seconds=11))
    assert len(await world.messages()) == 3


async def test_the_same_event_at_once_from_two_replicas_is_one_run(world: World) -> None:
    await world.handle(order_accepted())
    events = [cancelled("1"), ready()]
    await asyncio.gather(*(world.handle(each) for each in events * 4))
    world.clock.ahead += timedelta(seconds=11)
    await asyncio.gather(*(world.notifications.journeys.advance() for _ in range(6)))
    assert sorted(await said(world)) == ["ORDER_CANCELLED", "ORDER_READY"]


async def test_what_happens_again_takes_the_place_of_what_waited(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 4))
    again = ready_until(world, 5)
    again.task.version = 7
    again.task_ready.code = "111111"
    await world.handle(again)
    assert await said(world) == ["ORDER_READY"]
    assert await said(world, State.SUPPRESSED) == ["ORDER_READY"]
    await advance(world, 25 * HOUR)
    assert await said(world) == ["ORDER_READY", "ORDER_REMINDER"]


async def test_a_channel_that_fails_is_followed_by_the_next_one_once(make_world: Any) -> None:
    world: World = make_world(usable=(Channel.SMS, Channel.EMAIL), quiet_hours="00:00-00:00")
    await world.handle(order_accepted(phone="+31612345678"))
    await world.handle(ready())
    assert (await world.only_message()).masked_address == "+31***78"
    (attempt,) = await world.notifications.claim(Channel.SMS, 10)
    for _ in range(2):
        await world.notifications.conclude(attempt, Result(Verdict.REFUSED, "no such number"))
    states = {each.channel: each.state for each in await world.messages()}
    assert states == {Channel.SMS: State.FAILED, Channel.EMAIL: State.WAITING}
    (attempt,) = await world.notifications.claim(Channel.EMAIL, 10)
    await world.notifications.conclude(attempt, Result(Verdict.REFUSED, "no such mailbox"))
    assert [each.state for each in await world.messages()] == [State.FAILED, State.FAILED]


async def test_a_text_message_waits_for_the_morning_where_the_reader_is(make_world: Any) -> None:
    world: World = make_world(usable=(Channel.SMS,), default_time_zone="Pacific/Apia")
    night = datetime(2027, 1, 10, 12, tzinfo=UTC)  # 01:00 of the 11th in Apia
    world.clock.ahead = night - datetime.now(UTC)
    await world.handle(order_accepted(phone="+31612345678"))
    await world.handle(ready_until(world, 7))
    (message,) = await world.messages()
    assert message.next_attempt_time == datetime(2027, 1, 10, 19, tzinfo=UTC)
    assert await world.notifications.claim(Channel.SMS, 10) == []
    world.clock.ahead += 8 * HOUR
    assert len(await world.notifications.claim(Channel.SMS, 10)) == 1


async def follow_up(world: World, **changes: Any) -> None:
    """Switch the journey on that sends marketing."""
    (own,) = (each for each in BUILTIN if each.name == "follow_up")
    changed = replace(own, enabled=True, version=1, quiet=(), **changes)
    await world.database.transaction(lambda c: journeys.save(c, changed, "test", world.clock.now()))


async def agree(world: World, order_id: str, topic: Topic = Topic.MARKETING, *, granted: bool = True) -> None:
    (contact,) = await world.contacts.find(order_id)
    address, now = contact.addresses[0], world.clock.now()
    proof = Proof("test", "", "")
    said = Consent(
        world.clock.uuid(), address.address_id, Channel.EMAIL, topic, granted, proof, now, now, "test"
    )
    await world.database.transaction(lambda c: contacts.add_consent(c, world.vault, said))


def order_of_customer(number: int) -> tuple[RoutingEvent, PickupEvent]:
    event = task_event("task_collected", f"WEB-{number}")
    event.task.task_id = str(uuid.UUID(int=number + 1))
    return order_accepted(f"WEB-{number}", customer_id="web-7"), event


def marketing(found: list[Message]) -> list[Message]:
    return [each for each in found if each.purpose is Purpose.FOLLOW_UP]


@pytest.mark.parametrize("allowed", [1, 3])
async def test_caps_hold_when_everything_happens_at_once(make_world: Any, allowed: int) -> None:
    world: World = make_world(marketing_caps=((allowed, 24), (5, 168)))
    await follow_up(world)
    pairs = [order_of_customer(number) for number in range(8)]
    for accepted, _ in pairs:
        await world.handle(accepted)
    await agree(world, "WEB-0")
    await asyncio.gather(*(world.handle(event) for _, event in pairs))
    world.clock.ahead = timedelta(days=7, minutes=1)
    await asyncio.gather(*(world.notifications.journeys.advance() for _ in range(8)))
    sent = marketing(await world.messages(State.WAITING))
    refused = marketing(await world.messages(State.SUPPRESSED))
    assert (len(sent), len(refused)) == (allowed, 8 - allowed)
    assert {each.failure for each in refused} == {f"the cap of {allowed} messages in 24 h is reached"}
    # What belongs to an order passes any cap.
    assert len(await world.messages(State.WAITING)) == 8 + allowed


async def test_marketing_needs_consent_and_the_same_text_is_not_said_twice(make_world: Any) -> None:
    world: World = make_world(marketing_caps=())
    await follow_up(world)
    accepted, collected = order_of_customer(1)
    await world.handle(accepted)
    await world.handle(collected)
    await advance(world, timedelta(days=8))
    (refused,) = marketing(await world.messages())
    assert refused.failure == "they have not agreed to it"
    await agree(world, "WEB-1")
    for version in (6, 7):
        again = PickupEvent()
        again.CopyFrom(collected)
        again.event_id, again.task.version = str(uuid.uuid4()), version
        again.task.task_id = str(uuid.UUID(int=100 + version))
        await world.handle(again)
    await advance(world, timedelta(days=8))
    found = marketing(await world.messages())
    assert sorted(each.failure for each in found) == [
        "",
        "the same was said a short time ago",
        "they have not agreed to it",
    ]


async def test_who_is_forgotten_is_not_reminded(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(ready_until(world, 4))
    (contact,) = await world.contacts.find("WEB-1")
    request = EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=str(contact.contact_id))
    await world.contacts.erase("test", request)
    await advance(world, 90 * HOUR)
    assert await said(world) == []
    assert await world.database.read(lambda c: journeys.of_order(c, "WEB-1")) == []


def journey(**changes: Any) -> pb.SaveJourneyRequest:
    ready = messages_pb2.MESSAGE_PURPOSE_ORDER_READY
    said = pb.Journey(
        name="order_ready",
        topic=contacts_pb2.TOPIC_ORDER,
        starts=ready,
        exits=[messages_pb2.MESSAGE_PURPOSE_ORDER_COLLECTED],
        conditions=[pb.JourneyCondition(field="location_id", values=["store-7"])],
        channels=[messages_pb2.Message.CHANNEL_EMAIL],
    )
    said.gather_duration.FromSeconds(0)
    said.steps.add(purpose=ready)
    said.steps.add(purpose=messages_pb2.MESSAGE_PURPOSE_ORDER_REMINDER).wait_duration.FromSeconds(3_600)
    said.MergeFrom(pb.Journey(**changes))
    return pb.SaveJourneyRequest(request_id=str(uuid.uuid4()), journey=said)


async def test_a_saved_journey_is_what_starts_from_then_on_and_runs_go_on_as_they_began(world: World) -> None:
    async with served(world) as client:
        await world.handle(order_accepted())
        await world.handle(ready_until(world, 4))
        request = journey()
        answers = [await client.journeys.SaveJourney(request) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0].journey.version == 1
        listed = {
            each.name: each
            for each in (await client.journeys.ListJourneys(pb.ListJourneysRequest())).journeys
        }
        assert listed["order_ready"] == answers[0].journey
        assert listed["order_shipped"].version == 0
        assert listed["follow_up"].disabled

        elsewhere = ready_until(world, 4, "WEB-2")
        elsewhere.task.task_id, elsewhere.task.location_id = str(uuid.UUID(int=10)), "store-8"
        here = ready_until(world, 4, "WEB-3")
        here.task.task_id = str(uuid.UUID(int=11))
        for order_id, event in (("WEB-2", elsewhere), ("WEB-3", here)):
            await world.handle(order_accepted(order_id))
            await world.handle(event)
        await advance(world, 2 * HOUR)
        assert sorted((each.order_id, each.purpose.name) for each in await world.messages()) == [
            ("WEB-1", "ORDER_READY"),
            ("WEB-3", "ORDER_READY"),
            ("WEB-3", "ORDER_REMINDER"),
        ]
        (run,) = (await client.journeys.ListRuns(pb.ListRunsRequest(order_id="WEB-1"))).runs
        assert (run.state, run.step, run.journey) == (pb.JourneyRun.STATE_ACTIVE, 1, "order_ready")
        (run,) = (await client.journeys.ListRuns(pb.ListRunsRequest(order_id="WEB-3"))).runs
        assert (run.state, run.HasField("end_time")) == (pb.JourneyRun.STATE_DONE, True)

        off = journey(disabled=True)
        assert (await client.journeys.SaveJourney(off)).journey.version == 2
        await world.handle(order_accepted("WEB-4"))
        event = ready_until(world, 4, "WEB-4")
        event.task.task_id = str(uuid.UUID(int=12))
        await world.handle(event)
        assert len(await world.messages()) == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exits": [messages_pb2.MESSAGE_PURPOSE_ORDER_READY]}, r"journey\.exits"),
        ({"exits": [messages_pb2.MESSAGE_PURPOSE_ORDER_REMINDER]}, r"journey\.exits"),
        ({"starts": messages_pb2.MESSAGE_PURPOSE_BACK_IN_STOCK}, "is held does not wait"),
        ({"channels": [messages_pb2.Message.CHANNEL_WEBHOOK]}, r"journey\.channels"),
        ({"conditions": [pb.JourneyCondition(field="age", values=["7"])]}, r"journey\.conditions\[1\]"),
        (
            {"steps": [pb.JourneyStep(purpose=messages_pb2.MESSAGE_PURPOSE_ORDER_SHIPPED)]},
            "does not tell carrier",
        ),
        (
            {"steps": [pb.JourneyStep(purpose=messages_pb2.MESSAGE_PURPOSE_FOLLOW_UP)]},
            "is not about an order",
        ),
    ],
)
async def test_a_journey_that_cannot_be_told_is_refused(
    world: World, changes: dict[str, Any], field: str
) -> None:
    async with served(world) as client:
        with pytest.raises(InvalidField, match=field):
            await client.journeys.SaveJourney(journey(**changes))


async def test_two_orders_of_which_the_same_is_said_are_both_heard_of_and_one_is_not_twice(
    make_world: Any,
) -> None:
    world: World = make_world(usable=(Channel.SMS,), quiet_hours="00:00-00:00")
    template = Template(Purpose.ORDER_READY, Channel.SMS, "en", 1, "", "Your things are ready.", "")
    await world.database.transaction(
        lambda c: templates.add(c, replace(template, create_time=world.clock.now(), actor="test"))
    )
    for order_id, number in (("WEB-1", 9), ("WEB-2", 10)):
        await world.handle(order_accepted(order_id, customer_id="web-7", phone="+31612345678"))
        event = ready_until(world, 4, order_id)
        event.task.task_id = str(uuid.UUID(int=number))
        await world.handle(event)
    assert await said(world) == ["ORDER_READY", "ORDER_READY"]
    assert await said(world, State.SUPPRESSED) == []
    for attempt in await world.notifications.claim(Channel.SMS, 10):
        await world.notifications.conclude(attempt, Result(Verdict.SENT))
    # The store says of the same task once more that it is ready.
    again = ready_until(world, 4, "WEB-1")
    again.task.version = 7
    await world.handle(again)
    assert [each.failure for each in await world.messages(State.SUPPRESSED)] == [
        "the same was said a short time ago"
    ]
