import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest
from nats.js import JetStreamContext

from onhand.cli.embedded import Passwords
from onhand.cli.errors import (
    FolderInUseError,
    NotRunningError,
    PortsTakenError,
    StartFailedError,
    UpError,
)
from onhand.cli.files import open_log
from onhand.cli.ports import OFFSETS, choose_ports
from onhand.cli.process import Probe, ProcessTable, Program, is_alive
from onhand.cli.runtime import Runtime, data_folder
from onhand.cli.stack import running
from onhand.cli.supervisor import STUCK_CHECKS, Supervisor

HERE = Path(__file__).parent
DUMMY = (sys.executable, str(HERE / "dummy_onhand.py"))
SCOPES = ["stock.read"]
CHILDREN = {"postgres", "nats", "stock", "routing", "pickup", "notifications", "edge"}


async def until(holds: Callable[[], bool], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.02)


def runtime_of(data_dir: Path) -> Runtime | None:
    try:
        return Runtime.load(data_dir)
    except NotRunningError:
        return None


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@contextmanager
def up_process(data_dir: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command as a process, killed at the latest when the block is left."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "run_up.py"), str(data_dir)],
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


async def ready(data_dir: Path) -> Runtime:
    await until(lambda: runtime_of(data_dir) is not None)
    return Runtime.load(data_dir)


def all_processes(runtime: Runtime) -> list[psutil.Process]:
    """List the children, and theirs: PostgreSQL's backends."""
    children = [psutil.Process(pid) for pid in runtime.children.values()]
    return [*children, *(each for child in children for each in child.children(recursive=True))]


# One stack for the tests up to the next such line: each leaves it running.


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture(scope="module")
async def runtime(data_dir: Path, said: list[str]) -> AsyncIterator[Runtime]:
    async with running(data_dir, scopes=SCOPES, onhand=DUMMY, say=said.append) as runtime:
        yield runtime


async def test_other_commands_read_what_runs_there(runtime: Runtime, data_dir: Path) -> None:
    loaded = Runtime.load(data_dir)
    assert loaded == runtime
    assert set(loaded.children) == CHILDREN
    assert set(loaded.addresses) == CHILDREN | {"nats-health"}
    assert (data_dir / "runtime.json").stat().st_mode & 0o777 == 0o600
    assert await fetch(loaded.database_urls["pickup"], "SELECT current_database()::text") == ("onhand_pickup")


async def test_a_killed_service_is_started_again_and_said_so(
    runtime: Runtime, data_dir: Path, said: list[str]
) -> None:
    killed = runtime.children["stock"]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: Runtime.load(data_dir).children["stock"] != killed)
    host, port = runtime.addresses["stock"].split(":")
    await until(lambda: answers(host, int(port)))
    assert "stock died (killed by SIGKILL); starting it again in 0.2 s" in said


async def test_a_killed_postgres_is_started_again_with_its_data(runtime: Runtime, data_dir: Path) -> None:
    url = runtime.database_urls["stock"]
    await fetch(url, "CREATE TABLE kept AS SELECT 7 AS n")
    killed = runtime.children["postgres"]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: Runtime.load(data_dir).children["postgres"] != killed)
    host, port = runtime.addresses["postgres"].split(":")
    await until(lambda: answers(host, int(port)))
    assert await fetch_when_recovered(url, "SELECT n FROM kept") == 7


async def test_a_killed_nats_is_started_again(runtime: Runtime, data_dir: Path) -> None:
    killed = runtime.children["nats"]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: Runtime.load(data_dir).children["nats"] != killed)
    host, port = runtime.addresses["nats"].split(":")
    await until(lambda: answers(host, int(port)))


