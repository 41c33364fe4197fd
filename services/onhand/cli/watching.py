"""`onhand watch`: availability as it changes."""

import asyncio
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from onhand.cli.connect import Door, door
from onhand.cli.runtime import DEFAULT_DATA_DIR


def watch(
    item: Annotated[list[str] | None, typer.Option(help="Only this item; repeat for several.")] = None,
    location: Annotated[
        list[str] | None, typer.Option(help="Only this location; repeat for several.")
    ] = None,
    target: Annotated[str, typer.Option(help="host:port of stock, with a token in ONHAND_TOKEN.")] = "",
    data_dir: Annotated[
        Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Print availability, one line a cell: all of them first, then each that changes, until Ctrl-C."""
    try:
        asyncio.run(_watch(door("stock", target, data_dir), item or [], location or []))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _watch(found: Door, items: list[str], locations: list[str]) -> None:
    from onhand.api.stock.v1.availability_pb2 import WatchAvailabilityRequest
    from onhand.client import AsyncStock

    async with AsyncStock(found.target, found.token) as stock:
        request = WatchAvailabilityRequest(item_ids=items, location_ids=locations)
        async for part in stock.availability.WatchAvailability(request):
            for cell in part.cells:
                at = cell.as_of.ToDatetime(UTC).strftime("%H:%M:%S.%f")[:-3]
                print(
                    f"{at}  {cell.location_id}  {cell.item_id}  available {cell.available}  "
                    f"(on hand {cell.on_hand}, unavailable {cell.unavailable}, reserved {cell.reserved}, "
                    f"committed {cell.committed}, safety stock {cell.safety_stock})",
                    flush=True,
                )
