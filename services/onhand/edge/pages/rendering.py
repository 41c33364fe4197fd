"""Pages for people, rendered here; nothing is loaded from elsewhere and nothing runs inline."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
PAGE_HEADERS = {
    # Not "no-referrer": it would make the Origin of a form's post "null", by which posts are judged.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}


def page(
    template: str, status: int = 200, headers: Mapping[str, str] | None = None, **facts: Any
) -> HTMLResponse:
    """Answer a whole page. Everything in `facts` is escaped where it is put in."""
    return HTMLResponse(fragment(template, **facts), status, PAGE_HEADERS | dict(headers or {}))


def fragment(template: str, **facts: Any) -> str:
    """Return a piece of a page."""
    return _templates.get_template(template).render(facts)


def moment(value: Timestamp) -> datetime:
    """Return a time of the contract, in UTC."""
    return datetime.fromtimestamp(value.seconds + value.nanos / 1e9, ZoneInfo("UTC"))


def in_zone(value: Timestamp, zone: str) -> str:
    """Say a time as people of a place write it: `Fri 5 Jun 14:30`."""
    at = moment(value).astimezone(ZoneInfo(zone))
    return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"


def ago(age: timedelta) -> str:
    """Say an age in its largest unit: `3 h`."""
    seconds = int(age.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"in_zone": in_zone, "iso": lambda value: value.ToJsonString()}
