"""An associate's day on the store page."""

from collections.abc import Callable
from typing import Any

from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import OpenPhone, sign_in

GTIN = "09506000134352"


async def test_an_associate_does_a_whole_order_by_page_alone(
    stack: Any, mailbox: Any, new_item: Callable[..., str], open_phone: OpenPhone
) -> None:
    errand = Errand(stack, mailbox)
    item_id = new_item(gtin=GTIN, utrecht=3)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")

    errand.submit(item_id, store="utrecht", quantity=2)
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

    await card.get_by_label("Where it waits").fill("rack B 3")
    await card.get_by_role("button", name="Stage").click()
    await expect(card).to_contain_text("rack B 3")

    await card.get_by_label("Customer's code").fill(errand.code())
    await card.get_by_role("button", name="Hand over").click()
    await expect(phone.locator("#said")).to_contain_text("collected")
    await expect(card).to_have_count(0)
    errand.close()
