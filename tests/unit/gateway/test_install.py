"""A store's machine needs the extra `gateway` only."""

from tests.unit.test_install import installed_by, runs_with

USE_GATEWAY = """
import onhand.gateway.main
from onhand.cli.gateway import app
"""


def test_the_gateway_needs_its_own_extra_only() -> None:
    assert runs_with("gateway", USE_GATEWAY) == ""


def test_the_extra_is_light() -> None:
    server_only = {"sqlalchemy", "asyncpg", "nats-py", "numpy", "opentelemetry-sdk", "structlog", "starlette"}
    assert installed_by("gateway") & server_only == set()
