"""Puts right what an audit found: each place in a transaction of its own, with a row in the trail of writes."""

import getpass
import socket
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Self

from sqlalchemy import pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from onhand.kit import trail
from onhand.kit.audit import Repair
from onhand.kit.clock import SystemClock
from onhand.kit.db import driver_url

METHOD = "onhand audit --repair"
"""As the trail calls it."""
_MODULES = {
    "stock": "onhand.stock.repair",
    "routing": "onhand.routing.audit",
    "pickup": "onhand.pickup.audit",
}


class Repairer:
    """Connections to the databases of services. A dry run does everything and takes it back."""

    def __init__(self, urls: Mapping[str, str], *, dry_run: bool) -> None:
        self._engines: dict[str, AsyncEngine] = {
            service: create_async_engine(driver_url(url), poolclass=pool.NullPool)
            for service, url in urls.items()
        }
        self._dry_run = dry_run
        self._clock = SystemClock()

    async def __aenter__(self) -> Self:
        trail.act_for([trail.Call(f"operator:{getpass.getuser()}", METHOD, socket.gethostname())])
        return self

    async def __aexit__(self, *_: object) -> None:
        for engine in self._engines.values():
            await engine.dispose()

    async def put_right(self, service: str, place: Sequence[str]) -> Repair:
        """Reckon one place anew; what was right meanwhile stays as it is."""
        async with self._engines[service].connect() as connection:
            done: Repair = await import_module(_MODULES[service]).put_right(connection, self._clock, *place)
            if done.changes and not self._dry_run:
                await trail.record(connection)
                await connection.commit()
            else:
                await connection.rollback()
            return done
