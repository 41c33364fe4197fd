"""One click by which a reader has had enough: over real HTTP, from the header of a real mail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.messages import Channel, State
from onhand.notifications.public import PublicServer, public_app
from onhand.notifications.use_cases.unsubscribing import Unsubscribing

from .conftest import MailServer, World, eventually, free_port
from .test_journeys import advance, agree, follow_up, order_of_customer


@pytest.fixture
async def reached(make_world: Any, mail_server: MailServer) -> AsyncIterator[World]:
    """The service with its public page."""
    port = free_port()
    world: World = make_world(
        smtp_host="127.0.0.1",
        smtp_port=mail_server.port,
        marketing_caps=(),
        public_listen=f"127.0.0.1:{port}",
        public_url=f"http://127.0.0.1:{port}",
    )
    page = public_app(Unsubscribing(world.database, world.clock, world.vault).unsubscribe, world.measures)
    server = PublicServer(world.settings, page)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield world
    server.should_exit = True
    await task


async def test_one_click_ends_what_is_not_about_an_order(reached: World, mail_server: MailServer) -> None:
    await follow_up(reached)
    for number in (1, 2):
        accepted, collected = order_of_customer(number)
        await reached.handle(accepted)
        if number == 1:
            await agree(reached, "WEB-1")
            await reached.handle(collected)
    await advance(reached, timedelta(days=8))
    async with reached.delivering():
        await eventually(lambda: len(mail_server.mails) == 2)
    order, marketing = sorted(mail_server.mails, key=lambda each: "List-Unsubscribe" in each)
    assert "List-Unsubscribe" not in order
    assert marketing["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = marketing["List-Unsubscribe"].strip("<>")
    assert "jane" not in link

    (contact,) = await reached.contacts.find("WEB-1")
    address = contact.addresses[0]
    async with httpx.AsyncClient() as client:
        asked = await client.get(link)
        assert "<form" in asked.text
        assert "frame-ancestors 'none'" in asked.headers["content-security-policy"]
        (contact,) = await reached.contacts.find("WEB-1")
        assert contact.allows(Topic.MARKETING, Channel.EMAIL, address), (
            "a scanner that follows links ends nothing"
        )
        one_click = {"List-Unsubscribe": "One-Click"}
        answers = [await client.post(link, data=one_click) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 200]
        assert (await client.post(link[:-8] + "AAAAAAA=")).status_code == 404
        assert (await client.post(link.rpartition("/")[0] + "/x")).status_code == 404
    (contact,) = await reached.contacts.find("WEB-1")
    assert not contact.allows(Topic.MARKETING, Channel.EMAIL, address)
    assert contact.allows(Topic.ORDER, Channel.EMAIL, address)
    assert [each.granted for each in contact.consents] == [True, False]

    await reached.handle(order_of_customer(2)[1])
    await advance(reached, timedelta(days=8))
    assert [each.failure for each in await reached.messages(State.SUPPRESSED)] == [
        "they have not agreed to it"
    ]
