"""Debian's Chromium, driven by Playwright, against everything running as its users run it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright, expect
from tests.acceptance.conftest import time_limit  # noqa: F401 - a fixture
from tests.acceptance.errand import Errand
from tests.stack import Mailbox, Stack

from onhand.api.stock.v1 import catalog_pb2
from onhand.cli import keys
from onhand.client import Stock
from onhand.edge.pages.operations import SCOPES as OPERATIONS_SCOPES
from onhand.edge.pages.store import SCOPES
from onhand.kit.links import Links

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",  # a camera, and nobody to ask
    "--use-fake-ui-for-media-stream",
]
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 15_000
SCREENS = Path(__file__).parents[2] / "docs" / "screens"

expect.set_options(timeout=PATIENCE_MS)

Goods = Callable[..., tuple[str, str]]
OpenPhone = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Run Chromium, on a fresh profile."""
    if CHROMIUM is None:
        missing = "no Chromium on this machine (on Debian: apt install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture
async def open_phone(stack: Stack, browser: Browser) -> AsyncIterator[OpenPhone]:
    """Give what opens a phone's browser with nothing in it.

    What a page fails with fails the test, and so does a request to anybody but the edge.
    """
    failures: list[str] = []
    edge = f"http://{stack.address('edge')}/"

    def foreign(request: Request) -> None:
        if not request.url.startswith((edge, "data:", "blob:")):
            failures.append(f"a request to {request.url}")

    async with AsyncExitStack() as closing:

        async def open_one(**options: Any) -> Page:
            context = await browser.new_context(viewport=PHONE, **options)
            closing.push_async_callback(context.close)
            context.on("weberror", lambda error: failures.append(str(error.error)))
            context.on("request", foreign)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            return page

        yield open_one
    assert failures == []


@pytest.fixture
def new_goods(stack: Stack, new_item: Callable[..., str]) -> Goods:
    """Make an item that people can read, with stock: `new_goods("Cap", utrecht=2)`; gives its id and bar code."""

    def make(title: str, **units: int) -> tuple[str, str]:
        body = f"0950600{uuid4().int % 1_000_000:06}"
        total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(body))
        gtin = f"{body}{-total % 10}"
        item_id = new_item(gtin, **units)
        item = catalog_pb2.Item(
            item_id=item_id, title=title, size="M", colour="blue", gtins=[gtin], tagged=True
        )
        with stack.client(Stock) as stock:
            stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
        return item_id, gtin

    return make


@pytest.fixture
def new_errand(stack: Stack, mailbox: Mailbox) -> Iterator[Callable[[], Errand]]:
    """Give what makes a customer with an order to come."""
    made: list[Errand] = []

    def make() -> Errand:
        made.append(Errand(stack, mailbox))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def eventually(check: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    """Wait for a condition, or fail."""
    async with asyncio.timeout(within_s):
        while not await check():
            await asyncio.sleep(0.05)


async def sign_in(
    page: Page, stack: Stack, store: str, subject: str = "ana", also: Sequence[str] = ()
) -> None:
    """Sign an associate in as the link of `onhand token --store` does."""
    token = stack.token(*SCOPES, subject=subject, locations=[store, *also])
    await page.goto(f"http://{stack.address('edge')}/store?store={store}#{token}")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_text("live").wait_for()


async def operate(page: Page, stack: Stack, *scopes: str) -> None:
    """Sign an operator in."""
    token = stack.token(*(scopes or OPERATIONS_SCOPES), subject="ops")
    await page.goto(f"http://{stack.address('edge')}/operations")
    await page.get_by_label("Access token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Operations", exact=True).wait_for()


def customer_link(stack: Stack, order_id: str, ttl: timedelta = timedelta(hours=1)) -> str:
    token = Links(keys.links_file(stack.runtime.keys_dir)).token(order_id, datetime.now(UTC) + ttl)
    return f"http://{stack.address('edge')}/orders/{token}"


async def picture(page: Page, name: str) -> None:
    """Keep what a page looks like in docs/screens, when KEEP_SCREENS is set."""
    if os.environ.get("KEEP_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        await page.evaluate("scrollTo(0, 0)")
        # As if the phone were long enough: what is fixed to its foot stays there.
        height = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({**PHONE, "height": max(PHONE["height"], height)})
        await page.screenshot(path=SCREENS / f"{name}.png")
        await page.set_viewport_size(PHONE)
