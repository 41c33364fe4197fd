"""Servers in place of routing and pickup, by their contracts: one order, its task, and what is asked of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message

from onhand.api.pickup.v1 import customers_pb2, picking_pb2, tasks_pb2
from onhand.api.pickup.v1.customers_pb2_grpc import CustomerServiceServicer
from onhand.api.pickup.v1.picking_pb2_grpc import PickingServiceServicer
from onhand.api.pickup.v1.tasks_pb2_grpc import CollectionServiceServicer, TaskServiceServicer
from onhand.api.routing.v1 import orders_pb2
from onhand.api.routing.v1.orders_pb2_grpc import OrderServiceServicer
from onhand.kit import auth
from onhand.kit.errors import NotFound, OnhandError

ORDER_ID = "order-1"
TASK_ID = "0193a5b0-0000-7000-8000-000000000001"
SUBSTITUTION_ID = "0193a5b0-0000-7000-8000-000000000002"
EPC = "30340242201D8840009EFDF7"
PASS = "eyJhbGciOiJFUzI1NiJ9." + "x" * 300


def order(state: int = orders_pb2.OrderLine.STATE_READY) -> orders_pb2.Order:
    line = orders_pb2.OrderLine(
        line_id="1", item_id="shirt", quantity=2, state=state, location_id="store-1", task_id=TASK_ID
    )
    return orders_pb2.Order(
        order_id=ORDER_ID,
        channel="web",
        customer=orders_pb2.Customer(display_name="Ana <b>", locale="nl-NL"),
        method=orders_pb2.FULFILMENT_METHOD_COLLECT,
        collect_location_id="store-1",
        lines=[line],
        version=3,
    )


def task(state: int = tasks_pb2.Task.STATE_READY) -> tasks_pb2.Task:
    made = tasks_pb2.Task(
        task_id=TASK_ID,
        order_id=ORDER_ID,
        location_id="store-1",
        kind=tasks_pb2.Task.KIND_COLLECT,
        state=state,
        lines=[tasks_pb2.TaskLine(line_id="1", item_id="shirt", quantity=2)],
        customer_display_name="Ana <b>",
        version=7,
    )
    made.promise_time.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    made.accept_deadline.FromDatetime(datetime.now(UTC) + timedelta(minutes=30))
    return made


class Peers(
    TaskServiceServicer,
    CollectionServiceServicer,
    CustomerServiceServicer,
    PickingServiceServicer,
    OrderServiceServicer,
):
    """Everything that is asked is kept, with who asked."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.asked: list[tuple[str, Message]] = []
        """Subject of the token, and request, of what would change something."""
        self.order = order()
        self.task = task()
        self.to_shelve: list[tasks_pb2.Task] = []
        self.stops: list[picking_pb2.PickStop] = []
        self.failure: OnhandError | None = None

    def _do(self, request: Any, response: Any) -> Any:
        self.asked.append((auth.current().subject, request))
        if self.failure is not None:
            raise self.failure
        return response

    async def GetOrder(self, request: Any, _: Any) -> Any:
        if request.order_id != self.order.order_id:
            raise NotFound("order", request.order_id)
        return orders_pb2.GetOrderResponse(order=self.order)

    async def CancelOrder(self, request: Any, _: Any) -> Any:
        return self._do(request, orders_pb2.CancelOrderResponse(order=self.order))

    async def ListOrderTasks(self, request: Any, _: Any) -> Any:
        assert request.order_id == self.order.order_id
        given_up = tasks_pb2.Task(task_id=TASK_ID[:-1] + "9", state=tasks_pb2.Task.STATE_REJECTED)
        return customers_pb2.ListOrderTasksResponse(tasks=[given_up, self.task])

    async def ListTasks(self, request: Any, _: Any) -> Any:
        auth.current().require_location(request.location_id)
        return tasks_pb2.ListTasksResponse(
            tasks=[self.task] if not request.only_to_shelve else self.to_shelve
        )

    async def WatchTasks(self, _: Any, __: Any) -> Any:
        yield tasks_pb2.WatchTasksResponse(task=self.task)
        await asyncio.Event().wait()  # until the caller goes

    async def AcceptTask(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.AcceptTaskResponse(task=self.task))

    async def RejectTask(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.RejectTaskResponse(task=self.task))

    async def AssignTask(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.AssignTaskResponse(task=self.task))

    async def PickLine(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.PickLineResponse(task=self.task))

    async def PickScan(self, request: Any, _: Any) -> Any:
        return self._do(request, picking_pb2.PickScanResponse(task=self.task, line_id="1"))

    async def CreateWave(self, request: Any, _: Any) -> Any:
        wave = picking_pb2.Wave(wave_id=request.request_id, tasks=[self.task])
        return self._do(request, picking_pb2.CreateWaveResponse(wave=wave))

    async def GetWave(self, request: Any, _: Any) -> Any:
        wave = picking_pb2.Wave(wave_id=request.wave_id, tasks=[self.task])
        return picking_pb2.GetWaveResponse(wave=wave)

    async def FindTag(self, request: Any, _: Any) -> Any:
        if request.epc != EPC:
            raise NotFound("tag", request.epc)
        trace = picking_pb2.FindTagResponse(
            epc_hex=EPC, item_id="shirt", zone_id="floor", here=True, heat=0.5
        )
        trace.as_of_time.GetCurrentTime()
        trace.last_seen_time.FromSeconds(trace.as_of_time.seconds - 30)
        yield trace
        await asyncio.Event().wait()

    async def HandOver(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.HandOverResponse(task=self.task))

    async def ReshelveTask(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.ReshelveTaskResponse(task=self.task))

    async def AcknowledgeAlert(self, request: Any, _: Any) -> Any:
        return self._do(request, tasks_pb2.AcknowledgeAlertResponse(task=self.task))

    async def GetPickList(self, request: Any, _: Any) -> Any:
        assert request.wave_id or request.task_ids == [self.task.task_id]
        return picking_pb2.GetPickListResponse(stops=self.stops)

    async def ProposeSubstitution(self, request: Any, _: Any) -> Any:
        return self._do(request, picking_pb2.ProposeSubstitutionResponse(task=self.task))

    async def CheckIn(self, request: Any, _: Any) -> Any:
        """Of the counter and of the customer."""
        customer = isinstance(request, customers_pb2.CustomerServiceCheckInRequest)
        response = customers_pb2.CustomerServiceCheckInResponse if customer else tasks_pb2.CheckInResponse
        return self._do(request, response(task=self.task))

    async def GetCollectionPass(self, request: Any, _: Any) -> Any:
        return self._do(request, customers_pb2.GetCollectionPassResponse(collection_pass=PASS))

    async def AnnounceArrival(self, request: Any, _: Any) -> Any:
        return self._do(request, customers_pb2.AnnounceArrivalResponse(task=self.task))

    async def NameCollector(self, request: Any, _: Any) -> Any:
        return self._do(request, customers_pb2.NameCollectorResponse(task=self.task))

    async def ExtendCollection(self, request: Any, _: Any) -> Any:
        return self._do(request, customers_pb2.ExtendCollectionResponse(task=self.task))

    async def AnswerSubstitution(self, request: Any, _: Any) -> Any:
        return self._do(request, customers_pb2.AnswerSubstitutionResponse(task=self.task))
