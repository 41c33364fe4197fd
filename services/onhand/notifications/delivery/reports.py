"""Mail about mail: what a server says that it could not deliver, and what a reader has called spam.

Delivery reports are RFC 3464, complaints RFC 5965. Which message they are about is read from the headers that they
bring back, so that a report forged without having seen the mail tells nothing: message ids are not guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, Parser
from email.policy import compat32
from uuid import UUID

from onhand.notifications.delivery.smtp import NO_MAILBOX
from onhand.notifications.domain.messages import Receipt

MAX_REPORT_BYTES = 1_000_000
"""Of a mail that is read; protects memory. What is longer tells nothing that we need."""


@dataclass(frozen=True, slots=True)
class Report:
    message_id: UUID
    receipt: Receipt


def read_report(mail: bytes) -> Report | None:
    """Return what a mail says became of a message; None: nothing that matters, or it is no report."""
    if len(mail) > MAX_REPORT_BYTES:
        return None
    report = BytesParser(policy=compat32).parsebytes(mail)
    parts = list(report.walk())
    message_id = _message_id(parts)
    receipt = next((found for each in parts if (found := _receipt(each)) is not Receipt.NONE), Receipt.NONE)
    if message_id is None or receipt is Receipt.NONE:
        return None
    return Report(message_id, receipt)


def _receipt(part: Message) -> Receipt:
    match part.get_content_type():
        case "message/delivery-status":
            return max((_of_recipient(each) for each in _blocks(part)), default=Receipt.NONE)
        case "message/feedback-report":
            kinds = [str(each.get("Feedback-Type", "")).strip().lower() for each in _blocks(part)]
            return Receipt.COMPLAINED if "abuse" in kinds else Receipt.NONE
    return Receipt.NONE


def _of_recipient(block: Message) -> Receipt:
    action = str(block.get("Action", "")).strip().lower()
    status = str(block.get("Status", ""))
    if action == "delivered":
        return Receipt.DELIVERED
    # Other failures are of this message (too large, not liked), or of a mailbox that is full for now.
    if action == "failed" and NO_MAILBOX.match(status):
        return Receipt.BOUNCED
    return Receipt.NONE


def _blocks(part: Message) -> Iterator[Message]:
    """Yield the groups of fields of a status part, which the parser of mail has made messages of, or not."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (each for each in payload if isinstance(each, Message))
    elif isinstance(payload, str):
        yield from (Parser(policy=compat32).parsestr(each) for each in payload.split("\n\n") if each.strip())


def _message_id(parts: list[Message]) -> UUID | None:
    """Return the id of the message whose headers came back with the report."""
    for part in parts:
        inner = [part]
        if part.get_content_type() == "text/rfc822-headers":
            inner.append(Parser(policy=compat32).parsestr(str(part.get_payload())))
        for each in inner:
            try:
                return UUID(str(each["X-Onhand-Message-Id"]).strip())
            except ValueError:
                continue
    return None
