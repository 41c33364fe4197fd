"""The base install is what a channel needs, and no more: the contracts and the clients."""

import os
import subprocess
import sys
import venv
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent

USE_CLIENT = """
from onhand.client import AsyncStock, Notifications, Pickup, Routing, Stock
from onhand.kit.errors import InsufficientStock
from onhand.api.stock.v1.reservations_pb2 import CreateReservationRequest
with Stock("127.0.0.1:1", token="t") as stock:
    assert stock.reservations.CreateReservation
"""

USE_SERVER = """
from importlib import import_module
for service in ("cli", "stock", "routing", "pickup", "notifications", "edge"):
    import_module(f"onhand.{service}.main")
"""

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError(name + " is not part of this install")

sys.meta_path.insert(0, Blocked())
"""


def installed_by(extra: str) -> set[str]:
    """Return the distributions that `pip install onhand[extra]` brings."""
    brought: set[tuple[str, str]] = set()
    waiting = [("onhand", extra), ("onhand", "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in brought:
            continue
        brought.add((name, extra))
        for wanted in map(Requirement, requires(name) or ()):
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(wanted.name), each) for each in ("", *wanted.extras)]
    return {name for name, _ in brought}


def runs_with(extra: str, program: str) -> str:
    """Run a program without what `extra` does not bring; return what went wrong."""
    allowed = installed_by(extra)
    others = {
        module
        for module, distributions in packages_distributions().items()
        if not allowed & {canonicalize_name(each) for each in distributions}
    }
    block = BLOCK.replace("{names}", repr(others))
    done = subprocess.run(
        [sys.executable, "-c", block + program], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr if done.returncode else ""


def test_a_channel_needs_the_base_only() -> None:
    assert runs_with("", USE_CLIENT) == ""


def test_the_services_need_the_extra_server_only() -> None:
    assert runs_with("server", USE_SERVER) == ""


def test_the_base_is_small() -> None:
    base = installed_by("")
    assert "grpcio" in base
    not_here = {"sqlalchemy", "asyncpg", "nats-py", "pydantic", "numpy", "opentelemetry-api", "structlog"}
    assert base & not_here == set()
    assert installed_by("server") >= not_here


def test_the_lock_has_a_version_of_everything() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    locked = {canonicalize_name(line.partition("==")[0]) for line in lines if not line.startswith("#")}
    # pip does not list setuptools, which comes with the environment.
    assert installed_by("dev") - {"onhand", "setuptools"} - locked == set(), "run scripts/lock"


@pytest.mark.long
def test_a_channel_installs_the_base_and_calls(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [python, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "pip", "install", "--quiet", str(ROOT), "-c", str(ROOT / "constraints.txt"))
    run("-c", USE_CLIENT)
    installed = {
        line.partition("==")[0].lower() for line in run("-m", "pip", "list", "--format=freeze").split()
    }
    assert "onhand" in installed
    assert installed & {"sqlalchemy", "asyncpg", "nats-py", "pydantic", "numpy", "opentelemetry-api"} == set()
