"""`onhand import`: master data and opening stock from CSV files."""

import csv
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

import typer
from google.protobuf.message import Message
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress
from rich.progress import Progress

from onhand.api.stock.v1 import catalog_pb2, ledger_pb2
from onhand.cli import quantities
from onhand.cli.connect import door
from onhand.cli.csv_files import check_header
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.client import Settings, Stock
from onhand.kit.errors import OnhandError

BATCH = 500
"""Rows in one call: within every method's limit."""
MAX_SHOWN = 20
"""Rows whose failure is printed; the count tells the rest."""

T = TypeVar("T")
Row = dict[str, str]


class Kind(StrEnum):
    ITEMS = "items"
    LOCATIONS = "locations"
    READ_POINTS = "read-points"
    RECEIPTS = "receipts"
    QUANTITIES = "quantities"


COLUMNS = {
    Kind.ITEMS: "item_id title gtins style_id size colour item_class tagged picture_uri weight_grams",
    Kind.LOCATIONS: (
        "location_id kind title time_zone latitude longitude street postal_code city country gln "
        "collect_enabled ship_enabled safety_stock zones"
    ),
    Kind.READ_POINTS: "reader_id antenna location_id zone_id",
    Kind.RECEIPTS: "location_id item_id quantity document",
    Kind.QUANTITIES: "location_id item_id gtin quantity bucket",
}
"""Columns of each kind, in any order; the first is required, so are those that the contract requires."""

HELP = """Load a CSV file with a header line into stock.

Columns: items: item_id, title, gtins (spaces between), style_id, size, colour, item_class, tagged (yes/no),
picture_uri, weight_grams. locations: location_id, kind (store/distribution_centre), title, time_zone,
latitude, longitude, street, postal_code, city, country, gln, collect_enabled, ship_enabled, safety_stock,
zones (as "floor=sales_floor back=back_room"). read-points: reader_id, antenna, location_id, zone_id.
receipts: location_id, item_id, quantity, document. quantities: location_id, item_id or gtin, quantity, bucket
(sellable/damaged/quality_control/quarantined): what each store had --as-of a time; only what differs from the
books of then is changed, and sales since stay. Loading a file again changes nothing again.
"""


def import_csv(
    kind: Annotated[Kind, typer.Argument(help="What the rows are.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV file, UTF-8.")],
    target: Annotated[str, typer.Option(help="host:port of stock, with a token in ONHAND_TOKEN.")] = "",
    data_dir: Annotated[
        Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
    ] = DEFAULT_DATA_DIR,
    as_of: Annotated[
        str,
        typer.Option(help="quantities: when the stores had them, RFC 3339, such as 2026-11-30T04:00:00Z."),
    ] = "",
    counted: Annotated[
        bool, typer.Option("--counted", help="quantities: people counted them; confidence starts anew.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="quantities: change nothing, only say what would be.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="quantities: a CSV file to write one status a line to.")
    ] = None,
) -> None:
    if kind is Kind.QUANTITIES:
        quantities.run(file, door("stock", target, data_dir), as_of, report, counted=counted, dry_run=dry_run)
        return
    if as_of or counted or dry_run or report:
        raise typer.BadParameter("--as-of, --counted, --dry-run and --report are for quantities")
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    check_header(rows, COLUMNS[kind], COLUMNS[kind].split()[:1])
    found = door("stock", target, data_dir)
    failures: list[str] = []
    with Stock(found.target, found.token, Settings(timeout_s=60)) as stock, Progress() as progress:
        task = progress.add_task(f"importing {kind}", total=len(rows))
        for line, batch in _batches(rows):
            failures += [
                f"line {line + offset}: {message}" for offset, message in _send(stock, kind, batch, file.name)
            ]
            progress.advance(task, len(batch))
    for failure in failures[:MAX_SHOWN]:
        print(failure)
    print(f"{len(rows) - len(failures)} of {len(rows)} rows imported, {len(failures)} failed")
    if failures:
        raise typer.Exit(1)


import_csv.__doc__ = HELP


def _batches(rows: Iterable[T]) -> Iterator[tuple[int, list[T]]]:
    """Yield batches of rows, each with the line number of its first (the header is line 1)."""
    iterator, line = iter(rows), 2
    while batch := list(islice(iterator, BATCH)):
        yield line, batch
        line += len(batch)


