"""Walks: several orders picked in one round of the store, and the find mode."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, cast

from starlette.datastructures import QueryParams

from onhand.api.pickup.v1 import picking_pb2
from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncPickup
from onhand.edge import live, problem
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.floor import Action, Fields, plural
from onhand.edge.pages.queue import REASONS, TO_PICK, Queues, left, place_text, said
from onhand.edge.pages.rendering import ago, moment
from onhand.kit.clock import Clock
from onhand.kit.errors import DependencyUnavailable, OnhandError

OFFERED = 20
"""Orders that one walk is offered for; more do not fit a trolley."""
CHOSEN = 6
"""Of these, chosen until the associate says otherwise."""
TASK = "task-"
"""Begins the name of a tick box for a task."""


class Walks:
    def __init__(self, pickup: AsyncPickup, queues: Queues, catalogue: Catalogue, clock: Clock) -> None:
        self._pickup = pickup
        self._queues = queues
        self._catalogue = catalogue
        self._clock = clock

    def actions(self) -> dict[str, Action]:
        picking = self._pickup.picking
        return {
            "walk": Action(picking.CreateWave, _create, lambda a: f"A walk for {_orders(a.wave.tasks)}"),
            "walk-scan": Action(
                picking.PickScan,
                lambda _, f: picking_pb2.PickScanRequest(
                    wave_id=f["wave_id"], scanned=f["scanned"], quantity=1
                ),
                lambda a: f"For {who(a.task)}: {said(a.task, a.line_id)}",
            ),
            "walk-end": Action(
                picking.DissolveWave,
                lambda _, f: picking_pb2.DissolveWaveRequest(wave_id=f["wave_id"]),
                lambda _: "The walk is over",
            ),
        }

    async def show(self, location: catalog_pb2.Location, subject: str, _: QueryParams) -> str:
        tasks = (await self._queues.snapshot(location)).tasks
        walking = {task.wave_id: task.assignee for task in tasks if task.wave_id}
        mine = [wave_id for wave_id, assignee in walking.items() if assignee == subject]
        free = [task for task in tasks if _may_join(task)]
        return rendering.fragment(
            "walk.html",
            location_id=location.location_id,
            walk=await self._walk(mine[0], location) if mine else None,
            free=[(task, sum(map(left, task.lines))) for task in free[:OFFERED]],
            chosen=CHOSEN,
            others=sorted({name or "somebody" for name in walking.values() if name != subject}),
            zone=location.time_zone,
            who=who,
            reasons=REASONS,
        )

    async def _walk(self, wave_id: str, location: catalog_pb2.Location) -> dict[str, Any]:
        """Return the walk's tasks and stops; without an answer of stock it tells nothing but its lines."""
        wave = (await self._pickup.picking.GetWave(picking_pb2.GetWaveRequest(wave_id=wave_id))).wave
        asked = picking_pb2.GetPickListRequest(location_id=location.location_id, wave_id=wave_id)
        trouble = ""
        try:
            stops = list((await self._pickup.picking.GetPickList(asked)).stops)
        except DependencyUnavailable as error:
            trouble = error.message
            stops = await self._blind(wave.tasks)
        now = self._clock.now()

        def text(place: picking_pb2.PickPlace) -> str:
            return place_text(place, f"{ago(now - moment(place.last_seen_time))} ago")

        return {
            "wave_id": wave_id,
            "tasks": {task.task_id: task for task in wave.tasks},
            "stops": [(stop, [(place, text(place)) for place in stop.places]) for stop in stops],
            "left": sum(stop.quantity for stop in stops),
            "problem": trouble,
        }

    async def _blind(self, tasks: Iterable[pb.Task]) -> list[picking_pb2.PickStop]:
        """Return what is left to pick, by item, without places."""
        tasks = list(tasks)
        items = await self._catalogue.items(line.item_id for task in tasks for line in task.lines)
        stops: dict[str, picking_pb2.PickStop] = {}
        for task in tasks:
            for line in task.lines:
                if not (count := left(line)):
                    continue
                item = items[line.item_id]
                stop = stops.setdefault(
                    line.item_id,
                    picking_pb2.PickStop(
                        item_id=item.item_id, title=item.title, size=item.size, colour=item.colour
                    ),
                )
                stop.quantity += count
                stop.lines.add(task_id=task.task_id, line_id=line.line_id, quantity=count)
        return list(stops.values())

    async def traces(self, location_id: str, epc: str) -> live.Events:
        """Yield what is known of one tag while somebody looks for it; why not, as the last event."""
        request = picking_pb2.FindTagRequest(location_id=location_id, epc=epc)
        found = cast("AsyncGenerator[picking_pb2.FindTagResponse]", self._pickup.picking.FindTag(request))
        try:
            async with aclosing(found):
                async for trace in found:
                    yield live.event("trace", await self._trace(trace))
        except OnhandError as error:
            yield live.event("problem", problem.of(error))

    async def _trace(self, trace: picking_pb2.FindTagResponse) -> dict[str, Any]:
        age_s = trace.as_of_time.seconds - trace.last_seen_time.seconds
        items = await self._catalogue.items([trace.item_id] if trace.item_id else [])
        return {
            "title": items[trace.item_id].title if trace.item_id else trace.epc_hex,
            "zone": trace.zone_id,
            "age_s": max(0, age_s) if trace.HasField("last_seen_time") else None,
            "here": trace.here,
            "heat": round(trace.heat, 3),
            "nearness": round(trace.nearness, 3),
            "held": bool(trace.task_id),
        }


def who(task: pb.Task) -> str:
    """Name whose order it is, as the boxes on a trolley are named."""
    return f"{task.customer_display_name} ({task.order_id})" if task.customer_display_name else task.order_id


def _may_join(task: pb.Task) -> bool:
    return task.state in {pb.Task.STATE_OPEN, *TO_PICK} and not task.wave_id and any(map(left, task.lines))


def _orders(tasks: Iterable[pb.Task]) -> str:
    return plural(len({task.order_id for task in tasks}), "order")


def _create(location_id: str, fields: Fields) -> picking_pb2.CreateWaveRequest:
    chosen = [name.removeprefix(TASK) for name in fields if name.startswith(TASK)]
    return picking_pb2.CreateWaveRequest(location_id=location_id, task_ids=chosen)
