"""What is measured: PostgreSQL, NATS, stock and a bare server as processes, and turns between two sides."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import psutil

from benchmarks import bare, world
from benchmarks.chain import make_chain
from benchmarks.load import Client, LoadFailedError
from benchmarks.rows import Measured
from onhand.cli import keys
from onhand.cli.embedded import EmbeddedServers, embedded_servers
from onhand.cli.files import log_tail, open_log
from onhand.cli.ports import HOST, free_ports
from onhand.cli.probes import grpc_serves
from onhand.cli.process import POLL_S, command_line
from onhand.cli.scopes import scopes
from onhand.client import Stock
from onhand.stock.config import StockSettings

READY_WITHIN_S = 120.0
SETTLE_WITHIN_S = 120.0
"""How long the relay may take to publish what a round left behind."""
SAMPLES = 300
"""Calls and commits of which a median is taken."""
_UNPUBLISHED = """
    SELECT count(*) FROM outbox o, outbox_cursor c WHERE (o.xact_id, o.outbox_id) > (c.xact_id, c.outbox_id)
"""


_UNTOLD = "SELECT count(*) FROM movements m, epcis_cursor c WHERE m.revision > c.revision"
"""Changes that are not published as EPCIS events yet."""


@dataclass(frozen=True)
class Size:
    """How long to measure."""

    rounds: int = 5
    seconds: float = 2.0
    """Of each side in a round."""
    events: int = 100_000
    """That notifications are made of."""


@dataclass(frozen=True)
class Turns:
    """Medians of two sides measured in turn."""

    ours: float
    limit: float
    ratio: float
    """The median of the rounds' ratios: both sides of a round had the same machine."""


