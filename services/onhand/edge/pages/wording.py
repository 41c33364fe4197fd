"""What the customer's page says, in the languages that there are files for: `languages/<code>.toml`."""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.edge.pages.rendering import FOLDER, moment

FALLBACK = "en"
LANGUAGES: dict[str, dict[str, Any]] = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((FOLDER / "languages").glob("*.toml"))
}
"""By code (ISO 639-1)."""


class Wording:
    """One language."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._texts = LANGUAGES[code]

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text with its gaps filled. The page escapes it; `values` may be anything."""
        return str(self._texts[key]).format(**values)

    def moment(self, value: Timestamp, zone: str) -> str:
        """Say a time as a store's customers read it, in the store's zone."""
        at: datetime = moment(value).astimezone(ZoneInfo(zone))
        weekday, month = self._texts["weekdays"][at.weekday()], self._texts["months"][at.month - 1]
        return self("moment", weekday=weekday, day=at.day, month=month, time=f"{at:%H:%M}")

    def weekday(self, number: int) -> str:
        """Name a day of the week; 1 is Monday (ISO 8601)."""
        return str(self._texts["weekdays"][number - 1])


def wording(wanted: Iterable[str]) -> Wording:
    """Return the first language of `wanted` (BCP 47) that there is, else English."""
    for each in wanted:
        code = each.strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return Wording(code)
    return Wording(FALLBACK)


def accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first (RFC 9110, section 12.5.4)."""

    def weight(part: str) -> float:
        quality = part.partition(";q=")[2]
        try:
            return -float(quality or 1)
        except ValueError:
            return 0.0

    return [part.partition(";")[0].strip() for part in sorted(header.split(","), key=weight)]
