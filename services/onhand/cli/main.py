"""`onhand`: the command line, for operations and for trying it out."""

from datetime import timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from onhand.cli import epc, events, importing
from onhand.cli.audit import audit
from onhand.cli.demo import demo_command
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.cli.up import up_command
from onhand.cli.watching import watch

app = typer.Typer(
    name="onhand",
    help="True per-store availability in real time, and fulfilment from stores.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Service(StrEnum):
    STOCK = "stock"
    ROUTING = "routing"
    PICKUP = "pickup"
    NOTIFICATIONS = "notifications"
    EDGE = "edge"


@app.command()
def serve(service: Annotated[Service, typer.Argument(help="Which service this process is.")]) -> None:
    """Run one service, configured by ONHAND_… variables, until SIGTERM."""
    import_module(f"onhand.{service}.main").main()


@app.command()
def migrate(
    service: Annotated[Service, typer.Argument(help="Whose database.")],
    database_url: Annotated[
        str, typer.Option(help="postgresql://user:password@host/database; by default ONHAND_DATABASE_URL.")
    ] = "",
) -> None:
    """Bring a service's database to the present schema. Safe to run several times, also at once."""
    from onhand.kit import config
    from onhand.kit.migrations import migrate as run

    run(service, database_url or str(config.load(config.Migration).database_url))


@app.command()
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
    from onhand.cli import keys
    from onhand.cli.connect import running
    from onhand.cli.scopes import scopes
    from onhand.kit.clock import SystemClock

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


def _scopes() -> list[str]:
    from onhand.cli.scopes import scopes

    return scopes()


app.command("up")(up_command(_scopes))
app.command("demo")(demo_command(_scopes))
app.command("demo")(demo_command(_scopes))
app.command("import")(importing.import_csv)
app.command("watch")(watch)
app.command("audit")(audit)
app.add_typer(events.app, name="events")
app.add_typer(epc.app, name="epc")


def main() -> None:
    app()
