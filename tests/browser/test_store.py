"""An associate's day on the store page."""

from collections.abc import Callable
from typing import Any

from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import OpenPhone, customer_link, picture, sign_in

GTIN = "09506000134352"


async def test_an_associate_does_a_whole_order_by_page_alone_and_the_customer_follows_it(
    stack: Any, mailbox: Any, new_item: Callable[..., str], open_phone: OpenPhone
) -> None:
    errand = Errand(stack, mailbox)
    item_id = new_item(gtin=GTIN, utrecht=3)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")

    errand.submit(item_id, store="utrecht", quantity=2)
    customer = await open_phone(locale="nl-NL")
    await customer.goto(customer_link(stack, errand.order_id))
    await expect(customer.locator("h1")).to_have_text("De winkel heeft uw bestelling")
    card = phone.locator(".task", has_text=errand.order_id)
    await card.locator("summary").first.click()
    await card.get_by_role("button", name="Accept").click()

    scan = card.get_by_label(f"Scan {item_id}")
    await scan.press_sequentially(GTIN)
    await scan.press("Enter")
    await expect(card).to_contain_text("1 of 2")
    # The scanner types on, without a tap: the field has the focus again.
    await phone.keyboard.type(GTIN)
    await phone.keyboard.press("Enter")
    await expect(card).to_contain_text("2 of 2")

    await picture(phone, "store-picking")
    await card.get_by_label("Where it waits").fill("rack B 3")
    await card.get_by_role("button", name="Stage").click()
    await expect(card).to_contain_text("rack B 3")

    await expect(customer.locator("h1")).to_have_text("Klaar om af te halen")
    await customer.get_by_label("Waar bent u?").fill("vak 4, blauwe auto")
    await customer.get_by_role("button", name="Ik ben er").click()
    await expect(customer.get_by_role("status")).to_have_text("Dank u. Er komt iemand naar u toe.")
    await picture(customer, "customer-nl")
    await expect(phone.locator("#alerts")).to_contain_text("vak 4, blauwe auto")
    await picture(phone, "store-ready")

    await card.get_by_label("Customer's code").fill(errand.code())
    await card.get_by_role("button", name="Hand over").click()
    await expect(phone.locator("#said")).to_contain_text("collected")
    await expect(card).to_have_count(0)
    await expect(customer.locator("h1")).to_have_text("Afgehaald")
    errand.close()
