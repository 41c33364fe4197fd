"""Every page can be used by everybody: no serious fault that axe-core finds, on a phone's width, light and dark."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import Goods, OpenPhone, customer_link, operate, picture, sign_in


async def check(page: Page) -> None:
    """Fail on serious and critical faults, and when the page is wider than the phone."""
    found = await Axe().run(page)
    serious = [
        f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}"
        for each in found.response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_pages_have_no_serious_fault(
    scheme: str,
    stack: Any,
    new_goods: Goods,
    new_errand: Callable[[], Errand],
    open_phone: OpenPhone,
) -> None:
    phone = await open_phone(color_scheme=scheme)

    async def keep(name: str) -> None:
        if scheme == "light":
            await picture(phone, name)

    edge = f"http://{stack.address('edge')}"
    for path in ("/", "/store", "/operations", "/orders/x"):
        await phone.goto(edge + path)
        await check(phone)
    await phone.goto(edge + "/store")
    await keep("sign-in")

    item_id, gtin = new_goods("Linen shirt", amsterdam=4, utrecht=2)
    first, second, waiting = new_errand(), new_errand(), new_errand()
    first.submit(item_id, store="amsterdam", quantity=2)
    second.submit(item_id, store="amsterdam", quantity=2)
    waiting.submit(item_id, store="amsterdam", quantity=1)
    second.stage(second.pick(second.accept(second.task("amsterdam"))))
    await sign_in(phone, stack, "amsterdam")
    for details in await phone.locator(".task > details").all():
        await details.locator("summary").first.click()
    await phone.locator(".task", has_text=first.order_id).get_by_role("button", name="Accept").click()
    await (
        phone.locator(".task", has_text=first.order_id).locator("summary", has_text="Without a scan").click()
    )
    await check(phone)
    await phone.get_by_role("link", name="Stock").click()
    await phone.get_by_label("Bar code").fill(gtin)
    await phone.get_by_role("button", name="Look up").click()
    await expect(phone.locator("#found")).to_contain_text("Linen shirt")
    await check(phone)
    for part in ("Walk", "Slots", "Counts"):
        await phone.get_by_role("link", name=part).click()
        await expect(phone.locator(f"#view-{part.lower()} .shown > *").first).to_be_visible()
        await check(phone)

    await phone.goto(customer_link(stack, second.order_id))
    await expect(phone.locator("h1")).to_have_text("Ready to collect")
    await check(phone)

    await operate(phone, stack)
    await expect(phone.locator("body")).to_contain_text(waiting.order_id)
    await check(phone)
    await phone.get_by_role("link", name="Availability board").click()
    await phone.get_by_label("Location").select_option("amsterdam")
    await expect(phone.locator("#cells")).to_contain_text("Linen shirt")
    await check(phone)
    await keep("board")
