"""A customer with a link on their phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import Goods, OpenPhone, customer_link, eventually


async def test_a_customer_keeps_it_longer_sends_somebody_else_and_cancels(
    stack: Any, new_goods: Goods, new_errand: Callable[[], Errand], open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, _ = new_goods("Raincoat", utrecht=2)
    errand.submit(item_id, store="utrecht")
    ready = errand.stage(errand.pick(errand.accept(errand.task("utrecht"))))
    phone = await open_phone()
    await phone.goto(customer_link(stack, errand.order_id))
    await expect(phone.locator("h1")).to_have_text("Ready to collect")
    code = phone.get_by_role("img", name="QR code of your order")
    await eventually(lambda: code.evaluate("image => image.complete && image.naturalWidth > 0"))

    await phone.get_by_role("button", name="Keep it longer for me").click()
    await expect(phone.get_by_role("status")).to_have_text("Done: it waits longer for you.")
    extended = errand.task("utrecht")
    assert extended.collect_deadline.ToDatetime() > ready.collect_deadline.ToDatetime()

    await phone.get_by_text("Somebody else collects").click()
    await phone.get_by_label("Their name").fill("Ben")
    await phone.get_by_role("button", name="Save").click()
    await expect(phone.get_by_text("Ben collects")).to_be_visible()
    assert errand.task("utrecht").alternate_collector_name == "Ben"

    await phone.get_by_role("button", name="I am on my way").click()
    await expect(phone.get_by_text("The store knows that you are on your way.")).to_be_visible()

    await phone.get_by_text("Cancel my order").click()
    await phone.get_by_role("button", name="Cancel for good").click()
    await expect(phone.locator("h1")).to_have_text("Cancelled")
    await expect(phone.get_by_role("img", name="QR code")).to_have_count(0)


async def test_without_scripts_the_page_works_all_the_same(
    stack: Any, new_goods: Goods, new_errand: Callable[[], Errand], open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, _ = new_goods("Bag", utrecht=2)
    errand.submit(item_id, store="utrecht")
    errand.task("utrecht")
    phone = await open_phone(java_script_enabled=False, locale="ro-RO")
    await phone.goto(customer_link(stack, errand.order_id))
    await phone.get_by_role("link", name="English").click()
    await phone.get_by_label("Where are you?").fill("bay 2")
    await phone.get_by_role("button", name="I am here").click()
    await expect(phone.get_by_role("status")).to_have_text("Thank you. Somebody will be with you.")
    assert errand.task("utrecht").check_in_note == "bay 2"


async def test_an_old_link_says_so_and_shows_nothing(stack: Any, open_phone: OpenPhone) -> None:
    phone = await open_phone(locale="nl-NL")
    answer = await phone.goto(customer_link(stack, "any", ttl=timedelta(seconds=-1)))
    assert answer is not None
    assert answer.status == 404
    await expect(phone.locator("main")).to_contain_text("Deze link is niet meer geldig.")
