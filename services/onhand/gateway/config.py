"""Settings of the gateway, from the environment."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1 << 20


class GatewaySettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ONHAND_", frozen=True)

    stock_target: str
    """host:port of stock."""
    token_file: Path | None = None
    """The bearer token, of scope reads.write for this store. Read again for each connection."""
    stock_certificate_file: Path | None = None
    """PEM of a certificate to show at stock's door for devices, in place of a token."""
    stock_key_file: Path | None = None
    """Its private key, PEM."""
    readers_file: Path
    """TOML; see `onhand.gateway.readers_file`."""
    spool_dir: Path
    """Where reads wait for their acknowledgement: a local disk, of this gateway alone."""
    stock_root_certificates: Path | None = None
    """PEM file of the authorities that stock's certificate is checked against; set: TLS."""
    stock_plaintext: bool = False
    """Allow a stock on another machine without TLS. The token then crosses the network in the clear."""
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    max_spool_bytes: Annotated[int, Field(ge=16 * MIB)] = 2048 * MIB
    """Most that waiting reads take; protects the disk. A read is about 50 bytes: by default some 40 million,
    a week of 65 a second. SQLite's log beside it takes some 10 MiB more."""
    thin_window_s: Annotated[float, Field(gt=0, le=3_600)] = 60
    """When the spool is full, of a tag at an antenna the first and the last sight in each window of this
    length stay. Longer keeps more of an outage, and knows less exactly when a tag moved."""
    commit_interval_s: Annotated[float, Field(ge=0.01, le=5)] = 0.2
    """Longest a read waits to be written with others; protects flash storage from a flush a read. It is also
    what a power cut may cost of readers that cannot send again (LLRP)."""
    max_batch_reads: Annotated[int, Field(ge=1, le=10_000)] = 2_000
    """Reads of one message to stock."""
    max_pending_reads: Annotated[int, Field(ge=1_000, le=1_000_000)] = 50_000
    """Reads in memory before they are written; beyond it readers wait. Protects memory."""
    max_in_flight_batches: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Batches sent and not yet acknowledged; hides the line's latency, protects memory on both sides."""
    ack_timeout_s: Annotated[float, Field(gt=0, le=600)] = 60
    """Longest stock may take to acknowledge the next batch before the stream is opened anew."""
    max_backoff_s: Annotated[float, Field(ge=1, le=300)] = 30
    """Longest pause between attempts to reach stock, or a reader. Pauses double from half a second."""
    max_batch_attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    """Attempts at a batch that makes stock fail (INTERNAL) before it is set aside for the others' sake."""
    reader_timeout_s: Annotated[float, Field(gt=0, le=120)] = 10
    """Longest a reader may take to accept a connection or to answer."""
    reader_probe_s: Annotated[float, Field(gt=0, le=600)] = 10
    """How often a connection to a reader is tried: a pulled cable is noticed within this and the time-out."""
    max_message_bytes: Annotated[int, Field(ge=1_024, le=64 * MIB)] = 4 * MIB
    """Largest MQTT message that is parsed; protects memory. 10,000 R700 events are about 3.5 MB."""
    max_message_events: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    """Events of one MQTT message; protects memory from many tiny ones."""
    max_unwritten_messages: Annotated[int, Field(ge=1, le=10_000)] = 100
    """MQTT messages of one reader that wait to be written; beyond it the broker's connection waits."""
    status_interval_s: Annotated[float, Field(ge=0.1, le=600)] = 10
    """How often the state of readers, line and spool is written down and, when it changed, logged."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        files = (self.stock_certificate_file, self.stock_key_file)
        if self.token_file is None and None in files:
            raise ValueError(
                "ONHAND_TOKEN_FILE is needed, or ONHAND_STOCK_CERTIFICATE_FILE and ONHAND_STOCK_KEY_FILE"
            )
        if files != (None, None) and (None in files or self.stock_root_certificates is None):
            raise ValueError(
                "ONHAND_STOCK_CERTIFICATE_FILE needs ONHAND_STOCK_KEY_FILE and ONHAND_STOCK_ROOT_CERTIFICATES too"
            )
        return self

    @model_validator(mode="after")
    def _no_token_in_the_clear(self) -> Self:
        if (
            self.stock_root_certificates is None
            and not self.stock_plaintext
            and not _is_local(self.stock_target)
        ):
            raise ValueError(
                "ONHAND_STOCK_TARGET is another machine: set ONHAND_STOCK_ROOT_CERTIFICATES for TLS, "
                "or ONHAND_STOCK_PLAINTEXT=true where the network itself is encrypted"
            )
        return self


def _is_local(target: str) -> bool:
    host = target.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
