"""A customer is asked about a substitute by message, with a link to answer by, and not asked for nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.notifications.conftest import MailServer, World, order_accepted, task_event

from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.pickup.v1.tasks_pb2 import Substitution
from onhand.cli import keys
from onhand.kit.links import Links
from onhand.notifications.domain.messages import State


def question(payload: str, version: int, minutes: int = 30) -> PickupEvent:
    event = task_event(payload, version=version)
    offer = getattr(event, payload).substitution
    offer.CopyFrom(
        Substitution(substitution_id="s", line_id="1", item_id="SKU-3", quantity=2, detail="It is blue.")
    )
    offer.decide_deadline.FromDatetime(datetime.now(UTC) + timedelta(minutes=minutes))
    return event


async def test_the_mail_holds_the_question_and_a_link_that_opens_this_order_only(
    make_world: Any, mail_server: MailServer, keys_dir: Any
) -> None:
    world: World = make_world(
        smtp_host="127.0.0.1",
        smtp_port=mail_server.port,
        quiet_hours="00:00-23:59",
        customer_pages_url="https://shop.example",
        customer_links_key_file=keys.links_file(keys_dir),
    )
    await world.handle(order_accepted())
    offered = question("substitution_offered", 5)
    await world.handle(offered)
    await world.handle(offered)
    async with world.delivering():
        await world.until(State.SENT)
    (mail,) = mail_server.mails
    text = mail.get_body(("plain",)).get_content()
    assert "Would you take 2 × SKU-3 instead of this?" in text
    assert "- 2 × SKU-1" in text
    (token,) = re.findall(r"https://shop\.example/orders/(\S+)", text)
    assert Links(keys.links_file(keys_dir)).order_id(token) == "WEB-1"


async def test_what_is_decided_or_too_late_is_not_asked_any_more(world: World) -> None:
    await world.handle(order_accepted())
    await world.handle(question("substitution_offered", 5))
    await world.handle(question("substitution_decided", 6))
    decided = await world.only_message()
    assert (decided.state, decided.failure) == (State.SUPPRESSED, "overtaken: it is decided")
    # The events came the other way round, as after a failure of the first.
    await world.handle(question("substitution_offered", 5))
    assert await world.only_message() == decided
    await world.handle(question("substitution_offered", 7, minutes=-1))
    late = next(each for each in await world.messages() if each.message_id != decided.message_id)
    assert (late.state, late.failure) == (State.SUPPRESSED, "too late: nobody could answer in time")
