"""What operations see, as it happens."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import nats
from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.acceptance.test_main_job import gtin_and_epcs, post_reads
from tests.browser.conftest import Goods, OpenPhone, operate, picture
from tests.browser.test_everybody import check

from onhand.api.stock.v1 import counts_pb2, ledger_pb2
from onhand.client import Stock
from onhand.kit.events import EVENT_ID_HEADER


async def test_the_board_follows_stock_and_a_parked_order_shows_by_itself(
    stack: Any, new_goods: Goods, new_errand: Callable[[], Errand], open_phone: OpenPhone
) -> None:
    item_id, _ = new_goods("Tent", rotterdam=3)
    board, overview = await open_phone(), await open_phone()
    await operate(board, stack)
    await board.get_by_role("link", name="Availability board").click()
    await board.get_by_label("Location").select_option("rotterdam")
    await board.get_by_label("Find").fill("Tent")
    await expect(board.locator("#cells .number")).to_have_count(1)
    await expect(board.locator("#cells .number")).to_have_text("3")
    await operate(overview, stack)

    line = ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=2)
    sale = ledger_pb2.RecordSaleRequest(request_id=str(uuid4()), location_id="rotterdam", lines=[line])
    with stack.client(Stock) as stock:
        stock.ledger.RecordSale(sale)
    await expect(board.locator("#cells .number")).to_have_text("1")

    errand = new_errand()
    errand.submit(item_id, store="utrecht")
    await expect(overview.get_by_role("region", name="Parked orders")).to_contain_text(errand.order_id)


async def test_accuracy_is_drawn_and_a_dead_letter_is_given_again(
    stack: Any, chain: Any, open_phone: OpenPhone
) -> None:
    with stack.client(Stock) as stock:
        for _ in range(2):
            begin = counts_pb2.StartCountRequest(
                request_id=str(uuid4()), location_id="amsterdam", kind=counts_pb2.Count.KIND_HANDHELD
            )
            begin.zone_ids.append("exit")
            count_id = stock.counts.StartCount(begin).count.count_id
            finish = counts_pb2.FinishCountRequest(request_id=str(uuid4()), count_id=count_id)
            stock.counts.FinishCount(finish)
    for store in ("amsterdam", "utrecht"):
        post_reads(stack, store, 1, gtin_and_epcs(3)[1])
    subject = f"onhand.pickup.nobody_{uuid4().hex[:8]}"
    client = await nats.connect(stack.runtime.nats_url)
    again = await client.subscribe(subject)
    headers = {
        EVENT_ID_HEADER: str(uuid4()),
        "Onhand-Subject": subject,
        "Onhand-Failure": "ValueError('<b>')",
    }
    await client.jetstream().publish("onhand.dead.routing-pickup", b"event", headers=headers)

    phone = await open_phone()
    await operate(phone, stack)
    await expect(
        phone.get_by_role("img", name="Units where the books have them, in per cent")
    ).to_be_visible()
    letter = phone.get_by_role("listitem").filter(has_text=subject)
    await expect(letter).to_contain_text("routing-pickup")
    await expect(letter).to_contain_text("ValueError('<b>')")
    await check(phone)
    await picture(phone, "operations")
    await letter.get_by_role("button", name="Give again").click()
    await expect(phone.get_by_role("status")).to_have_text("It is given to its consumer again.")
    assert (await again.next_msg(timeout=10)).data == b"event"
    await expect(letter).to_have_count(0)
    await client.close()


async def test_a_token_that_may_not_see_something_hides_that_only(stack: Any, open_phone: OpenPhone) -> None:
    phone = await open_phone()
    await operate(phone, stack, "catalog.read", "stock.read")
    await expect(phone.locator("body")).to_contain_text("the token lacks the scope orders.read")
    await expect(phone.locator("body")).to_contain_text("readers heard")
