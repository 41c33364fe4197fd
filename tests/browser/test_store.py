"""An associate's day on the store page."""

import json
from collections.abc import Callable
from typing import Any

from playwright.async_api import Locator, Page, Route, expect
from tests.acceptance.errand import Errand, request_id
from tests.acceptance.test_main_job import gtin_and_epcs, post_reads
from tests.browser.conftest import Goods, OpenPhone, customer_link, eventually, picture, sign_in

from onhand.api.pickup.v1 import customers_pb2
from onhand.api.stock.v1 import ledger_pb2

NewErrand = Callable[[], Errand]


async def scan(page: Page, field: Locator, text: str) -> None:
    """Type into a field as a scanner does: quickly, and Enter at the end."""
    await field.focus()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def accepted(page: Page, order_id: str) -> Locator:
    """Accept the order's task; gives its card."""
    card = page.locator(".task", has_text=order_id)
    await card.locator("summary").first.click()
    await card.get_by_role("button", name="Accept").click()
    await expect(card).to_contain_text("to pick")
    return card


async def test_an_associate_does_a_whole_order_by_page_alone_and_the_customer_follows_it(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Wool sweater", utrecht=3)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    errand.submit(item_id, store="utrecht", quantity=2)
    customer = await open_phone(locale="nl-NL")
    await customer.goto(customer_link(stack, errand.order_id))
    await expect(customer.locator("h1")).to_have_text("De winkel heeft uw bestelling")
    await expect(phone.locator(".task", has_text=errand.order_id)).to_contain_text("to accept")
    await picture(phone, "store-queue")

    card = await accepted(phone, errand.order_id)
    await scan(phone, card.get_by_label("Scan what you have"), gtin)
    await expect(card).to_contain_text("1 of 2")
    await picture(phone, "store-pick")
    # The scanner types on without a tap: the field has the focus again.
    await phone.keyboard.type(gtin)
    await phone.keyboard.press("Enter")
    await expect(card).to_contain_text("2 of 2")

    await card.get_by_label("Where it waits").fill("rack B 3")
    await card.get_by_role("button", name="Stage").click()
    await expect(card).to_contain_text("rack B 3")

    await expect(customer.locator("h1")).to_have_text("Klaar om af te halen")
    await customer.get_by_label("Waar bent u?").fill("vak 4, blauwe auto")
    await customer.get_by_role("button", name="Ik ben er").click()
    await expect(customer.get_by_role("status")).to_have_text("Dank u. Er komt iemand naar u toe.")
    await picture(customer, "customer-ready-nl")
    await expect(phone.locator("#alerts")).to_contain_text("vak 4, blauwe auto")
    await picture(phone, "store-customer-here")

    pass_of = customers_pb2.GetCollectionPassRequest(task_id=errand.task("utrecht").task_id)
    shown = errand.pickup.customers.GetCollectionPass(pass_of).collection_pass
    await scan(phone, card.get_by_label("Customer's code"), shown)
    await expect(phone.locator("#said")).to_contain_text("collected")
    await expect(card).to_have_count(0)
    await expect(customer.locator("h1")).to_have_text("Afgehaald")
    await expect(customer.get_by_role("button", name="Ik ben er")).to_have_count(0)


async def test_what_is_picked_while_the_line_is_cut_waits_and_counts_once(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Rain coat", utrecht=5)
    errand.submit(item_id, store="utrecht", quantity=4)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = await accepted(phone, errand.order_id)
    field = card.get_by_label("Scan what you have")

    # The first answer gets lost on its way: the server has done it, and the page cannot know.
    lost: list[str] = []

    async def lose_first(route: Route) -> None:
        if not lost:
            lost.append(str(route.request.post_data))
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await phone.route("**/scan-one", lose_first)
    # The live card may know of it before the page's second attempt is answered.
    async with phone.expect_response("**/scan-one"):
        await scan(phone, field, gtin)
    assert lost
    await expect(card).to_contain_text("1 of 4")
    await expect(phone.locator("#waiting")).to_be_hidden()

    await phone.context.set_offline(True)
    await scan(phone, field, gtin)
    await scan(phone, field, gtin)
    await expect(phone.locator("#line")).to_have_text("no connection")
    await expect(card.locator(".unsent")).to_have_text("2 not sent yet")
    await expect(phone.locator("#waiting-list li")).to_have_count(2)
    await picture(phone, "store-offline")
    # One more is left; a second one is refused without asking anybody.
    await scan(phone, field, gtin)
    await scan(phone, field, gtin)
    await expect(phone.locator("#said")).to_have_text("All that is left to pick waits to be sent.")
    assert errand.task("utrecht").lines[0].picked_quantity == 1

    await phone.context.set_offline(False)
    await expect(card).to_contain_text("4 of 4")
    await expect(phone.locator("#line")).to_have_text("live")
    await expect(phone.locator("#waiting")).to_be_hidden()
    assert errand.task("utrecht").lines[0].picked_quantity == 4


async def test_what_waits_survives_a_reload_and_another_associate_does_not_send_it(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Cap", utrecht=2)
    errand.submit(item_id, store="utrecht", quantity=1)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht", subject="ana")
    card = await accepted(phone, errand.order_id)
    await phone.route("**/scan-one", lambda route: route.abort())
    await scan(phone, card.get_by_label("Scan what you have"), gtin)
    await expect(card.locator(".unsent")).to_have_text("1 not sent yet")

    # Ana's sign-in ends; Ben takes the phone.
    await phone.unroute("**/scan-one")
    await phone.get_by_role("button", name="Sign out").click()
    await sign_in(phone, stack, "utrecht", subject="ben")
    await expect(phone.locator("#waiting-list")).to_contain_text("waits for ana")
    assert errand.task("utrecht").lines[0].picked_quantity == 0

    await phone.get_by_role("button", name="Sign out").click()
    await sign_in(phone, stack, "utrecht", subject="ana")
    await expect(card).to_contain_text("1 of 1")
    await expect(phone.locator("#waiting")).to_be_hidden()


async def test_a_sign_in_that_ends_keeps_what_was_done(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Scarf", utrecht=2)
    errand.submit(item_id, store="utrecht", quantity=1)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = await accepted(phone, errand.order_id)
    await phone.context.clear_cookies()
    await scan(phone, card.get_by_label("Scan what you have"), gtin)
    await phone.get_by_role("link", name="Sign in again").click()
    await phone.get_by_role("heading", name="Store: sign in").wait_for()
    await sign_in(phone, stack, "utrecht")
    await expect(card).to_contain_text("1 of 1")


async def test_a_wrong_scan_is_refused_in_words_and_what_is_missing_is_reported(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Glove", utrecht=3)
    _, other_gtin = new_goods("Sock", utrecht=1)
    errand.submit(item_id, store="utrecht", quantity=2)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = await accepted(phone, errand.order_id)
    await scan(phone, card.get_by_label("Scan what you have"), other_gtin)
    await expect(phone.locator("#waiting-list .bad")).to_contain_text(other_gtin)
    await phone.get_by_role("button", name="Dismiss").click()
    await expect(phone.locator("#waiting")).to_be_hidden()

    await scan(phone, card.get_by_label("Scan what you have"), gtin)
    await expect(card).to_contain_text("1 of 2")
    await card.locator("summary", has_text="Without a scan").click()
    short = card.locator("form.short")
    await short.get_by_label("Why").select_option("damaged")
    await short.get_by_label("Note").fill("torn seam")
    await card.get_by_role("button", name="1 cannot be had").click()
    await expect(card).to_contain_text("1 short")
    assert errand.task("utrecht").lines[0].short_quantity == 1


async def test_a_customer_takes_a_part_and_does_not_want_another(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, _ = new_goods("Shorts", utrecht=3)
    errand.submit(item_id, store="utrecht", quantity=3)
    errand.stage(errand.pick(errand.accept(errand.task("utrecht"))))
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = phone.locator(".task", has_text=errand.order_id)
    await card.locator("summary").first.click()
    await card.get_by_text("Only a part, or not wanted").click()
    await card.get_by_label("Given").fill("2")
    await card.get_by_role("spinbutton", name="Refused").fill("1")
    await card.get_by_label("What is refused is").select_option("damaged")
    await picture(phone, "store-part")
    await scan(phone, card.get_by_label("Customer's code"), errand.code())
    await expect(phone.locator("#said")).to_contain_text("collected")
    await expect(card).to_contain_text("1 to put back")
    await card.get_by_role("button", name="1 back at its place").click()
    await expect(card).to_have_count(0)


async def test_a_staged_tag_that_is_sold_at_the_till_is_told_on_the_open_page(
    stack: Any, new_item: Callable[..., str], new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    gtin, epcs = gtin_and_epcs(3)
    item_id = new_item(gtin=gtin)
    post_reads(stack, "utrecht", 1, epcs * 3)
    errand.submit(item_id, store="utrecht", quantity=2)
    errand.stage(errand.pick(errand.accept(errand.task("utrecht")), epcs[:2]))
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = phone.locator(".task", has_text=errand.order_id)
    await expect(card.locator(".state")).to_have_text("ready")
    await phone.evaluate("window.loadedOnce = true")

    sold = ledger_pb2.DocumentLine(product=ledger_pb2.Product(epc=epcs[1]), quantity=1)
    errand.stock.ledger.RecordSale(
        ledger_pb2.RecordSaleRequest(request_id=request_id(), location_id="utrecht", lines=[sold])
    )
    told = phone.locator("#alerts li", has_text=errand.order_id)
    await expect(told).to_contain_text("a tag that was picked has left the store")
    await expect(told).to_contain_text(epcs[1])
    await expect(card.locator(".state")).to_have_text("picking")
    await expect(card.locator(".count")).to_have_text("1 of 2")
    assert await phone.evaluate("window.loadedOnce")


async def test_a_parcel_is_packed_and_shipped_by_keyboard_alone(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, _ = new_goods("Boots", rotterdam=2)
    errand.submit(item_id)
    phone = await open_phone()
    await sign_in(phone, stack, "rotterdam")
    card = phone.locator(".task", has_text=errand.order_id)

    async def press(button: str, **fields: str) -> None:
        """Reach fields and the button by Tab, as who has no pointer does."""
        for name, value in {**fields, button: ""}.items():
            for _ in range(60):
                await phone.keyboard.press("Tab")
                if await phone.evaluate(NAME_OF_FOCUSED) == name:
                    break
            else:
                raise AssertionError(f"{name} cannot be reached")
            if value:
                await phone.keyboard.type(value)
        await phone.keyboard.press("Enter")

    await card.locator("summary").first.focus()
    await phone.keyboard.press("Enter")
    await press("Accept")
    await card.locator("summary", has_text="Without a scan").focus()
    await phone.keyboard.press("Enter")
    await press("Pick without a scan")
    await press("Packed")
    await expect(card).to_contain_text("packed")
    await press("Carrier has it", **{"Carrier": "PostNL", "Tracking number": "3S123"})
    await expect(card).to_have_count(0)
    assert errand.reached(9).tracking_number == "3S123"


NAME_OF_FOCUSED = """() => {
  const it = document.activeElement;
  return (it.labels?.length ? it.labels[0].innerText : it.innerText).trim();
}"""


async def test_names_that_hold_markup_are_shown_as_text(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    markup = """<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>"""
    errand = new_errand()
    item_id, _ = new_goods(markup, utrecht=2)
    errand.submit(item_id, store="utrecht", quantity=1)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = phone.locator(".task", has_text=errand.order_id)
    await expect(card.locator(".name")).to_contain_text(markup)
    await card.locator("summary").first.click()
    await card.get_by_role("button", name="Accept").click()
    await card.locator("summary", has_text="Without a scan").click()
    await card.locator("form.short").get_by_label("Note").fill(markup)
    await card.get_by_role("button", name="1 cannot be had").click()
    await expect(card).to_have_count(0)
    await phone.get_by_role("link", name="Stock").click()
    await phone.get_by_label("Bar code").fill(item_id)
    await phone.get_by_role("button", name="Look up").click()
    await expect(phone.locator("#found")).to_contain_text(markup)
    assert await phone.title() == "Utrecht · onhand"
    assert await phone.locator("main img").count() == 0


async def test_stock_is_looked_up_here_and_near(stack: Any, new_goods: Goods, open_phone: OpenPhone) -> None:
    item_id, gtin = new_goods("Umbrella", utrecht=4, amsterdam=7)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht", also=["amsterdam"])
    # Nobody has tapped a field, and nothing waits for a scan: what the scanner types is looked up.
    await phone.keyboard.type(gtin)
    await phone.keyboard.press("Enter")
    found = phone.locator("#found")
    await expect(found).to_contain_text("Umbrella")
    await expect(found).to_contain_text("4 available here")
    await expect(found).to_contain_text("Amsterdam 35 km 7")
    await picture(phone, "store-look-up")
    await phone.get_by_label("Bar code").fill(item_id + "-none")
    await phone.keyboard.press("Enter")
    await expect(found).to_contain_text("is not a valid EPC")


async def test_the_camera_scans_where_the_browser_reads_bar_codes(
    stack: Any, new_goods: Goods, new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    errand = new_errand()
    item_id, gtin = new_goods("Belt", utrecht=2)
    errand.submit(item_id, store="utrecht", quantity=1)
    phone = await open_phone()
    await sign_in(phone, stack, "utrecht")
    card = await accepted(phone, errand.order_id)
    await expect(card.get_by_role("button", name="Camera")).to_be_hidden()
    # Chromium on Linux reads no bar codes; phones do. Cards are drawn anew while one looks.
    await phone.add_init_script(f"""
        window.BarcodeDetector = class {{
          async detect() {{
            for (const card of document.querySelectorAll(".task")) card.replaceWith(card.cloneNode(true));
            return [{{ rawValue: {json.dumps(gtin)} }}];
          }}
        }};
    """)
    await phone.reload()
    await card.locator("summary").first.click()
    await card.get_by_role("button", name="Camera").click()
    await expect(card).to_contain_text("1 of 1")
    await eventually(lambda: phone.evaluate("!document.getElementById('camera').open"))
