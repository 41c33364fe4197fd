"""`onhand feed`: what shopping sites take."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from onhand.cli.connect import Door, door
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.client import AsyncStock
from onhand.edge.feeds import Feed, local_inventory
from onhand.kit.errors import OnhandError


def feed(
    file: Annotated[Path, typer.Argument(help="Where to write it; - for standard output.")],
    channel: Annotated[str, typer.Option(help="Whose display policy decides what is shown.")] = "",
    location: Annotated[
        list[str] | None, typer.Option(help="Only this store; repeat for several. Without any: all.")
    ] = None,
    pickup_method: Annotated[
        str, typer.Option(help="buy, reserve, ship_to_store or not_supported, where customers may collect.")
    ] = "buy",
    pickup_sla: Annotated[
        str, typer.Option(help="same_day, next_day, 2-day to 6-day, or multi-week.")
    ] = "same_day",
    csv: Annotated[bool, typer.Option("--csv", help="Commas instead of tabs.")] = False,
    target: Annotated[str, typer.Option(help="host:port of stock, with a token in ONHAND_TOKEN.")] = "",
    data_dir: Annotated[
        Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Write Google's local product inventory: store code, id, quantity, availability, pickup method and SLA.

    A file is there when it is whole: a feed that fails half way leaves the one before it.
    """
    try:
        wanted = Feed(channel, location or (), pickup_method, pickup_sla, "csv" if csv else "tsv")
        found = door("stock", target, data_dir)
        if str(file) == "-":
            asyncio.run(_write(found, wanted, sys.stdout))
            return
        part = file.with_name(f".{file.name}.part")
        with part.open("w", encoding="utf-8", newline="") as text:
            lines = asyncio.run(_write(found, wanted, text))
        part.replace(file)
    except OnhandError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{lines - 1} lines written to {file}")


async def _write(found: Door, wanted: Feed, text: TextIO) -> int:
    lines = 0
    async with AsyncStock(found.target, found.token) as stock:
        async for part in local_inventory(stock, wanted):
            text.write(part)
            lines += part.count("\n")
    return lines
