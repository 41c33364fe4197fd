"""Settings from the environment, `ONHAND_…`, all mistakes reported at once.

A setting may also stand in a file of its own, named as its variable in small letters, in the folder that
ONHAND_SECRETS_DIR names: the environment of a process is easier to see than a mounted secret.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import (
    Field,
    PostgresDsn,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound=BaseSettings)
_HTTPS_OR_LOOPBACK = r"^(https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])[:/]\S*)?$"


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
    auth_jwks_file: Path | None = None
    """Public keys of the issuer, JSON Web Key Set. Read again when it changes."""
    auth_jwks_url: Annotated[str, Field(pattern=_HTTPS_OR_LOOPBACK, validate_default=True)] = ""
    """Where the issuer publishes them, in place of a file; https, or a proxy on this machine."""
    auth_jwks_refresh_s: Annotated[float, Field(ge=10, le=86_400)] = 300
    """How often it is asked; protects from a key that was withdrawn. A new key is asked for when it is first seen."""
    auth_leeway_s: Annotated[float, Field(ge=0, le=300)] = 30
    """Clock skew between issuer and us that is forgiven."""
    token_file: Path | None = None
    """The bearer token for calls to other services. Read again when it changes."""
    calls_per_s: Annotated[float, Field(ge=0)] = 5_000
    """Calls of one principal that a process takes a second, twice as many at once; protects all others' turn.
    0: any number. `principals_file` may say otherwise."""
    principals_file: Path | None = None
    """Limits of single principals, and whose client certificate is whose: TOML; see [security](security.md). Read
    again when it changes."""
    tls_certificate_file: Path | None = None
    """PEM, with what leads to its authority; set: TLS. Read again when it changes."""
    tls_key_file: Path | None = None
    """Its private key, PEM."""
    services_ca_file: Path | None = None
    """PEM of the authorities that other services' certificates are checked against; set: they are called with TLS."""

    def services_ca(self) -> bytes | None:
        """Return what other services' certificates are checked against; None: they are called without TLS."""
        return None if self.services_ca_file is None else self.services_ca_file.read_bytes()

    @field_validator("auth_jwks_url")
    @classmethod
    def _one_key_set(cls, value: str, info: ValidationInfo) -> str:
        if (info.data.get("auth_jwks_file") is None) is not bool(value):
            raise ValueError("this or ONHAND_AUTH_JWKS_FILE is needed, and not both")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse to start half-configured."""
        if (self.tls_certificate_file is None) is not (self.tls_key_file is None):
            raise ValueError("ONHAND_TLS_CERTIFICATE_FILE and ONHAND_TLS_KEY_FILE go together")
        return self


class ServiceSettings(Auth):
    """What every gRPC service needs."""

    listen: str
    """host:port of the gRPC server."""
    devices_listen: str = ""
    """host:port of a second door, where callers show a client certificate (mutual TLS) in place of a token."""
    devices_ca_file: Path | None = None
    """PEM of the authorities whose client certificates are taken there."""
    database_url: PostgresDsn
    """`postgresql://user:password@host:port/name`. Several `host:port` with commas between them and
    `?target_session_attrs=read-write` at the end: the one of them that takes writes."""
    nats_url: str
    """`nats://user:password@host:port`. Nodes of a cluster: one such URL each, with commas between them."""
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
    max_connection_calls: Annotated[int, Field(ge=1)] = 1_500
    """Calls under way on one connection; beyond it they wait at the caller. Protects the other connections. An edge
    has all its live streams on one."""
    max_connections: Annotated[int, Field(ge=1)] = 10_000
    """Connections of one process; beyond it new ones are closed. Protects memory and file descriptors."""
    outbox_retention_days: Annotated[float, Field(gt=0)] = 7
    """How long sent events can still be replayed, and duplicates are recognised."""
    trail_retention_days: Annotated[float, Field(gt=0)] = 400
    """How long it can be proved who wrote what, when and from where."""

    @model_validator(mode="after")
    def _whole_door(self) -> Self:
        if self.devices_listen and None in {
            self.devices_ca_file,
            self.tls_certificate_file,
            self.principals_file,
        }:
            raise ValueError(
                "ONHAND_DEVICES_LISTEN needs ONHAND_DEVICES_CA_FILE, ONHAND_TLS_CERTIFICATE_FILE and "
                "ONHAND_PRINCIPALS_FILE too"
            )
        return self


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
