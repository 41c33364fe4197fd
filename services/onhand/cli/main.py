"""`onhand`: the command line, for operations and for trying it out."""

import sys
from enum import StrEnum
from importlib import import_module
from typing import Annotated

try:
    import typer
except ModuleNotFoundError:
    raise SystemExit(
        "onhand: the command line comes with an extra: pip install 'onhand[embedded]' (or server, gateway)"
    ) from None

app = typer.Typer(
    name="onhand",
    help="True per-store availability in real time, and fulfilment from stores.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def onhand() -> None:
    """Be a group, also where `serve` is the only command."""


class Service(StrEnum):
    STOCK = "stock"
    ROUTING = "routing"
    PICKUP = "pickup"
    NOTIFICATIONS = "notifications"
    EDGE = "edge"


@app.command()
def serve(
    service: Annotated[Service, typer.Argument(help="Which service this process is.")],
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share the port; metrics ports count up.")
    ] = 1,
) -> None:
    """Run one service, configured by ONHAND_… variables, until SIGTERM."""
    if workers == 1:
        import_module(f"onhand.{service}.main").main()
    elif service is Service.EDGE:
        raise typer.BadParameter("edge runs as one process; run several on their own ports")
    else:
        import_module("onhand.cli.workers").Workers(service, workers).run()


COMMANDS = (
    ("migrate", "onhand.cli.migrating:migrate"),
    ("up", "onhand.cli.up:up"),
    ("token", "onhand.cli.tokens:token"),
    ("demo", "onhand.cli.demo:demo"),
    ("import", "onhand.cli.importing:import_csv"),
    ("watch", "onhand.cli.watching:watch"),
    ("feed", "onhand.cli.feeds:feed"),
    ("explain", "onhand.cli.explaining:explain"),
    ("audit", "onhand.cli.audit:audit"),
    ("backup", "onhand.cli.backup:backup"),
    ("restore", "onhand.cli.backup:restore"),
    ("archive", "onhand.cli.archive:archive"),
    ("events", "onhand.cli.events:app"),
    ("epc", "onhand.cli.epc:app"),
    ("gateway", "onhand.cli.gateway:app"),
    ("routing", "onhand.cli.routing:app"),
    ("messages", "onhand.cli.messages:app"),
)


def mount() -> None:
    """Add every command that this installation has: each extra brings what some of them need."""
    for name, place in COMMANDS:
        module, _, attribute = place.partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("onhand"):
                raise
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


# A service needs none of what the other commands import: 10 MB of each process.
if sys.argv[1:2] != ["serve"]:
    mount()


def main() -> None:
    app()
