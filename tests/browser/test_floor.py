"""The store page beside its queue: a walk for several orders, finding one tag, slots, and a count."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from playwright.async_api import Page, expect
from tests.acceptance.errand import Errand
from tests.acceptance.test_main_job import gtin_and_epcs, post_reads
from tests.browser.conftest import Goods, OpenPhone, picture, sign_in
from tests.browser.test_everybody import check
from tests.browser.test_store import scan

from onhand.api.pickup.v1 import slots_pb2, tasks_pb2
from onhand.api.stock.v1 import catalog_pb2, counts_pb2
from onhand.client import Pickup, Stock

NewErrand = Callable[[], Errand]


async def go_to(phone: Page, part: str) -> None:
    await phone.get_by_role("navigation", name="Parts of this page").get_by_role("link", name=part).click()
    await expect(phone.get_by_role("heading", name=part, exact=True)).to_be_focused()


def tagged_goods(
    stack: Any, new_item: Callable[..., str], title: str, count: int
) -> tuple[str, str, list[str]]:
    """Make an item with tags on Rotterdam's floor; gives its id, bar code and tags."""
    gtin, epcs = gtin_and_epcs(count)
    item_id = new_item(gtin=gtin)
    item = catalog_pb2.Item(item_id=item_id, title=title, size="M", gtins=[gtin], tagged=True)
    with stack.client(Stock) as stock:
        stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
    post_reads(stack, "rotterdam", 1, epcs * 3)
    return item_id, gtin, epcs


async def test_one_walk_picks_two_orders_also_without_the_line(
    stack: Any, new_item: Callable[..., str], new_errand: NewErrand, open_phone: OpenPhone
) -> None:
    item_id, gtin, epcs = tagged_goods(stack, new_item, "Fleece", 4)
    first, second = new_errand(), new_errand()
    for each in (first, second):
        each.submit(item_id, store="rotterdam", quantity=1)
        each.task("rotterdam")
    phone = await open_phone()
    await sign_in(phone, stack, "rotterdam", subject="ana")
    await go_to(phone, "Walk")
    for each in (first, second):
        await expect(phone.get_by_label(each.order_id)).to_be_checked()
    await check(phone)
    await phone.get_by_role("button", name="Begin the walk").click()
    stop = phone.get_by_role("list", name="Where to go").locator("> li", has_text="Fleece")
    await expect(stop).to_contain_text("floor 4, seen")
    await expect(stop).to_contain_text(f"1 for Ada ({second.order_id})")
    await check(phone)
    await picture(phone, "store-walk")

    await scan(phone, phone.locator("#walk-scan"), epcs[0])
    await expect(phone.locator("#said")).to_contain_text(f"For Ada ({first.order_id}): Picked 1 of 1")
    await expect(phone.locator("#view-walk .state").first).to_have_text("1 to pick")

    await phone.context.set_offline(True)
    await scan(phone, phone.locator("#walk-scan"), gtin)
    await expect(phone.locator("#view-walk .unsent")).to_have_text("1 not sent yet")
    await scan(phone, phone.locator("#walk-scan"), gtin)
    await expect(phone.locator("#said")).to_have_text("All that is left to pick waits to be sent.")
    await phone.context.set_offline(False)
    await expect(phone.locator("#waiting")).to_be_hidden()
    for each in (first, second):
        assert each.task("rotterdam").lines[0].picked_quantity == 1
    # Nothing of it is left: the walk is over by itself, and another can begin.
    await expect(phone.locator("#view-walk")).to_contain_text("Nothing to pick")
    await go_to(phone, "Queue")
    await expect(phone.locator(".task", has_text=first.order_id)).to_contain_text("picked")


async def test_one_tag_is_found_by_its_reads(
    stack: Any, new_item: Callable[..., str], open_phone: OpenPhone
) -> None:
    _, _, epcs = tagged_goods(stack, new_item, "Parka", 1)
    phone = await open_phone()
    await sign_in(phone, stack, "rotterdam")
    # The scanner types a tag: it is looked up, and can be looked for.
    await phone.keyboard.type(epcs[0])
    await phone.keyboard.press("Enter")
    await phone.get_by_role("button", name="Find this one").click()
    finder = phone.get_by_role("dialog", name="Parka")
    await expect(finder.get_by_role("status")).to_have_text("floor")
    await phone.get_by_label("Click when it is read").check()
    # Too few reads for stock to move it there, and what the antenna in hand says all the same.
    post_reads(stack, "rotterdam", 2, epcs)
    await expect(finder.get_by_role("status")).to_have_text("back")
    await expect(finder).to_contain_text("read ")
    await check(phone)
    await picture(phone, "store-find")
    await finder.get_by_role("button", name="Close").click()
    await expect(phone.get_by_role("button", name="Find this one")).to_be_focused()


