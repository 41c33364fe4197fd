"""Texts of messages: what they consist of, what they may name, and how long a text message is."""

from dataclasses import dataclass
from datetime import datetime

from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose

FALLBACK_LOCALE = "en"

PARTS: dict[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("subject", "text", "html"),
    Channel.SMS: ("text",),
    Channel.PUSH: ("subject", "text"),
    Channel.WHATSAPP: ("text",),
}
"""What a template of each channel consists of: all of it, and nothing else."""

_COMMON = frozenset({"name", "order_id", "lines", "link"})
_TASK = _COMMON | {"location_id"}
_COLLECT = _TASK | {"code", "collect_deadline"}
_ALERT = frozenset({"name", "lines", "item_id", "alert_id", "offer"})
VARIABLES: dict[Purpose, frozenset[str]] = {
    Purpose.ORDER_READY: _COLLECT,
    Purpose.ORDER_REMINDER: _COLLECT,
    Purpose.ORDER_LAST_CALL: _COLLECT,
    Purpose.ORDER_COLLECTED: _TASK,
    Purpose.ORDER_EXPIRED: _TASK,
    Purpose.ORDER_SHIPPED: _TASK | {"carrier", "tracking_number"},
    Purpose.ORDER_DELAYED: _COMMON | {"promise_time", "promise_time_before"},
    Purpose.ORDER_CANCELLED: _COMMON | {"detail"},
    Purpose.FOLLOW_UP: _COMMON,
    Purpose.BACK_IN_STOCK: _ALERT | {"location_id", "claim_deadline"},
    Purpose.NEARBY: _ALERT | {"location_id"},
    Purpose.ALTERNATIVES: _ALERT,
    Purpose.SUBSTITUTION_OFFERED: _TASK
    | {"offered_item_id", "offered_quantity", "decide_deadline", "detail"},
}
"""What a template of each purpose may name. `link` leads to the customer's page of the order; empty: there is none."""

LINE_FIELDS = frozenset({"line_id", "item_id", "quantity"})
"""What a template may name of each of `lines`."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, section 6.2.1: the default alphabet, a septet each."""
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Section 6.2.1.1: an escape and a septet each."""
_SEPTETS, _SEPTETS_OF_MANY = 160, 153
_UCS2, _UCS2_OF_MANY = 70, 67
"""Room in one message, and in each of several: 3GPP TS 23.040, section 9.2.3.24.1, headers of 6 octets."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a message says on one occasion, by one channel, in one language."""

    purpose: Purpose
    channel: Channel
    locale: str
    version: int
    """0: the product's own."""
    subject: str
    text: str
    html: str
    create_time: datetime | None = None
    actor: str = ""

    @property
    def parts(self) -> dict[str, str]:
        """The parts that are not empty, by name."""
        said = {"subject": self.subject, "text": self.text, "html": self.html}
        return {name: source for name, source in said.items() if source}


@dataclass(frozen=True, slots=True)
class SmsLength:
    """How long a text message is."""

    gsm: bool
    unit_count: int
    part_count: int
    other_characters: str
    """Those that make it UCS-2, each once."""


def sms_length(text: str) -> SmsLength:
    """Measure a text message, as the phone that gets it counts.

    A pair that may not be parted (an escaped character, a surrogate pair) begins the next part where only
    half of it would fit.
    """
    others = "".join(dict.fromkeys(each for each in text if each not in _GSM and each not in _GSM_EXTENSION))
    if others:
        widths = [len(each.encode("utf-16-be")) // 2 for each in text]
        alone, among = _UCS2, _UCS2_OF_MANY
    else:
        widths = [2 if each in _GSM_EXTENSION else 1 for each in text]
        alone, among = _SEPTETS, _SEPTETS_OF_MANY
    units = sum(widths)
    if units <= alone:
        return SmsLength(not others, units, 1, others)
    parts, used = 1, 0
    for width in widths:
        if used + width > among:
            parts, used = parts + 1, 0
        used += width
    return SmsLength(not others, units, parts, others)


def candidates(locale: str) -> list[str]:
    """Return a locale and the wider ones that stand in for it: nl-BE, nl, en."""
    found = []
    while locale:
        found.append(locale)
        locale = locale.rpartition("-")[0]
    return [*found, FALLBACK_LOCALE]
