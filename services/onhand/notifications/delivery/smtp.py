"""E-mail by SMTP (RFC 5321)."""

import asyncio
import re
import socket
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

import aiosmtplib

from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.addresses import without_email
from onhand.notifications.domain.messages import SENT, Attempt, Channel, Mailbox, Receipt, Result, Verdict
from onhand.notifications.rendering import Text

PERMANENT = range(500, 600)
NO_MAILBOX = re.compile(r"\s*5\.(1\.[01236]|1\.10|2\.1)\b")
"""Enhanced codes that say that there is no such mailbox, or none in use (RFC 3463, section 3.2 and 3.3; RFC 7505)."""
ABOUT_US = frozenset({530, 534, 535, 538})
"""Replies that ask for other credentials (RFC 4954): ours to mend, no fault of the message."""


@dataclass
class _Connection:
    client: aiosmtplib.SMTP
    mails: int = 0
    used_at: float = 0.0


class SmtpSender:
    """Sends mails, each on a connection of its own while it goes; connections serve one after another."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._free: list[_Connection] = []

    async def send(self, attempt: Attempt) -> Result:
        """Make one attempt."""
        if not self._settings.smtp_host:
            return Result(Verdict.NOT_WANTED, "no smtp server configured")
        if not isinstance(attempt.recipient, Mailbox):
            return Result(Verdict.NOT_WANTED, "the contact was removed")
        email = attempt.recipient.address
        try:
            mail = self._compose(attempt, email)
        except (ValueError, IndexError, MessageError) as error:  # what a bad address ends in
            return Result(Verdict.REFUSED, without_email(f"not a usable address: {error}", email))
        if Channel.EMAIL in self._settings.dry_run:
            return Result(Verdict.NOT_WANTED, "dry run: made, and not sent")
        result = await self._transmit(mail, email)
        return replace(result, failure=without_email(result.failure, email))

    def _compose(self, attempt: Attempt, email: str) -> EmailMessage:
        """Build the same mail at each attempt, byte for byte."""
        parts = Text.of(attempt.subject, attempt.body)
        sender = self._settings.smtp_from
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["Message-ID"] = f"<{attempt.message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
        mail["Date"] = format_datetime(attempt.create_time)
        mail["From"] = sender
        mail["To"] = Address(parts.name, addr_spec=email)
        mail["Subject"] = parts.subject
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday note in answer
        if parts.unsubscribe_uri:
            mail["List-Unsubscribe"] = f"<{parts.unsubscribe_uri}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058, section 3.1
        mail["X-Onhand-Message-Id"] = str(attempt.message_id)
        mail.set_content(parts.text)
        mail.add_alternative(parts.html, subtype="html")
        mail.set_boundary(f"onhand-{attempt.message_id.hex}")
        return mail

    async def _transmit(self, mail: EmailMessage, email: str) -> Result:
        connection: _Connection | None = None
        usable = False
        try:
            async with asyncio.timeout(self._settings.smtp_timeout_s):
                connection = self._reusable() or await self._connect()
                sender = self._settings.smtp_return_path or parseaddr(self._settings.smtp_from)[1]
                await connection.client.send_message(mail, sender=sender, recipients=[email])
        except (aiosmtplib.SMTPException, OSError) as error:
            # After an answer the library has reset the session; after anything else it is in the midst of
            # a command, and another mail would be mixed into this one.
            usable = isinstance(error, aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused)
            return _failed(error, connected=connection is not None)
        else:
            usable = True
            return SENT
        finally:
            if connection is not None:
                self._give_back(connection, usable=usable)

    async def _connect(self) -> _Connection:
        settings = self._settings
        password = settings.smtp_password_file
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_username or None,
            password=password.read_text().strip() if password and settings.smtp_username else None,
            local_hostname=socket.gethostname(),  # the library would ask the name service for more
            timeout=settings.smtp_timeout_s,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return _Connection(client)

    def _reusable(self) -> _Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.client.is_connected and not self._idle_too_long(connection):
                return connection
            connection.client.close()
        return None

    def _give_back(self, connection: _Connection, *, usable: bool) -> None:
        connection.mails += 1
        connection.used_at = asyncio.get_running_loop().time()
        full = connection.mails >= self._settings.smtp_mails_per_connection
        if usable and not full and connection.client.is_connected:
            self._free.append(connection)
        else:
            connection.client.close()

    def _idle_too_long(self, connection: _Connection) -> bool:
        return asyncio.get_running_loop().time() - connection.used_at > self._settings.smtp_idle_s

    async def rest(self) -> None:
        """Close connections that nobody has used for a while."""
        for connection in [each for each in self._free if self._idle_too_long(each)]:
            self._free.remove(connection)
            connection.client.close()

    async def close(self) -> None:
        while self._free:
            self._free.pop().client.close()


def _failed(error: Exception, *, connected: bool) -> Result:
    """Judge a failure: only what the server says about this mail can be for good."""
    of_address = isinstance(error, aiosmtplib.SMTPRecipientsRefused)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        lasting = connected and error.code in PERMANENT and error.code not in ABOUT_US
        bounced = lasting and of_address and bool(NO_MAILBOX.match(error.message))
        return Result(
            Verdict.REFUSED if lasting else Verdict.PASSING,
            f"{error.code} {error.message}",
            receipt=Receipt.BOUNCED if bounced else Receipt.NONE,
        )
    if isinstance(error, aiosmtplib.SMTPNotSupported) and connected:
        return Result(Verdict.REFUSED, str(error))
    if isinstance(error, TimeoutError) and not isinstance(error, aiosmtplib.SMTPException):
        return Result(Verdict.PASSING, "the smtp server took too long")
    return Result(Verdict.PASSING, str(error) or type(error).__name__)
