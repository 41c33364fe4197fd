"""`onhand token`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from onhand.cli import keys
from onhand.cli.connect import running
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.cli.scopes import scopes
from onhand.kit.clock import SystemClock


def token(
    subject: Annotated[
        str, typer.Option(help="Whom the token names: shows as actor in the books.")
    ] = "developer",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat for several. Default: everything.")
    ] = None,
    location: Annotated[
        list[str] | None, typer.Option(help="A location it speaks for; repeat for several. Default: all.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.001, help="How long it holds.")] = 12,
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")] = DEFAULT_DATA_DIR,
) -> None:
    """Print a bearer token that the services of `onhand up` accept."""
    unknown = sorted(set(scope or ()) - set(scopes()))
    if unknown:
        raise typer.BadParameter(f"no such scope: {', '.join(unknown)}; there are: {', '.join(scopes())}")
    runtime = running(data_dir)
    print(
        keys.mint(
            runtime.keys_dir,
            subject,
            scope or scopes(),
            location or keys.ALL_LOCATIONS,
            timedelta(hours=hours),
            SystemClock().now(),
        )
    )
