"""What an audit finds, and how what has one true answer is put right."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be."""

    check: str
    location_id: str
    """Empty: it is of none."""
    subject: str
    """An item, EPC, reservation, order or task."""
    stored: int
    expected: int
    place: tuple[str, ...] | None
    """What is to be put right, as the service names it; None: no rows say what is true, a person must."""

    def __str__(self) -> str:
        about = f"{self.location_id} {self.subject}".strip()
        return f"{self.check}: {about} has {self.stored}, expected {self.expected}"


@dataclass
class Repair:
    """What became of one place."""

    changes: list[str]
    """What was changed there; nothing: the transaction need not be kept."""
    doubts: list[str] = field(default_factory=list)
    """Questions that only a person can answer, without their question mark."""


@dataclass(frozen=True)
class Check:
    """A query that answers only what is wrong: `what`, `location_id`, `subject`, `stored` and `expected`."""

    query: str
    place: tuple[str, ...] = ()
    """Columns that say what is to be put right."""


async def find(connection: AsyncConnection, checks: Iterable[Check]) -> AsyncIterator[Finding]:
    """Yield everything that is wrong, in one snapshot.

    The database groups and compares, so that memory here stays bounded however much there is.
    """
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    for check in checks:
        result = await connection.stream(text(check.query))
        async for row in result:
            place = tuple(getattr(row, name) for name in check.place)
            known = place if place and None not in place else None
            yield Finding(row.what, row.location_id, row.subject, row.stored, row.expected, known)