def _send(stock: Stock, kind: Kind, rows: list[Row], name: str) -> list[tuple[int, str]]:
    """Send a batch; returns the rows that failed, by index, and why."""
    if kind is Kind.RECEIPTS:
        return _send_receipts(stock, rows, name)
    make: dict[Kind, tuple[Callable[[Row], Message], Callable[[list[Any]], Any]]] = {
        Kind.ITEMS: (
            _item,
            lambda items: stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items)),
        ),
        Kind.LOCATIONS: (
            _location,
            lambda each: stock.catalog.BatchUpsertLocations(
                catalog_pb2.BatchUpsertLocationsRequest(locations=each)
            ),
        ),
        Kind.READ_POINTS: (
            _read_point,
            lambda each: stock.catalog.BatchUpsertReadPoints(
                catalog_pb2.BatchUpsertReadPointsRequest(read_points=each)
            ),
        ),
    }
    read, call = make[kind]
    failed: list[tuple[int, str]] = []
    good: list[tuple[int, Message]] = []
    for index, row in enumerate(rows):
        try:
            good.append((index, read(row)))
        except (ValueError, KeyError) as error:
            failed.append((index, str(error)))
    try:
        statuses = call([message for _, message in good]).statuses if good else []
    except OnhandError as error:  # one row that breaks the contract's rules fails its whole batch
        return [*failed, *((index, str(error)) for index, _ in good)]
    failed += [
        (index, status.message) for (index, _), status in zip(good, statuses, strict=True) if status.code
    ]
    return sorted(failed)


def _send_receipts(stock: Stock, rows: list[Row], name: str) -> list[tuple[int, str]]:
    """Record one receipt a row, named after the file and the row, so that loading again is the same request."""
    failed = []
    for index, row in enumerate(rows):
        identity = uuid5(NAMESPACE_URL, f"onhand:import:{name}:{sorted(row.items())}")
        try:
            stock.ledger.RecordReceipt(
                ledger_pb2.RecordReceiptRequest(
                    request_id=str(identity),
                    location_id=row["location_id"],
                    document=row.get("document") or name,
                    lines=[
                        ledger_pb2.DocumentLine(
                            product=ledger_pb2.Product(item_id=row["item_id"]), quantity=int(row["quantity"])
                        )
                    ],
                )
            )
        except (OnhandError, ValueError) as error:
            failed.append((index, str(error)))
    return failed


def _item(row: Row) -> catalog_pb2.Item:
    return catalog_pb2.Item(
        item_id=row["item_id"],
        gtins=(row.get("gtins") or "").split(),
        title=row.get("title") or "",
        style_id=row.get("style_id") or "",
        size=row.get("size") or "",
        colour=row.get("colour") or "",
        item_class=row.get("item_class") or "",
        tagged=_flag(row, "tagged", default=False),
        picture_uri=row.get("picture_uri") or "",
        weight_grams=int(row.get("weight_grams") or 0),
    )


def _location(row: Row) -> catalog_pb2.Location:
    position = None
    if row.get("latitude") and row.get("longitude"):
        position = LatLng(latitude=float(row["latitude"]), longitude=float(row["longitude"]))
    return catalog_pb2.Location(
        location_id=row["location_id"],
        kind=f"KIND_{(row.get('kind') or 'store').upper()}",
        title=row.get("title") or "",
        time_zone=row.get("time_zone") or "UTC",
        position=position,
        address=PostalAddress(
            region_code=row.get("country") or "",
            postal_code=row.get("postal_code") or "",
            locality=row.get("city") or "",
            address_lines=[row["street"]] if row.get("street") else [],
        ),
        gln=row.get("gln") or "",
        collect_enabled=_flag(row, "collect_enabled", default=True),
        ship_enabled=_flag(row, "ship_enabled", default=True),
        safety_stock=int(row.get("safety_stock") or 0),
        zones=[_zone(each) for each in (row.get("zones") or "").split()],
    )


def _zone(text: str) -> catalog_pb2.Zone:
    zone_id, _, kind = text.partition("=")
    return catalog_pb2.Zone(zone_id=zone_id, kind=f"KIND_{kind.upper()}")


def _read_point(row: Row) -> catalog_pb2.ReadPoint:
    return catalog_pb2.ReadPoint(
        reader_id=row["reader_id"],
        antenna=int(row["antenna"]),
        location_id=row["location_id"],
        zone_id=row["zone_id"],
    )


def _flag(row: Row, column: str, *, default: bool) -> bool:
    text = (row.get(column) or "").strip().lower()
    if text in ("", "yes", "true", "1", "no", "false", "0"):
        return default if not text else text in ("yes", "true", "1")
    raise ValueError(f"{column} is {text!r}, neither yes nor no")
