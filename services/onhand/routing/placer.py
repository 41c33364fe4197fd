"""Finds locations for an order's lines with what stock says."""

from collections.abc import Sequence
from dataclasses import dataclass

from onhand.routing.config import RoutingSettings
from onhand.routing.domain import placing
from onhand.routing.domain.cost import Cell, Demand, Option
from onhand.routing.domain.order import Order, Position
from onhand.routing.domain.plan import Plan, plan_collect, plan_ship
from onhand.routing.stock import Location, StockGateway, distance_metres


@dataclass(frozen=True, slots=True)
class BasketRefused:
    """The held basket cannot be taken over."""

    detail: str


class Placer:
    def __init__(self, stock: StockGateway, settings: RoutingSettings) -> None:
        self._stock = stock
        self._policy = settings.policy()
        self._max_candidates = settings.max_candidates

    async def collect(self, order: Order, *, fully_consistent: bool) -> Plan:
        """Plan the lines that wait of a collect order. Raises DependencyUnavailable."""
        demands = placing.demands_of(order)
        store_id = order.collect_location_id
        excluded_by = await self._why_not_collect(store_id)
        cells: dict[str, dict[str, Cell]] = {}
        if not excluded_by:
            items = _items(demands)
            cells = await self._stock.cells(items, [store_id], fully_consistent=fully_consistent)
        return plan_collect(demands, Option(store_id, excluded_by, cells=cells.get(store_id, {})))

    async def take_basket(self, order: Order) -> Plan | BasketRefused:
        """Plan a collect order on its held basket, or say why that cannot be."""
        basket = await self._stock.basket(order.basket_reservation_id)
        if basket is None:
            return BasketRefused("the held basket is not known")
        if not placing.fits(order, basket):
            return BasketRefused("the held basket expired, or does not hold the order's goods")
        excluded_by = await self._why_not_collect(order.collect_location_id)
        if excluded_by:
            return BasketRefused(f"the held basket's store cannot serve: {excluded_by}")
        return plan_collect(placing.demands_of(order), Option(order.collect_location_id), held=True)

    async def ship(self, order: Order, *, fully_consistent: bool) -> Plan:
        """Plan the lines that wait of a ship order. Raises DependencyUnavailable."""
        demands = placing.demands_of(order)
        options = self._options(order, await self._stock.locations())
        open_ids = [option.location_id for option in options if not option.excluded_by]
        cells: dict[str, dict[str, Cell]] = {}
        if open_ids:
            cells = await self._stock.cells(_items(demands), open_ids, fully_consistent=fully_consistent)
        options = [
            Option(each.location_id, each.excluded_by, each.distance_metres, cells.get(each.location_id, {}))
            for each in options
        ]
        return plan_ship(demands, options, self._policy, allow_split=order.allow_split)

    def _options(self, order: Order, locations: Sequence[Location]) -> list[Option]:
        """Return the locations to look at, nearest first, with the filters that they fail themselves."""
        customer = order.shipping_position or Position(0, 0)
        bound_to = placing.bound_to(order)
        options = []
        for location in locations:
            distance = distance_metres(location.position, customer) if location.position else 0
            excluded_by = ""
            if not location.ship_enabled:
                excluded_by = "ship_disabled"
            elif location.position is None:
                excluded_by = "no_position"
            elif bound_to is not None and location.location_id != bound_to:
                excluded_by = "no_split_consent"
            options.append(Option(location.location_id, excluded_by, distance))
        options.sort(key=lambda each: (bool(each.excluded_by), each.distance_metres, each.location_id))
        return options[: self._max_candidates]

    async def _why_not_collect(self, location_id: str) -> str:
        location = await self._stock.location(location_id)
        if location is None:
            return "unknown_location"
        return "" if location.collect_enabled else "collect_disabled"


def _items(demands: Sequence[Demand]) -> list[str]:
    return sorted({demand.item_id for demand in demands})
