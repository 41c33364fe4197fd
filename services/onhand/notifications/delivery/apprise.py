"""Text messages, push and WhatsApp, by whichever provider an Apprise address names (https://appriseit.com)."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.messages import SENT, Attempt, Channel, Mailbox, Result, Verdict
from onhand.notifications.rendering import Text

PLACE = "{address}"
"""Stands in a provider's address for that of the person."""


class AppriseSender:
    """Sends messages of one channel; each on a thread, since Apprise waits for its provider."""

    def __init__(self, settings: NotificationsSettings, channel: Channel, url_file: Path) -> None:
        self._settings = settings
        self.channel = channel
        self._url_file = url_file
        self._threads = ThreadPoolExecutor(
            settings.apprise_concurrency, thread_name_prefix=channel.name.lower()
        )
        self._instantiate = _instantiate()

    async def send(self, attempt: Attempt) -> Result:
        """Make one attempt. Apprise tells whether a provider took a message, not why it did not."""
        if not isinstance(attempt.recipient, Mailbox):
            return Result(Verdict.NOT_WANTED, "the contact was removed")
        said = Text.of(attempt.subject, attempt.body)
        # Read each time, so that the provider may change under way.
        url = self._url_file.read_text().strip().replace(PLACE, quote(attempt.recipient.address, safe=""))
        plugin = self._instantiate(url)
        if plugin is None:
            return Result(Verdict.REFUSED, "the provider does not accept such an address")
        if self.channel in self._settings.dry_run:
            return Result(Verdict.NOT_WANTED, "dry run: made, and not sent")
        timeout_s = self._settings.apprise_timeout_s
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_s / 2
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: plugin.notify(body=said.text, title=said.subject)
        )
        try:
            async with asyncio.timeout(timeout_s):
                taken = await work
        except TimeoutError:
            return Result(Verdict.PASSING, f"no answer within {timeout_s:g} s")
        return SENT if taken else Result(Verdict.PASSING, "the provider did not take it")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _instantiate() -> Callable[[str], Any]:
    """Load Apprise, which takes a second and is not needed where no provider is set."""
    import apprise

    # Its warnings name the person's address.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    make: Callable[[str], Any] = apprise.Apprise.instantiate
    return make
