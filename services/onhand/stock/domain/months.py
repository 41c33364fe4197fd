"""Calendar months of UTC: what the ledger and the histories of tags are divided into."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True, order=True, slots=True)
class Month:
    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the month that a moment, which knows its time zone, is in."""
        at = moment.astimezone(UTC)
        return cls(at.year, at.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-11`. Raises ValueError."""
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if found is None or found[1] == "0000":
            raise ValueError(f"{text!r} is not a month, such as 2026-11")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.next().start

    def next(self) -> Self:
        years, month = divmod(self.month, 12)
        return type(self)(self.year + years, month + 1)
