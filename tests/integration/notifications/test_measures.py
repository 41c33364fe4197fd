"""What messages led to: links that tell, experiments, the report, and one person's timeline with who looked at it."""

import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from onhand.api.notifications.v1 import alerts_pb2, contacts_pb2, messages_pb2, templates_pb2
from onhand.api.notifications.v1 import measures_pb2 as pb
from onhand.kit.errors import AlreadyExists, InvalidField, MissingScope, NotFound
from onhand.notifications.domain.journeys import BUILTIN, Condition
from onhand.notifications.domain.messages import SENT, Channel, State
from onhand.notifications.public import public_app
from onhand.notifications.rendering import Text
from onhand.notifications.storage import journeys
from onhand.notifications.use_cases.unsubscribing import Unsubscribing

from .conftest import World, order_accepted, served, task_event
from .test_journeys import agree

FOLLOW_UP = messages_pb2.MESSAGE_PURPOSE_FOLLOW_UP
EMAIL = messages_pb2.Message.CHANNEL_EMAIL
SHOP = "https://shop.example/bring?back=1&x=2"


@pytest.fixture
def told(make_world: Any) -> World:
    """A shop that tells of marketing and asks what becomes of it."""
    world: World = make_world(
        public_listen="127.0.0.1:0",
        public_url="https://messages.shop.example",
        track_opens=True,
        track_clicks=True,
        marketing_caps=(),
        duplicate_window_s=0,
    )
    return world


async def follow_up(world: World, **changes: Any) -> None:
    """Switch the journey on that tells who has collected of something, at once."""
    (own,) = (each for each in BUILTIN if each.name == "follow_up")
    steps = (replace(own.steps[0], after=timedelta(0)),)
    changed = replace(own, **{"enabled": True, "version": 1, "quiet": (), "steps": steps, **changes})
    await world.database.transaction(lambda c: journeys.save(c, changed, "test", world.clock.now()))


async def ordered(world: World, number: int) -> str:
    """Let a person order and agree to hear of offers; returns their contact's id."""
    order_id = f"WEB-{number}"
    await world.handle(
        order_accepted(order_id, customer_id=f"c{number}", email=f"person{number}@shop.example")
    )
    await agree(world, order_id)
    (contact,) = await world.contacts.find(order_id)
    return str(contact.contact_id)


async def collects(world: World, number: int, again: int = 0) -> None:
    event = task_event("task_collected", f"WEB-{number}")
    event.task.task_id = str(uuid.UUID(int=1_000 * again + number + 1))
    event.record_time.FromDatetime(world.clock.now())
    await world.handle(event)


async def deliver(world: World) -> list[Text]:
    """Take what waits as a provider that takes all; returns what was about no order."""
    found = []
    while attempts := await world.notifications.claim(Channel.EMAIL, 100):
        for attempt in attempts:
            said = Text.of(attempt.subject, attempt.body)
            if "How do you like" in said.subject or "Variant" in said.subject:
                found.append(said)
            await world.notifications.conclude(attempt, SENT)
    return found


def page(world: World) -> httpx.AsyncClient:
    unsubscribe = Unsubscribing(world.database, world.clock, world.vault).unsubscribe
    transport = httpx.ASGITransport(public_app(unsubscribe, world.measures))
    return httpx.AsyncClient(transport=transport, base_url="https://messages.shop.example")


async def save_template(world: World, subject: str) -> int:
    async with served(world) as client:
        saved = await client.templates.SaveTemplate(
            templates_pb2.SaveTemplateRequest(
                request_id=str(uuid.uuid4()),
                template=templates_pb2.Template(
                    purpose=FOLLOW_UP,
                    channel=EMAIL,
                    locale="en",
                    subject=subject,
                    text="Bring it back: " + SHOP,
                    html=f'<p>{{{{ order_id }}}} <a href="{SHOP.replace("&", "&amp;")}">Bring it back</a></p>',
                ),
            )
        )
    return saved.template.version


def period(world: World) -> dict[str, datetime]:
    now = world.clock.now()
    return {"since_time": now - timedelta(days=60), "until_time": now + timedelta(days=1)}


