"""`onhand up`: everything on this machine, until Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from onhand.cli.errors import UpError
from onhand.cli.ports import DEFAULT_BASE, LAST_BASE
from onhand.cli.process import Say
from onhand.cli.runtime import DEFAULT_DATA_DIR, Runtime
from onhand.cli.scopes import scopes as every_scope

_WHAT = {
    "edge": "reader webhooks, availability, live pages (HTTP)",
    "stock": "reads, movements, availability, reservations (gRPC)",
    "routing": "orders, plans and why (gRPC)",
    "pickup": "store tasks, hand-overs (gRPC)",
    "notifications": "messages, webhooks (gRPC)",
    "postgres": "a database for each service (PostgreSQL)",
    "nats": "events (NATS JetStream)",
}

_HINTS = """\
  onhand token    a token to call them with
  onhand watch    what happens, as it happens
  Ctrl-C          stop everything; the data stay
"""


def up(
    data_dir: Annotated[
        Path,
        typer.Option(help="Holds databases, events, keys and logs. Made if it is missing."),
    ] = DEFAULT_DATA_DIR,
    port_base: Annotated[
        int,
        typer.Option(
            min=0,
            max=LAST_BASE,
            help="First port: edge there, the gRPC services on the next four, "
            "PostgreSQL on +10, NATS on +11 and its health on +12. 0 takes free ones.",
        ),
    ] = DEFAULT_BASE,
    plain: Annotated[
        bool, typer.Option("--plain", help="Addresses as tab-separated lines, for scripts.")
    ] = False,
) -> None:
    """Start PostgreSQL, NATS and all services on this machine, until Ctrl-C.

    A child that dies is started again. Everything listens on 127.0.0.1 only. A second Ctrl-C
    kills what does not stop. Starting again on the same folder finds its data.
    """
    stay_up(data_dir, port_base, plain=plain, scopes=every_scope())


def stay_up(
    data_dir: Path,
    port_base: int,
    *,
    plain: bool,
    scopes: Sequence[str],
    onhand: Sequence[str] | None = None,
) -> None:
    """Run everything until a signal says stop; ends the process with 1 when it cannot start.

    `onhand` stands in for `python -m onhand` where given.
    """
    from onhand.cli.stack import ONHAND, running

    async def until_stopped() -> None:
        stop_on_signals(_say)
        stack = running(data_dir, scopes=scopes, port_base=port_base, say=_say, onhand=onhand or ONHAND)
        async with stack as runtime:
            if plain:
                _say(_plain_table(runtime))
            else:
                show(runtime)
            await asyncio.Event().wait()

    try:
        asyncio.run(until_stopped())
    except asyncio.CancelledError:
        _say("stopped")
    except UpError as error:
        print(f"onhand up: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def stop_on_signals(say: Say) -> None:
    """Let the first signal stop everything in order, and the second kill what still runs."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    lines = iter(("stopping (once more to kill)", "killing"))

    def stop() -> None:
        say(next(lines, "still killing"))
        # Leaving `running` stops the children; cancelled while it does so, it kills them.
        if task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)


def _say(line: str) -> None:
    # Whoever read it may be gone, a closed terminal for one: no reason to stop, or not to.
    with suppress(OSError):
        print(line, flush=True)


def show(runtime: Runtime) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("service", "address", "what it is", box=box.SIMPLE_HEAD)
    for name, what in _WHAT.items():
        table.add_row(name, _address(runtime, name), what)
    Console().print(table)
    _say(_HINTS)


def _plain_table(runtime: Runtime) -> str:
    return "\n".join(f"{name}\t{_address(runtime, name)}" for name in _WHAT)


def _address(runtime: Runtime, name: str) -> str:
    address = runtime.addresses[name]
    return f"http://{address}" if name == "edge" else address
