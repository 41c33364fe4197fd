"""The same chain on more than one of each: what a production has, as real processes on one machine.

Two replicas of every gRPC service, a NATS cluster of three nodes with every stream on all of them, and a PostgreSQL
primary whose synchronous standby takes its place when it is killed.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import asyncpg

from onhand.cli import keys
from onhand.cli.embedded import Nats, Passwords, Postgres, Server
from onhand.cli.files import write_atomically
from onhand.cli.ports import HOST, free_ports
from onhand.cli.process import ProcessTable, Program, Say
from onhand.cli.runtime import Runtime, data_folder, own_create_time
from onhand.cli.stack import ONHAND, SERVICES, WITH_DATABASE, Services, database, write_tokens
from onhand.cli.supervisor import Supervisor
from onhand.kit.clock import Clock

REPLICAS = 2
NODES = 3
STANDBY = "standby"
"""How the standby is called where the primary waits for it."""
WITHIN_S = 60.0
"""Longest wait for a server that is slow to answer, or for a standby to follow."""
READY_WITHIN_S = 120.0
TARGETS = (
    *(f"{service}-{number}" for service in SERVICES for number in range(1, REPLICAS + 1)),
    *(f"nats-{number}" for number in range(1, NODES + 1)),
)
"""What faults are done to, besides the primary."""
POLL_S = 0.05


class Primary:
    """A PostgreSQL primary and its synchronous standby, two servers that change places."""

    def __init__(self, folder: Path, passwords: Passwords) -> None:
        self._folder = folder
        self._nodes = []
        for name, port in zip("ab", free_ports(2), strict=True):
            node = folder / f"postgres-{name}"
            node.mkdir(mode=0o711, exist_ok=True)
            self._nodes.append(Postgres.at(node, port, passwords))
        self._passwords = passwords
        self._changing = asyncio.Lock()
        self._lost = False
        self.promotions: list[tuple[float, float]] = []
        """From when to when, by the loop's time, none of the two took writes."""
        self._servers = [
            Server(node.program(), node.port, folder / "logs" / f"{node.data.parent.name}.log")
            for node in self._nodes
        ]

    def url(self, name: str) -> str:
        """Name a database on whichever of the two takes writes."""
        one, two = (f"{HOST}:{node.port}" for node in self._nodes)
        return self._nodes[0].url(name).replace(one, f"{one},{two}") + "?target_session_attrs=read-write"

    async def start(self, databases: Sequence[str]) -> None:
        """Start both; returns when every commit is on both."""
        await asyncio.to_thread(self._nodes[0].prepare)
        await asyncio.to_thread(self._servers[0].start)
        await self._nodes[0].ensure_databases(databases)
        await self.join()

    async def join(self) -> None:
        """Make the standby anew, from a copy of the primary, and have commits wait for it."""
        primary, standby = self._nodes
        copy = self._folder / "copy"
        await asyncio.to_thread(primary.back_up, copy)
        shutil.rmtree(standby.data, ignore_errors=True)
        (copy / "standby.signal").touch()
        with (copy / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"primary_conninfo = 'host={HOST} port={primary.port} user=postgres application_name={STANDBY} "
                f"password={self._passwords.postgres_superuser}'\n"
                # Nobody follows the standby yet: in the primary's place it must not wait for itself.
                "synchronous_standby_names = ''\n"
            )
        await asyncio.to_thread(standby.restore, copy)
        await asyncio.to_thread(shutil.rmtree, copy)
        await asyncio.to_thread(self._servers[1].start)
        await _execute(
            primary,
            f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'",
            "SELECT pg_reload_conf()",
        )
        async with asyncio.timeout(WITHIN_S):
            while (await _execute(primary, "SELECT sync_state FROM pg_stat_replication")) != "sync":
                await asyncio.sleep(POLL_S)

    async def lose_standby(self) -> None:
        """Kill the standby, until the primary fails: commits wait for it meanwhile."""
        await asyncio.to_thread(self._servers[1].kill)
        self._lost = True

    async def fail_over(self) -> None:
        """Kill the primary, put the standby in its place, and make it a standby of its own."""
        async with self._changing:
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(self._servers[0].kill)
            if self._lost:
                await asyncio.to_thread(self._servers[1].start)
                self._lost = False
            self._nodes.reverse()
            self._servers.reverse()
            await _execute(self._nodes[0], "SELECT pg_promote(true, 60)")
            self.promotions.append((began, asyncio.get_running_loop().time()))
            await self.join()

    async def stop(self) -> None:
        for server in reversed(self._servers):
            await asyncio.to_thread(server.stop)