async def test_opened_clicked_and_what_it_led_to_are_counted_once(told: World) -> None:
    await follow_up(told)
    await save_template(told, "How do you like it?")
    await ordered(told, 1)
    await collects(told, 1)
    (said,) = await deliver(told)
    (link,) = re.findall(r'href="(https://messages[^"]+)"', said.html)
    (pixel,) = re.findall(r'src="(https://messages[^"]+)"', said.html)
    assert SHOP in said.text, "plain text shows where it leads"
    async with page(told) as client:
        for _ in range(2):
            shown = await client.get(pixel)
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/gif")
            followed = await client.get(link)
            assert (followed.status_code, followed.headers["location"]) == (303, SHOP)
        forged = told.vault.seal(b"x").decode()
        other = told.vault.seal(f"{uuid.uuid4()} 3".encode()).decode()
        for path in (
            f"/click/{other}",
            "/click/nonsense",
            f"/click/{forged[:-4]}AAAA",
            "/click/https://evil.example",
        ):
            assert (await client.get(path)).status_code == 404
        assert (await client.get("/open/nonsense")).status_code == 200
    told.clock.ahead += timedelta(days=1)
    await told.handle(order_accepted("WEB-2", customer_id="c1", email="person1@shop.example"))
    await collects(told, 2)
    async with served(told) as client:
        rows = (await client.measures.GetFunnel(pb.GetFunnelRequest(**period(told)))).rows
        (row,) = (each for each in rows if each.purpose == FOLLOW_UP and each.sent_count)
        assert (row.made_count, row.sent_count, row.delivered_count) == (2, 1, 1)
        assert (row.opened_count, row.clicked_count) == (1, 1)
        assert (row.ordered_count, row.collected_count) == (1, 1)
        by_segment = await client.measures.GetFunnel(pb.GetFunnelRequest(by_segment=True, **period(told)))
        assert {each.segment for each in by_segment.rows} == {pb.SEGMENT_DORMANT}, (
            "before the period: nothing"
        )


async def test_nothing_tells_that_a_message_is_opened_unless_it_is_asked_for(make_world: Any) -> None:
    world: World = make_world(
        public_listen="127.0.0.1:0", public_url="https://messages.shop.example", marketing_caps=()
    )
    await follow_up(world)
    await save_template(world, "How do you like it?")
    await ordered(world, 1)
    await collects(world, 1)
    (said,) = await deliver(world)
    assert "<img" not in said.html
    assert SHOP.replace("&", "&amp;") in said.html


def experiment(**changes: Any) -> pb.StartExperimentRequest:
    said = pb.Experiment(
        name="spring",
        journey="follow_up",
        variants=[pb.ExperimentVariant(name="old", weight=1), pb.ExperimentVariant(name="new", weight=1)],
        holdout_share=0.3,
        goal=pb.Experiment.GOAL_ORDERED,
        minimum_sample=2,
    )
    said.MergeFrom(pb.Experiment(**changes))
    return pb.StartExperimentRequest(request_id=str(uuid.uuid4()), experiment=said)


