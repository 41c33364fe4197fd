"""From what a reader reports to the spool: checked against the contract, counted, durable."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import protovalidate

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway import log
from onhand.gateway.spool.writer import SpoolWriter
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError
from onhand.readers import Element, Observation

REFUSALS_TOLD = timedelta(minutes=1)
"""How often the same reader's unusable events are logged."""
AHEAD = timedelta(seconds=60)
"""A reader's clock further ahead than this is warned of; stock refuses reads from 5 minutes ahead."""


@dataclass
class SourceStatus:
    """How a reader is, for people."""

    name: str
    kind: str
    state: str = "connecting"
    """connecting, reading, or down."""
    detail: str = ""
    since: str = ""
    reads: int = 0
    """Taken since the gateway started."""
    refused: int = 0
    """Events that are no read as the contract knows them."""
    lost_reports: int = 0
    """Reports that came faster than they could be written."""
    last_read_time: str = ""
    """When the last read came, by the gateway's clock."""
    clock_ahead_s: float = 0
    """How far the reader's clock was ahead of the gateway's at the last read; negative: behind, or late."""


class Intake:
    def __init__(self, name: str, kind: str, writer: SpoolWriter, clock: Clock) -> None:
        self.status = SourceStatus(name, kind, since=clock.now().isoformat())
        self.clock = clock
        self._writer = writer
        self._told = clock.now() - REFUSALS_TOLD
        self._warned_ahead = False

    def turn(self, state: str, detail: str = "") -> None:
        """Note a change of the connection."""
        if (self.status.state, self.status.detail) == (state, detail):
            return
        self.status.state, self.status.detail = state, detail
        self.status.since = self.clock.now().isoformat()
        tell = log.warning if state == "down" else log.info
        tell(f"reader {state}", reader=self.status.name, detail=detail)

    async def take(self, elements: Iterable[Element], *, use_message_name: bool = False) -> None:
        """Return when all that are reads are durable; what is none is counted and logged.

        They count as reads of the entry in the readers' file, or of whom the message names.
        """
        reads: dict[str, list[pb.Read]] = {}
        latest_ns = 0
        for element in elements:
            if isinstance(element, Observation):
                name = (element.reader_id if use_message_name else "") or self.status.name
                try:
                    read = _read(element)
                    if name not in reads:
                        protovalidate.validate(pb.RecordReadsRequest(reader_id=name))
                        reads[name] = []
                except protovalidate.ValidationError as error:
                    self.refuse(str(error.violations[0].proto.message))
                else:
                    reads[name].append(read)
                    latest_ns = max(latest_ns, element.read_time_ns)
            elif isinstance(element, OnhandError):
                self.refuse(element.message)
        for name, each in reads.items():
            await self._writer.take(name, each)
            self.status.reads += len(each)
        if reads:
            self._note(latest_ns)

    def refuse(self, why: str) -> None:
        self.status.refused += 1
        self._writer.count(unusable_events=1)
        if self.clock.now() - self._told >= REFUSALS_TOLD:
            self._told = self.clock.now()
            log.warning(
                "a reader sent what is no read",
                reader=self.status.name,
                error=why,
                refused=self.status.refused,
            )

    def lost(self, reports: int) -> None:
        """Note reports that are lost for good."""
        self.status.lost_reports += reports
        self._writer.count(lost_reports=reports)
        log.error("a reader's reports were lost", reader=self.status.name, reports=reports)

    def _note(self, latest_ns: int) -> None:
        now = self.clock.now()
        self.status.last_read_time = now.isoformat()
        self.status.clock_ahead_s = round(latest_ns / 1e9 - now.timestamp(), 3)
        ahead = self.status.clock_ahead_s > AHEAD.total_seconds()
        if ahead and not self._warned_ahead:
            log.error(
                "a reader's clock is ahead: stock refuses reads from more than 5 minutes ahead",
                reader=self.status.name,
                ahead_s=self.status.clock_ahead_s,
            )
        self._warned_ahead = ahead


def _read(observation: Observation) -> pb.Read:
    read = pb.Read(epc=observation.epc, antenna=observation.antenna, rssi_cdbm=observation.rssi_cdbm)
    read.read_time.seconds, read.read_time.nanos = divmod(observation.read_time_ns, 1_000_000_000)
    protovalidate.validate(read)
    return read
