"""`onhand archive`: months of stock's ledger and tag histories leave the database for Parquet files."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from onhand.cli.connect import running
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.kit.clock import SystemClock
from onhand.stock.domain.months import Month
from onhand.stock.storage.months import Archive

SETTLED = timedelta(days=1)
"""How long a month must be over: a process whose clock is a little behind may still write to it."""

_Folder = Annotated[
    Path | None, typer.Option("--to", help="Folder of the files; by default `archive` in the data folder.")
]


def archive(
    before: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Archive the months before this one (UTC).")
    ] = "",
    to: _Folder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be archived.")] = False,
    verify: Annotated[
        Path | None, typer.Option(help="Check the files in this folder, and that all are there.")
    ] = None,
    stock_url: Annotated[
        str,
        typer.Option(
            envvar="ONHAND_STOCK_DATABASE_URL",
            help="Database of stock, in place of --data-dir: postgresql://…; a password belongs into the environment.",
        ),
    ] = "",
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")] = DEFAULT_DATA_DIR,
) -> None:
    """Move months of movements and tag events from the database of stock to Parquet files.

    Each file is read back and compared with the database before its month is dropped there. Balances stay what
    they are and `onhand audit` proves them. May be interrupted at any moment and run again.

    onhand archive --before 2026-01 --to /srv/onhand-archive

    onhand archive --verify /srv/onhand-archive
    """
    if bool(before) == bool(verify):
        raise typer.BadParameter("give either --before or --verify")
    url = stock_url or running(data_dir).database_urls["stock"]
    try:
        from onhand.stock.archive import ArchiveError
    except ModuleNotFoundError:
        raise typer.BadParameter("this command needs an extra: pip install 'onhand[archive]'") from None
    try:
        if verify is not None:
            good = _verify(asyncio.run(_known(url)), verify)
        else:
            month, folder = _month(before), to or data_dir / "archive"
            folder.mkdir(parents=True, exist_ok=True)
            good = asyncio.run(_archive(url, month, folder, dry_run=dry_run))
    except ArchiveError as error:
        print(f"archive: {error}")
        raise typer.Exit(1) from None
    if not good:
        raise typer.Exit(1)


def _month(text: str) -> Month:
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settled = Month.of(SystemClock().now() - SETTLED)
    if month > settled:
        raise typer.BadParameter(
            f"--before {month} has months that are still written to; {settled} is the latest"
        )
    return month


async def _archive(url: str, before: Month, folder: Path, *, dry_run: bool) -> bool:
    from onhand.stock.archive import Archiver

    async with Archiver(url) as archiver:
        plan = await archiver.plan(before)
        if dry_run:
            for task in plan.tasks:
                print(f"{task.chronicle.name} {task.month}: {task.bytes / 1e6:,.1f} MB with indexes")
        else:
            await archiver.finish()
            for task in plan.tasks:
                with Progress(transient=True) as progress:
                    bar = progress.add_task(f"{task.chronicle.name} {task.month}", total=None)
                    done = await archiver.archive(task, folder, _advance(progress, bar))
                print(
                    f"{task.chronicle.name} {task.month}: {done.rows:,} rows verified in {folder / done.file}"
                )
        if plan.blocked:
            print(f"archive: not all months before {before}: {plan.blocked}")
        elif not plan.tasks:
            print(f"nothing before {before} to archive")
        return not plan.blocked


async def _known(url: str) -> dict[str, Archive]:
    from onhand.stock.archive import Archiver

    async with Archiver(url) as archiver:
        return {each.file: each for each in await archiver.archives()}


def _verify(known: dict[str, Archive], folder: Path) -> bool:
    """Check every file that the database knows of, and whatever else looks like one."""
    names = known.keys() | {path.name for path in folder.glob("*.parquet")}
    wrong = list(filter(None, (_fault(folder / name, known) for name in sorted(names))))
    for fault in wrong:
        print(fault)
    print(f"{len(known)} files archived, {len(wrong)} wrong or missing")
    return not wrong


def _fault(path: Path, known: dict[str, Archive]) -> str:
    from onhand.stock.archive import ArchiveError, check

    try:
        with Progress(transient=True) as progress:
            found = check(path, _advance(progress, progress.add_task(path.name, total=None)))
    except ArchiveError as error:
        return str(error)
    if path.name not in known:
        return f"{path} is good, but its month was not dropped: archive again"
    return "" if found == known[path.name] else f"{path} is not the file that was archived"


def _advance(progress: Progress, bar: TaskID) -> Callable[[int], None]:
    return lambda rows: progress.advance(bar, rows)
