"""What tests share: a real PostgreSQL and a real NATS server, keys, and tokens."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings

from onhand.cli import keys
from onhand.cli.embedded import EmbeddedServers, embedded_servers
from onhand.cli.scopes import scopes
from tests.stack import chain, hook, mailbox, new_item, stack  # noqa: F401 - fixtures

# How long an example takes says more of the machine than of the code.
settings.register_profile("onhand", deadline=None)
settings.load_profile("onhand")


@pytest.hookimpl(tryfirst=True)  # before xdist, which looks for the marks here too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what may run side by side: files, but those that share a running `onhand up` in one process."""
    names = {item.path: str(item.path) for item in items}
    names |= {item.path: "stack" for item in items if "stack" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(names[item.path]))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """PostgreSQL and NATS of this test run."""
    with embedded_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    keys.ensure_keys(folder)
    return folder


@pytest.fixture(scope="session")
def mint(keys_dir: Path) -> Callable[..., str]:
    """Make tokens: `mint(subject="shop", scopes=[…], locations=[…], ttl=…)`; everything by default."""

    def make(
        subject: str = "test",
        granted: list[str] | None = None,
        locations: list[str] | None = None,
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        return keys.mint(
            keys_dir,
            subject,
            scopes() if granted is None else granted,
            ["*"] if locations is None else locations,
            ttl,
            datetime.now(UTC),
        )

    return make


@pytest.fixture(scope="session")
def migrated(servers: EmbeddedServers) -> Callable[[str], str]:
    """Make a database as a service's migrations leave it: `migrated("stock")` gives its URL."""

    @cache
    def template(service: str) -> str:
        from onhand.kit.migrations import migrate

        name = f"{service}_template"
        migrate(service, servers.create_database(name))
        return name

    return lambda service: servers.create_database(f"{service}_{uuid4().hex[:12]}", template(service))


@pytest.fixture(scope="session")
def make_settings(
    migrated: Callable[[str], str], servers: EmbeddedServers, keys_dir: Path, mint: Callable[..., str]
) -> Callable[..., Any]:
    """Make settings of a service on a database of its own: `make_settings("stock", StockSettings)`."""

    def make(service: str, kind: type, **overrides: Any) -> Any:
        url = migrated(service)
        token_file = keys_dir / f"{service}.token"
        token_file.write_text(mint(service))
        return kind(
            **{
                "listen": "127.0.0.1:0",
                "database_url": url,
                "nats_url": servers.nats_url,
                "environment": "development",
                "auth_issuer": keys.ISSUER,
                "auth_audience": keys.AUDIENCE,
                "auth_jwks_file": keys.jwks_file(keys_dir),
                "token_file": token_file,
                "database_pool_size": 8,
                **overrides,
            }
        )

    return make


@pytest.fixture
def fresh_settings(
    servers: EmbeddedServers, make_settings: Callable[..., Any]
) -> Iterator[Callable[..., Any]]:
    """`make_settings`, for fixtures of one test; the databases go with it.

    Otherwise a server that a test kills has hundreds of them to look through when it starts again.
    """
    made: list[Any] = []

    def make(service: str, kind: type, **overrides: Any) -> Any:
        made.append(make_settings(service, kind, **overrides))
        return made[-1]

    yield make
    for each in made:
        servers.drop_database(str(each.database_url).rpartition("/")[2])
