"""Which revision a database is at, and which ones a release brings.

A release changes a database in two steps, so that the release before it may run meanwhile. First `pre`: what
the new code needs and the old code does not mind. Then the processes are replaced. Last `post`: what takes
away or forbids something that only the old code did. The name of a revision's file says which it is:
`0007_post_drop_old_states.py` is `post`, any other is `pre`.
"""

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from onhand.kit.db import Database, driver_url
from onhand.kit.errors import DatabaseUnavailable
from onhand.kit.telemetry import log


class Phase(StrEnum):
    PRE = "pre"
    POST = "post"
    ALL = "all"


@dataclass(frozen=True, order=True, slots=True)
class Revision:
    number: str
    """Four digits."""
    phase: Phase
    title: str


class PhaseOrderError(Exception):
    """A release was skipped: its `post` revision is still to come, and this one's `pre` stands on it."""


def revisions(service: str) -> list[Revision]:
    """Return all revisions that this code knows of a service's database, oldest first."""
    found = []
    for path in (folder(service) / "versions").glob("*.py"):
        if match := re.fullmatch(r"(\d{4})_(post_)?(\w+)", path.stem):
            number, post, title = match.groups()
            found.append(Revision(number, Phase.POST if post else Phase.PRE, title.replace("_", " ")))
    return sorted(found)


def plan(service: str, current: str, phase: Phase) -> list[Revision]:
    """Return the revisions that `phase` would run on a database at `current`; empty text: an empty database.

    Raises PhaseOrderError when a `post` revision would have to run before a `pre` one.
    """
    pending = [each for each in revisions(service) if each.number > current]
    if phase is Phase.ALL:
        return pending
    first_post = next((n for n, each in enumerate(pending) if each.phase is Phase.POST), len(pending))
    if late := [each for each in pending[first_post:] if each.phase is Phase.PRE]:
        raise PhaseOrderError(
            f"{service}: revision {late[0].number} needs {pending[first_post].number}, which is of phase post: "
            "let the release that brought it finish first, or stop all its processes and run phase all"
        )
    if phase is Phase.POST:
        if pending[:first_post]:
            raise PhaseOrderError(f"{service}: revision {pending[0].number} is of phase pre: run that first")
        return pending
    return pending[:first_post]


async def current(database_url: str) -> str:
    """Return the number of the last revision that a database has; empty text when it has none."""
    engine = create_async_engine(driver_url(database_url), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            return await _current(connection)
    finally:
        await engine.dispose()


async def _current(connection: AsyncConnection) -> str:
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return ""
    return str(await connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


async def wait_until_migrated(database: Database, service: str) -> None:
    """Return once all `pre` revisions of this code are there: a service may start before its migration."""
    needed = max(each.number for each in revisions(service) if each.phase is Phase.PRE)
    while True:
        try:
            found = await database.read(_current)
            if found >= needed:
                return
            log.info("waiting for migrations", found=found, needed=needed)
        except DatabaseUnavailable:
            log.info("waiting for the database")
        await asyncio.sleep(0.2)


def folder(service: str) -> Path:
    return Path(str(files(f"onhand.{service}") / "migrations"))
