"""The way in: batches of all streams are taken together, and what is news of them is written together.

Repeats, which nearly all reads are, touch memory only and are answered at once. What is news waits for a
transaction, which it shares with all that came while those before were under way.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from onhand.kit import telemetry, trail
from onhand.kit.errors import Contention, DatabaseUnavailable
from onhand.kit.waiting import set_or_after
from onhand.stock.domain.model import ReadResult, ZoneKind
from onhand.stock.domain.reads import News, Placed, ReadColumns
from onhand.stock.domain.reads.columns import Ints, from_us, to_us
from onhand.stock.domain.reads.sights import Belief, Sight
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.gather import Gatherer
from onhand.stock.use_cases.recording import Recorder, one_place_a_tag

MAX_REFUSALS = 100
"""Refusals that an answer spells out; the count tells the rest."""
PATIENCE_S = 0.01
"""While a transaction is under way, batches wait this long to be taken together: one look at a hundred of
them costs little more than at one."""
MAX_GROUP_READS = 10_000
"""Reads looked at at once, or one batch; protects everybody else's latency."""
MAX_UNWRITTEN = 2_000
"""Sights that wait to be written; beyond them nothing more is looked at. Keeps transactions short."""
MAX_GROUP_NEWS = 1_000
"""Groups whose news is written in one transaction at most; `MAX_UNWRITTEN` is reached sooner."""

WRITERS = 2
"""Transactions under way at a time: while the database works on one, the next is prepared. Each has locations of
its own, so that none waits for another's cells."""

_reads = telemetry.meter.create_counter("onhand.reads", description="Reads, by what became of them")


class Layout:
    """Where the antennas of a reader look."""

    def __init__(self, points: dict[int, tuple[str, str, ZoneKind]]) -> None:
        self.points = points
        self.locations = sorted({location for location, _, _ in points.values()})
        self.zones: dict[str, list[tuple[str, ZoneKind]]] = {}
        """By location."""
        self.zone_of: dict[str, npt.NDArray[np.int16]] = {}
        """By location: for each antenna the index of its zone, -1 for those that look elsewhere."""
        for location_id in self.locations:
            zones = sorted({(zone, kind) for place, zone, kind in points.values() if place == location_id})
            rest = points.get(0)
            table = np.full(256, -1, dtype=np.int16)
            for antenna in range(256):
                place, zone, kind = points.get(antenna) or rest or ("", "", ZoneKind.TRANSITION)
                if place == location_id:
                    table[antenna] = zones.index((zone, kind))
            self.zones[location_id], self.zone_of[location_id] = zones, table


@dataclass(slots=True)
class Batch:
    """Reads of one reader that are answered together."""

    reader_id: str
    layout: Layout
    columns: Sequence[ReadColumns]
    actor: str
    result: ReadResult = field(default_factory=ReadResult)
    calls: tuple[trail.Call, ...] = field(default_factory=trail.acting)
    context: Context = field(default_factory=copy_context)

    def __len__(self) -> int:
        return sum(map(len, self.columns))


@dataclass(frozen=True, slots=True)
class _Written:
    revision: int
    unknown: frozenset[bytes]
    """EPCs of no known item."""


_Writer = Gatherer[tuple[News, dict[str, str]], _Written]


