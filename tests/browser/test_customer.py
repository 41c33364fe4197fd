"""A customer with a link on their phone."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import Goods, OpenPhone, customer_link, eventually, picture, sign_in
from tests.browser.test_everybody import check
from tests.stack import Mailbox


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


async def test_a_customer_is_asked_about_a_substitute_by_mail_and_answers_by_its_link(
    stack: Any,
    mailbox: Mailbox,
    new_goods: Goods,
    new_errand: Callable[[], Errand],
    open_phone: OpenPhone,
) -> None:
    errand = new_errand()
    item_id, _ = new_goods("Red beanie", utrecht=2)
    other_id, other_gtin = new_goods("Blue beanie", utrecht=2)
    errand.submit(item_id, store="utrecht")
    errand.accept(errand.task("utrecht"))
    associate = await open_phone()
    await sign_in(associate, stack, "utrecht")
    card = associate.locator(".task", has_text=errand.order_id)
    await card.locator("summary").first.click()
    await card.locator("summary", has_text="Offer another item").click()
    await card.get_by_label("Item to offer").fill(other_id)
    await card.get_by_role("button", name="Ask the customer").click()
    await expect(card).to_contain_text("Instead: 1 × Blue beanie, offered")

    links: list[str] = []

    async def asked() -> bool:
        mails = [mail.get_body(("plain",)) for mail in mailbox.to(errand.email)]
        texts = [body.get_content() for body in mails if body]
        links[:] = [found for text in texts for found in re.findall(r"Say yes or no: (\S+)", text)]
        return bool(links)

    await eventually(asked, 60)
    customer = await open_phone()
    await customer.goto(links[0])
    question = customer.get_by_text("Instead of Red beanie we have 1 × Blue beanie.")
    await expect(question).to_be_visible()
    await check(customer)
    await picture(customer, "customer-substitute")
    await customer.get_by_role("button", name="Yes, I take it").click()
    await expect(customer.get_by_role("status")).to_have_text("Thank you for your answer.")
    await expect(question).to_have_count(0)

    await expect(card).to_contain_text("Instead: 1 × Blue beanie, accepted")
    await card.get_by_label("Scan what you have").fill(other_gtin)
    await associate.keyboard.press("Enter")
    await expect(card).to_contain_text("picked")


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
