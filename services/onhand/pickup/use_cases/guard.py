"""Goods that lie there for an order and leave without its customer."""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.pickup.domain import transitions
from onhand.pickup.domain.task import Alert, AlertKind
from onhand.pickup.storage import tasks
from onhand.pickup.use_cases.changes import STOCK, at, save
from onhand.pickup.use_cases.deps import Deps


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
