"""The associate's tasks: seen, taken on, picked, staged, packed and shipped."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from onhand.kit import idempotency, paging
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.waiting import set_or_after
from onhand.pickup.domain import collecting, scans, transitions
from onhand.pickup.domain.task import LIVE, RejectReason, State, Task, TaskLine
from onhand.pickup.storage import tasks
from onhand.pickup.use_cases.changes import Call, R, change, new_code
from onhand.pickup.use_cases.deps import Deps


class Tasks:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def get_task(self, task_id: str) -> Task:
        return await self._deps.database.read(lambda connection: tasks.get(connection, task_id))

    async def list_tasks(
        self,
        location_id: str,
        states: Collection[State],
        page_size: int,
        page_token: str,
        *,
        only_to_shelve: bool = False,
    ) -> tuple[Sequence[Task], str]:
        """Return a page of tasks and the token of the next page.

        Where no state is named: live ones, or of whatever state when their goods are to go back.
        """
        wanted = states or (State if only_to_shelve else LIVE)
        limit, after = paging.size(page_size), _page_start(page_token)
        found = await self._deps.database.read(
            lambda connection: tasks.page(
                connection, location_id, list(wanted), after, limit + 1, only_to_shelve=only_to_shelve
            )
        )
        page, last = paging.cut(found, limit)
        return page, paging.token(last.assignment.promise_time.isoformat(), last.task_id) if last else ""

    async def watch(self, location_id: str) -> AsyncGenerator[Task, None]:
        """Yield the live tasks of a location, then each task after it changed, for ever.

        A look at the database gives all that was changed at or after the watermark taken before the look
        before it. A transaction still under way then has a revision from there on, so that none is missed,
        however it overlaps; what was given already is known by its version.
        """
        with self._deps.watchers.listen(location_id) as changed:
            since = await self._deps.database.read(tasks.watermark)
            given: dict[str, int] = {}
            async for task in self._watched(location_id):
                if task.task_id not in given:
                    given[task.task_id] = task.version
                    yield task
            while True:
                changed.clear()
                watermark = await self._deps.database.read(tasks.watermark)
                found = await self._changed_since(location_id, since)
                for task in found:
                    if given.get(task.task_id) != task.version:
                        yield task
                since, given = watermark, {task.task_id: task.version for task in found}
                await set_or_after(changed, self._deps.settings.watch_interval_s)

    async def _watched(self, location_id: str) -> AsyncIterator[Task]:
        for only_to_shelve in (False, True):
            token = ""
            while True:
                page, token = await self.list_tasks(
                    location_id, (), paging.MAX_SIZE, token, only_to_shelve=only_to_shelve
                )
                for task in page:
                    yield task
                if not token:
                    break

    async def _changed_since(self, location_id: str, since: str) -> list[Task]:
        return await self._deps.database.read(
            lambda connection: tasks.changed(connection, location_id, since)
        )

    # The associate

    async def accept(self, call: Call[R]) -> R:
        return await change(self._deps, call, lambda task, at: transitions.accept(task, call.actor, at))

    async def assign(self, call: Call[R], assignee: str) -> R:
        return await change(self._deps, call, lambda task, at: transitions.assign(task, assignee, at))

    async def reject(self, call: Call[R], reason: RejectReason, detail: str) -> R:
        return await change(self._deps, call, lambda task, at: transitions.reject(task, reason, detail, at))

    async def pick_line(
        self, call: Call[R], line_id: str, quantity: int, epcs: Sequence[str], gtin: str
    ) -> R:
        """Record units as picked, after stock has said that what was scanned is what is asked for."""
        # A repeat is answered without stock, which may see the tags differently by now.
        answer = await self._deps.database.read(
            lambda connection: idempotency.answered(connection, call.actor, call.request, call.response_type)
        )
        if answer is not None:
            return answer
        line = transitions.find_line(call.task, line_id)
        tags = await self._identify(call.task.assignment.location_id, line, epcs, gtin)
        return await change(
            self._deps, call, lambda task, at: transitions.pick(task, line_id, quantity, tags, at)
        )

    async def _identify(
        self, location_id: str, line: TaskLine, epcs: Sequence[str], gtin: str
    ) -> tuple[str, ...]:
        """Return the scanned tags in hexadecimal; raises WrongProduct unless all is of the line's item."""
        if epcs and gtin:
            raise InvalidField([FieldViolation("gtin", "tags are given already")])
        if gtin:
            scans.check_gtin(gtin, await self._deps.stock.gtins(line.item_id), line)
        found = await self._deps.stock.sightings(epcs)
        return tuple(
            scans.tag_of(scanned, sightings, location_id, line)
            for scanned, sightings in zip(epcs, found, strict=True)
        )

    async def short_pick_line(self, call: Call[R], line_id: str, reason: RejectReason, detail: str) -> R:
        return await change(
            self._deps, call, lambda task, at: transitions.short_pick(task, line_id, reason, detail, at)
        )

    async def stage(self, call: Call[R], staging_place: str) -> R:
        """Let the goods wait, and give the customer a code."""
        code, put_code = new_code(self._deps, call.task.task_id)
        return await change(
            self._deps, call, lambda task, at: transitions.stage(task, staging_place, code, at), put_code
        )

    async def pack(self, call: Call[R]) -> R:
        return await change(self._deps, call, transitions.pack)

    async def ship(self, call: Call[R], carrier: str, tracking_number: str) -> R:
        return await change(
            self._deps, call, lambda task, at: transitions.ship(task, carrier, tracking_number, at)
        )

    async def reshelve(self, call: Call[R]) -> R:
        return await change(self._deps, call, lambda task, _: collecting.reshelve(task))

    async def acknowledge(self, call: Call[R], alert_id: str) -> R:
        return await change(self._deps, call, lambda task, _: transitions.acknowledge(task, alert_id))


def _page_start(page_token: str) -> tuple[datetime, UUID]:
    """Return promise time and id of the last task of the page before; raises InvalidField."""
    key = paging.key(page_token, str, str)
    if key is None:
        return datetime.min.replace(tzinfo=UTC), UUID(int=0)
    try:
        return datetime.fromisoformat(key[0]).astimezone(UTC), UUID(key[1])
    except (ValueError, OverflowError):
        raise InvalidField([FieldViolation("page_token", "is not from an earlier answer")]) from None
