"""`onhand token`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from onhand.cli import keys
from onhand.cli.connect import running
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.cli.scopes import scopes
from onhand.kit.clock import SystemClock
from onhand.kit.links import Links


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
    store: Annotated[
        str, typer.Option(help="Print a link instead that signs an associate in at this store's page.")
    ] = "",
    order: Annotated[
        str, typer.Option(help="Print a link instead to the customer's page of this order.")
    ] = "",
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")] = DEFAULT_DATA_DIR,
) -> None:
    """Print a bearer token that the services of `onhand up` accept, or a link that lets a person in."""
    from onhand.edge.pages.store import SCOPES

    unknown = sorted(set(scope or ()) - set(scopes()))
    if unknown:
        raise typer.BadParameter(f"no such scope: {', '.join(unknown)}; there are: {', '.join(scopes())}")
    runtime = running(data_dir)
    now, ttl = SystemClock().now(), timedelta(hours=hours)
    edge = f"http://{runtime.addresses['edge']}"
    if order:
        print(f"{edge}/orders/{Links(keys.links_file(runtime.keys_dir)).token(order, now + ttl)}")
        return
    granted = scope or (SCOPES if store else scopes())
    locations = location or ([store] if store else keys.ALL_LOCATIONS)
    made = keys.mint(runtime.keys_dir, subject, granted, locations, ttl, now)
    # Behind the #: it reaches the page, and no server's log.
    print(f"{edge}/store?store={quote(store, safe='')}#{made}" if store else made)
