"""The commands that operations run, against a real stock."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses
from typer.testing import CliRunner

from onhand.api.stock.v1 import catalog_pb2
from onhand.cli.main import app


def run(arguments: list[str], token: str = "") -> tuple[int, str]:
    result = CliRunner(env={"ONHAND_TOKEN": token, "COLUMNS": "200"}).invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def files(tmp_path: Path, shop: Shop) -> Path:
    (tmp_path / "locations.csv").write_text(
        "location_id,title,time_zone,latitude,longitude,zones\n"
        f"{shop.s1}-csv,From a file,Europe/Amsterdam,52.37,4.9,floor=sales_floor back=back_room\n"
        f"{shop.s1}-bad,Nowhere,Europe/Atlantis,,,\n"
    )
    (tmp_path / "items.csv").write_text(
        "item_id,title,gtins,tagged\ncsv-1,One,4006381333931,yes\ncsv-2,Two,4006381333932,no\ncsv-3,Three,,maybe\n"
    )
    (tmp_path / "receipts.csv").write_text(f"location_id,item_id,quantity\n{shop.s1}-csv,csv-1,12\n")
    (tmp_path / "wrong.csv").write_text("item_id,colr\nx,red\n")
    return tmp_path


async def test_csv_files_are_loaded_row_by_row_and_again_without_effect(
    shop: Shop, processes: StockProcesses, files: Path, mint: object
) -> None:
    assert callable(mint)
    token, target = mint(), ["--target", processes.addresses[0]]

    code, output = run(["import", "locations", str(files / "locations.csv"), *target], token)
    assert code == 1
    assert "line 3" in output
    assert "Europe/Atlantis" in output
    assert "1 of 2 rows imported, 1 failed" in output

    code, output = run(["import", "items", str(files / "items.csv"), *target], token)
    assert code == 1
    assert "line 3: '4006381333932' is not a valid GTIN" in output
    assert "line 4: tagged is 'maybe', neither yes nor no" in output
    item = (await shop.client.catalog.GetItem(catalog_pb2.GetItemRequest(item_id="csv-1"))).item
    assert (item.title, list(item.gtins), item.tagged) == ("One", ["04006381333931"], True)

    for _ in range(2):
        code, output = run(["import", "receipts", str(files / "receipts.csv"), *target], token)
        assert (code, "1 of 1 rows imported" in output) == (0, True)
    assert (await shop.cell("csv-1", f"{shop.s1}-csv")).on_hand == 12


def test_mistakes_on_the_command_line_are_told(files: Path) -> None:
    code, output = run(["import", "items", str(files / "wrong.csv"), "--target", "x:1"], "t")
    assert code == 2
    assert "no such column: colr" in output
    code, output = run(["import", "items", str(files / "items.csv"), "--target", "x:1"])
    assert (code, "ONHAND_TOKEN" in output) == (2, True)
    code, output = run(["token", "--data-dir", str(files)])
    assert (code, "onhand up" in output) == (2, True)


async def test_the_audit_sees_a_book_that_was_tampered_with(shop: Shop, processes: StockProcesses) -> None:
    await shop.receive(3)
    url = ["--stock-url", str(processes.settings.database_url)]
    code, output = await asyncio.to_thread(run, ["audit", *url])
    assert (code, "0 findings" in output) == (0, True)

    import asyncpg

    connection = await asyncpg.connect(str(processes.settings.database_url))
    tamper = "UPDATE balances SET sellable = sellable + $2 WHERE location_id = $1 AND item_id = 'i2'"
    await connection.execute(tamper, shop.s1, 1)
    code, output = await asyncio.to_thread(run, ["audit", *url])
    await connection.execute(tamper, shop.s1, -1)
    await connection.close()
    assert code == 1
    found = re.findall(r"stock: (.+?): \S+ i2 has (-?\d+), expected (-?\d+)", output)
    assert found == [("sellable equals its movements", "4", "3"), ("units without a tag add up", "3", "4")]


async def test_the_audit_sees_a_trail_that_was_tampered_with_or_written_anew(
    shop: Shop, processes: StockProcesses
) -> None:
    import asyncpg

    await shop.receive(3)
    connection = await asyncpg.connect(str(processes.settings.database_url))
    written = await connection.fetchval("SELECT max(trail_id) FROM trail")
    async with asyncio.timeout(60):
        while (await connection.fetchval("SELECT max(trail_id) FROM trail_links") or 0) < written:
            await asyncio.sleep(0.1)
    url = ["--stock-url", str(processes.settings.database_url)]
    code, output = await asyncio.to_thread(run, ["audit", *url])
    assert (code, "recorded writes" in output) == (0, True)
    head = re.search(r"head (stock:[0-9a-f]{64})", output)
    assert head is not None
    assert (await asyncio.to_thread(run, ["audit", *url, "--head", head[1]]))[0] == 0

    code, output = await asyncio.to_thread(run, ["audit", *url, "--head", f"stock:{'0' * 63}1"])
    assert (code, "that was noted is not in it" in output) == (1, True)
    tamper = "UPDATE trail SET actor = $1 WHERE trail_id = $2"
    actor = await connection.fetchval("SELECT actor FROM trail WHERE trail_id = $1", written)
    await connection.execute(tamper, "somebody else", written)
    code, output = await asyncio.to_thread(run, ["audit", *url])
    await connection.execute(tamper, actor, written)
    await connection.close()
    assert (code, "the trail of writes: a row of the" in output) == (1, True)
