"""`onhand messages`: what messages led to."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from onhand.api.notifications.v1 import measures_pb2
from onhand.cli.connect import door
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.client import Notifications, Settings
from onhand.kit.clock import SystemClock
from onhand.kit.errors import OnhandError

app = typer.Typer(help="Messages to people: what they led to.", no_args_is_help=True)


@app.callback()
def messages() -> None:
    """Messages to people: what they led to."""


@app.command()
def report(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The page to write (HTML).")],
    days: Annotated[float, typer.Option(min=0, help="How far back.")] = 30,
    target: Annotated[
        str, typer.Option(help="host:port of notifications, with a token in ONHAND_TOKEN.")
    ] = "",
    data_dir: Annotated[
        Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Write what messages and experiments led to as one page of HTML that needs nothing else."""
    found = door("notifications", target, data_dir)
    now = SystemClock().now()
    request = measures_pb2.RenderReportRequest(since_time=now - timedelta(days=days), until_time=now)
    try:
        with Notifications(found.target, found.token, Settings(timeout_s=60)) as client:
            file.write_text(client.measures.RenderReport(request).html)
    except OnhandError as error:
        typer.echo(f"onhand: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}")
