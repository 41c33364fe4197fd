"""The whole of onhand on one machine: which programs, with what environment, in what order."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from onhand.cli import keys
from onhand.cli.backup import publish_again
from onhand.cli.embedded import Nats, Passwords, Postgres
from onhand.cli.errors import UnusableFolderError
from onhand.cli.ports import HOST, choose_ports
from onhand.cli.probes import grpc_serves, http_healthy
from onhand.cli.process import ProcessTable, Program, Say
from onhand.cli.runtime import Runtime, data_folder, own_create_time
from onhand.cli.supervisor import READY_WITHIN_S, Supervisor
from onhand.kit.clock import Clock, SystemClock

WITH_DATABASE = ("stock", "routing", "pickup", "notifications")
SERVICES = (*WITH_DATABASE, "edge")

ONHAND = (sys.executable, "-m", "onhand")

TOKEN_RENEWAL = timedelta(hours=4)
_TOKEN_CHECK_S = 60.0


@asynccontextmanager
async def running(
    data_dir: Path,
    *,
    scopes: Sequence[str],
    clock: Clock = SystemClock(),
    port_base: int = 0,
    env: Mapping[str, str] | None = None,
    say: Say = print,
    onhand: Sequence[str] = ONHAND,
    ready_within_s: float = READY_WITHIN_S,
) -> AsyncIterator[Runtime]:
    """Run everything on `data_dir` until the block is left; UpError when it cannot start.

    `scopes` are what the services' own tokens allow, `env` is added to each service's
    environment, and `onhand` is the command that `migrate` and `serve` are given to.
    """
    with data_folder(data_dir) as folder:
        table = ProcessTable(folder / "processes.json")
        with _permission_named(folder):
            # In threads: both may take seconds, and Ctrl-C should be heard meanwhile.
            await asyncio.to_thread(table.stop_leftovers, say)
            services = await asyncio.to_thread(Services.prepare, folder, port_base, env or {}, onhand)
        renew = partial(write_tokens, services.keys_dir, scopes)
        renew(clock.now())
        supervisor = Supervisor(folder / "logs", table, say, ready_within_s)
        try:
            await supervisor.start(services.postgres.program())
            await services.postgres.ensure_databases(map(database, WITH_DATABASE))
            await supervisor.start(services.nats.program())
            await supervisor.run(*(services.migration(service) for service in WITH_DATABASE))
            await publish_again(folder, services.database_urls)
            await supervisor.start(*(services.program(service) for service in SERVICES))
            runtime = services.runtime(supervisor.pids)
            runtime.save(folder)
            supervisor.on_restart = partial(runtime.save, folder)
            renewal = asyncio.create_task(_renew_tokens(renew, clock, say))
            try:
                yield runtime
            finally:
                renewal.cancel()
        finally:
            Runtime.remove(folder)
            await supervisor.stop()


@dataclass(frozen=True)
class Services:
    folder: Path
    ports: Mapping[str, int]
    postgres: Postgres
    nats: Nats
    env: Mapping[str, str]
    onhand: Sequence[str]

    @classmethod
    def prepare(
        cls, folder: Path, port_base: int, env: Mapping[str, str], onhand: Sequence[str]
    ) -> "Services":
        """Make all that has to exist before the first process starts."""
        ports = choose_ports(port_base)
        passwords = Passwords.of_folder(folder)
        postgres = Postgres.at(folder, ports["postgres"], passwords).prepare()
        nats = Nats.prepare(folder, ports["nats"], ports["nats-health"], passwords)
        services = cls(folder, ports, postgres, nats, env, onhand)
        keys.ensure_keys(services.keys_dir)
        return services

    @property
    def keys_dir(self) -> Path:
        return self.folder / "keys"

    @property
    def database_urls(self) -> Mapping[str, str]:
        return {name: self.postgres.url(database(name)) for name in WITH_DATABASE}

    def runtime(self, pids: Mapping[str, int]) -> Runtime:
        return Runtime(
            pid=os.getpid(),
            create_time=own_create_time(),
            addresses={name: f"{HOST}:{port}" for name, port in self.ports.items()},
            database_urls=self.database_urls,
            nats_url=self.nats.url,
            keys_dir=self.keys_dir,
            children=pids,
        )

    def migration(self, service: str) -> Program:
        return Program(
            name=f"migrate-{service}",
            argv=(*self.onhand, "migrate", service),
            env=self._environment(service),
        )

    def program(self, service: str) -> Program:
        address = self._address(service)
        return Program(
            name=service,
            argv=(*self.onhand, "serve", service),
            env=self._environment(service),
            ready=partial(http_healthy if service == "edge" else grpc_serves, address),
        )

    def _address(self, service: str) -> str:
        return f"{HOST}:{self.ports[service]}"

    def _environment(self, service: str) -> dict[str, str]:
        """Give the user's own environment, then what wires the services to each other."""
        own_folder = self.folder / service
        own_folder.mkdir(mode=0o700, exist_ok=True)
        environment = {"ONHAND_ENVIRONMENT": "development", **os.environ, **self.env}
        environment.pop("ONHAND_DATABASE_URL", None)
        if service in WITH_DATABASE:
            environment["ONHAND_DATABASE_URL"] = self.postgres.url(database(service))
        for target in WITH_DATABASE:
            environment[f"ONHAND_{target.upper()}_TARGET"] = self._address(target)
        return environment | {
            "ONHAND_NATS_URL": self.nats.url,
            "ONHAND_LISTEN": self._address(service),
            "ONHAND_AUTH_JWKS_FILE": str(keys.jwks_file(self.keys_dir)),
            "ONHAND_CUSTOMER_LINKS_KEY_FILE": str(keys.links_file(self.keys_dir)),
            "ONHAND_CUSTOMER_PAGES_URL": f"http://{self._address('edge')}",
            "ONHAND_AUTH_ISSUER": keys.ISSUER,
            "ONHAND_AUTH_AUDIENCE": keys.AUDIENCE,
            "ONHAND_TOKEN_FILE": str(keys.token_file(self.keys_dir, service)),
            "ONHAND_DATA_DIR": str(own_folder),
        }


@contextmanager
def _permission_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        reason = f"no permission for {error.filename}; run as the user who made it"
        raise UnusableFolderError(folder, reason) from error


def database(service: str) -> str:
    return f"onhand_{service}"


def write_tokens(keys_dir: Path, scopes: Sequence[str], now: datetime) -> None:
    for service in SERVICES:
        keys.write_service_token(keys_dir, service, scopes, now)


async def _renew_tokens(renew: Callable[[datetime], None], clock: Clock, say: Say) -> None:
    renewed_at = clock.now()
    while True:
        # Often and by the wall clock: one long sleep would stand still with a suspended laptop,
        # and the tokens would not.
        await asyncio.sleep(_TOKEN_CHECK_S)
        now = clock.now()
        if now - renewed_at >= TOKEN_RENEWAL:
            try:
                renew(now)
                renewed_at = now
            except OSError as error:
                say(f"the services' tokens could not be renewed: {error}")
