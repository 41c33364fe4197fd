"""`onhand migrate`: bring a database to the schema of this release."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from onhand.kit.schema import Phase, PhaseOrderError, current, plan


class Service(StrEnum):
    """Those with a database."""

    STOCK = "stock"
    ROUTING = "routing"
    PICKUP = "pickup"
    NOTIFICATIONS = "notifications"


def migrate(
    service: Annotated[Service, typer.Argument(help="Whose database.")],
    database_url: Annotated[
        str, typer.Option(help="postgresql://user:password@host/database; by default ONHAND_DATABASE_URL.")
    ] = "",
    phase: Annotated[
        Phase,
        typer.Option(
            help="pre: what this release needs, before its processes start. post: what ends the release before, "
            "when none of its processes is left. all: both, when nothing runs."
        ),
    ] = Phase.ALL,
    only_plan: Annotated[bool, typer.Option("--plan", help="Print what would run, and run nothing.")] = False,
) -> None:
    """Bring a service's database to the present schema. Safe to run several times, also at once."""
    from onhand.kit import config
    from onhand.kit.migrations import migrate as run

    url = database_url or str(config.load(config.Migration).database_url)
    try:
        pending = plan(service, asyncio.run(current(url)), phase) if only_plan else run(service, url, phase)
    except PhaseOrderError as error:
        raise SystemExit(f"onhand: {error}") from None
    for each in pending:
        typer.echo(f"{service} {each.number} {each.phase} {each.title}")
    if not pending:
        typer.echo(f"{service}: nothing to do")
