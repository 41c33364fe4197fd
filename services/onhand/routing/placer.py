"""Gathers the facts that a plan depends on, from stock and from the policy in force, and makes the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from onhand.kit.clock import Clock
from onhand.routing.config import RoutingSettings
from onhand.routing.domain import placing
from onhand.routing.domain.cost import Cell, Demand, Option, Question
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Order, Position
from onhand.routing.domain.plan import Plan, make_plan
from onhand.routing.domain.policy import Policy
from onhand.routing.stock import Location, StockGateway, distance_metres
from onhand.routing.use_cases.policies import Policies


@dataclass(frozen=True, slots=True)
class BasketRefused:
    """The held basket cannot be taken over."""

    detail: str


class Placer:
    def __init__(
        self, stock: StockGateway, policies: Policies, clock: Clock, settings: RoutingSettings
    ) -> None:
        self._stock = stock
        self._policies = policies
        self._clock = clock
        self._max_candidates = settings.max_candidates

    async def plan(self, order: Order, *, fully_consistent: bool) -> Plan:
        """Plan the lines that wait of an order. Raises DependencyUnavailable."""
        policy = await self._policies.of_channel(order.channel)
        if order.method is FulfilmentMethod.COLLECT:
            options = [await self._store(order.collect_location_id)]
        else:
            options = self._shippers(order, await self._stock.locations())
        demands = placing.demands_of(order)
        options = await self._with_stock(options, demands, fully_consistent=fully_consistent)
        options = await self._with_load(options, policy)
        return make_plan(Question(order.method, demands, tuple(options), order.allow_split), policy)

    async def take_basket(self, order: Order) -> Plan | BasketRefused:
        """Plan a collect order on its held basket, or say why that cannot be."""
        basket = await self._stock.basket(order.basket_reservation_id)
        if basket is None:
            return BasketRefused("the held basket is not known")
        if not placing.fits(order, basket):
            return BasketRefused("the held basket expired, or does not hold the order's goods")
        store = await self._store(order.collect_location_id)
        if store.barred:
            return BasketRefused(f"the held basket's store cannot serve: {store.barred}")
        question = Question(order.method, placing.demands_of(order), (store,), held=True)
        return make_plan(question, await self._policies.of_channel(order.channel))

    async def _store(self, location_id: str) -> Option:
        location = await self._stock.location(location_id)
        if location is None:
            return Option(location_id, "unknown_location")
        barred = "" if location.collect_enabled else "collect_disabled"
        return Option(location_id, barred, day=location.calendar.day_of(self._clock.now()))

    def _shippers(self, order: Order, locations: Sequence[Location]) -> list[Option]:
        """Return the locations to look at: those that can serve before the others, nearest first."""
        customer = order.shipping_position or Position(0, 0)
        bound_to = placing.bound_to(order)
        now = self._clock.now()
        options = []
        for location in locations:
            distance = distance_metres(location.position, customer) if location.position else 0
            barred = ""
            if not location.ship_enabled:
                barred = "ship_disabled"
            elif location.position is None:
                barred = "no_position"
            elif bound_to is not None and location.location_id != bound_to:
                barred = "no_split_consent"
            day = location.calendar.day_of(now)
            options.append(Option(location.location_id, barred, distance, day=day))
        options.sort(key=lambda each: (bool(each.barred), each.distance_metres, each.location_id))
        return options[: self._max_candidates]

    async def _with_stock(
        self, options: Sequence[Option], demands: Sequence[Demand], *, fully_consistent: bool
    ) -> list[Option]:
        open_ids = [option.location_id for option in options if not option.barred]
        cells: dict[str, dict[str, Cell]] = {}
        if open_ids:
            items = sorted({demand.item_id for demand in demands})
            cells = await self._stock.cells(items, open_ids, fully_consistent=fully_consistent)
        return [replace(each, cells=cells.get(each.location_id, {})) for each in options]

    async def _with_load(self, options: list[Option], policy: Policy) -> list[Option]:
        """Count the orders that locations of limited capacity were given today."""
        days = {
            each.location_id: each.day
            for each in options
            if each.day is not None and policy.capacity.at(each.location_id) is not None
        }
        given = await self._policies.orders_given(days) if days else {}
        return [replace(each, orders_today=given.get(each.location_id, 0)) for each in options]
