"""What a message says: Jinja2 templates for people, JSON for webhooks.

The product's own templates stand in `templates/<locale>/<purpose>.<part>`: `subject.txt`, `txt` and `html` of an
e-mail, `sms.txt` of a text message. What has been saved stands before them.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from html import unescape
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from jinja2 import Template as Compiled
from jinja2 import TemplateError

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.telemetry import log
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Line, Occasion, Purpose
from onhand.notifications.domain.templates import (
    FALLBACK_LOCALE,
    PARTS,
    VARIABLES,
    Template,
    candidates,
    sms_length,
)
from onhand.notifications.language import environments, problems

_FILES = {
    Channel.EMAIL: {"subject": "subject.txt", "text": "txt", "html": "html"},
    Channel.SMS: {"text": "sms.txt"},
}
_DATES = "en_GB"
"""How a text in English says a date to a reader of another language."""
_LINK = re.compile(r"""(<a\s[^>]*?href=)"(https?://[^"]*)\"""", re.IGNORECASE)
"""A link in HTML to somewhere else; templates write attributes in double quotes."""
MAX_COMPILED = 10_000
"""Parts kept compiled; protects memory."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says to a person; parts that its channel lacks are empty."""

    subject: str
    text: str
    html: str = ""
    name: str = ""
    """Of its receiver."""
    unsubscribe_uri: str = ""
    """Where the receiver says that they have had enough; empty: nowhere."""

    def to_bytes(self) -> bytes:
        """Return all but the subject, which is kept beside it."""
        return json.dumps([self.text, self.html, self.name, self.unsubscribe_uri]).encode()

    @classmethod
    def of(cls, subject: str, parts: bytes) -> "Text":
        """Restore what `to_bytes` gave."""
        return cls(subject, *json.loads(parts))


@dataclass(frozen=True, slots=True)
class Reader:
    """How a text is made for somebody."""

    locale: str = ""
    time_zone: str = ""
    name: str = ""


def render(
    saved: Iterable[Template], purpose: Purpose, channel: Channel, facts: Facts, reader: Reader
) -> Text:
    """Render the message that tells `facts`, in the best language there is.

    A saved template that fails all the same, since what it was checked with was not all there is, is passed
    over for the product's own, and the log says so.
    """
    template = choose(saved, purpose, channel, reader.locale)
    try:
        return render_with(template, facts, reader)
    except TemplateError as error:
        own = builtin(purpose, channel).get(FALLBACK_LOCALE)
        if template.version == 0 or own is None:
            raise
        log.error(
            "a template failed", purpose=purpose.name, version=template.version, error=type(error).__name__
        )
        return render_with(own, facts, reader)


def tracked(text: Text, link: Callable[[str], str], pixel: str) -> Text:
    """Return a text whose links in HTML lead over `link`, and that loads `pixel` when it is shown; empty: none."""

    def over(found: re.Match[str]) -> str:
        return f'{found[1]}"{link(unescape(found[2]))}"'

    html = _LINK.sub(over, text.html)
    if pixel:
        image = f'<img src="{pixel}" width="1" height="1" alt="">'
        html = html.replace("</body>", f"{image}</body>") if "</body>" in html else html + image
    return replace(text, html=html)


def has_fallback(saved: Iterable[Template], purpose: Purpose, channel: Channel) -> bool:
    """Tell whether readers of any language can be told."""
    return FALLBACK_LOCALE in _known(saved, purpose, channel)


def choose(saved: Iterable[Template], purpose: Purpose, channel: Channel, locale: str) -> Template:
    """Return the template for a reader's locale, or for the next wider one that there is."""
    known = _known(saved, purpose, channel)
    lower = {each.lower(): template for each, template in known.items()}
    return next(lower[each.lower()] for each in candidates(locale) if each.lower() in lower)


def _known(saved: Iterable[Template], purpose: Purpose, channel: Channel) -> dict[str, Template]:
    mine = {each.locale: each for each in saved if each.purpose is purpose and each.channel is channel}
    return {**builtin(purpose, channel), **mine}


def render_with(template: Template, facts: Facts, reader: Reader) -> Text:
    """Render one template. Raises jinja2.TemplateError."""
    say = partial(moment, locale=_dates(template.locale, reader.locale), zone=_zone(reader.time_zone))
    values = {**facts, "name": reader.name}
    said = {
        part: _compiled(source, part == "html").render(values, moment_of=say)
        for part, source in template.parts.items()
    }
    return Text(
        subject=" ".join(said.get("subject", "").split()),
        text=said["text"].strip() + ("\n" if template.channel is Channel.EMAIL else ""),
        html=said.get("html", ""),
        name=reader.name,
    )


def check(template: Template) -> Text:
    """Render a template with sample facts, or raise InvalidField with all that is wrong with it."""
    wrong = []
    for part in ("subject", "text", "html"):
        source = getattr(template, part)
        if (part in PARTS[template.channel]) != bool(source):
            problem = "is needed" if not source else f"is no part of a message by {template.channel.name}"
            wrong.append(FieldViolation(f"template.{part}", problem))
        environment = environments()[part == "html"]
        found = problems(environment, source, VARIABLES[template.purpose])
        wrong += [FieldViolation(f"template.{part}", str(each)) for each in found]
    if wrong:
        raise InvalidField(wrong)
    try:
        # Facts that an event may lack are tried both ways.
        for facts in (sample(template.purpose, full=False), sample(template.purpose, full=True)):
            text = render_with(template, facts, Reader(template.locale, name="Jane Doe"))
    except (TemplateError, TypeError, ValueError, LookupError) as error:
        raise InvalidField([FieldViolation("template", f"cannot be rendered: {error}")]) from None
    return text


