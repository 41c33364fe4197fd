"""The customers' mailboxes: a real SMTP server that keeps what it is sent."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from onhand.demo.tally import Tally

HOST = "127.0.0.1"
MAX_MAIL_BYTES = 1 << 20

_ORDER = re.compile(r"\bW-\d+\b")
_CODE = re.compile(r"code: *(\d{8})\b")


@dataclass(frozen=True, slots=True)
class Mail:
    message_id: str
    recipient: str
    subject: str
    order_id: str
    code: str
    """What the customer shows at the counter; empty when the mail has none."""


class Mailbox:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._of_order: defaultdict[str, asyncio.Queue[Mail]] = defaultdict(asyncio.Queue)
        self.mails: list[Mail] = []
        self.deliveries = 0
        """Mails taken, one that was sent twice counted twice."""

    def of_order(self, order_id: str) -> asyncio.Queue[Mail]:
        return self._of_order[order_id]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        mail = read(envelope.content, ",".join(envelope.rcpt_tos))
        self.deliveries += 1
        if mail.message_id not in {each.message_id for each in self.mails}:
            self.mails.append(mail)
            self._tally.mails += 1
            self._tally.tell(f"mail     to {mail.recipient}: {mail.subject}")
            self._of_order[mail.order_id].put_nowait(mail)
        return "250 OK"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Listen on a free port, which is given, until the block is left."""
        from aiosmtpd.smtp import SMTP

        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, loop=loop, data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True), HOST, 0
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


def read(content: bytes, recipient: str) -> Mail:
    """Read a mail as its customer does."""
    message = message_from_bytes(content, _class=EmailMessage, policy=default)
    part = message.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    subject = str(message["Subject"] or "")
    order = _ORDER.search(f"{subject}\n{text}")
    code = _CODE.search(text)
    return Mail(
        str(message["Message-ID"] or ""),
        recipient,
        subject,
        order.group() if order else "",
        code.group(1) if code else "",
    )
