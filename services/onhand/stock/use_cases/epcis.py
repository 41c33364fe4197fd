"""EPCIS in and out: documents become jobs, jobs become events with their effect, events are asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import telemetry
from onhand.kit.db import sqlstate
from onhand.kit.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FieldViolation,
    Internal,
    InvalidField,
    NotFound,
    OnhandError,
    TooMany,
)
from onhand.kit.waiting import set_or_after
from onhand.stock.domain.epcis import documents as reading
from onhand.stock.domain.epcis import effects as table
from onhand.stock.domain.epcis import own
from onhand.stock.domain.epcis.capture import Capture, Entry, Outcome, StoredEvent, stored
from onhand.stock.domain.epcis.effects import Facts, Ruling
from onhand.stock.domain.epcis.query import Query
from onhand.stock.domain.epcis.validation import moment
from onhand.stock.storage import epcis as rows
from onhand.stock.storage import epcis_changes
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.epcis_effects import EpcisEffects
from onhand.stock.use_cases.epcis_places import Places

REFUSED_CLASSES = ("22", "23")
"""SQLSTATE classes of what an event alone can cause: data that does not fit, a rule of a table."""
POLL_S = 1.0
"""Longest wait for a job that another process took in, or whose process died."""
MOST = 100_000
"""More events than a job can have, whatever the limit was when it was taken in."""
PUBLISHED = "stock changed so, and says it by this event"
JOBS = 10
"""Running jobs that are looked at in one round."""
PAGE_BYTES = 2 << 20
"""Events of one page together; protects callers' message limits."""
Key = tuple[datetime, bytes, bool]


class _RolledBack(Exception):
    """Leaves a transaction without committing it."""