def warnings(template: Template, text: Text, saved: Iterable[Template]) -> list[str]:
    """Return what is not wrong with a template but worth a look."""
    found = []
    if template.channel is Channel.SMS:
        length = sms_length(text.text)
        if length.part_count > 1:
            found.append(f"is sent as {length.part_count} text messages, with the sample facts")
        if not length.gsm:
            found.append(f"is sent in UCS-2, 70 characters a message, because of {length.other_characters}")
    saved = list(saved)
    here = {*_known(saved, template.purpose, template.channel), template.locale}
    elsewhere = {
        locale
        for channel in PARTS
        if channel is not template.channel
        for locale in _known(saved, template.purpose, channel)
    }
    if missing := sorted(elsewhere - here):
        found.append(f"other channels have this purpose also in {', '.join(missing)}")
    return found


@cache
def builtin(purpose: Purpose, channel: Channel) -> dict[str, Template]:
    """Return the product's own templates, by locale."""
    found: dict[str, Template] = {}
    if channel not in _FILES:
        return found
    for folder in files("onhand.notifications").joinpath("templates").iterdir():
        parts = {
            part: source.read_text()
            for part, suffix in _FILES[channel].items()
            if (source := folder / f"{purpose.name.lower()}.{suffix}").is_file()
        }
        if parts:
            subject, text, html = (parts.get(each, "") for each in ("subject", "text", "html"))
            found[folder.name] = Template(purpose, channel, folder.name, 0, subject, text, html)
    return found


def facts_of(occasion: Occasion, lines: tuple[Line, ...], link: str = "") -> dict[str, Any]:
    """Return what an occasion's templates may name, all but the reader's name."""
    apart = {"name", "lines", "link"}
    said = {name: getattr(occasion, name, None) for name in VARIABLES[occasion.purpose] - apart}
    return {**said, "lines": lines, "link": link}


def sample(purpose: Purpose, *, full: bool) -> dict[str, Any]:
    """Return facts to try a template with; not `full`: all that an event may lack is lacking."""
    noon = datetime(2026, 6, 5, 12, tzinfo=UTC)
    bare = Occasion(
        UUID(int=0), noon, purpose, "WEB-1001", location_id="store-7", code="493817", item_id="SKU-1"
    )
    if not full:
        return facts_of(bare, (Line("1", "SKU-1", None),))
    occasion = replace(
        bare,
        collect_deadline=noon + timedelta(days=7),
        carrier="DHL",
        tracking_number="JD014600003",
        promise_time_before=noon,
        promise_time=noon + timedelta(days=1),
        detail="it broke",
        alert_id=UUID(int=1),
        offer="Half price until Sunday",
        claim_deadline=noon + timedelta(hours=2),
        offered_item_id="SKU-3",
        offered_quantity=2,
        decide_deadline=noon + timedelta(minutes=30),
    )
    lines = (Line("1", "SKU-1", 2), Line("2", "SKU-2", 1))
    return facts_of(occasion, lines, "https://shop.example/orders/x")


def moment(value: datetime, locale: str = _DATES, zone: ZoneInfo | None = None) -> str:
    """Say a time as the readers of a language do: `Friday, 5 June 2026, 18:00 CEST`."""
    at = value.astimezone(zone or UTC)
    day, time = format_date(at, "full", locale), format_time(at, "short", locale=locale)
    return f"{day}, {time} {at.tzname()}"


@lru_cache(MAX_COMPILED)
def _compiled(source: str, escape: bool) -> Compiled:  # noqa: FBT001 - a key of the cache
    return environments()[escape].from_string(source)


@lru_cache(1_000)
def _dates(text_locale: str, reader_locale: str) -> str:
    """Return by which locale's rules a text says dates: the reader's, if the text is in their language."""
    language = text_locale.partition("-")[0]
    for wanted in (reader_locale, text_locale):
        if wanted.partition("-")[0].lower() == language and wanted.lower() != FALLBACK_LOCALE:
            try:
                return str(Locale.parse(wanted, sep="-"))
            except (UnknownLocaleError, ValueError):
                continue
    return _DATES


@lru_cache(1_000)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError):
        return None  # said before the name was checked, or known to another edition of the database


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
        case Purpose.SUBSTITUTION_OFFERED:
            data |= {
                "offered_item_id": occasion.offered_item_id,
                "offered_quantity": occasion.offered_quantity,
                "decide_deadline": _timestamp(occasion.decide_deadline),
                "detail": occasion.detail,
            }
    return json.dumps(
        {
            "type": occasion.purpose.name.lower().replace("_", "."),
            "timestamp": _timestamp(occasion.record_time),
            "data": data,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def availability_body(cells: Sequence[Mapping[str, Any]], now: datetime) -> bytes:
    """Return what is posted of cells that changed: `data` is as the event of the edge's live stream."""
    data = {"revision": max(each["revision"] for each in cells), "cells": list(cells)}
    said = {"type": "availability.changed", "timestamp": _timestamp(now), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _line(line: Line) -> dict[str, Any]:
    return {"line_id": line.line_id, "item_id": line.item_id, "quantity": line.quantity}


def _timestamp(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
