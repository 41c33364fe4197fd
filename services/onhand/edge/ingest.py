"""Observations to stock, batched by reader; what is answered as accepted is durable there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import grpc

from onhand.api.stock.v1 import reads_pb2
from onhand.client import AsyncStock
from onhand.edge.problem import restored
from onhand.kit import telemetry
from onhand.kit.errors import (
    InvalidField,
    NotFound,
    OnhandError,
    TooMany,
    UnknownLocation,
    WrongLocation,
)
from onhand.kit.interceptors import check
from onhand.readers import Element, Observation
from onhand.readers.document import malformed

BATCH = 10_000
"""Reads a call; the contract's limit."""
LASTING = (InvalidField, TooMany, NotFound, UnknownLocation, WrongLocation)
"""Failures that the same batch would meet again: one reader's must not hold back the others'."""
MAX_REFUSALS = 100
"""Refusals told one by one, as many as stock tells; the count is always whole."""

_events = telemetry.meter.create_counter(
    "onhand.ingest.events", description="Events that readers posted, by format and what became of them"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    index: int
    """Of the event in the body, from 0."""
    reason: str
    message: str


@dataclass(slots=True)
class Outcome:
    """What became of one body, event by event."""

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    ignored: int = 0
    """Events that are no sight of a tag."""
    unknown_items: int = 0
    """Of the accepted and repeated, tags of no known item."""
    revision: int = 0
    """Of stock, after the last batch that changed something; 0 when nothing did."""
    refusals: list[Refusal] = field(default_factory=list)
    """The first 100."""

    def refuse(self, index: int, error: OnhandError) -> None:
        self.refused += 1
        self.tell(Refusal(index, error.reason, error.message))

    def tell(self, refusal: Refusal) -> None:
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(refusal)


@dataclass(slots=True)
class _Batch:
    request: reads_pb2.RecordReadsRequest
    indexes: list[int] = field(default_factory=list)
    """Where in the body each read came from."""


async def record(stock: AsyncStock, format_name: str, elements: Sequence[Element], caller: str) -> Outcome:
    """Record all that can be, reader by reader in the order of the body.

    `caller` is the reader's name for events that name none. A failure that may pass (stock does not
    answer) is raised at once: the sender repeats the whole body, and what was recorded before it changes
    nothing again. A lasting failure of one reader's batch refuses its events; it is raised only when
    nothing else was recorded.
    """
    outcome = Outcome()
    recorded, failure = False, None
    for batch in _batches(elements, caller, outcome):
        try:
            response = await stock.reads.RecordReads(batch.request)
        except (OnhandError, grpc.aio.AioRpcError) as error:
            failure = restored(error)
            if not isinstance(failure, LASTING):
                raise failure from error
            for index in batch.indexes:
                outcome.refuse(index, failure)
        else:
            recorded = True
            _add(outcome, response, batch.indexes)
    if failure is not None and not recorded:
        raise failure
    outcome.refusals.sort(key=lambda refusal: refusal.index)
    for result in ("accepted", "repeated", "refused", "ignored"):
        if count := getattr(outcome, result):
            _events.add(count, {"format": format_name, "result": result})
    return outcome


def _batches(elements: Sequence[Element], caller: str, outcome: Outcome) -> Iterator[_Batch]:
    """Yield requests of at most 10,000 reads of one reader each; count the elements that need none."""
    by_reader: dict[str, list[tuple[int, Observation]]] = {}
    for index, element in enumerate(elements):
        if element is None:
            outcome.ignored += 1
        elif isinstance(element, OnhandError):
            outcome.refuse(index, element)
        else:
            by_reader.setdefault(element.reader_id or caller, []).append((index, element))
    for reader_id, seen in by_reader.items():
        for start in range(0, len(seen), BATCH):
            batch = _batch(reader_id, seen[start : start + BATCH], outcome)
            if batch.indexes:
                yield batch


def _batch(reader_id: str, seen: Sequence[tuple[int, Observation]], outcome: Outcome) -> _Batch:
    """Make one request of what the contract's rules allow, and refuse the rest: stock would refuse it all."""
    try:
        batch = _Batch(_request(reader_id))
    except OnhandError as error:
        for index, _ in seen:
            outcome.refuse(index, error)
        return _Batch(reads_pb2.RecordReadsRequest())
    for index, observation in seen:
        try:
            batch.request.reads.append(check(_read(observation)))
            batch.indexes.append(index)
        except OnhandError as error:
            outcome.refuse(index, error)
    return batch


def _request(reader_id: str) -> reads_pb2.RecordReadsRequest:
    if not reader_id.isprintable():
        raise malformed("reader_id", "printable characters are expected")
    return check(reads_pb2.RecordReadsRequest(reader_id=reader_id))


def _read(observation: Observation) -> reads_pb2.Read:
    read = reads_pb2.Read(epc=observation.epc, antenna=observation.antenna, rssi_cdbm=observation.rssi_cdbm)
    read.read_time.seconds, read.read_time.nanos = divmod(observation.read_time_ns, 1_000_000_000)
    return read


def _add(outcome: Outcome, response: reads_pb2.RecordReadsResponse, indexes: Sequence[int]) -> None:
    outcome.accepted += response.accepted_count
    outcome.repeated += response.repeated_count
    outcome.refused += response.refused_count
    outcome.unknown_items += response.unknown_item_count
    outcome.revision = max(outcome.revision, response.revision)
    for each in response.refusals:
        outcome.tell(Refusal(indexes[each.index], each.reason, each.message))
