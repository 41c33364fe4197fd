"""The store's queue as the page shows it: cards of tasks, most urgent first, and what needs a person now."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import grpc

from onhand.api.pickup.v1 import picking_pb2
from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncPickup
from onhand.edge import live
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.rendering import in_zone, moment
from onhand.kit.clock import Clock
from onhand.kit.errors import DependencyUnavailable
from onhand.kit.waiting import set_or_after

HEARTBEAT_S = 10.0
"""How often a page hears of its queue though nothing changes; by silence it knows that the line is cut."""
GATHER_S = 0.1
"""Changes within this are told together; protects pickup and the phone."""
SOON = timedelta(minutes=5)
"""A deadline this near needs a person now."""
MAX_TASKS = 1_000
"""Tasks of one queue; protects the phone. The most urgent ones are shown."""

_State = pb.Task.State
LABELS = {
    _State.STATE_OPEN: "to accept",
    _State.STATE_ACCEPTED: "to pick",
    _State.STATE_PICKING: "picking",
    _State.STATE_PICKED: "picked",
    _State.STATE_READY: "ready",
    _State.STATE_PACKED: "packed",
    _State.STATE_COLLECTED: "collected",
    _State.STATE_SHIPPED: "shipped",
    _State.STATE_REJECTED: "rejected",
    _State.STATE_CANCELLED: "cancelled",
    _State.STATE_EXPIRED: "expired",
    _State.STATE_REFUSED: "refused",
}
NEW = "in a state that this page does not know"
"""What pickup says that is newer than this."""
STORE_WORKS = {_State.STATE_OPEN, _State.STATE_ACCEPTED, _State.STATE_PICKING, _State.STATE_PICKED}
"""States in which the promise is still to be kept; a packed parcel too waits for its carrier only."""
SUBSTITUTIONS = {value: name.removeprefix("STATE_").lower() for name, value in pb.Substitution.State.items()}
ENDED = {
    _State.STATE_COLLECTED,
    _State.STATE_SHIPPED,
    _State.STATE_REJECTED,
    _State.STATE_CANCELLED,
    _State.STATE_EXPIRED,
    _State.STATE_REFUSED,
}
TO_PICK = {_State.STATE_ACCEPTED, _State.STATE_PICKING}
PLACES_AT_ONCE = 50
"""Tasks whose goods are looked for in one call; the contract's limit."""
PLACES_S = 2.0
"""Longest a card waits for that; protects the associate."""
ALERTS = {
    pb.TaskAlert.KIND_STEP_LATE: "is late",
    pb.TaskAlert.KIND_TAG_LEFT: "a tag that was picked has left the store",
    pb.TaskAlert.KIND_CUSTOMER_WAITS: "the customer waits too long",
    pb.TaskAlert.KIND_SHELVE_LATE: "goods still wait to go back to their place",
    pb.TaskAlert.KIND_HAND_OVER_DISPUTED: "a hand-over without the line is in doubt",
    pb.TaskAlert.KIND_SLOT_OVERRUN: "the customer's slot has passed",
    pb.TaskAlert.KIND_STOCK_SHORT: "more is promised than is in the store",
}
REASONS = [
    (value, name.removeprefix("REJECT_REASON_").replace("_", " ").lower())
    for name, value in pb.RejectReason.items()
    if value not in {pb.REJECT_REASON_UNSPECIFIED, pb.REJECT_REASON_TIMED_OUT}
]


CONDITIONS = [
    (value, name.removeprefix("GOODS_CONDITION_").replace("_", " ").lower())
    for name, value in pb.GoodsCondition.items()
    if value != pb.GOODS_CONDITION_UNSPECIFIED
]
FIELDS_A_LINE, FIELDS_IN_PARTS = 5, 40
"""Of a form that hands over in parts; of larger tasks a till does."""


