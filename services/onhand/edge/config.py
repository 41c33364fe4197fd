"""Settings of the edge."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from onhand.kit.config import Auth


class EdgeSettings(Auth):
    listen: str
    """host:port of the HTTP server."""
    stock_target: str
    routing_target: str
    pickup_target: str
    notifications_target: str
    public_url: Annotated[str, Field(pattern=r"^(https?://[^/\s]+)?$")] = ""
    """Where people's browsers find this edge, for example `https://onhand.example`. With https, cookies are
    sent over TLS only; unset, for development, they are not marked so."""
    customer_links_key_file: Path | None = None
    """Keys that sign the links of customers' pages, one a line of at least 32 characters: the first signs, all are
    accepted, so that a new first line rotates. Unset: there are no customers' pages."""
    drain_s: Annotated[int, Field(ge=0, le=300)] = 8
    """Time that requests under way get at SIGTERM before they are cut."""
    stock_timeout_s: Annotated[float, Field(gt=0, le=60)] = 10
    """Longest one call to a service takes, all its attempts together; protects ingest slots."""
    health_timeout_s: Annotated[float, Field(gt=0, le=10)] = 1
    """Longest a service may take to say that it is well; protects the probes' own time-outs."""
    keep_alive_s: Annotated[int, Field(ge=1, le=600)] = 65
    """How long an idle connection stays open. Readers post every few seconds on one connection."""
    max_connections: Annotated[int, Field(ge=1)] = 2_000
    """Open connections of one process, watchers included; beyond it requests get 503."""
    header_timeout_s: Annotated[float, Field(gt=0, le=120)] = 10
    """Longest a client may take to send the head of a request; protects connections from clients that drip."""
    max_header_bytes: Annotated[int, Field(ge=4_096, le=1 << 20)] = 32 << 10
    """Largest request line and headers together; protects memory."""
    max_body_bytes: Annotated[int, Field(ge=1_024, le=64 << 20)] = 4 << 20
    """Largest body on the wire; protects memory. 10,000 R700 events are about 3.5 MB, 0.3 MB with gzip."""
    max_inflated_bytes: Annotated[int, Field(ge=1_024, le=256 << 20)] = 8 << 20
    """Largest body after decompression; a decompression bomb ends here with 413."""
    max_events: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    """Events of one body; protects memory from many tiny ones."""
    body_timeout_s: Annotated[float, Field(gt=0, le=600)] = 30
    """Longest a client may take to send its body; protects ingest slots from slow clients."""
    max_ingests: Annotated[int, Field(ge=1)] = 32
    """Bodies that are read and recorded at once; beyond it readers get 503 and send again. Protects
    memory: each may need about ten times `max_inflated_bytes` while it is parsed."""
    max_watchers: Annotated[int, Field(ge=1)] = 1_000
    """Live streams of one process; protects stock and pickup, where each is a stream too."""
    max_feeds: Annotated[int, Field(ge=1)] = 4
    """Feeds of local inventory that are made at once; beyond it callers get 503. Protects stock, of which each reads
    all cells."""
    watch_duration_s: Annotated[float, Field(gt=0)] = 3_600
    """Longest a live stream lasts before its client must ask, and be authorised, again."""
    epcis_max_bytes: Annotated[int, Field(ge=1_024, le=4_000_000)] = 2_000_000
    """Largest EPCIS document after decompression; protects stock, where it is read as a whole."""
    epcis_max_events: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Events of one EPCIS document as callers are told: what stock's setting of this name says."""

    @field_validator("customer_links_key_file")
    @classmethod
    def _token_with_links(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        """Refuse to start half-configured: a customer has no token, so the edge shows its own."""
        if value is not None and info.data.get("token_file") is None:
            raise ValueError("needs ONHAND_TOKEN_FILE too")
        return value
