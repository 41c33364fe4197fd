"""What messages say."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from uuid import UUID

import pytest

from onhand.notifications.domain.journeys import ALERTS
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import POSTED_ONLY, Line, Occasion, Purpose, Task
from onhand.notifications.rendering import Reader, Text, facts_of, render, webhook_body

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
TO_COLLECT = {Purpose.ORDER_READY, Purpose.ORDER_REMINDER, Purpose.ORDER_LAST_CALL}
LINES = (Line("1", "SKU-1", 2), Line("2", "<SKU&2>", None))


def occasion(purpose: Purpose) -> Occasion:
    return Occasion(
        event_id=UUID(int=1),
        record_time=NOON,
        purpose=purpose,
        order_id="WEB-1",
        task=Task(UUID(int=2), 4),
        location_id="store-7",
        code="493817",
        collect_deadline=NOON.replace(day=12),
        carrier="DHL",
        tracking_number="JD0146",
        promise_time_before=NOON,
        promise_time=NOON.replace(day=6),
        detail="<i>no stock</i>",
        item_id="SKU-1",
        offer="<i>half</i> price",
        claim_deadline=NOON.replace(day=12),
        offered_item_id="SKU-3",
        offered_quantity=2,
        decide_deadline=NOON.replace(minute=30),
    )


def mail(purpose: Purpose, name: str = "Jane", locale: str = "", time_zone: str = "") -> Text:
    facts = facts_of(occasion(purpose), LINES)
    return render((), purpose, Channel.EMAIL, facts, Reader(locale, time_zone, name))


def test_a_ready_mail_tells_code_place_and_deadline() -> None:
    said = mail(Purpose.ORDER_READY)
    assert said.subject == "Your order WEB-1 is ready to collect"
    assert said.text == (
        "Hello Jane,\n"
        "\n"
        "Good news: your order is ready and waits for you at store-7.\n"
        "\n"
        "Your collection code: 493817\n"
        "\n"
        "Show it at the counter.\n"
        "We keep your things until Friday, 12 June 2026, 12:00 UTC.\n"
        "\n"
        "- 2 × SKU-1\n"
        "- <SKU&2>\n"
        "\n"
        "See you soon!\n"
        "\n"
        "Order WEB-1\n"
    )
    assert "493817" in said.html
    assert "Friday, 12 June 2026, 12:00 UTC" in said.html


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - POSTED_ONLY))
def test_every_purpose_has_all_parts_and_only_a_ready_mail_shows_the_code(purpose: Purpose) -> None:
    said = mail(purpose)
    assert ("SKU-1" if purpose in ALERTS else "WEB-1") in said.subject
    assert "\n" not in said.subject
    assert "493817" not in said.subject
    for part in (said.text, said.html):
        assert "SKU-1" in part
        assert "None" not in part
        assert ("493817" in part) == (purpose in TO_COLLECT)


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - POSTED_ONLY))
def test_html_escapes_what_people_typed_and_text_does_not(purpose: Purpose) -> None:
    said = mail(purpose, name="<b>Jane</b>")
    assert "<b>Jane" not in said.html
    assert "&lt;b&gt;Jane" in said.html
    assert "<i>" not in said.html
    assert "<SKU" not in said.html
    assert said.text.startswith("Hello <b>Jane</b>,")


def test_what_people_typed_is_never_a_template() -> None:
    said = mail(Purpose.ORDER_READY, name="{{ 7 * 7 }}{% for x in [] %}")
    assert "Hello {{ 7 * 7 }}{% for x in [] %}," in said.text


def test_a_shipped_mail_tells_carrier_and_number_and_a_delay_the_new_time() -> None:
    shipped = mail(Purpose.ORDER_SHIPPED)
    assert "DHL" in shipped.text
    assert "JD0146" in shipped.text
    assert "Saturday, 6 June 2026, 12:00 UTC" in mail(Purpose.ORDER_DELAYED).text


def test_a_question_says_what_instead_of_what_until_when_and_where_to_answer() -> None:
    asked = facts_of(occasion(Purpose.SUBSTITUTION_OFFERED), LINES[:1], "https://shop.example/orders/x")
    said = render((), Purpose.SUBSTITUTION_OFFERED, Channel.EMAIL, asked, Reader())
    for text in ("2 × SKU-3", "2 × SKU-1", "Friday, 5 June 2026, 12:30 UTC", "<i>no stock</i>"):
        assert text in said.text
    assert said.text.count("https://shop.example/orders/x") == 1
    assert '<a href="https://shop.example/orders/x"' in said.html


def test_a_mail_leads_to_the_orders_page_where_there_is_one() -> None:
    facts = facts_of(occasion(Purpose.ORDER_READY), LINES, "https://shop.example/orders/x")
    said = render((), Purpose.ORDER_READY, Channel.EMAIL, facts, Reader())
    assert "See your order: https://shop.example/orders/x\n\nOrder WEB-1\n" in said.text
    assert '<a href="https://shop.example/orders/x">' in said.html


def test_someone_without_a_name_is_greeted_all_the_same() -> None:
    assert mail(Purpose.ORDER_READY, name="").text.startswith("Hello,\n")


@pytest.mark.parametrize("locale", ["nl-NL", "en-GB", "xx", "", "../en", "-", "zh-Hant-TW"])
def test_a_language_without_templates_falls_back_to_english(locale: str) -> None:
    assert mail(Purpose.ORDER_READY, locale=locale) == mail(Purpose.ORDER_READY)


def test_every_language_has_all_parts_of_what_it_has_at_all() -> None:
    for locale in files("onhand.notifications").joinpath("templates").iterdir():
        names = {each.name for each in locale.iterdir() if not each.name.startswith("_")}
        stems = {name.split(".")[0] for name in names}
        parts = ("subject.txt", "txt", "html", "sms.txt")
        assert names == {f"{stem}.{part}" for stem in stems for part in parts}
        said = {purpose.name.lower() for purpose in set(Purpose) - POSTED_ONLY}
        assert stems <= said
        assert locale.name != "en" or stems == said


def test_a_webhook_names_the_order_and_never_the_person() -> None:
    assert json.loads(webhook_body(occasion(Purpose.ORDER_READY), LINES)) == {
        "type": "order.ready",
        "timestamp": "2026-06-05T12:00:00Z",
        "data": {
            "order_id": "WEB-1",
            "task_id": "00000000-0000-0000-0000-000000000002",
            "location_id": "store-7",
            "code": "493817",
            "collect_deadline": "2026-06-12T12:00:00Z",
            "lines": [
                {"line_id": "1", "item_id": "SKU-1", "quantity": 2},
                {"line_id": "2", "item_id": "<SKU&2>", "quantity": None},
            ],
        },
    }
    shipped = json.loads(webhook_body(occasion(Purpose.ORDER_SHIPPED), LINES))
    assert shipped["data"]["tracking_number"] == "JD0146"
    assert "code" not in shipped["data"]
