"""`onhand backup` and `onhand restore`: all that a data folder needs to begin again, as of one moment.

The four databases are in one PostgreSQL, and a base backup of it is of one moment for all of them: no service
is restored to know less than another has told it. What was on its way between them is in their outboxes, which
are published again from their beginning after a restore; consumers recognise what they had. So NATS is not in
a backup.
"""

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from onhand.cli.errors import UnusableFolderError, UpError
from onhand.cli.runtime import DEFAULT_DATA_DIR, data_folder

FORMAT = 1
RESTORED = "restored"
"""A file in a data folder that was restored and has not been started since."""
SMALL = ("secrets.json", "keys", "stock", "routing", "pickup", "notifications", "edge")
"""What a data folder holds beside the databases: passwords, keys, and what a service keeps itself."""


def backup(
    to: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")] = DEFAULT_DATA_DIR,
) -> None:
    """Copy everything that `onhand up` knows, as of one moment, while it runs.

    The folder holds passwords and keys: keep it as safe as the data folder itself. It is complete when it is
    there: one that was interrupted ends in .part, and may be deleted.
    """
    from onhand.cli.connect import running
    from onhand.cli.embedded import Passwords, Postgres

    runtime = running(data_dir)
    folder = data_dir.resolve()
    part = to.with_name(f"{to.name}.part")
    try:
        _refuse_existing(to)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        port = int(runtime.addresses["postgres"].rpartition(":")[2])
        print("copying the databases")
        Postgres.at(folder, port, Passwords.of_folder(folder)).back_up(part / "postgres")
        # After the databases, so that no row is older than the key that it is sealed with.
        for name in SMALL:
            _copy(folder / name, part / name)
        facts = {"format": FORMAT, "onhand": version("onhand"), "create_time": datetime.now(UTC).isoformat()}
        (part / "backup.json").write_text(json.dumps(facts, indent=2))
        os.sync()
        part.rename(to)
    except UpError as error:
        raise SystemExit(f"onhand backup: {error}") from None
    print(f"{to} holds everything up to now, {_size(to) / 1e6:,.0f} MB, each file's checksum verified")


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `onhand backup` made.")],
    data_dir: Annotated[
        Path, typer.Option(help="Where to; a folder that does not exist yet.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Make a data folder from a backup; `onhand up` then goes on from the moment of the backup.

    What was acknowledged after that moment is gone, so stop what wrote to it, and restore to a new place: an
    existing folder is never written over.
    """
    from onhand.cli.embedded import Passwords, Postgres

    try:
        facts = _facts(source)
        folder = data_dir.resolve()
        _refuse_existing(folder)
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        with data_folder(part):
            for name in SMALL:
                _copy(source / name, part / name)
            print("verifying and copying the databases")
            Postgres.at(part, 0, Passwords.of_folder(part)).restore(source / "postgres")
            (part / RESTORED).write_text(facts["create_time"])
            os.sync()
        part.rename(folder)
    except UpError as error:
        raise SystemExit(f"onhand restore: {error}") from None
    print(f"{data_dir} is as of {facts['create_time']}; start it with `onhand up --data-dir {data_dir}`")


async def publish_again(folder: Path, database_urls: Mapping[str, str]) -> None:
    """After a restore let every service publish its events again; NATS begins empty."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from onhand.kit.db import driver_url
    from onhand.kit.outbox import rewind

    if not (folder / RESTORED).exists():
        return
    for url in database_urls.values():
        engine = create_async_engine(driver_url(url))
        async with engine.begin() as connection:
            await rewind(connection, datetime(1970, 1, 1, tzinfo=UTC))
        await engine.dispose()
    (folder / RESTORED).unlink()


def _facts(source: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((source / "backup.json").read_text())
    except (OSError, ValueError):
        raise UnusableFolderError(source, "it is not a complete backup") from None
    if facts["format"] != FORMAT:
        raise UnusableFolderError(
            source, f"onhand {facts['onhand']} made it, in a format that is not known here"
        )
    return facts


def _refuse_existing(folder: Path) -> None:
    if folder.exists():
        raise UnusableFolderError(folder, "it exists, and is not written over")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
