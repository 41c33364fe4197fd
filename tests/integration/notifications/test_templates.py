"""Templates over gRPC: checked, saved as versions, previewed, and used for what is sent."""

import asyncio
import uuid
from typing import Any

import pytest

from onhand.api.notifications.v1 import messages_pb2
from onhand.api.notifications.v1 import templates_pb2 as pb
from onhand.kit.errors import InvalidField, NotFound
from onhand.notifications.domain.messages import State

from .conftest import CODE, MailServer, World, order_accepted, ready, served

READY = messages_pb2.MESSAGE_PURPOSE_ORDER_READY
EMAIL, SMS = messages_pb2.Message.CHANNEL_EMAIL, messages_pb2.Message.CHANNEL_SMS


def save(locale: str = "en", channel: Any = EMAIL, **parts: str) -> pb.SaveTemplateRequest:
    parts = parts or {"subject": "Ready", "text": "Code {{ code }}", "html": "<p>Code {{ code }}</p>"}
    template = pb.Template(purpose=READY, channel=channel, locale=locale, **parts)
    return pb.SaveTemplateRequest(request_id=str(uuid.uuid4()), template=template)


async def test_the_latest_saved_version_is_what_is_sent(world: World, mail_server: MailServer) -> None:
    async with served(world) as client:
        first = save()
        answers = [await client.templates.SaveTemplate(first) for _ in range(2)]
        assert answers[0] == answers[1]
        assert (answers[0].template.version, answers[0].template.actor) == (1, "test")
        dutch = save(
            "nl", subject="Klaar", text="Hoi {{ name }}: {{ code }}", html="<b>{{ name }}: {{ code }}"
        )
        await client.templates.SaveTemplate(dutch)
        dutch.template.text = "Dag {{ name }}: {{ code }}"
        dutch.request_id = str(uuid.uuid4())
        assert (await client.templates.SaveTemplate(dutch)).template.version == 2

        def named(version: int | None) -> pb.GetTemplateRequest:
            return pb.GetTemplateRequest(purpose=READY, channel=EMAIL, locale="nl", version=version)

        assert (await client.templates.GetTemplate(named(1))).template.text == "Hoi {{ name }}: {{ code }}"
        assert (await client.templates.GetTemplate(named(None))).template.version == 2
        with pytest.raises(NotFound):
            await client.templates.GetTemplate(named(0))
        english = pb.GetTemplateRequest(purpose=READY, channel=EMAIL, locale="en", version=0)
        assert "Good news" in (await client.templates.GetTemplate(english)).template.text

        found = (await client.templates.ListTemplates(pb.ListTemplatesRequest(purpose=READY))).templates
        assert [(each.channel, each.locale, each.version) for each in found] == [
            (EMAIL, "en", 1),
            (EMAIL, "nl", 2),
            (SMS, "en", 0),
        ]
        everything = (await client.templates.ListTemplates(pb.ListTemplatesRequest())).templates
        assert len(everything) > len(found)

    await world.handle(order_accepted(locale="nl-NL", display_name="<i>Jané</i>"))
    await world.handle(ready())
    async with world.delivering():
        await world.until(State.SENT)
    (mail,) = mail_server.mails
    assert mail["Subject"] == "Klaar"
    assert mail.get_body(("plain",)).get_content().strip() == f"Dag <i>Jané</i>: {CODE}"  # type: ignore[union-attr]
    assert f"&lt;i&gt;Jané&lt;/i&gt;: {CODE}" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


async def test_versions_saved_at_once_are_counted_one_by_one(world: World) -> None:
    async with served(world) as client:
        answers = await asyncio.gather(*(client.templates.SaveTemplate(save()) for _ in range(6)))
    assert sorted(each.template.version for each in answers) == [1, 2, 3, 4, 5, 6]


async def test_a_preview_shows_what_a_reader_would_see_and_saves_nothing(world: World) -> None:
    async with served(world) as client:
        text = (
            "Hoi {{ name }}’s: {% if collect_deadline %}{{ collect_deadline | moment }}{% endif %}" + "!" * 60
        )
        draft = save(channel=SMS, text=text).template
        shown = await client.templates.PreviewTemplate(
            pb.PreviewTemplateRequest(template=draft, time_zone="Europe/Amsterdam")
        )
        assert shown.text.startswith("Hoi Jane Doe’s: Friday, 12 June 2026, 14:00 CEST!")
        assert (shown.sms_length.gsm, shown.sms_length.part_count) == (False, 2)
        assert shown.sms_length.other_characters == "’"
        assert len(shown.warnings) == 2
        in_use = pb.Template(purpose=READY, channel=SMS, locale="de-AT")
        shown = await client.templates.PreviewTemplate(pb.PreviewTemplateRequest(template=in_use))
        assert (shown.locale, shown.sms_length.part_count) == ("en", 1)
        push = pb.Template(purpose=READY, channel=messages_pb2.Message.CHANNEL_PUSH, locale="en")
        with pytest.raises(NotFound):
            await client.templates.PreviewTemplate(pb.PreviewTemplateRequest(template=push))


async def test_what_is_wrong_is_refused_before_it_is_saved(world: World) -> None:
    push = messages_pb2.Message.CHANNEL_PUSH
    wrong = [
        (save(subject="Hi", text="{{ nmae }}", html="<p>"), "no variable 'nmae'"),
        (save(subject="Hi", text="{{ ''.__class__ }}", html="<p>"), "only a line has fields"),
        (save(channel=SMS, text="long " * 200), "is sent as 7 text messages; the limit is 3"),
        (save("nl", push, subject="Hoi", text="Klaar"), "save en first"),
    ]
    async with served(world) as client:
        for request, said in wrong:
            with pytest.raises(InvalidField, match=said):
                await client.templates.SaveTemplate(request)
        await client.templates.SaveTemplate(save("en", push, subject="Hi", text="Ready"))
        await client.templates.SaveTemplate(save("nl", push, subject="Hoi", text="Klaar"))
        # Whoever writes e-mail in Dutch too is reminded of the other channels.
        answer = await client.templates.SaveTemplate(save())
        assert answer.warnings == ["other channels have this purpose also in nl"]
