"""Spools in a folder of the test, and reads to fill them with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway.config import GatewaySettings

MINUTE_NS = 60 * 1_000_000_000
T0_NS = 1_790_000_040 * 1_000_000_000
"""The beginning of a minute."""


def read(tag: int, at_ns: int = T0_NS, antenna: int = 1) -> pb.Read:
    each = pb.Read(epc=tag.to_bytes(12, "big"), antenna=antenna, rssi_cdbm=-5_000)
    each.read_time.seconds, each.read_time.nanos = divmod(at_ns, 1_000_000_000)
    return each


def batch(*tags: int, reader: str = "dock", at_ns: int = T0_NS) -> pb.RecordReadsRequest:
    return pb.RecordReadsRequest(reader_id=reader, reads=[read(tag, at_ns) for tag in tags])


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., GatewaySettings]:
    def make(**overrides: Any) -> GatewaySettings:
        token = tmp_path / "token"
        token.write_text("token")
        return GatewaySettings(
            **{
                "stock_target": "127.0.0.1:1",
                "token_file": token,
                "readers_file": tmp_path / "readers.toml",
                "spool_dir": tmp_path / "spool",
                "commit_interval_s": 0.01,
                **overrides,
            }
        )

    return make
