"""`onhand import quantities`: what stores had at a time, from an ERP or a stocktaking."""

import csv
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from rich.progress import Progress

from onhand.api.stock.v1 import ledger_pb2
from onhand.cli.connect import Door
from onhand.cli.csv_files import Row, check_header
from onhand.client import Settings, Stock
from onhand.kit.errors import OnhandError

COLUMNS = "location_id item_id gtin quantity bucket"
BATCH = 1_000
"""Lines in one call: the method's limit."""
MAX_QUANTITY = 1_000_000
"""The contract's: one line beyond it would fail its whole batch."""
MAX_SHOWN = 20
"""Lines whose failure is printed; the report has all."""
REPORT = ("line", "location_id", "item_id", "status", "book_quantity", "difference", "detail")


@dataclass(frozen=True)
class Line:
    """A line of the file, and what it says."""

    number: int
    row: Row
    message: ledger_pb2.QuantityLine | None
    failure: str = ""


@dataclass
class Sums:
    """What came of all lines."""

    lines: int = 0
    failed: int = 0
    changed: int = 0
    more: int = 0
    less: int = 0


def run(file: Path, found: Door, as_of: str, report: Path | None, *, counted: bool, dry_run: bool) -> None:
    """Import a file and print what came of it; exits with 1 when a line failed."""
    at = _moment(as_of)
    with file.open(newline="", encoding="utf-8-sig") as text:
        rows = list(csv.DictReader(text))
    check_header(rows, COLUMNS, ("location_id", "quantity"))
    sums, shown = Sums(), 0
    with ExitStack() as stack:
        stock = stack.enter_context(Stock(found.target, found.token, Settings(timeout_s=60)))
        writer = None
        if report is not None:
            writer = csv.writer(stack.enter_context(report.open("w", newline="", encoding="utf-8")))
            writer.writerow(REPORT)
        progress = stack.enter_context(Progress())
        task = progress.add_task("checking" if dry_run else "importing quantities", total=len(rows))
        for batch in _batches(rows):
            for told in _send(stock, batch, file.name, at, counted=counted, dry_run=dry_run):
                _add(sums, told)
                if writer is not None:
                    writer.writerow(told)
                if told[3] != "ok" and shown < MAX_SHOWN:
                    progress.console.print(f"line {told[0]}: {told[6]}", markup=False, highlight=False)
                    shown += 1
            progress.advance(task, len(batch))
    what = "would change" if dry_run else "changed"
    print(
        f"{sums.lines - sums.failed} of {sums.lines} lines {'right' if dry_run else 'imported'}, {sums.failed} "
        f"failed; {sums.changed} {what}: {sums.more} units more and {sums.less} less"
    )
    if sums.failed:
        raise typer.Exit(1)


def _moment(text: str) -> Timestamp:
    """Read --as-of. A time without a zone could be anybody's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter("--as-of needs a time with its zone, such as 2026-11-30T04:00:00Z")
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def _batches(rows: list[Row]) -> Iterator[list[Line]]:
    """Yield lines of one location each, in the order of the file (its header is line 1)."""
    waiting: dict[str, list[Line]] = {}
    for number, row in enumerate(rows, 2):
        batch = waiting.setdefault(row["location_id"] or "", [])
        batch.append(_line(number, row))
        if len(batch) == BATCH:
            yield waiting.pop(row["location_id"] or "")
    yield from waiting.values()


def _line(number: int, row: Row) -> Line:
    try:
        quantity = int(row["quantity"] or "")
        if not 0 <= quantity <= MAX_QUANTITY:
            raise ValueError(f"a quantity is 0 to {MAX_QUANTITY}, not {quantity}")  # noqa: TRY301 - as all others
        if not (row.get("gtin") or row.get("item_id")):
            raise ValueError("neither item_id nor gtin is given")  # noqa: TRY301
        product = (
            ledger_pb2.Product(gtin=row["gtin"])
            if row.get("gtin")
            else ledger_pb2.Product(item_id=row.get("item_id") or "")
        )
        bucket: Any = ledger_pb2.Bucket.Value(f"BUCKET_{(row.get('bucket') or 'sellable').upper()}")
    except ValueError as error:
        return Line(number, row, None, str(error))
    return Line(number, row, ledger_pb2.QuantityLine(product=product, quantity=quantity, bucket=bucket))


def _send(
    stock: Stock, batch: list[Line], name: str, at: Timestamp, *, counted: bool, dry_run: bool
) -> list[tuple[Any, ...]]:
    """Send lines of one location; returns what came of each, as the report has it."""
    good = [each for each in batch if each.message is not None]
    location_id = batch[0].row["location_id"] or ""
    request = ledger_pb2.ImportQuantitiesRequest(
        location_id=location_id,
        document=name[:128],
        as_of_time=at,
        lines=[each.message for each in good if each.message is not None],
        counted=counted,
        validate_only=dry_run,
    )
    # Named after all that it says: the same file again is the same request.
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    request.request_id = str(uuid5(NAMESPACE_URL, f"onhand:import:{digest}"))
    told = {each.number: _failed(each, "INVALID", each.failure) for each in batch if each.message is None}
    try:
        results = stock.ledger.ImportQuantities(request).results if good else []
    except OnhandError as error:  # a location that there is not, or a line that breaks the contract's rules
        told |= {each.number: _failed(each, error.reason, str(error)) for each in good}
    else:
        told |= {each.number: _told(each, result) for each, result in zip(good, results, strict=True)}
    return [told[each.number] for each in batch]


def _told(line: Line, result: ledger_pb2.QuantityResult) -> tuple[Any, ...]:
    if result.HasField("status"):
        return _failed(line, "FAILED", result.status.message)
    place = (line.number, line.row["location_id"], result.item_id)
    return (*place, "ok", result.book_quantity, result.difference, "")


def _failed(line: Line, status: str, detail: str) -> tuple[Any, ...]:
    named = line.row.get("item_id") or line.row.get("gtin") or ""
    return (line.number, line.row["location_id"], named, status, "", "", detail)


def _add(sums: Sums, told: tuple[Any, ...]) -> None:
    sums.lines += 1
    if told[3] != "ok":
        sums.failed += 1
        return
    sums.changed += told[5] != 0
    sums.more += max(0, told[5])
    sums.less += max(0, -told[5])
