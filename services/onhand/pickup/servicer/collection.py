"""The counter ⇄ its use cases."""

from typing import Any

import grpc

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.pickup.servicer.calls import call_on
from onhand.pickup.use_cases import Collection, Tasks


class CollectionServicer:
    def __init__(self, tasks: Tasks, collection: Collection) -> None:
        self._tasks = tasks
        self._collection = collection

    async def CheckIn(self, request: pb.CheckInRequest, _: Any) -> pb.CheckInResponse:
        call = await call_on(self._tasks, request, pb.CheckInResponse)
        return await self._collection.check_in(call, request.note)

    async def HandOver(self, request: pb.HandOverRequest, _: Any) -> pb.HandOverResponse:
        call = await call_on(self._tasks, request, pb.HandOverResponse)
        return await self._collection.hand_over(call, request.code)

    async def RequireChecks(self, _: pb.RequireChecksRequest, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "")
