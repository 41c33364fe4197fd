"""What a message says: Jinja2 templates for e-mail, JSON for webhooks.

Templates stand in `templates/<locale>/<purpose>.{subject.txt,txt,html}`; a further language is a further
folder. They run in Jinja2's immutable sandbox, a name that is not given is an error, and HTML is escaped.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from onhand.notifications.domain.contacts import Contact
from onhand.notifications.domain.occasions import Line, Occasion, Purpose

FALLBACK_LOCALE = "en"
PARTS = ("subject.txt", "txt", "html")


@dataclass(frozen=True, slots=True)
class Mail:
    """What an e-mail says."""

    subject: str
    text: str
    html: str
    name: str = ""
    """Of its receiver."""

    def to_bytes(self) -> bytes:
        """Return all but the subject, which is kept beside it."""
        return json.dumps([self.text, self.html, self.name]).encode()

    @classmethod
    def of(cls, subject: str, parts: bytes) -> "Mail":
        """Restore what `to_bytes` gave."""
        return cls(subject, *json.loads(parts))


class Renderer:
    """Renders the messages of all occasions."""

    def __init__(self) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=PackageLoader("onhand.notifications"),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html"),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["moment"] = moment
        self._templates = frozenset(self._environment.list_templates())

    def mail(self, occasion: Occasion, contact: Contact, lines: tuple[Line, ...]) -> Mail:
        """Render the e-mail that tells `contact` of `occasion`, in the best language there is."""
        stem = f"{self._locale(occasion.purpose, contact.locale)}/{occasion.purpose.name.lower()}"
        facts = {
            "order_id": occasion.order_id,
            "name": contact.display_name,
            "lines": lines,
            "event": occasion,
        }
        subject, text, html = (
            self._environment.get_template(f"{stem}.{part}").render(facts) for part in PARTS
        )
        return Mail(" ".join(subject.split()), text.strip() + "\n", html, contact.display_name)

    def _locale(self, purpose: Purpose, wanted: str) -> str:
        """Return the wanted locale, or the next wider one that has templates: nl-NL, nl, en."""
        while wanted:
            if f"{wanted}/{purpose.name.lower()}.{PARTS[0]}" in self._templates:
                return wanted
            wanted = wanted.rpartition("-")[0]
        return FALLBACK_LOCALE


def moment(value: datetime) -> str:
    """Say a time in English: `Friday 5 June 2026, 18:00 UTC`. Which zone the reader is in is not known."""
    at = value.astimezone(UTC)
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} UTC"


def webhook_body(occasion: Occasion, lines: tuple[Line, ...]) -> bytes:
    """Return what is posted: `type`, `timestamp` and `data`, as Standard Webhooks recommends.

    It names the order, never the person.
    """
    data: dict[str, Any] = {"order_id": occasion.order_id, "lines": [_line(each) for each in lines]}
    if occasion.task is not None:
        data |= {"task_id": str(occasion.task.task_id), "location_id": occasion.location_id}
    match occasion.purpose:
        case Purpose.ORDER_READY:
            data |= {"code": occasion.code, "collect_deadline": _timestamp(occasion.collect_deadline)}
        case Purpose.ORDER_SHIPPED:
            data |= {"carrier": occasion.carrier, "tracking_number": occasion.tracking_number}
        case Purpose.ORDER_DELAYED:
            data |= {
                "promise_time_before": _timestamp(occasion.promise_time_before),
                "promise_time": _timestamp(occasion.promise_time),
            }
        case Purpose.ORDER_CANCELLED:
            data |= {"detail": occasion.detail}
    return json.dumps(
        {
            "type": occasion.purpose.name.lower().replace("_", "."),
            "timestamp": _timestamp(occasion.record_time),
            "data": data,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def _line(line: Line) -> dict[str, Any]:
    return {"line_id": line.line_id, "item_id": line.item_id, "quantity": line.quantity}


def _timestamp(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
