"""Absolute quantities of another system, held against the books of then."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.stock.conftest import Shop, StockProcesses
from typer.testing import CliRunner

from onhand.api.stock.v1 import catalog_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.cli.main import app
from onhand.kit import errors
from onhand.kit.status import from_status


def line(item_id: str, quantity: int, bucket: int = 0) -> led.QuantityLine:
    return led.QuantityLine(product=led.Product(item_id=item_id), quantity=quantity, bucket=bucket)


def taken(shop: Shop, at: datetime, *lines: led.QuantityLine, **more: Any) -> led.ImportQuantitiesRequest:
    request = led.ImportQuantitiesRequest(
        **{"request_id": str(uuid4()), "location_id": shop.s1, "document": "erp-1", **more}, lines=lines
    )
    request.as_of_time.FromDatetime(at)
    return request


async def put(shop: Shop, request: led.ImportQuantitiesRequest) -> list[tuple[int, int]]:
    answer = await shop.client.ledger.ImportQuantities(request)
    assert not any(each.status.code for each in answer.results)
    return [(each.book_quantity, each.difference) for each in answer.results]


async def movements(shop: Shop, item_id: str = "i2") -> list[led.Movement]:
    request = led.ListMovementsRequest(location_id=shop.s1, item_id=item_id)
    return list((await shop.client.ledger.ListMovements(request)).movements)


async def test_what_was_sold_since_then_is_not_undone(shop: Shop) -> None:
    await shop.receive(10)
    then = datetime.now(UTC)
    await shop.sell(3, item_id="i2")
    assert await put(shop, taken(shop, then, line("i2", 8))) == [(10, -2)]
    assert (await shop.cell()).on_hand == 8 - 3
    (moved, *_) = await movements(shop)
    assert (moved.from_bucket, moved.to_bucket, moved.quantity) == (led.BUCKET_SELLABLE, led.BUCKET_SHRINK, 2)
    assert (moved.reason, moved.document) == (led.MOVEMENT_REASON_ADJUSTED, "erp-1")
    assert moved.occur_time.ToDatetime(UTC) == then


async def test_the_same_again_changes_nothing_with_or_without_its_request_id(shop: Shop) -> None:
    then = datetime.now(UTC)
    request = taken(shop, then, line("i2", 8), line("i2", 2, led.BUCKET_DAMAGED), line("i3", 0))
    first = await shop.client.ledger.ImportQuantities(request)
    assert [each.difference for each in first.results] == [8, 2, 0]
    assert await shop.client.ledger.ImportQuantities(request) == first
    request.request_id = str(uuid4())
    again = await shop.client.ledger.ImportQuantities(request)
    assert [(each.book_quantity, each.difference) for each in again.results] == [(8, 0), (2, 0), (0, 0)]
    assert again.revision == 0
    cell = await shop.cell()
    assert (cell.on_hand, cell.unavailable) == (10, 2)
    assert len(await movements(shop)) == 2


async def test_a_later_import_of_an_earlier_time_leaves_later_ones_standing(shop: Shop) -> None:
    early, late = datetime.now(UTC) - timedelta(minutes=2), datetime.now(UTC) - timedelta(minutes=1)
    await put(shop, taken(shop, late, line("i2", 8)))
    assert await put(shop, taken(shop, early, line("i2", 5))) == [(0, 5)]
    # As of `late` the books now have what came on top of that.
    assert await put(shop, taken(shop, late, line("i2", 8))) == [(13, -5)]
    assert (await shop.cell()).on_hand == 8


async def test_a_dry_run_says_the_same_and_changes_nothing(shop: Shop) -> None:
    await shop.receive(10)
    request = taken(shop, datetime.now(UTC), line("i2", 7), line("i3", 4), validate_only=True)
    assert await put(shop, request) == [(10, -3), (0, 4)]
    assert (await shop.cell()).on_hand == 10
    assert len(await movements(shop)) == 1
    request.validate_only = False  # the id was not used up
    assert await put(shop, request) == [(10, -3), (0, 4)]


async def test_each_line_has_a_status_of_its_own(shop: Shop) -> None:
    then = datetime.now(UTC)
    await put(shop, taken(shop, then, line("i2", 5, led.BUCKET_DAMAGED)))
    adjusted = led.AdjustmentLine(
        product=led.Product(item_id="i2"),
        quantity=5,
        from_bucket=led.BUCKET_DAMAGED,
        to_bucket=led.BUCKET_SHRINK,
    )
    await shop.client.ledger.RecordAdjustment(
        led.RecordAdjustmentRequest(request_id=str(uuid4()), location_id=shop.s1, lines=[adjusted])
    )
    answer = await shop.client.ledger.ImportQuantities(
        taken(
            shop,
            then,
            line("nonsense", 1),
            line("i3", 2),
            line("i3", 3),
            led.QuantityLine(product=led.Product(gtin="4006381333932"), quantity=1),
            led.QuantityLine(product=led.Product(epc=shop.epc), quantity=1),
            line("i2", 4, led.BUCKET_DAMAGED),
            led.QuantityLine(product=led.Product(gtin="80614141123458"), quantity=6),
        )
    )
    failures = [from_status(each.status) for each in answer.results]
    assert [type(each) for each in failures] == [
        errors.UnknownItem,
        type(None),
        errors.InvalidField,
        errors.InvalidGtin,
        errors.InvalidField,
        errors.InsufficientStock,  # they have left the bucket since
        type(None),
    ]
    assert (await shop.cell("i3")).on_hand == 2
    assert (await shop.cell("i1")).on_hand == 6
    assert answer.results[-1].item_id == "i1"


async def test_what_people_counted_is_believed(shop: Shop, processes: StockProcesses) -> None:
    await shop.receive(5)
    connection = await asyncpg.connect(str(processes.settings.database_url))
    await connection.execute(
        "UPDATE balances SET confirm_time = now() - interval '60 days' WHERE location_id = $1", shop.s1
    )
    await connection.close()
    await put(shop, taken(shop, datetime.now(UTC), line("i2", 5)))
    assert (await shop.cell()).confidence < 0.3
    await put(shop, taken(shop, datetime.now(UTC), line("i2", 5), counted=True))
    assert (await shop.cell()).confidence > 0.9


async def test_a_time_that_cannot_be_held_against_the_books_is_refused(
    shop: Shop, processes: StockProcesses
) -> None:
    with pytest.raises(errors.InvalidField, match="to come"):
        await put(shop, taken(shop, datetime.now(UTC) + timedelta(hours=1), line("i2", 5)))
    with pytest.raises(errors.UnknownLocation):
        await put(shop, taken(shop, datetime.now(UTC), line("i2", 5), location_id="nowhere"))
    connection = await asyncpg.connect(str(processes.settings.database_url))
    try:
        await connection.execute(
            "INSERT INTO archives VALUES ('movements', '2020-01-01', 1, 'movements-2020-01.parquet', 0, '')"
        )
        with pytest.raises(errors.BeforeHistory) as refused:
            await put(shop, taken(shop, datetime(2020, 1, 31, tzinfo=UTC), line("i2", 5)))
        assert refused.value.history_start_time == "2020-02-01T00:00:00Z"
    finally:
        await connection.execute("DELETE FROM archives WHERE month = '2020-01-01'")
        await connection.close()


def run(arguments: list[str], token: str) -> tuple[int, str]:
    result = CliRunner(env={"ONHAND_TOKEN": token, "COLUMNS": "200"}).invoke(app, arguments)
    return result.exit_code, result.output


async def test_a_file_is_imported_with_one_status_a_line(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str], tmp_path: Path
) -> None:
    await shop.receive(10)
    file, report = tmp_path / "erp.csv", tmp_path / "report.csv"
    file.write_text(
        "location_id,item_id,gtin,quantity,bucket\n"
        f"{shop.s1},i2,,7,\n"
        f"{shop.s2},,{'80614141123458'},4,\n"
        f"{shop.s1},i3,,2,damaged\n"
        f"{shop.s1},nonsense,,1,\n"
        f"{shop.s1},i3,,many,\n"
        f"{shop.s1},i3,,-1,\n"
        f"{shop.s1},i3,,1,nowhere\n"
        "nowhere,i2,,1,\n"
    )
    command = ["import", "quantities", str(file), "--target", processes.addresses[0]]
    token = mint()
    at = ["--as-of", datetime.now(UTC).isoformat()]
    for more, on_hand in ((["--dry-run"], 10), (["--report", str(report)], 7), ([], 7)):
        code, output = run([*command, *at, *more], token)
        assert code == 1
        assert "3 of 8 lines" in output
        assert "5 failed; 3" in output
        assert "6 units more and 3 less" in output
        assert "line 5: no item is known as 'nonsense'" in output
        assert (await shop.cell()).on_hand == on_hand
    assert (await shop.cell("i1", shop.s2)).on_hand == 4
    with report.open(newline="") as text:
        told = list(csv.DictReader(text))
    assert sorted(int(each["line"]) for each in told) == list(range(2, 10))
    by_line = {int(each["line"]): each for each in told}
    assert (by_line[2]["status"], by_line[2]["book_quantity"], by_line[2]["difference"]) == ("ok", "10", "-3")
    assert by_line[3]["item_id"] == "i1"
    assert [number for number, each in by_line.items() if each["status"] != "ok"] == [5, 6, 7, 8, 9]
    for wrong in ([], ["--as-of", "yesterday"], ["--as-of", "2026-11-30T04:00:00"]):
        code, output = run([*command, *wrong], token)
        assert code == 2
        assert "--as-of" in output
    code, output = run(["import", "items", str(file), *at], token)
    assert code == 2


@pytest.mark.long
async def test_a_hundred_thousand_lines(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str], tmp_path: Path
) -> None:
    """Of 100 stores and 1,000 items, while tills sell."""
    client, stores = shop.client, [f"{shop.s1}-{number}" for number in range(100)]
    items = [catalog_pb2.Item(item_id=f"bulk-{number}", title="Bulk") for number in range(1_000)]
    await client.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items))
    locations = [
        catalog_pb2.Location(location_id=each, kind=catalog_pb2.Location.KIND_STORE, time_zone="UTC")
        for each in stores
    ]
    await client.catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=locations))
    file = tmp_path / "erp.csv"
    with file.open("w") as text:
        text.write("location_id,item_id,quantity\n")
        for number in range(1_000):
            text.writelines(f"{store},bulk-{number},{number % 10}\n" for store in stores)
    then = Timestamp()
    then.FromDatetime(datetime.now(UTC))
    report = tmp_path / "report.csv"
    arguments = ["import", "quantities", str(file), "--target", processes.addresses[0]]
    arguments += ["--as-of", then.ToJsonString(), "--report", str(report)]
    started = datetime.now(UTC)
    code, output = run(arguments, mint())
    print(f"100,000 lines in {(datetime.now(UTC) - started).total_seconds():.1f} s")  # noqa: T201
    assert (code, "100000 of 100000 lines imported, 0 failed; 90000 changed" in output) == (0, True)
    with report.open() as told:
        assert sum(1 for _ in told) == 100_001
    code, output = run(arguments, mint())
    assert code == 0
    assert (await shop.cell("bulk-999", stores[99])).on_hand == 9
