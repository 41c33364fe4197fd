"""What routing asks of a store, and takes back."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain import transitions
from onhand.pickup.domain.task import Assignment, TaskLine
from onhand.pickup.storage import tasks, withdrawals
from onhand.pickup.use_cases.changes import ROUTING, at, save
from onhand.pickup.use_cases.deps import Deps


class Assignments:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def open_task(
        self, connection: AsyncConnection, assignment: Assignment, lines: Sequence[TaskLine]
    ) -> None:
        """Make the task of an assignment, unless it is there; then apply withdrawals that were faster."""
        await tasks.serialize(connection, assignment.task_id)
        change = transitions.open_task(
            assignment,
            lines,
            await at(self._deps, connection, assignment.location_id),
        )
        if await tasks.insert(connection, change, ROUTING, self._deps.clock):
            for line_ids, detail in await withdrawals.take(connection, assignment.task_id):
                await self.withdraw(connection, assignment.task_id, line_ids, detail)

    async def withdraw(
        self, connection: AsyncConnection, task_id: str, line_ids: Sequence[str], detail: str
    ) -> None:
        """Take lines of a task back, all when none is named; for a task not known yet once it comes."""
        await tasks.serialize(connection, task_id)
        if await tasks.find(connection, task_id) is None:
            await withdrawals.keep(connection, task_id, line_ids, detail, self._deps.clock.now())
            return
        task = await tasks.lock(connection, task_id)
        present = await at(self._deps, connection, task.assignment.location_id)
        change = transitions.withdraw(task, line_ids, detail, present)
        await save(self._deps, connection, task, change, ROUTING)