class Epcis:
    def __init__(self, deps: Deps, effects: EpcisEffects) -> None:
        self._deps = deps
        self._effects = effects
        self._waiting = asyncio.Event()
        self._job_timeout = timedelta(seconds=deps.settings.epcis_job_timeout_s)

    # In

    async def capture(
        self, document: bytes, actor: str, locations: frozenset[str] | None, *, proceed: bool
    ) -> Capture:
        """Take in a document: what breaks the standard is told now, what the books refuse by the job.

        Raises InvalidField, TooMany, and WrongLocation unless it is to proceed.
        """
        events = await self._read(document)
        capture = Capture(self._deps.clock.uuid(), actor, locations, proceed, self._deps.clock.now())

        async def work(connection: AsyncConnection) -> None:
            capture.entries = [Entry(each.index, each.event, each.context) for each in events]
            capture.success = True
            places = Places()
            for entry, each in zip(capture.entries, events, strict=True):
                failure = await self._judge(connection, each, places, locations)
                if failure is not None and not proceed:
                    raise failure
                if failure is not None:
                    _refuse(entry, failure)
                    capture.success = False
            await rows.add_capture(connection, capture)

        await self._deps.database.transaction(work)
        self._waiting.set()
        return capture

    async def capture_one(self, event: bytes, actor: str, locations: frozenset[str] | None) -> Entry:
        """Capture one event now. Raises what is wrong with it."""
        events = await self._read(event)
        if len(events) != 1:
            raise TooMany("eventList", len(events), 1)

        async def work(connection: AsyncConnection) -> Entry:
            places = Places()
            failure = await self._judge(connection, events[0], places, locations)
            if failure is not None:
                raise failure
            entry = Entry(0, events[0].event, events[0].context)
            await self._apply(connection, entry, places, actor, locations)
            return entry

        return await self._deps.database.transaction(work)

    async def _read(self, document: bytes) -> list[reading.Captured]:
        settings = self._deps.settings
        limits = reading.Limits(settings.epcis_max_events, settings.epcis_max_depth)
        # Beside the event loop: a large document must not stop the others.
        return await asyncio.to_thread(reading.read, document, limits)

    async def _judge(
        self,
        connection: AsyncConnection,
        captured: reading.Captured,
        places: Places,
        locations: frozenset[str] | None,
    ) -> OnhandError | None:
        """Return what is wrong with an event before the books are asked."""
        if captured.faults:
            start = f"eventList[{captured.index}]."
            return InvalidField(
                [FieldViolation(start + each.field, each.description) for each in captured.faults]
            )
        try:
            facts, ruling = self._understood(captured.event)
            await places.find(connection, facts, ruling.effect, locations)
        except OnhandError as error:
            return error
        return None

    def _understood(self, event: Mapping[str, Any]) -> tuple[Facts, Ruling]:
        """Read what an event is about. Raises InvalidField for one that is to come."""
        event_time = moment(event["eventTime"])
        latest = self._deps.clock.now() + timedelta(seconds=self._deps.settings.read_max_ahead_s)
        if event_time is None or event_time > latest:
            raise InvalidField([FieldViolation("eventTime", "is in the future")])
        return table.facts(event, event_time), table.ruling(event)

    # Jobs

    async def run(self) -> None:
        """Carry out jobs as they come, also those that another process left behind."""
        while True:
            self._waiting.clear()
            advanced = False
            for capture_id in await self._deps.database.read(lambda c: rows.running(c, JOBS)):
                try:
                    advanced |= await self.carry_out(capture_id)
                except (OnhandError, DBAPIError) as error:  # it may pass; the jobs behind it must not wait
                    telemetry.log.warning(
                        "a capture did not advance", capture=str(capture_id), exc_info=error
                    )
            if not advanced:
                await set_or_after(self._waiting, POLL_S)

    async def carry_out(self, capture_id: UUID) -> bool:
        """Decide every event of a capture; False when another process is at it or has done it."""
        capture = await self._deps.database.read(lambda c: rows.read(c, capture_id, 0))
        if capture is None:
            return False
        if self._deps.clock.now() - capture.create_time > self._job_timeout:
            return await self._expire(capture_id)
        if not capture.proceed:
            return await self._all_or_none(capture_id)
        advanced = False
        while await self._next(capture_id):
            advanced = True
        return advanced

    async def _next(self, capture_id: UUID) -> bool:
        """Decide one more event; False when none is left or another process has the capture."""

        async def work(connection: AsyncConnection) -> bool:
            capture = await rows.lock(connection, capture_id, 1)
            if capture is None:
                return False
            for entry in capture.entries:
                await self._try(connection, entry, Places(), capture)
            if not capture.entries:
                capture.finish_time = self._deps.clock.now()
            await rows.decide(connection, capture, capture.entries)
            return bool(capture.entries)

        return await self._deps.database.transaction(work)

    async def _all_or_none(self, capture_id: UUID) -> bool:
        """Decide all events of a capture in one transaction, or roll it back and say which failed."""
        failed: list[Entry] = []

        async def work(connection: AsyncConnection) -> bool:
            capture = await rows.lock(connection, capture_id, MOST)
            if capture is None:
                return False
            places = Places()
            for entry in capture.entries:
                await self._try(connection, entry, places, capture)
            failed[:] = capture.entries if not capture.success else []
            if failed:
                raise _RolledBack
            capture.finish_time = self._deps.clock.now()
            await rows.decide(connection, capture, capture.entries)
            return True

        async def give_up(connection: AsyncConnection) -> None:
            capture = await rows.lock(connection, capture_id, 0)
            if capture is None:
                return
            for entry in failed:
                if entry.outcome is not Outcome.REFUSED:
                    entry.outcome, entry.detail = Outcome.ROLLED_BACK, "another event of the document failed"
            capture.success, capture.finish_time = False, self._deps.clock.now()
            await rows.decide(connection, capture, failed)

        try:
            return await self._deps.database.transaction(work)
        except _RolledBack:
            await self._deps.database.transaction(give_up)
            return True

    async def _expire(self, capture_id: UUID) -> bool:
        """Give up a capture that could not be decided in its time."""

        async def work(connection: AsyncConnection) -> bool:
            capture = await rows.lock(connection, capture_id, MOST)
            if capture is None:
                return False
            for entry in capture.entries:
                _refuse(entry, DeadlineExceeded())
            capture.success, capture.finish_time = not capture.entries, self._deps.clock.now()
            await rows.decide(connection, capture, capture.entries)
            return True

        return await self._deps.database.transaction(work)

    async def _try(self, connection: AsyncConnection, entry: Entry, places: Places, capture: Capture) -> None:
        """Apply an event, or note why not: whatever it is, it must not be tried for ever."""
        try:
            async with connection.begin_nested():
                await self._apply(connection, entry, places, capture.actor, capture.locations)
        except OnhandError as error:
            _refuse(entry, error)
            capture.success = False
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not sqlstate(error).startswith(REFUSED_CLASSES):
                raise  # it may pass: the transaction or the job runs again
            telemetry.log.error("an event cannot be captured", exc_info=error)
            _refuse(entry, Internal(telemetry.trace_id()))
            capture.success = False

    async def _apply(
        self,
        connection: AsyncConnection,
        entry: Entry,
        places: Places,
        actor: str,
        locations: frozenset[str] | None,
    ) -> None:
        """Keep an event and change the books as it says, unless the same was kept before.

        Raises AlreadyExists when another event has its id.
        """
        facts, ruling = self._understood(entry.event)
        place = await places.find(connection, facts, ruling.effect, locations)
        kept = stored(entry.event, entry.context, place.location_id, self._deps.clock.now())
        declared = await rows.add_event(connection, kept)
        if declared is None:
            known = await rows.known_id(connection, kept)
            if known is None:
                raise AlreadyExists("event", kept.event_id)
            entry.outcome, entry.event_id, entry.detail = Outcome.REPEATED, known, "captured before"
            return
        entry.outcome, entry.event_id = Outcome.CAPTURED, kept.event_id
        if declared:
            entry.detail = "no effect: it was declared to be in error"
        else:
            entry.detail = await self._effects.apply(
                connection, ruling, facts, place, kept.event_id[:200], actor
            )
        await rows.save_effect(connection, kept, entry.detail)

    # Out

    async def get_capture(self, capture_id: UUID, actor: str, locations: frozenset[str] | None) -> Capture:
        """Return a job with its events. Raises NotFound, also for one of somebody else."""
        found = await self._deps.database.read(lambda c: rows.read(c, capture_id, MOST))
        if found is None or (locations is not None and found.actor != actor):
            raise NotFound("capture", str(capture_id))
        return found

    async def list_captures(
        self, actor: str | None, before: tuple[datetime, UUID] | None, count: int
    ) -> list[Capture]:
        before_time, before_id = before or (None, None)
        return await self._deps.database.read(
            lambda c: rows.list_page(
                c, actor=actor, before_time=before_time, before_id=before_id, count=count
            )
        )

    async def list_events(
        self, query: Query, locations: Sequence[str] | None, after: Key | None, count: int
    ) -> tuple[list[StoredEvent], bool]:
        """Return events that match and whether there are more. Raises TooMany past `maxEventCount`."""
        if query.at_most is not None and after is None:
            limit = query.at_most
            counted = await self._deps.database.read(
                lambda c: rows.count_events(c, query, locations, limit + 1)
            )
            if counted > limit:
                raise TooMany("maxEventCount", counted, limit)
        found = await self._deps.database.read(
            lambda c: rows.list_events(c, query, locations, after, count + 1)
        )
        size = 0
        page: list[StoredEvent] = []
        for each in found[:count]:
            size += len(each.event) + len(each.context)
            if page and size > PAGE_BYTES:
                break
            page.append(each)
        return page, len(page) < len(found)

    async def publish(self) -> int:
        """Publish the next of stock's own changes as events; returns how many changes it took."""

        async def work(connection: AsyncConnection) -> int:
            taken = await epcis_changes.take(connection, self._deps.settings.epcis_publish_batch)
            if taken is None:
                return 0
            now = self._deps.clock.now()
            made = []
            for location_id, event in own.events(taken.changes):
                made.append(stored(event, own.CONTEXT, location_id, now, published=True, effect=PUBLISHED))
                await asyncio.sleep(0)  # lets calls through
            await epcis_changes.pass_by(connection, taken)
            await rows.add_events(connection, made)
            return taken.count

        return await self._deps.database.transaction(work)

    async def forget(self, count: int) -> int:
        """Drop old jobs; their events stay. Returns how many went."""
        before = self._deps.clock.now() - timedelta(days=self._deps.settings.epcis_job_days)
        return await self._deps.database.transaction(lambda c: rows.forget(c, before, count))


def _refuse(entry: Entry, error: OnhandError) -> None:
    entry.outcome, entry.reason, entry.detail = Outcome.REFUSED, error.reason, error.message[:1_000]
