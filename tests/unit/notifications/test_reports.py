"""What mail servers and readers say became of messages: RFC 3464 and RFC 5965."""

from uuid import UUID

import pytest

from onhand.notifications.delivery.reports import MAX_REPORT_BYTES, Report, read_report
from onhand.notifications.domain.messages import Receipt

MESSAGE_ID = UUID("8a6f1a4c-4f7e-4e0e-9d5f-0d6a5f2b9c11")
DELIVERY = """\
From: Mail Delivery System <MAILER-DAEMON@mail.example>
To: bounces@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 3F2A
Arrival-Date: Fri,  5 Jun 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; nobody@shop.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <nobody@shop.example>: Recipient address rejected

--b
Content-Type: {returned}

From: Our shop <orders@shop.example>
To: nobody@shop.example
Message-ID: <8a6f1a4c-4f7e-4e0e-9d5f-0d6a5f2b9c11@shop.example>
X-Onhand-Message-Id: 8a6f1a4c-4f7e-4e0e-9d5f-0d6a5f2b9c11
Subject: Your order WEB-1 is ready to collect

--b--
"""
COMPLAINT = """\
From: <abuse@isp.example>
To: bounces@shop.example
Subject: FW: Your order
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--b
Content-Type: message/rfc822

From: Our shop <orders@shop.example>
X-Onhand-Message-Id: 8a6f1a4c-4f7e-4e0e-9d5f-0d6a5f2b9c11
Subject: Half price

Hello

--b--
"""


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize(
    ("action", "status", "receipt"),
    [
        ("failed", "5.1.1", Receipt.BOUNCED),
        ("Failed ", "5.1.10 (null MX)", Receipt.BOUNCED),
        ("failed", "5.2.1", Receipt.BOUNCED),
        ("delivered", "2.0.0", Receipt.DELIVERED),
    ],
)
def test_a_report_tells_what_became_of_a_message(
    action: str, status: str, receipt: Receipt, returned: str
) -> None:
    mail = DELIVERY.format(action=action, status=status, returned=returned).encode()
    assert read_report(mail) == Report(MESSAGE_ID, receipt)
    assert read_report(mail.replace(b"\n", b"\r\n")) == Report(MESSAGE_ID, receipt)


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("delayed", "4.4.1"),
        ("failed", "5.2.2"),
        ("failed", "5.7.1"),
        ("failed", "4.2.2"),
        ("relayed", "2.0.0"),
    ],
)
def test_what_is_not_of_the_address_ends_nothing(action: str, status: str) -> None:
    mail = DELIVERY.format(action=action, status=status, returned="message/rfc822").encode()
    assert read_report(mail) is None


def test_a_complaint_is_one_and_other_feedback_is_not() -> None:
    assert read_report(COMPLAINT.format(kind="abuse").encode()) == Report(MESSAGE_ID, Receipt.COMPLAINED)
    assert read_report(COMPLAINT.format(kind="not-spam").encode()) is None


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"Subject: holiday\n\nI am away.",
        DELIVERY.format(action="failed", status="5.1.1", returned="message/rfc822")
        .replace("X-Onhand-Message-Id: 8a6f", "X-Onhand-Message-Id: zzzz")
        .encode(),
        DELIVERY.replace("X-Onhand", "X-Other")
        .format(action="failed", status="5.1.1", returned="message/rfc822")
        .encode(),
        b"x" * (MAX_REPORT_BYTES + 1),
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\xff\xfe\n--b--",
    ],
)
def test_what_is_no_report_of_ours_tells_nothing(mail: bytes) -> None:
    assert read_report(mail) is None
