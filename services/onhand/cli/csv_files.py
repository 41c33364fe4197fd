"""What the commands that read CSV files share."""

from collections.abc import Sequence

import typer

Row = dict[str, str]


def check_header(rows: Sequence[Row], columns: str, required: Sequence[str]) -> None:
    """Refuse a file with a column that there is not, or without one that must be there."""
    known = set(columns.split())
    header = set(rows[0]) if rows else known
    if unknown := sorted(map(str, header - known)):
        raise typer.BadParameter(f"no such column: {', '.join(unknown)}; there are: {columns}")
    for each in required:
        if each not in header:
            raise typer.BadParameter(f"the column {each} is missing")
