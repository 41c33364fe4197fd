"""`onhand demo`: a real chain's day against the whole system, and what must hold after it."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onhand.cli.errors import FolderInUseError, NotRunningError, UnusableFolderError, UpError
from onhand.cli.ports import LAST_BASE
from onhand.cli.runtime import Runtime
from onhand.cli.scopes import scopes

if TYPE_CHECKING:
    from onhand.demo.run import Options

DEFAULT_DATA_DIR = Path(".onhand-demo")
MARK = "made-by-onhand-demo"
"""A file that says that a folder may be emptied for the next run."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the day: exit code 0 if every claim held, 1 if not.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live page.")] = False,
    day: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Of the chain's tills, in 2017.")
    ] = datetime(2017, 12, 23),  # noqa: DTZ001 - a date of the stores' own calendar
    stores: Annotated[int, typer.Option(min=1, max=100, help="The busiest stores of that day.")] = 16,
    baskets: Annotated[int, typer.Option(min=0, help="Only the day's first baskets, so many; 0: all.")] = 0,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="What the day takes.")] = 35,
    orders: Annotated[
        float, typer.Option(min=0.01, max=1, help="Share of the baskets that are ordered from home.")
    ] = 0.4,
    fail: Annotated[
        float, typer.Option(min=0, max=1, help="Share of tasks and lines that a store cannot fill.")
    ] = 0.05,
    closing: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the stores that close at noon.")
    ] = 0.0,
    ready: Annotated[
        float, typer.Option(min=0, help="Seconds in which orders are promised to be ready; 0: as ever.")
    ] = 0.0,
    seed: Annotated[
        int,
        typer.Option(help="Decides what lies on the shelves, who orders, and who fails; not who is faster."),
    ] = 7,
    data_dir: Annotated[
        Path | None,
        typer.Option(help=f"Emptied at the start. Default: {DEFAULT_DATA_DIR}, with --once a new one."),
    ] = None,
    port_base: Annotated[
        int, typer.Option(min=0, max=LAST_BASE, help="First port, as of `onhand up`; 0 takes free ones.")
    ] = 0,
) -> None:
    """Live through a real chain's day in a minute: tills, readers, orders, stores, mails.

    Starts everything in a folder of its own. On a terminal it stays up afterwards, until Ctrl-C.
    """
    from onhand.demo.run import Options

    temporary = data_dir is None and once
    try:
        folder = (
            Path(tempfile.mkdtemp(prefix="onhand-demo-"))
            if temporary
            else _emptied(data_dir or DEFAULT_DATA_DIR)
        )
    except UpError as error:
        raise typer.BadParameter(str(error)) from None
    piped = not sys.stdout.isatty()
    options = Options(
        folder,
        port_base,
        day.date(),
        stores,
        baskets or None,
        seconds,
        orders,
        fail,
        closing,
        ready or None,
        seed,
        plain or piped,
    )
    held = _run(options, scopes(), stays=not once and not piped)
    if temporary and held:
        shutil.rmtree(folder)
    elif temporary:
        print(f"the logs are in {folder / 'logs'}")
    if not held:
        raise typer.Exit(1)


def _run(options: "Options", granted: Sequence[str], *, stays: bool) -> bool:
    """Run the demo; returns whether every claim held, False also when it was stopped before the end."""
    from onhand.cli.up import show, stop_on_signals
    from onhand.demo.data import DataError
    from onhand.demo.readers import ReaderError
    from onhand.demo.run import Demo
    from onhand.kit.clock import SystemClock

    held = False

    async def run() -> None:
        nonlocal held
        demo = Demo(options, granted, SystemClock())
        stop_on_signals(demo.screen.say)
        async with demo.running() as (runtime, outcome):
            held = outcome.held
            demo.screen.console.print(outcome.shown)
            if stays:
                show(runtime)
                print(f"  --data-dir {options.data_dir}   tells these commands where")
                await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except* asyncio.CancelledError:
        print("stopped")
    except* (UpError, DataError, ReaderError) as group:
        for error in _leaves(group):
            print(f"onhand demo: {error}", file=sys.stderr)
    return held


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _emptied(folder: Path) -> Path:
    """Empty a folder of an earlier demo; UnusableFolderError rather than touch what is not the demo's."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UnusableFolderError(
                folder, "it holds something else than an earlier demo; name another one"
            )
        with suppress(NotRunningError):
            raise FolderInUseError(folder, Runtime.load(folder).pid)
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder
