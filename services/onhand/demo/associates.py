"""The people in the stores: they watch their tasks, pick, pack, stage, and hand over."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import grpc

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.client import AsyncPickup
from onhand.demo.gateway import ExitGateway
from onhand.demo.live import CUT
from onhand.demo.shelf import Shelf, Unit
from onhand.demo.tally import Tally
from onhand.demo.world import World
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError, WrongCode, WrongState

WALK_S = 0.15
"""Mean time between two steps of an associate."""
RECONNECT_S = 0.5
LISTED_TASKS = 1000
MISTYPED_SHARE = 0.1
"""Share of customers who say a wrong code first."""
ENDED = frozenset(
    {
        pb.Task.STATE_COLLECTED,
        pb.Task.STATE_SHIPPED,
        pb.Task.STATE_REJECTED,
        pb.Task.STATE_CANCELLED,
        pb.Task.STATE_EXPIRED,
    }
)
FAILURES = (
    (pb.REJECT_REASON_NOT_FOUND, "not where it should be"),
    (pb.REJECT_REASON_DAMAGED, "torn open"),
)


class StoreTeam:
    """The associates of one store; each task is worked on by one of them."""

    def __init__(
        self,
        location_id: str,
        pickup: AsyncPickup,
        world: World,
        shelf: Shelf,
        gateway: ExitGateway,
        *,
        fail_share: float,
        clock: Clock,
        random: Random,
        tally: Tally,
    ) -> None:
        self._location_id = location_id
        self._pickup = pickup
        self._world = world
        self._shelf = shelf
        self._gateway = gateway
        self._fail_share = fail_share
        self._clock = clock
        self._random = random
        self._tally = tally
        self._tasks: dict[str, pb.Task] = {}
        self._staged: dict[str, list[Unit]] = {}
        """Units picked for each task that are still in the store."""
        self._taken: set[str] = set()
        self.closed = False
        """Since noon: the shop offers no collection here any more."""
        self.busy = 0
        """Tasks under way, and customers at the counter."""

    def close(self) -> None:
        """Begin with nothing any more, and give back what is not done; what is ready is still handed over."""
        self.closed = True

    async def run(self) -> None:
        """Watch this store's tasks and work on each, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    request = pb.WatchTasksRequest(location_id=self._location_id)
                    async for answer in self._pickup.tasks.WatchTasks(request):
                        if self._note(answer.task):
                            group.create_task(self._work(answer.task))
                except CUT:
                    self._tally.tell(f"store    {self._location_id}: the watch was cut; watching again")
                await asyncio.sleep(RECONNECT_S)

    def _note(self, task: pb.Task) -> bool:
        """Keep what the watch tells; returns whether somebody should begin with the task."""
        known = self._tasks.get(task.task_id)
        if known is not None and known.version >= task.version:
            return False
        self._tasks[task.task_id] = task
        live = sum(each.state not in ENDED for each in self._tasks.values())
        self._tally.stores[self._location_id].open_tasks = live
        if task.state in {pb.Task.STATE_CANCELLED, pb.Task.STATE_REJECTED, pb.Task.STATE_EXPIRED}:
            self._shelf.unstage(self._staged.pop(task.task_id, []), back=True)
        if task.state != pb.Task.STATE_OPEN or task.task_id in self._taken:
            return False
        self._taken.add(task.task_id)
        return True

    async def _work(self, task: pb.Task) -> None:
        self.busy += 1
        try:
            await self._walk()
            await self._pickup.tasks.AcceptTask(
                pb.AcceptTaskRequest(request_id=self._request_id(), task_id=task.task_id)
            )
            if self._turns_down():
                await self._reject(task)
                return
            state = task.state
            for line in task.lines:
                state = await self._pick(task, line) or state
                if self.closed and state == pb.Task.STATE_PICKING:
                    await self._reject(task)
                    return
            if state == pb.Task.STATE_PICKED:
                await self._finish(task)
        except WrongState as error:
            # Routing withdrew it in the meantime; the watch brings the goods back to their place.
            self._tally.tell(f"store    {self._location_id}: {error}")
        except (OnhandError, grpc.aio.AioRpcError) as error:
            self._tally.fail(f"task {task.task_id} at {self._location_id}: {error}")
        finally:
            self.busy -= 1

    def _turns_down(self) -> bool:
        return self.closed or self._random.random() < self._fail_share / 2

    async def _reject(self, task: pb.Task) -> None:
        await self._pickup.tasks.RejectTask(
            pb.RejectTaskRequest(
                request_id=self._request_id(),
                task_id=task.task_id,
                reason=pb.REJECT_REASON_NO_CAPACITY,
                detail="closed at noon" if self.closed else "the line at the till is long",
            )
        )
        self._tally.counts["tasks rejected"] += 1
        self._tally.tell(f"store    {self._location_id} rejects its task of {task.order_id}")

    async def _pick(self, task: pb.Task, line: pb.TaskLine) -> "pb.Task.State | None":
        """Pick a line, and say what of it cannot be had; returns the task's state if that changed it."""
        await self._walk()
        item = self._world.items[line.item_id]
        quantity = line.quantity - line.picked_quantity - line.short_quantity - line.cancelled_quantity
        reason, detail = pb.REJECT_REASON_NOT_FOUND, "the shelf is empty"
        units: Sequence[Unit] = []
        if self._random.random() < self._fail_share / 2:
            reason, detail = self._random.choice(FAILURES)
        else:
            units = self._shelf.stage(line.item_id, quantity)
        self._staged.setdefault(task.task_id, []).extend(units)
        answered: Any = None
        if units:
            epcs = [unit.epc.hex().upper() for unit in units if unit.epc]
            answered = await self._pickup.tasks.PickLine(
                pb.PickLineRequest(
                    request_id=self._request_id(),
                    task_id=task.task_id,
                    line_id=line.line_id,
                    quantity=len(units),
                    epcs=epcs,
                    gtin="" if epcs else item.gtin,
                )
            )
            self._tally.counts["units picked"] += len(units)
        if len(units) < quantity:
            answered = await self._pickup.tasks.ShortPickLine(
                pb.ShortPickLineRequest(
                    request_id=self._request_id(),
                    task_id=task.task_id,
                    line_id=line.line_id,
                    reason=reason,
                    detail=detail,
                )
            )
            self._tally.counts["units short"] += quantity - len(units)
            self._tally.tell(f"store    {self._location_id}: {item.title} for {task.order_id}: {detail}")
        return None if answered is None else answered.task.state

    async def _finish(self, task: pb.Task) -> None:
        """Stage what the customer collects; pack and ship the rest."""
        await self._walk()
        tasks = self._pickup.tasks
        if task.kind == pb.Task.KIND_COLLECT:
            place = f"rack {self._random.choice('ABC')} {self._random.randint(1, 9)}"
            await tasks.StageTask(
                pb.StageTaskRequest(request_id=self._request_id(), task_id=task.task_id, staging_place=place)
            )
            return
        await tasks.PackTask(pb.PackTaskRequest(request_id=self._request_id(), task_id=task.task_id))
        await self._walk()
        number = f"1Z{self._random.randrange(10**12):012d}"
        await tasks.ShipTask(
            pb.ShipTaskRequest(
                request_id=self._request_id(), task_id=task.task_id, carrier="Parcel", tracking_number=number
            )
        )
        self._leave(task.task_id)
        self._tally.tell(f"shipped  {task.order_id} from {self._location_id}, {number}")

    async def hand_over(self, order_id: str, code: str) -> None:
        """Serve a customer who is here with a code."""
        self.busy += 1
        try:
            await self._serve(order_id, code)
        finally:
            self.busy -= 1

    async def _serve(self, order_id: str, code: str) -> None:
        waiting = await self._pickup.tasks.ListTasks(
            pb.ListTasksRequest(
                location_id=self._location_id, states=[pb.Task.STATE_READY], page_size=LISTED_TASKS
            )
        )
        ready = [task.task_id for task in waiting.tasks if task.order_id == order_id]
        if self._random.random() < MISTYPED_SHARE and ready:
            await self._try_code(ready[0], mistyped(code))
        for task_id in ready:
            if await self._try_code(task_id, code):
                self._tally.collected_codes.add(order_id)
                self._tally.tell(f"counter  {self._location_id} hands over {order_id} for its mailed code")
                return
        self._tally.fail(f"the mailed code of {order_id} opens nothing at {self._location_id}")

    async def _try_code(self, task_id: str, code: str) -> bool:
        try:
            await self._pickup.collection.HandOver(
                pb.HandOverRequest(request_id=self._request_id(), task_id=task_id, code=code)
            )
        except WrongCode:
            self._tally.counts["wrong codes refused"] += 1
            return False
        except OnhandError as error:
            self._tally.fail(f"hand-over of {task_id}: {error}")
            return False
        self._leave(task_id)
        return True

    def _leave(self, task_id: str) -> None:
        """Goods of an order leave the store, by the exit too."""
        units = self._staged.pop(task_id, [])
        self._shelf.unstage(units, back=False)
        self._tally.counts["units handed over or shipped"] += len(units)
        self._gateway.leave(self._location_id, [unit.epc for unit in units if unit.epc])

    async def _walk(self) -> None:
        await asyncio.sleep(self._random.expovariate(1 / WALK_S))

    def _request_id(self) -> str:
        return str(self._clock.uuid())


def mistyped(code: str) -> str:
    """Return a code with its last digit wrong."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)