class Intake:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._waiting: deque[tuple[Batch, asyncio.Future[ReadResult]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._writers = [Gatherer(self._write_all, MAX_GROUP_NEWS) for _ in range(WRITERS)]
        self._writer_of: dict[str, int] = {}
        """By location."""
        self._under_way: dict[bytes, tuple[int, int]] = {}
        """Of EPCs that are being written: by which writer, and how often they wait for it."""
        self._writing: set[asyncio.Task[None]] = set()
        self._unwritten = 0
        self._idle = asyncio.Event()

    def record(self, batch: Batch) -> asyncio.Future[ReadResult]:
        """Take a batch; the future is done when all of it is durable.

        It fails with DatabaseUnavailable or Contention when it was not recorded, or not known to be.
        """
        future: asyncio.Future[ReadResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return future

    async def write(self, news: News) -> None:
        """Write news that no batch waits for."""
        await self._submit(news, {})

    async def _work(self) -> None:
        try:
            while self._waiting:
                if self._writing:
                    await set_or_after(self._idle, PATIENCE_S)
                while self._unwritten > MAX_UNWRITTEN:
                    self._idle.clear()
                    await self._idle.wait()
                group: list[tuple[Batch, asyncio.Future[ReadResult]]] = []
                reads = 0
                while self._waiting and (not group or reads + len(self._waiting[0][0]) <= MAX_GROUP_READS):
                    group.append(self._waiting.popleft())
                    reads += len(group[-1][0])
                try:
                    self._take(group)
                except Exception as error:  # noqa: BLE001  each caller is told
                    for _, future in group:
                        _fail(future, error)
        finally:
            self._worker = None

    def _take(self, group: Sequence[tuple[Batch, asyncio.Future[ReadResult]]]) -> None:
        """Look at a group of batches; answer those without news, and have that of the others written."""
        batches = [batch for batch, _ in group]
        news, waits = self._look(batches)
        late: list[tuple[Batch, asyncio.Future[ReadResult]]] = []
        done: list[tuple[Batch, asyncio.Future[ReadResult]]] = []
        for pair, waits_for_it in zip(group, waits, strict=True):
            (late if waits_for_it else done).append(pair)
        _answer(done)
        if late or news.beliefs:
            self._idle.clear()
            self._unwritten += len(news.sights)
            # In the trace of the first who waits, not of whoever woke the worker some groups ago.
            first = late[0][0] if late else batches[0]
            task = asyncio.create_task(self._finish(batches, late, news), context=first.context)
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _finish(
        self, batches: Sequence[Batch], late: list[tuple[Batch, asyncio.Future[ReadResult]]], news: News
    ) -> None:
        """Write the news of a group and answer those who wait for it."""
        try:
            actors = {batch.reader_id: batch.actor for batch, _ in late}
            _tell(batches, news, await self._submit(news, actors, batches))
        except (DatabaseUnavailable, Contention) as error:
            for _, future in late:
                _fail(future, error)
        except Exception as error:  # noqa: BLE001  one bad batch must not fail the others
            telemetry.log.warning(
                "news could not be written together: each batch goes alone", error=repr(error)
            )
            for batch, future in late:
                await self._alone(batch, future)
        else:
            _answer(late)
        finally:
            self._unwritten -= len(news.sights)
            self._idle.set()

    async def _alone(self, batch: Batch, future: asyncio.Future[ReadResult]) -> None:
        """Take a batch once more, and write it by itself: what of it was not written is still news."""
        batch.result = ReadResult()
        trail.act_for(batch.calls)
        try:
            news, _ = self._look([batch])
            _tell([batch], news, await self._write(news, {batch.reader_id: batch.actor}))
        except Exception as error:  # noqa: BLE001  its caller is told
            _fail(future, error)
        else:
            _answer([(batch, future)])

    # In memory

    def _look(self, batches: Sequence[Batch]) -> tuple[News, list[bool]]:
        """Give reads their place, drop repeats; returns what is news, and which batches it is of."""
        now = self._deps.clock.now()
        placed: list[Placed] = []
        for numbers, columns in _together(batches):
            placed += self._place(batches, numbers, columns)
        news, dues = self._deps.tracker.take(placed, now)
        waits = np.zeros(len(batches), dtype=np.bool_)
        accepted = np.zeros(len(batches), dtype=np.int64)
        for each, due in zip(placed, dues, strict=True):
            waits[each.batches[due.reads]] = True
            accepted += np.bincount(each.batches[due.first], minlength=len(batches))
        for batch, count in zip(batches, accepted.tolist(), strict=True):
            batch.result.accepted = count
            batch.result.repeated = len(batch) - count - batch.result.refused
        return news, waits.tolist()

    def _place(self, batches: Sequence[Batch], numbers: Ints, columns: ReadColumns) -> list[Placed]:
        """Give reads of one reader their places, and refuse those that have none or a time that cannot be."""
        deps, batch = self._deps, batches[int(numbers[0])]
        now = deps.clock.now()
        antennas = np.bincount(columns.antennas, minlength=1)
        deps.read_counts.add(
            batch.reader_id, [(each, int(antennas[each])) for each in np.flatnonzero(antennas).tolist()], now
        )
        oldest = to_us(now - timedelta(seconds=deps.settings.read_max_age_s))
        newest = to_us(now + timedelta(seconds=deps.settings.read_max_ahead_s))
        timely = (columns.times_us >= oldest) & (columns.times_us <= newest)
        found, adopted = [], np.zeros(len(columns), dtype=np.bool_)
        for location_id in batch.layout.locations:
            zone = batch.layout.zone_of[location_id][columns.antennas]
            here = zone >= 0
            adopted |= here
            here &= timely
            # Most readers look at one place, and their clocks are not days off.
            of = slice(None) if here.all() else np.flatnonzero(here)
            if here.any():
                found.append(
                    Placed(
                        batch.reader_id,
                        location_id,
                        batch.layout.zones[location_id],
                        numbers[of],
                        columns.epcs[of],
                        zone[of],
                        columns.times_us[of],
                        columns.rssi_cdbm[of],
                    )
                )
        for position in np.flatnonzero(~(adopted & timely)).tolist():
            result = batches[int(numbers[position])].result
            index = int(columns.indexes[position])
            if not adopted[position]:
                antenna = int(columns.antennas[position])
                _refuse(
                    result, index, "UNKNOWN_READER", f"{batch.reader_id} antenna {antenna} is not adopted"
                )
            else:
                time = from_us(int(columns.times_us[position])).isoformat()
                _refuse(result, index, "INVALID_FIELD", f"read_time {time} is too far from now")
        return found

    # In the database

    async def _submit(self, news: News, actors: dict[str, str], batches: Sequence[Batch] = ()) -> _Written:
        """Have news written, each by the writer of its location.

        Of a tag that two locations report at once, the later one must find what the first one wrote: while a
        tag is being written, whatever comes of it goes to the same writer, which takes one after the other.
        """
        parts = [News() for _ in self._writers]
        for sight in news.sights:
            parts[self._writer(sight)].sights.append(sight)
        for belief in news.beliefs:
            parts[self._writer(belief)].beliefs.append(belief)
        try:
            written = await asyncio.gather(
                *(
                    _hand_over(writer, part, actors, batches)
                    for writer, part in zip(self._writers, parts, strict=True)
                    if part.sights or part.beliefs
                ),
                return_exceptions=True,
            )
        finally:
            for epc in (*(each.epc for each in news.sights), *(each.epc for each in news.beliefs)):
                self._leave(epc)
        done = [each for each in written if isinstance(each, _Written)]
        for each in written:
            if isinstance(each, BaseException):
                raise each
        return _Written(
            max((each.revision for each in done), default=0),
            frozenset().union(*(each.unknown for each in done)),
        )

    def _writer(self, of: Sight | Belief) -> int:
        writer, waiting = self._under_way.get(of.epc) or (
            self._writer_of.setdefault(of.location_id, len(self._writer_of) % WRITERS),
            0,
        )
        self._under_way[of.epc] = writer, waiting + 1
        return writer

    def _leave(self, epc: bytes) -> None:
        writer, waiting = self._under_way[epc]
        if waiting == 1:
            del self._under_way[epc]
        else:
            self._under_way[epc] = writer, waiting - 1

    async def _write_all(self, group: Sequence[tuple[News, dict[str, str]]]) -> Sequence[_Written]:
        news, actors = News(), dict[str, str]()
        for each, posted_by in group:
            news.sights += each.sights
            news.beliefs += each.beliefs
            actors |= posted_by
        return [await self._write(news, actors)] * len(group)

    async def _write(self, news: News, actors: dict[str, str]) -> _Written:
        """Write news, in one transaction unless a tag is seen at two locations.

        The later one of these must find what the first one wrote.
        """
        revision, unknown = 0, frozenset[bytes]()
        while news.sights or news.beliefs:
            now, news = one_place_a_tag(news)
            recorder = Recorder(self._deps, now, actors)
            revision = await self._deps.database.transaction(recorder.run)
            unknown |= recorder.unknown
            if recorder.books is not None:
                self._deps.tracker.recorded(recorder.books, now.sights)
        return _Written(revision, unknown)


async def _hand_over(
    writer: _Writer, part: News, actors: dict[str, str], batches: Sequence[Batch]
) -> _Written:
    """Have a part of news written, for the calls that brought it."""
    numbers = dict.fromkeys(sight.batch for sight in part.sights) if batches else ()
    trail.act_for(call for number in numbers for call in batches[number].calls)
    return await writer.submit((part, actors))


def _together(batches: Sequence[Batch]) -> Iterator[tuple[Ints, ReadColumns]]:
    """Put the reads of each reader and EPC length together; gives which batch each read is of."""
    groups: dict[tuple[str, int], list[tuple[int, ReadColumns]]] = {}
    for number, batch in enumerate(batches):
        for columns in batch.columns:
            if len(columns):
                groups.setdefault((batch.reader_id, columns.epcs.shape[1]), []).append((number, columns))
    for found in groups.values():
        sizes = [len(columns) for _, columns in found]
        numbers = np.repeat(np.array([number for number, _ in found]), sizes)
        yield (
            numbers,
            ReadColumns(
                np.concatenate([columns.epcs for _, columns in found]),
                np.concatenate([columns.antennas for _, columns in found]),
                np.concatenate([columns.times_us for _, columns in found]),
                np.concatenate([columns.rssi_cdbm for _, columns in found]),
                np.concatenate([columns.indexes for _, columns in found]),
            ),
        )


def _tell(batches: Sequence[Batch], news: News, written: _Written) -> None:
    """Put into the results what only the database could tell."""
    for batch in batches:
        batch.result.revision = written.revision
    if written.unknown:
        for sight in news.sights:
            batches[sight.batch].result.unknown_items += sight.epc in written.unknown


def _answer(group: Sequence[tuple[Batch, asyncio.Future[ReadResult]]]) -> None:
    counts = dict.fromkeys(("accepted", "repeated", "refused"), 0)
    for batch, future in group:
        for outcome in counts:
            counts[outcome] += getattr(batch.result, outcome)
        if not future.cancelled():  # its caller has gone away
            future.set_result(batch.result)
    for outcome, count in counts.items():
        if count:
            _reads.add(count, {"outcome": outcome})


def _fail(future: asyncio.Future[ReadResult], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # seen, also when its caller has gone away


def _refuse(result: ReadResult, index: int, reason: str, message: str) -> None:
    result.refused += 1
    if len(result.refusals) < MAX_REFUSALS:
        result.refusals.append((index, reason, message))
