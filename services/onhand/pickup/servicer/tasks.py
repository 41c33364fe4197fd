"""Tasks of a store ⇄ their use cases."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.kit import auth
from onhand.pickup.domain.task import RejectReason, State
from onhand.pickup.events import task_message
from onhand.pickup.servicer.calls import call_on
from onhand.pickup.use_cases import Tasks


class TaskServicer:
    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def ListTasks(self, request: pb.ListTasksRequest, _: Any) -> pb.ListTasksResponse:
        auth.current().require_location(request.location_id)
        tasks, next_page_token = await self._tasks.list_tasks(
            request.location_id,
            [State(state) for state in request.states],
            request.page_size,
            request.page_token,
            only_to_shelve=request.only_to_shelve,
        )
        return pb.ListTasksResponse(tasks=map(task_message, tasks), next_page_token=next_page_token)

    async def GetTask(self, request: pb.GetTaskRequest, _: Any) -> pb.GetTaskResponse:
        task = await self._tasks.get_task(request.task_id)
        auth.current().require_location(task.assignment.location_id)
        return pb.GetTaskResponse(task=task_message(task))

    async def WatchTasks(self, request: pb.WatchTasksRequest, _: Any) -> AsyncIterator[pb.WatchTasksResponse]:
        auth.current().require_location(request.location_id)
        async with aclosing(self._tasks.watch(request.location_id)) as tasks:
            async for task in tasks:
                yield pb.WatchTasksResponse(task=task_message(task))

    async def AcceptTask(self, request: pb.AcceptTaskRequest, _: Any) -> pb.AcceptTaskResponse:
        return await self._tasks.accept(await call_on(self._tasks, request, pb.AcceptTaskResponse))

    async def RejectTask(self, request: pb.RejectTaskRequest, _: Any) -> pb.RejectTaskResponse:
        call = await call_on(self._tasks, request, pb.RejectTaskResponse)
        return await self._tasks.reject(call, RejectReason(request.reason), request.detail)

    async def PickLine(self, request: pb.PickLineRequest, _: Any) -> pb.PickLineResponse:
        call = await call_on(self._tasks, request, pb.PickLineResponse)
        return await self._tasks.pick_line(
            call, request.line_id, request.quantity, request.epcs, request.gtin
        )

    async def ShortPickLine(self, request: pb.ShortPickLineRequest, _: Any) -> pb.ShortPickLineResponse:
        call = await call_on(self._tasks, request, pb.ShortPickLineResponse)
        return await self._tasks.short_pick_line(
            call, request.line_id, RejectReason(request.reason), request.detail
        )

    async def StageTask(self, request: pb.StageTaskRequest, _: Any) -> pb.StageTaskResponse:
        call = await call_on(self._tasks, request, pb.StageTaskResponse)
        return await self._tasks.stage(call, request.staging_place)

    async def PackTask(self, request: pb.PackTaskRequest, _: Any) -> pb.PackTaskResponse:
        return await self._tasks.pack(await call_on(self._tasks, request, pb.PackTaskResponse))

    async def ShipTask(self, request: pb.ShipTaskRequest, _: Any) -> pb.ShipTaskResponse:
        call = await call_on(self._tasks, request, pb.ShipTaskResponse)
        return await self._tasks.ship(call, request.carrier, request.tracking_number)

    async def AssignTask(self, request: pb.AssignTaskRequest, _: Any) -> pb.AssignTaskResponse:
        call = await call_on(self._tasks, request, pb.AssignTaskResponse)
        return await self._tasks.assign(call, request.assignee)

    async def ReshelveTask(self, request: pb.ReshelveTaskRequest, _: Any) -> pb.ReshelveTaskResponse:
        return await self._tasks.reshelve(await call_on(self._tasks, request, pb.ReshelveTaskResponse))

    async def AcknowledgeAlert(
        self, request: pb.AcknowledgeAlertRequest, _: Any
    ) -> pb.AcknowledgeAlertResponse:
        call = await call_on(self._tasks, request, pb.AcknowledgeAlertResponse)
        return await self._tasks.acknowledge(call, request.alert_id)
