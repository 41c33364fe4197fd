"""Protobuf ⇄ domain for OrderService.

An order is the channel's, not one location's: whoever has the scope may place and read orders whatever
locations its token speaks for.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from onhand.api.routing.v1 import orders_pb2
from onhand.kit import auth, paging
from onhand.kit.clock import Clock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.kit.waiting import set_or_after
from onhand.routing.config import RoutingSettings
from onhand.routing.domain import placing
from onhand.routing.domain.lifecycle import FulfilmentMethod, LineState
from onhand.routing.messages.orders import order_from, order_message, plan_message
from onhand.routing.saga import Saga
from onhand.routing.use_cases.orders import Orders
from onhand.routing.use_cases.policies import Policies
from onhand.routing.watchers import Watchers

Context = grpc.aio.ServicerContext[Any, Any]


class OrderServicer:
    def __init__(
        self,
        orders: Orders,
        policies: Policies,
        saga: Saga,
        watchers: Watchers,
        clock: Clock,
        settings: RoutingSettings,
    ) -> None:
        self._orders = orders
        self._policies = policies
        self._saga = saga
        self._watchers = watchers
        self._clock = clock
        self._settings = settings

    async def SubmitOrder(
        self, request: orders_pb2.SubmitOrderRequest, _: Context
    ) -> orders_pb2.SubmitOrderResponse:
        auto_cancel_after = timedelta(seconds=self._settings.auto_cancel_s)
        order = order_from(request, self._clock.now(), auto_cancel_after)
        if order.method is FulfilmentMethod.SHIP and not request.quote_token:
            policy = await self._policies.of_channel(order.channel)
            # In a wave all locations count at once; groups are an order among them.
            every_s = 0 if policy.groups else policy.wave_s
            order.wave_time = placing.wave_time(order.create_time, every_s) if every_s else None
        lease = await self._orders.submit(auth.current().subject, request, order)
        if lease is not None:
            await asyncio.wait([self._saga.start(lease)], timeout=self._settings.submit_wait_s)
        return orders_pb2.SubmitOrderResponse(order=order_message(await self._orders.get(order.order_id)))

    async def GetOrder(self, request: orders_pb2.GetOrderRequest, _: Context) -> orders_pb2.GetOrderResponse:
        return orders_pb2.GetOrderResponse(order=order_message(await self._orders.get(request.order_id)))

    async def ListOrders(
        self, request: orders_pb2.ListOrdersRequest, _: Context
    ) -> orders_pb2.ListOrdersResponse:
        size = paging.size(request.page_size)
        state = LineState(request.state) if request.state else None
        before = _key(request.page_token)
        # One more than asked tells whether there is another page.
        found = await self._orders.latest(request.customer_id, state, before, size + 1)
        page, last = paging.cut(found, size)
        token = paging.token(last.create_time.isoformat(), last.order_id) if last else ""
        return orders_pb2.ListOrdersResponse(orders=map(order_message, page), next_page_token=token)

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

    async def ChangeOrder(
        self, request: orders_pb2.ChangeOrderRequest, _: Context
    ) -> orders_pb2.ChangeOrderResponse:
        order = await self._orders.change(auth.current().subject, request)
        return orders_pb2.ChangeOrderResponse(order=order_message(order))

    async def ExplainRouting(
        self, request: orders_pb2.ExplainRoutingRequest, _: Context
    ) -> orders_pb2.ExplainRoutingResponse:
        explained = await self._policies.plans(request.order_id)
        return orders_pb2.ExplainRoutingResponse(
            plans=[plan_message(each.plan_time, each.plan) for each in explained]
        )


def _key(page_token: str) -> tuple[datetime, str] | None:
    key = paging.key(page_token, str, str)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(key[0]).astimezone(UTC), key[1]
    except ValueError:
        raise InvalidField([FieldViolation("page_token", "is not from an earlier answer")]) from None