class Queues:
    """Makes cards of tasks, with what the catalogue says of their items."""

    def __init__(self, pickup: AsyncPickup, catalogue: Catalogue, clock: Clock) -> None:
        self._pickup = pickup
        self._catalogue = catalogue
        self._clock = clock

    async def snapshot(self, location: catalog_pb2.Location) -> "Snapshot":
        """Return the tasks that need the store: live ones, and those whose goods go back to their place."""
        request = pb.ListTasksRequest(location_id=location.location_id, page_size=MAX_TASKS)
        live_ones = (await self._pickup.tasks.ListTasks(request)).tasks
        request.only_to_shelve = True
        to_shelve = (await self._pickup.tasks.ListTasks(request)).tasks
        tasks = list({task.task_id: task for task in [*live_ones, *to_shelve]}.values())
        # Whoever waits at the counter comes before whoever is promised something.
        tasks.sort(key=lambda task: not is_here(task))
        return Snapshot(tasks, alerts(tasks, self._clock.now()))

    async def cards(self, tasks: Iterable[pb.Task], location: catalog_pb2.Location) -> dict[str, str]:
        """Return the card of each task: what it is, where it stands, and the next thing to do."""
        tasks = list(tasks)
        named = {line.item_id for task in tasks for line in task.lines}
        named |= {each.item_id for task in tasks for each in task.substitutions}
        items = await self._catalogue.items(named)
        places = await self._places([task for task in tasks if task.state in TO_PICK], location)
        return {task.task_id: self._card(task, location, items, places) for task in tasks}

    def _card(
        self,
        task: pb.Task,
        location: catalog_pb2.Location,
        items: dict[str, catalog_pb2.Item],
        places: dict[tuple[str, str], list[str]],
    ) -> str:
        return rendering.fragment(
            "task.html",
            task=task,
            lines=[
                (line, items[line.item_id], left(line), places.get((task.task_id, line.line_id), []))
                for line in task.lines
            ],
            items=items,
            label=label(task),
            state=label(task).replace(" ", "-"),
            collect=task.kind == pb.Task.KIND_COLLECT,
            late=task.state in STORE_WORKS and moment(task.promise_time) < self._clock.now(),
            unit_count=sum(line.quantity - line.cancelled_quantity for line in task.lines),
            here=is_here(task),
            ended=task.state in ENDED,
            left_count=sum(map(left, task.lines)),
            shelve_count=sum(line.shelve_quantity for line in task.lines),
            alerts=[(alert, alert_text(alert)) for alert in task.alerts],
            substitution_states=SUBSTITUTIONS,
            reasons=REASONS,
            conditions=CONDITIONS,
            in_parts=sum(FIELDS_A_LINE + len(line.epcs) for line in task.lines) <= FIELDS_IN_PARTS,
            location_id=location.location_id,
            zone=location.time_zone,
        )

    async def _places(
        self, tasks: list[pb.Task], location: catalog_pb2.Location
    ) -> dict[tuple[str, str], list[str]]:
        """Return where the goods of each task's lines were last seen, in the order of a walk.

        Without an answer there are none: who knows the store finds them all the same.
        """
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for start in range(0, len(tasks), PLACES_AT_ONCE):
            request = picking_pb2.GetPickListRequest(
                location_id=location.location_id,
                task_ids=[task.task_id for task in tasks[start : start + PLACES_AT_ONCE]],
            )
            try:
                stops = (await self._pickup.picking.GetPickList(request, timeout=PLACES_S)).stops
            except (DependencyUnavailable, grpc.aio.AioRpcError):
                return {}
            for stop in stops:
                texts = [
                    place_text(place, in_zone(place.last_seen_time, location.time_zone))
                    for place in stop.places
                ]
                for line in stop.lines:
                    found[line.task_id, line.line_id] += texts
        return found

    async def events(self, location: catalog_pb2.Location) -> live.Events:
        """Yield the queue, then what changed of it, for ever; each time with the order of all.

        Pickup's watch is only the bell: what is shown is what a look at the list says after it rang, so that
        nothing that ended stays and nothing that came is missing, whatever the watch missed or told twice.
        """
        bell = asyncio.Event()
        watch = asyncio.create_task(self._ring(location.location_id, bell))
        sent: dict[str, int] = {}
        try:
            while True:
                bell.clear()
                now = await self.snapshot(location)
                new = [task for task in now.tasks if sent.get(task.task_id) != task.version]
                sent = {task.task_id: task.version for task in now.tasks}
                changes = {
                    "order": list(sent),
                    "cards": await self.cards(new, location),
                    "alerts": now.alerts_html(),
                    "counts": now.counts(),
                    "now_ms": int(self._clock.now().timestamp() * 1000),
                }
                yield live.event("queue", changes)
                await set_or_after(bell, HEARTBEAT_S)
                if watch.done():
                    watch.result()
                    return
                await asyncio.sleep(GATHER_S)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _ring(self, location_id: str, bell: asyncio.Event) -> None:
        try:
            async for _ in self._pickup.tasks.WatchTasks(pb.WatchTasksRequest(location_id=location_id)):
                bell.set()
        finally:
            bell.set()


