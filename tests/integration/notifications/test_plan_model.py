"""Who is told what, of many events at once, is what a model says that was written apart from the service."""

import asyncio
import random
from typing import Any

import pytest
from google.protobuf.message import Message
from tests.benchmarks.telling import day, expected

from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.messages import SENT, Channel

from .conftest import World
from .test_journeys import agree
from .test_mail import GATHERED


async def heard(world: World, events: list[Any]) -> None:
    """Take a stream's events one after another, as its consumer does; the same event twice has one effect."""
    seen: set[str] = set()
    for event in events:
        if event.event_id not in seen:
            await world.handle(event)
        seen.add(event.event_id)


@pytest.mark.parametrize("seed", [1, 2])
async def test_who_is_told_what_is_what_the_model_says(make_world: Any, seed: int) -> None:
    world: World = make_world()
    happened = day(40, seed)
    await heard(world, happened.accepted)
    people: dict[str, str] = {
        each.order_accepted.order.customer.email: each.order_accepted.order.order_id
        for each in happened.accepted
    }
    refused = random.Random(seed).sample(sorted(each for each in people if each), 8)
    for email in refused:
        await agree(world, people[email], Topic.ORDER, granted=False)
    streams: list[list[Message]] = [list(happened.changed), list(happened.tasks)]
    await asyncio.gather(*(heard(world, each) for each in streams))
    world.clock.ahead += GATHERED
    while await world.notifications.journeys.advance():
        pass
    said = []
    while attempts := await world.notifications.claim(Channel.EMAIL, 100):
        for attempt in attempts:
            assert attempt.recipient is not None
            said.append((attempt.recipient.address, attempt.subject))  # type: ignore[union-attr]
            await world.notifications.conclude(attempt, SENT)
    assert len(said) > 50
    assert sorted(said) == expected(happened, refused)
