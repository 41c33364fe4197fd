"""What readers report, on its way into the spool."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from llrpkit import TagReport
from tests.unit.gateway.conftest import T0_NS

from onhand.gateway.config import GatewaySettings
from onhand.gateway.readers_file import MqttEntry
from onhand.gateway.sources.intake import Intake
from onhand.gateway.sources.llrp import CLOCK_SET_US, observe
from onhand.gateway.sources.mqtt import MqttSource
from onhand.gateway.spool.writer import SpoolWriter
from onhand.kit.clock import SystemClock
from onhand.kit.errors import InvalidEpc
from onhand.readers import Observation

EPC = bytes.fromhex("3034F8B20001000000000001")


def seen(reader_id: str = "", epc: bytes = EPC, at_ns: int = T0_NS) -> Observation:
    return Observation(reader_id, epc, antenna=1, read_time_ns=at_ns, rssi_cdbm=-5_000)


def test_an_llrp_time_is_the_readers_in_utc_microseconds() -> None:
    report = TagReport(
        epc=EPC, antenna=2, rssi_dbm=-52.25, first_seen_us=CLOCK_SET_US, last_seen_us=CLOCK_SET_US + 7
    )
    found = observe(report, received_ns=T0_NS)
    assert (found.antenna, found.rssi_cdbm) == (2, -5_225)
    assert found.read_time_ns == (CLOCK_SET_US + 7) * 1_000


@pytest.mark.parametrize("seen_us", [None, 12_000_000, CLOCK_SET_US - 1])
def test_without_a_clock_at_the_reader_the_gateways_counts(seen_us: int | None) -> None:
    found = observe(TagReport(epc=EPC, last_seen_us=seen_us), received_ns=T0_NS)
    assert (found.read_time_ns, found.antenna, found.rssi_cdbm) == (T0_NS, 0, 0)


class Spooled(SpoolWriter):
    """Notes what comes by, on its way to the real spool."""

    noted: list[tuple[str, int]]

    async def take(self, reader_id, reads) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        self.noted.append((reader_id, len(reads)))


@pytest.fixture
async def writer(make_settings: Callable[..., GatewaySettings]) -> Spooled:
    writer = await Spooled.open(make_settings(), SystemClock())
    writer.noted = []
    yield writer
    writer.close()
    await writer.run()


async def test_reads_count_for_the_entry_unless_the_message_shall_name_the_reader(writer: Spooled) -> None:
    intake = Intake("dock", "mqtt-impinj", writer, SystemClock())
    await intake.take([seen("impinj-1"), seen("impinj-2"), seen()])
    await intake.take([seen("impinj-1"), seen("impinj-2"), seen()], use_message_name=True)
    assert writer.noted == [("dock", 3), ("impinj-1", 1), ("impinj-2", 1), ("dock", 1)]


async def test_what_the_contract_does_not_allow_is_counted_and_leaves_the_rest_alone(
    writer: Spooled, caplog: pytest.LogCaptureFixture
) -> None:
    intake = Intake("dock", "llrp", writer, SystemClock())
    unusable = [seen(epc=b""), seen(epc=bytes(63)), InvalidEpc("zz", "not_hex", "pairs"), None]
    with caplog.at_level(logging.WARNING):
        await intake.take([*unusable, seen()])
    assert (intake.status.reads, intake.status.refused) == (1, 3)
    assert [record.message for record in caplog.records] == ["a reader sent what is no read"]


async def test_a_readers_clock_that_is_ahead_is_told_once(
    writer: Spooled, caplog: pytest.LogCaptureFixture
) -> None:
    intake = Intake("dock", "llrp", writer, SystemClock())
    ahead_ns = int((SystemClock().now() + timedelta(minutes=3)).timestamp() * 1e9)
    with caplog.at_level(logging.ERROR):
        await intake.take([seen(at_ns=ahead_ns)])
        await intake.take([seen(at_ns=ahead_ns)])
    assert intake.status.clock_ahead_s == pytest.approx(180, abs=5)
    assert len(caplog.records) == 1


async def test_a_message_past_its_limit_is_refused_unparsed(
    writer: Spooled, make_settings: Callable[..., GatewaySettings]
) -> None:
    settings = make_settings(max_message_bytes=1_024)
    entry = MqttEntry(name="dock", kind="mqtt-zebra", host="broker", topic="tags")
    source = MqttSource(entry, Intake("dock", entry.kind, writer, SystemClock()), settings)
    assert source._elements(b" " * 1_025) == []
    assert source._elements(b"no json") == []
    assert source.intake.status.refused == 2
