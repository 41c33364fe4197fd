"""Protobuf ⇄ domain for OrderService.

An order is the channel's, not one location's: whoever has the scope may place and read orders whatever
locations its token speaks for.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from onhand.api.routing.v1 import orders_pb2
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.waiting import set_or_after
from onhand.routing.config import RoutingSettings
from onhand.routing.domain.lifecycle import LineState
from onhand.routing.messages import order_from, order_message, plan_messages
from onhand.routing.saga import Saga
from onhand.routing.use_cases import Orders
from onhand.routing.watchers import Watchers

DEFAULT_PAGE = 100
MAX_PAGE = 1_000

Context = grpc.aio.ServicerContext[Any, Any]


class OrderServicer:
    def __init__(
        self, orders: Orders, saga: Saga, watchers: Watchers, clock: Clock, settings: RoutingSettings
    ) -> None:
        self._orders = orders
        self._saga = saga
        self._watchers = watchers
        self._clock = clock
        self._settings = settings

    async def SubmitOrder(
        self, request: orders_pb2.SubmitOrderRequest, _: Context
    ) -> orders_pb2.SubmitOrderResponse:
        auto_cancel_after = timedelta(seconds=self._settings.auto_cancel_s)
        order = order_from(request, self._clock.now(), auto_cancel_after)
        lease = await self._orders.submit(auth.current().subject, request, order)
        if lease is not None:
            await asyncio.wait([self._saga.start(lease)], timeout=self._settings.submit_wait_s)
        return orders_pb2.SubmitOrderResponse(order=order_message(await self._orders.get(order.order_id)))

    async def GetOrder(self, request: orders_pb2.GetOrderRequest, _: Context) -> orders_pb2.GetOrderResponse:
        return orders_pb2.GetOrderResponse(order=order_message(await self._orders.get(request.order_id)))

    async def ListOrders(
        self, request: orders_pb2.ListOrdersRequest, _: Context
    ) -> orders_pb2.ListOrdersResponse:
        size = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        state = LineState(request.state) if request.state else None
        before = _read_token(request.page_token)
        # One more than asked tells whether there is another page.
        found = await self._orders.latest(request.customer_id, state, before, size + 1)
        page = found[:size]
        response = orders_pb2.ListOrdersResponse(orders=map(order_message, page))
        if len(found) > size:
            response.next_page_token = _write_token(page[-1].create_time, page[-1].order_id)
        return response

    async def WatchOrder(
        self, request: orders_pb2.WatchOrderRequest, _: Context
    ) -> AsyncIterator[orders_pb2.WatchOrderResponse]:
        with self._watchers.watching(request.order_id) as changed:
            seen = 0
            while True:
                changed.clear()
                if await self._orders.version(request.order_id) != seen:
                    order = await self._orders.get(request.order_id)
                    seen = order.version
                    yield orders_pb2.WatchOrderResponse(order=order_message(order))
                    if order.has_ended:
                        return
                await set_or_after(changed, self._settings.watch_interval_s)

    async def CancelOrder(
        self, request: orders_pb2.CancelOrderRequest, _: Context
    ) -> orders_pb2.CancelOrderResponse:
        order = await self._orders.cancel(auth.current().subject, request)
        return orders_pb2.CancelOrderResponse(order=order_message(order))

    async def ExplainRouting(
        self, request: orders_pb2.ExplainRoutingRequest, _: Context
    ) -> orders_pb2.ExplainRoutingResponse:
        kept = await self._orders.plans(request.order_id)
        return orders_pb2.ExplainRoutingResponse(plans=plan_messages(kept))


def _write_token(create_time: datetime, order_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([create_time.isoformat(), order_id]).encode()).decode()


def _read_token(token: str) -> tuple[datetime, str] | None:
    if not token:
        return None
    try:
        create_time, order_id = json.loads(base64.urlsafe_b64decode(token))
        return datetime.fromisoformat(create_time).astimezone(UTC), str(order_id)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidField([FieldViolation("page_token", "is not one that this service gave")]) from None
