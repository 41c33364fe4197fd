"""Customers at home: what is in the basket is looked up, held, ordered, and collected with the mailed code."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from random import Random

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.routing.v1 import orders_pb2
from onhand.api.stock.v1 import availability_pb2, reservations_pb2
from onhand.client import AsyncRouting, AsyncStock
from onhand.demo.associates import StoreTeam
from onhand.demo.data import Basket, TillLine
from onhand.demo.mailbox import Mailbox
from onhand.demo.masterdata import address_of, position_of
from onhand.demo.tally import Tally
from onhand.demo.world import World, item_id, location_id
from onhand.kit.clock import Clock
from onhand.kit.errors import InsufficientStock, OnhandError

MAX_ORDER_LINES = 6
"""Lines of a basket that are ordered; the rest of it is bought at the till."""
MAX_LINE_UNITS = 10
COLLECT_SHARE = 0.65
HOLD_SHARE = 0.5
"""Share of collect orders that hold their goods at checkout first."""
ABANDON_SHARE = 0.1
"""Share of those that never order: their hold expires."""
HOLD_S = 60
ABANDONED_HOLD_S = 3
CHECKOUT_S = 0.5
TRAVEL_S = 1.0


class WebShop:
    """The shop's side of all customers."""

    def __init__(
        self,
        stock: AsyncStock,
        routing: AsyncRouting,
        world: World,
        teams: Mapping[str, StoreTeam],
        mailbox: Mailbox,
        *,
        order_patience_s: float,
        clock: Clock,
        random: Random,
        tally: Tally,
    ) -> None:
        self._stock = stock
        self._routing = routing
        self._world = world
        self._teams = teams
        self._mailbox = mailbox
        self._order_patience = timedelta(seconds=order_patience_s)
        self._clock = clock
        self._random = random
        self._tally = tally

    async def order(self, basket: Basket) -> str:
        """Take a basket through the checkout; returns the order to collect, if it became one."""
        store = location_id(basket.store_id)
        collect = self._random.random() < COLLECT_SHARE and not self._teams[store].closed
        wanted = {item_id(line.product_id): min(line.quantity, MAX_LINE_UNITS) for line in basket.lines}
        try:
            offered = await self._offered(wanted, store) if collect else wanted
            hold = ""
            if collect and offered and self._random.random() < HOLD_SHARE:
                abandoned = self._random.random() < ABANDON_SHARE
                offered, hold = await self._hold(offered, store, basket, abandoned=abandoned)
                if abandoned:
                    self._tally.counts["baskets held and abandoned"] += 1
                    return ""
            if not offered:
                self._tally.counts["customers who found nothing in stock"] += 1
                return ""
            await asyncio.sleep(CHECKOUT_S * self._random.random())
            order = self._order(basket, offered, store, collect=collect)
            answer = await self._routing.orders.SubmitOrder(
                orders_pb2.SubmitOrderRequest(
                    request_id=str(self._clock.uuid()), order=order, reservation_id=hold
                )
            )
        except OnhandError as error:
            self._tally.fail(f"order of basket {basket.basket_id}: {error.reason}: {error}")
            return ""
        self._tally.orders[order.order_id] = "accepted"
        how = f"to collect in {store}" if collect else f"to {order.shipping_address.locality}"
        self._tally.tell(f"order    {answer.order.order_id} {how}: {len(order.lines)} lines")
        return order.order_id if collect else ""

    async def _offered(self, wanted: Mapping[str, int], store: str) -> dict[str, int]:
        """Return what the shop shows as available in a store, and sells no more of."""
        answer = await self._stock.availability.GetAvailability(
            availability_pb2.GetAvailabilityRequest(item_ids=list(wanted), location_ids=[store])
        )
        available = {each.availability.item_id: each.availability.available for each in answer.lines}
        offered = {item: min(units, available[item]) for item, units in wanted.items()}
        return {item: units for item, units in offered.items() if units > 0}

    async def _hold(
        self, wanted: dict[str, int], store: str, basket: Basket, *, abandoned: bool
    ) -> tuple[dict[str, int], str]:
        """Hold a basket; what somebody else was faster with is left out. Returns what is held, and by what id."""
        while wanted:
            request_id = str(self._clock.uuid())
            try:
                await self._stock.reservations.CreateReservation(
                    reservations_pb2.CreateReservationRequest(
                        request_id=request_id,
                        lines=[
                            reservations_pb2.ReservationLine(item_id=item, location_id=store, quantity=units)
                            for item, units in wanted.items()
                        ],
                        hold_duration=Duration(seconds=ABANDONED_HOLD_S if abandoned else HOLD_S),
                        channel="web",
                        customer_id=_customer_id(basket),
                    )
                )
            except InsufficientStock as error:
                self._tally.counts["holds refused: too few"] += 1
                self._tally.tell(f"hold     {error}")
                wanted = {item: units for item, units in wanted.items() if item != error.item_id}
            else:
                return wanted, request_id
        return {}, ""

    def _order(
        self, basket: Basket, wanted: Mapping[str, int], store: str, *, collect: bool
    ) -> orders_pb2.Order:
        patience = Timestamp()
        patience.FromDatetime(self._clock.now() + self._order_patience)
        order = orders_pb2.Order(
            order_id=f"W-{basket.basket_id}",
            channel="web",
            customer=orders_pb2.Customer(
                customer_id=_customer_id(basket),
                display_name=f"household {basket.household_id}",
                email=f"household-{basket.household_id}@customers.example",
            ),
            lines=[
                orders_pb2.OrderLine(line_id=str(number), item_id=item, quantity=units)
                for number, (item, units) in enumerate(wanted.items(), 1)
            ],
            auto_cancel_time=patience,
        )
        if collect:
            order.method = orders_pb2.FULFILMENT_METHOD_COLLECT
            order.collect_location_id = store
        else:
            home = self._random.choice(self._world.stores[store].neighbours)
            order.method = orders_pb2.FULFILMENT_METHOD_SHIP
            order.shipping_address.CopyFrom(address_of(home, f"Household {basket.household_id}"))
            order.shipping_position.CopyFrom(position_of(home))
            order.allow_split = self._random.random() < 0.5  # noqa: PLR2004 - one half
        return order

    async def collect(self, order_id: str, store: str) -> None:
        """Wait for the mail that it is ready, go there, show the code; again for each part of the order.

        Runs until cancelled: another part may still come.
        """
        mails = self._mailbox.of_order(order_id)
        while True:
            mail = await mails.get()
            if mail.code:
                await asyncio.sleep(TRAVEL_S * self._random.uniform(0.5, 1))
                await self._teams[store].hand_over(order_id, mail.code)


def split(basket: Basket, known: Mapping[str, object]) -> tuple[Basket, Basket]:
    """Divide a basket into what is ordered and what is bought at the till."""
    ordered: list[TillLine] = []
    bought: list[TillLine] = []
    seen: set[int] = set()
    for line in basket.lines:
        can_order = item_id(line.product_id) in known and line.product_id not in seen
        if can_order and len(ordered) < MAX_ORDER_LINES and line.quantity <= MAX_LINE_UNITS:
            ordered.append(line)
            seen.add(line.product_id)
        else:
            bought.append(line)
    return _with(basket, ordered), _with(basket, bought)


def _with(basket: Basket, lines: list[TillLine]) -> Basket:
    return Basket(basket.basket_id, basket.store_id, basket.household_id, basket.second, tuple(lines))


def _customer_id(basket: Basket) -> str:
    return f"household-{basket.household_id}"
