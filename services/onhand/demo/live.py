"""What the channels see while the day goes on: the stream of availability, and the list of orders."""

import asyncio
from collections.abc import Iterable, Mapping

import grpc

from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2
from onhand.client import AsyncRouting, AsyncStock
from onhand.demo.tally import Tally
from onhand.kit.errors import DatabaseUnavailable, DependencyUnavailable

RECONNECT_S = 0.5
ORDERS_POLL_S = 0.7
POLL_S = 0.1
PAGE = 1000
CUT = (DatabaseUnavailable, DependencyUnavailable, grpc.aio.AioRpcError)
"""What a stream ends with when something behind it is gone for now."""

Cells = dict[tuple[str, str], availability_pb2.Availability]
_State = orders_pb2.OrderLine
ENDED = {
    _State.STATE_COLLECTED: "collected",
    _State.STATE_SHIPPED: "shipped",
    _State.STATE_CANCELLED: "cancelled",
    _State.STATE_EXPIRED: "expired",
    _State.STATE_RETURNED: "returned",
}
GOT = {_State.STATE_COLLECTED: "collected in part", _State.STATE_SHIPPED: "shipped in part"}
END_STATES = frozenset({*ENDED.values(), *GOT.values()})


class LiveAvailability:
    """All cells, as the stream tells them."""

    def __init__(self, stock: AsyncStock, tally: Tally) -> None:
        self._stock = stock
        self._tally = tally
        self.cells: Cells = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                request = availability_pb2.WatchAvailabilityRequest()
                async for answer in self._stock.availability.WatchAvailability(request):
                    for cell in answer.cells:
                        self._take(cell)
            except CUT:
                self._tally.tell("watch    availability was cut; watching again")
            await asyncio.sleep(RECONNECT_S)

    async def nothing_promised(self, within_s: float) -> None:
        """Wait until no unit is held or committed any more, though not for ever.

        Stock hears of goods that left, or were not found, a moment after the order has ended.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        while any(cell.reserved or cell.committed for cell in self.cells.values()):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(POLL_S)

    def _take(self, cell: availability_pb2.Availability) -> None:
        key = (cell.location_id, cell.item_id)
        store, before = self._tally.stores[cell.location_id], self.cells.get(key)
        store.on_hand += cell.on_hand - (before.on_hand if before else 0)
        store.available += cell.available - (before.available if before else 0)
        self.cells[key] = cell


async def follow_orders(routing: AsyncRouting, tally: Tally) -> None:
    """Keep the tally's orders at their present states until cancelled."""
    while True:
        try:
            await _look_at_orders(routing, tally)
        except CUT:
            tally.tell("orders   routing does not answer; asking again")
        await asyncio.sleep(ORDERS_POLL_S)


async def _look_at_orders(routing: AsyncRouting, tally: Tally) -> None:
    token = ""
    while True:
        request = orders_pb2.ListOrdersRequest(page_size=PAGE, page_token=token)
        answer = await routing.orders.ListOrders(request)
        for order in answer.orders:
            if order.order_id in tally.orders:
                tally.orders[order.order_id] = state_of([line.state for line in order.lines])
        token = answer.next_page_token
        if not token:
            return


def state_of(lines: Iterable["orders_pb2.OrderLine.State"]) -> str:
    """Say one state for an order: of its least advanced line, or how it ended."""
    states = set(lines)
    open_states = states - ENDED.keys()
    if open_states:
        name = orders_pb2.OrderLine.State.Name(min(open_states))
        return name.removeprefix("STATE_").lower()
    if len(states) == 1:
        return ENDED[states.pop()]
    return next((GOT[state] for state in GOT if state in states), "cancelled")


def all_ended(orders: Mapping[str, str]) -> bool:
    return all(state in END_STATES for state in orders.values())
