"""By when a location can do something: its calendar, its queue, and the carriers' tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from onhand.kit.clock import Clock
from onhand.routing.config import RoutingSettings
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.network import Network
from onhand.routing.domain.order import Order
from onhand.routing.domain.promise import ALWAYS_OPEN, after_work, promise_time, wall_time
from onhand.routing.messages.orders import address_message, place_of
from onhand.routing.stock import Location, StockGateway, distance_metres
from onhand.routing.use_cases.networks import Networks


@dataclass(frozen=True, slots=True)
class Dates:
    promise_time: datetime
    """Ready to collect, or shipped."""
    delivery_date: date | None = None
    """Ship: None where no carrier's table has the way."""
    shipping_cost: float = 0.0

    def is_after(self, latest_time: datetime) -> bool:
        """Tell whether it is ready too late, or delivered on a later day."""
        delivered_late = self.delivery_date is not None and self.delivery_date > latest_time.date()
        return self.promise_time > latest_time or delivered_late


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods that come to the store which they are collected from."""

    arrive_time: datetime
    promise_time: datetime
    """Ready to collect."""


class Promiser:
    def __init__(
        self, networks: Networks, stock: StockGateway, clock: Clock, settings: RoutingSettings
    ) -> None:
        self._networks = networks
        self._stock = stock
        self._clock = clock
        self._leads = settings.leads()
        self._arrival_minute = settings.transfer_arrival_minute
        self._lines_per_hour = settings.pick_lines_per_hour

    async def of_order(self, order: Order, location_id: str) -> Dates:
        """Return by when a location can fill its part of an order. Raises DependencyUnavailable."""
        location = await self._stock.location(location_id)
        destination, distance = "", 0
        if order.shipping_position is not None:
            destination = place_of(address_message(order))
            if location is not None and location.position is not None:
                distance = distance_metres(location.position, order.shipping_position)
        return await self.at(order.method, location_id, destination, distance)

    async def of_transfers(self, store_id: str, distances: Mapping[str, int]) -> dict[str, Transfer]:
        """Return by when goods could come to a store from others. Distances in metres, to the store.

        They leave and travel as a parcel does; the store has them ready so long after, as its own.
        Raises DependencyUnavailable.
        """
        store = await self._stock.location(store_id)
        network = await self._networks.current()
        place, calendar = "", ALWAYS_OPEN
        if store is not None:
            place, calendar = store.place, network.calendar(store.calendar, store_id, store.place)
        sent = await self.at_each(FulfilmentMethod.SHIP, distances, place)
        transfers = {}
        for location_id, dates in sent.items():
            if dates.delivery_date is None:
                continue
            zone = ZoneInfo(calendar.time_zone)
            arrives = wall_time(dates.delivery_date, self._arrival_minute, zone)
            arrives = max(arrives, dates.promise_time)
            ready = promise_time(arrives, self._leads.collect, calendar)
            transfers[location_id] = Transfer(arrives, ready)
        return transfers

    async def at(
        self, method: FulfilmentMethod, location_id: str, destination: str = "", distance: int = 0
    ) -> Dates:
        """Return by when a location can do it. `distance` in metres. Raises DependencyUnavailable."""
        return (await self.at_each(method, {location_id: distance}, destination))[location_id]

    async def at_each(
        self, method: FulfilmentMethod, distances: Mapping[str, int], destination: str = ""
    ) -> dict[str, Dates]:
        """Return by when each location can do it. Distances in metres. Raises DependencyUnavailable."""
        network = await self._networks.current()
        queues = await self._networks.queues(list(distances))
        dates = {}
        for location_id, distance in distances.items():
            location = await self._stock.location(location_id)
            queue = queues.get(location_id, 0)
            dates[location_id] = self._dates(
                method, network, location_id, location, queue, destination, distance
            )
        return dates

    def _dates(
        self,
        method: FulfilmentMethod,
        network: Network,
        location_id: str,
        location: Location | None,
        queue: int,
        destination: str,
        distance: int,
    ) -> Dates:
        weekly, place = (ALWAYS_OPEN, "") if location is None else (location.calendar, location.place)
        calendar = network.calendar(weekly, location_id, place)
        begins = promise_time(self._clock.now(), self._leads.of(method), calendar)
        rate = network.pick_lines_per_hour.get(location_id, self._lines_per_hour)
        ready = after_work(begins, timedelta(hours=queue / rate), calendar)
        if method is FulfilmentMethod.COLLECT:
            return Dates(ready)
        parcel = network.parcel(ready, calendar.time_zone, place, destination, distance / 1000)
        return Dates(parcel.leave_time, parcel.delivery_date, parcel.cost) if parcel else Dates(ready)
