"""What operations see, as it happens."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.async_api import expect
from tests.acceptance.errand import Errand
from tests.browser.conftest import Goods, OpenPhone, operate

from onhand.api.stock.v1 import ledger_pb2
from onhand.client import Stock


async def test_the_board_follows_stock_and_a_parked_order_shows_by_itself(
    stack: Any, new_goods: Goods, new_errand: Callable[[], Errand], open_phone: OpenPhone
) -> None:
    item_id, _ = new_goods("Tent", rotterdam=3)
    board, overview = await open_phone(), await open_phone()
    await operate(board, stack)
    await board.get_by_role("link", name="Availability board").click()
    await board.get_by_label("Location").select_option("rotterdam")
    await board.get_by_label("Find").fill("Tent")
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


async def test_a_token_that_may_not_see_something_hides_that_only(stack: Any, open_phone: OpenPhone) -> None:
    phone = await open_phone()
    await operate(phone, stack, "catalog.read", "stock.read")
    await expect(phone.locator("body")).to_contain_text("the token lacks the scope orders.read")
    await expect(phone.locator("body")).to_contain_text("readers heard")
