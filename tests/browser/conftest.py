"""Debian's Chromium, driven by Playwright, against everything running as its users run it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from tests.acceptance.conftest import (  # noqa: F401 - fixtures: the same stack, for other callers
    Stack,
    chain,
    mailbox,
    new_item,
    stack,
    time_limit,
)

from onhand.cli import keys
from onhand.edge.pages.store import SCOPES
from onhand.kit.links import Links

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 15_000
SCREENS = Path(__file__).parents[2] / "docs" / "screens"

expect.set_options(timeout=PATIENCE_MS)

OpenPhone = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_phone(tmp_path: Path) -> AsyncIterator[OpenPhone]:
    """Give what opens a browser of its own, of a phone's size."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (on Debian: apt install chromium)")
    async with AsyncExitStack() as closing:
        playwright = await closing.enter_async_context(async_playwright())

        async def open_one(**options: object) -> Page:
            context = await closing.enter_async_context(_context(playwright, tmp_path, options))
            page = context.pages[0]
            page.set_default_timeout(PATIENCE_MS)
            return page

        yield open_one


@asynccontextmanager
async def _context(
    playwright: object, folder: Path, options: dict[str, object]
) -> AsyncIterator[BrowserContext]:
    """Run Chromium on a fresh profile. What a page logs as an error fails the test."""
    context = await playwright.chromium.launch_persistent_context(  # type: ignore[attr-defined]
        tempfile.mkdtemp(dir=folder),
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        viewport=PHONE,
        **options,
    )
    failures: list[str] = []
    context.on("weberror", lambda error: failures.append(str(error.error)))
    try:
        yield context
    finally:
        await context.close()
    assert failures == []


async def eventually(check: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    """Wait for a condition, or fail."""
    async with asyncio.timeout(within_s):
        while not await check():
            await asyncio.sleep(0.05)


async def sign_in(page: Page, stack: Stack, store: str, subject: str = "ana") -> None:  # noqa: F811
    """Sign an associate in as the link of `onhand token --store` does."""
    token = stack.token(*SCOPES, subject=subject, locations=[store])
    await page.goto(f"http://{stack.address('edge')}/store?store={store}#{token}")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_text("live").wait_for()


def customer_link(stack: Stack, order_id: str, ttl: timedelta = timedelta(hours=1)) -> str:  # noqa: F811
    token = Links(keys.links_file(stack.runtime.keys_dir)).token(order_id, datetime.now(UTC) + ttl)
    return f"http://{stack.address('edge')}/orders/{token}"


async def picture(page: Page, name: str) -> None:
    """Keep what a page looks like in docs/screens, when KEEP_SCREENS is set."""
    if os.environ.get("KEEP_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        await page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