async def test_people_get_their_variant_each_time_and_the_holdout_gets_nothing(told: World) -> None:
    await follow_up(told)
    first = await save_template(told, "Variant old")
    await save_template(told, "Variant new")
    request = experiment()
    request.experiment.variants[0].templates.add(channel=EMAIL, locale="en", version=first)
    async with served(told) as client:
        begun = await client.measures.StartExperiment(request)
        assert await client.measures.StartExperiment(request) == begun
        with pytest.raises(AlreadyExists):
            await client.measures.StartExperiment(experiment(name="summer"))
        contact_ids = [await ordered(told, number) for number in range(30)]
        (known,) = await told.measures.list_experiments()
        arms = [known.arm_of(uuid.UUID(each)) for each in contact_ids]
        names = [each.name if each else "holdout" for each in arms]
        assert set(names) == {"old", "new", "holdout"}
        subjects = []
        for again in range(2):
            for number in range(30):
                await collects(told, number, again)
            subjects.append(sorted(each.subject for each in await deliver(told)))
        assert subjects[0] == subjects[1]
        assert subjects[0] == ["Variant new"] * names.count("new") + ["Variant old"] * names.count("old")
        refused = await told.messages(State.SUPPRESSED)
        assert {each.failure for each in refused} == {"they are told nothing, for experiment spring"}

        told.clock.ahead += timedelta(days=1)
        for number, name in enumerate(names):
            if name == "new":
                await told.handle(order_accepted(f"LATER-{number}", customer_id=f"c{number}"))
        found = await client.measures.GetExperiment(pb.GetExperimentRequest(name="spring"))
        assert [(each.name, each.person_count, each.reached_count) for each in found.arms] == [
            ("old", names.count("old"), 0),
            ("new", names.count("new"), names.count("new")),
            ("holdout", names.count("holdout"), 0),
        ]
        finding = pb.ExperimentArm
        assert [each.finding for each in found.arms] == [
            finding.FINDING_BASELINE,
            finding.FINDING_BETTER,
            finding.FINDING_NO_DIFFERENCE,
        ]
        assert found.arms[1].share_low < found.arms[1].share == 1

        html = (await client.measures.RenderReport(pb.RenderReportRequest(**period(told)))).html
        assert html.count("<svg") >= 2
        assert "spring: follow_up, ordered" in html
        assert not re.search(r"(src|href)=|@import|url\(", html), "it needs nothing from elsewhere"

        for _ in range(2):
            ended = (await client.measures.EndExperiment(pb.EndExperimentRequest(name="spring"))).experiment
            assert ended.HasField("end_time")
        await collects(told, names.index("holdout"), 2)
        assert len(await deliver(told)) == 1, "after its end everybody is told"
        with pytest.raises(InvalidField, match="is not known"):
            await client.measures.StartExperiment(experiment(name="autumn", journey="none"))


async def test_a_journey_for_a_segment_passes_over_the_others(told: World) -> None:
    await follow_up(told, conditions=(Condition("segment", ("dormant",)),))
    await ordered(told, 1)
    await collects(told, 1)
    assert await deliver(told) == []
    await follow_up(told, version=2, conditions=(Condition("segment", ("dormant",), negated=True),))
    await collects(told, 1, 1)
    assert len(await deliver(told)) == 1


async def test_a_timeline_tells_what_a_person_did_and_who_looked_and_why(told: World) -> None:
    await follow_up(told)
    contact_id = await ordered(told, 1)
    async with served(told) as client:
        look_up = alerts_pb2.RecordLookUpRequest(
            contact_id=contact_id, item_id="SKU-9", location_id="store-7", was_out=True
        )
        await client.alerts.RecordLookUp(look_up)
        await collects(told, 1)
        await deliver(told)
        returned = task_event("goods_returned", "WEB-1", version=9, location_id="store-8")
        returned.record_time.FromDatetime(told.clock.now())
        await told.handle(returned)
        request = pb.ListActivityRequest(contact_id=contact_id, reason="case 4711")
        found = (await client.activity.ListActivity(request)).activities
        kinds = [pb.Activity.Kind.Name(each.kind).removeprefix("KIND_") for each in found]
        assert kinds == ["RETURNED", "TOLD", "TOLD", "COLLECTED", "LOOKED_UP", "ORDERED"]
        assert (found[0].location_id, found[0].order_id) == ("store-8", "WEB-1")
        assert {each.purpose for each in found[1:3]} == {
            FOLLOW_UP,
            messages_pb2.MESSAGE_PURPOSE_ORDER_COLLECTED,
        }
        with pytest.raises(InvalidField, match="reason"):
            await client.activity.ListActivity(pb.ListActivityRequest(contact_id=contact_id))
        with pytest.raises(NotFound):
            await client.activity.ListActivity(
                pb.ListActivityRequest(contact_id=str(uuid.uuid4()), reason="case 4712")
            )
        asked = pb.ListActivityViewsRequest(contact_id=contact_id)
        views = (await client.activity.ListActivityViews(asked)).views
        assert [(each.actor, each.reason) for each in views] == [("test", "case 4711")]
        assert "case 4711" not in await told.dump()
        erase = contacts_pb2.EraseContactRequest(request_id=str(uuid.uuid4()), contact_id=contact_id)
        await client.contacts.EraseContact(erase)
        with pytest.raises(NotFound):
            await client.activity.ListActivity(request)
        views = (await client.activity.ListActivityViews(asked)).views
        assert [(each.actor, each.reason) for each in views] == [("test", "")], "the reason may name them"
    async with served(told, ["contacts.read", "messages.read", "measures.read"]) as client:
        with pytest.raises(MissingScope):
            await client.activity.ListActivity(request)
