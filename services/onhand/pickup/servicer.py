"""Pickup's contract ⇄ its use cases."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.kit import auth
from onhand.pickup.domain.task import RejectReason, State
from onhand.pickup.events import task_message
from onhand.pickup.use_cases import Call, Pickup

R = TypeVar("R", bound=Message)


async def _call(pickup: Pickup, request: Any, response_type: type[R]) -> Call[R]:
    """Check that the caller speaks for the task's location; raises NotFound, WrongLocation."""
    task = await pickup.get_task(request.task_id)
    principal = auth.current()
    principal.require_location(task.assignment.location_id)
    return Call(principal.subject, task, request, response_type)


class TaskServicer:
    def __init__(self, pickup: Pickup) -> None:
        self._pickup = pickup

    async def ListTasks(self, request: pb.ListTasksRequest, _: Any) -> pb.ListTasksResponse:
        auth.current().require_location(request.location_id)
        tasks, next_page_token = await self._pickup.list_tasks(
            request.location_id,
            [State(state) for state in request.states],
            request.page_size,
            request.page_token,
        )
        return pb.ListTasksResponse(tasks=map(task_message, tasks), next_page_token=next_page_token)

    async def GetTask(self, request: pb.GetTaskRequest, _: Any) -> pb.GetTaskResponse:
        task = await self._pickup.get_task(request.task_id)
        auth.current().require_location(task.assignment.location_id)
        return pb.GetTaskResponse(task=task_message(task))

    async def WatchTasks(self, request: pb.WatchTasksRequest, _: Any) -> AsyncIterator[pb.WatchTasksResponse]:
        auth.current().require_location(request.location_id)
        async with aclosing(self._pickup.watch(request.location_id)) as tasks:
            async for task in tasks:
                yield pb.WatchTasksResponse(task=task_message(task))

    async def AcceptTask(self, request: pb.AcceptTaskRequest, _: Any) -> pb.AcceptTaskResponse:
        return await self._pickup.accept(await _call(self._pickup, request, pb.AcceptTaskResponse))

    async def RejectTask(self, request: pb.RejectTaskRequest, _: Any) -> pb.RejectTaskResponse:
        call = await _call(self._pickup, request, pb.RejectTaskResponse)
        return await self._pickup.reject(call, RejectReason(request.reason), request.detail)

    async def PickLine(self, request: pb.PickLineRequest, _: Any) -> pb.PickLineResponse:
        call = await _call(self._pickup, request, pb.PickLineResponse)
        return await self._pickup.pick_line(
            call, request.line_id, request.quantity, request.epcs, request.gtin
        )

    async def ShortPickLine(self, request: pb.ShortPickLineRequest, _: Any) -> pb.ShortPickLineResponse:
        call = await _call(self._pickup, request, pb.ShortPickLineResponse)
        return await self._pickup.short_pick_line(
            call, request.line_id, RejectReason(request.reason), request.detail
        )

    async def StageTask(self, request: pb.StageTaskRequest, _: Any) -> pb.StageTaskResponse:
        call = await _call(self._pickup, request, pb.StageTaskResponse)
        return await self._pickup.stage(call, request.staging_place)

    async def PackTask(self, request: pb.PackTaskRequest, _: Any) -> pb.PackTaskResponse:
        return await self._pickup.pack(await _call(self._pickup, request, pb.PackTaskResponse))

    async def ShipTask(self, request: pb.ShipTaskRequest, _: Any) -> pb.ShipTaskResponse:
        call = await _call(self._pickup, request, pb.ShipTaskResponse)
        return await self._pickup.ship(call, request.carrier, request.tracking_number)

    async def AssignTask(self, _: pb.AssignTaskRequest, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "")

    ReshelveTask = AcknowledgeAlert = AssignTask


class CollectionServicer:
    def __init__(self, pickup: Pickup) -> None:
        self._pickup = pickup

    async def CheckIn(self, request: pb.CheckInRequest, _: Any) -> pb.CheckInResponse:
        call = await _call(self._pickup, request, pb.CheckInResponse)
        return await self._pickup.check_in(call, request.note)

    async def HandOver(self, request: pb.HandOverRequest, _: Any) -> pb.HandOverResponse:
        call = await _call(self._pickup, request, pb.HandOverResponse)
        return await self._pickup.hand_over(call, request.code)

    async def RequireChecks(self, _: pb.RequireChecksRequest, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "")
