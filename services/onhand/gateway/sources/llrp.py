"""Readers that speak LLRP (GS1 Low Level Reader Protocol 1.0.1 and 1.1), by llrpkit.

A reader that was asked to read reports each tag at once and keeps nothing for us: what arrives is written as
fast as it comes, and what was under way when a line was cut is lost. That is the nature of LLRP, where nothing
acknowledges a report.
"""

import asyncio
from contextlib import suppress
from random import Random

from llrpkit import LLRPError, Reader, TagReport
from llrpkit.client import check_status
from llrpkit.inventory import DEFAULT_ROSPEC_ID, build_rospec
from llrpkit.protocol import LLRPMessage, enums, messages

from onhand.gateway import log
from onhand.gateway.backoff import Backoff
from onhand.gateway.config import GatewaySettings
from onhand.gateway.readers_file import LlrpEntry
from onhand.gateway.sources.intake import Intake
from onhand.readers import Observation

TICK_S = 0.5
"""How soon a lost connection is noticed where no report comes."""
MAX_REPORTS = 1_000
"""Reports written together."""
CLOCK_SET_US = 1_577_836_800_000_000
"""2020: a reader whose clock tells an earlier time never had it set since it started."""


class LlrpSource:
    def __init__(self, entry: LlrpEntry, intake: Intake, settings: GatewaySettings, random: Random) -> None:
        self.intake = intake
        self._entry = entry
        self._settings = settings
        self._backoff = Backoff(settings.max_backoff_s, random)

    async def run(self) -> None:
        """Read until cancelled, connecting again whenever the connection ends."""
        while True:
            try:
                await self._session()
            except* (LLRPError, OSError, TimeoutError) as group:
                self.intake.turn("down", str(_first(group)) or type(_first(group)).__name__)
            except* Exception as group:  # noqa: BLE001 - one reader's nonsense must not stop the others
                log.failure("a reader's session failed", group, reader=self._entry.name)
                self.intake.turn("down", repr(_first(group)))
            await self._backoff.pause()

    async def _session(self) -> None:
        timeout_s = self._settings.reader_timeout_s
        reader = Reader(
            self._entry.host, self._entry.port, response_timeout=timeout_s, connect_timeout=timeout_s
        )
        try:
            async with asyncio.timeout(3 * timeout_s):
                await reader.connect()
                # The reader then notices, too, when we are gone, and takes our next connection.
                await reader.set_keepalive(int(self._settings.reader_probe_s * 1_000))
                await self._start(reader)
            self.intake.turn("reading")
            self._backoff.reset()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._probe(reader))
                tasks.create_task(self._receive(reader))
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await reader.close()

    async def _start(self, reader: Reader) -> None:
        """Have the reader read all tags at the entry's antennas until told otherwise."""
        power = self._entry.transmit_power_dbm
        rospec = build_rospec(
            antennas=self._entry.antennas,
            session=self._entry.session,
            transmit_power_index=None if power is None else reader.capabilities.power_index_for_dbm(power),
            enable_impinj_reports=reader.impinj_extensions_enabled,
        )
        with suppress(LLRPError):  # one of our own from before a cut; usually there is none
            check_status(await reader.client.transact(messages.DELETE_ROSPEC(ro_spec_id=DEFAULT_ROSPEC_ID)))
        for message in (
            messages.ADD_ROSPEC(ro_spec=rospec),
            messages.ENABLE_ROSPEC(ro_spec_id=DEFAULT_ROSPEC_ID),
            messages.START_ROSPEC(ro_spec_id=DEFAULT_ROSPEC_ID),
        ):
            check_status(await reader.client.transact(message))

    async def _probe(self, reader: Reader) -> None:
        """Ask the reader something now and then: no answer means that nobody is there any more."""
        while True:
            await asyncio.sleep(self._settings.reader_probe_s)
            await reader.get_config(enums.GetReaderConfigRequestedData.Identification)

    async def _receive(self, reader: Reader) -> None:
        client = reader.client
        lost = 0
        while True:
            reports = []
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    reports.append(await client.reports.get())
            while len(reports) < MAX_REPORTS and not client.reports.empty():
                reports.append(client.reports.get_nowait())
            received_ns = int(self.intake.clock.now().timestamp() * 1_000_000) * 1_000
            await self.intake.take(
                observe(TagReport.from_param(tag), received_ns)
                for report in reports
                for tag in report.tag_report_datas
            )
            if client.dropped_reports > lost:
                self.intake.lost(client.dropped_reports - lost)
                lost = client.dropped_reports
            while not client.events.empty():
                self._hear(client.events.get_nowait())
            if not reports and not client.connected:
                raise LLRPError("the connection was lost")

    def _hear(self, message: LLRPMessage) -> None:
        """Log events that tell of trouble at the reader."""
        if not isinstance(message, messages.READER_EVENT_NOTIFICATION):
            return
        event = message.reader_event_notification_data
        if event.report_buffer_overflow_error_event is not None:
            log.error("the reader's own buffer overflowed: reads were lost", reader=self._entry.name)
        if event.reader_exception_event is not None:
            log.warning(
                "the reader reports a fault",
                reader=self._entry.name,
                error=event.reader_exception_event.message,
            )
        if event.antenna_event is not None:
            connected = int(event.antenna_event.event_type) == int(enums.AntennaEventType.Antenna_Connected)
            log.warning(
                "antenna connected" if connected else "antenna disconnected",
                reader=self._entry.name,
                antenna=event.antenna_event.antenna_id,
            )


def observe(tag: TagReport, received_ns: int) -> Observation:
    """Make a report an observation.

    Its time is the last sight by the reader's clock (UTC microseconds). A reader without a clock tells only
    how long it has been up, or counts from 1970; then it is the time at which the gateway got the report.
    """
    seen_us = tag.last_seen_us or tag.first_seen_us or 0
    return Observation(
        reader_id="",
        epc=tag.epc,
        antenna=tag.antenna or 0,
        read_time_ns=seen_us * 1_000 if seen_us >= CLOCK_SET_US else received_ns,
        rssi_cdbm=0 if tag.rssi_dbm is None else round(tag.rssi_dbm * 100),
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first failure in a group of them, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