class Bench:
    """The processes of a run, each started when a figure first asks for it."""

    def __init__(self, folder: Path, size: Size, stack: ExitStack) -> None:
        self.folder = folder
        self.size = size
        self._stack = stack
        self._processes: dict[str, int] = {}
        self._served: dict[str, str] = {}
        self._world_built = False
        self.notifications_database = ""
        self._numbers = count()
        self.constant = f"/{bare.SERVICE}/Constant"

    @cached_property
    def servers(self) -> EmbeddedServers:
        return self._stack.enter_context(embedded_servers(self.folder / "servers"))

    @cached_property
    def token(self) -> str:
        keys.ensure_keys(self.folder)
        now = datetime.now(UTC)
        return keys.mint(self.folder, "bench", scopes(), keys.ALL_LOCATIONS, timedelta(hours=6), now)

    @cached_property
    def stock_database(self) -> str:
        """The URL of stock's database."""
        return self.migrated("onhand_stock")

    @cached_property
    def stock(self) -> str:
        """`onhand serve stock` as shipped; gives its address."""
        return self.serve("stock", "serve", "stock")

    @cached_property
    def bare(self) -> str:
        """A server of the same settings that does nothing; gives its address."""
        return self._start("bare", self.stock_database, "-m", bare.__name__)

    @cached_property
    def stock_client(self) -> Client:
        return Client(self.stock, self.token, self.folder)

    @cached_property
    def bare_client(self) -> Client:
        return Client(self.bare, self.token, self.folder)

    def migrated(self, database: str, service: str = "stock") -> str:
        """Make a database with a service's tables, by default stock's; gives its URL."""
        url = self.servers.create_database(database)
        argv = [sys.executable, "-m", "onhand", "migrate", service]
        env = {**os.environ, "ONHAND_DATABASE_URL": url}
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
        return url

    def serve(self, name: str, *arguments: str, database: str = "", **environment: str) -> str:
        """Start `onhand …`, on stock's database unless another is named; gives its address."""
        return self._start(name, database or self.stock_database, "-m", "onhand", *arguments, **environment)

    def pid(self, name: str) -> int:
        return self._processes[name]

    def serve_notifications(self, **environment: str) -> str:
        """Start `onhand serve notifications` on a database of its own; gives its address."""
        url = self.migrated(f"bench_notifications_{next(self._numbers)}", "notifications")
        self.notifications_database = url
        folder = self.folder / "notifications"
        more = {"ONHAND_ENVIRONMENT": "development", "ONHAND_DATA_DIR": str(folder), **environment}
        return self._start("notifications", url, "-m", "onhand", "serve", "notifications", **more)

    async def until_known(self, table: str, count: int) -> None:
        """Wait until notifications has so many rows of a table."""
        connection = await asyncpg.connect(self.notifications_database)
        try:
            deadline = time.monotonic() + max(SETTLE_WITHIN_S, count / 20)
            while await connection.fetchval(f"SELECT count(*) FROM {table}") < count:  # noqa: S608 - our own names
                if time.monotonic() > deadline:
                    raise LoadFailedError(f"{table} does not fill")
                await asyncio.sleep(0.1)
        finally:
            await connection.close()

    def start_program(self, argv: Sequence[str]) -> None:
        """Start a program that ends with the run."""
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        self._stack.callback(_stop, process)

    def served(self, name: str, build: Callable[[str], None]) -> str:
        """Start stock on a database of its own that `build` fills, once a run; gives its address."""
        if name not in self._served:
            url = self.migrated(f"bench_{name}_{next(self._numbers)}")
            build(url)
            self._served[name] = self.serve(name, "serve", "stock", database=url)
        return self._served[name]

    def client(self, target: str) -> Client:
        return Client(target, self.token, self.folder)

    def world(self) -> None:
        """Build the chain, once a run."""
        if not self._world_built:
            with Stock(self.stock, self.token) as stock:
                world.build(stock)
            self._settle(_UNTOLD)
            self._world_built = True

    def settings(self, database: str, **more: Any) -> StockSettings:
        """Settings of stock for what runs in this process, on a chain of its own."""
        url = self.migrated(f"{database}_{len(self._processes)}_{next(self._numbers)}")
        asyncio.run(make_chain(url, len(world.ITEMS), len(world.LOCATIONS)))
        issuer = {"auth_issuer": keys.ISSUER, "auth_jwks_file": keys.jwks_file(self.folder)}
        keys.ensure_keys(self.folder)
        given = {"listen": f"{HOST}:0", "database_url": url, "nats_url": self.servers.nats_url}
        return StockSettings(**{**given, **issuer, **more})

    def resident_bytes(self, name: str) -> int:
        return int(psutil.Process(self._processes[name]).memory_info().rss)

    def median_call_s(self) -> float:
        """The median time of one empty call, one at a time."""
        self.keep(b"")
        with grpc.insecure_channel(self.bare) as channel:
            method = channel.unary_unary(self.constant, _as_it_is, _as_it_is)
            return _median(lambda: method(b"", timeout=30, wait_for_ready=True))

    def median_commit_s(self) -> float:
        """The median time of one commit of one row on one connection."""
        url = self.servers.create_database(f"bench_median_{next(self._numbers)}")

        async def measure() -> float:
            connection = await asyncpg.connect(url)
            await connection.execute("CREATE TABLE one (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
            statement = await connection.prepare("INSERT INTO one DEFAULT VALUES")
            times = []
            for _ in range(SAMPLES):
                begun = time.perf_counter()
                await statement.fetch()
                times.append(time.perf_counter() - begun)
            await connection.close()
            return statistics.median(times)

        return asyncio.run(measure())

    def measured(self, turns: Turns, unit: str, limit: str) -> Measured:
        return Measured(turns.ours, unit, f"{turns.limit:,.0f}: {limit}", turns.ratio)

    def call(self, target: str, path: str, request: bytes) -> bytes:
        """Make one call from here; raises grpc.RpcError unless it ends well."""
        with grpc.insecure_channel(target) as channel:
            metadata = (("authorization", f"Bearer {self.token}"),)
            answer: bytes = channel.unary_unary(path, _as_it_is, _as_it_is)(
                request, metadata=metadata, timeout=30, wait_for_ready=True
            )
            return answer

    def keep(self, response: bytes) -> None:
        """Have the bare server answer these bytes from now on."""
        self.call(self.bare, f"/{bare.SERVICE}/Keep", response)

    def turns(self, ours: Callable[[float], float], limit: Callable[[float], float]) -> Turns:
        """Measure two sides in turn, each given the seconds it has; a first turn of both warms up."""
        for side in (ours, limit):
            side(self.size.seconds / 2)
        pairs = []
        for _ in range(self.size.rounds):
            pair = []
            for side in (ours, limit):
                self._settle()
                pair.append(side(self.size.seconds))
            pairs.append(pair)
        return Turns(
            statistics.median(ours for ours, _ in pairs),
            statistics.median(limit for _, limit in pairs),
            statistics.median(ours / limit for ours, limit in pairs),
        )

    def alone(self, side: Callable[[float], float]) -> float:
        """Measure what has no limit to be held against."""
        side(self.size.seconds / 2)
        return statistics.median(side(self.size.seconds) for _ in range(self.size.rounds))

    def _settle(self, query: str = _UNPUBLISHED) -> None:
        """Wait until stock has caught up with what a query counts, by default its relay.

        Its work must not fall into the other side's turn.
        """
        if "stock" not in self.__dict__:
            return

        async def waiting() -> int:
            connection = await asyncpg.connect(self.stock_database)
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()

        deadline = time.monotonic() + SETTLE_WITHIN_S
        while asyncio.run(waiting()):
            if time.monotonic() > deadline:
                raise LoadFailedError("stock does not catch up")
            time.sleep(POLL_S)

    def _start(self, name: str, database: str, *arguments: str, **environment: str) -> str:
        port, metrics_port = free_ports(2)
        address = f"{HOST}:{port}"
        log = self.folder / f"{name}.log"
        with open_log(log) as output:
            process = subprocess.Popen(
                command_line([sys.executable, *arguments]),
                env={**self._environment(address, f"{HOST}:{metrics_port}", database), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._stack.callback(_stop, process)
        self._processes[name] = process.pid
        deadline = time.monotonic() + READY_WITHIN_S
        while not asyncio.run(grpc_serves(address)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise LoadFailedError(f"{name} did not start:\n{log_tail(log)}")
            time.sleep(POLL_S)
        return address

    def _environment(self, address: str, metrics: str, database: str) -> Mapping[str, str]:
        token_file = keys.token_file(self.folder, "bench")
        token_file.write_text(self.token)
        return {
            **os.environ,
            "ONHAND_DATABASE_URL": database,
            "ONHAND_NATS_URL": self.servers.nats_url,
            "ONHAND_LISTEN": address,
            "ONHAND_METRICS_LISTEN": metrics,
            "ONHAND_CALLS_PER_S": "0",  # all callers show one token
            "ONHAND_AUTH_ISSUER": keys.ISSUER,
            "ONHAND_AUTH_JWKS_FILE": str(keys.jwks_file(self.folder)),
            "ONHAND_TOKEN_FILE": str(token_file),
        }


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(SAMPLES):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _as_it_is(message: bytes) -> bytes:
    return message


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
