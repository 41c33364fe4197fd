"""One order from the shop to the customer, step by step, as a web shop, a store and a till do it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import grpc
import pytest
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress
from tests.stack import Mailbox, Stack, eventually

from onhand.api.pickup.v1 import tasks_pb2 as tp
from onhand.api.routing.v1 import orders_pb2 as op
from onhand.client import Pickup, Routing, Settings, Stock
from onhand.kit.errors import OnhandError

T = TypeVar("T")
PATIENT = Settings(timeout_s=30, max_attempts=20)


def request_id() -> str:
    return str(uuid4())


@dataclass
class Errand:
    """A customer, their order, and everyone who works on it."""

    stack: Stack
    mailbox: Mailbox
    order_id: str = field(default_factory=lambda: f"O-{uuid4().hex[:10]}")

    def __post_init__(self) -> None:
        self.email = f"{self.order_id.lower()}@customer.example"
        token = self.stack.token()
        self.stock = Stock(self.stack.address("stock"), token, PATIENT)
        self.routing = Routing(self.stack.address("routing"), token, PATIENT)
        self.pickup = Pickup(self.stack.address("pickup"), token, PATIENT)

    def close(self) -> None:
        for client in (self.stock, self.routing, self.pickup):
            client.close()

    def submit(
        self, item_id: str, *, store: str = "", quantity: int = 1, reservation_id: str = ""
    ) -> op.Order:
        """Order for collection at `store`, or for shipping to a customer in Amsterdam."""
        order = op.Order(
            order_id=self.order_id,
            channel="web",
            customer=op.Customer(display_name="Ada", email=self.email),
            method=op.FULFILMENT_METHOD_COLLECT if store else op.FULFILMENT_METHOD_SHIP,
            collect_location_id=store,
            lines=[op.OrderLine(line_id="1", item_id=item_id, quantity=quantity)],
        )
        if not store:
            order.shipping_address.CopyFrom(PostalAddress(region_code="NL", locality="Amsterdam"))
            order.shipping_position.CopyFrom(LatLng(latitude=52.37, longitude=4.9))
        request = op.SubmitOrderRequest(request_id=request_id(), order=order, reservation_id=reservation_id)
        return again(lambda: self.routing.orders.SubmitOrder(request)).order

    def order(self) -> op.Order:
        return again(lambda: self.routing.orders.GetOrder(op.GetOrderRequest(order_id=self.order_id))).order

    def line(self) -> op.OrderLine:
        return self.order().lines[0]

    def reached(self, *states: int) -> op.OrderLine:
        """Wait until the order's only line is in one of `states`."""

        def check() -> op.OrderLine | None:
            line = self.line()
            return line if line.state in states else None

        try:
            return eventually(check, 60)
        except AssertionError:
            pytest.fail(f"the line did not reach {states}; the order: {self.order()}")

    def task(self, store: str) -> tp.Task:
        """Wait for the store's task."""

        def check() -> tp.Task | None:
            request = tp.ListTasksRequest(location_id=store, page_size=1000)
            found = again(lambda: self.pickup.tasks.ListTasks(request)).tasks
            return next((each for each in found if each.order_id == self.order_id), None)

        return eventually(check, 60)

    def accept(self, task: tp.Task) -> tp.Task:
        request = tp.AcceptTaskRequest(request_id=request_id(), task_id=task.task_id)
        return again(lambda: self.pickup.tasks.AcceptTask(request)).task

    def pick(self, task: tp.Task, epcs: list[str] | None = None) -> tp.Task:
        line = task.lines[0]
        request = tp.PickLineRequest(
            request_id=request_id(),
            task_id=task.task_id,
            line_id=line.line_id,
            quantity=line.quantity,
            epcs=epcs,
        )
        return again(lambda: self.pickup.tasks.PickLine(request)).task

    def stage(self, task: tp.Task) -> tp.Task:
        request = tp.StageTaskRequest(request_id=request_id(), task_id=task.task_id, staging_place="rack B 3")
        return again(lambda: self.pickup.tasks.StageTask(request)).task

    def code(self) -> str:
        """Wait for the mail that says the order is ready, and read the code in it."""

        def check() -> str | None:
            for mail in self.mailbox.to(self.email):
                body = mail.get_body(("plain",))
                found = re.search(r"\b(\d{4}) ?(\d{4})\b", body.get_content() if body else "")
                if found:
                    return found[1] + found[2]
            return None

        return eventually(check, 90)

    def hand_over(self, task: tp.Task, code: str) -> tp.Task:
        request = tp.HandOverRequest(request_id=request_id(), task_id=task.task_id, code=code)
        return again(lambda: self.pickup.collection.HandOver(request)).task


def again(call: Callable[[], T]) -> T:
    """Call until it is answered, as a patient caller does while something is down.

    Only what says "try again" is tried again, with the same request_id.
    """

    def check() -> list[T] | None:
        try:
            return [call()]
        except OnhandError as error:
            if error.retry_after_s is None:
                raise
        except grpc.RpcError as error:
            code = error.code() if isinstance(error, grpc.Call) else None
            if code not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
        return None

    return eventually(check, 60)[0]