class Snapshot:
    """The live tasks of a store at one moment."""

    def __init__(self, tasks: list[pb.Task], alerts: list[dict[str, str]]) -> None:
        self.tasks = tasks
        self.alerts = alerts

    def alerts_html(self) -> str:
        return rendering.fragment("alerts.html", alerts=self.alerts)

    def counts(self) -> str:
        """Say how many tasks are at each step: `2 to accept · 1 ready`."""
        labels = [label(task) for task in self.tasks]
        return " · ".join(
            f"{labels.count(each)} {each}" for each in dict.fromkeys(LABELS.values()) if each in labels
        )


def place_text(place: picking_pb2.PickPlace, when: str) -> str:
    """Say where tags of an item were last seen, how many and when."""
    sure = " (not sure)" if place.unconfirmed else ""
    return f"{place.zone_id or 'somewhere'} {place.tag_count}, seen {when}{sure}"


def alert_text(alert: pb.TaskAlert) -> str:
    words = ALERTS.get(alert.kind, "look at it")
    return f"{words} ({alert.detail})" if alert.detail else words


def label(task: pb.Task) -> str:
    return LABELS.get(task.state, NEW)


def left(line: pb.TaskLine) -> int:
    """Return how many units are left to pick."""
    return max(0, line.quantity - line.picked_quantity - line.short_quantity - line.cancelled_quantity)


def is_here(task: pb.Task) -> bool:
    """Tell whether the customer waits for the task; not after it has ended."""
    return task.HasField("check_in_time") and task.state in {*STORE_WORKS, _State.STATE_READY}


def alerts(tasks: Iterable[pb.Task], now: datetime) -> list[dict[str, str]]:
    """Return what a person must do now, and for which task."""
    found: list[dict[str, str]] = []

    def add(task: pb.Task, kind: str, text: str) -> None:
        found.append({"task_id": task.task_id, "kind": kind, "text": text})

    for task in tasks:
        who = task.customer_display_name or task.order_id
        for alert in task.alerts:
            add(task, "late", f"{task.order_id}: {alert_text(alert)}")
        if is_here(task):
            where = f": {task.check_in_note}" if task.check_in_note else ""
            add(task, "here", f"{who} is here{where}")
        if task.state == _State.STATE_OPEN and moment(task.accept_deadline) - now < SOON:
            add(task, "deadline", f"Accept {task.order_id} now, or it goes to another store")
        elif task.state in STORE_WORKS and moment(task.promise_time) < now:
            add(task, "late", f"{task.order_id} is late")
    return found


def said(task: pb.Task, line_id: str) -> str:
    """Say what an action did to a line, or to the task, for the status line and for screen readers."""
    line = next((each for each in task.lines if each.line_id == line_id), None)
    if line is None:
        return f"{task.order_id}: {label(task)}"
    return f"Picked {line.picked_quantity} of {line.quantity}, {left(line) or 'nothing'} left to pick"