async def test_a_nats_that_refuses_to_write_is_started_again_once_it_could(
    runtime: Runtime, data_dir: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may not grow is to a stream what a full disk is: it takes nothing more, also afterwards."""
    monkeypatch.setattr("onhand.cli.embedded.nats.ROOM_BYTES", 1 << 60)
    client = await nats.connect(runtime.nats_url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="kept", subjects=["kept"])
    await jetstream.publish("kept", b"before")
    full = runtime.children["nats"]
    limits = psutil.Process(full).rlimit(psutil.RLIMIT_FSIZE)
    psutil.Process(full).rlimit(psutil.RLIMIT_FSIZE, (1, limits[1]))
    with pytest.raises(nats.errors.TimeoutError):
        await jetstream.publish("kept", b"refused", timeout=1)
    psutil.Process(full).rlimit(psutil.RLIMIT_FSIZE, limits)
    with pytest.raises(nats.errors.TimeoutError):
        await jetstream.publish("kept", b"refused too", timeout=1)
    assert not [line for line in said if "stuck" in line], "there was no room yet"

    monkeypatch.undo()
    await until(lambda: Runtime.load(data_dir).children["nats"] != full)
    (line,) = [line for line in said if "stuck" in line]
    assert line.startswith(
        "nats is stuck until it is started again: JetStream stream '$G > kept' write error"
    )
    assert line in (data_dir / "logs" / "nats.log").read_text()
    await until_published(jetstream, "kept", b"after")
    assert (await jetstream.get_msg("kept", 1)).data == b"before"
    await client.close()


async def until_published(jetstream: JetStreamContext, subject: str, data: bytes) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await jetstream.publish(subject, data, timeout=1)
            except (nats.errors.Error, nats.js.errors.Error):
                await asyncio.sleep(0.02)
            else:
                return


async def test_a_second_one_on_the_folder_is_told_who_holds_it(runtime: Runtime, data_dir: Path) -> None:
    with pytest.raises(FolderInUseError, match=rf"pid {os.getpid()}\).*--data-dir"):
        async with running(data_dir, scopes=SCOPES, onhand=DUMMY):
            pass
    assert Runtime.load(data_dir) == runtime


async def test_each_service_is_told_its_own_database_and_all_addresses(
    runtime: Runtime, data_dir: Path
) -> None:
    stock = psutil.Process(runtime.children["stock"]).environ()
    edge = psutil.Process(runtime.children["edge"]).environ()
    assert stock["ONHAND_DATABASE_URL"] == runtime.database_urls["stock"]
    assert "ONHAND_DATABASE_URL" not in edge
    assert edge["ONHAND_NATS_URL"] == runtime.nats_url
    assert edge["ONHAND_STOCK_TARGET"] == stock["ONHAND_LISTEN"] == runtime.addresses["stock"]
    assert edge["ONHAND_DATA_DIR"] == str(data_dir / "edge")
    assert edge["ONHAND_TOKEN_FILE"] == str(data_dir / "keys" / "edge.token")


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


async def fetch_when_recovered(url: str, query: str) -> object:
    async with asyncio.timeout(20):
        while True:
            try:
                return await fetch(url, query)
            except (asyncpg.CannotConnectNowError, ConnectionError):
                await asyncio.sleep(0.02)


async def test_a_second_start_finds_its_data_and_its_secrets(tmp_path: Path) -> None:
    async with running(tmp_path, scopes=SCOPES, onhand=DUMMY) as runtime:
        await fetch(runtime.database_urls["stock"], "CREATE TABLE kept AS SELECT 7 AS n")
        password = runtime.nats_url.split("@")[0]
    assert runtime_of(tmp_path) is None
    async with running(tmp_path, scopes=SCOPES, onhand=DUMMY) as runtime:
        assert await fetch(runtime.database_urls["stock"], "SELECT n FROM kept") == 7
        assert runtime.nats_url.split("@")[0] == password


async def test_ctrl_c_stops_services_then_nats_then_postgres(tmp_path: Path) -> None:
    with up_process(tmp_path) as process:
        runtime = await ready(tmp_path)
        processes = all_processes(runtime)
        process.send_signal(signal.SIGINT)
        output, _ = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == 0
    assert output.splitlines()[-1] == "stopped"
    assert not any(is_alive(each) for each in processes)
    assert runtime_of(tmp_path) is None
    logs = tmp_path / "logs"
    ends = [(logs / f"{name}.log").stat().st_mtime_ns for name in ("stock", "nats", "postgres")]
    assert ends == sorted(ends)
    assert "stock stops" in (logs / "stock.log").read_text()
    assert "database system is shut down" in (logs / "postgres.log").read_text()


async def test_it_stops_also_when_nobody_reads_its_output_any_more(tmp_path: Path) -> None:
    with up_process(tmp_path) as process:
        processes = all_processes(await ready(tmp_path))
        assert process.stdout
        process.stdout.close()
        process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(process.wait, timeout=30)
    assert not any(is_alive(each) for each in processes)


async def test_a_second_ctrl_c_kills_what_does_not_stop(tmp_path: Path) -> None:
    with up_process(tmp_path, DUMMY_STUBBORN="pickup") as process:
        processes = all_processes(await ready(tmp_path))
        process.send_signal(signal.SIGINT)
        stopped = tmp_path / "logs" / "stock.log"
        await until(lambda: "stock stops" in stopped.read_text())
        process.send_signal(signal.SIGINT)
        output, _ = await asyncio.to_thread(process.communicate, timeout=8)
    assert "killing" in output
    await until(lambda: not any(is_alive(each) for each in processes))


async def test_ctrl_c_while_starting_leaves_nothing_behind(tmp_path: Path) -> None:
    with up_process(tmp_path) as process:
        await until((tmp_path / "logs" / "nats.log").exists)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.communicate, timeout=30)
    assert len(children) >= 2
    assert not any(is_alive(each) for each in children)


async def test_a_killed_supervisor_leaves_no_orphans_and_the_next_start_works(
    tmp_path: Path,
) -> None:
    with up_process(tmp_path) as process:
        runtime = await ready(tmp_path)
        url = runtime.database_urls["stock"]
        await fetch(url, "CREATE TABLE kept AS SELECT 7 AS n")
        processes = all_processes(runtime)
        process.kill()
    await until(lambda: not any(is_alive(each) for each in processes))
    with pytest.raises(NotRunningError, match="onhand up --data-dir"):
        Runtime.load(tmp_path)
    async with running(tmp_path, scopes=SCOPES, onhand=DUMMY) as again:
        assert await fetch(again.database_urls["stock"], "SELECT n FROM kept") == 7


async def test_a_new_start_at_once_after_a_kill_waits_for_what_is_left(tmp_path: Path) -> None:
    with up_process(tmp_path) as process:
        await ready(tmp_path)
        process.kill()
        process.wait()
        async with running(tmp_path, scopes=SCOPES, onhand=DUMMY) as again:
            assert set(again.children) == CHILDREN


async def test_a_failing_migration_shows_what_it_said(tmp_path: Path) -> None:
    env = {"DUMMY_BROKEN": "routing"}
    with pytest.raises(StartFailedError, match=r"migrate-routing failed.*\n.*colour does not exist"):
        async with running(tmp_path, scopes=SCOPES, onhand=DUMMY, env=env):
            pass


def test_a_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    with socket.socket() as taken:
        base = choose_ports(0)["edge"]
        taken.bind(("127.0.0.1", base + OFFSETS["routing"]))
        taken.listen()
        with pytest.raises(PortsTakenError) as refused:
            choose_ports(base)
    message = str(refused.value)
    assert f"port {base + 2} (for routing) is taken by" in message
    assert f"(pid {os.getpid()})" in message
    assert "--port-base" in message


async def test_without_permission_for_a_file_there_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "secrets.json")

    monkeypatch.setattr(Passwords, "of_folder", refuse)
    with pytest.raises(UpError, match="no permission for secrets"):
        async with running(tmp_path, scopes=SCOPES, onhand=DUMMY):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UpError, match="file/data"), data_folder(tmp_path / "file" / "data"):
        pass


# The supervisor by itself, with programs of the shell's size.


@pytest.fixture
def table(tmp_path: Path) -> ProcessTable:
    return ProcessTable(tmp_path / "processes.json")


@pytest.fixture
async def supervisor(tmp_path: Path, table: ProcessTable) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path, table, say=print, ready_within_s=5)
    yield supervisor
    await supervisor.stop()


async def test_a_program_that_dies_at_each_start_is_given_up_with_its_last_words(
    supervisor: Supervisor,
) -> None:
    with pytest.raises(StartFailedError, match=r"died 3 times while starting.*\nno such port"):
        await supervisor.start(shell("echo no such port; exit 3", ready=never))


async def test_a_program_that_is_never_ready_is_given_up_with_its_last_words(
    tmp_path: Path, table: ProcessTable
) -> None:
    supervisor = Supervisor(tmp_path, table, say=print, ready_within_s=0.5)
    with pytest.raises(StartFailedError, match=r"not ready within.*\nthinking"):
        await supervisor.start(shell("echo thinking; exec sleep 60", ready=never))
    await supervisor.stop()


async def test_a_program_that_stays_stuck_is_started_again_now_and_then_and_not_all_the_time(
    tmp_path: Path, table: ProcessTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onhand.cli.supervisor.STUCK_CHECK_S", 0.01)
    said: list[str] = []
    asked = 0

    async def complains() -> str:
        nonlocal asked
        asked += 1
        # Once it is well in between: three times in a row is what counts.
        return "" if asked == STUCK_CHECKS else "no more ink"

    supervisor = Supervisor(tmp_path, table, said.append)
    await supervisor.start(Program("child", ("sleep", "60"), os.environ, stuck=complains))
    first = supervisor.pids["child"]
    await until(lambda: supervisor.pids["child"] != first)
    await supervisor.stop()
    assert asked == 2 * STUCK_CHECKS
    assert [line for line in said if "stuck" in line] == [
        "child is stuck until it is started again: no more ink"
    ]


async def test_a_full_disk_does_not_end_the_watch(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, ProcessTable(tmp_path / "processes.json"), said.append)

    def write() -> None:
        raise OSError("no space left")

    supervisor.on_restart = write
    await supervisor.start(shell("exec sleep 60"))
    for _ in range(2):
        killed = supervisor.pids["child"]
        os.kill(killed, signal.SIGKILL)
        await until(lambda killed=killed: supervisor.pids["child"] != killed)  # type: ignore[misc]
    await supervisor.stop()
    assert said.count("could not write down what runs: no space left") == 2


async def test_a_missing_program_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailedError, match="cannot run /no/such/program"):
        await supervisor.run(Program("missing", ("/no/such/program",), os.environ))


def test_what_a_killed_run_left_is_stopped_at_the_next_start(tmp_path: Path, table: ProcessTable) -> None:
    program = shell("exec sleep 60")
    with subprocess.Popen(program.argv) as left:
        table.add(program, left.pid)
        said: list[str] = []
        ProcessTable(tmp_path / "processes.json").stop_leftovers(said.append)
        assert said == [f"stopping child (pid {left.pid}), left over from an earlier run"]
        assert left.wait(timeout=10) == -signal.SIGTERM


def test_a_later_process_with_the_same_pid_is_not_taken_for_a_leftover(
    tmp_path: Path, table: ProcessTable
) -> None:
    program = shell("exec sleep 60")
    with subprocess.Popen(program.argv) as innocent:
        table.add(program, innocent.pid)
        file = tmp_path / "processes.json"
        created = str(psutil.Process(innocent.pid).create_time())
        file.write_text(file.read_text().replace(created, str(time.time() - 1000)))
        ProcessTable(file).stop_leftovers(print)
        assert innocent.poll() is None
        innocent.kill()


async def never() -> bool:
    return False


async def at_once() -> bool:
    return True


def shell(script: str, ready: Probe = at_once) -> Program:
    return Program("child", ("/bin/sh", "-c", script), os.environ, ready=ready)


def test_a_log_that_has_grown_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onhand.cli.files.MAX_LOG_BYTES", 3)
    log = tmp_path / "stock.log"
    for word in (b"one.", b"two.", b"three."):
        with open_log(log) as file:
            file.write(word)
    assert log.read_text() == "three."
    assert (tmp_path / "stock.log.1").read_text() == "two."
