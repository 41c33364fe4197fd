"""A world that posts to endpoints."""

from typing import Any

import pytest
from tests.integration.notifications.conftest import World, order_accepted, ready


@pytest.fixture
def hooks(make_world: Any) -> World:
    """The service without a mail server, for an order that gave no address."""
    world: World = make_world()
    return world


async def make_ready(world: World) -> None:
    await world.handle(order_accepted(email=""))
    await world.handle(ready())
