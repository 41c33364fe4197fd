"""Goods that an order counts on and that leave without its customer."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain import transitions
from onhand.pickup.domain.task import TO_PICK, Alert, AlertKind
from onhand.pickup.storage import tasks
from onhand.pickup.use_cases.changes import STOCK, at, save
from onhand.pickup.use_cases.deps import Deps

MOST_TASKS = 100
"""Tasks that are told at once of goods that are not there; protects the transaction."""


class TagGuard:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def tag_left(self, connection: AsyncConnection, epc: str, location_id: str, how: str) -> None:
        """Raise an alert and have the unit picked again, when a task of the location holds the tag."""
        holder = (await tasks.holders(connection, [epc])).get(epc)
        if holder is None:
            return
        task = await tasks.lock(connection, holder)
        if task.assignment.location_id != location_id:
            return
        present = await at(self._deps, connection, location_id)
        detail = f"{epc} {how}"
        alert = Alert(str(self._deps.clock.uuid()), AlertKind.TAG_LEFT, present.now, detail)
        lost = transitions.lose_tag(task, epc, detail, alert, present)
        await save(self._deps, connection, task, lost, STOCK)

    async def ran_short(
        self, connection: AsyncConnection, location_id: str, item_id: str, quantity: int
    ) -> None:
        """Raise an alert on the tasks that will not find what they have to pick of an item.

        Stock does not say whose units are gone: of as many as are promised and not there, those go without
        that were promised for the latest.
        """
        found = await tasks.to_pick(connection, location_id, item_id, min(quantity, MOST_TASKS))
        # Locked in one order, so that nobody who locks several waits for somebody who waits for them.
        locked = [await tasks.lock(connection, task_id) for task_id in sorted(found)]
        present = await at(self._deps, connection, location_id)
        detail = f"{item_id}: {quantity} promised and not there"
        for task in sorted(locked, key=lambda each: found.index(each.task_id)):
            lines = [line for line in task.lines if line.item_id == item_id and line.left]
            if not lines or task.state not in TO_PICK:
                continue
            alert = Alert(
                str(self._deps.clock.uuid()),
                AlertKind.STOCK_SHORT,
                present.now,
                detail,
                line_id=lines[0].line_id,
            )
            await save(self._deps, connection, task, transitions.alert(task, alert), STOCK)
            quantity -= sum(line.left for line in lines)
            if quantity <= 0:
                return