async def test_slots_show_who_comes_and_one_is_closed_and_opened(stack: Any, open_phone: OpenPhone) -> None:
    every_day = [
        slots_pb2.SlotWindow(day_of_week=day, start_minute=540, end_minute=780) for day in range(1, 8)
    ]
    plan = slots_pb2.SlotPlan(
        location_id="amsterdam",
        kind=tasks_pb2.SLOT_KIND_CURBSIDE,
        time_zone="Europe/Amsterdam",
        slot_minutes=60,
        capacity=3,
        lead_duration=Duration(seconds=60),
        windows=every_day,
    )
    with stack.client(Pickup) as pickup:
        pickup.slots.UpdateSlotPlan(slots_pb2.UpdateSlotPlanRequest(request_id=str(uuid4()), plan=plan))
        listed = pickup.slots.ListSlots(
            slots_pb2.ListSlotsRequest(location_id="amsterdam", kind=tasks_pb2.SLOT_KIND_CURBSIDE)
        ).slots
        day_after_next = (datetime.now(UTC) + timedelta(days=2)).date()
        slot = next(each for each in listed if each.start_time.ToDatetime().date() == day_after_next)
        for _ in range(2):
            held = slots_pb2.HoldSlotRequest(
                request_id=str(uuid4()), location_id="amsterdam", kind=plan.kind, start_time=slot.start_time
            )
            pickup.slots.HoldSlot(held)
        booked = slots_pb2.BookSlotRequest(
            request_id=str(uuid4()), slot_booking_id=held.request_id, order_id="O-slot"
        )
        pickup.slots.BookSlot(booked)

    phone = await open_phone()
    await sign_in(phone, stack, "amsterdam")
    await go_to(phone, "Slots")
    await expect(phone.locator("#view-slots")).to_contain_text("No slots")
    await phone.get_by_label("For").select_option("Curbside")
    await phone.get_by_label("Day").select_option("2")
    row = phone.locator(".slots > li", has_text="09:00–10:00")
    await expect(row).to_contain_text("2 of 3 taken · 1 held at checkout")
    await expect(row).to_contain_text("1 free")
    await row.get_by_role("button", name="Close 09:00").click()
    await expect(phone.locator("#said")).to_have_text("Closed. 2 customers had taken it: call them")
    await expect(row).to_contain_text("closed")
    await expect(row.get_by_role("button")).to_be_focused()  # as whoever has no pointer needs
    await check(phone)
    await picture(phone, "store-slots")
    await row.get_by_role("button", name="Offer 09:00 again").click()
    await expect(row).to_contain_text("1 free")


async def test_a_count_shows_how_far_it_is_and_what_it_would_change(
    stack: Any, new_item: Callable[..., str], new_goods: Goods, open_phone: OpenPhone
) -> None:
    _, _, epcs = tagged_goods(stack, new_item, "Vest", 3)
    phone = await open_phone()
    await sign_in(phone, stack, "rotterdam")
    await go_to(phone, "Counts")
    part = phone.locator("#view-counts")
    await part.get_by_text("Begin a count").click()
    await part.get_by_label("What to call it").fill("Back room, morning")
    await part.get_by_label("Where").select_option("back")
    await part.get_by_role("button", name="Begin", exact=True).click()
    count = phone.get_by_role("region", name="Back room, morning")
    await expect(count).to_contain_text("tags seen")
    # Two that the books have on the floor are here.
    await scan(phone, count.get_by_role("textbox", name="Tag"), epcs[0])
    await expect(phone.locator("#said")).to_have_text("Seen")
    with stack.client(Stock) as stock:
        (listed,) = stock.counts.ListCounts(
            counts_pb2.ListCountsRequest(location_id="rotterdam", state=counts_pb2.Count.STATE_OPEN)
        ).counts
        read = counts_pb2.CountRead(epc=bytes.fromhex(epcs[1]))
        read.read_time.FromDatetime(datetime.now(UTC))
        stock.counts.RecordCountReads(
            counts_pb2.RecordCountReadsRequest(count_id=listed.count_id, zone_id="back", reads=[read])
        )
    await expect(count.get_by_role("button", name="What would change")).to_be_visible()
    await count.get_by_role("button", name="What would change").click()
    review = count.get_by_role("region", name="What finishing would change")
    await expect(review).to_contain_text("2 in another zone")
    await expect(review).to_contain_text("1 × Vest in another zone · floor → back")
    await check(phone)
    await picture(phone, "store-counts")
    await review.get_by_role("button", name="Finish and correct the books").click()
    await expect(phone.locator("#said")).to_contain_text("Finished: ")
    await expect(phone.locator("#view-counts")).to_contain_text("No count is open")

    # The next one is by hand, and the line is cut in the middle of it.
    item_id, gtin = new_goods("Ball", rotterdam=5)
    await part.get_by_text("Begin a count").click()
    await part.get_by_label("How", exact=True).select_option("By hand, quantities only")
    await part.get_by_role("button", name="Begin", exact=True).click()
    by_hand = phone.get_by_role("region", name="By hand, quantities only")
    await expect(by_hand).to_be_visible()
    await phone.context.set_offline(True)
    for shelf, units in (("1", "2"), ("2", "3")):
        await by_hand.get_by_label("Bar code or item").fill(gtin if shelf == "1" else item_id)
        await by_hand.get_by_label("Shelf").fill(shelf)
        await by_hand.get_by_label("Units there").fill(units)
        await by_hand.get_by_role("button", name="Counted").click()
    await expect(by_hand.locator(".unsent")).to_have_text("2 not sent yet")
    await phone.context.set_offline(False)
    await expect(by_hand).to_contain_text("5")
    await by_hand.get_by_role("button", name="What would change").click()
    await by_hand.get_by_role("button", name="Give it up").click()
    await expect(phone.locator("#view-counts")).to_contain_text("No count is open")
