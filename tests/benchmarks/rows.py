"""What a figure comes to, as a row for people and for programs."""

from collections.abc import Iterable
from dataclasses import dataclass

HEADINGS = ("name", "value", "unit", "against", "ratio", "target", "ok")


@dataclass(frozen=True)
class Measured:
    """What a figure's function found."""

    value: float
    unit: str
    against: str
    """The limit in words, with its own value."""
    ratio: float | None = None
    """Ours ÷ limit; None for a figure that only serves as a limit to others."""


@dataclass(frozen=True)
class Row:
    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    target: float | None
    ok: bool | None
    """None without a target."""

    @classmethod
    def judged(cls, name: str, target: float | None, measured: Measured) -> "Row":
        ok = None if target is None or measured.ratio is None else measured.ratio >= target
        return cls(name, measured.value, measured.unit, measured.against, measured.ratio, target, ok)

    def cells(self) -> tuple[str, ...]:
        ok = "-" if self.ok is None else "yes" if self.ok else "no"
        return (
            self.name,
            f"{self.value:,.0f}",
            self.unit,
            self.against,
            "-" if self.ratio is None else f"{self.ratio:.3f}",
            "-" if self.target is None else f"{self.target:g}",
            ok,
        )


def table(rows: Iterable[Row]) -> str:
    """Lay rows out in columns under their headings."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
