"""Settings from the environment, `ONHAND_…`, all mistakes reported at once.

A setting may also stand in a file of its own, named as its variable in small letters, in the folder that
ONHAND_SECRETS_DIR names: the environment of a process is easier to see than a mounted secret.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, PostgresDsn, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound=BaseSettings)


class Migration(BaseSettings):
    """What a migration needs."""

    model_config = SettingsConfigDict(env_prefix="ONHAND_")

    database_url: PostgresDsn


class Telemetry(BaseSettings):
    """How a process tells what it does."""

    model_config = SettingsConfigDict(env_prefix="ONHAND_", frozen=True)

    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    otlp_endpoint: str = ""
    """Where traces go (OTLP over gRPC); empty: nowhere, but trace ids still pass through."""
    trace_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of traces that start here and are kept; protects the collector."""
    metrics_listen: str = ""
    """host:port that serves Prometheus metrics; empty: none."""


class Auth(Telemetry):
    """Whose tokens are accepted, and whose token this process shows to others."""

    auth_issuer: str
    auth_audience: str = "onhand"
    auth_jwks_file: Path
    """Public keys of the issuer, JSON Web Key Set. Read again when it changes."""
    auth_leeway_s: Annotated[float, Field(ge=0, le=300)] = 30
    """Clock skew between issuer and us that is forgiven."""
    token_file: Path | None = None
    """The bearer token for calls to other services. Read again when it changes."""


class ServiceSettings(Auth):
    """What every gRPC service needs."""

    listen: str
    """host:port of the gRPC server."""
    database_url: PostgresDsn
    nats_url: str
    nats_replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """On how many nodes of a NATS cluster events are kept; streams that have fewer get more."""
    share_port: bool = False
    """Others may listen on the same port (SO_REUSEPORT), as `onhand serve --workers` has it."""
    environment: Annotated[str, Field(pattern="^(development|production)$")] = "production"
    database_pool_size: Annotated[int, Field(ge=1, le=200)] = 16
    """Connections a process holds at most; protects PostgreSQL's `max_connections`."""
    database_timeout_s: Annotated[float, Field(gt=0, le=300)] = 10
    """Longest statement, lock wait, or wait for a connection; protects the relay from long writers."""
    drain_s: Annotated[float, Field(ge=0, le=300)] = 8
    """Time that calls under way get at SIGTERM before they are cut."""
    default_deadline_s: Annotated[float, Field(gt=0, le=600)] = 30
    """Longest a unary call may take, whatever deadline its caller sets; protects connections."""
    max_message_bytes: Annotated[int, Field(ge=65_536, le=64 << 20)] = 4 << 20
    """Largest message taken; protects memory. 10,000 reads are about 0.5 MB."""
    max_concurrent_calls: Annotated[int, Field(ge=1)] = 2_000
    """Calls under way in one process; beyond it callers get RESOURCE_EXHAUSTED."""
    outbox_retention_days: Annotated[float, Field(gt=0)] = 7
    """How long sent events can still be replayed, and duplicates are recognised."""
    trail_retention_days: Annotated[float, Field(gt=0)] = 400
    """How long it can be proved who wrote what, when and from where."""


def load(kind: type[S]) -> S:
    """Read settings, or say all that is wrong with them and exit with 2."""
    try:
        return kind(_secrets_dir=os.environ.get("ONHAND_SECRETS_DIR"))
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        print("onhand: the settings are not usable:", file=sys.stderr)  # noqa: T201
        for each in error.errors(include_url=False, include_input=False):
            where = "_".join(str(part) for part in each["loc"]).upper()
            # A rule about several settings stands in no one place; its message names them.
            named = f"{prefix}{where}: " if where else ""
            print(f"  {named}{each['msg']}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