async def _execute(node: Postgres, *statements: str) -> object:
    """Run statements as the superuser; returns the first value of the last."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                connection = await node._connect()
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(POLL_S)
        try:
            return [await connection.fetchval(each) for each in statements][-1]
        finally:
            await connection.close()


class Cluster:
    """Runs all of it, in the place of `onhand.cli.stack.running`."""

    def __init__(self) -> None:
        self._primary: Primary | None = None

    @property
    def promotions(self) -> Sequence[tuple[float, float]]:
        return self._primary.promotions if self._primary else ()

    async def fail_over(self) -> None:
        if self._primary:
            await self._primary.fail_over()

    @asynccontextmanager
    async def running(
        self,
        data_dir: Path,
        *,
        scopes: Sequence[str],
        clock: Clock,
        env: Mapping[str, str],
        say: Say,
        **_: object,
    ) -> AsyncIterator[Runtime]:
        """Run everything on `data_dir` and on free ports until the block is left."""
        with data_folder(data_dir) as folder:
            passwords = Passwords.of_folder(folder)
            self._primary = Primary(folder, passwords)
            keys_dir = folder / "keys"
            keys.ensure_keys(keys_dir)
            write_tokens(keys_dir, scopes, clock.now())
            nodes = _nodes(folder, passwords)
            nats = _Nats(",".join(node.url for node in nodes))
            table = ProcessTable(folder / "processes.json")
            supervisor = Supervisor(folder / "logs", table, say, READY_WITHIN_S)
            replicas = [
                Services(
                    folder,
                    dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)),
                    self._primary,
                    nats,
                    env,
                    ONHAND,
                )
                for _ in range(REPLICAS)
            ]
            try:
                await self._primary.start([database(service) for service in WITH_DATABASE])
                await supervisor.start(*(_node_program(node) for node in nodes))
                await supervisor.run(*(replicas[0].migration(service) for service in WITH_DATABASE))
                await supervisor.start(*_programs(replicas))
                runtime = Runtime(
                    pid=os.getpid(),
                    create_time=own_create_time(),
                    addresses=_addresses(replicas, nodes),
                    database_urls=replicas[0].database_urls,
                    nats_url=nats.url,
                    keys_dir=keys_dir,
                    children=supervisor.pids,
                )
                runtime.save(folder)
                supervisor.on_restart = partial(runtime.save, folder)
                yield runtime
            finally:
                Runtime.remove(folder)
                await supervisor.stop()
                await self._primary.stop()


@dataclass(frozen=True)
class _Nats:
    url: str


def _nodes(folder: Path, passwords: Passwords) -> list[Nats]:
    """Prepare the nodes of a NATS cluster, each below a folder of its own."""
    routes = free_ports(NODES)
    nodes = []
    for number, route in enumerate(routes, 1):
        own = folder / f"nats-{number}"
        own.mkdir(mode=0o700, exist_ok=True)
        node = Nats.prepare(own, *free_ports(2), passwords)
        others = ", ".join(f'"nats://{HOST}:{each}"' for each in routes)
        configuration = node.config.read_text().replace("server_name: onhand", f"server_name: nats-{number}")
        cluster = f'cluster {{ name: onhand, listen: "{HOST}:{route}", routes: [{others}] }}\n'
        write_atomically(node.config, configuration + cluster)
        nodes.append(node)
    return nodes


def _node_program(node: Nats) -> Program:
    return replace(node.program(), name=node.store.parent.name)


def _programs(replicas: Sequence[Services]) -> list[Program]:
    """Return each service's replicas; every one calls all of another."""
    more = {"ONHAND_NATS_REPLICAS": str(NODES)}
    for service in WITH_DATABASE:
        more[f"ONHAND_{service.upper()}_TARGET"] = _target(replicas, service)
    return [
        replace(program, name=f"{service}-{number}", env={**program.env, **more})
        for number, replica in enumerate(replicas, 1)
        for service in SERVICES
        for program in [replica.program(service)]
    ]


def _target(replicas: Sequence[Services], service: str) -> str:
    """Name all replicas of a service, as gRPC takes it."""
    return "ipv4:" + ",".join(f"{HOST}:{each.ports[service]}" for each in replicas)


def _addresses(replicas: Sequence[Services], nodes: Sequence[Nats]) -> dict[str, str]:
    """Return whom callers call by the service's name, and each process by its own.

    Readers post to the first edge; in production a load balancer is before them.
    """
    addresses = {service: _target(replicas, service) for service in WITH_DATABASE}
    addresses["edge"] = f"{HOST}:{replicas[0].ports['edge']}"
    for number, replica in enumerate(replicas, 1):
        addresses |= {f"{service}-{number}": f"{HOST}:{port}" for service, port in replica.ports.items()}
    return addresses | {node.store.parent.name: f"{HOST}:{node.port}" for node in nodes}
